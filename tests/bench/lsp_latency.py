"""How long from a keystroke to its syntax diagnostics, over the real server's standard input and output.

``python -m tests.bench.lsp_latency`` measures, in one run, with files that it makes up: letters typed into the middle
of Reml files of several sizes, and a bracket that breaks and mends them; the same typing with `ruff server` on a
megabyte of Python, with its default rules and with none (syntax errors only); edits at the first line of the largest
file after which everything below means something else; opening files; and how soon a request is answered meanwhile.
``--readme`` writes the table into README.md.  ``--start`` measures the cold start beside a bare pygls server instead.

Times are milliseconds of a client that blocks on the pipe, ratios those of one run.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.languages import CheckSettings, language_named
from engine.parse.work import Work
from lsp_server.loading import LoadingText
from lsp_server.memory import rest, tune
from lsp_server.slices import SLICE_WORK
from tests.bench.lsp_client import BARE, COMMAND, FLOOR, RUFF, Client
from tests.bench.python_source import python_text
from tests.bench.reml_source import RemlSource

SIZES = (10_000, 1_000_000, 10_000_000)
URI = "file:///bench/a.reml"
PYTHON_URI = "file:///bench/a.py"
EDITS_A_NAME = 20
README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- latency: begin -->", "<!-- latency: end -->"
ALONE = {"settings": {"configurationPreference": "editorOnly"}}
SYNTAX_ONLY = {"settings": {"configurationPreference": "editorOnly", "lint": {"select": []}}}


@dataclass(frozen=True)
class Latencies:
    """Milliseconds of a series of events."""

    values: tuple[float, ...]

    def at(self, part: float) -> float:
        return sorted(self.values)[min(len(self.values) - 1, int(len(self.values) * part))]

    @property
    def p50(self) -> float:
        return self.at(0.5)

    def __str__(self) -> str:
        return f"p50 {self.at(0.5):8.3f}  p95 {self.at(0.95):8.3f}  max {self.at(1):8.3f}"


def changes(text: str, count: int, breaking: bool, keyword: str = "fn") -> Iterator[dict]:
    """Content changes in functions' names in the middle of a text; `breaking` ones insert a bracket and remove it.

    Twenty go into each name: names of hundreds of letters would be measured otherwise.
    """
    lines = text.split("\n")
    named = re.compile(rf"\b{keyword} [a-z]{{3}}")
    middle = len(lines) // 2
    numbers = [*range(middle, len(lines)), *range(middle)]
    found = [(line, match.end()) for line in numbers if (match := named.search(lines[line]))]
    for number in range(count):
        line, column = found[number // EDITS_A_NAME % len(found)]
        end = column + (breaking and number % 2)
        where = {"start": {"line": line, "character": column}, "end": {"line": line, "character": end}}
        yield {"range": where, "text": "a" if not breaking else "" if number % 2 else ")"}


def typed(client: Client, uri: str, version: int, edits: Iterator[dict]) -> tuple[int, Latencies]:
    """Types, and measures from each write to the diagnostics of that version."""
    values = []
    for edit in edits:
        version += 1
        began = client.change(uri, version, edit)
        values.append((client.diagnostics(version)[0] - began) * 1e3)
    return version, Latencies(tuple(values))


@dataclass(frozen=True)
class Typed:
    """One process on one file: opening, then typing without and with mistakes."""

    opened: float
    plain: Latencies
    breaking: Latencies
    found: int = 0
    """Diagnostics before the first keystroke."""


def measured(command: Sequence[str], text: str, count: int, options: object = None, keyword: str = "fn") -> Typed:
    """Opens a text in a fresh process and types into it."""
    uri, language = (URI, "reml") if keyword == "fn" else (PYTHON_URI, "python")
    client = Client(command, options)
    client.start()
    began = client.open(uri, language, text)
    if command[0] == RUFF[0]:
        came, said = client.diagnostics(1)
    else:
        came, said = client.settled(1), {"diagnostics": []}
    version, _ = typed(client, uri, 1, changes(text, 20, True, keyword))
    version, plain = typed(client, uri, version, changes(text, count, False, keyword))
    _, breaking = typed(client, uri, version, changes(text, count, True, keyword))
    client.end()
    return Typed((came - began) * 1e3, plain, breaking, len(said["diagnostics"]))


@dataclass(frozen=True)
class Settling:
    """An edit that changes everything below it: until what is seen first is there, until everything is; then undone."""

    text: str
    first: float
    settled: float
    undone: float


def settling(text: str, inserted: str) -> Settling:
    """Inserts something at the first line of a large file, and removes it again."""
    client = Client(COMMAND)
    client.start()
    client.open(URI, "reml", text)
    client.settled(1)
    top = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    began = client.change(URI, 2, {"range": top, "text": inserted})
    first, done = client.diagnostics(2)[0] - began, client.settled(2) - began
    over = {**top, "end": {"line": 0, "character": len(inserted)}}
    began = client.change(URI, 3, {"range": over, "text": ""})
    undone = client.settled(3) - began
    client.end()
    return Settling(inserted, first * 1e3, done * 1e3, undone * 1e3)


MISTAKE = "fn last( = 1\n"
"""A mistake for the end of a file: when it is told, everything before it is parsed."""


def mistaken(text: str, every: int = 20) -> str:
    """The text with a bracket too few or too many in every twentieth line."""
    lines = text.split("\n")
    for number in range(0, len(lines), every):
        line = lines[number]
        lines[number] = line.replace("(", "", 1) if "(" in line else f"{line} )"
    return "\n".join(lines)


@dataclass(frozen=True)
class Opened:
    """Milliseconds from opening a file to all mistakes in its syntax, and to its complete diagnostics."""

    syntax: float
    settled: float

    def __str__(self) -> str:
        return f"{self.syntax:.0f} ms, {self.settled:.0f} ms"


def opening(texts: Sequence[str]) -> Opened:
    """Opens files, one after the other; what the last one took."""
    client = Client(COMMAND)
    client.start()
    client.open("file:///bench/warm.reml", "reml", "fn a() = 1\n")
    client.settled(1)
    for number, text in enumerate(texts):
        began = client.open(f"file:///bench/{number}.reml", "reml", text + MISTAKE)
        syntax = settled = 0.0
        for came, message in client.messages():
            if message.get("method") == "textDocument/publishDiagnostics" and not syntax:
                syntax = came - began if message["params"]["diagnostics"] else 0.0
            elif message.get("method") == "penstock/settled":
                settled = came - began
                break
        took = Opened(syntax * 1e3, settled * 1e3)
    client.end()
    return took


@dataclass(frozen=True)
class Asked:
    """Opening a large file while asking for something at its beginning, again and again."""

    first_diagnostics: float
    syntax: float
    settled: float
    answers: Latencies


def asking(text: str) -> Asked:
    """Opens a large file; each answer is awaited before the next request is sent."""
    client = Client(COMMAND)
    client.start()
    client.open("file:///bench/warm.reml", "reml", "fn a() = 1\n")
    client.settled(1)
    top = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    params = {"textDocument": {"uri": URI}, "range": top, "context": {"diagnostics": []}}
    began = client.open(URI, "reml", text + MISTAKE)
    first = syntax = settled = 0.0
    answers: list[float] = []
    asked = client.send({"id": 0, "method": "textDocument/codeAction", "params": params})
    for came, message in client.messages():
        method = message.get("method")
        if method == "textDocument/publishDiagnostics":
            first = first or came - began
            syntax = syntax or (came - began if message["params"]["diagnostics"] else 0.0)
        settled = came - began if method == "penstock/settled" else settled
        if "id" in message:
            answers.append((came - asked) * 1e3)
            if settled:
                break
            asked = client.send({"id": len(answers), "method": "textDocument/codeAction", "params": params})
    client.end()
    return Asked(first * 1e3, syntax * 1e3, settled * 1e3, Latencies(tuple(answers)))


def slices(text: str) -> Latencies:
    """How long the slices take in which a file is parsed, in this process."""
    language = language_named("reml")
    assert language is not None
    loading = LoadingText(language, text, CheckSettings())
    values = []
    while not loading.is_complete:
        began = time.perf_counter()
        loading.advance(Work(loading.analysis.document.machine, SLICE_WORK))
        values.append((time.perf_counter() - began) * 1e3)
    return Latencies(tuple(values))


def start_ms(command: Sequence[str]) -> float:
    """From the start of a process to the reply to `initialize`."""
    began = time.perf_counter()
    client = Client(command)
    client.start()
    elapsed = (time.perf_counter() - began) * 1e3
    client.end()
    return elapsed


def start_times(count: int) -> tuple[float, float]:
    """Median times to `initialize` of our server and of a bare pygls one, taken in turns."""
    ours, bare = [], []
    for _ in range(count):
        ours.append(start_ms(COMMAND))
        bare.append(start_ms(BARE))
    return statistics.median(ours), statistics.median(bare)


@dataclass
class Table:
    """Rows of what was measured, as text and as Markdown; a row is printed as soon as it is known."""

    rows: list[tuple[str, str]] = field(default_factory=list)

    def add(self, what: str, figures: str) -> None:
        self.rows.append((what, figures))
        print(f"{what:<76} {figures}", flush=True)

    def markdown(self) -> str:
        lines = [f"| {what} | {figures} |" for what, figures in self.rows]
        return "\n".join(["| | measured |", "|---|---|", *lines])


def size_name(size: int) -> str:
    return f"{size // 1_000_000} MB" if size >= 1_000_000 else f"{size // 1_000} KB"


def of(latencies: Latencies) -> str:
    return f"{latencies.at(0.5):.2f} ms, p95 {latencies.at(0.95):.2f} ms"


def add_typing(table: Table, sizes: Sequence[int], count: int) -> dict[int, Typed]:
    """The keystroke rows, with the floor of the same run."""
    ours = {}
    for size in sizes:
        text = RemlSource(1).text(size)
        floor, ours[size] = measured(FLOOR, text, count), measured(COMMAND, text, count)
        table.add(f"a letter typed into {size_name(size)} of Reml, to its syntax diagnostics", of(ours[size].plain))
        table.add(f"a bracket that breaks or mends {size_name(size)} of Reml", of(ours[size].breaking))
        table.add(f"the same round trip through a process that does nothing, {size_name(size)}", of(floor.plain))
    if len(sizes) > 1:
        ratios = [
            ours[sizes[-1]].plain.p50 / ours[sizes[0]].plain.p50,
            ours[sizes[-1]].breaking.p50 / ours[sizes[0]].breaking.p50,
        ]
        table.add(
            f"{size_name(sizes[-1])} against {size_name(sizes[0])}, medians: a letter, a bracket",
            f"{ratios[0]:.2f} ×, {ratios[1]:.2f} ×",
        )
    return ours


def add_ruff(table: Table, ours: Typed, size: int, count: int) -> None:
    """The same typing with `ruff server` on Python of the same size."""
    text = python_text(size)
    for name, options in (("its default rules", ALONE), ("syntax errors only", SYNTAX_ONLY)):
        theirs = measured(RUFF, text, count, options, "def")
        what = f"`ruff server` on {size_name(size)} of Python, {name} ({theirs.found} diagnostics), a letter"
        table.add(what, of(theirs.plain))
        table.add(
            "Penstock's syntax diagnostics against that, medians: a letter, a bracket",
            f"{theirs.plain.p50 / ours.plain.p50:.0f} × faster, {theirs.breaking.p50 / ours.breaking.p50:.0f} ×",
        )


def add_large(table: Table, size: int) -> None:
    """Opening, and the worst that a keystroke can do."""
    known, new = RemlSource(1).text(1_000_000), RemlSource(2, "_other").text(1_000_000)
    what = "1 MB opened, to all syntax diagnostics, to all checks"
    table.add(f"{what}: the same text again", str(opening([known, known + "// again\n"])))
    table.add(f"{what}: other names, structure mostly known", str(opening([known, new])))
    table.add(f"{what}: all new", str(opening([new])))
    text = RemlSource(1).text(size)
    asked, wrong = asking(text), asking(mistaken(known))
    figures = f"{asked.first_diagnostics:.0f} ms, {asked.syntax:.0f} ms, {asked.settled:.0f} ms"
    table.add(f"{size_name(size)} opened, to the first diagnostics, all syntax diagnostics, all checks", figures)
    table.add("a code action asked for meanwhile", f"{of(asked.answers)}, max {asked.answers.at(1):.0f} ms")
    figures = f"{wrong.first_diagnostics:.0f} ms, {wrong.settled:.0f} ms"
    table.add("1 MB with a mistake in every twentieth line opened, to the first diagnostics, all checks", figures)
    table.add("a code action asked for meanwhile", f"{of(wrong.answers)}, max {wrong.answers.at(1):.0f} ms")
    for inserted in ("/*", '"""', '"', "{"):
        worst = settling(text, inserted)
        table.add(
            f"`{inserted}` typed at the first line of {size_name(size)}: first part, all, all when undone",
            f"{worst.first:.1f} ms, {worst.settled:.0f} ms, {worst.undone:.0f} ms",
        )
    tune()
    parsed = slices(text)
    rest()
    table.add(f"a slice of {size_name(size)} being parsed", f"{of(parsed)}, max {parsed.at(1):.1f} ms")


def write_readme(table: Table, path: Path = README) -> None:
    """Puts the table between the two marks in the README.  Raises ValueError if they are not there."""
    text = path.read_text(encoding="utf-8")
    head, tail = text.index(BEGIN) + len(BEGIN), text.index(END)
    python = ".".join(map(str, sys.version_info[:2]))
    figures = f"{table.markdown()}\n\nCPython {python}, {os.cpu_count()} cores."
    path.write_text(f"{text[:head]}\n{figures}\n{text[tail:]}", encoding="utf-8")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="characters of the generated files")
    options.add_argument("--count", type=int, default=300, help="keystrokes of each kind")
    options.add_argument("--start", action="store_true", help="measure the cold start instead")
    options.add_argument("--readme", action="store_true", help="write the table into README.md")
    chosen = options.parse_args()
    if chosen.start:
        started, bare = start_times(7)
        print(f"initialize: penstock {started:.0f} ms, bare pygls {bare:.0f} ms, difference {started - bare:+.0f} ms")
        return
    table = Table()
    ours = add_typing(table, chosen.sizes, chosen.count)
    compared = min(chosen.sizes, key=lambda size: abs(size - 1_000_000))
    add_ruff(table, ours[compared], compared, min(chosen.count, 100))
    add_large(table, chosen.sizes[-1])
    if chosen.readme:
        write_readme(table)


if __name__ == "__main__":
    main()
