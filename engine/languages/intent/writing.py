"""Texts of new Intents and drafts, written so that any title and any body survive.

Knows no files. Invariant: reading what is written gives the Intent that was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import yaml

from engine.languages.intent.document import parse

if TYPE_CHECKING:
    from engine.languages.intent.model import Intent

__all__ = ["draft_text", "intent_text", "quoted"]

_WIDE: Final = 1 << 30
#: keys of a draft: what a person decides before there is an Intent
_DRAFTED: Final = (
    "type",
    "risk",
    "depends_on",
    "agent",
    "run",
    "tasks",
    "verify",
    "integrate",
    "budget",
    "allow_empty",
)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as they are, everything else the usual way."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text.strip() else None)


_Dumper.add_representer(str, _represent_text)
# a time is a text here, so it needs no quotes
_Dumper.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
}


def quoted(text: str) -> str:
    """A text in double quotes, on one line, wherever it stands in a document."""
    written = yaml.dump(text, Dumper=yaml.SafeDumper, default_style='"', allow_unicode=True, width=_WIDE)
    return str(written).strip()


def intent_text(intent: Intent) -> str:
    """The file of a new Intent: title, status, and what else differs from the defaults, in the model's order.

    Raises `ValueError` for a text that no file can hold.
    """
    values = {"title": intent.title, **_chosen(intent), "status": intent.status}
    order = [key for key in type(intent).model_fields if key in values]
    for dumper, style in ((_Dumper, None), (yaml.SafeDumper, '"')):
        text = _dumped({key: values[key] for key in order}, dumper, style)
        if parse(intent.id, text).intent == intent:
            return text
    raise ValueError("the title or the body has characters that no YAML file can hold")


def draft_text(intent: Intent) -> str:
    """The file of a draft: the title and the body, and in front of them what was decided already."""
    values = {key: value for key, value in _chosen(intent).items() if key in _DRAFTED}
    front = f"---\n{_dumped(values, _Dumper)}---\n" if values else ""
    body = intent.body.strip("\n")
    return f"{front}# {' '.join(intent.title.split())}\n" + (f"\n{body}\n" if body else "")


def _chosen(intent: Intent) -> dict[str, Any]:
    return intent.model_dump(mode="json", exclude_defaults=True, exclude={"id"})


def _dumped(values: Mapping[str, Any], dumper: type[yaml.SafeDumper], style: str | None = None) -> str:
    return str(yaml.dump(values, Dumper=dumper, default_style=style, sort_keys=False, allow_unicode=True, width=_WIDE))
