"""Reading one namespace of settings: each value is checked where it is fetched, and what nobody fetched is unknown.

A setting that is missing or wrong gives its default; what was wrong is a `Problem` beside it.

Knows no setting by name.  Invariant: reading never raises, whatever the mapping holds.
"""
from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from engine.parse.feeder import StreamError, feeder_bug

__all__ = ["Namespace", "Problem", "first_error"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something odd about a setting, at its dotted path; a run that cannot honour it is `fatal`."""

    key: str
    message: str
    fatal: bool = False

    @property
    def error(self) -> StreamError:
        """The error a stream ends with."""
        return feeder_bug(f"{self.key}: {self.message}")


def first_error(problems: Iterable[Problem]) -> StreamError | None:
    """What a stream with these problems ends with, if it cannot begin."""
    return next((problem.error for problem in problems if problem.fatal), None)


_E = TypeVar("_E", bound=enum.StrEnum)


class Namespace:
    """One table being read; what is odd about it is appended to `problems`."""

    def __init__(self, name: str, content: object, problems: list[Problem]) -> None:
        self.name, self.problems, self.known = name, problems, set[str]()
        self.content: Mapping[str, object] = content if isinstance(content, Mapping) else {}
        if content is not None and not isinstance(content, Mapping):
            self.wrong("", f"must be a table, not {type(content).__name__}")

    def wrong(self, key: str, message: str) -> None:
        """Report a setting that cannot be honoured; the empty key is the table itself."""
        self.problems.append(Problem(f"{self.name}.{key}" if key else self.name, message, fatal=True))

    def _get(self, key: str) -> object:
        self.known.add(key)
        return self.content.get(key)

    def flag(self, key: str, default: bool) -> bool:
        """A switch."""
        value = self._get(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.wrong(key, f"must be true or false, not {value!r}")
        return default

    def text(self, key: str) -> str | None:
        """A text."""
        value = self._get(key)
        if value is None or isinstance(value, str):
            return value
        self.wrong(key, f"must be a text, not {value!r}")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self._get(key)
        if value is None:
            return ()
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.wrong(key, f"must be a list of texts, not {value!r}")
        return ()

    def amount(self, key: str, least: int = 0) -> int | None:
        """A whole number, at least `least`."""
        value = self._get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(key, f"must be a whole number, not {value!r}")
        elif value < least:
            self.wrong(key, f"must be at least {least}, not {value}")
        else:
            return value
        return None

    def choice(self, key: str, default: _E) -> _E:
        """One of the values of the default's enumeration."""
        value = self._get(key)
        if value is None:
            return default
        options = [option.value for option in type(default)]
        if value in options:
            return type(default)(value)
        self.wrong(key, f"must be one of {', '.join(options)}, not {value!r}")
        return default

    def inner(self, key: str) -> Namespace:
        """A table inside this one."""
        return Namespace(f"{self.name}.{key}", self._get(key), self.problems)

    def done(self) -> None:
        """Warn about every key that was not fetched."""
        self.problems += [Problem(f"{self.name}.{key}", "is not known and is left alone")
                          for key in self.content if key not in self.known]
