"""Languages of other packages, found by their entry points; one that fails costs itself only."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lsp_server.testing import ServerProcess

GOOD = """
from dataclasses import replace
from engine.languages.json import JSON
LANGUAGE = replace(JSON, name="good", suffixes=(".good",), filenames=(), language_ids=("good",))
"""
BROKEN = {
    "broken:LANGUAGE": ("raise RuntimeError('it is Monday')", "RuntimeError: it is Monday"),
    "broken:MISSING": ("", "AttributeError"),
    "broken:NUMBER": ("NUMBER = 5", "it is no Language but int"),
    "absent:LANGUAGE": ("", "ModuleNotFoundError"),
}


def installed(folder: Path, source: str, reference: str) -> dict[str, str]:
    """An environment in which a package with a broken language and a good one is installed."""
    facts = folder / "broken-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    entries = f"[penstock.languages]\na_broken = {reference}\nb_good = good_language:LANGUAGE\n"
    (facts / "entry_points.txt").write_text(entries)
    (folder / "broken.py").write_text(source)
    (folder / "good_language.py").write_text(GOOD)
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize("reference", BROKEN)
def test_an_entry_point_that_fails_is_left_out_and_told_of_once(reference: str, tmp_path: Path) -> None:
    source, reason = BROKEN[reference]
    ask = (
        "import json; from engine.languages import language_faults, languages; languages(); languages()\n"
        "print(json.dumps([[language.name for language in languages()], list(language_faults())]))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", ask], env={**os.environ, **installed(tmp_path, source, reference)},
        capture_output=True, text=True, check=True, cwd=tmp_path)

    names, faults = json.loads(done.stdout)
    assert names == ["reml", "json", "jsonl", "jsonc", "good"]
    assert len(faults) == 1 and "'a_broken'" in faults[0] and reason in faults[0]
    assert done.stderr.count("a_broken") == 1


def test_the_server_goes_on_without_a_broken_language_and_says_so_once(tmp_path: Path) -> None:
    environment = installed(tmp_path, "1 / 0", "broken:LANGUAGE")
    with ServerProcess(env=environment, cwd=tmp_path) as server:
        server.initialize()
        for name in ("a.good", "b.json", "c.unknown"):
            server.open(f"file:///w/{name}", "[1 2]", "")
        found = [server.settled(f"file:///w/{name}") for name in ("a.good", "b.json", "c.unknown")]
        told = [one["params"]["message"] for one in server.ledger.received if one.get("method") == "window/logMessage"]

    assert [len(diagnostics) for diagnostics in found] == [1, 1, 0]
    assert len(told) == 1 and "'a_broken'" in told[0] and "ZeroDivisionError" in told[0]
