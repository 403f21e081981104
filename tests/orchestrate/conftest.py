"""Fixtures of the Runner's tests: repositories, and that no process outlives a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.orchestrate.git.sandbox import Sandbox
from tests.orchestrate.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with one commit on `main`, which is checked out."""
    return Project(Sandbox(tmp_path).start())
