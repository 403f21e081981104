"""Changing frozen values by copying them, fast: most of the controller's time goes into this."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

__all__ = ["changed"]

_Value = TypeVar("_Value")


def changed(value: _Value, **fields: Any) -> _Value:
    """A copy of a frozen dataclass with slots and at least two fields, with some fields changed.

    Like `dataclasses.replace`, but it copies slots instead of calling `__init__`, which takes a fifth of the time.
    Raises TypeError for a name that is no field.
    """
    kind: Any = type(value)
    setters, read = _slots(kind)
    copy: _Value = object.__new__(kind)
    for write, content in zip(setters.values(), read(value), strict=True):
        write(copy, content)
    try:
        for name, content in fields.items():
            setters[name](copy, content)
    except KeyError as error:
        raise TypeError(f"{kind.__name__} has no field {error}") from None
    return copy


@cache
def _slots(kind: Any) -> tuple[dict[str, Callable[[Any, Any], None]], Callable[[Any], tuple[Any, ...]]]:
    names: tuple[str, ...] = kind.__slots__
    return {name: getattr(kind, name).__set__ for name in names}, attrgetter(*names)
