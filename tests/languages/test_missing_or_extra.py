"""A token of each sort that is missing or one too many is one diagnostic, and its first fix makes the right text.

A quote too many is left out: nobody can tell where a text should have ended that is not closed.
"""

from __future__ import annotations

import pytest

from engine.languages.json import JSON
from engine.languages.language import Language
from engine.languages.reml import REML
from engine.parse.document import Document
from tests.bench.mutations import same
from tests.bench.repair_quality import mended

#: What is lost or one too many; the right text, without it, with one too many.
Case = tuple[str, str, str, str | None]
REML_TEXTS: list[Case] = [
    ("bracket", "let x = f(1, g(2))\nlet y = 3\n", "let x = f(1, g(2)\nlet y = 3\n",
     "let x = f(1, g(2)))\nlet y = 3\n"),
    ("list's bracket", "let x = [1, 2]\nlet y = 3\n", "let x = [1, 2\nlet y = 3\n", "let x = [1, 2]]\nlet y = 3\n"),
    ("brace", "fn f() {\n  g()\n}\nfn h() = 1\n", "fn f() {\n  g()\nfn h() = 1\n",
     "fn f() {\n  g()\n}}\nfn h() = 1\n"),
    ("comma", "let x = f(a, b)\n", "let x = f(a b)\n", "let x = f(a,, b)\n"),
    ("arrow", "fn f(a: Int) -> Int = a\n", "fn f(a: Int) Int = a\n", "fn f(a: Int) -> -> Int = a\n"),
    ("other arrow", "let f = fn(a) => a\n", "let f = fn(a) a\n", "let f = fn(a) => => a\n"),
    ("keyword", "let x = if a then b else c\n", "let x = if a b else c\n", "let x = if a then then b else c\n"),
    ("first keyword", "fn f(a: Int) -> Int = a\n", "f(a: Int) -> Int = a\n", "fn fn f(a: Int) -> Int = a\n"),
    ("quote", 'let x = f("abc")\nlet y = 1\n', 'let x = f("abc)\nlet y = 1\n', None),
    ("operand", "let x = a + 1\nlet y = 1\n", "let x = a +\nlet y = 1\n", "let x = a + 1 2\nlet y = 1\n"),
]
JSON_TEXTS: list[Case] = [
    ("bracket", '{"a": [1, 2], "b": 3}\n', '{"a": [1, 2, "b": 3}\n', '{"a": [1, 2]], "b": 3}\n'),
    ("brace", '{\n  "a": {\n    "b": 1\n  }\n}\n', '{\n  "a": {\n    "b": 1\n}\n',
     '{\n  "a": {\n    "b": 1\n  }}\n}\n'),
    ("comma", "[1, 2, 3]\n", "[1 2, 3]\n", "[1,, 2, 3]\n"),
    ("colon", '{"a": 1, "b": 2}\n', '{"a" 1, "b": 2}\n', '{"a":: 1, "b": 2}\n'),
    ("quote", '{\n  "a": "x",\n  "b": 2\n}\n', '{\n  "a": "x,\n  "b": 2\n}\n', None),
    ("operand", '{"a": 1, "b": 2}\n', '{"a": , "b": 2}\n', '{"a": 1 2, "b": 2}\n'),
]
CASES = [
    pytest.param(language, wrong, right, id=f"{language.name}: {way} {what}")
    for language, texts in ((REML, REML_TEXTS), (JSON, JSON_TEXTS))
    for what, right, missing, extra in texts
    for way, wrong in (("missing", missing), ("extra", extra))
    if wrong is not None
]


@pytest.mark.parametrize("language, wrong, right", CASES)
def test_it_is_one_diagnostic_and_the_first_fix_is_right(language: Language, wrong: str, right: str) -> None:
    machine = language.machine()
    (diagnostic,) = Document(machine, wrong).diagnostics()
    text = mended(wrong, diagnostic.fixes[0])

    assert same(machine, text, right) == "exact", text
    assert not Document(machine, text).diagnostics()
