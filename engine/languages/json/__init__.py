"""JSON in three dialects: RFC 8259 to the letter, JSON Lines, JSON with comments.

* `JSON`: exactly one value. A byte order mark at the beginning is ignored, as the RFC allows readers to.
* `JSONL`: a value per line (jsonlines.org, "JSON Lines"); values cannot cross lines. Blank lines are taken, silently:
  the description has none, but nearly every writer leaves one now and then and nearly every reader skips them.
* `JSONC`: JSON with ``//`` and ``/* */`` comments. A trailing comma is a warning, as in VS Code: most readers of
  commented JSON take it, some do not. An empty file is an error in it, as in JSON.

Each machine is compiled on first use. Knows nothing of the other languages.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

from engine.languages.json.advice import advise, advise_jsonc, advise_lines
from engine.languages.json.checks import (
    LARGEST_UNIT,
    LARGEST_UNREAD,
    check_json,
    check_jsonc,
    worth_checking,
    worth_checking_jsonc,
)
from engine.languages.json.grammar import json_grammar, lines_grammar
from engine.languages.json.lexer import WRONG, JsonLexer
from engine.languages.language import Language
from engine.parse.compile import compile as compile_grammar
from engine.parse.grammar import Grammar
from engine.parse.machine import Machine
from engine.parse.repair import Advise

__all__ = ["JSON", "JSONC", "JSONL", "make_machine"]

#: Names of files that are read as JSON with comments whatever their suffix says.
_JSONC_NAMES = (
    "tsconfig.json", "tsconfig.*.json", "tsconfig-*.json", "jsconfig.json", "jsconfig.*.json", "tslint.json",
    "typedoc.json", "api-extractor.json", ".vscode/*.json", "*.code-workspace", "*.code-snippets",
    "*color-theme.json", "*icon-theme.json", "language-configuration.json", "devcontainer.json",
    ".devcontainer.json", ".devcontainer/*.json", ".eslintrc.json", ".eslintrc", ".oxlintrc.json",
    ".markdownlint.json", ".babelrc.json", ".babelrc", "babel.config.json", ".swcrc", ".jshintrc", ".jscsrc",
    ".jsfmtrc", ".hintrc", "deno.json", "turbo.json", "pyrightconfig.json", ".luarc.json", "cspell.json",
)


def make_machine(dialect: str) -> Machine:
    """A machine of its own for ``json``, ``jsonl`` or ``jsonc``; the languages below share one each."""
    grammar, lexer, hook = _DIALECTS[dialect]
    closers, likely = ("]", "}", ","), (",", ":", "}", "]", "null", "STRING", "{", "[")
    return compile_grammar(
        grammar(), lexer(), closers=closers, wrong=WRONG, advise=hook, likely=likely,
        lines_ahead=0 if dialect == "jsonl" else 3,      # its lines have nothing to do with each other
        sample=(files(__name__) / _SAMPLES.get(dialect, "sample.json")).read_text(encoding="utf-8"),
        holes={"STRING": '""', "NUMBER": "0", "null": "null", "true": "true", "false": "false"})


_DIALECTS: dict[str, tuple[Callable[[], Grammar], Callable[[], JsonLexer], Advise]] = {
    "json": (json_grammar, JsonLexer, advise),
    "jsonl": (lines_grammar, lambda: JsonLexer(line_based=True), advise_lines),
    "jsonc": (lambda: json_grammar(trailing=True), lambda: JsonLexer(comments=True), advise_jsonc),
}


_SAMPLES = {"jsonl": "sample.jsonl"}


@cache
def _shared(dialect: str) -> Machine:
    return make_machine(dialect)


JSON = Language(
    name="json",
    title="JSON",
    suffixes=(".json",),
    filenames=(),
    language_ids=("json",),
    machine=lambda: _shared("json"),
    docs=__name__,
    check_unit=check_json,
    worth_checking=worth_checking,
    unit_limit=LARGEST_UNIT,
    whole_text_is_unit=True,
)
JSONL = Language(
    name="jsonl",
    title="JSON Lines",
    suffixes=(".jsonl", ".ndjson"),
    filenames=(),
    language_ids=("jsonl", "ndjson", "jsonlines"),
    machine=lambda: _shared("jsonl"),
    docs=__name__,
    check_unit=check_json,
    worth_checking=worth_checking,
    unit_limit=LARGEST_UNIT,
)
JSONC = Language(
    name="jsonc",
    title="JSON with comments",
    suffixes=(".jsonc",),
    filenames=_JSONC_NAMES,
    language_ids=("jsonc",),
    machine=lambda: _shared("jsonc"),
    docs=__name__,
    check_unit=check_jsonc,
    worth_checking=worth_checking_jsonc,
    unit_limit=LARGEST_UNREAD,
    whole_text_is_unit=True,
)
