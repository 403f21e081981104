"""A session of typing that the server records: `python -m tests.lsp_server.recorded_session FILE`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from lsp_server.testing import ServerProcess
from lsp_server.testing.client import COMMAND
from tests.recordings import SOURCES

TYPED = ('"', "x", "(", "\n", "{")
"""What is typed at the second line of every document; most of it changes everything below."""


def record_session(path: Path) -> None:
    """Opens every source, types into it, saves, takes one character back and closes it. Raises if the ledger is odd."""
    with ServerProcess([*COMMAND, "--record", str(path)]) as server:
        server.initialize()
        for source in sorted(SOURCES.iterdir()):
            uri = f"file:///w/{source.name}"
            server.open(uri, source.read_text(encoding="utf-8"), source.suffix[1:])
            for text in TYPED:
                server.change(uri, _edit(text))
                server.settled(uri)
            server.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
            server.change(uri, _edit("", 1))
            server.settled(uri)
            server.close(uri)


def _edit(text: str, deleted: int = 0) -> dict[str, Any]:
    start, end = {"line": 1, "character": 0}, {"line": 1, "character": deleted}
    return {"range": {"start": start, "end": end}, "text": text}


if __name__ == "__main__":
    record_session(Path(sys.argv[1]))
