"""The verdict is that of Python's own reader, on generated texts and on damaged ones."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from engine.languages.json import JSON, JSONC, JSONL
from tests.languages.json.asking import accepts
from tests.languages.json.cases import VALID

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)  # fmt: skip
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(max_size=3), v, max_size=4))
FLAT: list[dict[str, Any]] = [{}, {"separators": (",", ":")}, {"ensure_ascii": False}]
layouts = st.sampled_from([*FLAT, {"indent": 1}, {"indent": "\t"}, {"indent": 0, "ensure_ascii": False}])

#: What damage puts into a text.
BITS = [
    *"{}[]\",:'\\/ \t\r\n\f\v\b0123456789-+.eEuxtfn#;=\u00a0\u2028\ufeff\x00\x01\x1f\x7fé😀",
    "true", "false", "null", '""', "[]", "{}", "\\u00", "\\ud800", "//", "/*", "*/", "1e", "0x1",
]  # fmt: skip


def stdlib_accepts(text: str) -> bool:
    """Python's verdict, without the words it takes beyond the RFC and with a leading byte order mark ignored."""

    def refuse(word: str) -> Any:
        raise ValueError(word)

    try:
        json.loads(text.removeprefix("\ufeff"), parse_constant=refuse, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True


@given(values, layouts)
def test_whatever_python_writes_is_accepted(value, layout):
    assert accepts(json.dumps(value, **layout))


@given(values, layouts, st.data())
def test_a_damaged_text_is_accepted_exactly_if_python_accepts_it(value, layout, data):
    text = json.dumps(value, **layout)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        width = data.draw(st.integers(0, 2))
        text = text[:at] + data.draw(st.sampled_from(["", *BITS])) + text[at + width :]

    assert accepts(text) is stdlib_accepts(text)


@given(st.lists(st.sampled_from(BITS), max_size=8).map("".join))
@example("-")
@example('"\\ud800')
@example("\ufeff1")
@example("\n\n1\f")
def test_any_mixture_is_accepted_exactly_if_python_accepts_it(text):
    assert accepts(text) is stdlib_accepts(text)


@given(st.text())
def test_any_text_is_accepted_exactly_if_python_accepts_it(text):
    assert accepts(text) is stdlib_accepts(text)


@given(st.lists(values, max_size=5), st.sampled_from(FLAT))
def test_values_on_lines_of_their_own_are_json_lines(rows, layout):
    assert accepts("".join(json.dumps(row, **layout) + "\n" for row in rows), JSONL)


@given(values, layouts)
def test_commented_json_takes_comments_wherever_a_blank_may_be(value, layout):
    text = json.dumps(value, **layout)
    commented = f"// a\n/* b */{text}/* c\n d */ // e"

    assert accepts(commented, JSONC)
    assert not accepts(commented, JSON)


def test_a_campaign_of_damage_agrees_with_python(seed, campaign):
    rng = random.Random(seed)
    texts = [text for text in VALID.values() if isinstance(text, str) and len(text) < 500]
    for _ in range(1500 * campaign):
        text = rng.choice(texts)
        for _ in range(rng.randint(1, 3)):
            at = rng.randint(0, len(text))
            text = text[:at] + rng.choice(BITS) + text[at + rng.randint(0, 2) :]

        assert accepts(text) is stdlib_accepts(text), repr(text)
