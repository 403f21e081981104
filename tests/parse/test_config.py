"""Run and streaming configurations as values."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from engine.parse.config import PENDING_TIMEOUT, RunConfig, StreamingConfig
from engine.parse.flow import FlowMode


def test_the_defaults_of_a_run() -> None:
    config = RunConfig()

    assert config.require_eof
    assert config.packrat
    assert config.merge_warnings
    assert not (config.trace or config.legacy_result or config.allow_top_level_expr)
    assert (config.left_recursion.value, config.locale, dict(config.extensions)) == ("auto", None, {})


def test_a_pause_has_a_timeout_unless_it_is_taken_away() -> None:
    assert StreamingConfig().timeout == PENDING_TIMEOUT > 0
    assert StreamingConfig(timeout=None).timeout is None


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().trace = True  # type: ignore[misc]


def test_there_is_one_streaming_configuration_for_each_way_to_give_one() -> None:
    streaming = StreamingConfig(mode=FlowMode.PUSH, clock=itertools.count().__next__)

    assert StreamingConfig.of(streaming) is streaming
    assert StreamingConfig.of(RunConfig(trace=True)).run == RunConfig(trace=True)
    assert StreamingConfig.of(None).run == RunConfig()


def test_a_streams_own_namespaces_stand_in_for_the_runs() -> None:
    run = RunConfig(extensions={"stream": {"enabled": True}, "lex": {"profile": "x"}})
    config = StreamingConfig(run, extensions={"stream": {"chunk_size": 7}})

    assert config.effective == {"stream": {"chunk_size": 7}, "lex": {"profile": "x"}}
