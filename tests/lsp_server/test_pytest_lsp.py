"""A session driven by pytest-lsp, an independent client, with the capabilities of real editors."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities, make_test_lsp_client

URI = "file:///w/a.reml"
BROKEN = "fn main() = {\n  let x = (1 + 2\n  x\n}\n"
LIMIT = 60


def make_client() -> LanguageClient:
    """A client that also accepts registrations and notes what settles."""
    client = make_test_lsp_client()
    client.settled = asyncio.Queue()  # type: ignore[attr-defined]

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def _register(_params: types.RegistrationParams) -> None:
        return None

    @client.feature("penstock/settled")
    def _settled(params) -> None:
        client.settled.put_nowait((params.uri, params.version))  # type: ignore[attr-defined]

    return client


@pytest_lsp.fixture(
    params=["neovim@v0.11", "visual_studio_code@v1", "emacs@v29"],
    config=ClientServerConfig(
        server_command=[sys.executable, "-P", "-m", "lsp_server", "--stdio"], client_factory=make_client
    ),
)
async def client(request: pytest.FixtureRequest, lsp_client: LanguageClient) -> AsyncIterator[None]:
    params = types.InitializeParams(capabilities=client_capabilities(request.param), root_uri="file:///w")
    await lsp_client.initialize_session(params)
    yield
    await lsp_client.shutdown_session()


async def settle(client: LanguageClient, version: int) -> list[types.Diagnostic]:
    """The diagnostics of the document once that version has settled."""
    async with asyncio.timeout(LIMIT):
        while await client.settled.get() != (URI, version):  # type: ignore[attr-defined]
            continue
    return list(client.diagnostics[URI])


def text_edits(edit: types.WorkspaceEdit | None) -> list[types.TextEdit]:
    """The edits of one document, in whichever of the two shapes the client asked for."""
    assert edit is not None
    if edit.changes is not None:
        return list(edit.changes[URI])
    assert edit.document_changes is not None
    change = edit.document_changes[0]
    assert isinstance(change, types.TextDocumentEdit)
    return [one for one in change.edits if isinstance(one, types.TextEdit)]


def opened(text: str) -> types.DidOpenTextDocumentParams:
    return types.DidOpenTextDocumentParams(types.TextDocumentItem(URI, "reml", 1, text))


@pytest.mark.asyncio
async def test_a_mistake_is_reported_fixed_and_gone(client: LanguageClient) -> None:
    client.text_document_did_open(opened(BROKEN))
    found = await settle(client, 1)
    assert [one.source for one in found] == ["penstock"]

    actions = await client.text_document_code_action_async(
        types.CodeActionParams(
            types.TextDocumentIdentifier(URI), found[0].range, types.CodeActionContext(diagnostics=found)
        )
    )
    assert actions
    assert isinstance(actions[0], types.CodeAction)
    edits = text_edits(actions[0].edit)
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(2, URI),
            [types.TextDocumentContentChangePartial(one.range, one.new_text) for one in edits],
        )
    )

    assert await settle(client, 2) == []
    assert client.messages == []


@pytest.mark.asyncio
async def test_a_document_lives_and_ends(client: LanguageClient) -> None:
    client.text_document_did_open(opened("fn main() = 1\n"))
    assert await settle(client, 1) == []
    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(2, URI), [types.TextDocumentContentChangeWholeDocument(BROKEN)]
        )
    )
    assert await settle(client, 2) != []
    closed = client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(URI)))

    assert list((await asyncio.wait_for(closed, LIMIT)).diagnostics) == []


@pytest.mark.asyncio
async def test_an_unknown_request_is_refused(client: LanguageClient) -> None:
    with pytest.raises(Exception, match="unknown method"):
        await client.protocol.send_request_async("penstock/unknown", {})
