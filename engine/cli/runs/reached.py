"""Where a command's work is done: here, or in the process that runs this repository's Intents.

Between the two there are moments in which neither will do: that process is ending, or another command writes just now.
Invariant: they are waited out, and the wait has an end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from engine.cli.runs.opened import Unusable

__all__ = ["reached"]

_ATTEMPTS: Final = 100
_PAUSE: Final = 0.05
_T = TypeVar("_T")


def reached(here: Callable[[], _T], there: Callable[[], _T], pause: Callable[[float], None] = time.sleep) -> _T:
    """What `here` gives (it raises `LockedLog` while another process writes), or else `there` (`NoRunner`).

    Raises `Unusable` with the runner's reason when it refuses, or when nobody can be reached for some seconds.
    """
    from engine.orchestrate.client import NoRunner
    from engine.orchestrate.store.event_log import LockedLog
    from engine.orchestrate.wire import Refused

    for _ in range(_ATTEMPTS):
        try:
            return here()
        except LockedLog as error:
            locked = error
        try:
            return there()
        except NoRunner:
            pause(_PAUSE)
        except Refused as refused:
            raise Unusable(str(refused)) from refused
    raise Unusable(f"{locked}; it does not answer: see `penstock doctor`")
