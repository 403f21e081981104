"""Repairs written down: where exactly an inserted token goes, with which blanks, and what the fix is called.

Knows no states.  Invariant: edits of one fix do not overlap; a token with no fixed text is inserted as the language's
placeholder for it, or there is no fix.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from engine.parse.diagnostics import FixIt, TextEdit
from engine.parse.machine import Machine
from engine.parse.repair import Change, Repair
from engine.parse.source import Position, Span

__all__ = ["PAIRS", "Seen", "fix_of", "placeholder"]

#: Closing brackets and what they close.
PAIRS: Final = {")": "(", "]": "[", "}": "{"}
#: Written right behind the token before.
_CLOSE: Final = frozenset((*PAIRS, ",", ";", ":"))
#: Written right in front of the token behind.
_OPENING: Final = frozenset("([{")


class Seen(NamedTuple):
    """A token in the text: its kind, its text, its line and its columns there."""

    kind: int
    text: str
    line: int
    start: int
    end: int


def placeholder(machine: Machine, kind: int) -> str | None:
    """What is written for an inserted token of a kind; None if nobody but the author can tell."""
    name = machine.tables.kinds[kind]
    return machine.holes.get(name, None if name in machine.lexer.classes else name)


def fix_of(machine: Machine, repair: Repair, tokens: Sequence[Seen | None], prior: Seen | None,
           end: Position) -> FixIt | None:
    """The fix that makes a repair.

    `tokens` are those it speaks of, None for line breaks; `prior` is what stands before the unexpected one, if none of
    them does; `end` is where that would be in a text without tokens.
    """
    edits: list[TextEdit] = []
    words: list[str] = []
    for change in repair:
        token = tokens[change.index] if change.index < len(tokens) else None
        if change.op == "delete" and token is not None:
            edits.append(TextEdit(_span(token), ""))
            words.append(f"remove `{_short(token.text)}`")
            continue
        text = placeholder(machine, change.kind)
        if text is None:
            return None
        if change.op == "replace" and token is not None:
            edits.append(TextEdit(_span(token), text))
            words.append(f"write `{text}` for `{_short(token.text)}`")
        else:
            edits.append(_insertion(machine, change, text, tokens, prior, end))
            words.append(f"insert `{text}`")
    title = " and ".join(words)
    return FixIt(title[:1].upper() + title[1:], _merged(edits)) if edits else None


def _insertion(machine: Machine, change: Change, text: str, tokens: Sequence[Seen | None], prior: Seen | None,
               end: Position) -> TextEdit:
    spaced = text[0].isalnum() or text[0] in "_\"'" or machine.tables.kinds[change.kind] in machine.spaced
    token = tokens[change.index] if change.index < len(tokens) else None
    before = next((t for t in reversed(tokens[:change.index]) if t is not None), prior)
    if token is None or before is not None and before.line < token.line and not change.below:
        if before is None:
            return TextEdit(Span(end, end), text)
        return TextEdit(Span.on_line(before.line, before.end, before.end), f" {text}" if spaced else text)
    begins = before is None or before.line < token.line
    if not begins and not spaced and text not in _OPENING:
        assert before is not None
        tail = " " if text in _CLOSE and before.end == token.start and text not in PAIRS else ""
        until = token.start if text not in _CLOSE else before.end
        return TextEdit(Span.on_line(before.line, before.end, until), text + tail)
    glued = before is not None and not begins and before.end == token.start
    at = Span.on_line(token.line, token.start, token.start)
    return TextEdit(at, f"{' ' if spaced and glued else ''}{text}{' ' if spaced else ''}")


def _merged(edits: list[TextEdit]) -> tuple[TextEdit, ...]:
    """Insertions at one place are one edit."""
    out: list[TextEdit] = []
    for edit in edits:
        last = out[-1] if out else None
        if last is not None and last.span == edit.span and edit.span.start == edit.span.end:
            out[-1] = TextEdit(edit.span, last.text + edit.text)
        else:
            out.append(edit)
    return tuple(out)


def _span(token: Seen) -> Span:
    return Span.on_line(token.line, token.start, token.end)


def _short(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:30]}…"
