"""Starting the runner's process, and waiting until it listens.

It gets the checkout and the settings over a socket and answers there, so that nobody has to look again and again.
Invariant: it inherits no descriptor but that one, no terminal, and of the environment only what is no secret: what a
run needs besides comes with the wish to run it.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from engine.orchestrate.agents.environment import handed_on
from engine.orchestrate.store.locations import make_private
from engine.orchestrate.store.writer_lock import LockedLog, WriterLock
from engine.orchestrate.wire import Refused
from engine.orchestrate.workspace import Workspace

__all__ = ["spawn"]

#: seconds that it has to begin: to fold a long log, to end what a crash left
_PATIENCE: Final = 60.0
#: how Python is set up, where our state is and the keyring; an agent's mark stays, so that it ends with that agent
_OURS: Final = ("PYTHON*", "LD_LIBRARY_PATH", "DYLD_*", "PENSTOCK_*", "DBUS_SESSION_BUS_ADDRESS")
#: bytes of a log beyond which it is put aside, in place of the one before
_LOG: Final = 1 << 18


def spawn(workspace: Workspace, environ: Mapping[str, str] = os.environ) -> int:
    """Starts the runner of a workspace; its process id, once it listens.

    Raises `LockedLog` when there is another one, `Refused` with the reason when it cannot begin, `LocationsError`.
    """
    WriterLock.demand_free(workspace.locations.lock)
    log = workspace.locations.state / "runner.log"
    make_private(log.parent)
    _put_aside(log)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs, log.open("ab") as output:
            subprocess.Popen(
                [sys.executable, "-P", "-m", "engine.orchestrate.background", str(theirs.fileno())],
                cwd=workspace.locations.state,
                env=handed_on(environ, _OURS),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            ).returncode = 0  # it outlives us; whoever is then its parent waits for it
        return _answer(ours, workspace, log)


def _answer(channel: socket.socket, workspace: Workspace, log: Path) -> int:
    """Gives the order and waits for the answer to it."""
    settings = workspace.settings.model_dump(mode="json", exclude_defaults=True)
    channel.settimeout(_PATIENCE)
    try:
        with channel.makefile("rw") as lines:
            json.dump({"folder": str(workspace.repository.root), "settings": settings}, lines)
            lines.flush()
            channel.shutdown(socket.SHUT_WR)
            said: dict[str, Any] = json.loads(lines.readline() or "{}")
    except TimeoutError:
        raise Refused("the runner's process does not begin", f"look into {log}", "system") from None
    except OSError:
        said = {}
    if "ready" in said:
        return int(said["ready"])
    if "locked" in said:
        raise LockedLog(Path(said["locked"]["path"]), said["locked"]["pid"], said["locked"]["since"])
    if "error" in said:
        raise Refused(str(said["error"]), kind=str(said["class"]))
    raise Refused("the runner's process ended before it began", f"look into {log}", "system")


def _put_aside(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LOG:
        log.replace(log.with_name(f"{log.name}.1"))
