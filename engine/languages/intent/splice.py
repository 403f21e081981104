"""Changes to an Intent's text that leave every other byte as it was: the comments, the order, the spelling.

Each change is an insertion or a replacement at the place where the text says so already. The result is read again, and
if it does not say exactly what the old text said with the change, nothing is changed and `CannotSplice` is raised.
Knows no files. Invariant: a change that changes nothing returns the very same text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.languages.intent.nodes import MappingNode, Node, ScalarNode, SequenceNode, compose, plain
from engine.languages.intent.writing import quoted
from engine.parse.source import BOM, split_lines

__all__ = ["CannotSplice", "splice"]


class CannotSplice(Exception):
    """The text has no place for the change; the message says why, and what a person can do."""


def splice(
    text: str,
    *,
    status: str | None = None,
    answers: Mapping[int, str] | None = None,
    questions: Sequence[str] = (),
    depends_on: Sequence[str] | None = None,
) -> str:
    """The text with changes made: a new status, answers by the index of their question, further questions (those that
    stand there already are left out), the Intents it depends on. None changes nothing.

    Raises `CannotSplice`.
    """
    if status is not None:
        text = _with_value(text, ("status",), status, status)
    for index, answer in sorted((answers or {}).items()):
        text = _with_value(text, ("clarifications", index, "answer"), answer, quoted(answer))
    for question in questions:
        text = _with_question(text, question)
    if depends_on is not None:
        text = _with_dependencies(text, list(depends_on))
    return text


def _root(text: str) -> MappingNode:
    composed = compose(text)
    if composed.faults:
        raise CannotSplice(f"the file is broken: {composed.faults[0].message}")
    if not isinstance(composed.root, MappingNode) or not composed.root.pairs:
        raise CannotSplice("the file holds no Intent")
    return composed.root


def _with_value(text: str, path: tuple[str | int, ...], value: Any, written: str) -> str:
    """The text with the value of a key, which is added where its mapping does not have it."""
    root = _root(text)
    expected = plain(root)
    parent: Node | None = root
    at = expected
    for part in path[:-1]:
        parent, at = _child(parent, part), at[part] if _child(parent, part) is not None else None
    if not isinstance(parent, MappingNode):
        raise CannotSplice(f"there is no {'.'.join(map(str, path[:-1]))} in the file")
    key = str(path[-1])
    if at.get(key) == value:
        return text
    at[key] = value
    node = parent.get(key)
    tries = [_replaced(text, node, written)] if node is not None else _with_pair(text, parent, key, written)
    return _first_that_says(expected, tries)


def _child(node: Node | None, part: str | int) -> Node | None:
    if isinstance(node, MappingNode) and isinstance(part, str):
        return node.get(part)
    if isinstance(node, SequenceNode) and isinstance(part, int) and 0 <= part < len(node.items):
        return node.items[part]
    return None


def _with_question(text: str, question: str) -> str:
    root = _root(text)
    expected = plain(root)
    asked = expected.get("clarifications") or []
    if not isinstance(asked, list):
        raise CannotSplice("`clarifications` in the file is no list")
    if any(isinstance(each, dict) and each.get("question") == question for each in asked):
        return text
    expected["clarifications"] = [*asked, {"question": question, "answer": None}]
    return _with_item(text, root, "clarifications", f"{{question: {quoted(question)}, answer: null}}", expected)


def _with_dependencies(text: str, wanted: list[str]) -> str:
    """The text with this `depends_on`; what only grows keeps the comments between its items."""
    root = _root(text)
    expected = plain(root)
    present = expected.get("depends_on") or []
    if present == wanted:
        return text
    if isinstance(present, list) and wanted[: len(present)] == present:
        for name in wanted[len(present) :]:
            expected["depends_on"] = present = [*present, name]
            text = _with_item(text, _root(text), "depends_on", name, expected)
        return text
    return _with_value(text, ("depends_on",), wanted, f"[{', '.join(wanted)}]")


def _with_item(text: str, root: MappingNode, key: str, item: str, expected: Any) -> str:
    """The text with one more item in the list of a key."""
    node = root.get(key)
    if isinstance(node, SequenceNode) and node.items:
        last = node.items[-1]
        if node.flow:
            tries = iter([_inserted(text, last.end, f", {item}")])
        else:
            indent = _column(text, node.start)
            tries = _on_next_line(text, last.end, f"{' ' * indent}- {item}")
    elif node is not None:
        tries = iter([_replaced(text, node, f"[{item}]")])
    else:
        tries = iter(_with_pair(text, root, key, f"[{item}]"))
    return _first_that_says(expected, tries)


def _with_pair(text: str, mapping: MappingNode, key: str, written: str) -> Iterator[str]:
    """Ways to add a key to a mapping, the nicest first: after the title or question, at the end, at the beginning."""
    first, last = mapping.pairs[0], mapping.pairs[-1]
    pair = f"{key}: {written}"
    if mapping.flow:
        yield _inserted(text, last[1].end, f", {pair}")
        yield _inserted(text, first[0].start, f"{pair}, ")
        return
    indent = _column(text, mapping.start)
    yield from _on_next_line(text, max(first[0].end, first[1].end), " " * indent + pair)
    yield from _on_next_line(text, max(last[0].end, last[1].end), " " * indent + pair)
    yield _inserted(text, first[0].start, f"{pair}{_line_break(text)}{' ' * indent}")


def _on_next_line(text: str, offset: int, line: str) -> Iterator[str]:
    """A new line after the one that an offset is on; what stands behind the offset stays where it is."""
    ends = [at for at in (text.find("\n", offset), text.find("\r", offset)) if at >= 0]
    end = min(ends, default=len(text))
    yield _inserted(text, end, _line_break(text) + line)


def _first_that_says(expected: Any, tries: Iterator[str] | list[str]) -> str:
    for changed in tries:
        composed = compose(changed)
        if not composed.faults and composed.root is not None and plain(composed.root) == expected:
            return changed
    raise CannotSplice("the file is written in a way that cannot be changed safely; please make the change by hand")


def _replaced(text: str, node: Node, written: str) -> str:
    gap = " " if text[max(0, node.start - 1) : node.start] == ":" else ""
    behind = "" if isinstance(node, ScalarNode) and node.start < node.end or text[node.end :][:1] in "\r\n,]} " else " "
    return text[: node.start] + gap + written + behind + text[node.end :]


def _inserted(text: str, offset: int, written: str) -> str:
    return text[:offset] + written + text[offset:]


def _column(text: str, offset: int) -> int:
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    return offset - start - text.startswith(BOM, start)


def _line_break(text: str) -> str:
    line = split_lines(text)[0]
    return "\r\n" if line.endswith("\r\n") else "\r" if line.endswith("\r") else "\n"
