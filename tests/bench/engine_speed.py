"""The engine's speed and memory: ``python -m tests.bench.engine_speed [--quick]``.

Prints one line a figure, medians over several rounds in one process, wall-clock time: us (microseconds) an action, MB/s
(million characters a second) of text, bytes of memory a character; texts are generated Reml (a fixed seed).  The first
line says how fast the machine is, by code that is not ours: compare figures of two machines by the ratio of that.
"""
from __future__ import annotations

import argparse
import gc
import random
import re
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from engine.cli.process import collect_rarely
from engine.languages.reml import make_machine
from engine.parse.cursor import Cursor
from engine.parse.document import Document
from engine.parse.machine import Machine
from engine.parse.source import Position, Span
from engine.parse.stream import Pending, open_stream, resume
from engine.parse.tree import build
from tests.bench.reml_source import RemlSource
from tests.bench.yardstick import machine_speed

MB = 1_000_000


@contextmanager
def no_gc() -> Iterator[None]:
    """As a server does after opening: what is there is not looked at again."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def timed(action: Callable[[], object], rounds: int = 5) -> float:
    """Median seconds."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def show(what: str, figure: str) -> None:
    print(f"{what:<58} {figure}", flush=True)


def percentiles(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"p50 {ordered[len(ordered) // 2] * 1e6:8.1f} us   p95 {ordered[int(len(ordered) * .95)] * 1e6:8.1f} us"


def insert(document: Document, line: int, column: int, text: str) -> float:
    start = time.perf_counter()
    document.edit(Span(Position(line, column), Position(line, column)), text)
    return time.perf_counter() - start


def edits(sizes: list[int], rounds: int) -> None:
    for size in sizes:
        document = Document(make_machine(), RemlSource(1).text(size))
        r = random.Random(3)
        letters: list[float] = []
        with no_gc():
            while len(letters) < rounds:
                line = r.randrange(document.line_count)
                words = [m.end() for m in re.finditer(r"[a-z]{2,}", document.line(line).split("//")[0].split('"')[0])]
                if words:
                    column = r.choice(words)
                    letters.append(insert(document, line, column, "q"))
                    document.edit(Span(Position(line, column), Position(line, column + 1)), "")
        show(f"edit of one letter, {size / MB:g} MB", percentiles(letters))


def validation(size: int) -> None:
    structure = RemlSource(2).text(size)
    renamed = RemlSource(2, "_x").text(size)
    machine = make_machine()

    def run(text: str) -> None:
        Cursor.begin(machine, collect=False).finish(text)

    def all_new() -> None:
        make_machine.cache_clear() if hasattr(make_machine, "cache_clear") else None
        fresh = make_machine()
        start = time.perf_counter()
        Cursor.begin(fresh, collect=False).finish(varied)
        spent.append(time.perf_counter() - start)
    varied = RemlSource(9).text(200_000)
    spent: list[float] = []
    for _ in range(5):
        all_new()
    speed = len(varied) / statistics.median(spent) / MB
    show("cold validation, all structure new (first 0.2 MB)", f"{speed:8.1f} MB/s")
    run(structure)
    start = time.perf_counter()
    run(renamed)
    speed = len(renamed) / (time.perf_counter() - start) / MB
    show("cold validation, new lines of known structure", f"{speed:8.1f} MB/s")
    show("warm validation", f"{len(renamed) / timed(lambda: run(renamed)) / MB:8.1f} MB/s")


def streamed(machine: Machine, parts: list[bytes]) -> None:
    """A text in chunks through a stream that is suspended after each."""
    outcome = open_stream(machine)
    for part in parts:
        assert isinstance(outcome, Pending)
        outcome = resume(outcome.continuation, part)


def resuming(size: int) -> None:
    data = RemlSource(4).text(size).encode()
    machine = make_machine()
    for chunk in (64, 4096, 65536):
        parts = [data[i:i + chunk] for i in range(0, len(data), chunk)]
        streamed(machine, parts)
        seconds = timed(partial(streamed, machine, parts))
        each, speed = seconds / len(parts) * 1e6, len(data) / seconds / MB
        show(f"resume with {chunk} bytes, warm", f"{each:8.2f} us   {speed:8.1f} MB/s")


def everything_below(size: int) -> None:
    machine = make_machine()
    document = Document(machine, RemlSource(5).text(size))
    for opener in ('"', "{", "/*"):
        with no_gc():
            down = insert(document, 0, 0, opener)
            start = time.perf_counter()
            document.edit(Span(Position(0, 0), Position(0, len(opener))), "")
            back = time.perf_counter() - start
        show(f"{opener!r} typed at the first line of {size / MB:g} MB, and undone", f"{down:8.3f} s   {back:8.3f} s")


def trees(size: int) -> None:
    machine = make_machine()
    text = RemlSource(6).text(size)
    document = Document(machine, text)
    units = list(document.blocks.flagged("units"))
    seconds = []
    with no_gc():
        for place in units[:3000]:
            start = time.perf_counter()
            document.unit_tree(place)
            seconds.append(time.perf_counter() - start)
        lines = [piece for block in document.blocks.blocks for piece in block.pieces]
        whole = timed(lambda: build(machine, lines, at_end=True), 3)
    show("tree of one declaration", percentiles(seconds))
    show("whole tree", f"{len(text) / whole / MB:8.1f} MB/s")


def memory(sizes: list[int]) -> None:
    for size in sizes:
        text = RemlSource(7).text(size)
        tracemalloc.start()
        machine: Machine = make_machine()
        grammar = tracemalloc.get_traced_memory()[0]
        document = Document(machine, text)
        used = tracemalloc.get_traced_memory()[0] - grammar
        tracemalloc.stop()
        shown = f"{used / len(text):8.1f} B/char   and once {grammar / MB:.1f} MB of grammar"
        assert document.line_count > 1
        show(f"memory of a document of {size / MB:g} MB", shown)


def nesting(depth: int) -> None:
    for name, text in (
        ("on one line", "let x = " + "(" * depth + "1" + ")" * depth),
        ("one a line", "let x = " + "(\n" * depth + "1\n" + ")\n" * depth),
    ):
        seconds = timed(lambda text=text: Document(make_machine(), text), 3)  # type: ignore[misc]
        machine = make_machine()
        tracemalloc.start()
        document = Document(machine, text)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert document.diagnostics() == []
        show(f"{depth} nested brackets {name}", f"{seconds:8.2f} s   {used / MB:8.1f} MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m tests.bench.engine_speed", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, a few seconds")
    collect_rarely()                                     # as the command line and the server do
    quick = parser.parse_args().quick
    print(machine_speed(), flush=True)
    print("generated Reml, medians", flush=True)
    edits([10_000, MB] if quick else [10_000, 100_000, MB, 10 * MB], 300 if quick else 2000)
    validation(200_000 if quick else MB)
    resuming(200_000 if quick else MB)
    everything_below(200_000 if quick else 10 * MB)
    trees(200_000 if quick else MB)
    memory([200_000] if quick else [MB, 10 * MB])
    nesting(10_000 if quick else 100_000)


if __name__ == "__main__":
    main()
