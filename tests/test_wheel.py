"""The wheel as a user gets it: built, installed in a fresh environment, used where another `engine` package lies.

`engine` and `lsp_server` are generic names, so every command here runs inside a folder whose own `engine` package fails
when it is imported. Needs the package index, hence `slow`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.corpus import CHECKOUT, corpus_root

pytestmark = [pytest.mark.slow, pytest.mark.checkout, pytest.mark.xdist_group("wheel")]

_CANNOT_TELL = ("parse", "orchestrate", "cli/runs/test_terminals.py", "cli/runs/test_records_command.py")
FOREIGN = 'raise ImportError("this is the engine package of the folder, not ours")\n'


def run(*command: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """A command's result; its environment holds nothing that could point back at the checkout."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV", "PYTEST_", "COV"))}
    parts = [str(part) for part in command]
    done = subprocess.run(
        parts, cwd=cwd, env=kept, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert not check or done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the sources."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, CHECKOUT, cwd=folder)
    (built,) = folder.glob("penstock-*.whl")
    return built


@pytest.fixture(scope="session")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the scripts of a fresh environment lie that has the wheel and what its tests need, nothing else."""
    environment = tmp_path_factory.mktemp("fresh") / "venv"
    run(sys.executable, "-m", "venv", environment, cwd=environment.parent)
    folder = environment / ("Scripts" if os.name == "nt" else "bin")
    run(folder / "python", "-m", "pip", "install", "--quiet", f"{wheel}[test]", cwd=environment.parent)
    return folder


@pytest.fixture
def clash(tmp_path: Path) -> Path:
    """A workspace with packages of its own that have our names."""
    for name in ("engine", "lsp_server"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(FOREIGN, encoding="utf-8")
    return tmp_path


def test_the_wheel_holds_the_packages_with_their_pages_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {
        path.relative_to(CHECKOUT).as_posix()
        for package in ("engine", "lsp_server")
        for path in (CHECKOUT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert shipped <= set(names)
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"engine", "lsp_server"}


def test_the_script_answers_beside_a_foreign_engine(bin_folder: Path, clash: Path) -> None:
    assert run(bin_folder / "penstock", "--version", cwd=clash).stdout.strip().endswith("0.1.0")
    assert "check" in run(bin_folder / "penstock", "--help", cwd=clash).stdout


def test_check_finds_what_is_wrong_beside_a_foreign_engine(bin_folder: Path, clash: Path) -> None:
    (clash / "good.reml").write_text("fn add(a, b) = a + b\n", encoding="utf-8")
    (clash / "bad.json").write_text('{"a": [1, 2}\n', encoding="utf-8")

    good = run(bin_folder / "penstock", "check", "good.reml", cwd=clash, check=False)
    bad = run(bin_folder / "penstock", "check", "bad.json", "--format", "json", cwd=clash, check=False)

    assert (good.returncode, bad.returncode) == (0, 1), good.stdout + good.stderr + bad.stderr
    assert '"path":"bad.json"' in bad.stdout.replace(" ", "")


def test_the_demo_runs_beside_a_foreign_engine(bin_folder: Path, clash: Path) -> None:
    assert run(bin_folder / "penstock", "demo", cwd=clash).stdout


def test_the_server_starts_beside_a_foreign_engine(bin_folder: Path, clash: Path) -> None:
    params = '{"processId":null,"rootUri":null,"capabilities":{}}'
    hello = f'{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{params}}}'
    bodies = [hello, '{"jsonrpc":"2.0","method":"exit"}']
    frames = "".join(f"Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies).encode()

    for command in (["penstock", "lsp", "--stdio"], ["python", "-P", "-m", "lsp_server"]):
        started = [str(bin_folder / command[0]), *command[1:]]
        done = subprocess.run(started, cwd=clash, input=frames, capture_output=True, timeout=30, check=False)

        assert b'"capabilities"' in done.stdout, done.stderr.decode()


def test_the_suite_passes_on_the_wheel_beside_a_foreign_engine(bin_folder: Path, clash: Path) -> None:
    """The tests against the installed package.

    Without those that look at the source tree, and without those that take minutes and cannot tell a wheel.
    """
    shutil.copytree(CHECKOUT / "tests", clash / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "pyproject.toml", clash)
    chosen = "not slow and not campaign and not bench and not checkout"
    by_itself = [f"--ignore=tests/{name}" for name in _CANNOT_TELL]
    where = ["-n", "logical", "-p", "no:cacheprovider", "--hypothesis-profile", "packaged", "--quiet", "-m", chosen]
    if (corpus := corpus_root()) is not None:
        os.environ["PENSTOCK_CORPUS"] = str(corpus)

    done = run(bin_folder / "pytest", *where, *by_itself, cwd=clash, check=False)

    assert done.returncode == 0, done.stdout[-8000:]
