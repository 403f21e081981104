"""The key of the audit records: in the system's keyring where that can be used without asking, else in a private file.

One per user, for all repositories, made on first use. The file `key` holds it or says under which name the keyring
does, so that a keyring that is locked for once never makes a second key.
Invariant: it lies outside of the state and of the repository, and is never shown.
"""

from __future__ import annotations

import secrets
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from engine.orchestrate.store import atomic
from engine.orchestrate.store.locations import LocationsError, make_private

__all__ = ["KeyUnusable", "key_of", "made_key"]

_FILE: Final = "key"
_IN_KEYRING: Final = "keyring "
_SERVICE: Final = "penstock audit records"
_BYTES: Final = 32


class KeyUnusable(LocationsError):
    """There is a key, but it cannot be had."""


def made_key(folder: Path, *, keyring: bool) -> bytes:
    """The key, made if there is none yet; with `keyring`, in the system's if that will do. Raises `LocationsError`."""
    make_private(folder)
    try:
        with atomic.locked(folder):
            key = key_of(folder)
            if key is None:
                key = secrets.token_bytes(_BYTES)
                name = _put_into_keyring(key) if keyring else None
                kept = f"{_IN_KEYRING}{name}" if name else key.hex()
                atomic.create(folder / _FILE, f"{kept}\n".encode(), mode=0o600, alone=True)
    except OSError as error:
        raise KeyUnusable(f"the key of the records cannot be kept in {folder}: {error.strerror}") from error
    return key


def key_of(folder: Path) -> bytes | None:
    """The key; None if none was ever made. Raises `KeyUnusable`."""
    path = folder / _FILE
    try:
        text = atomic.read_regular(path).decode("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"the key of the records cannot be read: {error}") from error
    with suppress(ValueError):
        if text.startswith(_IN_KEYRING):
            text = _from_keyring(text.removeprefix(_IN_KEYRING)) or ""
        key = bytes.fromhex(text)
        if len(key) == _BYTES:
            return key
    raise KeyUnusable(f"there is no key of the records where {path} says; unlock the keyring, or put the file back")


def _keyring() -> Any:
    """The system's keyring, if it is there and asks nobody; else None."""
    try:
        keyring = import_module("keyring")
        return keyring if _asks_nobody(keyring.get_keyring()) else None
    except Exception:  # noqa: BLE001 - it is not installed, or does not work here
        return None


def _asks_nobody(backend: Any) -> bool:
    """Whether a backend of the `keyring` library works without a window: macOS's, or an unlocked Secret Service."""
    module = type(backend).__module__
    if module == "keyring.backends.macOS":
        return sys.platform == "darwin"
    if module != "keyring.backends.SecretService":
        return False
    secretstorage = import_module("secretstorage")
    connection = secretstorage.dbus_init()
    try:
        return not secretstorage.get_default_collection(connection).is_locked()
    finally:
        connection.close()


def _put_into_keyring(key: bytes) -> str | None:
    """The name under which the keyring has the key now; None if it does not take it."""
    keyring, name = _keyring(), secrets.token_hex(8)
    if keyring is None:
        return None
    try:
        keyring.set_password(_SERVICE, name, key.hex())
        return name if keyring.get_password(_SERVICE, name) == key.hex() else None
    except Exception:  # noqa: BLE001 - whatever a backend raises, the file will do
        return None


def _from_keyring(name: str) -> str | None:
    keyring = _keyring()
    try:
        return keyring.get_password(_SERVICE, name) if keyring else None
    except Exception:  # noqa: BLE001 - whatever a backend raises, there is no key
        return None
