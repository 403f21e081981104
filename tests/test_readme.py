"""The README's two commands keep their shape: `.ci/run` runs them exactly as they stand there."""

from __future__ import annotations

import json
import re
import shlex
import tomllib

import pytest

from tests.corpus import CHECKOUT

pytestmark = pytest.mark.checkout


@pytest.fixture(scope="module")
def readme() -> str:
    return (CHECKOUT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def commands(readme: str) -> list[str]:
    """What stands in the blocks that are meant to be run, in their order."""
    return [block.strip() for block in re.findall(r"^```sh\n(.*?)^```", readme, re.M | re.S)]


def test_the_first_block_sets_up_and_runs_the_demo(commands: list[str]) -> None:
    steps = [shlex.split(step) for step in commands[0].split("&&")]

    assert "\n" not in commands[0]
    assert steps[0] == ["python3", "-m", "venv", ".venv"]
    assert steps[1][:2] == [".venv/bin/pip", "install"]
    assert steps[-1] == [".venv/bin/penstock", "demo"]


def test_the_second_block_runs_the_tests(commands: list[str]) -> None:
    assert "\n" not in commands[1]
    assert shlex.split(commands[1])[0] == ".venv/bin/pytest"


def test_ci_runs_both_as_they_are_written() -> None:
    script = (CHECKOUT / ".ci" / "run").read_text(encoding="utf-8")

    assert "readme 1" in script
    assert "readme 2" in script


def test_every_file_the_readme_links_to_exists(readme: str) -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", readme) if "://" not in target]

    assert targets
    assert [target for target in targets if not (CHECKOUT / target).exists()] == []


def test_the_editors_snippets_are_well_formed_and_start_the_server(readme: str) -> None:
    snippets = dict(re.findall(r"^```(lua|json|elisp|toml)\n(.*?)^```", readme, re.M | re.S))

    assert json.loads(snippets["json"])["glspc.server.commandArguments"] == ["lsp"]
    assert tomllib.loads(snippets["toml"])["language-server"]["penstock"] == {"command": "penstock", "args": ["lsp"]}
    assert '{ "penstock", "lsp" }' in snippets["lua"]
    assert '("penstock" "lsp")' in snippets["elisp"]


def test_every_figure_in_the_readme_has_its_command(readme: str) -> None:
    """A table of measurements stands right below the command that prints it."""
    section = readme.partition("\n## Measured\n")[2].partition("\n## ")[0]

    assert re.search(r"^```console\n\$ \.venv/bin/\S+", section, re.M)


@pytest.mark.parametrize("name", ["tests/REQUIREMENTS.md", "ARCHITECTURE.md", "README.md", "CHANGELOG.md"])
def test_a_test_that_a_page_points_at_exists(name: str) -> None:
    text = (CHECKOUT / name).read_text(encoding="utf-8")
    files = set(re.findall(r"`(tests/[\w./-]+\.(?:py|md))", text))

    assert [file for file in sorted(files) if not (CHECKOUT / file).is_file()] == []


def test_the_architecture_page_fits_and_names_real_places() -> None:
    text = (CHECKOUT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    places = set(re.findall(r"`((?:engine|lsp_server|tests|\.ci)/[\w./-]*)`", text))

    assert len(text.splitlines()) <= 300
    assert text.count("Invariant:") >= 8
    assert [place for place in sorted(places) if not (CHECKOUT / place).exists()] == []


@pytest.mark.parametrize("folder", ["engine/parse", "engine/languages", "engine", "lsp_server"])
def test_the_architecture_page_names_every_module(folder: str) -> None:
    text = (CHECKOUT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    modules = {path.name for path in (CHECKOUT / folder).glob("*.py") if not path.name.startswith("__")}

    assert {module for module in modules if f"{module}`" not in text} == set()
