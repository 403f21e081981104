"""What a run gives: the value, what was said about the text, and what was left over.

Everything that costs time (the tree, the trace) is made when somebody asks.  Batch and stream make the same result
from the same finished cursor, so they cannot disagree.

Knows no feeder.  Invariant: two runs over the same text with the same configuration give equal results, however the
text was cut into chunks.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, NamedTuple

from engine.parse.config import RunConfig
from engine.parse.cursor import Cursor
from engine.parse.diagnostics import Diagnostic, Related, Severity
from engine.parse.expected import open_rules
from engine.parse.feeder import StreamError
from engine.parse.meta import Packrat
from engine.parse.namespace import Problem
from engine.parse.recovery import EXPECTED_TOKENS
from engine.parse.runs import Run
from engine.parse.scene import Placed
from engine.parse.source import Position, Span
from engine.parse.tree import Node, Token, build

__all__ = ["SPANS_KEPT", "ParseResult", "ParseResultWithRest", "Traced", "folded", "last_closed", "leftover",
           "text_after", "text_before", "trace_of"]

#: finished rules that a trace remembers, the latest
SPANS_KEPT: Final = 128


class Traced(NamedTuple):
    """A rule that was finished, and where it stands."""

    label: str
    span: Span


class ParseResult:
    """The result of a run; compares by value, diagnostics, recovery, extent and trace.

    `cursor` is the end of what was parsed, `rest_at` where a rest begins, `errors` what the input ended by, `problems`
    what is odd about the configuration.
    """

    __slots__ = ("_trace", "_value", "config", "cursor", "diagnostics", "errors", "problems", "recovered", "rest_at")

    def __init__(self, cursor: Cursor, config: RunConfig, diagnostics: tuple[Diagnostic, ...], *, valued: bool = True,
                 recovered: bool = False, rest_at: Position | None = None, errors: tuple[StreamError, ...] = (),
                 problems: tuple[Problem, ...] = ()) -> None:
        self.cursor, self.config, self.diagnostics, self.recovered = cursor, config, diagnostics, recovered
        self.rest_at, self.errors, self.problems = rest_at, errors, problems
        self._value: Node | bool | None = valued or None         # True: to be made
        self._trace: tuple[Traced, ...] | None = None

    @property
    def value(self) -> Node | None:
        """The tree; None if the text was not kept, or if recovery is off and the text is wrong."""
        if self._value is True:
            self._value = self.cursor.value()
        return self._value  # type: ignore[return-value]

    @property
    def span(self) -> Span:
        """The text that was parsed."""
        return Span(Position(0, 0), self.cursor.position)

    @property
    def span_trace(self) -> tuple[Traced, ...] | None:
        """The rules finished last, in that order; None unless the run traces."""
        if self._trace is None and self.config.trace:
            tree = self.cursor.value()
            self._trace = trace_of(tree) if tree is not None else ()
        return self._trace

    @property
    def packrat(self) -> Packrat:
        """How often the memo was asked and knew."""
        cursor = self.cursor
        return Packrat(cursor.pieces, cursor.pieces - cursor.misses) if self.config.packrat else Packrat()

    @property
    def farthest_error(self) -> Position | None:
        """Where the last error stands."""
        return max((d.span.start for d in self.diagnostics if d.severity is Severity.ERROR), default=None)

    @property
    def legacy_error(self) -> Diagnostic | None:
        """The first error, if the run was asked for it."""
        if not self.config.legacy_result:
            return None
        return next((d for d in self.diagnostics if d.severity is Severity.ERROR), None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ParseResult):
            return NotImplemented
        mine = self.diagnostics, self.recovered, self.span, self.rest_at, self.errors, self.span_trace
        theirs = other.diagnostics, other.recovered, other.span, other.rest_at, other.errors, other.span_trace
        return mine == theirs and self.value == other.value

    __hash__ = None  # type: ignore[assignment]  # holds a tree, which is compared by content

    def __repr__(self) -> str:
        return f"ParseResult({len(self.diagnostics)} diagnostics, recovered={self.recovered}, to {self.span.end})"


class ParseResultWithRest(NamedTuple):
    """A result, and the text behind the longest beginning that is complete (None: nothing is left)."""

    result: ParseResult
    rest: str | None


def folded(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """The list with each series of warnings of one code folded into its first, which names the places of the others."""
    out: list[Diagnostic] = []
    for diagnostic in diagnostics:
        last = out[-1] if out else None
        both = last is not None and last.code == diagnostic.code
        if last is not None and both and last.severity is diagnostic.severity is Severity.WARNING:
            out[-1] = replace(last, related=(*last.related, Related(diagnostic.span, diagnostic.message)))
        else:
            out.append(diagnostic)
    return out


# ------------------------------------------------------------------------------------------------------------- the rest
def leftover(cursor: Cursor, diagnostics: list[Diagnostic]) -> Position | None:
    """Where the first token stands before which a finished text could have ended, but did not."""
    lines = {diagnostic.span.start.line for diagnostic in diagnostics}
    machine = cursor.machine
    for placed in _placed(cursor):
        if placed.line in lines:
            for mistake in machine.mistakes(placed.state, placed.piece):
                if mistake.code == EXPECTED_TOKENS and machine.accepts_end(mistake.state):
                    return Position(placed.line, placed.column + mistake.start)
    return None


def text_before(cursor: Cursor, at: Position) -> str:
    """The text before a place."""
    return "".join(placed.piece[:_columns_before(placed, at)] for placed in _placed(cursor))


def text_after(cursor: Cursor, at: Position) -> str:
    """The text from a place on."""
    return "".join(placed.piece[_columns_before(placed, at):] for placed in _placed(cursor))


def _columns_before(placed: Placed, at: Position) -> int:
    """How much of a piece stands before a place."""
    if placed.line != at.line:
        return len(placed.piece) if placed.line < at.line else 0
    return min(len(placed.piece), max(0, at.column - placed.column))


def _placed(cursor: Cursor) -> Iterator[Placed]:
    """The pieces run, in order, each with its state and place."""
    chain: list[Run] = []
    run: Run | None = cursor.runs
    while run is not None:
        chain.append(run)
        run = run.previous
    for behind in reversed(chain):
        line, column = behind.begin
        for piece, state in zip(behind.pieces, behind.states, strict=False):  # there is a state more than pieces
            yield Placed(piece, state, line, column)
            line, column = (line + 1, 0) if piece.endswith(("\n", "\r")) else (line, column + len(piece))


# ------------------------------------------------------------------------------------------------------------ the trace
def trace_of(tree: Node) -> tuple[Traced, ...]:
    """The last `SPANS_KEPT` nodes of a tree in the order in which they were finished."""
    latest: list[Traced] = []
    for node in _latest_first(tree):
        if len(latest) == SPANS_KEPT:
            break
        latest.append(Traced(node.rule, node.span))
    return tuple(reversed(latest))


def _latest_first(tree: Node) -> Iterator[Node]:
    """The nodes below the root that have leaves, the one finished last first (a post-order walk, backwards)."""
    stack = [child for child in tree.children if isinstance(child, Node)]
    while stack:
        node = stack.pop()
        if node.first is not None:
            yield node
            stack.extend(child for child in node.children if isinstance(child, Node))


def last_closed(cursor: Cursor) -> Span | None:
    """The span of the rule finished last in the pieces that `cursor` has run; None if none is."""
    node = build(cursor.machine, cursor.collected())
    path = [node]
    for _ in open_rules(cursor.machine, cursor.state):
        children = [child for child in node.children if isinstance(child, Node)]
        if not children:
            break
        node = children[-1]
        path.append(node)
    return _closed_before(path)


def _closed_before(path: list[Node]) -> Span | None:
    """The last finished child of the innermost of some nested unfinished nodes that has one."""
    open_below: Node | None = None
    for node in reversed(path):
        for child in reversed(node.children):
            if isinstance(child, Token) or child is open_below or child.first is None:
                continue
            return child.span
        open_below = node
    return None
