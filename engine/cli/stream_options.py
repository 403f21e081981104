"""The options of `penstock check` that are about streaming, and the settings they stand for.

Each option is a key of the settings' table `[stream]`, and wins over it. Invariant: an option that is not given sets
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import click

__all__ = ["stream_layer", "stream_options"]

_F = TypeVar("_F", bound=Callable[..., Any])
_NANOSECONDS: Final = {"": 1, "ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_DURATION: Final = re.compile(r"(\d+)\s*(|ns|us|ms|s)")


def _duration(text: str) -> int:
    """A duration in nanoseconds: `250ms`, or the bare number."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is no duration; give nanoseconds, or a number with ns, us, ms or s.")
    return int(match[1]) * _NANOSECONDS[match[2]]


_BYTES: Final = click.IntRange(min=1)

_OPTIONS: Final = (
    click.option(
        "--stream",
        "--streaming",
        "stream",
        is_flag=True,
        default=None,
        help="Read piece by piece: findings come as they are found, and memory does not grow with the input.",
    ),
    click.option("--chunk-size", "--stream-chunk-size", "stream_chunk_size", type=_BYTES, help="Bytes read at a time."),
    click.option("--stream-checkpoint", metavar="NAME", help="A name for the place to resume from, in audit events."),
    click.option("--stream-demand-min-bytes", type=_BYTES, help="The fewest bytes the parser asks for."),
    click.option("--stream-demand-preferred-bytes", type=_BYTES, help="How many bytes the parser would like."),
    click.option("--stream-flow-policy", type=click.Choice(["auto", "manual"]), help="Who decides how much is read."),
    click.option(
        "--stream-flow-max-lag",
        type=_duration,
        metavar="DURATION",
        help="How long read input may wait: 250ms, or nanoseconds.",
    ),
)


def stream_options(command: _F) -> _F:
    """Gives a command the options about streaming."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def stream_layer(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The `[stream]` table that the given options stand for."""
    policy = {
        "kind": flags["stream_flow_policy"],
        "backpressure": _given({"max_lag": flags["stream_flow_max_lag"]}),
    }
    return _given(
        {
            "enabled": flags["stream"],
            "chunk_size": flags["stream_chunk_size"],
            "checkpoint": flags["stream_checkpoint"],
            "demand_min_bytes": flags["stream_demand_min_bytes"],
            "demand_preferred_bytes": flags["stream_demand_preferred_bytes"],
            "flow": _given({"policy": _given(policy)}),
        }
    )


def _given(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None and value != {}}
