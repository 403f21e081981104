"""An Intent's text with everything that is wrong in it, each fault on its place.

Knows no files and no log: whether an id exists or an Intent was approved is for those who have all of them.
Invariant: no text raises; `intent` is there exactly if no problem is an error, and then it says all that the text says.
"""

from __future__ import annotations

import difflib
import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from engine.languages.intent.graph import cycles
from engine.languages.intent.nodes import Fault, MappingNode, Node, ScalarNode, SequenceNode, compose, find, plain
from engine.languages.intent.slug import ID_RULE
from engine.parse.diagnostics import Diagnostic, FixIt, Severity, TextEdit
from engine.parse.source import Position, Span, split_lines

if TYPE_CHECKING:
    from engine.languages.intent.model import Intent

__all__ = ["IntentDocument", "Places", "dependency_problem", "parse", "parse_values", "reason_of"]

_LIST: Final = "it must be a list"
#: pydantic's words are about Python where ours are about a document
_EXPECTED: Final = {
    "string_type": "it must be a text",
    "tuple_type": _LIST,
    "list_type": _LIST,
    "model_type": "it must be a mapping",
    "model_attributes_type": "it must be a mapping",
    "dict_type": "it must be a mapping",
    "float_parsing": "it must be a number",
    "float_type": "it must be a number",
    "finite_number": "it must be a number",
    "int_parsing": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "int_type": "it must be a whole number",
    "greater_than_equal": "it must not be negative",
    "string_too_short": "it must not be empty",
    "string_too_long": f"an id is {ID_RULE}",
}
_PATTERNS: Final = {
    "agent": "it must be the name of an agent, such as `command`, `claude` or `acp:codex`",
    "type": "it must be one word such as `feature` or `fix`, or the name of a Flow",
}
#: the value of a key on one line, without a comment behind it
_PLAIN_VALUE: Final = re.compile(
    r"[ \t]*(?:-[ \t]+)?\w+:[ \t]+([^\s\"'\[{|>#][^\r\n]*?)[ \t]*(?:[ \t]#[^\r\n]*)?(?=[\r\n]|\Z)"
)


@dataclass(frozen=True, slots=True)
class IntentDocument:
    """An Intent's text and what it says. `problems` are in order of place; those of other files are no part of them."""

    id: str
    text: str
    intent: Intent | None
    problems: tuple[Diagnostic, ...] = ()

    @property
    def approval_hash(self) -> str | None:
        """The hash of what an approval is for; None as long as the document has an error: nothing to approve."""
        return self.intent.approval_hash if self.intent else None


class Places:
    """Offsets into a text as positions and spans."""

    def __init__(self, text: str) -> None:
        self._starts = list(accumulate(map(len, split_lines(text)), initial=0))[:-1]

    def position(self, offset: int) -> Position:
        """The position of an offset in code points."""
        line = bisect_right(self._starts, offset) - 1
        return Position(line, offset - self._starts[line])

    def span(self, start: int, end: int) -> Span:
        """The span between two offsets."""
        return Span(self.position(start), self.position(end))

    def of(self, node: Node) -> Span:
        """The span of a node."""
        return self.span(node.start, node.end)


def parse(intent_id: str, text: str) -> IntentDocument:
    """The document of an Intent's file."""
    intent, problems = parse_values(intent_id, text)
    return IntentDocument(intent_id, text, intent, problems)


def parse_values(
    intent_id: str, text: str, given: dict[str, Any] | None = None
) -> tuple[Intent | None, tuple[Diagnostic, ...]]:
    """The Intent in a text, with values that do not stand in the text, and the problems of the text."""
    check = _Check(text)
    intent = check.intent(intent_id, given or {})
    problems = tuple(sorted(check.problems, key=lambda problem: problem.span))
    failed = any(problem.severity is Severity.ERROR for problem in problems)
    return None if failed else intent, problems


def reason_of(entry: Any) -> str:
    """What one of the model's errors (of pydantic's `errors()`) says about a value, for whoever wrote it."""
    kind, path, given = entry["type"], tuple(entry["loc"]), entry.get("input")
    what = _EXPECTED.get(kind)
    if kind == "string_pattern_mismatch":
        what = _PATTERNS.get(str(path[0]), f"an id is {ID_RULE}")
    elif kind == "literal_error":
        choices = _choices(entry)
        near = difflib.get_close_matches(str(given), choices, n=1)
        what = f"it must be one of {', '.join(choices)}" + (f"; did you mean `{near[0]}`?" if near else "")
        if path == ("status",) and given == "running":
            what = "what runs is known from the log and never written; leave the line as it was"
    key = _written(path) if path else "tasks"
    return f"bad value for `{key}`: {what or entry['msg'].removeprefix('Value error, ')}"


def dependency_problem(document: IntentDocument, name: str, code: str, message: str) -> Diagnostic:
    """A problem of an Intent's own `depends_on` or `parent`, which only shows with all Intents at hand."""
    root = compose(document.text).root
    for key in ("depends_on", "parent"):
        value = root.get(key) if isinstance(root, MappingNode) else None
        for node in value.items if isinstance(value, SequenceNode) else [value] if value else []:
            if isinstance(node, ScalarNode) and node.text == name:
                return Diagnostic(code, Severity.ERROR, message, Places(document.text).of(node))
    return Diagnostic(code, Severity.ERROR, message, Span.on_line(0, 0, 0))


class _Check:
    """One text being looked at."""

    def __init__(self, text: str) -> None:
        self.problems: list[Diagnostic] = []
        self._text = text

    @cached_property
    def _places(self) -> Places:
        return Places(self._text)

    def intent(self, intent_id: str, given: dict[str, Any]) -> Intent | None:
        """The Intent, None where the model refuses it."""
        composed = compose(self._text)
        for fault in composed.faults:
            span = self._places.span(fault.start, fault.end)
            self.problems.append(
                Diagnostic(fault.code, Severity.ERROR, fault.message, span, fixes=self._quoting(fault))
            )
        root = composed.root
        if root is None and composed.faults:
            return None
        if root is None or (isinstance(root, ScalarNode) and root.is_null):
            root = MappingNode((), flow=False, start=0, end=0)
        if not isinstance(root, MappingNode):
            self._add("intent.bad_value", "an Intent is a mapping of keys, such as `title: …`", self._places.of(root))
            return None
        self._duplicates(root)
        return self._validated(root, intent_id, given)

    def _quoting(self, fault: Fault) -> tuple[FixIt, ...]:
        """Quotes around the text that a fault is in, if that mends it: everybody writes `title: Fix: it` once."""
        start = max(self._text.rfind("\n", 0, fault.start), self._text.rfind("\r", 0, fault.start)) + 1
        found = _PLAIN_VALUE.match(self._text, start)
        if fault.code != "intent.syntax" or found is None or not found.start(1) <= fault.start < found.end(1):
            return ()
        quoted = json.dumps(found[1], ensure_ascii=False)
        if compose(self._text[: found.start(1)] + quoted + self._text[found.end(1) :]).faults:
            return ()
        edit = TextEdit(self._places.span(*found.span(1)), quoted)
        return (FixIt("put it in quotes", (edit,)),)

    def _validated(self, root: MappingNode, intent_id: str, given: dict[str, Any]) -> Intent | None:
        from pydantic import ValidationError

        from engine.languages.intent.model import Intent

        values = {key: value for key, value in _without_nulls(plain(root)).items() if key != "id"}
        if (own_id := next((key for key, _ in root.pairs if key.text == "id"), None)) is not None:
            message = f"the id stands nowhere: it is the file's name (`{intent_id}`)"
            self._add("intent.unknown_key", message, self._places.of(own_id))
        for key in given.keys() & values.keys():
            place = next(name for name, _ in root.pairs if name.text == key)
            self._add("intent.unknown_key", f"`{key}` is the text below, not a key here", self._places.of(place))
        try:
            intent = Intent.model_validate({**values, **given, "id": intent_id})
        except ValidationError as error:
            for entry in error.errors(include_url=False):
                self._refused(root, entry)
            return None
        if intent.tasks:
            self._tasks(root, intent)
        return intent

    def _add(self, code: str, message: str, span: Span, replacement: str | None = None, title: str = "") -> None:
        fixes: tuple[FixIt, ...] = ()
        if replacement is not None:
            fixes = (FixIt(title or f"change to `{replacement}`", (TextEdit(span, replacement),)),)
        self.problems.append(Diagnostic(code, Severity.ERROR, message, span, fixes=fixes))

    def _duplicates(self, node: Node) -> None:
        if isinstance(node, SequenceNode):
            for item in node.items:
                self._duplicates(item)
        elif isinstance(node, MappingNode):
            seen: set[str] = set()
            for key, value in node.pairs:
                if key.text in seen:
                    self._add("intent.duplicate_key", f"`{key.text}` is given twice", self._places.of(key))
                seen.add(key.text)
                if type(value) is not ScalarNode:
                    self._duplicates(value)

    def _refused(self, root: Node, entry: Any) -> None:
        """A problem out of one of the model's errors."""
        kind, path = entry["type"], tuple(entry["loc"])
        key, node = find(root, path)
        if kind == "missing":
            self._missing(root, path)
        elif kind == "extra_forbidden" or path[-1:] == ("[key]",):
            known = _choices(entry) if kind == "literal_error" else _known_keys(path[:-1])
            self._unknown_key(key or node, known)
        else:
            self._bad_value(path, node, entry)

    def _missing(self, root: Node, path: tuple[str | int, ...]) -> None:
        _, parent = find(root, path[:-1])
        name = path[-1]
        if path == ("title",):
            key = (
                next((key for key, _ in root.pairs if key.text == "title"), None)
                if isinstance(root, MappingNode)
                else None
            )
            span = self._places.of(key) if key else Span.on_line(0, 0, 0)
            self._add("intent.missing_title", "an Intent needs a title: `title: what you want done`", span)
        else:
            first = parent.pairs[0][0] if isinstance(parent, MappingNode) and parent.pairs else parent
            self._add("intent.missing_key", f"`{name}` is missing here", self._places.of(first))

    def _unknown_key(self, key: Node, known: list[str]) -> None:
        name = key.text if isinstance(key, ScalarNode) else ""
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(f'`{each}`' for each in known)}"
        self._add(
            "intent.unknown_key", f"unknown key `{name}`; {hint}", self._places.of(key), near[0] if near else None
        )

    def _bad_value(self, path: tuple[str | int, ...], node: Node, entry: Any) -> None:
        if not path:
            _, node = find(node, ("tasks",))
        replacement, title = None, ""
        if entry["type"] == "literal_error":
            value = node.text if isinstance(node, ScalarNode) else ""
            near = difflib.get_close_matches(value, _choices(entry), n=1)
            replacement = near[0] if near else None
        elif _EXPECTED.get(entry["type"]) is _LIST and isinstance(node, ScalarNode):
            listed, title = f"[{self._text[node.start : node.end]}]", "make it a list of one"
            replacement = listed if re.fullmatch(r"\[[^\[\]{},#\n]*\]", listed) else None
        self._add("intent.bad_value", reason_of(entry), self._places.of(node), replacement, title)

    def _tasks(self, root: Node, intent: Intent) -> None:
        """What is wrong with the Tasks as a graph: ids given twice or by nobody, dependencies in a circle."""
        ids = {task.id for task in intent.tasks}
        seen: set[str] = set()
        for index, task in enumerate(intent.tasks):
            if task.id in seen:
                _, node = find(root, ("tasks", index, "id"))
                self._add("intent.duplicate_id", f"there are two Tasks `{task.id}`", self._places.of(node))
            seen.add(task.id)
            for number, name in enumerate(task.depends_on):
                if name not in ids:
                    near = difflib.get_close_matches(name, sorted(ids), n=1)
                    _, node = find(root, ("tasks", index, "depends_on", number))
                    self._add("intent.unknown_id", f"there is no Task `{name}` here", self._places.of(node), *near)
        edges = {task.id: task.depends_on for task in intent.tasks}
        for cycle in cycles(edges) if len(ids) == len(intent.tasks) else []:
            index = [task.id for task in intent.tasks].index(cycle[0])
            number = intent.tasks[index].depends_on.index(cycle[1])
            _, node = find(root, ("tasks", index, "depends_on", number))
            self._add("intent.cycle", f"Tasks wait for each other: {' -> '.join(cycle)}", self._places.of(node))


def _without_nulls(value: Any) -> Any:
    """The value without the keys whose value is null: they have their default."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _written(path: tuple[str | int, ...]) -> str:
    """A path of the model as a person reads it."""
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in path if part not in {"name", "roles"}
    )
    return text.removeprefix(".")


def _choices(entry: Any) -> list[str]:
    return re.findall(r"'([^']*)'", entry["ctx"]["expected"])


def _known_keys(path: tuple[str | int, ...]) -> list[str]:
    from engine.languages.intent import model

    models: dict[str, Any] = {
        "tasks": model.IntentTask, "budget": model.Budget, "clarifications": model.Clarification,
    }  # fmt: skip
    known = models.get(str(path[0]), model.Intent) if path else model.Intent
    return [name for name in known.model_fields if known is not model.Intent or name != "id"]
