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
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from engine.toml_places import KeyPath

if TYPE_CHECKING:
    from engine.languages.language import CheckSettings

__all__ = ["Fault", "Settings", "decode", "json_schema", "merged", "to_camel"]


#: pydantic's words are about Python where ours are about a settings file
_EXPECTED = {
    "bool_type": "it must be true or false",
    "int_type": "it must be a whole number",
    "model_type": "it must be a table",
    "string_type": "it must be a string",
    "tuple_type": "it must be a list",
}

Bytes = Annotated[int, Field(ge=1)]
Nanoseconds = Annotated[int, Field(ge=0)]


class _Table(BaseModel):
    """A table of settings; its keys may be written `like_this` or, as editors do, `likeThis`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        loc_by_alias=False,
        use_attribute_docstrings=True,
    )


class CheckTable(_Table):
    """What `penstock check` and the editor report."""

    fail_on: Literal["error", "warning"] = "error"
    """The least severity that makes `penstock check` exit with 1."""
    allow_top_level_expr: bool = False
    """Accept expressions at the top level of a Reml module."""
    targets: Annotated[tuple[str, ...], Strict(False)] = ("cli",)
    """The targets a module is checked for."""
    exclude: Annotated[tuple[str, ...], Strict(False)] = ()
    """Files and folders that are skipped when a folder is walked, as patterns on the path below this file's folder."""

    def settings(self) -> CheckSettings:
        """What the languages' checks need of these."""
        from engine.languages.language import CheckSettings

        return CheckSettings(allow_top_level_expr=self.allow_top_level_expr, targets=frozenset(self.targets))


class BackpressureTable(_Table):
    """When a consumer that falls behind slows the parser down; all in nanoseconds."""

    max_lag: Nanoseconds | None = None
    """The longest time a part of the input may wait."""
    debounce: Nanoseconds | None = None
    """How long input must be quiet before a delayed part is taken."""
    throttle: Nanoseconds | None = None
    """The least time between two parts."""


class FlowDemandTable(_Table):
    """What the manual policy asks for at a time."""

    bytes: Bytes | None = None
    """Bytes."""
    frames: Annotated[int, Field(ge=1)] | None = None
    """Frames: parts that end at a frame boundary."""


class FlowPolicyTable(_Table):
    """Who decides how much is read."""

    kind: Literal["auto", "manual"] = "auto"
    """`auto` follows the lag, `manual` the demand given here."""
    demand: FlowDemandTable = FlowDemandTable()
    """For `manual`."""
    backpressure: BackpressureTable = BackpressureTable()
    """For `auto`."""


class FlowTable(_Table):
    """How fast input is taken."""

    mode: Literal["auto", "push", "pull", "hybrid"] = "auto"
    """Who drives: the feeder (`push`), the parser (`pull`), both in turns, or whichever fits."""
    high_watermark: Bytes | None = None
    """Buffered bytes above which reading pauses."""
    low_watermark: Bytes | None = None
    """Buffered bytes below which reading goes on."""
    policy: FlowPolicyTable = FlowPolicyTable()
    """What decides when more is read."""

    @model_validator(mode="after")
    def _ordered(self) -> FlowTable:
        high, low = self.high_watermark, self.low_watermark
        if high is not None and low is not None and high < low:
            raise ValueError("`high_watermark` must not be below `low_watermark`")
        return self


class StreamTable(_Table):
    """Streaming: checking an input piece by piece, in memory that does not grow with it."""

    enabled: bool = False
    """Stream without being asked to by `--stream`."""
    checkpoint: str | None = None
    """A name for the place to resume from, shown in audit events."""
    chunk_size: Bytes | None = None
    """Bytes read at a time."""
    demand_min_bytes: Bytes | None = None
    """The least number of bytes the parser asks for."""
    demand_preferred_bytes: Bytes | None = None
    """The number of bytes the parser would like."""
    flow: FlowTable = FlowTable()
    """When reading pauses and goes on."""

    def extensions(self) -> dict[str, dict[str, Any]]:
        """These settings as the namespaces of a run's configuration; what is not set is left to the engine."""
        stream = self.model_dump(exclude_none=True, exclude={"flow"})
        return {"stream": stream, "stream.flow": self.flow.model_dump(exclude_none=True)}

    @model_validator(mode="after")
    def _ordered(self) -> StreamTable:
        least, liked = self.demand_min_bytes, self.demand_preferred_bytes
        if least is not None and liked is not None and least > liked:
            raise ValueError("`demand_min_bytes` must not be above `demand_preferred_bytes`")
        return self


class LspTable(_Table):
    """The language server."""

    max_diagnostics: Annotated[int, Field(ge=1, le=100_000)] = 500
    """Diagnostics shown per file; the rest is summed up in one line."""


class Settings(_Table):
    """Everything that can be set."""

    check: CheckTable = CheckTable()
    """What is reported."""
    stream: StreamTable = StreamTable()
    """How an input is read."""
    lsp: LspTable = LspTable()
    """How the language server behaves."""


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


def _tables_of(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield name, field.annotation


def _model_at(path: KeyPath) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Settings
    for part in path:
        model = dict(_tables_of(model)).get(str(part)) if model else None
    return model


def _keys_of(path: KeyPath) -> list[str]:
    model = _model_at(path)
    return list(model.model_fields) if model else []


def _nearest_choice(path: KeyPath, value: object) -> list[str]:
    model = _model_at(path[:-1]) if path else None
    field = model.model_fields.get(str(path[-1])) if model else None
    choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)] if field else []
    return difflib.get_close_matches(value, choices, n=1) if isinstance(value, str) else []


def _in_snake_case(model: type[BaseModel], layer: Mapping[str, Any]) -> dict[str, Any]:
    """The layer with the keys that the model knows spelled as the model does."""
    names = {spelling: name for name in model.model_fields for spelling in (to_camel(name), name)}
    tables = dict(_tables_of(model))
    result: dict[str, Any] = {}
    for key, value in layer.items():
        name = names.get(key, key)
        below = tables.get(name)
        result[name] = _in_snake_case(below, value) if below and isinstance(value, Mapping) else value
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
