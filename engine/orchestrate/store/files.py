"""The `.penstock` folder of a repository: Intents and drafts, which are people's files.

One bad file is a problem on it and stops nothing. A name that is no id, a link, a pipe are not read, and said so.
Knows no log. Invariant: nothing that is there is ever overwritten by something new, and an update keeps every byte that
it is not about, also when somebody else writes at the same moment.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.config_files import Problem
from engine.languages.intent.document import IntentDocument, dependency_problem, parse
from engine.languages.intent.drafts import parse_draft
from engine.languages.intent.graph import cycles
from engine.languages.intent.slug import ID_RULE, is_id, slug, unique
from engine.languages.intent.splice import CannotSplice, splice
from engine.languages.intent.writing import draft_text, intent_text
from engine.orchestrate.effects import UpdateIntent
from engine.orchestrate.store import atomic
from engine.parse.diagnostics import Diagnostic, Severity
from engine.parse.source import Span

if TYPE_CHECKING:
    from engine.languages.intent.model import Intent

__all__ = ["FilesError", "IntentFiles", "Intents", "common_folder", "find_root"]

_START: Final = Span.on_line(0, 0, 0)


class FilesError(Exception):
    """Something that cannot be done with an Intent's file; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Intents:
    """All Intents of a repository, by id in alphabetical order, and everything that is wrong with the files."""

    documents: Mapping[str, IntentDocument] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def of(self, intent_id: str) -> IntentDocument:
        """The document of an id. Raises `FilesError`."""
        if (document := self.documents.get(intent_id)) is not None:
            return document
        near = difflib.get_close_matches(intent_id, self.documents, n=1)
        hint = f"did you mean `{near[0]}`?" if near else "`penstock status` lists them"
        raise FilesError(f"there is no Intent `{intent_id}`; {hint}")


def find_root(start: Path) -> Path | None:
    """The top folder of the work tree that a folder is in, None outside of one."""
    folder = start.resolve()
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), None)


def common_folder(root: Path) -> Path:
    """The git folder that all work trees of a repository share, by the files that git keeps about it.

    `root` is the top folder of a work tree. Takes no process, so that looking costs nothing.
    """
    found = root / ".git"
    if found.is_file():
        found = root / found.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("gitdir:").strip()
    common = found / "commondir"
    if common.is_file():
        found /= common.read_text(encoding="utf-8", errors="surrogateescape").strip()
    return found.resolve()


class IntentFiles:
    """The files of the repository at `root` (the top folder of a work tree)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".penstock"
        self.intents = self.folder / "intents"
        self.drafts = self.folder / "drafts"

    def path(self, intent_id: str) -> Path:
        """Where an Intent's file is, whether it exists or not. Raises `FilesError` for what is no id."""
        if not is_id(intent_id):
            raise FilesError(f"`{intent_id}` is no id of an Intent: an id is {ID_RULE}")
        return self.intents / f"{intent_id}.yaml"

    def make_folders(self) -> list[Path]:
        """Makes the folders that are missing, and returns these. Raises `FilesError`."""
        made = [folder for folder in (self.intents, self.drafts) if not folder.is_dir()]
        try:
            for folder in made:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FilesError(f"{self.folder} cannot be made: {error.strerror}") from error
        return made

    def load_all(self, done: Container[str] = ()) -> Intents:
        """Every Intent, and what is wrong: in files, with files, and among Intents that depend on each other.

        `done`: ids that may be depended on although their files are gone.
        """
        documents: dict[str, IntentDocument] = {}
        problems: list[Problem] = []
        for path in _files(self.intents, problems):
            if path.suffix == ".yml" or not is_id(path.stem):
                what = "an Intent's file ends in `.yaml`" if path.suffix == ".yml" else f"an id is {ID_RULE}"
                problems.append(_problem(path, "intent.bad_name", f"this file is passed over: {what}; rename it"))
            elif (text := _text(path, problems)) is not None:
                documents[path.stem] = parse(path.stem, text)
        documents = _with_dependencies_checked(documents, done)
        for document in documents.values():
            path = self.path(document.id)
            problems += [Problem(path, document.text, problem) for problem in document.problems]
        return Intents(documents, tuple(problems))

    def load(self, intent_id: str) -> IntentDocument:
        """One Intent, without a look at the others. Raises `FilesError`."""
        problems: list[Problem] = []
        path = self.path(intent_id)
        if not path.is_symlink() and not path.exists():
            return self.load_all().of(intent_id)  # its words about what may be meant
        if (text := _text(path, problems)) is None:
            raise FilesError(f"{path}: {problems[0].diagnostic.message}")
        return parse(intent_id, text)

    def create(self, values: Mapping[str, Any], intent_id: str | None = None) -> IntentDocument:
        """Writes a new Intent with keys of the model; its id is made of its title, or the one given.

        Raises `FilesError` when the given id is taken or nothing can be written, `ValueError` (of pydantic's) for
        values that the model refuses.
        """
        return self._create(self.intents, ".yaml", values, intent_id)

    def propose(self, values: Mapping[str, Any]) -> IntentDocument:
        """Writes a new Intent as `create` does, unless one that proposes the same is there: then that one."""
        named = {"title", "body", "parent", "source"} & values.keys()
        for document in self.load_all().documents.values():
            intent = document.intent
            if intent and all(str(getattr(intent, name)).strip() == str(values[name]).strip() for name in named):
                return document
        return self.create(values)

    def create_draft(self, values: Mapping[str, Any]) -> IntentDocument:
        """Writes a new draft, as `create` does an Intent; its text is Markdown."""
        return self._create(self.drafts, ".md", values, None)

    def update(self, intent_id: str, change: Callable[[str], str]) -> IntentDocument:
        """Changes an Intent's text, most likely by `splice`; the document as it is then.

        `change` is called again on the new text when somebody else wrote meanwhile; what it raises is passed on and
        nothing is changed. Raises `FilesError`.
        """

        def changed(content: bytes) -> bytes:
            text = content.decode("utf-8", "surrogateescape")
            return change(text).encode("utf-8", "surrogateescape")

        path = self.path(intent_id)
        try:
            content = atomic.replace(path, changed)
        except OSError as error:
            if not path.is_symlink() and not path.exists():
                raise FilesError(f"there is no Intent `{intent_id}`; `penstock status` lists them") from error
            raise FilesError(f"{path} cannot be written: {error.strerror or error}") from error
        except atomic.ChangedMeanwhile as error:
            raise FilesError(str(error)) from error
        return parse(intent_id, content.decode("utf-8", "surrogateescape"))

    def apply(self, update: UpdateIntent) -> str | None:
        """Brings a file up to what the log says; None, or in words why that could not be done."""
        try:
            self.update(
                update.intent_id,
                lambda text: splice(
                    text, status=update.status, questions=update.clarifications or (), depends_on=update.depends_on
                ),
            )
        except (FilesError, CannotSplice) as error:
            return f"{update.intent_id}: {error}"
        return None

    def load_drafts(self) -> Intents:
        """What the drafts would become, by the ids they would get, and what is wrong with them."""
        problems: list[Problem] = []
        documents = {draft.id: draft for _, draft in self._read_drafts(problems)}
        return Intents(documents, tuple(problems))

    def convert_drafts(self) -> Intents:
        """Makes Intents of the drafts, in order of name; the new ones, and the problems of drafts that stay."""
        made: dict[str, IntentDocument] = {}
        problems: list[Problem] = []
        for path, draft in self._read_drafts(problems):
            if draft.intent is not None and (problem := self._convert(path, draft.intent, made)) is not None:
                problems.append(Problem(path, draft.text, problem))
        return Intents(made, tuple(problems))

    def _read_drafts(self, problems: list[Problem]) -> Iterator[tuple[Path, IntentDocument]]:
        for path in _files(self.drafts, problems):
            if path.suffix == ".md" and (text := _text(path, problems)) is not None:
                draft = parse_draft(path.stem if is_id(path.stem) else slug(path.stem), text)
                problems += [Problem(path, text, problem) for problem in draft.problems]
                yield path, draft

    def _convert(self, path: Path, intent: Intent, made: dict[str, IntentDocument]) -> Diagnostic | None:
        """Puts an Intent in a draft's place, or says why not; a draft whose Intent is there already is done with."""
        try:
            self.make_folders()
            document = parse(intent.id, intent_text(intent))
            target = self.path(intent.id)
            if atomic.create(target, document.text.encode()):
                made[intent.id] = document
            elif (present := self.load(intent.id).intent) is None or present.approval_hash != intent.approval_hash:
                message = f"the Intent `{intent.id}` is there already; rename this draft, and it becomes another one"
                return Diagnostic("intent.exists", Severity.WARNING, message, _START)
            path.unlink(missing_ok=True)
        except (OSError, FilesError, ValueError) as error:
            return Diagnostic("intent.unwritable", Severity.ERROR, f"no Intent was made of this draft: {error}", _START)
        return None

    def _create(self, folder: Path, suffix: str, values: Mapping[str, Any], wanted: str | None) -> IntentDocument:
        from engine.languages.intent.model import Intent

        self.make_folders()
        first = slug(str(values.get("title", ""))) if wanted is None else wanted
        if not is_id(first):
            raise FilesError(f"`{first}` is no id of an Intent: an id is {ID_RULE}")
        taken = {path.stem for path in (*self.intents.iterdir(), *self.drafts.iterdir())}
        while True:
            intent = Intent.model_validate({**values, "id": first if wanted is not None else unique(first, taken)})
            text = draft_text(intent) if suffix == ".md" else intent_text(intent)
            path = folder / f"{intent.id}{suffix}"
            try:
                if atomic.create(path, text.encode()):
                    return IntentDocument(intent.id, text, intent)
            except OSError as error:
                raise FilesError(f"{path} cannot be written: {error.strerror or error}") from error
            if wanted is not None:
                raise FilesError(f"the Intent `{wanted}` is there already; it was left as it is")
            taken.add(intent.id)


def _files(folder: Path, problems: list[Problem]) -> Iterator[Path]:
    """The files of a folder that may be meant, by name; what is hidden or of another kind is nobody's business."""
    try:
        found = sorted(folder.iterdir(), key=lambda path: path.name)
    except FileNotFoundError:
        return
    except OSError as error:
        problems.append(_problem(folder, "io.unreadable", f"the folder cannot be read: {error.strerror}"))
        return
    yield from (path for path in found if path.suffix in {".yaml", ".yml", ".md"} and not path.name.startswith("."))


def _text(path: Path, problems: list[Problem]) -> str | None:
    """The text of a file; None, with a problem, where there is none to read."""
    if path.is_symlink():
        problems.append(_problem(path, "io.unreadable", "links are not followed: put the file itself here"))
        return None
    try:
        return atomic.read_regular(path).decode("utf-8", "surrogateescape")
    except OSError as error:
        problems.append(_problem(path, "io.unreadable", f"this cannot be read: {error.strerror or error}"))
        return None


def _problem(path: Path, code: str, message: str) -> Problem:
    return Problem(path, "", Diagnostic(code, Severity.ERROR, message, _START))


def _with_dependencies_checked(documents: dict[str, IntentDocument], done: Container[str]) -> dict[str, IntentDocument]:
    """The documents; those that wait for an unknown Intent, or in a circle, with that as a problem and no Intent."""
    found: dict[str, list[Diagnostic]] = {}
    edges = {name: document.intent.depends_on for name, document in documents.items() if document.intent}
    for name, needed in edges.items():
        for other in needed:
            if other not in documents and other not in done:
                near = difflib.get_close_matches(other, documents, n=1)
                hint = f"; did you mean `{near[0]}`?" if near else ""
                message = f"there is no Intent `{other}`{hint}"
                problem = dependency_problem(documents[name], other, "intent.unknown_id", message)
                found.setdefault(name, []).append(problem)
    for cycle in cycles(edges):
        message = f"Intents wait for each other: {' -> '.join(cycle)}"
        for name, other in pairwise(cycle):
            problem = dependency_problem(documents[name], other, "intent.cycle", message)
            found.setdefault(name, []).append(problem)
    for name, wrong in found.items():
        documents[name] = replace(documents[name], intent=None, problems=(*documents[name].problems, *wrong))
    return documents
