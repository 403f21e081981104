"""`penstock explain`: pages on diagnostics and topics."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.cli.pages import code_names, page, title_of, topic_names
from tests.cli.command import invoke, run

NAMES = [*code_names(), *topic_names()]


@pytest.mark.parametrize("name", NAMES)
def test_every_page_has_a_heading_and_something_below_it(name: str) -> None:
    result = invoke("explain", name)

    assert result.exit_code == 0
    assert result.stdout.startswith("# ")
    assert len(result.stdout.strip().splitlines()) > 3
    assert title_of(name, result.stdout)


@pytest.mark.parametrize("topic", ["exit-codes", "output", "settings", "streaming"])
def test_the_topics_are_there(topic: str) -> None:
    assert topic in topic_names()


@pytest.mark.parametrize("code", ["io.unreadable", "config.unknown_key", "parser.syntax.expected_tokens"])
def test_the_codes_are_there(code: str) -> None:
    assert code in code_names()


def test_without_an_argument_everything_is_listed(tmp_path: Path) -> None:
    done = run("explain", cwd=tmp_path)

    assert done.returncode == 0
    for name in NAMES:
        assert f"* `{name}`: " in done.stdout.decode()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("parser.syntax.expected_token", "parser.syntax.expected_tokens"),
        ("IO.UNREADABLE", "io.unreadable"),
        ("stream", "streaming"),
        ("unreadable", "io.unreadable"),
    ],
)
def test_an_unknown_name_is_2_with_the_nearest_ones(tmp_path: Path, name: str, near: str) -> None:
    done = run("explain", name, cwd=tmp_path)

    assert done.returncode == 2
    assert f"did you mean `{near}`" in done.stderr.decode()


@pytest.mark.parametrize("name", ["", "../pages", "/etc/passwd", "zzzzzzzz", "..", "topics/output"])
def test_nothing_but_pages_is_shown(name: str) -> None:
    result = invoke("explain", name)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert page(name) is None
