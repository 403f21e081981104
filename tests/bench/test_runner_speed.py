"""What the benchmark of the Runner measures that is the same whenever it is measured: the work that one Task takes."""

from __future__ import annotations

import sys

import pytest

from tests.bench.metering import Process, ended
from tests.bench.runner_speed import a_project, each_task, intent_of, play

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(sys.platform == "win32", reason="the Runner needs a POSIX system"),
]


@pytest.fixture(scope="module")
def one_more():
    return each_task(2)


def test_a_task_is_three_steps_and_each_of_them_two_transactions(one_more):
    assert one_more["transactions"] == 6
    assert one_more["events"] <= 18


def test_a_task_takes_few_git_commands(one_more):
    assert one_more["git commands"] <= 26  # six of them look at what lies beyond its worktree, before and after


def test_a_task_takes_a_process_for_its_agent_and_one_for_its_check(one_more):
    assert one_more["commands"] == 2


def test_a_later_run_takes_no_more_than_one_before():
    with a_project() as project:
        first, second, third = (play(project, intent_of([f"echo x > {name}"]), name).counters() for name in "abc")
    assert third == second
    assert second["git commands"] <= first["git commands"] + 8  # it asks where what landed before stands


def test_only_what_git_and_commands_do_not_take_is_counted_as_ours():
    git, command = Process(is_git=True, start=1.0, end=1.5), Process(is_git=False, start=2.0)
    assert ended([(0.5, "review"), (3.0, "implement")], [git, command], 0.25) == {"implement": [1.75]}
