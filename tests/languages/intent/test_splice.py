"""Splices: a change is in the text afterwards, and every other byte is where it was."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.languages.intent.document import parse
from engine.languages.intent.splice import CannotSplice, splice

BLOCK = """\
# top
title: A "title" # why
body: |
  text

# below the body
status: approved   # keep me
clarifications:
  - question: First?   # one
    answer: null # fill me
  # between
  - question: Second?
# end
"""
FLOW = "{title: a, clarifications: [{question: First?, answer: }, {question: Second?}], depends_on: [b]}\n"


def lines_changed(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(True), after.splitlines(True)) if line[:1] in "+-"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title: a\nstatus: approved # c\n", "title: a\nstatus: done # c\n"),
        ("title: a\nstatus: 'approved'\n", "title: a\nstatus: done\n"),
        ("title: a\nstatus:\n", "title: a\nstatus: done\n"),
        ("title: a\nstatus: # c\n", "title: a\nstatus: done # c\n"),
        ("title: a # c\nbody: b\n", "title: a # c\nstatus: done\nbody: b\n"),
        ("title: a\r\nbody: b\r\n", "title: a\r\nstatus: done\r\nbody: b\r\n"),
        ("title: a", "title: a\nstatus: done"),
        ("  title: a\n  body: b\n", "  title: a\n  status: done\n  body: b\n"),
        ("# c\n---\ntitle: a\n...\n", "# c\n---\ntitle: a\nstatus: done\n...\n"),
        ("title: >\n  long\n  title\nbody: b\n", "title: >\n  long\n  title\nstatus: done\nbody: b\n"),
        ("\ufefftitle: a\n", "\ufefftitle: a\nstatus: done\n"),
        ("{title: a}", "{title: a, status: done}"),
        ("{title: a, }\n", "{title: a, status: done, }\n"),
        ("? title\n: a\n", "? title\n: a\nstatus: done\n"),
        ("title: a\nbody: |+\n  b\n\n\n", "title: a\nstatus: done\nbody: |+\n  b\n\n\n"),
        ("body: b\ntitle: a\nstatus: done\n", "body: b\ntitle: a\nstatus: done\n"),
    ],
)
def test_a_status_is_changed_or_added_and_nothing_else(text: str, expected: str) -> None:
    assert splice(text, status="done") == expected


@pytest.mark.parametrize(
    ("text", "index", "line"),
    [
        (BLOCK, 0, '    answer: "yes: \\"both\\"" # fill me'),
        (BLOCK, 1, '    answer: "yes: \\"both\\""'),
    ],
)
def test_an_answer_stands_beside_its_question(text: str, index: int, line: str) -> None:
    after = splice(text, answers={index: 'yes: "both"'})
    intent = parse("x", after).intent

    assert intent is not None
    assert intent.clarifications[index].answer == 'yes: "both"'
    assert f"+ {line}\n" in lines_changed(text, after)
    assert len(lines_changed(text, after)) <= 4


@pytest.mark.parametrize("index", [0, 1])
def test_an_answer_fits_into_a_flow(index: int) -> None:
    intent = parse("x", splice(FLOW, answers={index: "a, b]"})).intent

    assert intent is not None
    assert [each.answer for each in intent.clarifications] == [None] * index + ["a, b]"] + [None] * (1 - index)


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        FLOW,
        "title: a\n",
        "title: a\nclarifications: []\n",
        "title: a\nclarifications:\nbody: b\n",
        "title: a\nclarifications: null # c\n",
        "title: a\nclarifications:\n- question: q\n  answer: |\n    long\n    answer\n\n# end\n",
        "title: a\nclarifications: [\n  {question: q},\n]\n",
    ],
)
def test_questions_come_behind_those_that_are_there(text: str) -> None:
    before = parse("x", text).intent
    assert before is not None

    after = splice(text, questions=["Third: or #4?", "Fourth?", "Third: or #4?"])
    intent = parse("x", after).intent

    assert intent is not None
    asked = [each.question for each in intent.clarifications]
    assert asked == [*(each.question for each in before.clarifications), "Third: or #4?", "Fourth?"]
    assert intent.model_copy(update={"clarifications": ()}) == before.model_copy(update={"clarifications": ()})
    assert all(comment in after for comment in text.split("\n") if comment.startswith("#"))


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("title: a\n", ["b", "c"], "title: a\ndepends_on: [b, c]\n"),
        ("title: a\ndepends_on: [b] # c\n", ["b", "c"], "title: a\ndepends_on: [b, c] # c\n"),
        ("title: a\ndepends_on:\n- b # c\n\nbody: x\n", ["b", "c"], "title: a\ndepends_on:\n- b # c\n- c\n\nbody: x\n"),
        ("title: a\ndepends_on: [b]\n", ["c"], "title: a\ndepends_on: [c]\n"),
        ("title: a\ndepends_on: [b]\n", [], "title: a\ndepends_on: []\n"),
        ("title: a\n", [], "title: a\n"),
    ],
)
def test_dependencies_are_set(text: str, names: list[str], expected: str) -> None:
    assert splice(text, depends_on=names) == expected


def test_all_changes_at_once_touch_their_lines_only() -> None:
    after = splice(BLOCK, status="blocked", answers={0: "1", 1: "2"}, questions=["Third?"], depends_on=["z"])

    changed = lines_changed(BLOCK, after)
    assert [line for line in changed if line.startswith("-")] == [
        "- status: approved   # keep me\n",
        "-     answer: null # fill me\n",
    ]
    intent = parse("x", after).intent
    assert intent is not None
    assert (intent.status, intent.depends_on, intent.open_questions) == ("blocked", ("z",), (2,))


@pytest.mark.parametrize(
    "change", [{"status": "approved"}, {"questions": ["First?"]}, {"answers": {}}, {"depends_on": []}]
)
def test_a_change_that_changes_nothing_returns_the_same_text(change: dict[str, object]) -> None:
    assert splice(BLOCK, **change) == BLOCK  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: 'a\n", "broken"),
        ("", "no Intent"),
        ("- a\n", "no Intent"),
        ("title: &t a\n", "broken"),
    ],
)
def test_a_text_without_a_place_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(CannotSplice, match=words):
        splice(text, status="done")


def test_an_answer_without_its_question_is_refused() -> None:
    with pytest.raises(CannotSplice, match=r"clarifications\.7"):
        splice(BLOCK, answers={7: "a"})


KEYS = {
    "body": ["body: b", "body: |\n  x\n\n  y", "body: |-\n  # no comment", "body: >\n  a\n  b\n"],
    "status": ["status: proposed", "status: 'approved' # c", "status:", "status: ~"],
    "clarifications": [
        "clarifications: []",
        "clarifications:\n- question: q # c\n- {question: r, answer: s}",
        "clarifications: [{question: q, answer: null}]",
        "clarifications:\n  - answer:\n    question: |\n      q\n  # c",
    ],
    "depends_on": ["depends_on: [b]", "depends_on:\n- b\n- c # d", "depends_on:\n  - b"],
}


@st.composite
def texts(draw: st.DrawFn) -> str:
    parts = [
        "title: a # first",
        *(draw(st.sampled_from(KEYS[key])) for key in draw(st.sets(st.sampled_from(sorted(KEYS))))),
    ]
    blanks = draw(st.lists(st.sampled_from(["", "# comment", "  # indented"]), max_size=3))
    lines = draw(st.permutations([*parts, *blanks]))
    return draw(st.sampled_from(["\n", "\r\n"])).join("\n".join(lines).split("\n")) + draw(st.sampled_from(["", "\n"]))


@given(texts(), st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and text.isprintable()))
def test_a_splice_keeps_every_line_it_is_not_about(text: str, words: str) -> None:
    before = parse("x", text).intent
    if before is None:
        return
    answers = dict.fromkeys(before.open_questions[:1], words)

    after = splice(text, status="error", answers=answers, questions=[words], depends_on=[*before.depends_on, "z"])

    intent = parse("x", after).intent
    assert intent is not None
    assert (intent.status, intent.depends_on[-1], intent.clarifications[-1].question) == ("error", "z", words.strip())
    assert (intent.title, intent.body) == (before.title, before.body)
    assert all(comment in after.splitlines() for comment in text.splitlines() if comment.lstrip().startswith("#"))
