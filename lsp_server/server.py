"""The server object: which method is handled by what, and how a connection is served from its first byte to its last.

Everything that a message can start is found on this page.  Knows no algorithm; what is remembered is in `session`,
which is imported with the whole engine on first use, so that the reply to `initialize` need not wait for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from engine import __version__
from lsp_server.capabilities import ClientTraits, traits_of
from lsp_server.frames import Message
from lsp_server.inbox import Inbox
from lsp_server.parent import watch_process
from lsp_server.protocol import PenstockProtocol
from lsp_server.transport import Channel, Item, Outbox, Reader
from lsp_server.uris import path_of

if TYPE_CHECKING:
    from engine.parse.recording import Recorder
    from lsp_server.session import Session

__all__ = ["PenstockServer", "serve"]

log = logging.getLogger(__name__)

SECTION = "penstock"
"""The section of the editor's configuration that is ours."""

VISIBLE_RANGE = "penstock/visibleRange"
"""Tells which lines of a document the client shows: `textDocument` with its `uri`, and a `range`."""

END_SECONDS = 1.0
"""How long the end of the process may take: at most half of it for running requests, the rest for the last replies."""


class PenstockServer(LanguageServer):
    """Penstock's language server for one client."""

    protocol: PenstockProtocol

    def __init__(self, config: Path | None = None, recorder: Recorder | None = None) -> None:
        super().__init__("penstock", __version__, protocol_cls=PenstockProtocol)
        self._config = config
        self._recorder = recorder
        self._traits = ClientTraits()
        self._root: Path | None = None
        self._options: Any = None
        self.inbox: Inbox | None = None
        self._register()

    @cached_property
    def session(self) -> Session:
        """The session with this client; first used after the reply to `initialize`."""
        from lsp_server.session import Session

        return Session(self._traits, self._send, self._burst, self._recorder)

    def end(self) -> None:
        """The connection is over."""
        if "session" in self.__dict__:
            self.session.end()

    def _send(self, payload: bytes, topic: str | None) -> None:
        self.protocol.send(payload, topic)  # looked up each time: the connection comes after the server

    def _burst(self) -> int | None:
        return self.inbox.burst() if self.inbox is not None else None  # it comes after the server as well

    def catch_up(self) -> None:
        """Applies the changes that wait, before a message that may rely on them is handled."""
        if "session" in self.__dict__:
            self.session.catch_up()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Nothing pops up in the editor: failures are in the log, and in the reply to the request that failed."""

    def _register(self) -> None:
        self.protocol.raw = {
            types.TEXT_DOCUMENT_DID_OPEN: self._on_open,
            types.TEXT_DOCUMENT_DID_CHANGE: self._on_change,
            types.TEXT_DOCUMENT_DID_CLOSE: self._on_close,
            VISIBLE_RANGE: self._on_show,
        }

        def feature(method: str, options: Any = None) -> Callable[[Callable[[Any], Any]], object]:
            # a partial, because pygls marks handlers with attributes, which a bound method cannot have
            return lambda handler: self.feature(method, options)(partial(handler))

        feature(types.INITIALIZE)(self._on_initialize)
        feature(types.INITIALIZED)(self._on_initialized)
        feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))(self._on_save)
        feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)(self._on_configuration_change)
        feature(
            types.TEXT_DOCUMENT_CODE_ACTION,
            types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
        )(self._on_code_action)

    # -- life cycle

    def _on_initialize(self, params: types.InitializeParams) -> None:
        self._traits = traits_of(params.capabilities)
        if params.process_id is not None:
            watch_process(params.process_id, self._on_parent_gone)
        self._options = params.initialization_options
        folders = params.workspace_folders or []
        uri = folders[0].uri if folders else params.root_uri
        self._root = path_of(uri) if uri else None

    def _on_initialized(self, _params: types.InitializedParams) -> None:
        log.info("initialized; positions in %s", self._traits.encoding)
        self._tell_faults(self.session.set_layer("options", self._options))
        if self._root is not None or self._config is not None:
            self.session.read_settings_files(self._root or Path.cwd(), self._config)
        if self._traits.registers_configuration:
            registration = types.Registration(
                "penstock-configuration", types.WORKSPACE_DID_CHANGE_CONFIGURATION, {"section": SECTION}
            )
            self.client_register_capability(types.RegistrationParams([registration]))
        if self._traits.has_configuration:
            self._pull_configuration()

    def _on_parent_gone(self) -> None:
        log.warning("the editor's process has ended; so does the server")
        self.protocol.finish()

    # -- settings

    def _on_configuration_change(self, params: types.DidChangeConfigurationParams) -> None:
        if self._traits.has_configuration:
            self._pull_configuration()
        else:
            self._tell_faults(self.session.set_layer("editor", params.settings))

    def _pull_configuration(self) -> None:
        asked = self.protocol.send_request_async(
            types.WORKSPACE_CONFIGURATION, types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
        )
        asked.add_done_callback(self._take_configuration)

    def _take_configuration(self, answer: asyncio.Future[Any]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            log.warning("the editor did not give its settings")
            return
        values = answer.result()
        self._tell_faults(self.session.set_layer("editor", values[0] if values else None))

    def _tell_faults(self, faults: list[str]) -> None:
        for fault in faults:
            self.window_log_message(types.LogMessageParams(types.MessageType.Warning, f"settings: {fault}"))

    # -- documents and features

    def _on_open(self, params: Any) -> None:
        self.session.did_open(params)
        for fault in self.session.new_language_faults():
            self.window_log_message(types.LogMessageParams(types.MessageType.Warning, fault))

    def _on_change(self, params: Any) -> None:
        self.session.did_change(params)

    def _on_close(self, params: Any) -> None:
        self.session.did_close(params)

    def _on_show(self, params: Any) -> None:
        self.session.did_show(params)

    def _on_save(self, params: types.DidSaveTextDocumentParams) -> None:
        self.session.did_save(params.text_document.uri)

    def _on_code_action(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        return self.session.quick_fixes(params)


async def serve(server: PenstockServer, channel: Channel) -> int:
    """Serves a connection until the client ends it; the exit code of the process."""
    loop = asyncio.get_running_loop()
    protocol = server.protocol
    outbox = Outbox(channel, lambda: _on_loop(loop, protocol.finish))

    def handle(item: Item, is_cancelled: bool) -> None:
        if not (isinstance(item, Message) and item.body.get("method") == types.TEXT_DOCUMENT_DID_CHANGE):
            server.catch_up()
        protocol.handle(item, is_cancelled)
        reader.handled(item)

    inbox = Inbox(handle, protocol.cancel, loop.call_soon)
    server.inbox = inbox
    reader = Reader(channel, outbox, loop, inbox.receive)
    protocol.send = outbox.send
    outbox.start()
    reader.start()
    code = await asyncio.wrap_future(protocol.finished)
    until = loop.time() + END_SECONDS
    await _let_finish(protocol, END_SECONDS / 2)
    if not outbox.close(until - loop.time()):
        log.warning("the client did not take the last messages")
    server.end()
    return code


async def _let_finish(protocol: PenstockProtocol, seconds: float) -> None:
    """Waits for running requests; those that take too long are cancelled and answered as such."""
    running = {asyncio.wrap_future(one) for one in protocol.running()}
    if not running:
        return
    _, late = await asyncio.wait(running, timeout=seconds * 0.8)
    for one in late:
        one.cancel()
    if late:
        await asyncio.wait(late, timeout=seconds * 0.2)


def _on_loop(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)
