"""A failing script made smaller: fewer edits, a shorter text to begin with, shorter texts put in.

Removing parts in halves, quarters and so on is the "ddmin" of Zeller and Hildebrandt ("Simplifying and Isolating
Failure-Inducing Input", 2002).
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from tests.chaos.session import Script

__all__ = ["shrunk"]

T = TypeVar("T")
#: Scripts tried before the smallest so far is taken.
TRIES = 1500


class _Budget:
    def __init__(self, fails: Callable[[Script], bool], tries: int) -> None:
        self.fails, self.left = fails, tries

    def __call__(self, script: Script) -> bool:
        self.left -= 1
        return self.left >= 0 and self.fails(script)


def shrunk(script: Script, fails: Callable[[Script], bool], tries: int = TRIES) -> Script:
    """The smallest script found that still fails; `script` must."""
    budget, size = _Budget(fails, tries), 0
    while size != (size := _size(script)) and budget.left > 0:
        script = _shorter_text(_fewer_edits(script, budget), budget)
        for at in range(len(script.edits)):
            script = _shorter_edit(script, at, budget)
    return script


def _fewer_edits(script: Script, fails: Callable[[Script], bool]) -> Script:
    edits = _reduced(script.edits, lambda part: fails(replace(script, edits=tuple(part))))
    return replace(script, edits=tuple(edits))


def _shorter_text(script: Script, fails: Callable[[Script], bool]) -> Script:
    text = _reduced(script.text, lambda part: fails(replace(script, text="".join(part))))
    return replace(script, text="".join(text))


def _size(script: Script) -> int:
    return len(script.text) + sum(len(edit.text) + edit.end - edit.start + 10 for edit in script.edits)


def _shorter_edit(script: Script, at: int, fails: Callable[[Script], bool]) -> Script:
    edit = script.edits[at]

    def having(text: Sequence[str]) -> Script:
        return replace(script, edits=(*script.edits[:at], edit._replace(text="".join(text)), *script.edits[at + 1:]))
    return having(_reduced(edit.text, lambda part: fails(having(part))))


def _reduced(whole: Sequence[T], fails: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """What is left of a failing sequence when every part that is not needed has been taken out."""
    size = len(whole)
    while size:
        at = 0
        while at < len(whole):
            part = [*whole[:at], *whole[at + size:]]
            if fails(part):
                whole = part
            else:
                at += size
        size //= 2
    return whole
