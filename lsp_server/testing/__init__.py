"""For authors of harnesses: the real server as a pytest fixture, with a ledger that watches the protocol.

In a `conftest.py`: ``pytest_plugins = ["lsp_server.testing"]``.  Then::

    def test_a_missing_brace_is_reported(penstock):
        penstock.open("file:///a.reml", "fn main() = {", "reml")
        assert penstock.settled("file:///a.reml") != []

*The settled signal.*  After everything that belongs to a version of a document has been published, the server sends
``penstock/settled`` with `uri` and `version`; `ServerProcess.settled` waits for it.  No test needs to sleep.
*The ledger* notes each message; when the fixture ends, a missing or double reply or a stale diagnostic fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lsp_server.testing.client import ServerProcess
from lsp_server.testing.ledger import Ledger

__all__ = ["Ledger", "ServerProcess", "penstock", "start_penstock"]


@pytest.fixture
def start_penstock() -> Iterator[Callable[..., ServerProcess]]:
    """Starts servers (arguments of `ServerProcess`) and ends them with the test, which fails unless all is clean."""
    started: list[ServerProcess] = []

    def start(*arguments: Any, **options: Any) -> ServerProcess:
        started.append(ServerProcess(*arguments, **options))
        return started[-1]

    yield start
    faults = [fault for server in started for fault in server.end()]
    assert faults == []


@pytest.fixture
def penstock(start_penstock: Callable[..., ServerProcess]) -> ServerProcess:
    """A server that has been initialized by a client with the usual capabilities."""
    server = start_penstock()
    server.initialize()
    return server
