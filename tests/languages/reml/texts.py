"""What the tests of Reml ask about a text: tokens, syntax errors, tree, everything that is said about it."""

from __future__ import annotations

import textwrap

from engine.languages.analysis import Analysis
from engine.languages.language import CheckSettings
from engine.languages.reml import REML
from engine.parse.diagnostics import Diagnostic
from engine.parse.document import Document
from engine.parse.lexer import Mode
from engine.parse.source import split_lines
from engine.parse.tree import Node, Token, Tree, build
from tests.languages.reml.ebnf import Tok


def text_of(snippet: str) -> str:
    """A snippet as a text: indentation of a whole block is taken off."""
    return textwrap.dedent(snippet).strip("\n")


def syntax_errors(text: str) -> list[Diagnostic]:
    """What the parser itself has to say."""
    return Document(REML.machine(), text).diagnostics()


def said(text: str, settings: CheckSettings | None = None) -> list[Diagnostic]:
    """Everything that is said about a text."""
    return Analysis(REML, text, settings or CheckSettings(allow_top_level_expr=True)).diagnostics()


def places(diagnostics: list[Diagnostic]) -> list[tuple[str, int, int]]:
    """Code, line and column, both 1-based."""
    return [(d.code, d.span.start.line + 1, d.span.start.column + 1) for d in diagnostics]


def marked(text: str, diagnostic: Diagnostic) -> str:
    """The text under a diagnostic."""
    lines = split_lines(text)
    start, end = diagnostic.span.start, diagnostic.span.end
    if start.line == end.line:
        return lines[start.line][start.column : end.column]
    between = lines[start.line + 1 : end.line]
    return "".join([lines[start.line][start.column :], *between, lines[end.line][: end.column]])


def check(text: str, expected: list[tuple[str, str]], settings: CheckSettings | None = None) -> None:
    """Codes and the texts they stand under are the expected ones."""
    text = text_of(text)

    assert [(d.code, marked(text, d)) for d in said(text, settings)] == expected


def fixed(text: str, diagnostic: Diagnostic, number: int = 0) -> str:
    """The text after one of the diagnostic's fixes."""
    lines = split_lines(text)
    for edit in sorted(diagnostic.fixes[number].edits, key=lambda e: e.span.start, reverse=True):
        start, end = edit.span.start, edit.span.end
        lines[start.line : end.line + 1] = [
            lines[start.line][: start.column] + edit.text + lines[end.line][end.column :]
        ]
    return "".join(lines)


def tree(text: str) -> Node:
    """The tree of a text."""
    return build(REML.machine(), split_lines(text), at_end=True)


def shape(text: str) -> str:
    """The tree of an expression, with brackets around operators and names in front of other nodes."""
    root = tree(f"let v = {text}")
    item = root.children[0]
    assert isinstance(item, Node)
    let = item.children[0]
    assert isinstance(let, Node) and not syntax_errors(f"let v = {text}"), text
    return _shape(let.children[3])


_PLAIN = {"BinaryExpression", "Range", "Pipe", "PrefixExpression", "Assignment"}


def _shape(node: Tree) -> str:
    if isinstance(node, Token):
        return node.text
    inner = " ".join(_shape(part) for part in node.children)
    return f"({inner})" if node.rule in _PLAIN else f"{node.rule}[{inner}]"


def tokens(text: str) -> list[tuple[str, str]]:
    """Kinds and texts of the tokens of one line."""
    lexer = REML.machine().lexer
    return [(lexer.names[t.kind], text[t.start : t.end]) for t in lexer.scan(text)]


def kinds(text: str) -> list[Tok]:
    """The kinds of a text's tokens, each with whether a line break stands in front of it."""
    lexer = REML.machine().lexer
    out: list[Tok] = []
    broken = True
    mode: Mode | None = None
    for line in split_lines(text):
        for token in lexer.scan(line, mode):
            mode = token.mode
            if mode is not None:
                break
            if lexer.names[token.kind] == "NL":
                broken = True
            else:
                out.append(Tok(lexer.names[token.kind], broken))
                broken = False
    return out
