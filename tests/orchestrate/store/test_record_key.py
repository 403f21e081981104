"""The key of the records: made once, private, and never a second one because a keyring is locked for once."""

from __future__ import annotations

import stat
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.orchestrate.store.record_key import KeyUnusable, key_of, made_key


def test_a_key_is_made_once_in_a_private_file(tmp_path: Path, no_keyring: None) -> None:
    folder = tmp_path / "keys"
    assert key_of(folder) is None

    key = made_key(folder, keyring=True)

    assert len(key) == 32
    assert made_key(folder, keyring=True) == key_of(folder) == key
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_key_that_is_broken_is_not_replaced(tmp_path: Path, no_keyring: None) -> None:
    made_key(tmp_path, keyring=True)
    (tmp_path / "key").write_text("abc", encoding="ascii")
    with pytest.raises(KeyUnusable, match="put the file back"):
        made_key(tmp_path, keyring=True)
    assert (tmp_path / "key").read_text(encoding="ascii") == "abc"


class Ring(types.ModuleType):
    """A keyring library with one backend, in memory."""

    def __init__(self, module: str) -> None:
        super().__init__("keyring")
        self.kept: dict[tuple[str, str], str] = {}
        self._backend = type("Keyring", (), {"__module__": module})()

    def get_keyring(self) -> object:
        return self._backend

    def set_password(self, service: str, name: str, secret: str) -> None:
        self.kept[service, name] = secret

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))


class Collection:
    """A Secret Service that is locked, or not."""

    locked = False

    def is_locked(self) -> bool:
        return self.locked

    def close(self) -> None:
        """As a connection."""


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Ring]:
    service = types.ModuleType("secretstorage")
    collection = Collection()
    service.__dict__.update(
        collection=collection, dbus_init=lambda: collection, get_default_collection=lambda _: collection
    )
    monkeypatch.setitem(sys.modules, "secretstorage", service)

    def use(module: str) -> Ring:
        ring = Ring(module)
        monkeypatch.setitem(sys.modules, "keyring", ring)
        return ring

    return use


def test_an_unlocked_keyring_has_the_key_and_the_file_has_not(tmp_path: Path, ring: Callable[[str], Ring]) -> None:
    used = ring("keyring.backends.SecretService")
    key = made_key(tmp_path, keyring=True)

    text = (tmp_path / "key").read_text(encoding="ascii")
    assert text.startswith("keyring ") and key.hex() not in text
    assert list(used.kept.values()) == [key.hex()]
    assert made_key(tmp_path, keyring=True) == key


def test_a_keyring_that_is_locked_later_makes_no_second_key(tmp_path: Path, ring: Callable[[str], Ring]) -> None:
    ring("keyring.backends.SecretService")
    key = made_key(tmp_path, keyring=True)
    collection = sys.modules["secretstorage"].__dict__["collection"]
    collection.locked = True
    with pytest.raises(KeyUnusable, match="unlock the keyring"):
        made_key(tmp_path, keyring=True)
    collection.locked = False

    assert made_key(tmp_path, keyring=True) == key


@pytest.mark.parametrize("module", ["keyring.backends.fail", "keyring.backends.kwallet", "keyrings.alt.file"])
def test_a_keyring_that_may_ask_or_keeps_nothing_is_not_used(
    tmp_path: Path, ring: Callable[[str], Ring], module: str
) -> None:
    used = ring(module)
    key = made_key(tmp_path, keyring=True)

    assert used.kept == {}
    assert (tmp_path / "key").read_text(encoding="ascii").strip() == key.hex()


def test_a_folder_that_was_given_holds_its_key_itself(tmp_path: Path, ring: Callable[[str], Ring]) -> None:
    used = ring("keyring.backends.SecretService")
    key = made_key(tmp_path, keyring=False)

    assert used.kept == {}
    assert key_of(tmp_path) == key
