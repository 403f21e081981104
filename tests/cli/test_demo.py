"""`penstock demo`: the whole of it with the real server, its parts, and servers that do not behave."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.check import check_text
from engine.cli.demo.client import Client, NoAnswer
from engine.cli.demo.flood import BURST
from engine.cli.demo.play import Played, percentile
from engine.cli.demo.screen import rows
from engine.cli.demo.script import Act, Keystroke, Text, acts, sample
from engine.languages import language_named
from tests.cli.command import COMMAND, PATIENCE, environment, run, write

# ------------------------------------------------------------------------------------------------ the whole of it


def test_the_demo_reports_what_it_must_and_ends_with_0(tmp_path: Path) -> None:
    done = run("demo", cwd=tmp_path)

    output = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b""), output
    assert output.count("\n== ") == 15 + 1
    assert "`(` on line" in output
    assert "parsing version 1: " in output
    assert "awaiting version 1: 0 bytes wait (feeder.await)" in output
    shown = re.search(r"the diagnostics of (\d+) versions were sent", output)
    assert shown is not None and int(shown[1]) < BURST  # those that came behind a backlog were merged
    assert "all as expected\n" in output
    told = output.partition("its commits are on the branch penstock/landed:")[2].split("\n")
    assert [line.split(maxsplit=1)[1] for line in told if line.strip()] == ["Say it twice", "Write a greeting"]
    assert list(tmp_path.iterdir()) == [tmp_path / ".home"]


def test_a_quiet_demo_shows_the_account_only(tmp_path: Path) -> None:
    done = run("-q", "demo", "--fast", cwd=tmp_path)

    lines = done.stdout.decode().strip().splitlines()
    assert done.returncode == 0
    assert lines[0].split() == ["act", "keystrokes", "p50", "ms", "p95", "ms", "slowest", "ms", "result"]
    assert len(lines) == 1 + 15 + 1


# ------------------------------------------------------------------------------------------- servers that misbehave
SERVER = """
import json, sys

def receive():
    length = 0
    while (line := sys.stdin.buffer.readline()).strip():
        if line.lower().startswith(b"content-length"):
            length = int(line.split(b":")[1])
    return json.loads(sys.stdin.buffer.read(length)) if length else sys.exit(1)

def send(message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
    sys.stdout.flush()

def settle(document):
    send({"method": "penstock/settled", "params": {"uri": document["uri"], "version": document["version"]}})

while True:
    message = receive()
    if message["method"] == "exit":
        sys.exit(0)
    if "id" in message:
        send({"id": message["id"], "result": {"capabilities": {}}})
    elif "textDocument" in message["params"]:
        SAY
"""


def demo_with(server: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The demo with another program in the server's place."""
    write(folder, {"lsp_server/__init__.py": "", "lsp_server/__main__.py": server})
    env = {**environment(folder), "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
    return subprocess.run(
        [*COMMAND, "demo", "--timeout", "3"],
        cwd=folder,
        env=env,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def test_a_server_that_finds_nothing_makes_it_1(tmp_path: Path) -> None:
    done = demo_with(SERVER.replace("SAY", 'settle(message["params"]["textDocument"])'), tmp_path)

    assert done.returncode == 1
    assert "NOT AS EXPECTED: parser.syntax.expected_tokens did not arrive" in done.stdout
    assert "of 15 acts not as expected" in done.stdout


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (SERVER.replace("SAY", "pass"), "no answer to version 1 within 3 s"),
        (SERVER.replace("SAY", "sys.exit('out of order')"), "server: out of order"),
        ("import sys; sys.exit('no licence')", "server: no licence"),
        ("print('Hello! I am no language server.')", "the server ended while initialize was awaited"),
    ],
)
def test_a_server_that_does_not_answer_makes_it_3(tmp_path: Path, server: str, words: str) -> None:
    done = demo_with(server, tmp_path)

    assert done.returncode == 3
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal on Windows")
def test_ctrl_c_ends_the_demo_and_its_server(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    server = SERVER.replace("SAY", "pass").replace("sys.exit(0)", f"open({str(ended)!r}, 'w').close(); sys.exit(0)")
    write(tmp_path, {"lsp_server/__init__.py": "", "lsp_server/__main__.py": server})
    env = {**environment(tmp_path), "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    process = subprocess.Popen(
        [*COMMAND, "demo"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("language server ready")

    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, ended.exists()) == (130, True)
    assert "Traceback" not in err


def client(program: str, folder: Path) -> Client:
    return Client([sys.executable, "-c", program], folder, patience=1.0)


def test_a_server_that_will_not_end_is_ended(tmp_path: Path) -> None:
    stubborn = SERVER.replace("sys.exit(0)", "continue").replace("SAY", "pass")

    with client(stubborn, tmp_path) as connection:
        connection.start(tmp_path)

    assert connection._process.returncode not in {0, None}


def test_a_server_that_refuses_is_quoted(tmp_path: Path) -> None:
    refusing = SERVER.replace('"result": {"capabilities": {}}', '"error": {"code": -1, "message": "not today"}')

    with client(refusing.replace("SAY", "pass"), tmp_path) as connection, pytest.raises(NoAnswer, match="not today"):
        connection.start(tmp_path)


def test_questions_of_the_server_are_answered(tmp_path: Path) -> None:
    asking = SERVER.replace("SAY", "pass").replace(
        '        send({"id"',
        '        send({"id": "q", "method": "workspace/configuration", "params": {}})\n'
        '        assert receive() == {"jsonrpc": "2.0", "id": "q", "result": None}\n'
        '        send({"id"',
    )

    with client(asking, tmp_path) as connection:
        assert connection.start(tmp_path) > 0
        assert connection.close() == 0


# --------------------------------------------------------------------------------------------------------- the script
def played(until: int | None = None) -> tuple[Text, Sequence[Act]]:
    text, seen = Text(sample()), []
    for act in acts(text):
        for key in act.keystrokes:
            text.press(key)
        seen.append(act)
        if until is not None and len(seen) == until:
            break
    return text, seen


def test_batch_checking_agrees_with_every_act() -> None:
    reml = language_named("reml")
    assert reml is not None

    for number in range(13):
        text, seen = played(number) if number else (Text(sample()), [Act("open", ())])
        codes = frozenset(said.code for said in check_text(reml, "".join(text.lines)))
        assert seen[-1].missing(codes) is None, seen[-1].title


def test_what_is_deleted_was_typed_before() -> None:
    text, _ = played()

    assert "".join(text.lines).startswith("/**/" + sample())


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("ab\n", Keystroke(0, 1, 0, "x"), ["axb\n", ""]),
        ("ab\n", Keystroke(0, 1, 1, ""), ["a\n", ""]),
        ("ab\ncd", Keystroke(0, 1, 0, "\n"), ["a\n", "b\n", "cd"]),
        ("", Keystroke(0, 0, 0, "\n"), ["\n", ""]),
        ("ab", Keystroke(0, 2, 0, "\n"), ["ab\n", ""]),
    ],
)
def test_keystrokes_change_the_text(text: str, key: Keystroke, lines: list[str]) -> None:
    document = Text(text)

    document.press(key)

    assert document.lines == lines


@pytest.mark.parametrize(
    ("codes", "reported", "missing"),
    [
        ([], [], None),
        (["a"], ["a", "b"], None),
        (["a", "b"], ["b"], "a did not arrive"),
        ([], ["b"], "b should have gone"),
    ],
)
def test_an_act_knows_what_must_be_reported(codes: list[str], reported: list[str], missing: str | None) -> None:
    assert Act("t", (), frozenset(codes)).missing(frozenset(reported)) == missing


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(1, 101)]

    assert [percentile(values, percent) for percent in (0, 50, 95, 100)] == [1, 50, 95, 100]
    assert percentile([7.0], 95) == 7


def test_the_account_sums_up_all_keystrokes_but_not_the_opening() -> None:
    opening = Played("open", (9.0,), None, is_typing=False)
    account = rows([opening, Played("a", (0.001, 0.002), None), Played("b", (0.004,), "gone")])

    assert account[1] == ("a", "2", "1.0", "2.0", "2.0", "as expected")
    assert account[-1] == ("all keystrokes", "3", "2.0", "4.0", "4.0", "1 of 3 acts not as expected")
