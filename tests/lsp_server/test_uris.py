"""URIs as clients write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.uris import path_of, posix_path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///w/a.reml", "/w/a.reml"),
        ("file:///w/%C3%A9%20b.reml", "/w/é b.reml"),
        ("file://localhost/w/a.reml", "/w/a.reml"),
        ("file://server/share/a.reml", None),
        ("untitled:Untitled-1", None),
        ("https://example.org/a.reml", None),
        ("file:///w/%00", None),
        ("file://[/w", None),
        ("", None),
    ],
)
def test_only_a_local_file_has_a_path(uri: str, path: str | None) -> None:
    assert path_of(uri) == (None if path is None else Path(path))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///w/%C3%A9.reml", "/w/é.reml"),
        ("vscode-vfs://github/o/r/a.json", "/o/r/a.json"),
        ("untitled:Untitled-1", "Untitled-1"),
        ("file://[/w", ""),
    ],
)
def test_the_path_of_any_uri_can_be_looked_at(uri: str, path: str) -> None:
    assert posix_path(uri) == path
