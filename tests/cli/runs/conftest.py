"""Fixtures of the tests that type commands about runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.runs.shell import Gate, Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)
