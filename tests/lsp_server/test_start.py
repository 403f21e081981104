"""What the server has loaded when it answers `initialize`, and what it loads later."""

from __future__ import annotations

import sys

import pytest

from lsp_server.testing import ServerProcess

TELLING_SERVER = """
import asyncio, sys
from lsp_server.server import PenstockServer, serve
from lsp_server.transport import StdioChannel
channel = StdioChannel()
server = PenstockServer()

@server.feature("test/modules")
def modules(params):
    return sorted(sys.modules)

raise SystemExit(asyncio.run(serve(server, channel)))
"""
HEAVY = ("pydantic", "rich", "pytest", "hypothesis", "dbos", "mcp", "acp", "http")
ENGINE = ("engine.languages", "engine.parse", "lsp_server.session")


@pytest.fixture
def telling(start_penstock) -> ServerProcess:
    """The real server with a method that tells what it has imported."""
    server: ServerProcess = start_penstock([sys.executable, "-P", "-c", TELLING_SERVER])
    return server


def loaded(server: ServerProcess, names: tuple[str, ...]) -> list[str]:
    modules = set(server.request("test/modules"))
    return [name for name in names if name in modules]


def test_the_reply_to_initialize_waits_for_neither_the_engine_nor_the_settings(telling: ServerProcess) -> None:
    telling.request("initialize", {"processId": None, "rootUri": "file:///w", "capabilities": {}})

    assert loaded(telling, HEAVY + ENGINE) == []


def test_a_session_without_settings_never_loads_their_model(telling: ServerProcess) -> None:
    telling.initialize()
    telling.open("file:///w/a.reml", "fn main() = {\n")
    assert telling.settled("file:///w/a.reml") != []

    assert loaded(telling, HEAVY) == []
    assert loaded(telling, ENGINE) == list(ENGINE)


def test_the_first_setting_loads_the_model(telling: ServerProcess) -> None:
    telling.initialize(initializationOptions={"lsp": {"maxDiagnostics": 1}})

    assert loaded(telling, ("pydantic", "rich")) == ["pydantic"]
