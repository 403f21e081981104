"""Mistakes to diagnostics: range, message, fixes, related places.

A mistake is memoised with its piece and knows no line number; here it gets one.  What is said may depend on the piece
and on a bounded stretch before it, the same in a document, a batch and a stream; it never depends on how the text was
cut into chunks.  The range is always the unexpected token, and where a token is never closed, what opens it.
"""
from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from engine.parse.diagnostics import Diagnostic, FixIt, Related, Severity, TextEdit
from engine.parse.expected import ExpectationSummary, expected_names, open_rules, summary
from engine.parse.explained import unexplained
from engine.parse.fixes import PAIRS, Seen, fix_of, placeholder
from engine.parse.lexer import EOF
from engine.parse.machine import AnyState, InToken, Machine
from engine.parse.recovery import EXPECTED_TOKENS, INVALID_UTF8, UNKNOWN_TOKEN, Mistake
from engine.parse.repair import Found, Located, Proposal, Repair, Situation
from engine.parse.scene import Scene, Window
from engine.parse.search import AHEAD, WANTED, repairs
from engine.parse.source import Position, Span

__all__ = ["end_mistake", "render"]

_BEFORE, _AFTER = 2, 6
#: So many expectations can be told in a sentence; if there are more, a guess says more.
_FEW: Final = 3
#: The byte order marks of UTF-16, as bytes that are no UTF-8.
_UTF16_MARKS: Final = ("\udcff\udcfe", "\udcfe\udcff")
#: Tokens looked back on for the bracket that is not closed.
_TOKENS_BACK: Final = 1000


def end_mistake(state: AnyState, piece: str) -> Mistake:
    """What is wrong with the text ending after `piece`, which leads to `state`, where it may not end."""
    code = UNKNOWN_TOKEN if isinstance(state, InToken) else EXPECTED_TOKENS
    return Mistake(len(piece), len(piece), EOF, code, state)


def render(machine: Machine, mistakes: Sequence[Mistake], window: Window,
           opener: Seen | None = None) -> tuple[Diagnostic, ...]:
    """The diagnostics of mistakes in the piece ``window(0)``, in order; of those that have no other cause.

    `opener` is the beginning of the token that the text ends in, if that is the mistake.
    """
    scene = Scene(machine, window)
    left = unexplained(machine, mistakes, window, scene)
    return tuple(_unclosed_token(scene, mistake.state, opener)
                 if mistake.kind == EOF and isinstance(mistake.state, InToken)
                 else _Rendering(scene, mistake).diagnostic() for mistake in left)


def _unclosed_token(scene: Scene, state: InToken, opener: Seen | None) -> Diagnostic:
    """A token over lines that the text ends in, told where it begins."""
    here, closer = scene.here, state.mode.closer
    end = Span.on_line(here.line, here.column + len(here.piece), here.column + len(here.piece))
    what = f"`{opener.text}`" if opener is not None else "what was begun far above"
    message = f"{what} is never closed; expected `{closer}` before the end of the text"
    span, related = (_span(opener), (Related(end, "the text ends here"),)) if opener is not None else (end, ())
    return Diagnostic(UNKNOWN_TOKEN, Severity.ERROR, message, span, summary(scene.machine, state), (), related)


class _Rendering:
    """One mistake put into words."""

    def __init__(self, scene: Scene, mistake: Mistake) -> None:
        self.scene, self.mistake = scene, mistake
        self.machine, self.window, self.here, self.text = scene.machine, scene.window, scene.here, scene.text
        at = bisect_left(scene.starts, mistake.start)
        #: The unexpected token and those behind it, as far as a repair can look.
        self.following = [t for t in scene.tokens[at:at + AHEAD] if t.mode is None]
        self.is_cut = at + AHEAD < len(scene.tokens)
        self.before = list(islice(scene.before(mistake.start), _BEFORE))
        self.damage, self.places = scene.damage(mistake)

    def diagnostic(self) -> Diagnostic:
        mistake, here = self.mistake, self.here
        span = Span.on_line(here.line, here.column + mistake.start, here.column + mistake.end)
        if mistake.code == INVALID_UTF8:
            return Diagnostic(mistake.code, Severity.ERROR, self._bad_bytes(), span)
        expected = summary(self.machine, mistake.state)
        found = self._repairs()
        advice = self.machine.advise(self._situation(found)) if self.machine.advise else None
        opener = self._unclosed(found[0].changes if found else (), expected)
        related = (Related(_span(opener), f"`{opener.text}` opened here"),) if opener else ()
        message = self._message(expected, opener, found)
        fixes = self._fixes(found)
        if advice is None:
            return Diagnostic(mistake.code, Severity.ERROR, message, span, expected, _distinct(fixes), related)
        if advice.part is not None:
            span = self._columns(*advice.part)
        own = tuple(self._advised(title, edits) for title, edits in advice.fixes)
        ordered = (*own, *fixes) if advice.first else (*fixes, *own)
        fixes = own if advice.only else _distinct(ordered)
        return Diagnostic(advice.code or mistake.code, advice.severity, advice.message or message, span, expected,
                          fixes, related)

    # ------------------------------------------------------------------------------------------------ surroundings
    def _situation(self, found: tuple[Found, ...]) -> Situation:
        mistake, names = self.mistake, self.machine.lexer.names
        before = tuple(self._located(seen) for seen in self.before)
        after = tuple(names[t.kind] for t in self.following if t.start >= mistake.end)[:_AFTER]
        return Situation(self.here.piece, mistake.start, mistake.end, names[mistake.kind], self._found(),
                         expected_names(self.machine, mistake.state), open_rules(self.machine, mistake.state),
                         before, after, mistake.code, self._proposal(found), self._bracketed())

    def _bracketed(self) -> tuple[Located, ...]:
        """See `Situation.bracketed`."""
        names, depth = self.machine.lexer.names, 0
        found: list[Located] = []
        if names[self.mistake.kind] not in PAIRS.values():
            return ()
        for placed, text, tokens in self.scene.onward(self.mistake.start):
            for token in tokens:
                name = names[token.kind]
                depth -= name in PAIRS
                if depth <= 1:
                    found.append(self._located(self.scene.seen(placed, text, token)))
                if not depth and len(found) > 1:
                    return tuple(found[1:])
                depth += name in PAIRS.values()
        return ()

    def _proposal(self, found: tuple[Found, ...]) -> tuple[Proposal, ...]:
        if not found or not found[0].clean or self.damage is None:
            return ()
        names, at = self.machine.tables.kinds, self.damage.at
        return tuple(Proposal(change.op, names[change.kind], change.index - at) for change in found[0].changes)

    def _located(self, seen: Seen) -> Located:
        """Columns on the mistake's line are the piece's, and may be negative in a later segment of it."""
        shift = self.here.column if seen.line == self.here.line else 0
        name = self.machine.lexer.names[seen.kind]
        return Located(name, seen.text, seen.line - self.here.line, seen.start - shift, seen.end - shift)

    def _found(self) -> str:
        return self.here.piece[self.mistake.start:self.mistake.end]

    # ------------------------------------------------------------------------------------------------ repairs
    def _repairs(self) -> tuple[Found, ...]:
        """The best repairs; searched once, wherever the same mistake is shown."""
        return repairs(self.machine, self.damage) if self.damage else ()

    def _fixes(self, found: tuple[Found, ...]) -> tuple[FixIt, ...]:
        end = Position(self.here.line, self.here.column + self.mistake.start)
        prior = self.before[0] if self.before else None
        fixes = (fix_of(self.machine, one.changes, self.places, prior, end) for one in found)
        return tuple(fix for fix in fixes if fix is not None)

    def _columns(self, start: int, end: int) -> Span:
        return Span.on_line(self.here.line, self.here.column + start, self.here.column + end)

    def _advised(self, title: str, edits: tuple[tuple[int, int, int, str], ...]) -> FixIt:
        """Columns on the mistake's line are the piece's, on lines above it the line's."""
        return FixIt(title, tuple(
            TextEdit(Span.on_line(self.here.line + offset, start + (0 if offset else self.here.column),
                                  end + (0 if offset else self.here.column)), text)
            for offset, start, end, text in edits))

    # ------------------------------------------------------------------------------------------------ words
    def _unclosed(self, repair: Repair, expected: ExpectationSummary) -> Seen | None:
        """The bracket that is not closed, if closing it is the repair (or the text ends); a bounded walk back."""
        names = self.machine.tables.kinds
        closers = {names[c.kind] for c in repair if c.op == "insert" and names[c.kind] in PAIRS}
        if not repair and self.mistake.kind == EOF:
            closers = {e.label for e in expected.alternatives if e.label in PAIRS}
        depth = dict.fromkeys(closers, 0)
        for seen in islice(self.scene.before(self.mistake.start), _TOKENS_BACK) if closers else ():
            kind = names[seen.kind]
            for closer in closers:
                depth[closer] += (kind == closer) - (kind == PAIRS[closer])
                if depth[closer] < 0:
                    return seen
        return None

    def _message(self, expected: ExpectationSummary, opener: Seen | None, found: tuple[Found, ...]) -> str:
        if self.mistake.code == UNKNOWN_TOKEN:
            return f"unknown character {_printable(self._found())}"
        if opener is not None and (opener.line != self.here.line or self.mistake.kind == EOF):
            guess = None if self._is_expected(found) else self._guess(found)
            return f"`{opener.text}` on line {opener.line + 1} is not closed; {guess or expected.humanized}"
        what = "end of the text" if self.mistake.kind == EOF else _printable(self._found())
        guess = self._guess(found) if len(expected.alternatives) > _FEW or not self._is_expected(found) else None
        return f"unexpected {what}; {guess or expected.humanized}"

    def _is_expected(self, found: tuple[Found, ...]) -> bool:
        """Is the best repair to insert something right here, which is among what is expected?"""
        at = self.damage.at if self.damage is not None else 0
        return all(change.op == "insert" and change.index == at for change in (found[0].changes if found else ()))

    def _guess(self, found: tuple[Found, ...]) -> str | None:
        """What is wrong, if one change mends it: said where too much would be expected to tell it all."""
        if not found or not found[0].clean or len(found[0].changes) > 1 or self.damage is None:
            return None
        (change,) = found[0].changes
        token = self.places[change.index] if change.index < len(self.places) else None
        here = change.index == self.damage.at
        it = "it" if here or token is None else _printable(token.text)
        if change.op == "delete":
            return "perhaps it is one too many" if here else f"perhaps {it} before it is one too many"
        text = placeholder(self.machine, change.kind)
        name = self.machine.tables.kinds[change.kind]
        if change.op == "replace":
            return f"perhaps `{text}` is meant" if here else f"perhaps `{text}` is meant instead of {it}"
        if name in self.machine.holes:
            return f"perhaps a name or a value is missing in front of {it}"
        return f"perhaps `{text}` is missing in front of {it}"

    def _bad_bytes(self) -> str:
        data = self._found().encode("utf-8", "surrogateescape" if self._escaped() else "surrogatepass")
        shown = " ".join(f"{byte:02X}" for byte in data)
        said = f"the byte{'s' if len(data) > 1 else ''} {shown} {'are' if len(data) > 1 else 'is'} not valid UTF-8"
        at_start = (self.here.line, self.here.column, self.mistake.start) == (0, 0, 0)
        is_utf16 = at_start and self.here.piece.startswith(_UTF16_MARKS)
        return f"{said}; the text seems to be UTF-16: save it as UTF-8" if is_utf16 else said

    def _escaped(self) -> bool:
        return all("\udc80" <= c <= "\udcff" for c in self._found())


def _distinct(fixes: Iterable[FixIt]) -> tuple[FixIt, ...]:
    """The first of those that look or are the same; no more than there are repairs wanted."""
    out: list[FixIt] = []
    for fix in fixes:
        if not any(fix.edits == other.edits or fix.title == other.title for other in out):
            out.append(fix)
    return tuple(out[:WANTED])


def _span(seen: Seen) -> Span:
    return Span.on_line(seen.line, seen.start, seen.end)


def _printable(text: str) -> str:
    """The text in backticks; characters that cannot be seen by their code point."""
    if text.isprintable() and text.strip():
        return f"`{text}`" if len(text) <= 40 else f"`{text[:40]}…`"
    return " ".join(f"U+{ord(c):04X}" for c in text[:4])
