"""An agent's result: the last JSON object among everything that it wrote.

Agents write prose, logs and fences around their result, or half a result. What is not JSON is passed over; an object
that breaks off, is followed by nothing better, and so hides no result, is named in the reason. Takes linear time.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

__all__ = ["NoResult", "last_object"]

#: where an object may begin
_BEGINNING: Final = re.compile(r'\{(?=\s*["}])')
#: how much is decoded at first, and how much more each time that it turns out too little
_WINDOW: Final = 1024
_GROWTH: Final = 8
#: an error so close to the end of a window may come from its end: a literal, a number or an escape that was cut
_NEAR: Final = 16


class NoResult(ValueError):
    """There is no JSON object; the message says what there is."""


def last_object(text: str) -> dict[str, Any]:
    """The last JSON object of a text that is not inside of another one. Raises `NoResult`."""
    found: dict[str, Any] | None = None
    broken: str | None = None
    at = 0
    while beginning := _BEGINNING.search(text, at):
        value, at, problem = _decoded(text, beginning.start())
        if value is not None:
            found, broken = value, None
        elif at >= len(text):
            broken = problem
    if broken is not None:
        raise NoResult(broken)
    if found is None:
        raise NoResult("there is no JSON object on standard output" if text.strip() else "standard output is empty")
    sound: dict[str, Any] = _sound(found)
    return sound


def _sound(value: Any) -> Any:
    """A value whose strings can be written as UTF-8: JSON can escape halves of characters, which nothing can store."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_sound(item) for item in value]
    if isinstance(value, dict):
        return {str(_sound(key)): _sound(item) for key, item in value.items()}
    return value


def _decoded(text: str, start: int) -> tuple[dict[str, Any] | None, int, str]:
    """The object that begins at `start`, or None; where to go on; and what is wrong with it."""
    size = _WINDOW
    while True:
        window = text[start : start + size]
        try:
            value, end = _DECODER.raw_decode(window)
        except json.JSONDecodeError as error:
            open_string = error.msg.startswith("Unterminated string")
            if len(window) == size and (open_string or error.pos >= size - _NEAR):
                size *= _GROWTH
                continue
            if open_string or error.pos >= len(window.rstrip()):
                return None, len(text), f"the JSON object on standard output breaks off: {error.msg}"
            return None, start + max(error.pos, 1), ""
        except (ValueError, RecursionError) as error:
            return None, len(text), f"the JSON object on standard output cannot be read: {error}"
        return value, start + end, ""


#: NaN and the infinities are no JSON, but often stand in logs; as a value they are as good as none
_DECODER: Final = json.JSONDecoder(parse_constant=lambda _: None)
