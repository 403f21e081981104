"""What is edited: Reml, the dialects of JSON, the little language of the tests, random grammars.

A subject has one machine that all its texts share, as in a server, and can make fresh ones, which remember nothing.
"""
from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from engine.languages.json import JSON, JSONC, JSONL
from engine.languages.language import Language
from engine.languages.reml import REML
from engine.parse.machine import Limits, Machine
from tests.bench.reml_source import RemlSource
from tests.parse.little import SAMPLE as LITTLE_SAMPLE
from tests.parse.little import little_machine
from tests.parse.random_grammars import random_machine, sentence

__all__ = ["SUBJECTS", "Subject", "fresh", "subject"]


@dataclass(frozen=True)
class Subject:
    """A machine, words that mean something to it, texts to begin with; `language` where there are checks as well."""

    name: str
    machine: Machine
    words: Sequence[str]
    samples: Sequence[str]
    language: Language | None = None


def fresh(machine: Machine, limits: Limits | None = None) -> Machine:
    """A machine of the same grammar and lexer that has seen no text."""
    names = machine.lexer.names
    return Machine(
        machine.tables, machine.lexer, margin=tuple(names[kind] for kind in machine.margin),
        closers=tuple(names[kind] for kind in machine.closers),
        wrong={names[kind]: token for kind, token in machine.wrong.items()}, advise=machine.advise,
        likely=tuple(names[kind] for kind in machine.likely), spaced=machine.spaced,
        holes=machine.holes, lines_ahead=machine.lines_ahead, sample=machine.sample, limits=limits or machine.limits)


def _json_texts() -> list[str]:
    r = random.Random(7)

    def value(depth: int) -> object:
        k = r.random()
        if not depth or k < .4:
            return r.choice([0, -1.5e3, "text", "", 'ä\n"', True, None, [], {}])
        if k < .7:
            return [value(depth - 1) for _ in range(r.randint(0, 4))]
        return {r.choice("abcdefg") * r.randint(1, 3): value(depth - 1) for _ in range(r.randint(0, 4))}
    return [json.dumps(value(4), indent=r.choice([None, 1, 2]))[:900] for _ in range(24)]


@cache
def _reml() -> Subject:
    words = ["let ", "var ", "fn ", "match ", "with\n", " when ", "if ", " then ", " else ", "type ", "trait ", "impl ",
             "use ", "pub ", "effect ", "handler ", "perform ", "loop ", "while ", "for ", " in ", "return ", "defer ",
             "unsafe ", "conductor ", "extern ", "module ", "@pure\n", "where ", "x", "foo", "Foo", "Some(x)", "1",
             "0x1F", "3.5", '"s"', "'c'", "true", " -> ", " => ", " = ", " := ", " |> ", "|x| ", ": Int", "<T>", "::",
             ".", "..", "\n| A -> 1", "{ a: 1 }", "[1, 2]", "(1, 2)", "~>", "&&", "?", "_"]
    samples = [RemlSource(seed).text(size) for seed, size in enumerate([60, 200, 400, 700] * 6)]
    return Subject("reml", REML.machine(), words, samples, REML)


@cache
def _json(language: Language) -> Subject:
    words = ["{", "}", "[", "]", ",", ":", '"a"', '"a": ', "1", "-1.5e3", "true", "false", "null", '"x": {', "[1, 2]",
             "{}", "NaN", "'a'", "01", "\\u00e4", "// c", "/* c */", '"']
    samples = _json_texts()
    if language is JSONL:
        samples = ["\n".join(text.replace("\n", " ") for text in samples[at:at + 6]) for at in range(0, 24, 2)]
    if language is JSONC:
        samples = [text.replace("\n", " // note\n", 2).replace("[", "[ /* a\nb */ ", 1) for text in samples]
    return Subject(language.name, language.machine(), words, samples, language)


#: Words of the little languages: openers, closers and separators of what they have.
_LITTLE_WORDS = ["let ", "fn ", "if ", " then ", " else ", "a", "b1", "1", '"s"', '"""', " = ", " -> ", "fn f(a) {\n",
                 "fn (x) -> ", "[1, ", "(", ")", "}", ";", ".c", "/* ", " */", " + ", "-", "*"]


@cache
def _little() -> Subject:
    samples = [LITTLE_SAMPLE, LITTLE_SAMPLE.replace("\n", "\r\n"), "let a = 1\n" * 9, "fn f(a) {\n" * 5, "[" * 30 + "]"]
    return Subject("little", little_machine(), _LITTLE_WORDS, samples)


#: Bounds that are exceeded all the time: continuations not shared, a memo dropped, pieces not kept, a graph renewed.
TIGHT = (Limits(depth=12), Limits(entries=60, piece_bytes=500), Limits(longest_piece=5, depth=30),
         Limits(cells=40), Limits(cells=15, depth=20))


@cache
def _tight(name: str, which: int) -> Machine:
    return fresh(subject(name, 0).machine, TIGHT[which])


def _squeezed(r: random.Random) -> Subject:
    """A language at tight limits."""
    which, base = r.randrange(len(TIGHT)), subject(r.choice(["little", "reml", "jsonc"]), 0)
    return Subject("tight", _tight(base.name, which), base.words, base.samples)


def _random(r: random.Random) -> Subject:
    machine, grammar = random_machine(r, r.choice([None, None, *TIGHT]))
    samples = []
    for _ in range(8):
        tokens = [token for _ in range(r.randint(1, 9)) for token in sentence(r, grammar, grammar["S"])[:40]]
        samples.append("".join(token + r.choice(["", "", " ", "\n", " // c\n", "\r\n"]) for token in tokens[:160]))
    words = [*"abcd()[],+-*", "a b", "\nc", "(a", "d)", "/*", "*/", '"x"', '"""', "//"]
    return Subject("random", machine, words, samples)


_MAKERS: dict[str, Callable[[random.Random], Subject]] = {
    "reml": lambda _: _reml(), "json": lambda _: _json(JSON), "jsonl": lambda _: _json(JSONL),
    "jsonc": lambda _: _json(JSONC), "little": lambda _: _little(), "tight": _squeezed, "random": _random}
SUBJECTS = tuple(_MAKERS)


def subject(name: str, seed: int | str) -> Subject:
    """The subject of that name; of those that are random, the one the seed makes."""
    return _MAKERS[name](random.Random(f"subject {seed}"))
