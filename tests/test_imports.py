"""The architecture's invariants, asserted on the source: who may import whom, what loads late, how long things get.

`ARCHITECTURE.md` states each of these in words. A rule that is broken is listed with file and line.
"""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus import CHECKOUT

pytestmark = pytest.mark.checkout

TOP_LEVEL = {"pyproject.toml", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE"}
TOP_LEVEL |= {"engine", "lsp_server", "editors", "tests"}
"""The top level is fixed; dotfiles are free."""

LAYERS = [
    ("engine.parse", 0),
    ("engine.languages", 1),
    ("engine.orchestrate", 3),
    ("engine.cli", 4),
    ("engine.mcp", 4),
    ("lsp_server", 5),
]
"""A module may import its own layer and those with a smaller number; the modules right below `engine` are layer 2."""

ONLY = {
    "pygls": ("lsp_server",),
    "lsprotocol": ("lsp_server",),
    "dbos": ("engine.orchestrate.cluster",),
    "psycopg": ("engine.orchestrate.cluster",),
    "acp": ("engine.orchestrate.agents.acp",),
    "mcp": ("engine.mcp",),
    "click": ("engine.cli", "engine.mcp", "lsp_server.__main__"),
    "rich": ("engine.cli",),
    "yaml": ("engine.languages.intent", "engine.orchestrate.store.history"),
    "pytest": ("lsp_server.testing",),
}
"""Which modules may import a foreign package at all."""

FILE_MODELS = {"engine.languages.intent.model", "engine.languages.intent.document"}
"""Where a language's file is a border: what people write is held against a model of pydantic's."""

PURE = [
    f"engine.orchestrate.{name}"
    for name in ("budget", "controller", "effects", "events", "flow", "limits", "replacing", "rules", "state", "task")
]
"""The Runner's heart: what happens in it depends on the events alone, so it can be told again from the log."""

CALM = {"__future__", "collections", "dataclasses", "datetime", "hashlib", "itertools", "json", "math", "re", "typing"}
CALM |= {"functools", "operator"}
"""Modules of the standard library that do no input or output, start nothing and draw no lots."""

HEAVY = ["pydantic", "rich", "pygls", "lsprotocol", "dbos", "mcp", "acp", "asyncio", "yaml"]
UNWANTED_WORDS = {"manager", "helper", "helpers", "utils", "util", "data", "info", "misc", "common"}


def sources() -> Iterator[tuple[str, Path, ast.Module]]:
    """Name, path and tree of every module that is shipped."""
    for package in ("engine", "lsp_server"):
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            parts = path.relative_to(CHECKOUT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            yield name, path, ast.parse(path.read_text(encoding="utf-8"))


SOURCES = list(sources())


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported anywhere in a module; `from a import b` counts as `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides its direction"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def under(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def layer(name: str) -> int:
    return next((number for package, number in LAYERS if under(name, package)), 2)


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(CHECKOUT)}:{line}"


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def public_names(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The public functions and classes of a module with the public methods of those classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (m for m in node.body if isinstance(m, kinds) and not m.name.startswith("_"))


def overrides(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether it is marked as an override, a setter or an overload, whose documentation stands elsewhere."""
    marks = {ast.unparse(mark).split(".")[-1] for mark in node.decorator_list}
    return bool(marks & {"override", "setter", "overload"})


def test_the_shipped_packages_are_found() -> None:
    names = {name for name, _, _ in SOURCES}

    assert {"engine", "engine.parse", "engine.languages", "engine.cli", "lsp_server"} <= names


def test_the_top_level_holds_only_what_was_agreed() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout, so build products cannot be told from sources")
    found = {line.split("/")[0] for line in listed.stdout.splitlines() if not line.startswith(".")}

    assert found <= TOP_LEVEL


def test_imports_point_in_one_direction() -> None:
    against = [
        f"{where(path, line)}: {name} imports {target}"
        for name, path, tree in SOURCES
        for line, target in imports(tree)
        if target.split(".")[0] in {"engine", "lsp_server"} and layer(target) > layer(name)
    ]

    assert against == []


def test_cli_and_mcp_do_not_know_each_other() -> None:
    crossing = [
        f"{where(path, line)}: {name} imports {target}"
        for name, path, tree in SOURCES
        for line, target in imports(tree)
        if (under(name, "engine.cli") and under(target, "engine.mcp"))
        or (under(name, "engine.mcp") and under(target, "engine.cli"))
    ]

    assert crossing == []


def test_languages_do_not_know_each_other() -> None:
    languages = {path.parent.name for _, path, _ in SOURCES if path.parent.parent.name == "languages"}
    crossing = [
        f"{where(path, line)}: {name} imports {target}"
        for name, path, tree in SOURCES
        for line, target in imports(tree)
        for own, other in [(name.split(".")[2:3], target.split(".")[2:3])]
        if under(name, "engine.languages") and under(target, "engine.languages")
        if own and other and own != other and own[0] in languages and other[0] in languages
    ]

    assert crossing == []


def test_the_parser_imports_the_standard_library_only() -> None:
    banned = {"asyncio", "threading", "subprocess", "socket", "random", "concurrent", "multiprocessing"}
    foreign = [
        f"{where(path, line)}: {target}"
        for name, path, tree in SOURCES
        if under(name, "engine.parse")
        for line, target in imports(tree)
        for head in [target.split(".")[0]]
        if not under(target, "engine.parse") and (head not in sys.stdlib_module_names or head in banned)
    ]

    assert foreign == []


def test_the_controller_and_its_rules_are_pure() -> None:
    impure = [
        f"{where(path, line)}: {target}"
        for name, path, tree in SOURCES
        if any(under(name, pure) for pure in PURE)
        for line, target in imports(tree)
        if not any(under(target, pure) for pure in PURE) and target.split(".")[0] not in CALM
    ]
    clocks = [
        f"{where(path, node.lineno)}: {node.attr}"
        for name, path, tree in SOURCES
        if any(under(name, pure) for pure in PURE)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
        if ast.unparse(node.value) in {"datetime", "datetime.datetime", "date"}
    ]

    assert impure == [] and clocks == []


def test_foreign_packages_are_imported_where_they_belong() -> None:
    astray = [
        f"{where(path, line)}: {target}"
        for name, path, tree in SOURCES
        for line, target in imports(tree)
        for allowed in [ONLY.get(target.split(".")[0])]
        if allowed is not None and not any(under(name, package) for package in allowed)
    ]

    assert astray == []


def test_pydantic_stays_at_the_borders() -> None:
    inside = [
        f"{where(path, line)}: {target}"
        for name, path, tree in SOURCES
        if under(name, "engine.parse") or under(name, "engine.languages") or name == "engine.check"
        if name not in FILE_MODELS
        for line, target in imports(tree)
        if under(target, "pydantic")
    ]

    assert inside == []


@pytest.mark.parametrize("module", ["engine", "engine.parse", "engine.languages", "engine.check", "engine.cli"])
def test_heavy_packages_are_not_loaded_by_an_import(module: str) -> None:
    probe = f"import sys, {module}; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    child = subprocess.run([sys.executable, "-c", probe], cwd=CHECKOUT, capture_output=True, text=True, check=True)

    assert child.stdout.split() == []


def test_the_server_loads_pydantic_and_rich_late() -> None:
    probe = "import sys, lsp_server.__main__; print(*(m for m in ('pydantic', 'rich', 'pytest') if m in sys.modules))"
    child = subprocess.run([sys.executable, "-c", probe], cwd=CHECKOUT, capture_output=True, text=True, check=True)

    assert child.stdout.split() == []


def test_modules_stay_short() -> None:
    lengths = {str(path.relative_to(CHECKOUT)): path.read_text(encoding="utf-8").count("\n") for _, path, _ in SOURCES}

    assert {name: lines for name, lines in lengths.items() if lines > 500} == {}
    assert sorted(lengths.values())[len(lengths) * 9 // 10] <= 400


def test_functions_stay_short() -> None:
    found = [
        (length(node), f"{where(path, node.lineno)} {node.name}")
        for _, path, tree in SOURCES
        for node in functions(tree)
    ]
    lengths = sorted(lines for lines, _ in found)

    assert [text for lines, text in found if lines > 60] == []
    assert statistics.median(lengths) <= 12
    assert lengths[len(lengths) * 9 // 10] <= 35


def test_every_module_opens_with_a_header() -> None:
    without = [
        f"{where(path, 1)}: {len(header.splitlines())} lines"
        for _, path, tree in SOURCES
        for header in [ast.get_docstring(tree) or ""]
        for least in [3 if path.read_text(encoding="utf-8").count("\n") > 60 else 1]
        if not least <= len(header.splitlines()) <= 12
    ]

    assert without == []


def test_every_public_name_has_a_docstring() -> None:
    without = [
        f"{where(path, node.lineno)} {node.name}"
        for _, path, tree in SOURCES
        for node in public_names(tree)
        if not ast.get_docstring(node) and not overrides(node)
    ]

    assert without == []


def test_no_name_says_nothing() -> None:
    empty = [name for name, _, _ in SOURCES if set(name.split(".")[-1].split("_")) & UNWANTED_WORDS]
    empty += [
        f"{where(path, node.lineno)} {node.name}"
        for _, path, tree in SOURCES
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.lower().endswith(("manager", "helper", "utils", "info"))
    ]

    assert empty == []
