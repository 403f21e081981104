"""The output formats, on values made for the purpose: what is in them, and that foreign text cannot break them."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.findings import Finding, Totals
from engine.cli.formats.github import GitHub
from engine.cli.formats.json_lines import JsonLines
from engine.cli.formats.sarif import Sarif
from engine.cli.formats.text import Text, summary_line
from engine.cli.styled import PlainWriter
from engine.parse.diagnostics import Diagnostic, FixIt, Related, Severity, TextEdit
from engine.parse.expected import Expectation, ExpectationSummary
from engine.parse.source import Position, Span
from engine.source_view import WholeView
from tests.cli.command import lines

SOURCE = "let 水 = (1\nlet y = 2\n"
EXPECTED = ExpectationSummary("k", "expected `)` or `,`", None, (Expectation("token", ")"), Expectation("token", ",")))


def span(*places: int) -> Span:
    return Span(Position(places[0], places[1]), Position(places[2], places[3]))


def finding(path: str = "a/b.reml", severity: Severity = Severity.ERROR, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "message": "expected `)` or `,`",
        "span": span(1, 0, 1, 3),
        "expected": EXPECTED,
        "fixes": (FixIt("insert `)`", (TextEdit(span(0, 10, 0, 10), ")"),)),),
        "related": (Related(span(0, 8, 0, 9), "`(` opened here"),),
    }
    diagnostic = Diagnostic("parser.syntax.expected_tokens", severity, **{**values, **changes})
    return Finding(path, "reml", diagnostic, WholeView(SOURCE))


def totals(*severities: Severity) -> Totals:
    return Totals(files=2, bytes=26, seconds=0.00449, by_severity=Counter(severities))


def report(make: Any, *findings: Finding, sums: Totals | None = None) -> str:
    out = io.StringIO()
    made = make(PlainWriter(out) if make is Text else out)
    for each in findings:
        made.add(each)
    made.close(sums or totals(*(each.diagnostic.severity for each in findings)))
    return out.getvalue()


# ----------------------------------------------------------------------------------------------------------- JSON Lines
def test_json_lines_have_exactly_the_documented_shape() -> None:
    first, summary = lines(report(JsonLines, finding()))

    assert first == {
        "kind": "diagnostic",
        "schema_version": 1,
        "path": "a/b.reml",
        "language": "reml",
        "severity": "error",
        "code": "parser.syntax.expected_tokens",
        "message": "expected `)` or `,`",
        "range": {"start": {"line": 2, "column": 1, "byte": 13}, "end": {"line": 2, "column": 4, "byte": 16}},
        "expected": [")", ","],
        "fixes": [
            {
                "title": "insert `)`",
                "edits": [
                    {
                        "range": {
                            "start": {"line": 1, "column": 11, "byte": 12},
                            "end": {"line": 1, "column": 11, "byte": 12},
                        },
                        "text": ")",
                    }
                ],
            }
        ],
    }
    assert list(first)[:2] == ["kind", "schema_version"]
    assert summary == {
        "kind": "summary", "schema_version": 1, "files": 2, "errors": 1, "warnings": 0, "bytes": 26, "seconds": 0.004,
    }  # fmt: skip


def test_json_lines_without_anything_to_add_keep_their_keys() -> None:
    first, _ = lines(report(JsonLines, finding(expected=None, fixes=(), related=())))

    assert (first["expected"], first["fixes"]) == ([], [])


@given(st.text(), st.text())
def test_json_lines_are_ascii_objects_whatever_they_hold(message: str, path: str) -> None:
    first, _ = lines(report(JsonLines, finding(path, message=message)))

    json.dumps(first, ensure_ascii=False).encode()
    assert len(first["message"]) == len(message)


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    first, _ = lines(report(JsonLines, finding("\udcff.json", message="the byte \udcff")))

    assert (first["path"], first["message"]) == ("\ufffd.json", "the byte \ufffd")


# ---------------------------------------------------------------------------------------------------------------- SARIF
def sarif(*findings: Finding) -> dict[str, Any]:
    log = json.loads(report(Sarif, *findings))
    assert isinstance(log, dict)
    return log


def test_sarif_without_findings_is_a_document() -> None:
    log = sarif()

    assert log["version"] == "2.1.0"
    assert log["runs"][0]["results"] == []
    assert log["runs"][0]["tool"]["driver"]["rules"] == []


def test_sarif_holds_what_was_found() -> None:
    (run,) = sarif(finding())["runs"]
    (result,) = run["results"]

    assert run["columnKind"] == "unicodeCodePoints"
    assert run["invocations"] == [{"executionSuccessful": True}]
    assert (result["level"], result["message"]["text"]) == ("error", "expected `)` or `,`")
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a/b.reml"},
        "region": {
            "startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 4, "byteOffset": 13, "byteLength": 3,
        },
    }  # fmt: skip
    assert result["relatedLocations"][0]["message"]["text"] == "`(` opened here"
    assert result["relatedLocations"][0]["physicalLocation"]["region"]["startColumn"] == 9
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["artifactLocation"] == {"uri": "a/b.reml"}
    assert change["replacements"][0]["insertedContent"] == {"text": ")"}
    assert change["replacements"][0]["deletedRegion"]["byteLength"] == 0


def test_every_sarif_result_points_at_its_rule() -> None:
    codes = ["b.x", "a.y", "b.x", "c.z"]
    said = [
        Finding("f", "json", Diagnostic(code, Severity.HINT, "m", span(0, 0, 0, 1)), WholeView("x")) for code in codes
    ]

    (run,) = sarif(*said)["runs"]

    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["b.x", "a.y", "c.z"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == codes
    assert {result["level"] for result in run["results"]} == {"note"}


def test_a_sarif_rule_brings_its_page() -> None:
    said = Finding("f.json", "json", Diagnostic("io.unreadable", Severity.ERROR, "m", span(0, 0, 0, 0)), WholeView(""))

    (rule,) = sarif(said)["runs"][0]["tool"]["driver"]["rules"]

    assert rule["shortDescription"]["text"]
    assert rule["help"]["markdown"].startswith("# ")


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("a b/ü.json", "a%20b/%C3%BC.json"),
        ("./x.json", "x.json"),
        ("../x.json", "../x.json"),
        ("\udcff.json", "%FF.json"),
        ("100%.json", "100%25.json"),
    ],
)
def test_a_relative_path_is_a_relative_uri(path: str, uri: str) -> None:
    (result,) = sarif(finding(path))["runs"][0]["results"]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": uri}


def test_an_absolute_path_is_a_file_uri(tmp_path: Path) -> None:
    (result,) = sarif(finding(str(tmp_path / "x.json")))["runs"][0]["results"]

    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == (tmp_path / "x.json").as_uri()


@given(st.lists(st.text(), max_size=3))
def test_sarif_is_ascii_whatever_it_holds(messages: list[str]) -> None:
    output = report(Sarif, *(finding(message=message) for message in messages))

    assert output.isascii()
    assert len(json.loads(output)["runs"][0]["results"]) == len(messages)


# --------------------------------------------------------------------------------------------------------------- GitHub
def test_github_annotations_name_file_place_and_code() -> None:
    assert report(GitHub, finding()) == (
        "::error file=a/b.reml,line=2,col=1,endColumn=3,title=parser.syntax.expected_tokens"
        "::expected `)` or `,`%0Afix: insert `)`\n"
    )


def test_github_gets_no_columns_of_several_lines() -> None:
    line = report(GitHub, finding(span=span(0, 3, 1, 2)))

    assert ",line=1,endLine=2,title=" in line
    assert "col" not in line.partition("::expected")[0]


@pytest.mark.parametrize(
    ("severity", "command"),
    [
        (Severity.ERROR, "error"),
        (Severity.WARNING, "warning"),
        (Severity.INFORMATION, "notice"),
        (Severity.HINT, "notice"),
    ],
)
def test_github_knows_three_levels(severity: Severity, command: str) -> None:
    assert report(GitHub, finding(severity=severity)).startswith(f"::{command} ")


@given(st.text(min_size=1), st.text())
def test_a_github_annotation_is_one_line_whatever_it_holds(path: str, message: str) -> None:
    output = report(GitHub, finding(path, message=message))

    assert output.count("\n") == 1
    properties = output.split("::")[1].partition(" ")[2].split(",")
    assert [each.partition("=")[0] for each in properties] == ["file", "line", "col", "endColumn", "title"]


def test_github_escapes_what_means_something_to_it() -> None:
    output = report(GitHub, finding("a,b:c%.json", message="100%\nof::it"))

    assert "file=a%2Cb%3Ac%25.json," in output
    assert "::100%25%0Aof::it" in output


# ----------------------------------------------------------------------------------------------------------------- text
def test_the_text_report_shows_the_source_the_related_place_and_the_fix() -> None:
    assert (
        report(Text, finding())
        == """\
a/b.reml:2:1: error: expected `)` or `,` [parser.syntax.expected_tokens]
  1 | let 水 = (1
  2 | let y = 2
    | ^^^
  note: a/b.reml:1:9: `(` opened here
  1 | let 水 = (1
    |          ^
  fix: insert `)`
  1 | let 水 = (1)
    |            +
2 files checked: 1 error
"""
    )


def test_terminal_commands_in_messages_and_names_are_not_passed_on() -> None:
    output = report(Text, finding("\x1b]0;x\x07.json", message="\x1b[2J gone\nnext line", related=()))

    assert "\x1b" not in output
    assert "\x07" not in output
    assert "gone next line" in output


def test_the_summary_can_be_left_out() -> None:
    out = io.StringIO()
    Text(PlainWriter(out), summary=False).close(totals())

    assert out.getvalue() == ""


@pytest.mark.parametrize(
    ("severities", "expected"),
    [
        ([], "2 files checked: nothing found"),
        ([Severity.ERROR], "2 files checked: 1 error"),
        ([Severity.HINT, Severity.ERROR, Severity.ERROR], "2 files checked: 2 errors, 1 hint"),
        ([Severity.INFORMATION] * 2 + [Severity.WARNING] * 2, "2 files checked: 2 warnings, 2 information"),
    ],
)
def test_the_summary_counts_by_severity(severities: list[Severity], expected: str) -> None:
    assert summary_line(totals(*severities)) == expected


@pytest.mark.parametrize(
    ("severity", "fails_on_error", "fails_on_warning"),
    [
        (Severity.ERROR, True, True),
        (Severity.WARNING, False, True),
        (Severity.INFORMATION, False, False),
        (Severity.HINT, False, False),
    ],
)
def test_what_fails_a_check(severity: Severity, fails_on_error: bool, fails_on_warning: bool) -> None:
    assert totals(severity).failed(Severity.ERROR) is fails_on_error
    assert totals(severity).failed(Severity.WARNING) is fails_on_warning
    assert not totals().failed(Severity.WARNING)
