"""A YAML text as nodes that know where they stand, without YAML's surprises.

Only what a person writes by hand is taken: one document of mappings, lists and scalars. Anchors, aliases, tags, further
documents, deep nesting and large texts are faults, so nothing small can grow large. A scalar is its text: what `yes` or
`12:30` means is for the model to say, and only `null` in its spellings is told apart.
Knows no keys. Invariant: no text makes `compose` raise; offsets count code points of the text it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from engine.parse.source import BOM, bad_sequences

__all__ = ["Composed", "Fault", "MappingNode", "Node", "ScalarNode", "SequenceNode", "compose", "find", "plain"]

#: code points of a document; a plan is a page or two, and every keystroke reads all of it
LARGEST: Final = 1 << 18
#: collections inside each other; the model has four
DEEPEST: Final = 12
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_ENDS: Final = frozenset({yaml.SequenceEndEvent, yaml.MappingEndEvent})
_LEAVE_OUT: Final = " are not supported: leave it out"
_COLON_IN_TEXT: Final = "mapping values are not allowed"

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with the YAML itself: a code, what to tell, from where to where."""

    code: str
    message: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A text; `is_null` for nothing at all and for `null` without quotes."""

    text: str
    is_null: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list; `flow` when it is written in brackets."""

    items: tuple[Node, ...]
    flow: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys with values in the order they are written, those that come twice included; `flow` when in braces."""

    pairs: tuple[tuple[ScalarNode, Node], ...]
    flow: bool
    start: int
    end: int

    def get(self, key: str) -> Node | None:
        """The value of a key (of its first occurrence), None without the key."""
        return next((value for name, value in self.pairs if name.text == key), None)


Node = ScalarNode | SequenceNode | MappingNode


@dataclass(frozen=True, slots=True)
class Composed:
    """The document's root, None when there is none or the YAML is broken, and what is wrong."""

    root: Node | None
    faults: tuple[Fault, ...] = ()


def compose(text: str) -> Composed:
    """The nodes of a document."""
    if len(text) > LARGEST:
        return Composed(None, (Fault("intent.too_large", f"an Intent has at most {LARGEST} characters", 0, 0),))
    bad = tuple(
        Fault("unicode.invalid_utf8", "these bytes are not UTF-8", start, end) for start, end in bad_sequences(text)
    )
    return Composed(None, bad) if bad else _Composer(text).composed()


def plain(node: Node) -> Any:
    """The value: dicts, lists, strings and None; of a key that comes twice, the first."""
    match node:
        case ScalarNode():
            return None if node.is_null else node.text
        case SequenceNode():
            return [plain(item) for item in node.items]
        case MappingNode():
            return {key.text: plain(value) for key, value in reversed(node.pairs)}


def find(root: Node, path: Path) -> tuple[ScalarNode | None, Node]:
    """The node at a path, or at the longest beginning of it that is there, with the key it is the value of.

    Parts of the path that the document does not have are passed over, so that a path may name more than the document.
    """
    key: ScalarNode | None = None
    node = root
    for part in path:
        if isinstance(node, MappingNode) and isinstance(part, str):
            for name, value in node.pairs:
                if name.text == part:
                    key, node = name, value
                    break
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.items):
            key, node = None, node.items[part]
    return key, node


class _Stop(Exception):
    """The text goes on, and composing it does not."""


@dataclass(slots=True)
class _Composer:
    """Builds the nodes from the parser's events, bottom up."""

    text: str
    faults: list[Fault] = field(default_factory=list)
    _before: int = 0
    _depth: int = 0
    _documents: int = 0

    def composed(self) -> Composed:
        """The result."""
        self._before = 1 if self.text.startswith(BOM) else 0
        root: Node | None = None
        try:
            events = yaml.parse(self.text[self._before :], Loader=_LOADER)
            for event in events:
                root = self._after(event, events) or root
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
        except yaml.reader.ReaderError as error:
            self._character(error)
        except _Stop:
            pass
        broken = any(fault.code == "intent.syntax" for fault in self.faults)
        return Composed(None if broken else root, tuple(self.faults))

    def _after(self, event: Any, events: Iterator[Any]) -> Node | None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._fault(event, "a file holds one Intent: nothing may follow a `---` after it")
                raise _Stop
        return self._node(event, events) if isinstance(event, yaml.NodeEvent) else None

    def _node(self, event: Any, events: Iterator[Any]) -> Node:
        kind = type(event)
        if event.anchor is not None:
            alias = kind is yaml.AliasEvent
            what = (
                "aliases (`*name`) are not supported: write the value out"
                if alias
                else "anchors (`&name`)" + _LEAVE_OUT
            )
            self._fault(event, what)
        start = event.start_mark.index + self._before
        if kind is yaml.AliasEvent:
            return ScalarNode("", is_null=True, start=start, end=start)
        if event.tag is not None:
            self._fault(event, "tags (`!name`)" + _LEAVE_OUT)
        if kind is not yaml.ScalarEvent:
            return self._collection(event, events, start)
        end, style = event.end_mark.index + self._before, event.style
        if style in {"|", ">"}:  # it ends behind the blank lines that follow it
            end = self._trimmed(start, end)
        return ScalarNode(event.value, not style and event.value in _NULLS, start, end)

    def _collection(self, event: Any, events: Iterator[Any], start: int) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fault(event, f"nested more than {DEEPEST} deep")
            raise _Stop
        flow = bool(event.flow_style)
        nodes: list[Node] = []
        for each in events:
            if type(each) in _ENDS:
                break
            nodes.append(self._node(each, events))
        self._depth -= 1
        end = each.end_mark.index + self._before if flow else nodes[-1].end if nodes else start
        if type(event) is yaml.SequenceStartEvent:
            return SequenceNode(tuple(nodes), flow, start, end)
        if not flow and nodes:
            end = max(end, nodes[-2].end)  # a key without a value ends behind it
        return MappingNode(tuple(self._pairs(nodes)), flow, start, end)

    def _pairs(self, nodes: list[Node]) -> Iterator[tuple[ScalarNode, Node]]:
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            if isinstance(key, ScalarNode):
                yield key, value
            else:
                self.faults.append(Fault("intent.syntax", "a key must be a word", key.start, key.end))

    def _trimmed(self, start: int, end: int) -> int:
        """The end of what is written between two offsets, without white space behind it."""
        return start + len(self.text[start:end].rstrip())

    def _fault(self, event: Any, message: str) -> None:
        start = event.start_mark.index + self._before
        end = self._trimmed(start, event.end_mark.index + self._before)
        self.faults.append(Fault("intent.syntax", message, start, end))

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        at = min(mark.index + self._before if mark else 0, len(self.text))
        what = error.problem or error.context or "this is not YAML"
        line = self.text[at:].split("\n", 1)[0]
        if what.startswith(_COLON_IN_TEXT):
            what = "a text with `: ` in it needs quotes"
        elif line.startswith("\t"):
            what = "YAML is indented with spaces, not with tabs"
        elif error.context and error.problem:
            what = f"{error.context}: {error.problem}"
        self.faults.append(Fault("intent.syntax", f"not YAML: {what}", at, at + len(line[:1])))

    def _character(self, error: yaml.reader.ReaderError) -> None:
        found = re.search(
            "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", self.text[self._before :]
        )
        at = (found.start() if found else 0) + self._before
        message = f"the character U+{ord(self.text[at]):04X} is not allowed in YAML" if found else str(error.reason)
        self.faults.append(Fault("intent.syntax", message, at, min(at + 1, len(self.text))))
