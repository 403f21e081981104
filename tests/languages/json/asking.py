"""Asking the JSON languages about a text."""

from __future__ import annotations

from engine.languages.analysis import Analysis
from engine.languages.json import JSON
from engine.languages.language import Language
from engine.languages.stream import Checker
from engine.parse.diagnostics import Diagnostic, FixIt, Severity
from engine.parse.source import Position, split_lines


def decoded(text: str | bytes) -> str:
    """The text as the engine sees it."""
    return text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text


def said(text: str | bytes, language: Language = JSON) -> list[Diagnostic]:
    """Everything said about a text."""
    return Analysis(language, decoded(text)).diagnostics()


def codes(text: str | bytes, language: Language = JSON) -> list[str]:
    """The codes of everything said about a text."""
    return [diagnostic.code for diagnostic in said(text, language)]


def errors(text: str | bytes, language: Language = JSON) -> list[Diagnostic]:
    """The errors in a text."""
    return [diagnostic for diagnostic in said(text, language) if diagnostic.severity is Severity.ERROR]


def accepts(text: str | bytes, language: Language = JSON) -> bool:
    """Is there no error in a text?"""
    return not errors(text, language)


def streamed(text: str | bytes, size: int, language: Language = JSON) -> list[Diagnostic]:
    """Everything said about a text that arrives in chunks of some bytes."""
    raw = text if isinstance(text, bytes) else text.encode()
    checker = Checker(language)
    found = [d for start in range(0, len(raw), size) for d in checker.feed(raw[start : start + size])]
    return sorted([*found, *checker.finish()], key=lambda d: d.span.start)


def fixed(text: str, fix: FixIt) -> str:
    """The text with a fix applied."""
    lines = split_lines(text)

    def offset(position: Position) -> int:
        return sum(len(line) for line in lines[: position.line]) + position.column

    for edit in sorted(fix.edits, key=lambda e: e.span, reverse=True):
        text = text[: offset(edit.span.start)] + edit.text + text[offset(edit.span.end) :]
    return text
