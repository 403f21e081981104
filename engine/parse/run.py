"""Batch runs: the whole text at once.

The same session and the same cursor as a stream's, fed once; `run_partial` also gives what is left over behind the
longest beginning that is complete.

Invariant: the result equals that of any stream over the same text with the same configuration.
"""
from __future__ import annotations

from dataclasses import replace

from engine.parse.config import RunConfig
from engine.parse.machine import Machine
from engine.parse.result import ParseResult, ParseResultWithRest, text_after
from engine.parse.session import Session

__all__ = ["run", "run_partial"]


def run(machine: Machine, source: bytes | str, config: RunConfig | None = None) -> ParseResult:
    """The result of a text; never raises, whatever the text is.  Takes linear time."""
    session = Session(machine, config)
    return session.result(session.begin().feed(source).finish())


def run_partial(machine: Machine, source: bytes | str, config: RunConfig | None = None) -> ParseResultWithRest:
    """The result of the longest beginning that could be a whole text, and the text behind it."""
    session = Session(machine, replace(config or RunConfig(), require_eof=False))
    finished = session.begin().feed(source).finish()
    result = session.result(finished)
    rest = None if result.rest_at is None else text_after(finished, result.rest_at)
    return ParseResultWithRest(result, rest)
