"""Where work on the log is done: here, or in the process that runs this repository's Intents.

Between the two there are moments in which neither will do: that process is ending, or another command writes just now.
Invariant: they are waited out, and the wait has an end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from engine.orchestrate.client import NoRunner
from engine.orchestrate.store.writer_lock import LockedLog
from engine.orchestrate.wire import Refused

__all__ = ["reached"]

_ATTEMPTS: Final = 100
#: seconds
_PAUSE: Final = 0.05
_T = TypeVar("_T")


def reached(here: Callable[[], _T], there: Callable[[], _T], pause: Callable[[float], None] = time.sleep) -> _T:
    """What `there` gives (it raises `NoRunner`), or else `here` (`LockedLog` while another process writes).

    Raises `Refused` when nobody can be reached for some seconds, or as the runner does.
    """
    for _ in range(_ATTEMPTS):
        with suppress(NoRunner):
            return there()
        try:
            return here()
        except LockedLog as error:
            locked = error
            pause(_PAUSE)
    raise Refused(f"{locked}; it does not answer", "see penstock doctor", "system")
