"""How good repairs are: ``python -m tests.bench.repair_quality [--each N | --all] [--seed N] [--language json]``.

Each accepted file of the corpus is taken, one of its tokens is deleted, inserted or replaced (`mutations` says what
counts as the true repair), and the parser is asked what is wrong.  For each kind of mutation this prints how often the
true repair is the first fix of the first diagnostic, and how often it is among its first three; how many diagnostics
there are; the steps of the search (`Machine.repair_steps`); the milliseconds of the processor for the edit that makes
the mistake, diagnostics included.  Mutants without a syntax error are counted and left out.

Only the repair that undoes the mutation counts as the true one.  Often others are as right: of two elements side by
side, or of a bracket that nothing closes, nobody can tell what was lost and what is one too many.

Figures are compared between runs of one sample.  Those that are told of: ``--each 1`` of Reml (some 750 mutants, 13 s),
``--language json --each 50 --seed 4`` (some 560, 25 s) and ``--language json --each 25`` (seed 1).  All mutants of the
corpus would take an hour.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.languages.json import JSON
from engine.languages.reml import REML
from engine.parse.diagnostics import Diagnostic, FixIt, Severity
from engine.parse.document import Document
from engine.parse.machine import Machine
from engine.parse.source import split_lines
from tests.bench.json_speed import text_of
from tests.bench.mutations import Mutant, mutants, same
from tests.corpus import corpus_root, reml_manifest

__all__ = ["Figures", "Outcome", "corpus_texts", "json_texts", "judged", "measured"]

SEED = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the parser said about a mutant: at which of the fixes the true repair is (None: nowhere), the costs."""

    mutant: Mutant
    rank: int | None
    exact: bool
    diagnostics: int
    steps: int
    seconds: float
    first: Diagnostic


@dataclass(slots=True)
class Figures:
    """Outcomes added up."""

    count: int = 0
    first: int = 0
    exact: int = 0
    three: int = 0
    diagnostics: int = 0
    most_steps: int = 0
    steps: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.count += 1
        self.first += outcome.rank == 0
        self.exact += outcome.rank == 0 and outcome.exact
        self.three += outcome.rank is not None
        self.diagnostics += outcome.diagnostics
        self.steps.append(outcome.steps)
        self.seconds.append(outcome.seconds)

    def line(self) -> str:
        """The figures as a line of the table."""
        n = max(self.count, 1)
        steps, times = sorted(self.steps), sorted(1000 * seconds for seconds in self.seconds)
        shares = "".join(f"{100 * part / n:8.1f} %" for part in (self.first, self.exact, self.three))
        counts = f"{self.diagnostics / n:10.2f} {steps[len(steps) // 2]:6} {steps[-1]:6}"
        return f"{self.count:7}{shares}{counts}{times[len(times) // 2]:8.2f}{times[int(.95 * (len(times) - 1))]:8.2f}"


HEADER = (f"{'':26} {'count':>7}{'first':>10}{'(exact)':>10}{'of three':>10}{'diagn.':>10} {'steps':>6} {'most':>6}"
          f"{'ms p50':>8}{'p95':>8}")


def corpus_texts() -> Iterator[tuple[str, str]]:
    """Path and text of each accepted file of the corpus."""
    root = corpus_root()
    for entry in reml_manifest():
        if entry["class"] == "accept" and root is not None:
            data = (root / "reml" / entry["path"]).read_bytes()
            yield entry["path"], data.decode("utf-8", "surrogateescape")


def json_texts() -> Iterator[tuple[str, str]]:
    """Generated values, small ones, written in two ways."""
    value = json.loads(text_of(0.02, None))
    for number, part in enumerate(value if isinstance(value, list) else [value]):
        yield f"{number} indented", json.dumps(part, indent=2) + "\n"
        yield f"{number} compact", json.dumps(part) + "\n"


def mended(text: str, fix: FixIt) -> str:
    """The text after a fix."""
    lines = split_lines(text)
    for edit in sorted(fix.edits, key=lambda e: e.span.start, reverse=True):
        start, end = edit.span.start, edit.span.end
        lines[start.line:end.line + 1] = [lines[start.line][:start.column] + edit.text + lines[end.line][end.column:]]
    return "".join(lines)


def judged(document: Document, mutant: Mutant) -> Outcome | None:
    """What the parser says about a mutant of a document's text; None if it has no syntax error."""
    machine = document.machine
    steps, start = machine.repair_steps, time.process_time()
    document.edit(mutant.span, mutant.new)
    said = [d for d in document.diagnostics() if d.severity is Severity.ERROR]
    seconds, steps = time.process_time() - start, machine.repair_steps - steps
    document.edit(*mutant.undone)
    if not said:
        return None
    for rank, fix in enumerate(said[0].fixes[:3]):
        text = mended(mutant.text, fix)
        verdict = same(machine, text, mutant.original)
        if verdict != "other" and not any(d.severity is Severity.ERROR for d in Document(machine, text).diagnostics()):
            return Outcome(mutant, rank, verdict == "exact", len(said), steps, seconds, said[0])
    return Outcome(mutant, None, False, len(said), steps, seconds, said[0])


def measured(
    machine: Machine, texts: Iterable[tuple[str, str]], each: int | None, seed: int
) -> Iterator[Outcome | None]:
    """The outcome of every mutant of the texts."""
    for path, text in texts:
        document = Document(machine, text)
        for mutant in mutants(machine, text, f"{seed}:{path}", each):
            yield judged(document, mutant)


def _shown(outcome: Outcome) -> str:
    mutant = outcome.mutant
    before = mutant.text[:mutant.offset].splitlines()[-1:] or [""]
    after = mutant.text[mutant.offset:].splitlines()[:1] or [""]
    fixes = " | ".join(f"{fix.title}" for fix in outcome.first.fixes)
    place = outcome.first.span.start
    down = place.line - mutant.text.count("\n", 0, mutant.offset)
    return (f"{mutant.op} {mutant.token!r} x{outcome.diagnostics}: {before[0][-60:]}⟦⟧{after[0][:60]}\n"
            f"      +{down}:{place.column} {outcome.first.message}   [{fixes}]")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.repair_quality", description="How good repairs are.")
    parser.add_argument("--each", type=int, default=4, metavar="N", help="tokens of a file for each operation (4)")
    parser.add_argument("--all", action="store_true", help="every token of every file")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--language", choices=("reml", "json"), default="reml")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N mutants whose first fix is another")
    parser.add_argument("--only", default="", help="of these operations and areas only, as in `delete bracket`")
    args = parser.parse_args()
    machine = (REML if args.language == "reml" else JSON).machine()
    texts = list(corpus_texts() if args.language == "reml" else json_texts())
    if not texts:
        sys.exit("no corpus: PENSTOCK_CORPUS is unset and there is no shared/corpus beside the checkout")
    table: dict[str, Figures] = defaultdict(Figures)
    unharmed, shown = Counter[str](), 0
    for outcome in measured(machine, texts, None if args.all else args.each, args.seed):
        if outcome is None:
            unharmed["mutants without a syntax error"] += 1
            continue
        for row in ("all", outcome.mutant.op, f"{outcome.mutant.op} {outcome.mutant.area}"):
            table[row].add(outcome)
        wanted = f"{outcome.mutant.op} {outcome.mutant.area}".startswith(args.only)
        if shown < args.show and wanted and (outcome.rank != 0 or outcome.diagnostics > 1):
            shown += 1
            print("   " if outcome.rank is not None else "** ", _shown(outcome))
    print(HEADER)
    for row in sorted(table):
        print(f"{row:26} {table[row].line()}")
    print(f"seed {args.seed}; {len(texts)} texts; {unharmed.total()} mutants have no syntax error")


if __name__ == "__main__":
    main()
