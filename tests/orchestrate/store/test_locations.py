"""Where state lies: one private folder a repository, the same for all who look at it."""

from __future__ import annotations

import stat
import sys
import tempfile
from pathlib import Path

import pytest

from engine.orchestrate.store.locations import KEYS_VARIABLE, STATE_VARIABLE, LocationsError, locations


@pytest.fixture
def common_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "project" / ".git"
    folder.mkdir(parents=True)
    return folder


def test_a_link_to_the_repository_leads_to_the_same_state(common_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "project")
    environment = {STATE_VARIABLE: str(tmp_path / "state")}

    direct, linked = locations(common_dir, environment), locations(tmp_path / "link" / ".git", environment)

    assert direct == linked
    assert direct.state.parent == tmp_path / "state"
    assert locations(tmp_path, environment).state != direct.state


def test_without_the_variable_it_is_the_platforms_folder(
    common_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))

    found = locations(common_dir, {})

    assert tmp_path in found.state.parents and found.state.parent.name == "penstock"
    assert not found.state.exists()


def test_the_lock_does_not_depend_on_the_state_folder(common_dir: Path, tmp_path: Path) -> None:
    found = {locations(common_dir, {STATE_VARIABLE: str(tmp_path / name)}).lock for name in "ab"}

    assert found == {common_dir / "penstock.lock"}


def test_folders_are_for_this_user_only(common_dir: Path, tmp_path: Path) -> None:
    found = locations(common_dir, {STATE_VARIABLE: str(tmp_path / "state")})
    found.state.mkdir(parents=True, mode=0o755)

    found.create()
    found.create()

    modes = [stat.S_IMODE(folder.stat().st_mode) for folder in (found.state, found.worktrees, found.logs)]
    assert modes == [0o700] * 3
    assert found.database.parent == found.state


def test_a_setting_moves_the_worktrees(common_dir: Path, tmp_path: Path) -> None:
    found = locations(common_dir, {STATE_VARIABLE: str(tmp_path / "state")}, worktrees=tmp_path / "elsewhere")

    assert found.worktrees == tmp_path / "elsewhere"


def test_a_place_that_cannot_be_used_says_so(common_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(LocationsError, match=STATE_VARIABLE):
        locations(common_dir, {STATE_VARIABLE: str(tmp_path / "file")}).create()


def test_the_key_lies_outside_of_the_state(common_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    usual = locations(common_dir, {})
    given = locations(common_dir, {KEYS_VARIABLE: str(tmp_path / "keys")})

    assert tmp_path in usual.keys.parents and usual.state not in usual.keys.parents and usual.keyring
    assert given.keys == tmp_path / "keys" and not given.keyring
    assert given.head.parent == given.keys and given.head.name == usual.head.name


@pytest.mark.skipif(sys.platform == "win32", reason="the Runner is for Linux and macOS")
def test_where_the_runner_listens_is_a_short_path_and_the_same_with_other_temporary_folders(
    common_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = []
    for name in ("one", "another" * 20):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
        places += [locations(common_dir, {STATE_VARIABLE: str(tmp_path / folder)}).socket for folder in ("s", "s" * 90)]

    assert places[:2] == places[2:]
    assert all(len(str(place)) < 100 for place in places)
