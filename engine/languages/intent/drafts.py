"""Drafts: Intents in Markdown, for whoever likes to begin with a sentence.

The first paragraph is the title, the rest is the body. In front there may be keys of an Intent between two lines `---`.
Knows no files. Invariant: no text raises; what is wrong is a problem on its place, and then there is no Intent.
"""

from __future__ import annotations

import re
from typing import Final

from engine.languages.intent.document import IntentDocument, parse_values
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.source import BOM, Span, split_lines

__all__ = ["parse_draft"]

_FENCE: Final = re.compile(r"---[ \t]*[\r\n]*")
_MARKS: Final = re.compile(r"[ \t]*#{1,6}[ \t]+")


def parse_draft(intent_id: str, text: str) -> IntentDocument:
    """The document of a draft; its Intent has the id that is given."""
    lines = split_lines(text)
    fences = [number for number, line in enumerate(lines) if _FENCE.fullmatch(line.removeprefix(BOM))][:2]
    if fences[:1] != [0]:
        front, below = "", text.removeprefix(BOM)
    elif len(fences) == 1:
        message = "the keys at the beginning do not end: put a line `---` between them and the title"
        return _broken(intent_id, text, "intent.syntax", message, Span.on_line(0, 0, 3))
    else:
        front, below = "".join(lines[1 : fences[1]]), "".join(lines[fences[1] + 1 :])
    title, body = _title_and_body(below)
    if not title:
        end = len(lines) - 1
        message = "a draft needs a title: its first paragraph says what you want done"
        return _broken(intent_id, text, "intent.missing_title", message, Span.on_line(end, 0, len(lines[end])))
    intent, problems = parse_values(intent_id, front, {"title": title, "body": body})
    return IntentDocument(intent_id, text, intent, tuple(problem.shifted(1) for problem in problems))


def _title_and_body(text: str) -> tuple[str, str]:
    """The first paragraph on one line, without a heading's marks, and what follows it."""
    lines = text.strip("\r\n").splitlines()
    first = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    heading = _MARKS.match(lines[first]) is not None if first < len(lines) else False
    blank = next((number for number in range(first, len(lines)) if not lines[number].strip()), len(lines))
    end = first + 1 if heading else blank
    title = " ".join(_MARKS.sub("", line, count=1).strip() for line in lines[first:end])
    body = "\n".join(lines[end:]).strip("\n")
    return title, f"{body}\n" if body else ""


def _broken(intent_id: str, text: str, code: str, message: str, span: Span) -> IntentDocument:
    return IntentDocument(intent_id, text, None, (Diagnostic(code, Severity.ERROR, message, span),))
