"""What is borrowed from pygls 2.1, internal by internal, so that another version fails here first."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from concurrent.futures import Future
from importlib.metadata import version
from typing import Any

import pytest
from lsprotocol import types
from pygls.capabilities import ServerCapabilitiesBuilder, get_capability
from pygls.protocol import JsonRPCProtocol, LanguageServerProtocol, lsp_method

from lsp_server.capabilities import ClientTraits, traits_of
from lsp_server.frames import FrameDecoder, Message
from lsp_server.protocol import PenstockProtocol, Stage
from lsp_server.server import PenstockServer
from lsp_server.testing.client import USUAL_CAPABILITIES


def test_the_version_is_the_one_whose_internals_are_borrowed() -> None:
    assert version("pygls").startswith("2.1.")


@pytest.mark.parametrize(
    ("owner", "name", "parameters"),
    [
        (JsonRPCProtocol, "_execute_handler", ["self", "msg_id", "handler", "callback", "args", "kwargs"]),
        (JsonRPCProtocol, "_send_handler_result", ["self", "future", "msg_id"]),
        (JsonRPCProtocol, "_check_handler_result", ["self", "future"]),
        (JsonRPCProtocol, "_send_response", ["self", "msg_id", "result", "error"]),
        (JsonRPCProtocol, "_send_data", ["self", "data"]),
        (JsonRPCProtocol, "_serialize_message", ["self", "data"]),
        (JsonRPCProtocol, "send_request", ["self", "method", "params", "callback", "msg_id"]),
        (JsonRPCProtocol, "notify", ["self", "method", "params"]),
        (JsonRPCProtocol, "get_message_type", ["self", "method"]),
        (LanguageServerProtocol, "lsp_initialize", ["self", "params"]),
        (LanguageServerProtocol, "lsp_shutdown", ["self", "args"]),
        (ServerCapabilitiesBuilder, "choose_position_encoding", ["client_capabilities"]),
    ],
)
def test_a_borrowed_method_still_has_its_parameters(owner: type, name: str, parameters: list[str]) -> None:
    assert list(inspect.signature(getattr(owner, name)).parameters) == parameters


@pytest.fixture
def server() -> PenstockServer:
    return PenstockServer()


def test_a_borrowed_attribute_is_still_there(server: PenstockServer) -> None:
    protocol = server.protocol

    assert isinstance(protocol, PenstockProtocol)
    assert (protocol._request_futures, protocol._result_types) == ({}, {})
    assert protocol._ctx_msg_id.get() is None
    assert protocol._converter.structure({"line": 1, "character": 2}, types.Position) == types.Position(1, 2)
    assert types.TEXT_DOCUMENT_CODE_ACTION in protocol.fm.features
    assert types.WORKSPACE_EXECUTE_COMMAND in protocol.fm.builtin_features


def test_our_methods_replace_the_builtin_ones(server: PenstockServer) -> None:
    builtin = server.protocol.fm.builtin_features

    assert builtin[types.INITIALIZE].__func__ is PenstockProtocol.lsp_initialize
    assert builtin[types.SHUTDOWN].__func__ is PenstockProtocol.lsp_shutdown
    assert getattr(lsp_method("x")(lambda: None), "method_name") == "x"  # noqa: B009 - what registers a builtin


def test_typed_objects_know_requests_from_notifications() -> None:
    assert types.METHOD_TO_TYPES["shutdown"][1] is not None
    assert types.METHOD_TO_TYPES["textDocument/didChange"][1] is None


async def collect(server: PenstockServer, run: Callable[[], Any]) -> list[dict[str, Any]]:
    """What the server sends while something runs."""
    sent: list[bytes] = []
    server.protocol.send = lambda payload, _topic: sent.append(payload)
    run()
    for _ in range(5):
        await asyncio.sleep(0)
    return [item.body for item in FrameDecoder().feed(b"".join(sent)) if isinstance(item, Message)]


SHOW = types.ShowDocumentParams("file:///a")


def taking(server: PenstockServer, **body: Any) -> Callable[[], None]:
    return lambda: server.protocol.handle(Message({"jsonrpc": "2.0", **body}, 1), False)


async def test_each_kind_of_handler_gets_one_reply(server: PenstockServer) -> None:
    server.protocol.stage = Stage.READY
    server.feature("test/sync")(lambda params: 1)

    @server.feature("test/async")
    async def _soon(params: Any) -> int:
        await asyncio.sleep(0)
        return 2

    @server.feature("test/async-error")
    async def _fails(params: Any) -> int:
        raise RuntimeError

    @server.command("test.command")
    async def _command() -> int:
        return 3

    replies = []
    for method, params in [("test/sync", None), ("test/async", None), ("test/async-error", None),
                           ("workspace/executeCommand", {"command": "test.command"})]:  # fmt: skip
        replies += await collect(server, taking(server, id=method, method=method, params=params))

    assert [(one["id"], one.get("result"), one.get("error", {}).get("code")) for one in replies] == [
        ("test/sync", 1, None),
        ("test/async", 2, None),
        ("test/async-error", None, -32603),
        ("workspace/executeCommand", 3, None),
    ]


async def test_a_second_reply_is_held_back(server: PenstockServer) -> None:
    server.protocol.stage = Stage.READY
    server.feature("test/sync")(lambda params: 1)
    await collect(server, taking(server, id=1, method="test/sync"))

    assert await collect(server, lambda: server.protocol._send_response(1, result=2)) == []


async def test_a_request_of_ours_is_completed_by_its_response(server: PenstockServer) -> None:
    server.protocol.stage = Stage.READY
    futures: list[Future[Any]] = []
    params = types.ConfigurationParams([types.ConfigurationItem(section="penstock")])
    asked = await collect(
        server, lambda: futures.append(server.protocol.send_request("workspace/configuration", params))
    )
    which = asked[0]["id"]

    await collect(server, taking(server, id=which, result=[{"check": {"targets": ["cli", "wasm"]}}]))

    assert asked[0]["params"] == {"items": [{"section": "penstock"}]}
    assert list(futures[0].result()) == [{"check": {"targets": ["cli", "wasm"]}}]


async def test_a_request_of_ours_that_is_refused_fails(server: PenstockServer) -> None:
    server.protocol.stage = Stage.READY
    futures: list[Future[Any]] = []
    asked = await collect(server, lambda: futures.append(server.protocol.send_request("window/showDocument", SHOW)))

    await collect(server, taking(server, id=asked[0]["id"], error={"code": -32601, "message": "no"}))

    assert futures[0].exception() is not None


async def test_a_client_cannot_cancel_a_request_of_ours(server: PenstockServer) -> None:
    server.protocol.stage = Stage.READY
    futures: list[Future[Any]] = []
    asked = await collect(server, lambda: futures.append(server.protocol.send_request("window/showDocument", SHOW)))

    server.protocol.cancel(asked[0]["id"])

    assert not futures[0].cancelled()


def capabilities(value: dict[str, Any]) -> types.ClientCapabilities:
    server = PenstockServer()
    found = server.protocol._converter.structure(value, types.ClientCapabilities)
    assert isinstance(found, types.ClientCapabilities)
    return found


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"), ([], "utf-16"), (["utf-16"], "utf-16"), (["utf-8", "utf-16"], "utf-8"),
        (["utf-32", "utf-8", "utf-16"], "utf-32"), (["utf-7", "utf-8"], "utf-8"), (["utf-7"], "utf-16"),
    ],
)  # fmt: skip
def test_the_clients_first_known_encoding_is_taken(offered: list[str] | None, chosen: str) -> None:
    general = {} if offered is None else {"general": {"positionEncodings": offered}}

    assert traits_of(capabilities(general)).encoding == chosen


def test_traits_are_read_off_the_capabilities() -> None:
    assert traits_of(capabilities({})) == ClientTraits()
    assert traits_of(capabilities(USUAL_CAPABILITIES)) == ClientTraits(
        encoding="utf-16",
        shows_code_links=True,
        shows_related_places=True,
        takes_code_actions=True,
        takes_preferred_actions=True,
        takes_versioned_edits=True,
    )
    assert get_capability(capabilities({}), "workspace.configuration", "unset") == "unset"


def test_replies_are_ascii_json_of_the_typed_objects(server: PenstockServer) -> None:
    sent: list[bytes] = []
    server.protocol.send = lambda payload, _topic: sent.append(payload)
    value = types.Location("file:///é\ud800", types.Range(types.Position(0, 1), types.Position(2, 3)))

    server.protocol._send_data({"jsonrpc": "2.0", "id": 1, "result": [value]})
    body = sent[0].partition(b"\r\n\r\n")[2]

    assert body.isascii()
    assert json.loads(body)["result"][0]["uri"] == "file:///é\ud800"
