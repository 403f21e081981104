"""One token: how continuations take it, and which alternatives survive.

The quick way is a look-up: what a symbol leaves behind for a kind (`_predict`).  Where several alternatives are alive,
each *way* to take the token is followed, with what it commits on the way, and the ordered choice is made among them.

Knows no pieces and no states; `machine` remembers the results.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from engine.parse.cells import AnyCell, Cell, Cells, DeepCell, Notes
from engine.parse.states import Ahead, Several, Tags, ahead_of
from engine.parse.tables import COMMIT, CUT, NOTE, Symbols_, Tables

__all__ = ["ADOPT", "CLOSE", "OPEN_NODE", "TAKE", "Actions", "Move", "Steps"]

_NO_TAGS: Final[frozenset[Notes]] = frozenset()


#: What a tree builder does: append the token, open a node, open one around the last sibling, close a node.
TAKE, OPEN_NODE, ADOPT, CLOSE = range(4)
_OPS: Final = {"open": OPEN_NODE, "adopt": ADOPT, "close": CLOSE}
Actions = tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Move:
    """How one continuation takes a token: its index in the state, the symbols that made tree events (-1: the token)."""

    source: int
    events: Symbols_
    actions: Actions
    """The events as (what to do, name of the node)."""


class Commit(NamedTuple):
    """A commit that was passed: what lay below it, and how many choices had been entered before."""

    below: AnyCell
    entered: int


@dataclass(slots=True)
class _Way:
    """One way to take a token: what follows, events, the notes it left behind, and its commits."""

    cell: AnyCell
    events: Symbols_
    left: tuple[Notes, ...]
    commits: tuple[Commit, ...]
    source: int = 0
    dead: bool = False
    """It cannot take the token, but got past a commit before it found out."""
    entered: tuple[tuple[AnyCell, int], ...] = ()
    """The choices it entered with this token: the note, and the number of the alternative."""


#: Finished frames that are a long stack, and how many of those are remembered.
_LONG: Final = 16
#: What a single symbol does with a kind, besides leaving symbols to go on with.
_POP: Final = ("pop",)
_FAIL: Final = ("fail",)


class Steps:
    """Takes tokens over the continuations of one machine."""

    def __init__(self, tables: Tables, cells: Cells) -> None:
        self.tables, self.cells, self.count = tables, cells, 0
        #: For each symbol, what kinds leave of it; the last two are those at which a continuation ends.
        kinds = range(2 * len(tables.kinds))
        self._left = [*({} for _ in tables.names), *2 * [dict[int, Any].fromkeys(kinds, _FAIL)]]
        self._events: list[dict[int, Symbols_]] = [{} for _ in tables.names]
        """For each symbol, the events that it makes with kinds; known where it is known what they leave of it."""
        self._deep: dict[tuple[Symbols_, int], Any] = {}
        self._finished: dict[AnyCell, tuple[AnyCell, Notes | None]] = {}
        """What long stacks of finished frames amount to; see `_finish`."""
        self._only_moves: dict[Symbols_, tuple[Move]] = {}
        #: What each symbol makes a tree builder do; last, for -1, what a token does.
        self._actions = [(_OPS[event.op], event.name) if event else (TAKE, "") for event in (*tables.event, None)]

    def forget(self) -> None:
        """Forget what was found out about single continuations."""
        self._deep, self._finished, self._only_moves = {}, {}, {}

    def step(self, ahead: Ahead, kind: int) -> Ahead | None:
        """What may follow after a flagged kind; None if it cannot follow."""
        self.count += 1
        if isinstance(ahead, Several):
            return self._pruned(self._ways(ahead.cells, kind), ahead.tags)
        cell = ahead
        store = self.cells
        while cell.__class__ is DeepCell:
            left = self._deep_left(cell.tail, kind)
            if left is False:
                return self._pruned(self._ways((cell,), kind), None)
            if left is _FAIL:
                return None
            if left is not _POP:
                return store.on(left, cell.rest) if left else self._settle(cell.rest)
            cell = cell.rest
        while True:
            symbol = cell.symbol                         # type: ignore[union-attr]
            left = self._left[symbol].get(kind)
            if left is None:
                left = self._predict(symbol, kind)
            if left is False:
                return self._pruned(self._ways((cell,), kind), None)
            if left is _FAIL:
                return None
            if left is not _POP:
                return store.push(left, cell.rest) if left else self._settle(cell.rest)
            cell = cell.rest

    def _deep_left(self, tail: Symbols_, kind: int) -> Any:
        """What `kind` leaves of a deep cell's tail, settled; `_POP`, `_FAIL` and False as in `_predict`."""
        key = tail, kind
        known = self._deep.get(key)
        if known is None:
            known = _POP
            for i, symbol in enumerate(tail):
                left = self._predict(symbol, kind)
                if left is not _POP:
                    known = left if left is False or left is _FAIL else self._settled(left + tail[i + 1:])
                    break
            self._deep[key] = known
        return known

    def _settled(self, symbols: Symbols_) -> Symbols_:
        """`_settle` for symbols that are not cells yet."""
        t, start = self.tables, 0
        while start < len(symbols) and (t.event[symbols[start]] is not None or t.mark[symbols[start]] is not None):
            start += 1
        return symbols[start:]

    def _predict(self, symbol: int, kind: int) -> Any:
        """What `kind` leaves of a symbol, settled; `_POP`: it matches nothing; `_FAIL`; False: several ways."""
        t, stack, events = self.tables, [symbol], list[int]()
        left: Any = _POP
        while stack and left is _POP:
            s = stack.pop()
            term, guard, plan = t.term[s], t.guard[s], t.plan[s]
            if t.event[s] is not None:
                events.append(s)
            elif term is not None:
                events.append(-1)
                following = tuple(reversed(stack))
                left = self._settled(following) if kind in term else _FAIL
                events += [s for s in following[:len(following) - len(left)] if t.event[s] is not None]
            elif guard is not None:
                left = _POP if kind in guard else _FAIL
            elif plan is not None:
                ways, empty = plan.get(kind), t.empty[s]
                if ways is not None and len(ways) > 1:
                    left = False
                elif ways is None and empty is None:
                    left = _FAIL
                else:
                    stack.extend(reversed(ways[0] if ways is not None else empty or ()))
        self._left[symbol][kind], self._events[symbol][kind] = left, tuple(events)
        return left

    def _settle(self, cell: AnyCell) -> AnyCell:
        """Pop finished frames right after a token, so that equal continuations become equal cells at once."""
        t, store = self.tables, self.cells
        while cell is not store.bottom:
            symbol = cell.symbol if cell.__class__ is Cell else cell.tail[0]      # type: ignore[union-attr]
            if t.event[symbol] is None and t.mark[symbol] is None:
                return cell
            cell = store.pop(cell)[1]
        return store.done

    def _ways(self, cells: tuple[AnyCell, ...], kind: int, *, events: bool = False) -> list[_Way]:
        """All ways of the continuations to take a flagged kind, in order of preference; with their events if wanted."""
        out: list[_Way] = []
        for source, cell in enumerate(cells):
            first = len(out)
            self._advance(cell, cell.depth, kind, [] if events else None, (), (), out)
            for way in out[first:]:
                way.source = source
        return out

    def _advance(self, cell: AnyCell, old: int, kind: int, events: list[int] | None, left: tuple[Notes, ...],
                 commits: tuple[Commit, ...], out: list[_Way], entered: tuple[tuple[AnyCell, int], ...] = ()) -> None:
        """Cells up to the depth `old` were there before this token: an attempt that ends above it has taken nothing."""
        t, store = self.tables, self.cells
        while cell is not store.bottom and cell is not store.done:
            symbol, rest = store.pop(cell)
            above, old = old, min(old, rest.depth)
            term, plan, guard = t.term[symbol], t.plan[symbol], t.guard[symbol]
            if plan is not None:
                ways, empty = plan.get(kind), t.empty[symbol]
                if ways is None and empty is None:
                    break
                if ways is not None and len(ways) > 1:
                    note = store.push(ways[0][-1:], rest)
                    for i, way in enumerate(ways):
                        shown = None if events is None else [*events]
                        self._advance(store.push(way, rest), old, kind, shown, left, commits, out,
                                      (*entered, (note, i)))
                    return
                cell = store.push(ways[0] if ways is not None else empty or (), rest)
            elif term is not None:
                if kind not in term:
                    break
                if events is not None:
                    events.append(-1)
                cell, left, commits = self._finish(rest, rest.depth, events, left, commits, len(entered))
                after = store.done if cell is store.bottom else cell
                out.append(_Way(after, tuple(events or ()), left, commits, entered=entered))
                return
            elif t.skip[symbol] is not None or guard is not None and kind in guard:
                cell = rest
            elif guard is not None:
                break
            else:
                cell, left, commits = self._finish(cell, above, events, left, commits, len(entered))
                old = min(old, cell.depth)
        if commits:
            out.append(_Way(cell, (), left, commits, dead=True, entered=entered))

    def _finish(self, cell: AnyCell, old: int, events: list[int] | None, left: tuple[Notes, ...],
                commits: tuple[Commit, ...], entered: int) -> tuple[AnyCell, tuple[Notes, ...], tuple[Commit, ...]]:
        """Go past the frames that are finished at the top of a continuation, taking up their events, notes and commits.

        Where right recursion has left a long stack of them, what they amount to is remembered for a while: going
        through them at each token would be quadratic.  Events are wanted one by one all the same.
        """
        t, store = self.tables, self.cells
        first, count, own, plain = cell, 0, list[Commit](), True
        notes: Notes | None = None
        while cell is not store.bottom and cell is not store.done:
            known = self._finished.get(cell) if events is None and self._finished else None
            if known is not None:
                cell, below = known
                notes, count = _joined(notes, below), count + _LONG
                break
            symbol, rest = store.pop(cell)
            mark = t.mark[symbol]
            if t.event[symbol] is not None:
                if events is not None:
                    events.append(symbol)
            elif mark == NOTE:
                notes = _joined(notes, Notes(cell, cell.depth))
            elif mark in (COMMIT, CUT):
                plain = False
                if mark == CUT or cell.depth <= old:
                    own.append(Commit(rest, entered))
            elif mark is None:
                break
            cell, count, old = rest, count + 1, min(old, rest.depth)
        if count > _LONG and plain:
            if len(self._finished) > _LONG:
                self._finished.clear()
            self._finished[first] = cell, notes
        return cell, left if notes is None else (*left, notes), (*commits, *own)

    def _pruned(self, ways: list[_Way], tags: Tags) -> Ahead | None:
        kept = self._prune(ways, tags)
        if not kept:
            return None
        new = tuple(tag for _, tag in kept)
        return ahead_of(tuple(way.cell for way, _ in kept), new if any(new) else None)

    def _prune(self, ways: list[_Way], tags: Tags) -> list[tuple[_Way, frozenset[Notes]]]:
        """Drop duplicates (leftmost wins) and what a commit further left has beaten.

        An alternative that has left its choice while one further left is undecided in it stays tagged with that
        choice's note, so that a later commit still finds it: ordered choice as a backtracking parser has it.
        """
        kept: list[tuple[_Way, frozenset[Notes]]] = []
        committed: list[_Way] = []
        for way in ways:
            tag = (tags[way.source] if tags else _NO_TAGS).union(way.left)
            if any(self._beaten(way, tag, by) for by in committed):
                continue
            if way.commits:
                committed.append(way)
            if way.dead:
                continue
            tag = frozenset(still for notes in tag if (still := self._undecided(notes, kept)) is not None)
            if not any(other.cell == way.cell and other_tag <= tag for other, other_tag in kept):
                kept.append((way, tag))
        return kept

    def _undecided(self, notes: Notes, kept: list[tuple[_Way, frozenset[Notes]]]) -> Notes | None:
        """Those of some notes that an alternative further left is still inside of."""
        found = [self.cells.common_note(other.cell, notes) for other, _ in kept]
        top = max((note for note in found if note is not None), key=lambda note: note.depth, default=None)
        return Notes(top, notes.floor) if top is not None else None

    def _beaten(self, way: _Way, tag: frozenset[Notes], by: _Way) -> bool:
        """Is a way inside a choice, or tagged with one, that another way has committed to another alternative of?"""
        store, all_, same = self.cells, (*tag, Notes(way.cell, 0)), by.source == way.source
        return any(store.common_note(commit.below, notes, before_commit=True) for commit in by.commits
                   for notes in (self._parted(way, tag, by, commit.entered) if same else all_))

    def _parted(self, way: _Way, tag: frozenset[Notes], by: _Way, entered: int) -> tuple[Notes, ...]:
        """The choices that two ways of one continuation had entered differently when so many had been entered.

        They parted with this token.  Later they may have entered the same choice once more, in a loop.
        """
        store, ours, theirs = self.cells, way.entered[:entered], by.entered[:entered]
        parted = {note for note, i in (*theirs, *ours) if _entered(theirs, note) != _entered(ours, note)}
        return tuple(Notes(note, note.depth) for note in parted if store.inside(way.cell, note)
                     or any(note.depth >= notes.floor and store.inside(notes.top, note) for notes in tag))

    def moves(self, ahead: Ahead, kind: int) -> tuple[Move, ...]:
        """How each continuation after a flagged kind came about, in the order of `step`."""
        cells, tags = ahead if isinstance(ahead, Several) else ((ahead,), None)
        if len(cells) == 1 and (events := self._only_events(cells[0], kind)) is not None:
            known = self._only_moves.get(events)
            if known is None:
                known = self._only_moves[events] = (self._move(0, events),)
            return known
        kept = self._prune(self._ways(cells, kind, events=True), tags)
        return tuple(self._move(way.source, way.events) for way, _ in kept)

    def _move(self, source: int, events: Symbols_) -> Move:
        return Move(source, events, tuple([self._actions[symbol] for symbol in events]))

    def _only_events(self, cell: AnyCell, kind: int) -> Symbols_ | None:
        """The events where there is one way to take a kind and nothing to choose; None elsewhere."""
        t, store, events, taken = self.tables, self.cells, list[int](), False
        while cell is not store.bottom and cell is not store.done:
            symbol, rest = (cell.symbol, cell.rest) if cell.__class__ is Cell else store.pop(cell)
            if t.event[symbol] is not None:
                events.append(symbol)
            elif t.mark[symbol] is None:
                if taken:
                    break
                left = self._left[symbol].get(kind)
                if left is None:
                    left = self._predict(symbol, kind)
                if left is False or left is _FAIL:
                    return None
                events += self._events[symbol][kind]
                if left is not _POP:
                    taken = True
                    if left:
                        break
            cell = rest
        return tuple(events) if taken else None


def _joined(notes: Notes | None, below: Notes | None) -> Notes | None:
    """Two ranges of one continuation as one."""
    return below if notes is None else notes if below is None else Notes(notes.top, below.floor)


def _entered(choices: tuple[tuple[AnyCell, int], ...], note: AnyCell) -> list[int]:
    """The alternatives of a choice that were entered."""
    return [i for at, i in choices if at == note]
