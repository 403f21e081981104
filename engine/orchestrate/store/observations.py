"""`.penstock/observations.yaml`: what was noticed in passing, a list that people may read and change.

Each entry has an `id`, `content`, `evidence` (a list of `type` and `ref`), `source` (the role), `intent_id`, `run_id`,
`processed`, `created_at`. New ones are appended; marking one changes nothing but its word `false`.
Invariant: every other byte stays as it is, and whoever reads sees the file before a change or after it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from engine.languages.intent.nodes import MappingNode, Node, ScalarNode, SequenceNode, compose, plain
from engine.languages.intent.writing import quoted
from engine.orchestrate.store import atomic

__all__ = ["EVIDENCE", "BadObservations", "Observations"]

EVIDENCE: Final = ("file", "skill", "history", "decision")
"""What an observation may rest on; whatever else an agent says is a file."""


_WORD: Final = re.compile(r"[a-z](?!rue$|alse$|ull$|es$|o$|n$|ff$)[a-z0-9-]+")


class BadObservations(Exception):
    """The file is not as it must be; the message says why and what to do."""


class Observations:
    """The observations in a file, which need not be there."""

    def __init__(self, path: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._now = now

    def add(self, key: str, observations: Sequence[Mapping[str, Any]]) -> list[str]:
        """Appends what was noticed in a step; the ids, which come from its key, so that it is added once.

        Raises `BadObservations`, OSError.
        """
        ids = [_id(key, number) for number in range(len(observations))]
        created_at = self._now().isoformat(timespec="seconds").replace("+00:00", "Z")
        entries = [_entry(name, each, created_at) for name, each in zip(ids, observations, strict=True)]

        def added(before: bytes) -> bytes:
            text = _text(before)
            present = {entry["id"] for entry in self._entries(text)}
            new = [entry for entry in entries if entry["id"] not in present]
            return self._appended(text, new).encode("utf-8", "surrogateescape") if new else before

        self._change(added)
        return ids

    def all(self) -> list[dict[str, Any]]:
        """Every observation, those first that were made first. Raises `BadObservations`, OSError."""
        try:
            return list(self._entries(_text(atomic.read_regular(self._path, -1))))
        except FileNotFoundError:
            return []

    def unprocessed(self) -> list[dict[str, Any]]:
        """Those that no reflection has seen. Raises like `all`."""
        return [entry for entry in self.all() if entry["processed"] != "true"]

    def mark(self, ids: Collection[str]) -> None:
        """Marks observations as processed; those that are gone are passed over. Raises like `add`."""
        if ids and self._path.exists():
            self._change(lambda before: self._marked(_text(before), ids).encode("utf-8", "surrogateescape"))

    def _change(self, change: Callable[[bytes], bytes]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if self._path.exists() or not atomic.create(self._path, change(b"")):
                atomic.replace(self._path, change)
        except atomic.ChangedMeanwhile as error:
            raise BadObservations(str(error)) from error

    def _root(self, text: str) -> SequenceNode | None:
        composed = compose(text)
        if composed.faults:
            raise BadObservations(f"{self._path} is broken: {composed.faults[0].message}; mend it")
        root = composed.root
        if root is None or (isinstance(root, ScalarNode) and root.is_null):
            return None
        if not isinstance(root, SequenceNode):
            raise BadObservations(f"{self._path} must be a list of observations; mend it")
        return root

    def _entries(self, text: str) -> Iterator[dict[str, Any]]:
        """What stands in a text; a person's entry may lack anything but its content."""
        root = self._root(text)
        for number, node in enumerate(root.items if root else ()):
            told = plain(node)
            if isinstance(told, dict) and told.get("content"):
                yield {"evidence": [], "processed": "false", **told, "id": str(told.get("id") or _id("", number))}

    def _appended(self, text: str, entries: Sequence[Mapping[str, Any]]) -> str:
        root = self._root(text)
        if root is not None and root.flow and root.items:
            raise BadObservations(f"{self._path} is a list in brackets; write each entry after a dash, then try again")
        indent = root.start - (max(text.rfind("\n", 0, root.start), text.rfind("\r", 0, root.start)) + 1) if root else 0
        if root is not None and not root.items:
            text = text[: root.start] + text[root.end :]
        ending = "\r\n" if "\r\n" in text else "\n"
        gap = "" if not text or text.endswith(("\n", "\r")) else ending
        lines = [f"{' ' * (indent if root and root.items else 0)}{line}" for entry in entries for line in _lines(entry)]
        after = text + gap + "".join(line + ending for line in lines)
        wanted = [*(plain(node) for node in (root.items if root else ())), *(_plain(entry) for entry in entries)]
        found = self._root(after)
        if found is None or [plain(node) for node in found.items] != wanted:
            raise BadObservations(f"{self._path} is written in a way that cannot be appended to; mend its end")
        return after

    def _marked(self, text: str, ids: Collection[str]) -> str:
        root = self._root(text)
        places = []
        for number, node in enumerate(root.items if root else ()):
            own = _scalar(node, "id")
            word = _scalar(node, "processed")
            if (own.text if own else _id("", number)) in ids:
                if word is not None:
                    places.append((word.start, word.end, "true"))
                elif isinstance(node, MappingNode) and node.pairs and node.flow:
                    places.append((node.pairs[-1][1].end, node.pairs[-1][1].end, ", processed: true"))
                elif isinstance(node, MappingNode) and node.pairs:
                    first = node.pairs[0][0]
                    column = first.start - (text.rfind("\n", 0, first.start) + 1)
                    places.append((first.start, first.start, "processed: true\n" + " " * column))
        for start, end, written in sorted(places, reverse=True):
            text = text[:start] + written + text[end:]
        return text


def _scalar(node: Node, key: str) -> ScalarNode | None:
    value = node.get(key) if isinstance(node, MappingNode) else None
    return value if isinstance(value, ScalarNode) else None


def _id(key: str, number: int) -> str:
    return "o" + hashlib.sha256(f"{key}/{number}".encode()).hexdigest()[:10]


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _entry(name: str, told: Mapping[str, Any], created_at: str) -> dict[str, Any]:
    evidence = [
        {"type": each["type"] if each.get("type") in EVIDENCE else "file", "ref": str(each.get("ref") or "")}
        for each in told.get("evidence") or ()
    ]
    about = {key: told[key] for key in ("source", "intent_id", "run_id") if told.get(key)}
    return {"id": name, "content": str(told["content"]), "evidence": evidence, **about, "processed": False,
            "created_at": created_at}  # fmt: skip


def _lines(entry: Mapping[str, Any]) -> Iterator[str]:
    """An entry as lines of YAML."""
    for number, (key, value) in enumerate(entry.items()):
        yield f"{'- ' if not number else '  '}{key}: {_written(value)}"


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_written(each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_written(each)}' for key, each in value.items())}}}"
    if isinstance(value, bool):
        return str(value).lower()
    return value if _WORD.fullmatch(value) else quoted(value)


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What reading an entry gives: every scalar is a text."""
    return {**entry, "processed": "false"}
