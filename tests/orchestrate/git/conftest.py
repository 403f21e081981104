"""Fixtures of the git tests: real repositories, no settings of the machine."""

from pathlib import Path

import pytest

from tests.orchestrate.git.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path).start()
