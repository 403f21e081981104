"""The agent that is any command: a request on its standard input, a result on its standard output.

Also the lines of an Intent's `run` and `verify`, whose exit code is all that counts. A non-zero exit is a failure,
whatever the command wrote or changed; a command that does not exist is refused, since trying again is of no use.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from engine.config_tables import PriceTable
from engine.orchestrate.agents.environment import allowed_environment
from engine.orchestrate.agents.guards import Guards
from engine.orchestrate.agents.process import NO_SUCH_COMMAND, NOT_EXECUTABLE, OnOutput, ProcessEnd, run_process
from engine.orchestrate.agents.protocol import (
    AgentReply,
    Bounds,
    Failure,
    Request,
    Spent,
    checked_result,
    read_result,
    read_spent,
)  # fmt: skip
from engine.orchestrate.agents.results import NoResult
from engine.orchestrate.redact import Redactor

__all__ = ["CommandAgent", "failure_of", "run_line"]

_LONGEST_REASON: Final = 300
#: EX_TEMPFAIL of sysexits.h: a service is busy or limits our rate, and trying again later may do
_TRY_LATER: Final = 75


@dataclass(frozen=True, slots=True)
class CommandAgent:
    """`[agents.<name>]` in the environment of who started the run. `guards`: see `run_process`.

    `model` is told to it; `price` makes a cost of the tokens that it reports without one.
    """

    command: str
    args: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    env_allow: Sequence[str] = ()
    guards: Guards | None = None
    model: str | None = None
    price: PriceTable | None = None

    async def run(
        self,
        request: Request,
        *,
        cwd: Path,
        key: str,
        bounds: Bounds,
        log: Path | None = None,
        on_output: OnOutput | None = None,
        stop: asyncio.Event | None = None,
        writable: Sequence[Path] | None = None,
    ) -> AgentReply:
        """See `Agent.run`."""
        redactor = Redactor(self.environ)
        end = await run_process(
            [self.command, *self.args],
            cwd=cwd,
            env=allowed_environment(self.environ, self.env_allow),
            marker=key,
            timeout=bounds.timeout,
            stall_timeout=bounds.stall_timeout,
            stdin=_written(request, self.model),
            log=log,
            redactor=redactor,
            on_output=on_output,
            stop=stop,
            guards=self.guards,
            writable=writable,
        )
        failure = failure_of(end)
        if failure is not None:
            spent = self._priced(read_spent(end.stdout.decode("utf-8", "replace")))
            return AgentReply(None, failure, end, request.session_id, spent)
        reply = _reply(request, end, redactor)
        return replace(reply, spent=self._priced(reply.spent))

    def _priced(self, spent: Spent) -> Spent:
        """With the cost that the settings' price makes of the tokens, where the agent says none itself."""
        if spent.cost_usd is not None or spent.usage is None or self.price is None:
            return spent
        usage, price = spent.usage, self.price
        cost = (usage.input_tokens * price.input + usage.output_tokens * price.output) / 1_000_000
        return spent.model_copy(update={"cost_usd": cost})


def _written(request: Request, model: str | None) -> bytes:
    """One line of JSON, with the model if the settings name one.

    What of a path is no UTF-8 becomes an escape, which readers of JSON know.
    The Intent's mapping is written as it is: copying it first takes ten times as long where it has a thousand Tasks.
    """
    said = {**dict(request), "model": model} if model else dict(request)
    line = json.dumps(said, ensure_ascii=False, default=BaseModel.model_dump)
    return line.encode("utf-8", "backslashreplace") + b"\n"


def _reply(request: Request, end: ProcessEnd, redactor: Redactor) -> AgentReply:
    try:
        said = read_result(request.role, end.stdout.decode("utf-8", "replace"))
        result = checked_result(request.role, redactor.values(said.model_dump()))
    except NoResult as problem:
        message = redactor.text(f"{end.command}: {problem}")
        failure = Failure("failed", "tool", message, "see what it wrote: penstock logs RUN --output")
        return AgentReply(None, failure, end, request.session_id, read_spent(end.stdout.decode("utf-8", "replace")))
    return AgentReply(result, None, end, result.session_id or request.session_id, result)


async def run_line(
    line: str,
    *,
    cwd: Path,
    key: str,
    bounds: Bounds,
    environ: Mapping[str, str],
    env_allow: Sequence[str] = (),
    log: Path | None = None,
    on_output: OnOutput | None = None,
    stop: asyncio.Event | None = None,
    guards: Guards | None = None,
    writable: Sequence[Path] | None = None,
) -> ProcessEnd:
    """Runs a line of `run` or `verify` by `/bin/sh -c`, with nothing on standard input. Raises like `run_process`."""
    return await run_process(
        line,
        cwd=cwd,
        env=allowed_environment(environ, env_allow),
        marker=key,
        timeout=bounds.timeout,
        stall_timeout=bounds.stall_timeout,
        log=log,
        redactor=Redactor(environ),
        on_output=on_output,
        stop=stop,
        guards=guards,
        writable=writable,
    )


def failure_of(end: ProcessEnd) -> Failure | None:
    """Why a command did not do what it was for; None if it ended by itself with exit code 0."""
    command = end.command if len(end.command) <= _LONGEST_REASON else end.command[:_LONGEST_REASON] + "…"
    if end.ended_by == "cancelled":
        return Failure("cancelled", "user", f"{command}: cancelled", "run it again when you want to")
    if end.ended_by == "timeout":
        return Failure("timeout", "tool", f"{command}: not done after {end.duration:.0f} s", "raise the time limit")
    if end.ended_by == "stalled":
        return Failure("stalled", "tool", f"{command}: wrote nothing for too long", "raise the limit for silence")
    if end.exit_code == 0:
        return None
    if end.exit_code == _TRY_LATER:
        again = f"{command}: cannot do it now{_reason(end)}"
        return Failure("failed", "network", again, "it is tried again, with fewer at once")
    if end.exit_code == NO_SUCH_COMMAND:
        return Failure(
            "refused", "user", f"no such command: {command}{_reason(end)}", "install it, or correct its name"
        )
    if end.exit_code == NOT_EXECUTABLE:
        return Failure("refused", "user", f"cannot be executed: {command}{_reason(end)}", "make the file executable")
    how = f"exit code {end.exit_code}" if end.exit_code is not None else end.signal or "killed together with its guard"
    return Failure("failed", "tool", f"{command}: {how}{_reason(end)}", "see what it wrote: penstock logs RUN --output")


def _reason(end: ProcessEnd) -> str:
    """The last line that it wrote, on standard error if there is one."""
    lines = (end.stderr.strip() or end.output.strip()).splitlines()
    return f": {lines[-1][:_LONGEST_REASON]}" if lines else ""
