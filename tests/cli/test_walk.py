"""Which files are found below folders."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine.cli.walk import Walk
from tests.cli.command import write


def is_known(name: str) -> bool:
    return name.endswith(".json")


def found(folder: Path, *paths: str, hidden: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
    walk = Walk(is_known, hidden, exclude, folder)
    given = [str(folder / path) for path in paths or [""]]
    return [Path(target.name).relative_to(folder).as_posix() for target in walk.targets(given)]


def test_files_of_a_known_language_are_found_in_order(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys(["b.json", "a.json", "a.txt", "z/1.json", "c/d/2.json", "c.json"], ""))

    assert found(tmp_path) == ["a.json", "b.json", "c.json", "c/d/2.json", "z/1.json"]


def test_what_tools_put_there_is_left_out(tmp_path: Path) -> None:
    folders = [".git", ".cache", "node_modules", "__pycache__", "venv", "target", "src"]
    write(tmp_path, {f"{folder}/x.json": "" for folder in folders})
    write(tmp_path, {"venv/pyvenv.cfg": "", "target/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55"})

    assert found(tmp_path) == ["src/x.json"]


def test_hidden_folders_that_a_language_names_are_entered(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys([".penstock/intents/x.json", ".other/x.json", ".hidden.json"], ""))

    assert found(tmp_path, hidden=(".penstock",)) == [".hidden.json", ".penstock/intents/x.json"]


def test_a_named_file_is_checked_whatever_it_is(tmp_path: Path) -> None:
    write(tmp_path, dict.fromkeys([".git/x.txt", "y.json"], ""))

    assert found(tmp_path, ".git/x.txt", "gone.json") == [".git/x.txt", "gone.json"]


def test_a_hidden_folder_that_is_named_is_walked(tmp_path: Path) -> None:
    write(tmp_path, {".github/x.json": ""})

    assert found(tmp_path, ".github") == [".github/x.json"]


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("fixtures", ["a.json", "src/x.json"]),
        ("fixtures/", ["a.json", "src/x.json"]),
        ("/fixtures", ["a.json", "src/x.json", "src/fixtures/z.json"]),
        ("src/*", ["a.json", "fixtures/y.json"]),
        ("*.json", []),
        ("src/x.json", ["a.json", "fixtures/y.json", "src/fixtures/z.json"]),
    ],
)
def test_excluded_files_and_folders_are_left_out(tmp_path: Path, pattern: str, left: list[str]) -> None:
    write(tmp_path, dict.fromkeys(["a.json", "src/x.json", "fixtures/y.json", "src/fixtures/z.json"], ""))

    assert found(tmp_path, exclude=(pattern,)) == left


def test_an_excluded_file_that_is_named_is_checked(tmp_path: Path) -> None:
    write(tmp_path, {"a.json": ""})

    assert found(tmp_path, "a.json", exclude=("*.json",)) == ["a.json"]


def test_a_file_comes_once_however_often_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"x/a.json": ""})

    assert found(tmp_path, "x/a.json", "x", "x/../x/a.json") == ["x/a.json"]


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_links_lead_neither_round_in_circles_nor_twice_to_one_file(tmp_path: Path) -> None:
    write(tmp_path, {"x/a.json": ""})
    (tmp_path / "x" / "loop").symlink_to(tmp_path)
    (tmp_path / "x" / "same.json").symlink_to("a.json")
    (tmp_path / "x" / "gone.json").symlink_to("nowhere")
    (tmp_path / "x" / "self.json").symlink_to("self.json")

    assert found(tmp_path) == ["x/a.json"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_a_folder_is_not_waited_for(tmp_path: Path) -> None:
    write(tmp_path, {"a.json": ""})
    os.mkfifo(tmp_path / "pipe.json")

    assert found(tmp_path) == ["a.json"]


def test_the_current_folder_gives_bare_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, dict.fromkeys(["a.json", "x/b.json"], ""))
    monkeypatch.chdir(tmp_path)

    names = [target.name for target in Walk(is_known).targets(["."])]

    assert names == ["a.json", str(Path("x", "b.json"))]


def test_a_tree_deeper_than_the_interpreters_stack_is_walked(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(400):
        folder /= "d"
        folder.mkdir()
    write(folder, {"a.json": ""})

    assert len(found(tmp_path)) == 1
