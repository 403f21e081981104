"""The last JSON object of an output, whatever stands around it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.orchestrate.agents import results
from engine.orchestrate.agents.results import NoResult, last_object


@pytest.mark.parametrize("text, found", [
    ('{"a": 1}', {"a": 1}),
    ('{"a": 1}\n{"b": {"c": [{"d": 2}]}}\n', {"b": {"c": [{"d": 2}]}}),
    ('use { for blocks, or {x}\n{"a": 1}', {"a": 1}),
    ('```json\n{\n  "a": 1\n}\n```\nDone.', {"a": 1}),
    ('{"a": 1} and then {broken} {', {"a": 1}),
    ('{"half": [1, 2\n{"a": 1}', {"a": 1}),
    ('{"half": "of a string\n{"a": 1}', {"a": 1}),
    ('say "{" or "}"\n{"a": "}{"}', {"a": "}{"}),
    ('[{"a": 1}]', {"a": 1}),
    ("{}", {}),
    ('{"a": NaN}', {"a": None}),
    ('{"ä": "\\ud83d\\ude00"}', {"ä": "😀"}),
    ('{"half \\ud83d": ["\\ude00"]}', {"half ?": ["?"]}),
])  # fmt: skip
def test_the_last_object_is_found(text, found):
    assert last_object(text) == found


@pytest.mark.parametrize("text, reason", [
    ("", "standard output is empty"),
    (" \n", "standard output is empty"),
    ("all done", "there is no JSON object on standard output"),
    ("[1, 2]", "there is no JSON object on standard output"),
    ('{"tasks": [{"id": "a"}, {"id": "b"', "the JSON object on standard output breaks off"),
    ('{"a": 1}\n{"tasks": [{"id": "a"},', "the JSON object on standard output breaks off"),
    ('{"a": ' * 100_000, "the JSON object on standard output cannot be read"),
    ('{"a": ' + "1" * 5000 + "}", "the JSON object on standard output cannot be read"),
])  # fmt: skip
def test_what_is_there_instead_is_told(text, reason):
    with pytest.raises(NoResult, match=f"^{reason}"):
        last_object(text)


values = st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3))
objects = st.dictionaries(st.text(max_size=5), values, max_size=4)


@settings(max_examples=30)
@given(st.text(st.sampled_from('}[]":,\\ \nab1'), max_size=40), objects, st.sampled_from([None, 2]))
def test_an_object_is_found_behind_anything_that_opens_none(before, value, indent):
    assert last_object(f"{before}{json.dumps(value, indent=indent)}\n") == value


@settings(max_examples=60)
@given(st.text(st.sampled_from('{}[]":,\\ \nab1'), max_size=60))
def test_what_is_found_in_any_text_is_json_that_stands_in_it(text):
    begins = [at for at, letter in enumerate(text) if letter == "{"]
    ends = [at + 1 for at, letter in enumerate(text) if letter == "}"]
    objects = [parsed(text[begin:end]) for begin in begins for end in ends]
    try:
        found = last_object(text)
    except NoResult:
        return
    assert found in objects


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


@pytest.mark.parametrize(
    "text", ['{"' * 50_000, "{" * 100_000, '{"a\n' * 25_000, '{"a":[' * 300 + "}" * 90_000, '{"a"}' * 20_000]
)
def test_garbage_is_read_in_linear_time(text, monkeypatch):
    decoder, read = results._DECODER, 0

    class Counting:
        def raw_decode(self, window):
            nonlocal read
            read += len(window)
            return decoder.raw_decode(window)

    monkeypatch.setattr(results, "_DECODER", Counting())
    with pytest.raises(NoResult):
        last_object(text)
    assert read <= results._WINDOW * len(text)
