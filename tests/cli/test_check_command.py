"""`penstock check`, from the command line to the exit code."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import diagnostics, invoke, lines, run, write

pytestmark = pytest.mark.usefixtures("here")

GOOD, BAD = '{"a": [1, 2]}\n', '{"a": [1, 2}\n'


def check(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, list[dict[str, Any]]]:
    """Exit code and diagnostics of a check with JSON output in this process."""
    result = invoke("check", "--format", "json", *arguments, stdin=stdin)
    return result.exit_code, diagnostics(result.stdout)


# ----------------------------------------------------------------------------------------------------------- exit codes
def test_nothing_wrong_is_0(here: Path) -> None:
    done = run("check", ".", cwd=write(here, {"a.json": GOOD}))

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"1 file checked: nothing found\n"


def test_an_error_is_1(here: Path) -> None:
    done = run("check", "a.json", cwd=write(here, {"a.json": BAD}))

    assert (done.returncode, done.stderr) == (1, b"")
    assert done.stdout.startswith(b"a.json:1:12: error: ")
    assert done.stdout.endswith(b"1 file checked: 1 error\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--no-such-option"], "--no-such-option"),
        (["--format", "xml"], "xml"),
        (["--fail-on", "hint"], "hint"),
        (["--language", "jsn", "a.json"], "did you mean `json`"),
        (["a.unknown"], "cannot tell the language of a.unknown; give --language"),
        (["-"], "--stdin-filename"),
        (["-", "--stdin-filename", "x.unknown"], "x.unknown"),
        (["--chunk-size", "0", "a.json"], "--chunk-size"),
        (["--stream-flow-max-lag", "soon", "a.json"], "no duration"),
        (["--stream-demand-min-bytes", "9", "--stream-demand-preferred-bytes", "8", "a.json"], "demand_min_bytes"),
        (["--config", "gone.toml", "a.json"], "gone.toml"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_wrong(here: Path, arguments: list[str], words: str) -> None:
    write(here, {"a.json": BAD, "a.unknown": ""})

    done = run("check", "--format", "sarif", *arguments, cwd=here)

    assert done.returncode == 2
    assert words in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_fail_on_warning_fails_on_warnings(here: Path) -> None:
    write(here, {"a.jsonc": '{"a": 1, "a": 2}\n'})

    code, found = check("a.jsonc")
    strict, again = check("a.jsonc", "--fail-on", "warning")

    assert {said["severity"] for said in found} == {"warning"}
    assert again == found
    assert (code, strict) == (0, 1)


# --------------------------------------------------------------------------------------------------------- what is read
def test_without_a_path_the_current_folder_is_checked(here: Path) -> None:
    write(here, {"a.json": BAD, "sub/b.json": BAD, "node_modules/c.json": BAD})

    code, found = check()

    assert code == 1
    assert [said["path"] for said in found] == ["a.json", str(Path("sub", "b.json"))]


def test_paths_are_reported_as_they_were_given(here: Path) -> None:
    write(here, {"x/a.json": BAD, "x/y/b.json": BAD})
    absolute = here / "x" / "y"

    _, found = check("./x/a.json", absolute)
    _, below = check("./x")

    assert [said["path"] for said in found] == ["./x/a.json", str(absolute / "b.json")]
    assert [said["path"].replace(os.sep, "/") for said in below] == ["./x/a.json", "./x/y/b.json"]


def test_standard_input_is_checked_under_its_name() -> None:
    code, found = check("-", "--stdin-filename", "dir/x.json", stdin=BAD.encode())

    assert code == 1
    assert [(said["path"], said["language"]) for said in found] == [("dir/x.json", "json")]


def test_standard_input_without_a_name_is_a_dash() -> None:
    _, found = check("-", "--language", "jsonl", stdin=b"[\n")

    assert {(said["path"], said["language"]) for said in found} == {("-", "jsonl")}


def test_nothing_is_refused_when_the_language_is_given(here: Path) -> None:
    write(here, {"blob.bin": bytes(range(256))})

    code, found = check("blob.bin", "--language", "json")

    assert code == 1
    assert {said["language"] for said in found} == {"json"}
    assert "unicode.invalid_utf8" in {said["code"] for said in found}


def test_in_folders_a_given_language_selects_its_files(here: Path) -> None:
    write(here, {"a.json": BAD, "b.jsonl": "[\n"})

    _, found = check(".", "--language", "jsonl")

    assert {said["path"] for said in found} == {"b.jsonl"}


def test_a_folder_without_a_known_file_says_so(here: Path) -> None:
    done = run("check", cwd=write(here, {"a.txt": ""}))

    assert done.returncode == 0
    assert b"no file of a known language" in done.stderr


def test_editors_settings_files_are_json_with_comments(here: Path) -> None:
    write(here, {".vscode/settings.json": "{\n// why\n}\n", ".idea/x.json": BAD})

    assert check() == (0, [])


# ----------------------------------------------------------------------------------------------------------- unreadable
def test_a_file_that_is_not_there_is_reported_on_it(here: Path) -> None:
    write(here, {"a.json": GOOD})

    code, found = check("gone.json", "a.json", "gone.unknown")

    assert code == 1
    assert [(said["path"], said["language"], said["code"]) for said in found] == [
        ("gone.json", "json", "io.unreadable"),
        ("gone.unknown", None, "io.unreadable"),
    ]
    assert found[0]["range"]["start"] == {"line": 1, "column": 1, "byte": 0}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.name == "nt", reason="rights are not modes on Windows")
@pytest.mark.parametrize("arguments", [["."], ["a.json", "b", "b/c.json", "b/c.unknown"], ["--stream", "."]])
def test_what_one_may_not_read_is_reported_on_it(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(write(open_folder, {"a.json": GOOD, "b/c.json": GOOD, "d.json": BAD}))
    check(*arguments)  # what is imported on first use is imported with all rights
    Path("a.json").chmod(0)
    Path("b").chmod(0)

    with nobody():
        code, all_found = check(*arguments)

    Path("b").chmod(0o700)
    found = [said["path"] for said in all_found if said["code"] == "io.unreadable"]
    assert code == 1
    assert found == (["a.json", "b"] if "." in arguments else arguments)
    assert {said["message"] for said in all_found if said["path"] in found} == {"cannot be read: Permission denied"}


@contextmanager
def nobody() -> Iterator[None]:
    """Root may read everything; where the tests run as root, this is somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("stream", [[], ["--stream"]])
def test_a_file_that_vanishes_while_others_are_checked_is_reported(
    here: Path, monkeypatch: pytest.MonkeyPatch, stream: list[str]
) -> None:
    write(here, {"a.json": GOOD, "b.json": GOOD, "c.json": GOOD})
    opened = Path.open

    def vanishing(self: Path, *arguments: Any, **options: Any) -> Any:
        if self.name == "a.json":
            (here / "b.json").unlink()
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", vanishing)

    code, found = check(*stream)

    assert code == 1
    assert [(said["path"], said["code"]) for said in found] == [("b.json", "io.unreadable")]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="there is no file here that opens but cannot be read")
@pytest.mark.parametrize("stream", [[], ["--stream"]])
def test_a_file_that_opens_but_cannot_be_read_is_reported(here: Path, stream: list[str]) -> None:
    (here / "a.json").symlink_to("/proc/self/mem")

    code, found = check("a.json", *stream)

    assert code == 1
    assert [said["code"] for said in found] == ["io.unreadable"]


# -------------------------------------------------------------------------------------------------------- awkward texts
@pytest.mark.parametrize("stream", [[], ["--stream"], ["--stream", "--chunk-size", "1"]])
@pytest.mark.parametrize(
    ("content", "start"),
    [
        (b"[1,]\n", (1, 4, 3)),
        (b"[\r\n1,\r\n]\r\n", (3, 1, 7)),
        (b"[\r1,\r]\r", (3, 1, 5)),
        (b"\xef\xbb\xbf[1,]", (1, 5, 6)),
        ('["日本語", ]'.encode(), (1, 9, 14)),
        ('["🌊👨\u200d👩\u200d👧", ]'.encode(), (1, 12, 27)),
        (b'["\\u00c5", ]', (1, 12, 11)),
        (b'["a",\x00]', (1, 6, 5)),
    ],
)
def test_places_are_lines_code_points_and_bytes(
    here: Path, content: bytes, start: tuple[int, int, int], stream: list[str]
) -> None:
    write(here, {"a.json": content})

    _, found = check("a.json", *stream)

    places = [tuple(said["range"]["start"][key] for key in ("line", "column", "byte")) for said in found]
    assert start in places


@pytest.mark.parametrize("content", ["", "\n", "{}", "[[", '{"a":1}\n{', "[1 2]\n" * 30])
@pytest.mark.parametrize("suffix", ["json", "jsonl", "jsonc"])
def test_stream_and_batch_print_the_same(here: Path, content: str, suffix: str) -> None:
    write(here, {f"a.{suffix}": content})

    batch = invoke("check", f"a.{suffix}")
    stream = invoke("check", f"a.{suffix}", "--stream", "--stream-chunk-size", "3")

    assert (stream.exit_code, stream.stdout) == (batch.exit_code, batch.stdout)


def test_json_output_is_one_object_a_line_and_a_summary(here: Path) -> None:
    write(here, {"a.json": BAD, "é.json": GOOD})

    done = run("check", "--format", "json", cwd=here)

    *found, summary = lines(done.stdout)
    assert [said["kind"] for said in found] == ["diagnostic"]
    assert found[0]["fixes"][0]["edits"][0]["text"] == "]"
    assert "]" in found[0]["expected"]
    assert {key: summary[key] for key in ("kind", "files", "errors", "warnings", "bytes")} == {
        "kind": "summary", "files": 2, "errors": 1, "warnings": 0, "bytes": 27,
    }  # fmt: skip
    assert 0 <= summary["seconds"] < 60


@pytest.mark.parametrize("stream", [[], ["--stream"]])
def test_sarif_output_is_one_document(here: Path, stream: list[str]) -> None:
    done = run("check", "--format", "sarif", *stream, cwd=write(here, {"a.json": BAD}))

    (said,) = json.loads(done.stdout)["runs"][0]["results"]
    assert said["locations"][0]["physicalLocation"]["region"]["startColumn"] == 12


def test_github_output_is_one_annotation_a_finding(here: Path) -> None:
    done = run("check", "--format", "github", cwd=write(here, {"a.json": BAD}))

    assert done.stdout.startswith(b"::error file=a.json,line=1,col=12,")
    assert done.stdout.count(b"\n") == 1


def test_quiet_says_nothing_but_findings(here: Path) -> None:
    write(here, {"a.json": GOOD})

    done = run("check", "-q", cwd=here)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_verbose_tells_about_every_file(here: Path) -> None:
    write(here, {"a.json": GOOD, "penstock.toml": ""})

    done = run("-v", "check", cwd=here)

    assert b"settings: penstock.toml" in done.stderr
    assert b"a.json: json, 14 bytes, 0 found" in done.stderr


# ------------------------------------------------------------------------------------------------------------- settings
def test_settings_are_used(here: Path) -> None:
    settings = "[check]\nfail_on = 'warning'\nexclude = ['skip']\n"
    write(here, {"penstock.toml": settings, "a.jsonc": '{"a":1,"a":2}', "skip/b.json": BAD})

    code, found = check()

    assert code == 1
    assert {said["path"] for said in found} == {"a.jsonc"}


def test_options_win_over_settings(here: Path) -> None:
    write(here, {"penstock.toml": "[check]\nfail_on = 'warning'\n", "a.jsonc": '{"a":1,"a":2}'})

    assert check("--fail-on", "error")[0] == 0


@pytest.mark.parametrize("before", [True, False])
def test_a_settings_file_can_be_named_before_or_after_the_command(here: Path, before: bool) -> None:
    write(here, {"other.toml": "[check]\nfail_on = 'warning'\n", "penstock.toml": "oops"})
    write(here, {"a.jsonc": '{"a":1,"a":2}'})
    option = ["--config", "other.toml"]

    done = run(*(option if before else []), "check", "a.jsonc", *([] if before else option), cwd=here)

    assert done.returncode == 1


def test_wrong_settings_are_diagnostics_and_2(here: Path) -> None:
    write(here, {"penstock.toml": "[check]\nfail_om = 'error'\n", "a.json": BAD})

    done = run("check", "--format", "json", cwd=here)

    said, summary = lines(done.stdout)
    assert done.returncode == 2
    assert (said["path"], said["language"], said["code"]) == ("penstock.toml", "toml", "config.unknown_key")
    assert said["range"]["start"] == {"line": 2, "column": 1, "byte": 8}
    assert said["fixes"][0]["edits"][0]["text"] == "fail_on"
    assert summary["errors"] == 1
    assert b"settings are wrong" in done.stderr


def test_wrong_settings_are_shown_with_their_line(here: Path) -> None:
    write(here, {"pyproject.toml": "[tool.penstock.stream]\nchunk_size = 'big'\n"})

    done = run("check", cwd=here)

    assert done.returncode == 2
    assert b"pyproject.toml:2:14: error: bad value for `stream.chunk_size`" in done.stdout
    assert b"  2 | chunk_size = 'big'\n    |              ^^^^^\n" in done.stdout


def test_the_users_own_defaults_count(here: Path, tmp_path: Path) -> None:
    write(tmp_path / ".config" / "penstock", {"penstock.toml": "[check]\nfail_on = 'warning'\n"})
    write(here, {"a.jsonc": '{"a":1,"a":2}'})

    assert check()[0] == 1


def test_streaming_is_on_by_setting_too(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, {"penstock.toml": "[stream]\nenabled = true\nchunk_size = 2\n", "a.jsonl": "[1]\n" * 9})
    used: list[Any] = []
    monkeypatch.setattr("engine.check.check_file", used.append)

    code, found = check()

    assert (code, found, used) == (0, [], [])
