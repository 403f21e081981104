"""Other parsers as contenders of one shape: reading a text, keeping one while a letter is typed, telling errors.

Each imports its package when it is asked for, so none has to be installed.  Texts are ASCII.  Knows nothing of the
engine and of how long anything takes.  What a keystroke prepares (copying the text, positions) is done before the
action that is timed, to the advantage of these parsers: the engine's edits include it.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from tests.bench.json_speed import LARK_GRAMMAR

__all__ = ["OTHERS", "Action", "Contender", "Read", "Typing", "place"]

Read = Callable[[str], object]
Action = Callable[[], object]


class Typing(Protocol):
    """A text that is kept while somebody types into it."""

    def text(self) -> str:
        """As it stands."""

    def letter(self) -> Action:
        """What is to be done for the next letter, prepared: the text is complete when it has been called."""


@dataclass(frozen=True)
class Contender:
    """A parser of one language (`json`, `python`, `reml`)."""

    name: str
    language: str
    module: str
    """What has to be installed."""
    delivers: str
    """What reading a text gives."""
    reader: Callable[[], Read]
    """Made ready for a text, having seen none."""
    told: Callable[[str], set[int]]
    """The lines of a text on which it tells an error."""
    typing: Callable[[str, int], Typing] | None = None
    """Keeps a text of which letters are typed from an offset on; None: it reads all of it anew."""
    tree: Callable[[], Read] | None = None
    """Gives the whole tree, where `reader` gives less."""
    chunks: Callable[[str, int], Action] | None = None
    """Takes a text in chunks of so many bytes, suspended after each; None: it cannot."""


def place(text: str, at: int) -> tuple[int, int]:
    """Line and column of an offset, from 0."""
    return text.count("\n", 0, at), at - text.rfind("\n", 0, at) - 1


# ------------------------------------------------------------------------------------------------------- tree-sitter
def _grammar(language: str) -> Any:
    import tree_sitter
    import tree_sitter_json

    if language == "json":
        return tree_sitter.Language(tree_sitter_json.language())
    import tree_sitter_python

    return tree_sitter.Language(tree_sitter_python.language())


class _TreeSitterTyping:
    def __init__(self, language: str, text: str, at: int) -> None:
        import tree_sitter

        self.parser = tree_sitter.Parser(_grammar(language))
        self.source, self.at, (self.line, self.column) = text.encode(), at, place(text, at)
        self.tree = self.parser.parse(self.source)

    def text(self) -> str:
        return self.source.decode()

    def letter(self) -> Action:
        at, column = self.at, self.column
        self.source = self.source[:at] + b"q" + self.source[at:]
        self.at, self.column = at + 1, column + 1
        here, behind = (self.line, column), (self.line, column + 1)

        def typed() -> object:
            self.tree.edit(at, at, at + 1, here, here, behind)
            self.tree = self.parser.parse(self.source, self.tree)
            return self.tree.root_node.has_error
        return typed


def _tree_sitter(language: str) -> Contender:
    def reader() -> Read:
        import tree_sitter

        parser = tree_sitter.Parser(_grammar(language))
        return lambda text: parser.parse(text.encode())

    def told(text: str) -> set[int]:
        tree: Any = reader()(text)
        return {node.start_point[0] for node in _nodes(tree.root_node) if node.is_error or node.is_missing}
    return Contender(f"tree-sitter-{language}", language, f"tree_sitter_{language}", "tree, errors in it (C)", reader,
                     told, lambda text, at: _TreeSitterTyping(language, text, at))


def _nodes(root: Any) -> Iterator[Any]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.has_error or node.is_missing:
            yield node
            waiting += node.children


# ------------------------------------------------------------------------------------------------------------- parso
class _ParsoTyping:
    """By parso's diff parser, which its grammar uses for a path whose text it has seen before."""

    _paths = count()

    def __init__(self, text: str, at: int) -> None:
        from parso.grammar import load_grammar

        self.grammar, self.path = load_grammar(), f"typed-{next(self._paths)}.py"
        self.source, self.at = text, at
        self.module = self._parse()

    def text(self) -> str:
        return self.source

    def _parse(self) -> object:
        return self.grammar.parse(self.source, path=self.path, diff_cache=True)

    def letter(self) -> Action:
        self.source = f"{self.source[:self.at]}q{self.source[self.at:]}"
        self.at += 1
        return self._parse


def _parso_reader() -> Read:
    from parso.grammar import load_grammar

    return load_grammar().parse


def _parso_told(text: str) -> set[int]:
    from parso.grammar import load_grammar

    grammar = load_grammar()
    return {issue.start_pos[0] - 1 for issue in grammar.iter_errors(grammar.parse(text))}


# ----------------------------------------------------------------------------------------------------- from scratch
def _lark_reader() -> Read:
    import lark

    return lark.Lark(LARK_GRAMMAR, parser="lalr").parse


def _lark_told(text: str) -> set[int]:
    import lark

    try:
        _lark_reader()(text)
    except lark.exceptions.UnexpectedInput as error:
        return {error.line - 1}
    return set()


def _parsy_reader() -> Read:
    """JSON to Python values, strings and numbers each by one regular expression."""
    import parsy

    space = parsy.regex(r"[ \t\n\r]*")

    def mark(text: str) -> Any:
        return parsy.string(text) << space
    string = parsy.regex(r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"')
    text = string.map(json.loads) << space
    number = parsy.regex(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?").map(float) << space
    value: Any = parsy.forward_declaration()
    pair = parsy.seq(text << mark(":"), value)
    array = mark("[") >> value.sep_by(mark(",")) << mark("]")
    mapping = mark("{") >> pair.sep_by(mark(",")).map(dict) << mark("}")
    constants = [mark(name).result(meant) for name, meant in (("true", True), ("false", False), ("null", None))]
    value.become(parsy.alt(mapping, array, text, number, *constants))
    whole: Any = space >> value
    read: Read = whole.parse
    return read


def _parsy_told(text: str) -> set[int]:
    import parsy

    try:
        _parsy_reader()(text)
    except parsy.ParseError as error:
        return {place(text, error.index)[0]}
    return set()


def _json_told(text: str) -> set[int]:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return {error.lineno - 1}
    return set()


def _ast_told(text: str) -> set[int]:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return {(error.lineno or 1) - 1}
    return set()


OTHERS = (
    _tree_sitter("json"),
    Contender("lark LALR", "json", "lark", "tree or an error", _lark_reader, _lark_told),
    Contender("parsy", "json", "parsy", "values or an error", _parsy_reader, _parsy_told),
    Contender("json (C)", "json", "json", "values or an error (C)", lambda: json.loads, _json_told),
    _tree_sitter("python"),
    Contender("parso", "python", "parso", "tree; errors if asked", _parso_reader, _parso_told, _ParsoTyping),
    Contender("ast (C)", "python", "ast", "tree or an error (C)", lambda: ast.parse, _ast_told),
)
"""In the order of the columns."""
