"""The page about Intents says what is so."""

from __future__ import annotations

import re

from engine.cli.pages import page
from engine.languages.intent.document import parse
from engine.languages.intent.model import Intent


def samples() -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", page("intents") or "", re.MULTILINE | re.DOTALL)


def test_the_samples_are_intents() -> None:
    assert [parse("x", sample).problems for sample in samples()] == [(), ()]


def test_every_key_is_shown() -> None:
    shown = {key for sample in samples() for key in re.findall(r"^(\w+):", sample, re.MULTILINE)}

    assert shown == set(Intent.model_fields) - {"id"}


def test_what_voids_an_approval_is_what_its_hash_is_over() -> None:
    text = page("intents") or ""
    (listed,) = re.findall(r"changing (.*?)\s+voids it", text, re.DOTALL)
    (full, _) = samples()
    before = parse("x", full).approval_hash

    for key in set(Intent.model_fields) - {"id", "tasks"}:
        without = re.sub(
            rf"^{key}:.*\n(?:  .*\n)*", f"{key}: other\n" if key == "title" else "", full, flags=re.MULTILINE
        )
        assert (parse("x", without).approval_hash != before) is (f"`{key}`" in listed), key
