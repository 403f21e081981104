"""The namespaces of a run configuration: decoding, encoding, unknown keys, defaults."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.parse.config import LeftRecursion, RunConfig
from engine.parse.extensions import (
    CHUNK_SIZE,
    STREAM_FIELDS,
    RecoverMode,
    RecoverSettings,
    StreamSettings,
    decode_recover,
    decode_run_config,
    decode_stream,
    encode_run_config,
    encode_stream,
    stream_fields,
    with_stream_extension,
)
from engine.parse.feeder import DemandHint, SpanBoundary, StreamErrorKind, TokenClass
from engine.parse.flow import Auto, BackpressureSpec, Demand, FlowController, FlowMode, Manual
from engine.parse.namespace import first_error

FULL = {
    "stream": {
        "enabled": True, "checkpoint": "unit-test", "flow_mode": "hybrid", "resume_reason": "feeder.await",
        "chunk_size": 1024, "demand_min_bytes": 4, "demand_preferred_bytes": 8, "stats": True,
    },
    "stream.demand": {"min_bytes": 16, "preferred_bytes": 32, "frame_boundary": "token:NL"},
    "stream.flow": {
        "mode": "push", "high_watermark": 4096, "low_watermark": 512,
        "policy": {
            "kind": "auto", "demand": {"bytes": 0, "frames": 0},
            "backpressure": {"max_lag": 10, "debounce": 20, "throttle": 30},
        },
    },
}  # fmt: skip

SETTINGS = StreamSettings(
    True, "unit-test", FlowMode.HYBRID, "feeder.await", 1024, 4, 8, True,
    DemandHint(16, 32, TokenClass("NL")),
    FlowController(FlowMode.PUSH, 4096, 512, Auto(BackpressureSpec(10, 20, 30))),
)  # fmt: skip


def test_every_field_is_decoded() -> None:
    assert decode_stream(FULL) == (SETTINGS, ())


def test_every_field_is_encoded() -> None:
    assert encode_stream(SETTINGS) == FULL
    assert tuple(stream_fields(FULL)) == STREAM_FIELDS


def test_nothing_at_all_decodes_to_the_defaults() -> None:
    settings, problems = decode_stream({})

    assert settings == StreamSettings()
    assert problems == ()
    assert (settings.enabled, settings.chunk_size, settings.flow) == (False, CHUNK_SIZE, FlowController())
    assert list(stream_fields({})) == []


def test_missing_fields_take_their_defaults_when_they_are_encoded() -> None:
    encoded = encode_stream(StreamSettings())

    assert tuple(stream_fields(encoded)) == STREAM_FIELDS
    assert encoded["stream.flow"]["high_watermark"] == FlowController().high_watermark
    assert json.loads(json.dumps(encoded)) == encoded


def test_a_manual_policy_carries_its_demand() -> None:
    flow = {"policy": {"kind": "manual", "demand": {"bytes": 100, "frames": 2}}}
    settings, problems = decode_stream({"stream.flow": flow})

    assert problems == ()
    assert settings.flow.policy == Manual(Demand(100, 2))


counts = st.integers(1, 1 << 40)
flows = st.builds(
    lambda mode, a, b, policy: FlowController(mode, max(a, b), min(a, b), policy),
    st.sampled_from(FlowMode), st.integers(0, 1 << 40), st.integers(0, 1 << 40),
    st.builds(Auto, st.builds(BackpressureSpec, *[st.none() | counts] * 3))
    | st.builds(Manual, st.none() | st.builds(Demand, counts, st.integers(0, 9))),
)  # fmt: skip
hints = st.builds(
    lambda least, more, boundary: DemandHint(least, None if more is None else least + more, boundary),
    counts, st.none() | st.integers(0, 99),
    st.none() | st.text(min_size=1).map(TokenClass) | st.text(min_size=1).map(SpanBoundary),
)  # fmt: skip
settings_ = st.builds(
    StreamSettings, st.booleans(), st.none() | st.text(), st.sampled_from(FlowMode), st.none() | st.text(), counts,
    st.none() | counts, st.none(), st.booleans(), st.none() | hints, flows,
)  # fmt: skip


@given(settings_)
def test_settings_survive_the_way_out_and_back(settings: StreamSettings) -> None:
    encoded = encode_stream(settings)

    assert decode_stream(json.loads(json.dumps(encoded))) == (settings, ())
    assert encode_stream(decode_stream(encoded)[0], encoded) == encoded


# ----------------------------------------------------------------------------------------------------------- odd things
def test_unknown_keys_are_kept_and_warned_about() -> None:
    extensions: dict[str, dict[str, Any]] = {
        "stream": {"enabled": True, "colour": "red"},
        "stream.demand": {"max_bytes": 7},
        "stream.flow": {"policy": {"kind": "auto", "mood": 1, "backpressure": {"max_lags": 3}}},
        "lex": {"profile": "strict_json"},
    }
    settings, problems = decode_stream(extensions)
    encoded: dict[str, Any] = encode_stream(settings, extensions)

    assert sorted(problem.key for problem in problems) == [
        "stream.colour",
        "stream.demand.max_bytes",
        "stream.flow.policy.backpressure.max_lags",
        "stream.flow.policy.mood",
    ]
    assert not any(problem.fatal for problem in problems)
    assert encoded["stream"]["colour"] == "red"
    assert encoded["stream.demand"]["max_bytes"] == 7
    assert encoded["stream.flow"]["policy"]["mood"] == 1
    assert encoded["stream.flow"]["policy"]["backpressure"]["max_lags"] == 3
    assert encoded["lex"] == {"profile": "strict_json"}


@pytest.mark.parametrize(
    "extensions, key",
    [
        ({"stream": 3}, "stream"),
        ({"stream": {"enabled": "yes"}}, "stream.enabled"),
        ({"stream": {"checkpoint": 3}}, "stream.checkpoint"),
        ({"stream": {"flow_mode": "fast"}}, "stream.flow_mode"),
        ({"stream": {"chunk_size": 0}}, "stream.chunk_size"),
        ({"stream": {"chunk_size": True}}, "stream.chunk_size"),
        ({"stream": {"demand_preferred_bytes": 0}}, "stream.demand_preferred_bytes"),
        ({"stream": {"demand_min_bytes": 9, "demand_preferred_bytes": 8}}, "stream.demand_preferred_bytes"),
        ({"stream.demand": {"min_bytes": 0}}, "stream.demand.min_bytes"),
        ({"stream.demand": {"preferred_bytes": -1}}, "stream.demand.preferred_bytes"),
        ({"stream.demand": {"min_bytes": 9, "preferred_bytes": 8}}, "stream.demand.preferred_bytes"),
        ({"stream.demand": {"frame_boundary": "NL"}}, "stream.demand.frame_boundary"),
        ({"stream.flow": {"mode": 1}}, "stream.flow.mode"),
        ({"stream.flow": {"high_watermark": 1.5}}, "stream.flow.high_watermark"),
        ({"stream.flow": {"high_watermark": 1, "low_watermark": 2}}, "stream.flow.high_watermark"),
        ({"stream.flow": {"policy": "auto"}}, "stream.flow.policy"),
        ({"stream.flow": {"policy": {"kind": "best"}}}, "stream.flow.policy.kind"),
        ({"stream.flow": {"policy": {"demand": {"bytes": -1}}}}, "stream.flow.policy.demand.bytes"),
        ({"stream.flow": {"policy": {"backpressure": {"max_lag": "1s"}}}}, "stream.flow.policy.backpressure.max_lag"),
    ],
)
def test_a_wrong_value_is_an_error_at_its_key_and_takes_the_default(extensions, key: str) -> None:
    settings, problems = decode_stream(extensions)
    error = first_error(problems)

    assert [problem.key for problem in problems if problem.fatal] == [key]
    assert error is not None
    assert error.kind is StreamErrorKind.FEEDER_BUG
    assert error.message.startswith(f"{key}: ")
    assert decode_stream(encode_stream(settings)) == (decode_stream(encode_stream(settings))[0], ())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
keys = st.sampled_from([path.rsplit(".", 1)[-1] for path in STREAM_FIELDS] + ["policy", "odd"])
tables = json_values | st.dictionaries(keys, json_values | st.dictionaries(keys, json_values))


@given(st.fixed_dictionaries({}, optional={"stream": tables, "stream.demand": tables, "stream.flow": tables}))
def test_decoding_never_fails_and_what_it_gives_can_be_encoded(extensions) -> None:
    settings, _ = decode_stream(extensions)

    assert tuple(stream_fields(encode_stream(settings, {}))) == STREAM_FIELDS


# ------------------------------------------------------------------------------------------------------------ low marks
@pytest.mark.parametrize(
    "given_, marks", [({"high_watermark": 10}, (10, 10)), ({"low_watermark": 1 << 20}, (1 << 20, 1 << 20))]
)
def test_one_watermark_alone_moves_the_other_out_of_its_way(given_, marks) -> None:
    settings, problems = decode_stream({"stream.flow": given_})

    assert problems == ()
    assert (settings.flow.high_watermark, settings.flow.low_watermark) == marks


def test_the_streams_own_demand_settings_come_before_the_last_hint() -> None:
    settings, _ = decode_stream(FULL)

    assert (settings.least, settings.preferred, settings.boundary) == (4, 8, TokenClass("NL"))
    assert decode_stream({"stream.demand": {"preferred_bytes": 10}})[0].demand == DemandHint(10, 10)


# ----------------------------------------------------------------------------------------------------------- whole runs
def test_settings_are_projected_into_a_run_configuration() -> None:
    config = RunConfig(trace=True, extensions={"stream": {"colour": "red"}, "lex": {"profile": "ascii"}})
    projected = with_stream_extension(config, SETTINGS)

    assert projected.trace
    assert projected.extensions["lex"] == {"profile": "ascii"}
    assert projected.extensions["stream"]["colour"] == "red"
    assert decode_stream(projected.extensions)[0] == SETTINGS
    assert config.extensions == {"stream": {"colour": "red"}, "lex": {"profile": "ascii"}}


def test_a_run_configuration_survives_the_way_out_and_back() -> None:
    config = RunConfig(
        False, False, LeftRecursion.OFF, True, False, True, "de", True, {**FULL, "lex": {"profile": "x"}}
    )
    decoded, problems = decode_run_config(json.loads(json.dumps(encode_run_config(config))))

    assert decoded == config
    assert problems == ()


def test_a_run_configuration_with_nothing_in_it_is_the_default_one() -> None:
    decoded, problems = decode_run_config({})

    assert decoded == RunConfig()
    assert problems == ()


def test_odd_switches_are_reported() -> None:
    _, problems = decode_run_config(
        {"switches": {"trace": 1, "speed": 2, "left_recursion": "maybe"}, "extensions": {"recover": {"mode": "yes"}}}
    )

    assert [(problem.key, problem.fatal) for problem in problems] == [
        ("run_config.switches.left_recursion", True),
        ("run_config.switches.trace", True),
        ("run_config.switches.speed", False),
        ("recover.mode", True),
    ]


def test_the_recoverys_settings_are_decoded() -> None:
    limits = {"max_diagnostics": 5, "max_resync_bytes": 6, "max_recoveries": 7}
    recover = {"mode": "off", "sync_tokens": [";"], **limits, "notes": True}

    assert decode_recover({"recover": recover}) == (RecoverSettings(RecoverMode.OFF, (";",), 5, 6, 7, True), ())
    assert decode_recover({}) == (RecoverSettings(), ())
    assert [p.key for p in decode_recover({"recover": {"sync_tokens": [1]}})[1]] == ["recover.sync_tokens"]
