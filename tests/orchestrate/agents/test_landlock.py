"""Confined processes write where they may and nowhere else, whatever they try."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from engine.orchestrate.agents import landlock
from engine.orchestrate.agents.process import run_process

pytestmark = pytest.mark.skipif(not landlock.version(), reason="this system has no Landlock that will do")


async def confined(line, folder, *writable):
    env = {"PATH": os.environ["PATH"]}
    return await run_process(line, cwd=folder, env=env, marker=f"landlock/{os.getpid()}", timeout=20, writable=writable)


@pytest.fixture
def places(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "kept").write_text("as it was")
    (inside / "link").symlink_to(outside)
    return inside, outside


@pytest.mark.parametrize(
    "line",
    [
        "echo x > ../outside/new", "echo x > ../outside/kept", ": > ../outside/kept", "rm ../outside/kept",
        "mkdir ../outside/d", "ln -s /etc ../outside/l", "mv ../outside/kept .", "cp here ../outside/",
        "echo x > link/new",
        "ln ../outside/kept hard && echo x > hard", f"setsid {sys.executable} -c \"open('../outside/new', 'w')\"",
        "chmod -R u+w .. ; echo x > ../outside/kept", "mkfifo ../outside/pipe", "cd ../outside && echo x > new",
    ],
)  # fmt: skip
async def test_nothing_is_written_elsewhere(places, line):
    inside, outside = places
    (inside / "here").write_text("x")
    end = await confined(line, inside, inside)

    assert end.confined and end.exit_code
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"kept": "as it was"}


async def test_where_it_may_it_does_as_it_likes(places):
    inside, outside = places
    end = await confined(
        "mkdir -p a/b && echo x > a/one && mv a/one a/b/ && ln -s a l && rm l && cat ../outside/kept > /dev/null"
        " && echo y > ../outside/kept",
        inside, inside, outside / "kept", Path("/dev/null"), Path("/there/is/no/such/place"),
    )  # fmt: skip

    assert end.confined and end.ok, end.output
    assert (inside / "a" / "b" / "one").read_text() == "x\n" and (outside / "kept").read_text() == "y\n"


async def test_who_is_not_to_be_confined_is_not(places):
    inside, outside = places
    line, env = "echo x > ../outside/kept", {"PATH": os.environ["PATH"]}
    end = await run_process(line, cwd=inside, env=env, marker=f"free/{os.getpid()}", timeout=20)

    assert end.ok and not end.confined and (outside / "kept").read_text() == "x\n"
