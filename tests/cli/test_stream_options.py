"""The options about streaming are keys of the settings."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from engine.cli.stream_options import stream_layer, stream_options
from engine.config import decode
from engine.parse.extensions import decode_stream
from engine.parse.flow import Auto, Manual


def layer(*arguments: str) -> dict[str, object]:
    seen: list[dict[str, object]] = []

    @click.command
    @stream_options
    def command(**flags: object) -> None:
        seen.append(stream_layer(flags))

    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return seen[0]


def test_what_is_not_given_sets_nothing() -> None:
    assert layer() == {}


@pytest.mark.parametrize("on", ["--stream", "--streaming"])
@pytest.mark.parametrize("size", ["--chunk-size", "--stream-chunk-size"])
def test_both_names_of_an_option_mean_the_same(on: str, size: str) -> None:
    assert layer(on, size, "5") == {"enabled": True, "chunk_size": 5}


def test_every_option_reaches_the_engine() -> None:
    given = layer(
        "--stream", "--chunk-size=10", "--stream-checkpoint=here", "--stream-demand-min-bytes=20",
        "--stream-demand-preferred-bytes=30", "--stream-flow-policy=auto", "--stream-flow-max-lag=2ms",
    )  # fmt: skip

    settings, faults = decode({"stream": given})
    decoded, problems = decode_stream(settings.stream.extensions())

    assert (faults, problems) == ((), ())
    assert (decoded.enabled, decoded.chunk_size, decoded.checkpoint) == (True, 10, "here")
    assert (decoded.least, decoded.preferred) == (20, 30)
    assert isinstance(decoded.flow.policy, Auto)
    assert decoded.flow.policy.backpressure.max_lag == 2_000_000


def test_the_manual_policy_reaches_the_engine() -> None:
    settings, _ = decode({"stream": layer("--stream-flow-policy", "manual")})

    assert isinstance(decode_stream(settings.stream.extensions())[0].flow.policy, Manual)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("0", 0), ("17", 17), ("5ns", 5), ("5us", 5_000), ("5 ms", 5_000_000), ("2s", 2_000_000_000)],
)
def test_durations_have_units(text: str, nanoseconds: int) -> None:
    assert layer("--stream-flow-max-lag", text) == {"flow": {"policy": {"backpressure": {"max_lag": nanoseconds}}}}
