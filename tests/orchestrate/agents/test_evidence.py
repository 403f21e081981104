"""What verdicts rest on: ends as plain data, and what a role did to a checkout that it was to read."""

import json
import os
import subprocess

import pytest

from engine.orchestrate.agents.evidence import checkout_state, evidence_of
from engine.orchestrate.git.errors import GitError
from tests.orchestrate.agents.conftest import bad_agent

ENVIRON = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
ENVIRON |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_SYSTEM": os.devnull}


def git(checkout, *args):
    subprocess.run(["git", *args], cwd=checkout, env=ENVIRON, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    for name, text in {"kept.txt": "1", "changed.txt": "2", ".gitignore": "*.log\n"}.items():
        (tmp_path / name).write_text(text)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "begin")
    (tmp_path / "changed.txt").write_text("by hand")
    (tmp_path / "new file.txt").write_text("by hand")
    return tmp_path


def write(name, text):
    return lambda checkout: (checkout / name).write_text(text)


@pytest.mark.parametrize("change, differences", [
    (lambda _: None, []),
    (lambda checkout: git(checkout, "status"), []),
    (write("build.log", "ignored"), []),
    (write("kept.txt", "other"), ["kept.txt"]),
    (write("changed.txt", "again"), ["changed.txt"]),
    (write("new file.txt", "again"), ["new file.txt"]),
    (write("naïve\n.txt", "x"), ["naïve\n.txt"]),
    (lambda checkout: (checkout / "kept.txt").unlink(), ["kept.txt"]),
    (lambda checkout: (checkout / "kept.txt").chmod(0o755), ["kept.txt"]),
    (lambda checkout: git(checkout, "add", "changed.txt"), ["changed.txt"]),
    (lambda checkout: git(checkout, "switch", "-q", "-c", "other"), ["branch"]),
    (lambda checkout: git(checkout, "switch", "-q", "--detach"), ["branch"]),
    (lambda checkout: git(checkout, "commit", "-qam", "sneaky"), ["HEAD", "changed.txt"]),
    (lambda checkout: git(checkout, "stash", "-q"), ["changed.txt"]),
])  # fmt: skip
def test_what_changed_in_a_checkout_is_found(checkout, change, differences):
    before = checkout_state(checkout, ENVIRON)
    change(checkout)

    assert before.differences(checkout_state(checkout, ENVIRON)) == differences


def test_a_folder_that_is_no_checkout_is_an_error(tmp_path):
    with pytest.raises(GitError):
        checkout_state(tmp_path, ENVIRON)


async def test_an_end_becomes_plain_data(run):
    end = await run(bad_agent("in_the_background"))
    evidence = evidence_of(end)

    assert json.loads(json.dumps(evidence)) == evidence
    assert (evidence["exit_code"], evidence["ended_by"], evidence["left"]) == (0, "exit", [])
    assert len(evidence["swept"]) == 1 and evidence["output_bytes"] == end.stdout_size and "done" not in str(evidence)
