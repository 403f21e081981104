"""The settings: the model, layers of it, and the files they come from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from engine.config import Settings, decode, json_schema, merged
from engine.config_files import find_config, load, user_config_folder
from engine.toml_places import KeyPath, TomlPlaces

UNKNOWN, BAD = "config.unknown_key", "config.bad_value"


def faults(tables: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(fault.key, fault.code, fault.suggestion) for fault in decode(tables)[1]]


# ------------------------------------------------------------------------------------------------------------ the model
@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({}, []),
        ({"check": {"fail_on": "warning", "targets": ["cli", "wasm"]}}, []),
        ({"check": {"failOn": "warning"}, "stream": {"chunkSize": 4096}}, []),
        ({"chekc": {}}, [("chekc", UNKNOWN, "check")]),
        ({"check": {"fail_om": "error"}}, [("check.fail_om", UNKNOWN, "fail_on")]),
        ({"check": {"zzz": 1}}, [("check.zzz", UNKNOWN, None)]),
        ({"check": {"fail_on": "eror"}}, [("check.fail_on", BAD, "error")]),
        ({"check": {"fail_on": 1}}, [("check.fail_on", BAD, None)]),
        ({"check": {"allow_top_level_expr": 1}}, [("check.allow_top_level_expr", BAD, None)]),
        ({"check": {"targets": ["cli", 3]}}, [("check.targets.1", BAD, None)]),
        ({"check": 3}, [("check", BAD, None)]),
        ({"stream": {"chunk_size": 0}}, [("stream.chunk_size", BAD, None)]),
        ({"stream": {"chunk_size": True}}, [("stream.chunk_size", BAD, None)]),
        ({"stream": {"chunk_size": "64k"}}, [("stream.chunk_size", BAD, None)]),
        ({"stream": {"flow": {"policy": {"kind": "manuel"}}}}, [("stream.flow.policy.kind", BAD, "manual")]),
        ({"stream": {"flow": {"high_watermark": 1, "low_watermark": 2}}}, [("stream.flow", BAD, None)]),
        ({"stream": {"demand_min_bytes": 9, "demand_preferred_bytes": 8}}, [("stream", BAD, None)]),
        ({"lsp": {"max_diagnostics": 0}}, [("lsp.max_diagnostics", BAD, None)]),
        ({"run": {"agent": "acp:codex", "worktree_setup": ["make"], "retryBaseSeconds": 2}}, []),
        ({"run": {"max_paralel_roles": 4}}, [("run.max_paralel_roles", UNKNOWN, "max_parallel_roles")]),
        ({"run": {"max_parallel_roles": 0}}, [("run.max_parallel_roles", BAD, None)]),
        ({"run": {"integrate": "brunch"}}, [("run.integrate", BAD, "branch")]),
        ({"run": {"agent": "A B"}}, [("run.agent", BAD, None)]),
        ({"run": {"stall_timeout_seconds": float("inf")}}, [("run.stall_timeout_seconds", BAD, None)]),
        ({"agents": {"mine": {"command": "x", "args": ["-y"], "envAllow": ["KEY"], "price": {"input": 3}}}}, []),
        ({"agents": {"mine": {"comand": "x"}}}, [("agents.mine.comand", UNKNOWN, "command")]),
        ({"agents": {"mine": {"command": 3}}}, [("agents.mine.command", BAD, None)]),
        ({"agents": {"mine": {"price": {"inptu": 3}}}}, [("agents.mine.price.inptu", UNKNOWN, "input")]),
        ({"agents": {"my agent": {"command": "x"}}}, [("agents.my agent", BAD, None)]),
        ({"agents": {"mine": "x"}}, [("agents.mine", BAD, None)]),
        ({"agents": 3}, [("agents", BAD, None)]),
        ({"policy": {"mode": {"review": "read-onyl"}}}, [("policy.mode.review", BAD, "read-only")]),
        ({"policy": {"mode": {"reveiw": "read-only"}}}, [("policy.mode.reveiw", UNKNOWN, "review")]),
    ],
)
def test_each_fault_is_on_its_key(tables: dict[str, Any], expected: list[tuple[str, str, str | None]]) -> None:
    assert faults(tables) == expected


def test_a_faulty_key_takes_nothing_else_with_it() -> None:
    settings, found = decode({"check": {"fail_on": "eror", "allow_top_level_expr": True}, "stream": {"enabled": True}})

    assert len(found) == 1
    assert settings.check.fail_on == "error"
    assert settings.check.allow_top_level_expr
    assert settings.stream.enabled


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"check": {"fail_on": "eror"}}, ["`check.fail_on`", "'error' or 'warning'", "did you mean `error`"]),
        ({"check": {"fail_om": 1}}, ["unknown key `fail_om` in `check`", "did you mean `fail_on`"]),
        ({"nonsense": 1}, ["unknown key `nonsense`", "known are `check`, `stream`, `lsp`"]),
        ({"stream": {"enabled": "yes"}}, ["`stream.enabled`", "true or false"]),
        ({"stream": 4}, ["`stream`", "must be a table"]),
    ],
)
def test_a_message_says_what_is_wrong_and_what_would_be_right(fault: dict[str, Any], words: list[str]) -> None:
    (found,) = decode(fault)[1]

    assert all(word in found.message for word in words), found.message


def test_a_faulty_agent_takes_no_other_with_it() -> None:
    settings, found = decode({"agents": {"a b": {}, "good": {"command": "x"}, "bad": {"argz": []}}})

    assert len(found) == 2
    assert settings.agents["good"].command == "x"
    assert sorted(settings.agents) == ["bad", "good"]


def test_agents_of_several_layers_are_merged_by_name_and_key() -> None:
    settings, found = decode(
        {"agents": {"mine": {"command": "x", "env_allow": ["A"]}}},
        {"agents": {"mine": {"envAllow": ["B"]}, "other": {}}},
    )

    assert found == ()
    assert (settings.agents["mine"].command, settings.agents["mine"].env_allow) == ("x", ("B",))
    assert "other" in settings.agents


def test_the_limits_of_a_run_are_all_its_numbers() -> None:
    limits = decode({"run": {"max_cycle_count": 7, "base_branch": "dev"}})[0].run.limits()

    assert limits["max_cycle_count"] == 7
    assert set(limits) == {
        "max_parallel_roles", "max_retries_per_role", "max_cycle_count", "max_review_retries", "max_commit_bytes",
        "retry_base_seconds", "analyze_timeout_seconds", "implement_timeout_seconds", "review_timeout_seconds",
        "verify_timeout_seconds", "stall_timeout_seconds",
    }  # fmt: skip


def test_later_layers_win_key_by_key_whatever_their_spelling() -> None:
    files = {"check": {"fail_on": "warning", "allow_top_level_expr": True}, "stream": {"flow": {"mode": "push"}}}
    editor = {"check": {"failOn": "error"}, "stream": {"flow": {"highWatermark": 9}}}

    settings, found = decode(files, editor)

    assert found == ()
    assert (settings.check.fail_on, settings.check.allow_top_level_expr) == ("error", True)
    assert (settings.stream.flow.mode, settings.stream.flow.high_watermark) == ("push", 9)


def test_merging_changes_no_layer() -> None:
    first: dict[str, Any] = {"stream": {"flow": {"mode": "push"}}}

    merged(first, {"stream": {"flow": {"mode": "pull"}}})

    assert first == {"stream": {"flow": {"mode": "push"}}}


def test_check_settings_are_what_the_languages_get() -> None:
    settings, _ = decode({"check": {"allow_top_level_expr": True, "targets": ["wasm"]}})

    assert settings.check.settings().allow_top_level_expr
    assert settings.check.settings().targets == frozenset({"wasm"})


def test_stream_settings_are_the_namespaces_of_a_run() -> None:
    settings, _ = decode(
        {"stream": {"chunk_size": 7, "flow": {"policy": {"kind": "auto", "backpressure": {"max_lag": 5}}}}}
    )

    extensions = settings.stream.extensions()

    assert extensions["stream"] == {"enabled": False, "chunk_size": 7}
    assert extensions["stream.flow"]["policy"]["backpressure"] == {"max_lag": 5}


def tables_of(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [schema, *schema["$defs"].values()]


@pytest.mark.parametrize(("spelling", "key"), [("snake", "fail_on"), ("camel", "failOn")])
def test_the_schema_describes_every_key_in_both_spellings(spelling: Any, key: str) -> None:
    schema = json_schema(spelling)

    assert key in schema["$defs"]["CheckTable"]["properties"]
    for table in tables_of(schema):
        assert table["additionalProperties"] is False
        for name, described in table["properties"].items():
            assert described.get("description"), f"{name} in {table['title']}"


def test_every_default_is_a_valid_layer() -> None:
    assert decode(Settings().model_dump()) == (Settings(), ())


# ------------------------------------------------------------------------------------------------------- places in TOML
TOML = '''\
a.b . c = 1 # comment
"quoted key" = 'x'
dates = 1979-05-27 07:32:00
[table."with.dot"]  # [not a table]
list = [1, [2, "]"],
   # a comment with ]
   {z = 3, y.x = "}"}, ]
text = """
[not.a.table]
key = "no" \\""" """
raw = \'\'\'
'x' = 1\'\'\'
[[array]]
name = "first"
[array.below]
k = true
[[array]]
name = "second"
[ array . below ]
k = false
[[array.nested]]
n = 1
[[array.nested]]
n = 2
'''


def leaves(value: Any, path: KeyPath = ()) -> list[tuple[KeyPath, Any]]:
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in leaves(part, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, part in enumerate(value) for leaf in leaves(part, (*path, index))]
    return [(path, value)]


@pytest.mark.parametrize("text", [TOML, TOML.replace("\n", "\r\n"), "# é\n" + TOML, ""])
def test_every_value_is_found_where_it_stands(text: str) -> None:
    places, starts = TomlPlaces(text), [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = leaves(tomllib.loads(text))

    for path, value in found:
        place = places.find(path)
        assert place is not None, path
        start, end = place.value.start, place.value.end
        source = text[starts[start.line] + start.column : starts[end.line] + end.column]
        assert tomllib.loads(f"v = {source}")["v"] == value, path
    assert len(found) == (16 if text else 0)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (("a",), "a"), (("a", "b", "c"), "c"), (("quoted key",), '"quoted key"'), (("table", "with.dot"), '"with.dot"'),
        (("table", "with.dot", "list", 2, "y", "x"), "x"), (("array", 1, "below"), "below"),
    ],
)  # fmt: skip
def test_every_key_is_found_where_it_stands(path: KeyPath, key: str) -> None:
    place = TomlPlaces(TOML).find(path)

    assert place is not None
    span = place.key
    assert TOML.split("\n")[span.start.line][span.start.column : span.end.column] == key


@pytest.mark.parametrize("cut", range(0, len(TOML), 7))
def test_a_text_that_is_no_toml_is_no_reason_to_raise(cut: int) -> None:
    assert TomlPlaces(TOML[cut:]).find(("no", "such", "key")) is None


# ------------------------------------------------------------------------------------------------------------ the files
def repository(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_nearest_file_upwards_in_the_repository_counts(tmp_path: Path) -> None:
    root = repository(tmp_path / "repo")
    outer = write(root / "penstock.toml", "")
    inner = write(root / "a" / "pyproject.toml", "[tool.penstock]\n")
    write(root / "a" / "b" / "pyproject.toml", "[tool.other]\n")

    assert find_config(root / "a" / "b") == inner
    assert find_config(root / "c" / "..") == outer


def test_nothing_above_the_repository_counts(tmp_path: Path) -> None:
    write(tmp_path / "penstock.toml", "")

    assert find_config(repository(tmp_path / "repo")) is None


def test_without_a_repository_only_the_folder_itself_counts(tmp_path: Path) -> None:
    own = write(tmp_path / "penstock.toml", "")
    (tmp_path / "below").mkdir()

    assert find_config(tmp_path) == own
    assert find_config(tmp_path / "below") is None


def test_penstock_toml_comes_before_pyproject_toml(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.penstock.check]\nfail_on = 'warning'\n")
    own = write(tmp_path / "penstock.toml", "[check]\nfail_on = 'error'\n")

    loaded = load(tmp_path)

    assert loaded.files == (own,)
    assert loaded.settings.check.fail_on == "error"


def test_the_users_defaults_lie_under_the_projects_file(tmp_path: Path) -> None:
    write(tmp_path / "home" / "penstock.toml", "[check]\nfail_on = 'warning'\n[stream]\nenabled = true\n")
    write(tmp_path / "project" / "penstock.toml", "[check]\nfail_on = 'error'\n")

    loaded = load(tmp_path / "project", user_folder=tmp_path / "home")

    assert loaded.problems == ()
    assert len(loaded.files) == 2
    assert (loaded.settings.check.fail_on, loaded.settings.stream.enabled) == ("error", True)
    assert loaded.root == tmp_path / "project"


@pytest.mark.parametrize(
    ("name", "text", "code", "place", "fix"),
    [
        ("penstock.toml", "[check]\nfail_om = 'error'\n", UNKNOWN, (2, 1, 2, 8), "fail_on"),
        ("penstock.toml", "[check]\nfail_on = 'eror' # no\n", BAD, (2, 11, 2, 17), '"error"'),
        ("penstock.toml", "check.fail_on = 3\n", BAD, (1, 17, 1, 18), None),
        ("penstock.toml", "[check]\ntargets = ['cli',\n 3]\n", BAD, (3, 2, 3, 3), None),
        ("penstock.toml", "[chekc]\n", UNKNOWN, (1, 2, 1, 7), "check"),
        ("penstock.toml", "[stream]\nchunkSize = 0\n", BAD, (2, 13, 2, 14), None),
        ("penstock.toml", "[agents.mine]\ncomand = 'x'\n", UNKNOWN, (2, 1, 2, 7), "command"),
        ("penstock.toml", "[agents.'my agent']\ncommand = 'x'\n", BAD, (1, 1, 1, 20), None),
        ("penstock.toml", "é = 1\n", "config.syntax", (1, 1, 1, 1), None),
        ("penstock.toml", "[check]\nfail_on =\n", "config.syntax", (2, 10, 2, 10), None),
        ("penstock.toml", "[check]\nfail_on = '", "config.syntax", (2, 12, 2, 12), None),
        ("pyproject.toml", "[tool.penstock.check]\nfail_om = 'error'\n", UNKNOWN, (2, 1, 2, 8), "fail_on"),
        ("pyproject.toml", "[tool.penstock\n", "config.syntax", (1, 15, 1, 15), None),
        ("pyproject.toml", "[tool]\npenstock = 3\n", BAD, (1, 1, 1, 1), None),
    ],
)  # fmt: skip
def test_a_problem_points_at_its_place(
    tmp_path: Path, name: str, text: str, code: str, place: tuple[int, ...], fix: str | None
) -> None:
    path = write(tmp_path / name, text)

    (problem,) = load(tmp_path).problems

    said = problem.diagnostic
    start, end = said.span.start, said.span.end
    assert (problem.path, said.code) == (path, code)
    assert (start.line + 1, start.column + 1, end.line + 1, end.column + 1) == place
    assert [edit.text for found in said.fixes for edit in found.edits] == ([fix] if fix else [])


def test_settings_that_are_wrong_only_together_are_a_problem_too(tmp_path: Path) -> None:
    write(tmp_path / "home" / "penstock.toml", "[stream.flow]\nlow_watermark = 100\n")
    project = write(tmp_path / "project" / "penstock.toml", "[stream.flow]\nhigh_watermark = 10\n")

    (problem,) = load(tmp_path / "project", user_folder=tmp_path / "home").problems

    assert problem.path == project
    assert "high_watermark" in problem.diagnostic.message


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x = " + b"[" * 200_000 + b"]" * 200_000])
def test_a_file_that_holds_no_settings_at_all_is_a_problem(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "penstock.toml").write_bytes(content)

    (problem,) = load(tmp_path).problems

    assert problem.diagnostic.code == "config.syntax"


def test_a_folder_in_place_of_the_file_is_a_problem(tmp_path: Path) -> None:
    (problem,) = load(tmp_path, explicit=tmp_path).problems

    assert problem.diagnostic.code == "config.unreadable"


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"HOME": "/h"}, "/h/.config/penstock"),
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "/x/penstock"),
        ("linux", {"HOME": "/h", "XDG_CONFIG_HOME": "relative"}, "/h/.config/penstock"),
        ("linux", {}, None),
        ("darwin", {"HOME": "/h"}, "/h/Library/Application Support/penstock"),
        ("win32", {"APPDATA": "C:/u"}, "C:/u/penstock"),
        ("win32", {}, None),
    ],
)
def test_the_users_folder_is_the_platforms(platform: str, environ: dict[str, str], expected: str | None) -> None:
    found = user_config_folder(environ, platform)

    assert (found.as_posix() if found else None) == expected


def test_the_schema_and_the_model_name_the_same_keys() -> None:
    spelled = set(re.findall(r'"([a-z_]+)": \{', str(json_schema()).replace("'", '"')))

    assert set(Settings.model_fields) <= spelled


def test_a_run_is_patient_by_default() -> None:
    run = Settings().run

    assert (run.analyze_timeout_seconds, run.implement_timeout_seconds) == (600, 1200)
    assert (run.review_timeout_seconds, run.verify_timeout_seconds, run.stall_timeout_seconds) == (600, 1200, 300)
    assert (run.agent, run.base_branch, run.integrate, run.worktree_setup) == ("command", None, "branch", ())
    assert Settings().policy.checkout_changes == "ask"


def test_where_records_are_anchored_is_not_for_a_repository_to_say(tmp_path: Path) -> None:
    file = tmp_path / "penstock.toml"
    file.write_text('[records]\nanchorCommand = ["true"]\n', encoding="utf-8")
    (problem,) = load(tmp_path).problems

    assert "belongs into your own settings" in problem.diagnostic.message
    assert problem.diagnostic.span.start.line == 1
    assert load(tmp_path, explicit=file).problems == () and load(tmp_path, explicit=file).project == {}


def test_a_budget_of_an_intent_counts_instead_of_the_settings() -> None:
    settings, _ = decode({"run": {"budget": {"run": {"usd": 1}, "intent": {"usd": 2.5, "turns": 3}}}})

    assert settings.run.budget.of({"usd": 9.0, "tokens": None}) == {
        "run": {"usd": 1.0}, "intent": {"usd": 9.0, "turns": 3}, "day": {},
    }  # fmt: skip
