"""Drafts: Markdown in, an Intent or a problem out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.languages.intent.document import parse
from engine.languages.intent.drafts import parse_draft
from engine.languages.intent.model import Intent
from engine.languages.intent.slug import is_id, slug, unique
from engine.languages.intent.writing import draft_text, intent_text, quoted


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("Do it\n", "Do it", ""),
        ("# Do it\nnow\n\nplease\n", "Do it", "now\n\nplease\n"),
        ("\n\nDo\nit: now\n\nWhy\n\n* a\n", "Do it: now", "Why\n\n* a\n"),
        ("---\ntype: fix\n---\nDo it\n\nBody\n", "Do it", "Body\n"),
        ("---\n---\n## Do it ##\n", "Do it ##", ""),
        ("\ufeff---\r\nrisk: low\r\n---\r\nDo it\r\n", "Do it", ""),
        ("Do it\n\n---\n\nnot keys: [\n---\n", "Do it", "---\n\nnot keys: [\n---\n"),
        ("ログを直す\n", "ログを直す", ""),
    ],
)
def test_the_first_paragraph_is_the_title(text: str, title: str, body: str) -> None:
    document = parse_draft("x", text)

    assert document.problems == ()
    assert document.intent is not None
    assert (document.intent.title, document.intent.body) == (title, body)
    assert (document.intent.status, document.intent.source) == ("proposed", "human")


def test_keys_in_front_count() -> None:
    intent = parse_draft("x", "---\ntype: fix\nrisk: high\nrun: [make]\nbudget: {usd: 1}\n---\nDo it\n").intent

    assert intent is not None
    assert (intent.type, intent.risk, intent.run) == ("fix", "high", ("make",))
    assert intent.budget is not None


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "intent.missing_title", 0),
        ("\n \n", "intent.missing_title", 2),
        ("---\ntype: fix\n---\n\n", "intent.missing_title", 4),
        ("---\ntype: fix\n\nDo it\n", "intent.syntax", 0),
        ("---\ntype: fix\nrisk: big\n---\nDo it\n", "intent.bad_value", 2),
        ("---\ntype: fix\nrisc: low\n---\nDo it\n", "intent.unknown_key", 2),
        ("---\ntype: [\n---\nDo it\n", "intent.syntax", 2),
        ("---\ntitle: a\n---\nDo it\n", "intent.unknown_key", 1),
    ],
)
def test_what_is_wrong_is_a_problem_on_its_line(text: str, code: str, line: int) -> None:
    document = parse_draft("x", text)

    (problem,) = document.problems
    assert (problem.code, problem.span.start.line) == (code, line)
    assert document.intent is None


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Upgrade to the new logging call", "upgrade-to-the-new-logging-call"),
        ("Café: naïve  ---  Ärger!", "cafe-naive-arger"),
        ("Don't", "dont"),
        ("../../etc/passwd", "etc-passwd"),
        ("a" * 80, "a" * 50),
        ("word " * 20, "word-word-word-word-word-word-word-word-word-word"),
        ("ログを直す v2", "v2"),
    ],
)
def test_an_id_reads_like_its_title(title: str, expected: str) -> None:
    assert slug(title) == expected


def test_titles_without_latin_letters_get_ids_of_their_own() -> None:
    made = {slug(title) for title in ("ログを直す", "テストを書く", "!!!", "")}

    assert len(made) == 4
    assert all(is_id(each) for each in made)


@given(st.text(st.characters()))
def test_every_title_gives_an_id(title: str) -> None:
    assert is_id(slug(title))


def test_an_id_that_is_taken_gets_a_number() -> None:
    assert unique("a", {"a", "a-2"}) == "a-3"
    assert unique("b", {"a"}) == "b"


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "A", "-a", "a_b", "a\n", "a" * 101, "ä"])
def test_what_is_no_id(text: str) -> None:
    assert not is_id(text)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
TITLES = WORDS.filter(lambda text: text.strip() != "")


@given(TITLES, WORDS, st.lists(TITLES.filter(lambda text: not set(text) & set("\r\n\0")), max_size=2))
def test_a_new_intent_survives_being_written(title: str, body: str, run: list[str]) -> None:
    intent = Intent.model_validate({"id": "x", "title": title, "body": body, "run": run})

    assert parse("x", intent_text(intent)).intent == intent


@pytest.mark.parametrize(
    "body", ["", "one line", "# no comment\n\n  indented: yes\n- *a\n", "  first\nsecond", "tab\t\n\n\n"]
)
def test_a_body_survives_in_a_draft_too(body: str) -> None:
    intent = Intent.model_validate(
        {"id": "x", "title": 'It\'s "a": #b', "body": body, "type": "fix", "verify": ["a: b"]}
    )

    read = parse_draft("x", draft_text(intent)).intent

    assert read is not None
    assert (read.title, read.type, read.verify) == (intent.title, "fix", ("a: b",))
    assert read.body.strip("\n") == body.strip("\n")


def test_a_body_of_several_lines_is_written_as_lines() -> None:
    intent = Intent.model_validate({"id": "x", "title": "a", "body": "first\nsecond\n"})

    assert intent_text(intent) == "title: a\nbody: |\n  first\n  second\nstatus: proposed\n"


def test_text_that_no_file_can_hold_is_refused() -> None:
    intent = Intent.model_construct(id="x", title="a\udcff")

    with pytest.raises((ValueError, UnicodeError)):
        intent_text(intent)


@pytest.mark.parametrize("text", ["a\u2028b", "\x85", "\x7f\x00", '"\\', "x" * 500, "a: b, c]}"])
def test_a_quoted_text_is_one_line(text: str) -> None:
    written = quoted(text)
    intent = parse("x", f"{{title: a, body: {written}}}").intent

    assert len(written.splitlines()) == 1
    assert intent is not None
    assert intent.body == text
