"""The command agent and the lines of an Intent: what of their end becomes what."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from engine.config_tables import PriceTable
from engine.orchestrate.agents.command import CommandAgent, failure_of, run_line
from engine.orchestrate.agents.environment import allowed_environment
from engine.orchestrate.agents.protocol import Bounds, Context, Request
from tests.orchestrate.agents.conftest import bad_agent

BOUNDS = Bounds(timeout=60)


@pytest.fixture
def ask(tmp_path):
    """Asks a command agent that is the given command line."""

    async def ask(command, role="implement", bounds=BOUNDS, environ=None, env_allow=(), diff_path=None,
                  model=None, price=None, **more):
        agent = CommandAgent(command[0], command[1:], {**os.environ, **(environ or {})}, env_allow,
                             model=model, price=price)  # fmt: skip
        request = Request(
            run_id="r",
            intent={"title": "Tidy up"},
            role=role,
            prompt="please",
            context=Context(diff_path=diff_path),
            session_id="before",
        )
        return await agent.run(request, cwd=tmp_path, key=f"r/{tmp_path.name}-{os.getpid()}/1", bounds=bounds, **more)

    return ask


def answers(program):
    return [sys.executable, "-I", "-c", program]


async def test_the_request_is_read_and_the_result_comes_back(ask):
    reply = await ask(answers(
        "import json, sys; asked = json.load(sys.stdin); print('working...');"
        "print(json.dumps({'summary': asked['intent']['title'] + ' ' + asked['prompt'], 'session_id': 'next',"
        " 'usage': {'input_tokens': 3}, 'cost_usd': 0.5}))"
    ))  # fmt: skip

    assert reply.failure is None and reply.result.summary == "Tidy up please"
    assert reply.session_id == "next"
    assert reply.cost == {"usage": {"input_tokens": 3, "output_tokens": 0}, "cost_usd": 0.5}


async def test_a_model_is_told_and_a_price_makes_a_cost_of_tokens(ask):
    script = (
        "import json, sys; asked = json.load(sys.stdin);"
        "print(json.dumps({'summary': asked['model'], 'usage': {'input_tokens': 1000, 'output_tokens': 200}}))"
    )
    reply = await ask(answers(script), model="small", price=PriceTable(input=3.0, output=15.0))

    assert reply.result.summary == "small"
    assert reply.cost["cost_usd"] == pytest.approx(0.006)


async def test_a_call_that_failed_says_what_it_cost(ask):
    reply = await ask(answers("import sys; print('{\"cost_usd\": 0.25, \"turns\": 3}'); sys.exit(1)"))

    assert reply.failure is not None and reply.cost == {"cost_usd": 0.25, "turns": 3}


async def test_the_session_goes_on_where_the_agent_names_none(ask):
    assert (await ask(bad_agent("silent"))).session_id == "before"


@pytest.mark.parametrize("way, role, result, message", [
    ("garbage", "review", "failed", "there is no JSON object on standard output"),
    ("silent", "analyze", "failed", "standard output is empty"),
    ("flood", "review", "failed", "approved: Field required"),
    ("crashes", "implement", "failed", "SIGSEGV: about to crash"),
    ("kills_its_guard", "implement", "failed", "killed together with its guard"),
])  # fmt: skip
async def test_a_bad_agent_fails_with_the_reason(ask, way, role, result, message):
    reply = await ask(bad_agent(way), role)

    assert reply.result is None and reply.end.left == ()
    assert reply.failure.result == result and message in reply.failure.message and reply.failure.next_action


async def test_a_command_that_does_not_exist_is_refused(ask):
    failure = (await ask(["no-such-agent"])).failure

    assert failure.result == "refused" and failure.message == "no such command: no-such-agent"
    assert failure.error["class"] == "user" and failure.error["next_action"]


async def test_an_exit_code_fails_whatever_was_said(ask):
    failure = (await ask(answers("import sys; print('{\"summary\": \"fine\"}'); sys.exit('no space left')"))).failure

    assert failure.result == "failed" and failure.message.endswith("exit code 1: no space left")


async def test_a_service_that_is_busy_is_no_fault_of_the_agent(ask):
    failure = (await ask(answers("import sys; print('busy', file=sys.stderr); sys.exit(75)"))).failure

    assert (failure.result, failure.kind) == ("failed", "network")
    assert failure.message.endswith("cannot do it now: busy")


async def test_limits_and_a_stop_are_told_apart(ask):
    stop = asyncio.Event()
    stop.set()
    silent = bad_agent("closes_stdout")

    assert (await ask(silent, bounds=Bounds(0.3))).failure.result == "timeout"
    assert (await ask(silent, bounds=Bounds(60, 0.3))).failure.result == "stalled"
    assert (await ask(silent, stop=stop)).failure.result == "cancelled"


async def test_an_agent_gets_only_the_variables_that_are_allowed(ask):
    show = answers("import os, json; print(json.dumps({'summary': ' '.join(os.environ)}))")
    environ = {"SECRET_THING": "x", "WANTED_A": "1", "GIT_AUTHOR_NAME": "me", "GIT_DIR": "/elsewhere"}
    names = set((await ask(show, environ=environ, env_allow=["WANTED_*"])).result.summary.split())

    assert {"PATH", "HOME", "WANTED_A", "GIT_AUTHOR_NAME", "PENSTOCK_STEP"} <= names
    assert not names & {"SECRET_THING", "GIT_DIR"}


async def test_a_secret_that_an_agent_repeats_is_hidden(ask):
    show = answers("import os; print('{\"summary\": \"%s\"}' % os.environ['AGENT_API_KEY'])")
    reply = await ask(show, environ={"AGENT_API_KEY": "quite secret"}, env_allow=["AGENT_API_KEY"])

    assert reply.result.summary == "[redacted AGENT_API_KEY]"


async def test_a_result_with_bytes_that_are_no_text_is_read(ask):
    reply = await ask(bad_agent("invalid_utf8"))

    assert reply.failure is None and reply.result.summary == "caf\N{REPLACEMENT CHARACTER}"


async def test_a_path_that_is_no_text_reaches_the_agent(ask):
    show = "import json, sys; print(json.dumps({'summary': ascii(json.load(sys.stdin)['context']['diff_path'])}))"
    reply = await ask(answers(show), diff_path="/tmp/caf\udce9")

    assert reply.result.summary == r"'/tmp/caf\udce9'"


async def test_a_line_of_an_intent_runs_with_nothing_on_its_input(tmp_path):
    end = await run_line("cat; echo $0", cwd=tmp_path, key=f"r/{os.getpid()}/1", bounds=BOUNDS, environ=os.environ)

    assert end.ok and end.output == "/bin/sh\n" and failure_of(end) is None


def test_a_person_is_never_asked():
    environment = allowed_environment({"PATH": "/bin", "GIT_TERMINAL_PROMPT": "1", "LC_ALL": "C"})

    assert environment["GIT_TERMINAL_PROMPT"] == "0" and environment["GIT_EDITOR"] == "true"
    assert environment["PATH"] == "/bin" and environment["LC_ALL"] == "C"
