"""Going on after an error.

The place where parsing goes on is a function of the state, the unexpected kind and whether it stands at the margin, so
recovered states are memoised like all others.  Anchors are marked in the grammar: a closer, or the first token of a
line, goes to the nearest frame that can take it; a declaration keyword at the margin goes to the outermost anchor;
anything else is dropped.  A line whose keyword at the margin was taken for something else, and which then fails early,
is run again from the outermost anchor (``fn`` can begin a lambda inside an unclosed block).

Knows no messages; `diagnostics` are rendered from the `Mistake` by `repair`.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Final

from engine.parse.cells import AnyCell, DeepCell
from engine.parse.fillers import supposed_kinds
from engine.parse.lexer import EOF, ERROR, NL, Scanned
from engine.parse.machine import AnyState, InToken, Machine, Reject, Settled
from engine.parse.repair import Change, Damage
from engine.parse.search import AHEAD, BACK, alike, left_open, repairs
from engine.parse.source import BOM, bad_sequences

__all__ = ["EXPECTED_TOKENS", "INVALID_UTF8", "UNKNOWN_TOKEN", "Mistake", "Step", "lexed", "recovered",
           "run_with_errors", "steps_of"]

EXPECTED_TOKENS: Final = "parser.syntax.expected_tokens"
UNKNOWN_TOKEN: Final = "parser.lexer.unknown_token"
INVALID_UTF8: Final = "unicode.invalid_utf8"

#: Symbols of a continuation that are looked at for a place to go on.
LOOK_OUT: Final = 256
#: Mistakes of a piece that parsing goes on behind as if they had been repaired; further ones are only skipped.
MENDED: Final = 3
#: Tokens that must stand behind a mistake if a repair is to be believed that is no likely insertion.
FOLLOWING: Final = 2
#: Kinds that are forgotten, and behind which a construct goes on.
_JOINING: Final = frozenset((",", "->", "=>", "=", ":"))
#: A line may be run again from the outermost anchor if it fails within this many characters; segments of long lines are
#: never shorter, so that dividing a line changes nothing.
RESTART_WITHIN: Final = 128


@dataclass(slots=True)
class Mistake:
    """One thing wrong in a piece: its columns, the kind found, the code, the state before it.

    Memoised with the piece, so it is the same object wherever the piece follows the same state.
    """

    start: int
    end: int
    kind: int
    code: str
    state: AnyState
    before: tuple[Step, ...] = ()
    """The tokens of the piece right before it, as they were parsed: what a repair may look back on."""


def lexed(machine: Machine, state: AnyState, piece: str) -> str:
    """The piece as the lexer is to see it: a byte order mark at the very beginning counts as a blank."""
    return " " + piece[1:] if state is machine.start and piece.startswith(BOM) else piece


@dataclass(frozen=True, slots=True)
class Step:
    """One token of a piece as it was parsed: taken as `kind` in the state `before`, or dropped (-1).

    `jumped`: the state `before` is not the one after the previous token, parsing went on further out.
    """

    token: Scanned
    before: AnyState
    kind: int
    jumped: bool = False

    @property
    def state(self) -> Settled:
        """`before`, of a token that was taken."""
        assert not isinstance(self.before, InToken)
        return self.before


def run_with_errors(machine: Machine, state: AnyState, piece: str) -> tuple[AnyState, tuple[Mistake, ...]]:
    """The state after a piece that has errors or opens a token, and the mistakes in order of position."""
    run = _Run(machine, state, lexed(machine, state, piece))
    after = run.all()
    bytes_ = [Mistake(a, b, ERROR, INVALID_UTF8, state) for a, b in bad_sequences(piece)]
    return after, tuple(sorted([*run.mistakes, *bytes_], key=lambda m: m.start) if bytes_ else run.mistakes)


def steps_of(machine: Machine, state: AnyState, piece: str) -> tuple[list[Step], AnyState]:
    """How each token of a piece is parsed, and the state after it; what `tree` builds from."""
    run = _Run(machine, state, lexed(machine, state, piece))
    after = run.all()
    return run.steps, after


class _Run:
    """One pass over one piece."""

    def __init__(self, machine: Machine, first: AnyState, piece: str) -> None:
        self.machine, self.first, self.piece, self.state = machine, first, piece, first
        self.mistakes: list[Mistake] = []
        self.steps: list[Step] = []
        self.index = 0                                   # of the next token
        self.dropped = False                             # was the token before this one dropped?
        mode = first.mode if isinstance(first, InToken) else None
        self.tokens = list(machine.lexer.scan(piece, mode))

    def all(self) -> AnyState:
        while self.index < len(self.tokens):
            index, token = self.index, self.tokens[self.index]
            self.index += 1
            if token.mode is not None:
                self.steps.append(Step(token, self.state, -1))
                base = self.state.base if isinstance(self.state, InToken) else self.state
                return InToken(self.machine, base, token.mode)
            if isinstance(self.state, InToken):
                self.state = self._outside(token)
            if token.kind == NL:
                self._end_line()
            else:
                self._take(index, token)
        after = self.machine.after(self.state.base, NL) if isinstance(self.state, InToken) else self.state
        # nothing was taken of a text's beginning: what stands behind it is no beginning of a text all the same
        return self.machine.state(after.ahead, True) if after is self.machine.start else after

    def _end_line(self) -> None:
        """A line whose last tokens were dropped has been reported: the next one begins at the nearest anchor."""
        state = self.state
        assert not isinstance(state, InToken)
        anchor = nearest(self.machine, state.cells[0]) if self.dropped else None
        self.state = state[self.machine.lexer.keys[NL]] if anchor is None else self.machine.state(anchor, True)
        self.dropped = False

    def _outside(self, token: Scanned) -> AnyState:
        """The state in which `token` stands, when the piece began inside a token that spans lines."""
        assert isinstance(self.state, InToken)
        comment = token.start > 0 or self.machine.lexer.spanning[self.state.mode.token].kind is None
        return self.machine.after(self.state.base, NL) if comment else self.state.base

    def _take(self, index: int, token: Scanned) -> None:
        wrong = self.machine.wrong.get(token.kind)
        if wrong is not None:
            self._report(token, wrong.code)
            if wrong.stands_for is not None:
                kind, other = (self.machine.lexer.kind.get(name or "") for name in (wrong.stands_for, wrong.or_else))
                assert kind is not None
                self._step(token, kind if other is None or self._takes(kind) else other)
            else:
                self.steps.append(Step(token, self.state, -1))
        elif token.kind == ERROR:
            self._report(token, UNKNOWN_TOKEN)
            self.steps.append(Step(token, self.state, -1))
        elif not self._step(token, token.kind, report=index):
            self.dropped = True

    def _takes(self, kind: int) -> bool:
        assert not isinstance(self.state, InToken)
        try:
            self.state[self.machine.lexer.keys[kind]]
        except Reject:
            return False
        return True

    def _step(self, token: Scanned, kind: int, report: int | None = None) -> bool:
        """Take a token as `kind`, further out if need be; was it taken?  Reports an error unless `report` is None."""
        state = self.state
        assert not isinstance(state, InToken)
        try:
            self.state = state[self.machine.lexer.keys[kind]]
        except Reject:
            if report is not None and not self.mistakes and self._restart(report):
                return True
            fresh = report is not None and not self.dropped
            past = _past(self.steps)
            if fresh:                                    # one diagnostic for a run of dropped tokens, at its first
                self.mistakes.append(Mistake(token.start, token.end, kind, EXPECTED_TOKENS, state, past))
            at_margin = self._at_margin(token)
            before = _other(self.machine, state, kind)
            if before is None:                           # (not its truth: a state that is new is an empty dictionary)
                if fresh and not (at_margin and kind in self.machine.margin) and self._mend(past):
                    return True
                before = recovered(self.machine, state, kind, at_margin)
            if before is None:
                self.steps.append(Step(token, state, -1))
                return False
            self.steps.append(Step(token, before, kind, jumped=True))
            self.state = before[self.machine.lexer.keys[kind]]
        else:
            self.steps.append(Step(token, state, kind))
        self.dropped = False
        return True

    def _mend(self, past: tuple[Step, ...]) -> bool:
        """Go on as if the best repair within the piece had been made; is there one?"""
        state, index = self.state, self.index - 1
        assert not isinstance(state, InToken)
        if len(self.mistakes) > MENDED:
            return False
        ahead = list(takewhile(self._may_be_taken, self.tokens[index:index + AHEAD]))
        tokens = [*(step.token for step in past), *ahead]
        damage = Damage((*(step.state for step in past), state),
                        (*(step.kind for step in past), *(self._taken_as(t.kind) for t in ahead)))
        found = repairs(self.machine, damage, wanted=1)
        if not found or not found[0].clean or not self._trusted(found[0].changes, damage):
            return False
        self._apply(damage, found[0].changes[0], tokens)
        self.index = index + 1
        return True

    def _trusted(self, changes: tuple[Change, ...], damage: Damage) -> bool:
        """Is it likely that parsing goes on well behind a repair?  Seen from one line that cannot be known."""
        change, name = changes[0], self.machine.tables.kinds[changes[0].kind]
        state = damage.states[change.index]
        follows = sum(kind != NL for kind in damage.kinds[damage.at + 1:])
        if len(changes) > 1 and (name != "," or changes[1].index <= damage.at):
            return False                                 # (what is further on is another mistake: each has its own)
        if left_open(self.machine, damage, change):
            return False
        if damage.states[-1].nl and change.index == damage.at:       # the line before may have been meant to end there
            return change.op == "insert" and name != "," or change.op == "delete" and self._leads_nowhere(damage)
        if change.op == "replace" and alike(self.machine, change.kind, damage.kinds[change.index]):
            return True
        sure = name in _JOINING or change.kind in self.machine.closers or change.kind in supposed_kinds(
            self.machine, state)
        return change.op == "insert" and sure or follows >= FOLLOWING

    def _leads_nowhere(self, damage: Damage) -> bool:
        """If the unexpected token is taken further out, is the next one of its line wrong as well?"""
        state, kind, following = damage.states[-1], damage.kinds[damage.at], damage.kinds[damage.at + 1:damage.at + 2]
        before = recovered(self.machine, state, kind, at_margin=False)
        if before is None or not following or following[0] == NL:
            return False
        try:
            self.machine.after(self.machine.after(before, kind), following[0])
        except Reject:
            return True
        return False

    def _may_be_taken(self, token: Scanned) -> bool:
        wrong = self.machine.wrong.get(token.kind)
        return token.mode is None and token.kind != ERROR and (wrong is None or wrong.stands_for is not None)

    def _taken_as(self, kind: int) -> int:
        wrong = self.machine.wrong.get(kind)
        return kind if wrong is None or wrong.stands_for is None else self.machine.lexer.kind[wrong.stands_for]

    def _apply(self, damage: Damage, change: Change, tokens: list[Scanned]) -> None:
        """Parse the tokens from a change up to the unexpected one as they would be then."""
        state = damage.states[change.index]
        if change.index < damage.at:
            del self.steps[change.index - damage.at:]
        for index in range(change.index, damage.at + 1):
            kind, here = damage.kinds[index], index == change.index
            if here and change.op == "insert":
                state = inserted(self.machine, state, change)
            elif here:
                kind = change.kind if change.op == "replace" else -1
            self.steps.append(Step(tokens[index], state, kind, here and change.op == "insert"))
            state = self.machine.after(state, kind) if kind >= 0 else state
        self.state = state

    def _report(self, token: Scanned, code: str) -> None:
        """A token that is wrong wherever it stands; adjoining ones of the same kind are one mistake."""
        if "\udc80" <= self.piece[token.start] <= "\udcff":
            return                                       # reported as ill-formed UTF-8
        last = self.mistakes[-1] if self.mistakes else None
        if last is not None and last.kind == token.kind and last.code == code and last.end == token.start:
            last.end = token.end
            return
        self.mistakes.append(Mistake(token.start, token.end, token.kind, code, self.state))

    def _at_margin(self, token: Scanned) -> bool:
        return token.start == 0 and not isinstance(self.first, InToken) and self.first.nl

    def _restart(self, index: int) -> bool:
        """Run the tokens so far again from the outermost anchor, if the line begins anew there; was it done?"""
        machine, first, head = self.machine, self.first, self.tokens[0]
        if (not index or isinstance(first, InToken) or head.kind not in machine.margin or not self._at_margin(head)
                or self.tokens[index].end > RESTART_WITHIN or machine.accepts_end(first)):
            return False
        outer = outermost(machine, first.cells[0])
        if outer is None or (state := machine.state(outer, True)) is first:
            return False
        steps: list[Step] = []
        try:
            for token in self.tokens[:index + 1]:
                steps.append(Step(token, state, token.kind, not steps))
                state = machine.after(state, token.kind)
        except Reject:
            return False
        self.mistakes.append(Mistake(head.start, head.end, head.kind, EXPECTED_TOKENS, first))
        self.steps, self.state, self.dropped = steps, state, False
        return True


def _past(steps: list[Step]) -> tuple[Step, ...]:
    """The last tokens that were taken one after the other."""
    past: list[Step] = []
    for step in reversed(steps[-BACK:]):
        if step.kind < 0:
            break
        past.append(step)
        if step.jumped:
            break
    return tuple(reversed(past))


def inserted(machine: Machine, state: Settled, change: Change) -> Settled:
    """The state after an insertion, which at a line's start may be on either side of the line break."""
    if not state.nl or change.below:
        return machine.after(state, change.kind)
    return machine.after(machine.after(machine.state(state.ahead, False), change.kind), NL)


def nearest(machine: Machine, cell: AnyCell) -> AnyCell | None:
    """The nearest anchor of a continuation."""
    return next((at for symbol, at in machine.cells.walk(cell) if machine.tables.anchor[symbol]), None)


def outermost(machine: Machine, cell: AnyCell) -> AnyCell | None:
    """The outermost anchor of a continuation; only a very low depth cap leaves none among the shared cells."""
    found = None
    for begin in (cell.shared, cell) if isinstance(cell, DeepCell) else (cell,):
        for symbol, at in machine.cells.walk(begin):
            if machine.tables.anchor[symbol]:
                found = at
        if found is not None:
            break
    return found


def recovered(machine: Machine, state: Settled, kind: int, at_margin: bool) -> Settled | None:
    """A state further out in which an unexpected token can be taken; None: drop the token."""
    flagged = 2 * kind + state.nl
    cell = state.cells[0]
    anchor = outermost(machine, cell) if at_margin and kind in machine.margin else None
    if anchor is not None and machine.step(anchor, flagged) is not None:
        return machine.state(anchor, state.nl)
    for place in _places(machine, cell, flagged, kind != EOF and (state.nl or kind in machine.closers)):
        if machine.step(place, flagged) is not None:
            return machine.state(place, state.nl)
    return None


def _other(machine: Machine, state: Settled, kind: int) -> Settled | None:
    """The state in which a token is taken that the grammar knows to be written here instead of what is right."""
    t, store = machine.tables, machine.cells
    for symbol, at in islice(store.walk(state.cells[0]), LOOK_OUT) if t.instead else ():
        if symbol in t.instead:
            place = store.push(t.instead[symbol], store.pop(at)[1])
            if machine.step(place, 2 * kind + state.nl) is not None:
                return machine.state(place, state.nl)
        if not (t.passive(symbol) or t.missing[symbol] or t.empty[symbol] is not None):
            break
    return None


def _places(machine: Machine, cell: AnyCell, flagged: int, outward: bool) -> Iterator[AnyCell]:
    """Continuations to go on with, nearest first: absent tokens, `skip` marks; and frames, if `outward`.

    Only so many symbols are looked at: in a deep nest an error must not cost its depth.
    """
    t, store = machine.tables, machine.cells
    at_top, above = True, -1
    for symbol, at in islice(store.walk(cell), LOOK_OUT):
        skip, term = t.skip[symbol], t.term[symbol]
        if skip is not None:
            if above not in t.guarded or at_top:         # else its body has not begun
                yield store.push(skip, store.pop(at)[1])
        elif at_top and t.missing[symbol]:
            yield store.pop(at)[1]
        elif outward and (t.anchor[symbol] or term is not None and flagged in term):
            yield at
        at_top = at_top and (t.passive(symbol) or t.empty[symbol] is not None or t.missing[symbol])
        above = symbol
