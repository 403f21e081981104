"""A place in a text that is being parsed, as a value.

A cursor holds what resuming needs and no more: the parser's state, the unfinished last piece, the bytes of an
unfinished code point, and a record of what is behind it, with a bounded stretch of pieces for messages.  Feeding gives
a new cursor and leaves the old one as it was, so the same cursor can be fed twice.

Invariants: what has been decided never depends on how the text was cut into chunks; a piece is run once, when it is
complete.  With `collect`, finished pieces are kept for the value; without it memory does not grow.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import getitem
from typing import Final, NamedTuple

from engine.parse.chains import Rest, Said, forgotten
from engine.parse.diagnostics import Diagnostic
from engine.parse.expected import ExpectationSummary, open_rules, summary
from engine.parse.lexer import Mode
from engine.parse.machine import AnyState, InToken, Machine, Reject
from engine.parse.pieces import SEGMENT, by_length, segments
from engine.parse.recovery import Mistake, steps_of
from engine.parse.render import end_mistake, render
from engine.parse.runs import Run, RunWindow, shortened
from engine.parse.scene import LOOK_BACK
from engine.parse.source import Position, Utf8Decoder, split_lines, utf8_length
from engine.parse.tree import Node, build

__all__ = ["Cursor"]

#: Without `collect`, the list of runs is cut back to `LOOK_BACK` pieces when it has grown to this many.
_KEPT: Final = 8 * LOOK_BACK
#: From this many lines on, running them as one text is tried first (`Lexer.bulk`).
AT_ONCE: Final = 16
#: Characters of lines run as one text.
GROUP: Final = 65_536


_new = object.__new__


class Plan(NamedTuple):
    """What does not change from place to place."""

    machine: Machine
    collect: bool
    remember: bool
    says: bool


class Cursor:
    """An immutable place in a text; see the module."""

    __slots__ = ("_rest", "_waiting", "fed", "held", "plan", "runs", "said")

    plan: Plan
    fed: int
    """Bytes fed so far."""
    held: bytes
    """The bytes of an unfinished code point."""
    runs: Run
    """The pieces run last, and those before them."""
    said: Said | None
    _rest: str | Rest
    _waiting: tuple[tuple[int, int, int], ...]
    """Pieces with mistakes that are said when what stands behind them is known: total of the run, index, mistakes."""

    @classmethod
    def begin(cls, machine: Machine, *, collect: bool = True, state: AnyState | None = None, says: bool = True,
              remember: bool = True) -> Cursor:
        """The beginning of a text, or a place where the parser is in `state`.

        Without `says` mistakes are left in the states and not put into words.  Without `remember` a cursor has the
        diagnostics of the last `feed` only, for those who take them as they come.
        """
        new = _new(cls)
        new.plan = Plan(machine, collect, remember, says)
        new.fed, new.held, new._rest, new.said = 0, b"", "", None
        new._waiting = ()
        new.runs = Run(machine.start if state is None else state)
        return new

    def _after(self, held: bytes, fed: int, rest: str | Rest) -> Cursor:
        new = _new(Cursor)
        new.plan = plan = self.plan
        new.fed, new.held, new._rest = self.fed + fed, held, rest
        new.said = self.said if plan.remember else forgotten(self.said)
        new._waiting = self._waiting
        new.runs = self.runs if plan.collect or self.runs.kept <= _KEPT else shortened(self.runs)
        return new

    # ------------------------------------------------------------------------------------------------ what is known
    @property
    def machine(self) -> Machine:
        """The parser."""
        return self.plan.machine

    @property
    def state(self) -> AnyState:
        """The parser's state after the finished pieces."""
        return self.runs.after

    @property
    def pieces(self) -> int:
        """Pieces run so far; none are counted where the lexer goes by the bulk: there the memo is beside the point."""
        return 0 if self.machine.lexer.bulk else self.runs.total

    @property
    def misses(self) -> int:
        """Those of them that were not in the memo."""
        return 0 if self.machine.lexer.bulk else self.runs.missed

    @property
    def tail(self) -> str:
        """The text read but not yet a whole piece."""
        return self._rest if isinstance(self._rest, str) else self._rest.joined()

    @property
    def line(self) -> int:
        """The line of the first character that is not in a finished piece."""
        return self.runs.end[0]

    @property
    def column(self) -> int:
        """Its column: 0, but in a long line."""
        return self.runs.end[1]

    @property
    def count(self) -> int:
        """The number of mistakes so far, with those that are not put into words yet."""
        return (self.said.count if self.said is not None else 0) + sum(count for _, _, count in self._waiting)

    @property
    def byte_offset(self) -> int:
        """Bytes of the finished pieces."""
        return self.fed - len(self.held) - utf8_length(self.tail)

    @property
    def committed(self) -> int:
        """The commit watermark: the bytes up to the last end of a piece at which one alternative only was alive."""
        offset = self.byte_offset
        if _decided(self.state):
            return offset
        run: Run | None = self.runs
        while run is not None:
            for piece, state in zip(reversed(run.pieces), reversed(run.states[:-1]), strict=True):
                offset -= utf8_length(piece)
                if _decided(state):
                    return offset
            run = run.previous
        return 0

    @property
    def position(self) -> Position:
        """The end of what was fed (what is held of a code point does not count)."""
        return Position(self.line, self.column + len(self.tail))

    def all_diagnostics(self) -> list[Diagnostic]:
        """The diagnostics so far, in order of position."""
        return sorted(self._said_after(None), key=lambda found: found.span.start)

    def new_diagnostics(self, since: Cursor) -> list[Diagnostic]:
        """Those said after an earlier cursor of the same text."""
        return self._said_after(since.said)

    def _said_after(self, before: Said | None) -> list[Diagnostic]:
        chunks, said = [], self.said
        while said is not None and said is not before:
            chunks.append(said.diagnostics)
            said = said.previous
        return [diagnostic for chunk in reversed(chunks) for diagnostic in chunk]

    def new_runs(self, since: Cursor) -> list[Run]:
        """What was run after an earlier cursor of the same text, in order (fed from it directly)."""
        runs: list[Run] = []
        run: Run | None = self.runs
        while run is not None and run.total > since.runs.total:
            runs.append(run)
            run = run.previous
        return runs[::-1]

    def state_here(self) -> AnyState:
        """The state after everything fed, the unfinished piece included; neither the parse nor the memo is touched."""
        tail = self.tail
        return steps_of(self.machine, self.state, tail)[1] if tail else self.state

    def expected(self) -> ExpectationSummary:
        """What may come next."""
        return summary(self.machine, self.state_here())

    def label(self) -> str | None:
        """The innermost open rule."""
        rules = open_rules(self.machine, self.state_here())
        return rules[-1] if rules else None

    def boundary(self) -> str | None:
        """The kind of token that would complete a frame: the closer that may come next, or the line's end at rest."""
        state = self.state_here()
        for closer in sorted(self.machine.closers):
            try:
                state[self.machine.lexer.keys[closer]]
            except Reject:
                continue
            return self.machine.tables.kinds[closer]
        return "NL" if self.machine.accepts_end(state) else None

    def value(self) -> Node | None:
        """The tree of the finished pieces, or None if they were not collected."""
        return build(self.machine, self.collected(), at_end=True) if self.plan.collect else None

    def collected(self) -> Iterator[str]:
        """The finished pieces (with `collect`)."""
        chain = []
        run: Run | None = self.runs
        while run is not None:
            chain.append(run)
            run = run.previous
        for run in reversed(chain):
            yield from run.pieces

    # ------------------------------------------------------------------------------------------------ moving on
    def feed(self, more: bytes | str) -> Cursor:
        """The place after some more of the text.

        What is nearly always fed, a few short lines of whole characters, is run right here: calls would cost more than
        the parsing.
        """
        rest = self._rest
        if more.__class__ is not bytes or len(more) > SEGMENT or self.held or rest.__class__ is not str:
            return self._feed(more) if more else self
        try:
            text = rest + more.decode()
        except UnicodeDecodeError:
            return self._feed(more)
        lines, ends = text.splitlines(True), text.count("\n")
        last = lines.pop() if len(lines) > ends else ""
        # `splitlines` also divides at characters that end no line for us; then the numbers differ.
        if len(text) > SEGMENT or len(lines) != ends or last[-1:] == "\n":
            return self._feed(more) if more else self
        new = self._after(b"", len(more), last)
        if ends:
            new._run(lines, (new.runs.end[0] + ends, 0))
        return new

    def _feed(self, more: bytes | str) -> Cursor:
        if isinstance(more, str):
            text = Utf8Decoder(self.held).decode(b"", final=True) + more
            new = self._after(b"", utf8_length(more), self._rest)
        else:
            decoder = Utf8Decoder(self.held)
            text = decoder.decode(more)
            new = self._after(decoder.held, len(more), self._rest)
        new._take(text)
        return new

    def feed_pieces(self, pieces: list[str]) -> Cursor:
        """The place after some complete pieces; only where no tail is pending."""
        new = self._after(b"", 0, "")
        new._run(pieces)
        return new

    def finish(self, last: bytes | str = b"") -> Cursor:
        """The place after the end of the text, which is behind `last`."""
        if isinstance(last, bytes):
            text, fed = Utf8Decoder(self.held).decode(last, final=True), len(last)
        else:
            text, fed = Utf8Decoder(self.held).decode(b"", final=True) + last, utf8_length(last)
        new = self._after(b"", fed, "")
        new._run_lines(split_lines(self.tail + text))
        new._say_certain(at_end=True)
        if not new.machine.accepts_end(new.state):
            pieces = new.runs.pieces
            new._say(new.runs, len(pieces) - 1, (), (end_mistake(new.state, pieces[-1]),), at_end=True)
        return new

    def broken_off(self) -> Cursor:
        """The same place, where nothing will follow: what was waiting for more is said, the end is not judged."""
        new = self._after(self.held, 0, self._rest)
        new._say_certain(at_end=True)
        return new

    def _take(self, text: str) -> None:
        """Run the pieces that `text` completes; keep the rest."""
        rest = self._rest
        if isinstance(rest, Rest) and "\n" not in text and "\r" not in text and not rest.part.endswith("\r"):
            self._rest = rest = Rest(text, rest, rest.retry_at)
            if rest.length >= rest.retry_at:
                self._divide(rest.joined())
            return
        text = self.tail + text
        held_back = text.endswith("\r")                  # may be half of a line end
        lines = split_lines(text[:-1] if held_back else text)
        last = lines.pop() + ("\r" if held_back else "")
        self._rest = ""
        self._run_lines(lines)
        self._divide(last)

    def _divide(self, rest: str) -> None:
        """Run the segments of an unfinished line that are complete; the rest is the tail."""
        if len(rest) <= SEGMENT:
            self._rest = rest
            return
        pieces = segments(self.machine.lexer, rest, self._mode())
        done = pieces[:-1]
        if done and not (self.machine.lexer.bulk and self._run_at_once(done, divided=True)):
            self._run(done)
        last = pieces[-1]
        self._rest = last if len(last) <= SEGMENT else Rest(last, None, 2 * len(last))

    def _mode(self) -> Mode | None:
        return self.state.mode if isinstance(self.state, InToken) else None

    def _run_lines(self, lines: list[str]) -> None:
        """Run complete lines."""
        if self.machine.lexer.bulk:
            for group in _groups(lines):
                if not self._run_at_once(group):
                    self._run_divided(group)
        elif lines:
            self._run_divided(lines)

    def _run_divided(self, lines: list[str]) -> None:
        for group in by_length(lines):
            self._run(group if len(group[0]) <= SEGMENT else segments(self.machine.lexer, group[0], self._mode()))

    def _run(self, pieces: list[str], end: tuple[int, int] | None = None) -> None:
        machine = self.plan.machine
        before = self.runs.relieved() if machine.is_due else self.runs
        missed, mistaken = machine.pieces_run, machine.mistaken
        self.runs = run = before.then(pieces, reduce(getitem, pieces, before.after), end)
        missed = machine.pieces_run - missed
        run.missed += missed
        if mistaken != machine.mistaken:
            run.find_mistakes()
            if self.plan.says:
                self._waiting += tuple(
                    (run.total, i, len(machine.mistakes(run.states[i], pieces[i]))) for i in run.bad)
        if self._waiting:
            self._say_certain()
        if missed and machine.is_full:
            machine.is_due = True                        # later: what this run has found is still to be looked at

    def _run_at_once(self, lines: list[str], *, divided: bool = False) -> bool:
        """Run many lines (or pieces) as one text, if nothing is wrong in it; was it done?"""
        if len(lines) < AT_ONCE and len(lines[0]) <= SEGMENT:
            return False
        if self.machine.is_full:
            self.runs = self.runs.relieved()
        after = self.machine.skip(self.state, "".join(lines))
        if after is None:
            return False
        self.runs = self.runs.then(lines, after, divided=divided)
        if self._waiting:
            self._say_certain()
        return True

    def _say_certain(self, *, at_end: bool = False) -> None:
        """Put mistakes into words as soon as all that this may depend on has been read; at the end all of them."""
        later: list[Run] = []
        run, said = self.runs, 0
        for total, index, _ in self._waiting:
            while run.previous is not None and (run.total > total or run.total == total and not run.pieces):
                later.insert(0, run)
                run = run.previous
            while run.total < total:
                run = later.pop(0)
            if not at_end and self.runs.total - run.total + len(run.pieces) - 1 - index < self.machine.lines_ahead:
                break
            self._say(run, index, later, self.machine.mistakes(run.states[index], run.pieces[index]))
            said += 1
        self._waiting = self._waiting[said:]

    def _say(self, run: Run, index: int, later: Sequence[Run], mistakes: tuple[Mistake, ...], *,
             at_end: bool = False) -> None:
        """Put the mistakes of a piece into words."""
        window = RunWindow(run, index, later)
        self.said = Said(render(self.machine, mistakes, window, window.opener() if at_end else None), self.said)


def _groups(lines: list[str]) -> Iterator[list[str]]:
    """The lines in groups of about `GROUP` characters, so that one error costs one group."""
    group: list[str] = []
    size = 0
    for line in lines:
        group.append(line)
        size += len(line)
        if size >= GROUP:
            yield group
            group, size = [], 0
    if group:
        yield group


def _decided(state: AnyState) -> bool:
    return not isinstance(state, InToken) and len(state.cells) == 1
