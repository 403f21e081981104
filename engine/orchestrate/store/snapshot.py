"""A state as text, and back: what spares folding a log from its beginning.

Only of a moment at which no run was open: then the state is small, and nothing in it is work to be done. The log
stays the truth: a text that is not understood, or that was folded by other rules, is as good as none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from engine import __version__
from engine.orchestrate.state import State

__all__ = ["rules_of", "state_of", "text_of"]

#: the controller and all that it is made of
_FOLDING: Final = (
    "budget.py", "controller.py", "effects.py", "events.py", "flow.py", "limits.py", "replacing.py", "state.py",
    "task.py", "rules/*.py",
)  # fmt: skip


def rules_of(folder: Path) -> str:
    """What tells the rules in a copy of `engine/orchestrate` from all others: the version, and what they say.

    Where they have no source, as in an archive, the version alone.
    """
    digest = hashlib.blake2b(digest_size=16)
    for pattern in _FOLDING:
        for path in sorted(folder.glob(pattern)):
            digest.update(hashlib.blake2b(path.read_bytes()).digest())
    return f"{__version__} {digest.hexdigest()}"


@cache
def _rules() -> str:
    return rules_of(Path(__file__).parent.parent)


def text_of(state: State) -> str:
    """A state without open runs as one line of JSON. Raises ValueError for one with open runs."""
    if state.runs:
        raise ValueError("a run is open")
    return json.dumps({"rules": _rules(), "state": asdict(state)})


def state_of(text: str) -> State | None:
    """The state that `text_of` made a text of; None for any other text."""
    try:
        told = json.loads(text)
        if told["rules"] != _rules():
            return None
        state = _value(State, told["state"])
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        return None
    return state if isinstance(state, State) and not state.runs else None


def _value(kind: Any, told: Any) -> Any:
    """What JSON told of a value of this type: a dataclass, a tuple or a mapping of such, or as it is."""
    if told is None:
        return None
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _value(hints[name], each) for name, each in told.items()})
    origin, parts = get_origin(kind), get_args(kind)
    if origin is UnionType:                              # of something and None
        return _value(parts[0], told)
    if origin is tuple:
        return tuple(_value(parts[0], each) for each in told)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {name: _value(parts[1], each) for name, each in told.items()}
    return told


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
