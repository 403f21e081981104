"""Edits as a person makes them, on a plain string: typing, deleting, pasting, brackets, line ends, undo, moves.

The string is the model that documents are compared with: lines are counted here by one regular expression, edits are
slices.  Knows nothing of the parser but its positions.
"""
from __future__ import annotations

import random
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import NamedTuple

from engine.parse.source import Position, Span

__all__ = ["Edit", "Model", "Typist"]

_LINE_END = re.compile(r"\r\n|\r|\n")


class Edit(NamedTuple):
    """`text` in place of the characters from `start` to `end`; what lies beyond the text counts as its end."""

    start: int
    end: int
    text: str


class Model:
    """A text and where its lines begin."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def position(self, offset: int) -> Position:
        line = bisect_right(self.lines, offset) - 1
        return Position(line, offset - self.lines[line])

    def offset(self, position: Position) -> int:
        return self.lines[position.line] + position.column

    def placed(self, edit: Edit) -> Edit:
        """The edit within the text, widened where it would begin or end between the halves of a line end."""
        start, end = (min(max(at, 0), len(self.text)) for at in (edit.start, max(edit.start, edit.end)))
        new = edit.text
        if self.text[start - 1:start + 1] == "\r\n" and start:
            start, new = start - 1, "\r" + new
        if self.text[end - 1:end + 1] == "\r\n" and end:
            end, new = end + 1, new + "\n"
        return Edit(start, end, new)

    def span(self, edit: Edit) -> Span:
        return Span(self.position(edit.start), self.position(edit.end))

    def after(self, edit: Edit) -> Model:
        return Model(self.text[:edit.start] + edit.text + self.text[edit.end:])

    def inverse(self, edit: Edit) -> Edit:
        return Edit(edit.start, edit.start + len(edit.text), self.text[edit.start:edit.end])


LINE_ENDS = ("\n", "\n", "\n", "\r\n", "\r", "\n\n")
BRACKETS = ("(", ")", "[", "]", "{", "}", "()", "[]", "{}", "(", "{\n", "\n}", "<", ">", "|")
QUOTES = ('"', "'", '"""', "`", '\\"', "\\", '""', 'r"', 'r#"')
COMMENTS = ("//", "/*", "*/", "// c", "/* */", "/**", "#", "*", "/")
ODD = ("\u2028", "\u2029", "\x85", "\f", "\v", "\x00", "\ufeff", "\udc80", "\ud800", "é", "😀", "e\u0301", "中", "\t",
       " ")


class Typist:
    """Makes random edits of a text that stays below `longest` characters; `words` and `samples` are the language's."""

    def __init__(self, r: random.Random, words: Sequence[str], samples: Sequence[str], longest: int) -> None:
        self.r, self.words, self.samples, self.longest = r, words, samples, longest
        self.cursor = 0
        self.undo: list[Edit] = []
        self.redo: list[Edit] = []
        self._undoing = False
        self._actions: list[Callable[[str], list[Edit]]] = [
            self._type, self._delete, self._bracket, self._quote, self._comment, self._odd, self._line_end, self._paste,
            self._move, self._line, self._cut, self._replace, self._long, self._undo, self._redo]
        self._weights = [30, 14, 8, 4, 5, 4, 9, 5, 4, 5, 2, 7, 2, 9, 4]

    def edits(self, text: str) -> list[Edit]:
        """What is done next: one edit or a few that belong together, each on the text the one before has left."""
        if self.r.random() < .6:
            self.cursor = self.r.randint(0, len(text))
        self.cursor = min(self.cursor, len(text))
        action = self._cut if len(text) > self.longest else self.r.choices(self._actions, self._weights)[0]
        self._undoing = action == self._undo
        if action not in (self._undo, self._redo):
            self.redo = []
        return action(text)

    def done(self, edit: Edit, inverse: Edit) -> None:
        """An edit was made; its inverse is what undo does."""
        self.cursor = edit.start + len(edit.text)
        if not self._undoing:
            self.undo.append(inverse)

    def _insert(self, new: str) -> list[Edit]:
        return [Edit(self.cursor, self.cursor, new)]

    def _type(self, text: str) -> list[Edit]:
        k = self.r.random()
        if k < .5:
            return self._insert(self.r.choice(self.words))
        if k < .8:
            return self._insert(self.r.choice("abcdefxyz0123456789_.,;:=+-*/<>|&!?@ "))
        return self._insert(" ".join(self.r.choices(self.words, k=self.r.randint(2, 5))))

    def _delete(self, text: str) -> list[Edit]:
        count = self.r.choice([1, 1, 1, 2, 4, 9])
        return [Edit(max(0, self.cursor - count), self.cursor, "")]

    def _bracket(self, text: str) -> list[Edit]:
        return self._insert(self.r.choice(BRACKETS))

    def _quote(self, text: str) -> list[Edit]:
        return self._insert(self.r.choice(QUOTES))

    def _comment(self, text: str) -> list[Edit]:
        return self._insert(self.r.choice(COMMENTS))

    def _odd(self, text: str) -> list[Edit]:
        return self._insert(self.r.choice(ODD))

    def _line_end(self, text: str) -> list[Edit]:
        return self._insert(self.r.choice(LINE_ENDS))

    def _paste(self, text: str) -> list[Edit]:
        source = self.r.choice(self.samples) if self.r.random() < .6 else text
        start = self.r.randint(0, len(source))
        new = source[start:start + self.r.choice([5, 20, 60, 200])]
        return self._insert(new.replace("\n", self.r.choice(["\n", "\n", "\r\n", "\r", " "])))

    def _range(self, text: str, longest: int) -> tuple[int, int]:
        start = self.r.randint(0, len(text))
        return start, min(len(text), start + self.r.randint(0, longest))

    def _move(self, text: str) -> list[Edit]:
        start, end = self._range(text, 80)
        return [Edit(start, end, ""), Edit(to := self.r.randint(0, len(text) - (end - start)), to, text[start:end])]

    def _line(self, text: str) -> list[Edit]:
        """A whole line is deleted, doubled, or joined with the next."""
        start = text.rfind("\n", 0, self.cursor) + 1
        end = text.find("\n", self.cursor) + 1 or len(text)
        return self.r.choice([[Edit(start, end, "")], [Edit(end, end, text[start:end])],
                              [Edit(max(start, end - 1), end, "")]])

    def _cut(self, text: str) -> list[Edit]:
        start, end = self._range(text, len(text))
        return [Edit(start, end, "")]

    def _replace(self, text: str) -> list[Edit]:
        start, end = self._range(text, 6)
        return [Edit(start, end, self.r.choice(self.words))]

    def _long(self, text: str) -> list[Edit]:
        part = self.r.choice(self.words) + self.r.choice([" ", ", ", "(", "", " + "])
        return self._insert(part * (self.r.randint(260, 800) // len(part)))

    def _undo(self, text: str) -> list[Edit]:
        taken = [self.undo.pop() for _ in range(min(len(self.undo), self.r.choice([1, 1, 2, 5])))]
        model = Model(text)
        for edit in taken:
            edit = model.placed(edit)
            self.redo.insert(0, model.inverse(edit))
            model = model.after(edit)
        return taken

    def _redo(self, text: str) -> list[Edit]:
        taken, self.redo = self.redo, []
        return taken
