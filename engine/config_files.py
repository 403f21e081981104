"""The settings files: where they are looked for, how they are read, and what is wrong in them as diagnostics.

The project's file is `penstock.toml`, or `[tool.penstock]` in `pyproject.toml`; under it lie the user's own defaults.
Knows the model only through its layers and faults (`engine.config`).
The model, and pydantic with it, is imported when a file is read: looking for one is cheap.
Invariant: no file makes this raise; what cannot be read or understood is a `Problem` on its place in the file.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.parse.diagnostics import Diagnostic, FixIt, Severity, TextEdit
from engine.parse.source import Position, Span
from engine.toml_places import KeyPath, TomlPlaces

if TYPE_CHECKING:
    from engine.config import Fault, Settings

__all__ = ["Loaded", "Problem", "find_config", "load", "user_config_folder"]

CONFIG_NAME = "penstock.toml"
_START = Position(0, 0)
#: of `[records]`, what only the user's own settings may have
_THE_USERS = ("anchor_file", "anchor_command")
_TOML_ERROR = re.compile(r"(?s)(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")


@dataclass(frozen=True, slots=True)
class Problem:
    """A diagnostic on a settings file, with the text it speaks of."""

    path: Path
    text: str
    diagnostic: Diagnostic


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the settings files say: the settings, the merged layers behind them, the files read and their problems.

    `project`: the layer of the repository's own file; empty where a person named another one.
    """

    settings: Settings
    layer: Mapping[str, Any]
    files: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()
    root: Path | None = None
    project: Mapping[str, Any] = field(default_factory=dict)


def load(start: Path, explicit: Path | None = None, user_folder: Path | None = None) -> Loaded:
    """The settings in force in a folder: the user's defaults under the project's file (or under `explicit`).

    `user_folder` is where the user's own file is looked for; None leaves it out.
    """
    from engine.config import decode, merged

    found = explicit or find_config(start)
    paths = [user_folder / CONFIG_NAME] if user_folder and _is_there(user_folder / CONFIG_NAME) else []
    paths += [found] if found else []
    layers: list[Mapping[str, Any]] = []
    problems: list[Problem] = []
    for path in paths:
        layer, wrong = _read(path, shared=path == found and not explicit)
        layers.append(layer)
        problems += wrong
    settings, faults = decode(*layers)
    if faults and not problems:  # each file is right, together they are not
        problems = [Problem(paths[-1], "", _diagnostic(fault, TomlPlaces(""))) for fault in faults]
    own = merged(layers[-1]) if found and not explicit else {}
    return Loaded(settings, merged(*layers), tuple(paths), tuple(problems), found.parent if found else None, own)


def find_config(start: Path) -> Path | None:
    """The nearest settings file from a folder upwards to its repository's root; outside of one, in the folder only."""
    folder = start.resolve()
    chain = [folder, *folder.parents]
    roots = [index for index, parent in enumerate(chain) if _is_there(parent / ".git")]
    for parent in chain[: (roots[0] if roots else 0) + 1]:
        if _is_there(parent / CONFIG_NAME):
            return parent / CONFIG_NAME
        if _has_table(parent / "pyproject.toml"):
            return parent / "pyproject.toml"
    return None


def user_config_folder(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path | None:
    """The folder of the user's own settings on this platform; None where the environment names no home."""
    if platform == "win32":
        base = environ.get("APPDATA")
        return Path(base) / "penstock" if base else None
    home = environ.get("HOME")
    if platform == "darwin":
        return Path(home) / "Library" / "Application Support" / "penstock" if home else None
    base = environ.get("XDG_CONFIG_HOME")
    if base and Path(base).is_absolute():  # a relative one is invalid by the XDG specification
        return Path(base) / "penstock"
    return Path(home) / ".config" / "penstock" if home else None


def _is_there(path: Path) -> bool:
    """Whether something is there; in a folder one may not look into nothing is."""
    try:
        return path.exists()
    except OSError:
        return False


def _has_table(pyproject: Path) -> bool:
    """Whether a `pyproject.toml` speaks of Penstock; a broken one does as far as its text shows."""
    try:
        text = pyproject.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    try:
        tool = tomllib.loads(text).get("tool")
    except (tomllib.TOMLDecodeError, RecursionError):
        return re.search(r"^\s*\[\s*tool\s*\.\s*penstock\b", text, re.MULTILINE) is not None
    return isinstance(tool, dict) and "penstock" in tool


def _read(path: Path, *, shared: bool) -> tuple[Mapping[str, Any], list[Problem]]:
    """The layer in a file and the problems in it. `shared`: it is the repository's, not its user's own."""
    from engine.config import decode

    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        return {}, [_problem(path, "", "config.unreadable", f"the settings cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return {}, [_problem(path, "", "config.syntax", "the settings are not UTF-8")]
    try:
        layer: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return {}, [_syntax_problem(path, text, str(error))]
    except RecursionError:
        return {}, [_problem(path, text, "config.syntax", "the settings are nested too deeply")]
    prefix: KeyPath = ("tool", "penstock") if path.name == "pyproject.toml" else ()
    for part in prefix:
        layer = layer.get(part, {})
    if not isinstance(layer, Mapping):
        return {}, [_problem(path, text, "config.bad_value", "`tool.penstock` must be a table")]
    _, faults = decode(layer)
    faults += tuple(_not_its_own(layer)) if shared else ()
    places = TomlPlaces(text) if faults else None
    return layer, [Problem(path, text, _diagnostic(fault, places, prefix)) for fault in faults if places]


def _not_its_own(layer: Mapping[str, Any]) -> Iterator[Fault]:
    """Keys that a repository's settings have no say in: else they could lead the user's own records away."""
    from engine.config import Fault, merged

    records = merged(layer).get("records")
    for key in _THE_USERS:
        if isinstance(records, Mapping) and key in records:
            message = f"`records.{key}` belongs into your own settings, not into those of a repository"
            yield Fault(("records", key), "config.bad_value", message)


def _problem(path: Path, text: str, code: str, message: str, at: Position = _START) -> Problem:
    return Problem(path, text, Diagnostic(code, Severity.ERROR, message, Span(at, at)))


def _syntax_problem(path: Path, text: str, message: str) -> Problem:
    """The problem of a text that is no TOML; `tomllib` says where in its message only."""
    match = _TOML_ERROR.fullmatch(message)
    lines = text.split("\n")
    at = Position(len(lines) - 1, len(lines[-1]))
    if match and match["line"]:
        at = Position(int(match["line"]) - 1, int(match["column"]) - 1)
    what = match["what"] if match else message
    return _problem(path, text, "config.syntax", f"not TOML: {what[:1].lower()}{what[1:]}", at)


def _diagnostic(fault: Fault, places: TomlPlaces, prefix: KeyPath = ()) -> Diagnostic:
    place = places.nearest(prefix + _spelled(fault.path, places, prefix))
    nowhere = Span(_START, _START)
    span = nowhere if place is None else place.value if fault.code == "config.bad_value" else place.key
    fixes: tuple[FixIt, ...] = ()
    if fault.suggestion is not None and place is not None:
        text = f'"{fault.suggestion}"' if fault.on_value else fault.suggestion
        fixes = (FixIt(f"change to `{fault.suggestion}`", (TextEdit(span, text),)),)
    return Diagnostic(fault.code, Severity.ERROR, fault.message, span, fixes=fixes)


def _spelled(path: KeyPath, places: TomlPlaces, prefix: KeyPath) -> KeyPath:
    """The path with each key spelled as the document does."""
    from engine.config import to_camel

    spelled: KeyPath = ()
    for part in path:
        camel = to_camel(part) if isinstance(part, str) else part
        spelled = (*spelled, part if places.find((*prefix, *spelled, part)) else camel)
    return spelled
