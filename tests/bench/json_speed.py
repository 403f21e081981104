"""How fast JSON is validated, beside other parsers on the same texts in the same run.

``python -m tests.bench.json_speed [--megabytes 1 10] [--repeat 5]`` prints MB/s (medians of processor time) and ratios.
The texts are generated from a fixed seed: a pretty-printed and a compact one of each size.  tree-sitter-json and lark
take part where they are installed (extra ``bench``); what takes longer than `PATIENCE` a round is measured once.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from engine.languages.analysis import Analysis
from engine.languages.json import JSON, make_machine
from engine.languages.stream import Checker
from engine.parse.diagnostics import Severity
from engine.parse.machine import Machine
from engine.parse.pieces import segments
from engine.parse.source import split_lines
from tests.bench import arguments

#: seconds a round may take before it is not repeated
PATIENCE = 2.0
SEED = 20
WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"]

LARK_GRAMMAR = r"""
?start: value
?value: object | array | STRING | NUMBER | "true" | "false" | "null"
array: "[" [value ("," value)*] "]"
object: "{" [pair ("," pair)*] "}"
pair: STRING ":" value
STRING: /"[^"\\\x00-\x1f]*(\\(["\\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"/
NUMBER: /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/
%ignore /[ \t\n\r]+/
"""

Validate = Callable[[str], bool]


def record(rng: random.Random, depth: int = 0) -> Any:
    """A value as services exchange them: mostly objects, strings and numbers, a few levels deep."""
    draw = rng.random()
    if depth > 5 or draw < 0.35:
        text = " ".join(rng.choices(WORDS, k=rng.randint(1, 4)))
        escaped = text.replace(" ", '"' if draw < 0.02 else "\n" if draw < 0.04 else " ")
        number = rng.choice([rng.randint(-(10**6), 10**6), round(rng.random() * 1000, 6)])
        return rng.choice([number, number, escaped, escaped, True, False, None])
    if draw < 0.75:
        return {f"{rng.choice(WORDS)}_{n}": record(rng, depth + 1) for n in range(rng.randint(1, 8))}
    return [record(rng, depth + 1) for _ in range(rng.randint(1, 8))]


def text_of(megabytes: float, indent: int | None, depth: int = 0) -> str:
    """A JSON text of about that size, the same in every run; the larger `depth`, the smaller the values it lists."""
    rng = random.Random(SEED)
    separators = (",", ": ") if indent else (",", ":")
    parts: list[str] = []
    size = 0
    while size < megabytes * 1e6:
        parts.append(json.dumps(record(rng, depth), indent=indent, separators=separators))
        size += len(parts[-1]) + 1
    between = ",\n" if indent else ","
    return f"[{between.join(parts)}]"


def validated(machine: Machine, text: str) -> bool:
    """Does the engine accept the text, all of it run in one go behind its first piece?"""
    line, *rest = split_lines(text[:4096])
    first = segments(machine.lexer, line, None)[0] if not rest else line
    state = machine.skip(machine.start[first], text[len(first):])
    return state is not None and machine.accepts_end(state)


def engine() -> Validate:
    """A fresh machine for each text, its compilation included: nothing is remembered from the round before."""
    return lambda text: validated(make_machine("json"), text)


def engine_warm() -> Validate:
    """One machine for all rounds, as in a process that checks many files."""
    machine = make_machine("json")
    return lambda text: validated(machine, text)


def engine_streamed() -> Validate:
    """The text as bytes through the checker of streams, with positions and findings, as ``check --stream`` does."""

    def check(text: str) -> bool:
        checker = Checker(JSON)
        found = [*checker.feed(text.encode()), *checker.finish()]
        return all(diagnostic.severity is not Severity.ERROR for diagnostic in found)

    return check


def engine_opened() -> Validate:
    """The text opened for editing, every line with its state, as an editor and ``check`` do."""

    def check(text: str) -> bool:
        found = Analysis(JSON, text).diagnostics()
        return all(diagnostic.severity is not Severity.ERROR for diagnostic in found)

    return check


def json_loads() -> Validate:
    """The standard library's reader, in C."""
    return lambda text: json.loads(text) is not None


def json_python() -> Validate:
    """The standard library's reader without its C part."""
    from json import decoder, scanner

    reader: Any = json.JSONDecoder()
    reader.parse_string = vars(decoder)["py_scanstring"]
    reader.parse_object = vars(decoder)["JSONObject"]
    reader.scan_once = vars(scanner)["py_make_scanner"](reader)
    return lambda text: reader.decode(text) is not None


def tree_sitter() -> Validate:
    """tree-sitter-json: a tree, of which only the error flag is looked at."""
    import tree_sitter_json
    from tree_sitter import Language, Parser

    parser = Parser(Language(tree_sitter_json.language()))
    return lambda text: not parser.parse(text.encode()).root_node.has_error


def lark_lalr() -> Validate:
    """lark's LALR parser with its contextual lexer."""
    import lark

    parser = lark.Lark(LARK_GRAMMAR, parser="lalr")
    return lambda text: parser.parse(text) is not None


CONTENDERS: dict[str, tuple[str, Callable[[], Validate]]] = {
    "engine": ("engine", engine),
    "engine, warm": ("engine", engine_warm),
    "engine, streamed": ("engine", engine_streamed),
    "engine, opened": ("engine", engine_opened),
    "json.loads (C)": ("json", json_loads),
    "json, pure Python": ("json", json_python),
    "tree-sitter-json": ("tree_sitter_json", tree_sitter),
    "lark LALR": ("lark", lark_lalr),
}
"""Name in the table, the module it needs, how it is made ready."""


def rounds(validate: Validate, text: str, repeat: int) -> Iterator[float]:
    """Processor seconds of each round, garbage collection as it comes."""
    for _ in range(repeat):
        gc.collect()
        began = time.process_time()
        valid = validate(text)
        seconds = time.process_time() - began
        assert valid, "a contender refuses a valid text"
        yield seconds
        if seconds > PATIENCE:
            return


def measured(text: str, repeat: int) -> dict[str, float]:
    """MB/s of each contender that is installed."""
    size = len(text.encode()) / 1e6
    ready = {name: make for name, (module, make) in CONTENDERS.items() if importlib.util.find_spec(module)}
    return {name: size / statistics.median(rounds(make(), text, repeat)) for name, make in ready.items()}


def table(speeds: dict[str, float]) -> Iterator[str]:
    """Speeds, and how many times as fast the engine is."""
    for name, speed in speeds.items():
        yield f"  {name:20} {speed:8.2f} MB/s   engine / this: {speeds['engine'] / speed:6.2f}"
    for name in ("tree-sitter-json", "lark LALR"):
        if name not in speeds:
            yield f"  {name:20} not installed (extra `bench`)"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.json_speed", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=arguments.size, nargs="+", default=[1, 10], help="of the texts (1 10)")
    parser.add_argument("--repeat", type=arguments.count, default=5, help="rounds of which the median is taken (5)")
    options = parser.parse_args()
    for megabytes in options.megabytes:
        for indent in (1, None):
            text = text_of(megabytes, indent)
            print(f"{len(text) / 1e6:.2f} MB, {'pretty-printed' if indent else 'compact'}, median of {options.repeat}")
            print("\n".join(table(measured(text, options.repeat))), flush=True)


if __name__ == "__main__":
    main()
