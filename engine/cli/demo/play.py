"""Plays the script: every keystroke to the server, every answer to the screen, and the account of it.

Invariant: one keystroke is one version, sent after the server is done with the version before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from engine.cli.demo.client import Answer, Client
from engine.cli.demo.screen import Screen
from engine.cli.demo.script import Act, Text, acts, sample

__all__ = ["Played", "percentile", "play"]


@dataclass(frozen=True, slots=True)
class Played:
    """An act that is over: how long each of its keystrokes took, and what was not as it must be.

    `is_typing` is false of what is no keystroke, which does not count in the sum.
    """

    title: str
    seconds: tuple[float, ...]
    wrong: str | None
    is_typing: bool = True


def play(client: Client, uri: str, screen: Screen, pause: Callable[[], None]) -> Iterator[Played]:
    """Opens the file and plays the acts; `pause` is called after each keystroke. Raises `NoAnswer`."""
    text = Text(sample())
    opening = Act("open the file", ())
    answer = client.open(uri, "reml", "".join(text.lines))
    screen.act(opening)
    screen.opened(text, answer)
    yield replace(_judged(opening, (answer.seconds,), answer), is_typing=False)
    version = 1
    for act in acts(text):
        screen.act(act)
        seconds = []
        for key in act.keystrokes:
            version += 1
            before = text.press(key)
            place = (key.line, key.column, key.column + key.removed)
            answer = client.change(uri, version, before, place, key.text)
            seconds.append(answer.seconds)
            screen.changed(text, key, answer)
            pause()
        played = _judged(act, tuple(seconds), answer)
        screen.ended(played.wrong)
        yield played


def _judged(act: Act, seconds: tuple[float, ...], answer: Answer) -> Played:
    reported = frozenset(str(diagnostic.get("code")) for diagnostic in answer.diagnostics)
    return Played(act.title, seconds, act.missing(reported))


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
