"""Mistakes to diagnostics: range, message, fixes, related places.

A mistake is memoised with its piece and knows no line number; here it gets one.  What is said may depend on the piece
and on a bounded stretch before it, the same in a document, a batch and a stream; it never depends on how the text was
cut into chunks.  The range is always the unexpected token.
"""
from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from engine.parse.diagnostics import Diagnostic, FixIt, Related, Severity, TextEdit
from engine.parse.expected import ExpectationSummary, expected_names, open_rules, summary
from engine.parse.lexer import EOF, NL, Scanned
from engine.parse.machine import AnyState, InToken, Machine
from engine.parse.recovery import EXPECTED_TOKENS, INVALID_UTF8, UNKNOWN_TOKEN, Mistake, lexed
from engine.parse.repair import FARTHEST, Change, Located, Situation, repairs
from engine.parse.source import Span

__all__ = ["LOOK_BACK", "Placed", "Window", "end_mistake", "render"]

#: Pieces before the damaged one that a message may speak of; a window holds at least as many.
LOOK_BACK: Final = 64
_BEFORE, _AFTER = 2, 6
#: Tokens looked back on for the bracket that is not closed.
_TOKENS_BACK: Final = 1000
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


class Placed(NamedTuple):
    """A piece, the state before it, and where it begins."""

    piece: str
    state: AnyState
    line: int
    column: int


#: The piece of a mistake (0) and those before it (1, 2, … up to `LOOK_BACK`), None before the text's beginning.
Window = Callable[[int], Placed | None]


class _Seen(NamedTuple):
    """A token before the mistake."""

    kind: int
    text: str
    line: int
    start: int
    end: int


def end_mistake(state: AnyState, piece: str) -> Mistake:
    """What is wrong with the text ending after `piece`, which leads to `state`, where it may not end."""
    code = UNKNOWN_TOKEN if isinstance(state, InToken) else EXPECTED_TOKENS
    return Mistake(len(piece), len(piece), EOF, code, state)


def render(machine: Machine, mistakes: Sequence[Mistake], window: Window) -> tuple[Diagnostic, ...]:
    """The diagnostics of mistakes in the piece ``window(0)``, in order."""
    scene = _Scene(machine, window)
    return tuple(_Rendering(scene, mistake).diagnostic() for mistake in mistakes)


class _Scene:
    """A piece with mistakes, and what stands before it; lexed once for all of them."""

    def __init__(self, machine: Machine, window: Window) -> None:
        here = window(0)
        assert here is not None
        self.machine, self.window, self.here = machine, window, here
        self.text, self.tokens = self.scanned(here)
        self.starts = [token.start for token in self.tokens]
        self.earlier: dict[int, tuple[Placed, str, list[Scanned]] | None] = {}

    def scanned(self, placed: Placed) -> tuple[str, list[Scanned]]:
        """A piece's text as the lexer sees it, and its tokens without the line's end."""
        text = lexed(self.machine, placed.state, placed.piece)
        mode = placed.state.mode if isinstance(placed.state, InToken) else None
        return text, [t for t in self.machine.lexer.scan(text, mode) if t.kind != NL]

    def before(self, start: int) -> Iterator[_Seen]:
        """Tokens before a column of the piece, nearest first, within `LOOK_BACK` pieces."""
        yield from self._backward(self.here, self.text, self.tokens, bisect_left(self.starts, start))
        for back in range(1, LOOK_BACK + 1):
            if back not in self.earlier:
                placed = self.window(back)
                self.earlier[back] = None if placed is None else (placed, *self.scanned(placed))
            known = self.earlier[back]
            if known is None:
                return
            placed, text, tokens = known
            if not isinstance(placed.state, InToken):
                yield from self._backward(placed, text, tokens, len(tokens))

    @staticmethod
    def _backward(placed: Placed, text: str, tokens: list[Scanned], count: int) -> Iterator[_Seen]:
        for index in range(count - 1, -1, -1):
            token = tokens[index]
            if token.mode is None:
                yield _Seen(token.kind, text[token.start:token.end], placed.line, placed.column + token.start,
                            placed.column + token.end)


class _Rendering:
    """One mistake put into words."""

    def __init__(self, scene: _Scene, mistake: Mistake) -> None:
        self.scene, self.mistake = scene, mistake
        self.machine, self.window, self.here, self.text = scene.machine, scene.window, scene.here, scene.text
        at = bisect_left(scene.starts, mistake.start)
        #: The unexpected token and those behind it, as far as a repair can look.
        self.following = [t for t in scene.tokens[at:at + FARTHEST] if t.mode is None]
        self.is_cut = at + FARTHEST < len(scene.tokens)
        self.before = list(islice(scene.before(mistake.start), _BEFORE))

    def diagnostic(self) -> Diagnostic:
        mistake, here = self.mistake, self.here
        span = Span.on_line(here.line, here.column + mistake.start, here.column + mistake.end)
        if mistake.code == INVALID_UTF8:
            return Diagnostic(mistake.code, Severity.ERROR, self._bad_bytes(), span)
        expected = summary(self.machine, mistake.state)
        advice = self.machine.advise(self._situation()) if self.machine.advise else None
        repair = self._repair()
        opener = self._unclosed(repair, expected)
        related = (Related(_span(opener), f"`{opener.text}` opened here"),) if opener else ()
        message = self._message(expected, opener)
        fixes = self._fixes(repair)
        if advice is None:
            return Diagnostic(mistake.code, Severity.ERROR, message, span, expected, fixes, related)
        if advice.part is not None:
            span = self._columns(*advice.part)
        own = tuple(self._advised(title, edits) for title, edits in advice.fixes)
        return Diagnostic(advice.code or mistake.code, advice.severity, advice.message or message, span, expected,
                          own or (fixes if advice.message is None else ()), related)

    # ------------------------------------------------------------------------------------------------ surroundings
    def _situation(self) -> Situation:
        mistake, names = self.mistake, self.machine.lexer.names
        before = tuple(self._located(seen) for seen in self.before)
        after = tuple(names[t.kind] for t in self.following if t.start >= mistake.end)[:_AFTER]
        return Situation(self.here.piece, mistake.start, mistake.end, names[mistake.kind], self._found(),
                         expected_names(self.machine, mistake.state), open_rules(self.machine, mistake.state),
                         before, after, mistake.code)

    def _located(self, seen: _Seen) -> Located:
        """Columns on the mistake's line are the piece's, and may be negative in a later segment of it."""
        shift = self.here.column if seen.line == self.here.line else 0
        name = self.machine.lexer.names[seen.kind]
        return Located(name, seen.text, seen.line - self.here.line, seen.start - shift, seen.end - shift)

    def _found(self) -> str:
        return self.here.piece[self.mistake.start:self.mistake.end]

    # ------------------------------------------------------------------------------------------------ repairs
    def _repair(self) -> tuple[Change, ...]:
        """The best repair; searched once, wherever the same mistake is shown."""
        mistake = self.mistake
        if mistake.code != EXPECTED_TOKENS or isinstance(mistake.state, InToken):
            return ()
        found = repairs(self.machine, mistake.state, self._kinds_from_here())
        return found[0] if found else ()

    def _kinds_from_here(self) -> tuple[int, ...]:
        if self.mistake.kind == EOF:
            return (EOF,)
        kinds = tuple(t.kind for t in self.following)
        return (*kinds, NL) if not self.is_cut and self.here.piece.endswith(("\n", "\r")) else kinds

    def _fixes(self, repair: tuple[Change, ...]) -> tuple[FixIt, ...]:
        edits: list[TextEdit] = []
        words: list[str] = []
        following = self.following
        for change in repair:
            name = self.machine.tables.kinds[change.kind]
            if change.op == "insert":
                if name in self.machine.lexer.classes:
                    return ()                            # a name or a literal is for the author to choose
                edits.append(self._insertion(name, change.index, following))
                words.append(f"insert `{name}`")
            elif change.index < len(following):
                token = following[change.index]
                edits.append(TextEdit(self._columns(token.start, token.end), ""))
                words.append(f"remove `{self.text[token.start:token.end]}`")
        if not edits:
            return ()
        title = " and ".join(words)
        return (FixIt(title[0].upper() + title[1:], tuple(edits)),)

    def _insertion(self, name: str, index: int, following: Sequence[Scanned]) -> TextEdit:
        spaced = name[0].isalpha() or name in self.machine.spaced
        if index == 0 and self.before and (self.mistake.kind == EOF or self.before[0].line < self.here.line):
            last = self.before[0]                        # at the end of the line before
            return TextEdit(Span.on_line(last.line, last.end, last.end), f" {name}" if spaced else name)
        start = following[index].start if index < len(following) else self.mistake.start
        glued = start > 0 and self.text[start - 1] not in " \t"
        tail = "" if not spaced and name in _PAIRS or index >= len(following) else " "
        close = name in (",", ";", ":") or name in _PAIRS
        if close and not glued and index == 0 and self.before and self.before[0].line == self.here.line:
            last = self.before[0]
            return TextEdit(Span.on_line(last.line, last.end, last.end), name)
        return TextEdit(self._columns(start, start), f"{' ' if spaced and glued else ''}{name}{tail}")

    def _columns(self, start: int, end: int) -> Span:
        return Span.on_line(self.here.line, self.here.column + start, self.here.column + end)

    def _advised(self, title: str, edits: tuple[tuple[int, int, int, str], ...]) -> FixIt:
        """Columns on the mistake's line are the piece's, on lines above it the line's."""
        return FixIt(title, tuple(
            TextEdit(Span.on_line(self.here.line + offset, start + (0 if offset else self.here.column),
                                  end + (0 if offset else self.here.column)), text)
            for offset, start, end, text in edits))

    # ------------------------------------------------------------------------------------------------ words
    def _unclosed(self, repair: tuple[Change, ...], expected: ExpectationSummary) -> _Seen | None:
        """The bracket that is not closed, if closing it is the repair (or the text ends); a bounded walk back."""
        if isinstance(self.mistake.state, InToken):
            return self._opener_of_token()
        names = self.machine.tables.kinds
        closers = {names[c.kind] for c in repair if c.op == "insert" and names[c.kind] in _PAIRS}
        if not repair and self.mistake.kind == EOF:
            closers = {e.label for e in expected.alternatives if e.label in _PAIRS}
        depth = dict.fromkeys(closers, 0)
        for seen in islice(self.scene.before(self.mistake.start), _TOKENS_BACK) if closers else ():
            kind = names[seen.kind]
            for closer in closers:
                depth[closer] += (kind == closer) - (kind == _PAIRS[closer])
                if depth[closer] < 0:
                    return seen
        return None

    def _opener_of_token(self) -> _Seen | None:
        """Where the token that the text ends in began."""
        for back in range(LOOK_BACK + 1):
            placed = self.window(back)
            if placed is None:
                return None
            tokens = list(self.machine.lexer.scan(lexed(self.machine, placed.state, placed.piece),
                                                  placed.state.mode if isinstance(placed.state, InToken) else None))
            last = tokens[-1] if tokens else None
            if last is not None and last.mode is not None and (last.start > 0 or not isinstance(placed.state, InToken)):
                assert isinstance(self.mistake.state, InToken)
                rule = self.machine.lexer.spanning[self.mistake.state.mode.token]
                text = self.machine.lexer.opener(rule, placed.piece, last.start)
                start = placed.column + last.start
                return _Seen(last.kind, text, placed.line, start, start + len(text))
        return None

    def _message(self, expected: ExpectationSummary, opener: _Seen | None) -> str:
        if isinstance(self.mistake.state, InToken):
            closer = self.mistake.state.mode.closer
            where = f"`{opener.text}` on line {opener.line + 1}" if opener else "the text that was begun"
            return f"{where} is never closed: expected `{closer}` before the end of the text"
        if self.mistake.code == UNKNOWN_TOKEN:
            return f"unknown character {_printable(self._found())}"
        if opener is not None and (opener.line != self.here.line or self.mistake.kind == EOF):
            return f"`{opener.text}` on line {opener.line + 1} is not closed; {expected.humanized}"
        found = "end of the text" if self.mistake.kind == EOF else _printable(self._found())
        return f"unexpected {found}; {expected.humanized}"

    def _bad_bytes(self) -> str:
        data = self._found().encode("utf-8", "surrogateescape" if self._escaped() else "surrogatepass")
        shown = " ".join(f"{byte:02X}" for byte in data)
        return f"the byte{'s' if len(data) > 1 else ''} {shown} {'are' if len(data) > 1 else 'is'} not valid UTF-8"

    def _escaped(self) -> bool:
        return all("\udc80" <= c <= "\udcff" for c in self._found())


def _span(seen: _Seen) -> Span:
    return Span.on_line(seen.line, seen.start, seen.end)


def _printable(text: str) -> str:
    """The text in backticks; characters that cannot be seen by their code point."""
    if text.isprintable() and text.strip():
        return f"`{text}`" if len(text) <= 40 else f"`{text[:40]}…`"
    return " ".join(f"U+{ord(c):04X}" for c in text[:4])
