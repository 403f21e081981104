"""The settings: one model for every key, read from files, the editor and the command line alike.

A layer is a plain table of tables; later layers win key by key (user's defaults, project's file, editor or flags). The
model also gives the JSON Schema. What is wrong with a layer is a value, a `Fault` on the key; whoever shows faults
decides what they mean (the command line stops, the editor goes on without the key). Knows no parser and no protocol.
Invariant: every key is either in the model or a fault; nothing is dropped in silence.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError
from pydantic.alias_generators import to_camel

from engine.config_tables import (
    AgentName,
    AgentTable,
    CheckTable,
    FlowName,
    LspTable,
    OwnFlowTable,
    PolicyTable,
    RecordsTable,
    RunTable,
    StreamTable,
    Table,
)
from engine.toml_places import KeyPath

__all__ = ["Fault", "Settings", "decode", "json_schema", "merged", "to_camel"]


#: pydantic's words are about Python where ours are about a settings file
_EXPECTED = {
    "bool_type": "it must be true or false",
    "dict_type": "it must be a table",
    "finite_number": "it must be a number",
    "float_type": "it must be a number",
    "int_type": "it must be a whole number",
    "model_type": "it must be a table",
    "string_pattern_mismatch": (
        "a name has lower-case letters, digits, `-`, `_` and `.`, and perhaps one more such part after a `:`"
    ),
    "string_type": "it must be a string",
    "tuple_type": "it must be a list",
}
#: what pydantic puts at the end of the path of a key that is itself wrong
_KEY: Final = "[key]"


class Settings(Table):
    """Everything that can be set."""

    check: CheckTable = CheckTable()
    """What is reported."""
    stream: StreamTable = StreamTable()
    """How an input is read."""
    lsp: LspTable = LspTable()
    """How the language server behaves."""
    run: RunTable = RunTable()
    """How Intents are run."""
    agents: dict[AgentName, AgentTable] = Field(default_factory=dict)
    """Agents by name; the names are yours."""
    flows: dict[FlowName, OwnFlowTable] = Field(default_factory=dict)
    """Flows by name; one of your own goes before one of ours of the same name."""
    policy: PolicyTable = PolicyTable()
    """What agents may do."""
    records: RecordsTable = RecordsTable()
    """How long what happened is kept."""

    @property
    def own_flows(self) -> dict[str, tuple[str, ...]]:
        """The steps of each Flow that is set here."""
        return {name: table.steps for name, table in self.flows.items()}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with one key of a layer: its path, a code, what to tell, and perhaps the text that was meant.

    `on_value` says whether `suggestion` replaces the value rather than the key.
    """

    path: KeyPath
    code: str
    message: str
    suggestion: str | None = None
    on_value: bool = False

    @property
    def key(self) -> str:
        """The path as it is written in a message."""
        return ".".join(str(part) for part in self.path)


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """One layer out of several; the last one that has a key wins, tables are merged key by key."""
    result: dict[str, Any] = {}
    for layer in layers:
        _merge(result, _in_snake_case(Settings, layer))
    return result


def decode(*layers: Mapping[str, Any]) -> tuple[Settings, tuple[Fault, ...]]:
    """The settings that the layers give together; faulty keys are left out and reported."""
    layer = merged(*layers)
    faults: list[Fault] = []
    while True:
        try:
            return Settings.model_validate(layer), tuple(faults)
        except ValidationError as error:
            found = [_fault(entry) for entry in error.errors(include_url=False, include_context=False)]
            faults += found
            for fault in found:
                _remove(layer, fault.path)


def json_schema(spelling: Literal["snake", "camel"] = "snake") -> dict[str, Any]:
    """The JSON Schema of the settings, with keys as in files (`snake`) or as editors write them (`camel`)."""
    return Settings.model_json_schema(by_alias=spelling == "camel")


def _fault(entry: Any) -> Fault:
    path: KeyPath = tuple(entry["loc"])
    if path[-1:] == (_KEY,):
        return Fault(
            path[:-1], "config.bad_value", f"bad name `{path[-2]}` in `{path[-3]}`: {_EXPECTED[entry['type']]}"
        )
    table = ".".join(str(part) for part in path[:-1])
    if entry["type"] == "extra_forbidden":
        known = _keys_of(path[:-1])
        near = difflib.get_close_matches(str(path[-1]), known, n=1)
        where = f" in `{table}`" if table else ""
        hint = f"; did you mean `{near[0]}`?" if near else f"; known are {', '.join(f'`{key}`' for key in known)}"
        return Fault(path, "config.unknown_key", f"unknown key `{path[-1]}`{where}{hint}", near[0] if near else None)
    what = _EXPECTED.get(entry["type"]) or entry["msg"].removeprefix("Value error, ")
    near = _nearest_choice(path, entry.get("input"))
    hint = f"; did you mean `{near[0]}`?" if near else ""
    key = ".".join(str(part) for part in path) or "settings"
    message = f"bad value for `{key}`: {what[:1].lower()}{what[1:]}{hint}"
    return Fault(path, "config.bad_value", message, near[0] if near else None, on_value=True)


def _table_of(annotation: Any) -> type[BaseModel] | None:
    """The table that a key of this type holds, perhaps; None for a key that holds a value."""
    found = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
    return next((kind for kind in found if issubclass(kind, BaseModel)), None)


def _tables_of(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel], bool]]:
    """The keys that hold tables, and whether these have names that are the user's."""
    for name, field in model.model_fields.items():
        if (below := _table_of(field.annotation)) is not None:
            yield name, below, get_origin(field.annotation) is dict


def _model_at(path: KeyPath) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Settings
    parts = iter(path)
    for part in parts:
        found = {name: (below, named) for name, below, named in _tables_of(model)} if model else {}
        model, named = found.get(str(part), (None, False))
        if named and next(parts, None) is None:
            return None
    return model


def _keys_of(path: KeyPath) -> list[str]:
    model = _model_at(path)
    return list(model.model_fields) if model else []


def _nearest_choice(path: KeyPath, value: object) -> list[str]:
    of_list = bool(path) and isinstance(path[-1], int)
    path = path[:-1] if of_list else path
    model = _model_at(path[:-1]) if path else None
    field = model.model_fields.get(str(path[-1])) if model else None
    annotation = get_args(field.annotation)[0] if field and of_list else field.annotation if field else None
    choices = [choice for choice in get_args(annotation) if isinstance(choice, str)]
    return difflib.get_close_matches(value, choices, n=1) if isinstance(value, str) else []


def _in_snake_case(model: type[BaseModel], layer: Mapping[str, Any]) -> dict[str, Any]:
    """The layer with the keys that the model knows spelled as the model does."""
    names = {spelling: name for name in model.model_fields for spelling in (to_camel(name), name)}
    tables = {name: (below, named) for name, below, named in _tables_of(model)}
    result: dict[str, Any] = {}
    for key, value in layer.items():
        name = names.get(key, key)
        below, named = tables.get(name, (None, False))
        if below is None or not isinstance(value, Mapping):
            result[name] = value
        elif named:
            result[name] = {
                own: _in_snake_case(below, part) if isinstance(part, Mapping) else part for own, part in value.items()
            }
        else:
            result[name] = _in_snake_case(below, value)
    return result


def _merge(into: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for key, value in layer.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = _own(value)


def _own(value: Any) -> Any:
    """A value whose tables may be changed without changing the layer it came from."""
    return {key: _own(part) for key, part in value.items()} if isinstance(value, Mapping) else value


def _remove(layer: dict[str, Any], path: KeyPath) -> None:
    """Takes a faulty key out of a layer; of a fault in a list, the whole list."""
    table: Any = layer
    for part in path[:-1]:
        if not isinstance(table.get(part), dict):
            table.pop(part, None)
            return
        table = table[part]
    if path and path[-1] in table:
        del table[path[-1]]
    else:
        table.clear()
