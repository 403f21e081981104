"""Agreement with the corpus: what must be accepted is, what must be rejected is, where the manifest says."""

from pathlib import Path

import pytest

from engine.languages.language import CheckSettings
from engine.parse.diagnostics import Severity
from tests.corpus import reml_manifest
from tests.languages.reml.texts import places, said

ENTRIES = reml_manifest()
ACCEPTED = [entry for entry in ENTRIES if entry["class"] == "accept"]
REJECTED = [entry for entry in ENTRIES if entry["class"] == "reject"]
#: Codes that an accepted file has in the ground truth and that need no types.
UNTYPED = ("pattern.binding.duplicate_name", "pattern.range.bound_inverted")


def read(corpus: Path, entry: dict) -> str:
    return (corpus / "reml" / entry["path"]).read_bytes().decode("utf-8", "surrogateescape")


def settings(entry: dict) -> CheckSettings:
    switches = dict(pair.split("=") for pair in entry.get("config", "").split(",") if pair)
    assert set(switches) <= {"allow_top_level_expr"}, switches
    return CheckSettings(allow_top_level_expr=switches.get("allow_top_level_expr") == "true")


def test_the_manifest_has_both_kinds(corpus):
    assert len(ACCEPTED) > 200
    assert len(REJECTED) > 5


@pytest.mark.parametrize("entry", ACCEPTED, ids=lambda entry: entry["path"])
def test_accepted_files_have_no_syntax_error(corpus, entry):
    found = said(read(corpus, entry), settings(entry))
    errors = [d for d in found if d.severity is Severity.ERROR]

    assert [place for place in places(errors) if place[0].startswith(("parser.", "unicode."))] == []
    assert {d.code for d in errors} <= set(entry["codes"]) & set(UNTYPED)


@pytest.mark.parametrize("entry", REJECTED, ids=lambda entry: entry["path"])
def test_rejected_files_have_a_listed_error_on_its_line(corpus, entry):
    found = said(read(corpus, entry), settings(entry))
    listed = {(place["code"], place["line"]) for place in entry["positions"]}

    assert listed & {(code, line) for code, line, _ in places(found)}
    assert {d.code for d in found} <= set(entry["codes"])


@pytest.mark.parametrize(
    "entry", [e for e in ENTRIES if set(e["codes"]) & set(UNTYPED)], ids=lambda entry: entry["path"]
)
def test_findings_that_need_no_types_stand_where_the_ground_truth_has_them(corpus, entry):
    found = places(said(read(corpus, entry), settings(entry)))
    expected = [
        (p["code"], p["line"], p.get("col", p.get("col_bytes"))) for p in entry["positions"] if p["code"] in UNTYPED
    ]

    assert found == expected


@pytest.mark.parametrize("entry", [e for e in ACCEPTED if "config" in e], ids=lambda entry: entry["path"])
def test_switches_matter(corpus, entry):
    found = places(said(read(corpus, entry), CheckSettings()))
    listed = [(place["code"], place["line"], place["col"]) for place in entry["positions"]]

    assert found == listed
