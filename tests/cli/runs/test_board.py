"""Rows and lines made of events, and the two views on them."""

import io

import pytest

from engine.cli.runs.board import Board, seconds_between
from engine.cli.runs.view import LiveView, View, view_for
from engine.orchestrate.events import Event


def event(number, kind, payload, task=None, run="r-1"):
    return Event(
        type=kind, payload=payload, run_id=run, intent_id="r", task_id=task, event_id=str(number), sequence=number,
        timestamp=f"2026-11-20T10:00:{number:02}.000000Z",
    )  # fmt: skip


def told(number, task, role, status, message, done=0, total=2):
    payload = {"taskId": task, "runId": "r-1", "role": role, "status": status, "message": message,
               "startedAt": "2026-11-20T10:00:01Z", "counts": {"done": done, "total": total}}  # fmt: skip
    return event(number, "task_status_update", payload, None if task == "r-1" else task)


STORY = [
    event(1, "run.start", {"intent": {"title": "Greet"}}),
    told(2, "a", "implement", "running", "implement runs"),
    told(3, "b", "implement", "pending", "waits for a"),
    told(4, "r-1", "integrate", "running", "integrate runs", done=2),
    event(5, "land", {"branch": "penstock/landed", "after": "0123456789abcdef"}),
    event(6, "run.end", {"state": "succeeded", "outcome": "success", "reason": "2 of 2 Tasks landed"}),
]


def text(line):
    return "".join(part for part, _ in line)


def test_events_become_rows_and_lines():
    board = Board()
    lines = [text(line) for each in STORY if (line := board.see(each))]
    run = board.runs["r-1"]
    assert (run.intent_id, run.state, run.outcome, run.done) == ("r", "succeeded", "success", 2)
    assert [(row.name, row.role, row.state, row.message) for row in run.rows.values()] == [
        ("a", "implement", "running", "implement runs"),
        ("b", "implement", "pending", "waits for a"),
    ]
    assert lines[0] == "10:00:01  r-1  started: Greet"
    assert lines[-2:] == [
        "10:00:05  r-1  landed on penstock/landed at 0123456789ab",
        "10:00:06  r-1  succeeded: 2 of 2 Tasks landed",
    ]


def test_what_is_told_twice_is_shown_once():
    board = Board()
    assert board.see(STORY[1]) is not None
    assert board.see(told(7, "a", "implement", "running", "implement runs")) is None


@pytest.mark.parametrize("kind", ["tool_call", "unheard_of", "task_status_update"])
def test_what_lacks_something_changes_nothing(kind):
    board = Board()
    assert board.see(event(1, kind, {})) is None
    assert board.runs["r-1"].rows == {}


def test_a_stream_gets_plain_lines_and_a_quiet_one_none():
    out, quiet = io.StringIO(), io.StringIO()
    for stream, view in ((out, view_for(out, quiet=False)), (quiet, view_for(quiet, quiet=True))):
        assert type(view) is View, stream
        with view:
            for each in STORY:
                view.see(each)
    assert "r-1 a  running implement: implement runs\n" in out.getvalue() and "\x1b" not in out.getvalue()
    assert quiet.getvalue() == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_table_while_it_goes_on_and_keeps_how_it_ended(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    out = Terminal()
    view = view_for(out, quiet=False)
    assert isinstance(view, LiveView)
    with view:
        for each in STORY[:4]:
            view.see(each)
        view._live.refresh()
        drawn = out.getvalue()
        for each in STORY[4:]:
            view.see(each)
    assert "2/2 tasks" in drawn and "waits for a" in drawn
    assert "2 of 2 Tasks landed" in out.getvalue()


@pytest.mark.parametrize(
    "since, until, seconds",
    [("2026-11-20T10:00:00Z", "2026-11-20T10:00:02.5Z", 2.5), ("", "", None), ("2026-11-20T10:00:00Z", "", 0.0)],
)
def test_time_is_counted_until_the_end_or_until_now(since, until, seconds):
    assert seconds_between(since, until, 0.0) == seconds
