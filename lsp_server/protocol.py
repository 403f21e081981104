"""The protocol object: pygls' own, with its dispatch replaced by a strict one.

Each request gets exactly one reply, with the error code that the specification asks for; messages are handled in order;
the methods that come with every keystroke are handed on as plain JSON, all others as typed objects.
Knows no feature: handlers are registered on the server.  The names it borrows from pygls 2.1 have a test each.
"""

from __future__ import annotations

import asyncio
import contextvars
import enum
import json
import logging
import uuid
from collections.abc import Callable, Generator
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

from lsp_server.frames import INVALID_REQUEST, Fault, Message, frame
from lsp_server.logs import log_failure
from lsp_server.transport import EndOfInput, Item

if TYPE_CHECKING:
    from pygls.protocol.json_rpc import MsgId

__all__ = ["RAW_METHODS", "PenstockProtocol", "Stage"]

log = logging.getLogger(__name__)

METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_INITIALIZED = -32002
CANCELLED = -32800

RAW_METHODS = ("textDocument/didOpen", "textDocument/didChange", "textDocument/didClose")
"""Notifications whose handlers take the parameters as plain JSON."""


class Stage(enum.Enum):
    """How far the connection's life has come."""

    NEW = "before `initialize`"
    READY = "between `initialize` and `shutdown`"
    SHUT_DOWN = "after `shutdown`"


class Malformed(Exception):
    """Parameters that are not what the protocol says."""


class PenstockProtocol(LanguageServerProtocol):
    """Dispatches what a client sends; `finished` gets the exit code once nothing more will come."""

    def __init__(self, server: Any, converter: Any) -> None:
        super().__init__(server, converter)
        self.stage = Stage.NEW
        self.raw: dict[str, Callable[[Any], None]] = {}
        self.send: Callable[[bytes, str | None], None] = lambda _payload, _topic: None
        self.finished: Future[int] = Future()
        self._unanswered: set[str | int] = set()

    # -- incoming

    def handle(self, item: Item, is_cancelled: bool) -> None:
        """Deals with one message; nothing a client sends makes this raise."""
        if self.finished.done():
            return
        if isinstance(item, EndOfInput):
            self.finish(is_orderly=item.clean)
        elif isinstance(item, Fault):
            log.warning("a message could not be read: %s", item.text)
            self._reply_error(None, item.code, item.text)
        else:
            self._handle_message(item, is_cancelled)

    def cancel(self, which: str | int) -> None:
        """Cancels a running request of the client's; one that is answered already is left alone."""
        if which in self._unanswered and (future := self._request_futures.get(which)) is not None:
            future.cancel()

    def finish(self, is_orderly: bool = True) -> None:
        """Handles nothing from now on; the exit code is 0 if the client had said `shutdown`."""
        if not self.finished.done():
            self.finished.set_result(0 if self.stage is Stage.SHUT_DOWN and is_orderly else 1)

    def running(self) -> list[Future[Any]]:
        """The client's requests that are still being worked on."""
        return [self._request_futures[which] for which in self._unanswered if which in self._request_futures]

    def _handle_message(self, message: Message, is_cancelled: bool) -> None:
        body = message.body
        method = body.get("method")
        raw = self.raw.get(method) if isinstance(method, str) and "id" not in body else None
        if raw is not None and body.get("jsonrpc") == "2.0":
            if self.stage is Stage.READY:
                self._run_raw(raw, body.get("params"))
        elif (fault := _fault_of(body)) is not None:
            which = body.get("id")
            self._reply_error(which if _is_id(which) else None, INVALID_REQUEST, fault)
        elif method is None:
            self._take_response(body)
        elif "id" in body:
            self._take_request(body["id"], body["method"], body.get("params"), is_cancelled)
        else:
            self._take_notification(body["method"], body.get("params"))

    def _run_raw(self, handler: Callable[[Any], None], params: Any) -> None:
        try:
            handler(params)
        except Exception as error:  # noqa: BLE001 - one bad message must not end the server
            log_failure(log, "a notification failed", error)

    def _take_request(self, which: str | int, method: str, params: Any, is_cancelled: bool) -> None:
        if which in self._unanswered:
            self._send_error(which, INVALID_REQUEST, "a request with this id is still running")
            return
        refusal = self._refusal(method, is_cancelled)
        if refusal is not None:
            self._reply_error(which, *refusal)
            return
        try:
            typed = self._structured(method, params, which)
        except Malformed as error:
            self._reply_error(which, INVALID_PARAMS, f"{method}: {error}")
            return
        self._unanswered.add(which)
        callback = partial(self._send_handler_result, msg_id=which)
        contextvars.copy_context().run(self._run_request, which, method, callback, typed)

    def _refusal(self, method: str, is_cancelled: bool) -> tuple[int, str] | None:
        """The error that answers a request without looking at its parameters."""
        if self.stage is Stage.SHUT_DOWN:
            return INVALID_REQUEST, "the server is shutting down"
        if self.stage is Stage.NEW and method != types.INITIALIZE:
            return NOT_INITIALIZED, "the server is not initialized"
        if self.stage is Stage.READY and method == types.INITIALIZE:
            return INVALID_REQUEST, "the server is initialized already"
        if self._handler(method) is None or not _may_be_request(method):
            return METHOD_NOT_FOUND, f"unknown method {method[:100]!r}"
        return (CANCELLED, "cancelled") if is_cancelled else None

    def _run_request(self, which: str | int, method: str, callback: Callable[[Any], None], params: Any) -> None:
        self._ctx_msg_id.set(which)
        handler = self._handler(method)
        assert handler is not None
        self._execute_handler(which, handler, callback, (params,))

    def _take_notification(self, method: str, params: Any) -> None:
        if method == types.EXIT:
            self.finish()
            return
        handler = self._handler(method)
        if self.stage is not Stage.READY or handler is None or not _may_be_notification(method):
            return
        try:
            typed = self._structured(method, params, None)
        except Malformed:
            log.warning("a malformed %s was ignored", method)
            return
        key = str(uuid.uuid4())
        callback = partial(self._end_notification, key)
        contextvars.copy_context().run(self._execute_handler, key, handler, callback, (typed,))

    def _take_response(self, body: dict[str, Any]) -> None:
        """Completes a request of ours."""
        which: Any = body.get("id")
        is_ours = _is_id(which) and which not in self._unanswered
        future = self._request_futures.pop(which, None) if is_ours else None
        result_type = self._result_types.pop(which, None) if is_ours else None
        if future is None or future.done():
            log.warning("a response to no request was ignored")
            return
        error = body.get("error")
        try:
            if isinstance(error, dict):
                raise JsonRpcException(str(error.get("message")), error.get("code"))
            typed = self._converter.structure(body, result_type) if result_type else None
            future.set_result(body.get("result") if typed is None else typed.result)
        except Exception as failure:  # noqa: BLE001 - whoever waits for it decides
            future.set_exception(failure)

    def _handler(self, method: str) -> Callable[..., Any] | None:
        handler: Callable[..., Any] | None = self.fm.builtin_features.get(method) or self.fm.features.get(method)
        return handler

    def _structured(self, method: str, params: Any, which: str | int | None) -> Any:
        """The typed parameters of a message."""
        if (complaint := _complaint_about(params)) is not None:
            raise Malformed(complaint)
        message_type = self.get_message_type(method)
        if message_type is None:
            return params
        body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if which is not None:
            body["id"] = which
        if params is not None:
            body["params"] = params
        elif method == types.INITIALIZED:  # the one notification whose parameters clients leave out
            body["params"] = {}
        try:
            return self._converter.structure(body, message_type).params
        except Exception as error:
            raise Malformed("the parameters are not what the protocol says") from error

    # -- outgoing

    def _send_handler_result(self, future: Future[Any], *, msg_id: MsgId) -> None:
        self._request_futures.pop(msg_id, None)
        error = None if future.cancelled() else future.exception()
        if future.cancelled() or isinstance(error, asyncio.CancelledError):
            self._reply_error(msg_id, CANCELLED, "cancelled")
        elif isinstance(error, JsonRpcException):
            self._reply_error(msg_id, error.code, error.message)
        elif error is not None:
            log_failure(log, "a request failed", error)
            self._reply_error(msg_id, INTERNAL_ERROR, f"internal error ({type(error).__name__}); see the server's log")
        else:
            self._send_response(msg_id, future.result())

    def _end_notification(self, key: str, future: Future[Any]) -> None:
        self._request_futures.pop(key, None)  # pygls would keep it for ever
        self._check_handler_result(future)

    def _check_handler_result(self, future: Future[Any]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None:
            log_failure(log, "a notification failed", error)

    def _send_response(self, msg_id: MsgId, result: Any = None, error: types.ResponseError | None = None) -> None:
        if error is not None:
            self._reply_error(msg_id, error.code, error.message)
            return
        if msg_id not in self._unanswered:
            log.error("a second reply to one request was held back")
            return
        try:
            self._send_data({"jsonrpc": "2.0", "id": msg_id, "result": result})
            self._unanswered.discard(msg_id)
        except (TypeError, ValueError, RecursionError) as failure:
            log_failure(log, "a result could not be written", failure)
            self._reply_error(msg_id, INTERNAL_ERROR, "internal error: the result could not be written")

    def _reply_error(self, which: str | int | None, code: int, message: str) -> None:
        if which is not None:
            self._unanswered.discard(which)
        self._send_error(which, code, message)

    def _send_error(self, which: str | int | None, code: int, message: str) -> None:
        self._send_data({"jsonrpc": "2.0", "id": which, "error": {"code": code, "message": message}})

    def _send_data(self, data: Any) -> None:
        self.send(frame(json.dumps(data, default=self._serialize_message, separators=(",", ":")).encode("ascii")), None)

    # -- life cycle

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        """Answers with the capabilities; from then on the connection is ready."""
        result = yield from super().lsp_initialize(params)
        if not self.fm.commands:
            result.capabilities.execute_command_provider = None  # an empty list of commands is none
        self.stage = Stage.READY
        return result

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *_: Any) -> None:  # type: ignore[override]  # a handler may be any kind of callable
        """Cancels what is running; from then on only `exit` is obeyed."""
        self.stage = Stage.SHUT_DOWN
        for future in self.running():  # this request is not among them: it is answered in this turn
            future.cancel()


def _fault_of(body: dict[str, Any]) -> str | None:
    """Why an object is no message of JSON-RPC 2.0."""
    if body.get("jsonrpc") != "2.0":
        return '`jsonrpc` is not "2.0"'
    if "method" in body and not isinstance(body["method"], str):
        return "`method` is no string"
    if "id" in body and not _is_id(body["id"]) and ("method" in body or body["id"] is not None):
        return "`id` is neither a string nor an integer"
    if "method" not in body and not ({"result", "error"} & body.keys()):
        return "neither a request nor a response"
    return None


def _may_be_request(method: str) -> bool:
    """Whether the protocol leaves open, or says, that a method is a request; ours say so by being registered."""
    known = types.METHOD_TO_TYPES.get(method)
    return known is None or known[1] is not None


def _may_be_notification(method: str) -> bool:
    known = types.METHOD_TO_TYPES.get(method)
    return method not in RAW_METHODS and (known is None or known[1] is None)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) or type(value) is int


def _complaint_about(params: Any) -> str | None:
    """What is wrong with parameters in ways that the typed objects would silently convert (5 to "5", 1.5 to 1)."""
    if params is None:
        return None
    if not isinstance(params, dict):
        return "the parameters are not an object"
    document = params.get("textDocument")
    if document is not None and not (isinstance(document, dict) and isinstance(document.get("uri"), str)):
        return "`textDocument` has no `uri`"
    reach = params.get("range")
    places = [params.get("position"), *([reach.get("start"), reach.get("end")] if isinstance(reach, dict) else [])]
    for place in places:
        if place is not None and not (isinstance(place, dict) and _is_place(place)):
            return "a position without a line and a character"
    return None


def _is_place(position: dict[str, Any]) -> bool:
    numbers = (position.get("line"), position.get("character"))
    return all(type(number) is int and number >= 0 for number in numbers)
