"""The engine beside other parsers, on the same machine and texts in one run.

``python -m tests.bench.parsers_beside [--sizes 0.01 1 10]`` prints two tables: JSON beside tree-sitter, lark, parsy
and the standard library, all on the same text; and Reml beside parsers of Python, on texts made up with about as many
characters a token.  What is not installed (extra `bench`) is named and left out.

Figures are medians of processor time, the garbage collector off while a clock runs; the contenders take turns.  In
brackets: how many times better the engine, the first column, does.  What would take longer than `--patience` is not
measured but estimated in proportion to a smaller text, and marked with "~"; ">" marks the figure of a smaller text
itself, of a parser that is told of edits.  Who takes seconds for a letter types only two.  A run takes minutes.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import io
import multiprocessing
import statistics
import time
import tokenize
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from engine.parse.document import Document
from tests.bench import arguments
from tests.bench.contenders import FAULTS, TABLES, EngineTyping, broken, fresh, middle, text_in
from tests.bench.engine_speed import MB
from tests.bench.metering import rss
from tests.bench.other_parsers import Action, Contender, Read, Typing
from tests.bench.yardstick import machine_speed

#: Bytes given at once to a parser that can be suspended.
CHUNKS = (64, 4096)
#: Letters typed one after the other before it is another contender's turn: only the first finds the processor's caches
#: full of what others do.
BURST = 5
#: Characters opened before anything is timed: imports, compiled grammars.
WARM_UP = 2000


# ------------------------------------------------------------------------------------------------------- the figures
class Cell(NamedTuple):
    """A figure in the row's unit, or why there is none."""

    figure: float | None
    note: str = ""


@dataclass
class Row:
    """A figure of each contender, by its name; `less` says that less is better."""

    title: str
    unit: str
    less: bool
    cells: dict[str, Cell] = field(default_factory=dict)

    def shown(self, name: str) -> str:
        """A cell as it is printed."""
        figure, note = self.cells[name]
        if figure is None:
            return note
        first, said = next(iter(self.cells)), f"{note}{_with_unit(figure, self.unit)}"
        ours = self.cells[first].figure
        if name == first or not ours or not figure or ours < 0 or figure < 0:
            return said
        times = figure / ours if self.less else ours / figure
        return f"{said} ({_short(times)}×)"


def _with_unit(figure: float, unit: str) -> str:
    if unit == "us" and figure >= 1000:
        return f"{_short(figure / 1000)} ms" if figure < MB else f"{_short(figure / MB)} s"
    return f"{_short(figure)} {unit}"


def _short(figure: float) -> str:
    return f"{figure:.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


@dataclass(frozen=True)
class Plan:
    """How much is measured: characters of the texts to type in and of the one to read, rounds, seconds."""

    typed: Sequence[int] = (10_000, MB, 10 * MB)
    read: int = MB
    rounds: int = 5
    letters: int = 25
    patience: float = 20.0


@contextmanager
def collector_off() -> Iterator[None]:
    """Garbage is looked for before, not while a clock runs."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def seconds_of(action: Action) -> float:
    """Processor seconds of one call."""
    began = time.process_time()
    action()
    return time.process_time() - began


class _Anew:
    """A text that is read anew with each letter, by a parser that has read it before."""

    def __init__(self, read: Read, text: str, at: int) -> None:
        self.read, self.source, self.at = read, text, at
        self.result = read(text)

    def text(self) -> str:
        return self.source

    def letter(self) -> Action:
        self.source = f"{self.source[:self.at]}q{self.source[self.at:]}"
        self.at += 1
        return partial(self.read, self.source)


def opened(contender: Contender, text: str) -> Typing:
    """The text kept by a contender for somebody who types in its middle."""
    at = middle(contender.language, text)
    return contender.typing(text, at) if contender.typing else _Anew(contender.reader(), text, at)


def letters(contenders: Sequence[Contender], plan: Plan) -> Iterator[Row]:
    """A letter typed in the middle of texts of each size."""
    known: dict[str, tuple[int, float, float]] = {}      # size, seconds to open it, seconds of a letter
    for contender in contenders:
        opened(contender, text_in(contender.language, WARM_UP))
    for size in sorted(plan.typed):
        row = Row(f"letter in the middle of {_size(size)}", "us", less=True)
        sessions: dict[str, Typing] = {}
        for contender in contenders:
            before = known.get(contender.name)
            if before is not None and _takes_too_long(contender, before, size, plan):
                at_least = before[2] if contender.typing else before[2] * size / before[0]
                row.cells[contender.name] = Cell(at_least * 1e6, ">" if contender.typing else "~")
                continue
            text = text_in(contender.language, size)
            with collector_off():                        # to look for garbage takes longer than to open a short text
                began = time.process_time()
                sessions[contender.name] = opened(contender, text)
                known[contender.name] = size, time.process_time() - began, 0.0
            row.cells[contender.name] = Cell(None)       # holds the place in the order of the columns
        for name, spent in _in_turns(sessions, plan).items():
            row.cells[name] = Cell(spent * 1e6)
            known[name] = (*known[name][:2], spent)
        yield row
        ours = sessions[contenders[0].name]
        if isinstance(ours, EngineTyping) and contenders[0].language != "json":
            yield _with_tree(ours, row, plan)


def _takes_too_long(contender: Contender, known: tuple[int, float, float], size: int, plan: Plan) -> bool:
    """Would opening that much, or a letter in it, use up the patience?  The engine is always measured."""
    return contender.module != "engine" and max(known[1:]) * size / known[0] > plan.patience


def _with_tree(session: EngineTyping, row: Row, plan: Plan) -> Row:
    """The same where the engine is asked for the new tree of the declaration; the others' is whole, made already."""
    session.tree = True
    spent = _in_turns({"engine": session}, plan)
    cells = row.cells | {name: Cell(seconds * 1e6) for name, seconds in spent.items()}
    return Row("… to the declaration's new tree", row.unit, row.less, cells)


def _in_turns(sessions: dict[str, Typing], plan: Plan) -> dict[str, float]:
    """Median seconds of a letter, typed a few in a row; who has used up the patience is not asked again."""
    spent: dict[str, list[float]] = {name: [] for name in sessions}
    with collector_off():
        for _ in range(-(-plan.letters // BURST)):
            for name, session in sessions.items():
                for _ in range(BURST):
                    if sum(spent[name]) < plan.patience / 4 or len(spent[name]) < 2:
                        spent[name].append(seconds_of(session.letter()))
    return {name: statistics.median(each[1:]) for name, each in spent.items()}   # the first makes caches


def reading(contenders: Sequence[Contender], plan: Plan) -> Iterator[Row]:
    """Reading a text for the first time and again, and to a whole tree."""
    kinds = {"cold": Row(f"{_size(plan.read)} read, nothing known", "MB/s", less=False),
             "warm": Row("the same text again", "MB/s", less=False),
             "tree": Row("to a whole tree, nothing known", "MB/s", less=False),
             "tree again": Row("the same text again", "MB/s", less=False)}
    spent: dict[tuple[str, str], list[float]] = {}
    for _ in range(plan.rounds):
        for contender in contenders:
            text = text_in(contender.language, plan.read)
            done = sum(map(sum, (spent.get((kind, contender.name), []) for kind in kinds)))
            if done > plan.patience:
                continue
            for kind, seconds in _read(contender, text).items():
                spent.setdefault((kind, contender.name), []).append(seconds)
    for kind, row in kinds.items():
        for contender in contenders:
            size = len(text_in(contender.language, plan.read)) / MB
            row.cells[contender.name] = Cell(size / statistics.median(spent[kind, contender.name]))
        yield row


def _read(contender: Contender, text: str) -> dict[str, float]:
    cold, warm = _twice(contender.reader(), text)
    tree, again = _twice(contender.tree(), text) if contender.tree else (cold, warm)
    return {"cold": cold, "warm": warm, "tree": tree, "tree again": again}


def _twice(read: Read, text: str) -> tuple[float, float]:
    with collector_off():
        first = seconds_of(partial(read, text))
    with collector_off():
        return first, seconds_of(partial(read, text))


def grown(table: str, name: str, size: int) -> float:
    """Bytes a character that this process grows by when a contender opens a text to be edited."""
    contender = next(each for each in TABLES[table] if each.name == name)
    text, small = text_in(contender.language, size), text_in(contender.language, 5000)
    warm = opened(contender, small)                      # imports and tables are there
    gc.collect()
    before = rss()
    kept = opened(contender, text)
    gc.collect()
    after = rss()
    del warm, kept
    return (after - before) * MB / len(text)


def memory(table: str, contenders: Sequence[Contender], plan: Plan, processes: Executor) -> Row:
    """What a process grows by; `processes` has a new one for each task."""
    row = Row(f"memory, {_size(plan.read)} open", "B/char", less=True)
    for contender in contenders:
        row.cells[contender.name] = Cell(processes.submit(grown, table, contender.name, plan.read).result())
    return row


def one_at_a_time() -> Executor:
    """Processes that each do one task, one after the other."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1)


def errors(contenders: Sequence[Contender], size: int = 20_000) -> Iterator[Row]:
    """How many faults of a text are told, on their line or the next, and on how many other lines something is."""
    right = Row(f"told of {FAULTS} missing colons", "", less=False)
    other = Row("other lines with errors told", "", less=True)
    for contender in contenders:
        text, lines = broken(contender.language, text_in(contender.language, size))
        told = contender.told(text)
        right.cells[contender.name] = Cell(None, f"{sum(not told.isdisjoint((at, at + 1)) for at in lines)}")
        near = {at + more for at in lines for more in (0, 1)}
        other.cells[contender.name] = Cell(None, f"{len(told - near)}")
    yield from (right, other)


def resuming(contenders: Sequence[Contender], plan: Plan) -> Iterator[Row]:
    """Suspended after each chunk and resumed with the next."""
    for size in CHUNKS:
        row = Row(f"resumed with {size} B, warm", "us", less=True)
        for contender in contenders:
            if contender.chunks is None:
                row.cells[contender.name] = Cell(None, "reads anew")
                continue
            text = text_in(contender.language, min(plan.read, MB))
            action = contender.chunks(text, size)
            action()
            with collector_off():
                spent = statistics.median(seconds_of(action) for _ in range(plan.rounds))
            row.cells[contender.name] = Cell(spent / -(-len(text) // size) * 1e6)
        yield row


def rows(table: str, plan: Plan, processes: Executor) -> list[Row]:
    """All rows of a table, of the contenders that are installed."""
    contenders = [each for each in TABLES[table] if is_installed(each)]
    delivers = Row("delivers", "", less=True, cells={each.name: Cell(None, each.delivers) for each in contenders})
    return [delivers, *letters(contenders, plan), *reading(contenders, plan),
            memory(table, contenders, plan, processes), *errors(contenders), *resuming(contenders, plan)]


def is_installed(contender: Contender) -> bool:
    """Can its package be imported?"""
    return importlib.util.find_spec(contender.module) is not None


# --------------------------------------------------------------------------------------------------------- the command
def _size(characters: int) -> str:
    return f"{characters / MB:g} MB" if characters >= MB else f"{characters / 1000:g} KB"


def density() -> str:
    """How many characters a token has in the texts of the second table."""
    code, ours = text_in("python", 50_000), text_in("reml", 50_000)
    empty = (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT)
    words = sum(1 for token in tokenize.generate_tokens(io.StringIO(code).readline) if token.type not in empty)
    tokens = sum(1 for _ in Document(fresh("reml"), ours).tokens())
    return f"Reml has {len(ours) / tokens:.1f} characters a token here, Python {len(code) / words:.1f}"


def printed(title: str, found: Sequence[Row]) -> Table:
    """The rows as a table."""
    table = Table(title=title, title_justify="left")
    for name in ("", *found[0].cells):
        table.add_column(name, no_wrap=True)
    for row in found:
        table.add_row(row.title, *map(row.shown, row.cells))
    return table


def main(arguments_: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m tests.bench.parsers_beside", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=arguments.size, nargs="+", default=[.01, 1, 10], metavar="MB",
                        help="of the texts typed in, in million characters (default: 0.01 1 10)")
    parser.add_argument("--read", type=arguments.size, default=1, metavar="MB", help="of the text read (default: 1)")
    parser.add_argument("--rounds", type=arguments.count, default=5, metavar="N", help="readings (default: 5)")
    parser.add_argument("--letters", type=arguments.count, default=25, metavar="N", help="typed (default: 25)")
    parser.add_argument("--patience", type=arguments.size, default=20, metavar="S",
                        help="processor seconds that opening a text or a letter may take (default: 20)")
    options = parser.parse_args(arguments_)
    plan = Plan([int(each * MB) for each in options.sizes], int(options.read * MB), options.rounds, options.letters,
                options.patience)
    console = Console(width=160)
    console.print(machine_speed(), highlight=False)
    for title, contenders in TABLES.items():
        with one_at_a_time() as processes:
            console.print(printed(title, rows(title, plan, processes)), highlight=False)
        for contender in contenders:
            if not is_installed(contender):
                console.print(f"{contender.name} is left out: {contender.module} is not installed (extra `bench`)")
    console.print(density(), highlight=False)


if __name__ == "__main__":
    main()
