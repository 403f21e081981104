"""Reading what a step gave back: each function gives a value of the right shape or raises `BadOutput`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["BadOutput", "count", "flag", "mapping", "text", "text_or_none", "texts"]


class BadOutput(ValueError):
    """What a step gave back lacks something; the message says what."""


def text(output: Mapping[str, Any], name: str) -> str:
    """A string that is not empty."""
    value = output.get(name)
    if not isinstance(value, str) or not value:
        raise BadOutput(f"the step's output has no `{name}`")
    return value


def text_or_none(output: Mapping[str, Any], name: str) -> str | None:
    """A string, or None if there is none."""
    value = output.get(name)
    return value if isinstance(value, str) and value else None


def texts(output: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of strings, empty if it is missing. A question may also be a mapping with `question`."""
    values = output.get(name) or ()
    if not isinstance(values, list | tuple):
        raise BadOutput(f"the step's output has a `{name}` that is no list")
    found = [value.get("question") if isinstance(value, Mapping) else value for value in values]
    if not all(isinstance(value, str) for value in found):
        raise BadOutput(f"the step's output has a `{name}` with something else than text")
    return tuple(str(value) for value in found)


def flag(output: Mapping[str, Any], name: str) -> bool:
    """Whether it is there and true."""
    return output.get(name) is True


def count(values: Mapping[str, Any], name: str) -> int | float:
    """A number that is not negative, 0 if there is none."""
    value = values.get(name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if number and 0 <= value < float("inf") else 0  # type: ignore[operator, return-value]


def mapping(output: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A mapping, empty if there is none."""
    value = output.get(name)
    return value if isinstance(value, Mapping) else {}
