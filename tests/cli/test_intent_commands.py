"""Commands about Intents: set up, write, decide, look; in a repository of git's, as a person types them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from engine.config import Settings
from engine.config_files import load
from engine.languages.intent.document import parse
from engine.orchestrate.events import Draft
from engine.orchestrate.store.event_log import EventLog
from engine.orchestrate.store.files import common_folder, find_root
from engine.orchestrate.store.locations import KEYS_VARIABLE, STATE_VARIABLE, locations
from tests.cli.command import invoke, run
from tests.orchestrate.story import RUN, Story

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the Runner's commands are for Linux and macOS")


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, which is the current folder."""
    monkeypatch.setenv(STATE_VARIABLE, str(tmp_path / "state"))
    monkeypatch.setenv(KEYS_VARIABLE, str(tmp_path / "keys"))
    for name in ("GIT_DIR", "GIT_WORK_TREE", "PENSTOCK_STEP"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{name}_NAME", raising=False)
        monkeypatch.delenv(f"GIT_{name}_EMAIL", raising=False)
    git("init", "-q", "-b", "main")
    git("config", "user.name", "Ada")
    git("config", "user.email", "ada@example.org")
    git("commit", "-q", "--allow-empty", "-m", "first")
    return here


def intent(repository: Path, name: str = "one") -> Path:
    return repository / ".penstock" / "intents" / f"{name}.yaml"


def put(repository: Path, text: str, name: str = "one") -> Path:
    intent(repository).parent.mkdir(parents=True, exist_ok=True)
    intent(repository, name).write_text(text, encoding="utf-8")
    return intent(repository, name)


def said(result: Result) -> str:
    """What a command says about why it ended, besides its output."""
    return f"{result.stderr}{result.exception or ''}"


def standings() -> list[str]:
    """What `status` says of Intents, behind which it always says what agents may do."""
    *lines, policy = invoke("status").stdout.splitlines()
    modes = "analyze read-only, implement workspace-write, review read-only"
    assert policy.startswith(f"policy: {modes}; writes elsewhere are ")
    return lines


def log_of(repository: Path) -> Path:
    return locations(common_folder(repository)).database


def happened(repository: Path, story: Story) -> None:
    """Puts a story into the repository's log."""
    places = locations(common_folder(repository))
    places.create()
    with EventLog.open(places.database, write=True) as log:
        for event in story.log:
            log.append(
                Draft(
                    type=event.type,
                    payload=event.payload,
                    run_id=event.run_id,
                    intent_id=event.intent_id,
                    task_id=event.task_id,
                    role=event.role,
                )
            )


def events(repository: Path) -> Iterator[tuple[str, str | None, dict[str, object]]]:
    with EventLog.open(log_of(repository), write=False) as log:
        yield from ((event.type, event.intent_id, dict(event.payload)) for event in log.read())


# -------------------------------------------------------------------------------------------------------------- set up
def test_init_sets_a_repository_up_and_says_so(repository: Path) -> None:
    result = invoke("init")

    assert result.exit_code == 0
    made = [line.removeprefix("made ") for line in result.stdout.splitlines() if line.startswith("made ")]
    assert made == [".penstock/intents/", ".penstock/drafts/", "penstock.toml", ".penstock/intents/example.yaml"]
    assert "penstock approve example" in result.stdout
    assert invoke("status").exit_code == 0
    example = parse("example", intent(repository, "example").read_text(encoding="utf-8"))
    assert example.problems == ()
    assert example.intent is not None
    assert example.intent.status == "proposed"


def test_init_overwrites_nothing(repository: Path) -> None:
    settings = repository / "penstock.toml"
    settings.write_text("[run]\nmax_cycle_count = 9\n", encoding="utf-8")
    mine = put(repository, "title: Mine\n")

    first, second = invoke("init"), invoke("init")

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "everything is there already" in second.stdout
    assert settings.read_text(encoding="utf-8") == "[run]\nmax_cycle_count = 9\n"
    assert [path.name for path in mine.parent.iterdir()] == ["one.yaml"]


def test_every_setting_that_init_shows_is_one(repository: Path) -> None:
    invoke("init")
    settings = repository / "penstock.toml"
    shown = [line.removeprefix("# ") for line in settings.read_text(encoding="utf-8").splitlines()[1:]]
    settings.write_text("\n".join(shown), encoding="utf-8")

    loaded = load(repository)

    assert loaded.problems == ()
    assert loaded.settings.run == Settings().run.model_copy(update={"base_branch": "main"})
    assert loaded.settings.policy == Settings().policy
    assert list(loaded.settings.agents) == ["mine"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["init"],
        ["new", "a"],
        ["status"],
        ["inbox"],
        ["history"],
        ["approve", "a"],
        ["reject", "a"],
        ["answer", "a", "b"],
    ],
)
def test_outside_of_a_repository_a_command_says_so(here: Path, arguments: list[str]) -> None:
    result = invoke(*arguments)

    assert result.exit_code == 2
    assert "repository" in said(result)


# ----------------------------------------------------------------------------------------------------------------- new
def test_a_new_intent_says_what_it_was_given(repository: Path) -> None:
    result = invoke(
        "new", 'Fix: the "login"', "--body", "Why: #1\n- x", "--type", "fix", "--risk", "low",
        "--run", "echo 'a: b'", "--run", "true", "--verify", "pytest -q",
    )  # fmt: skip

    assert result.exit_code == 0
    assert result.stdout == "wrote .penstock/intents/fix-the-login.yaml\napprove it: penstock approve fix-the-login\n"
    written = parse("x", intent(repository, "fix-the-login").read_text(encoding="utf-8")).intent
    assert written is not None
    assert (written.title, written.body) == ('Fix: the "login"', "Why: #1\n- x")
    assert (written.type, written.risk, written.status) == ("fix", "low", "proposed")
    assert (written.run, written.verify) == (("echo 'a: b'", "true"), ("pytest -q",))
    assert written.created_at is not None


def test_two_new_intents_of_one_title_are_two(repository: Path) -> None:
    for _ in range(2):
        assert invoke("new", "ログを直す").exit_code == 0

    assert len(list(intent(repository).parent.iterdir())) == 2


def test_a_body_comes_from_standard_input_too(repository: Path) -> None:
    assert invoke("new", "one", "--body", "-", stdin="é\nb\n".encode()).exit_code == 0
    written = parse("x", intent(repository).read_text(encoding="utf-8")).intent
    assert written is not None
    assert written.body == "é\nb\n"


def test_a_draft_is_markdown(repository: Path) -> None:
    result = invoke("new", "An idea", "--body", "More.", "--draft", "--type", "fix")

    draft = repository / ".penstock" / "drafts" / "an-idea.md"
    assert result.exit_code == 0
    assert draft.read_text(encoding="utf-8") == "---\ntype: fix\n---\n# An idea\n\nMore.\n"
    assert "1 draft in .penstock/drafts" in invoke("status").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new", "  "], "bad value for `title`: it must not be empty"),
        (["new", "a", "--type", "Big Thing"], "bad value for `type`"),
        (["new", "a", "--run", "x\ny"], "bad value for `run[0]`: a command is one line"),
        (["new", "a", "--verify", " "], "bad value for `verify[0]`: it must not be empty"),
        (["new", "a", "--risk", "huge"], "'huge' is not one of"),
    ],
)
def test_a_value_that_an_intent_cannot_have_is_refused(repository: Path, arguments: list[str], words: str) -> None:
    result = invoke(*arguments)

    assert result.exit_code == 2
    assert words in said(result)
    assert not intent(repository).parent.is_dir() or list(intent(repository).parent.iterdir()) == []


# ------------------------------------------------------------------------------------------------------------- deciding
def test_an_approval_is_in_the_log_and_in_the_file(repository: Path) -> None:
    path = put(repository, "title: One # why\n")

    result = invoke("approve", "one")

    assert (result.exit_code, result.stdout) == (0, "approved one\nrun it: penstock run one\n")
    assert path.read_text(encoding="utf-8") == "title: One # why\nstatus: approved\n"
    digest = parse("one", path.read_text(encoding="utf-8")).approval_hash
    payload = {"action": "approve", "hash": digest, "by": "Ada <ada@example.org>", "mode": "cli", "again": False}
    assert list(events(repository)) == [("approval", "one", payload)]
    assert standings() == ["approved  one  One  by Ada"]


def test_changing_what_was_approved_voids_it(repository: Path) -> None:
    path = put(repository, "title: One\n")
    invoke("approve", "one")

    path.write_text("title: One\nrun: [rm -r .]\nstatus: approved\n", encoding="utf-8")

    assert standings() == ["proposed  one  One  changed since it was approved"]
    assert "penstock approve one" in invoke("inbox").stdout


def test_several_are_approved_and_one_that_cannot_be_stops_no_other(repository: Path) -> None:
    put(repository, "title: One\n")
    put(repository, "title: 'two\n", "two")
    put(repository, "title: Three\n", "three")

    result = invoke("approve", "one", "two", "three")

    assert result.exit_code == 1
    assert result.stdout == "approved one\napproved three\n"
    assert "`two` has mistakes" in result.stderr
    assert [name for kind, name, _ in events(repository) if kind == "approval"] == ["one", "three"]


def test_an_unknown_intent_approves_nothing(repository: Path) -> None:
    put(repository, "title: One\n")

    result = run("approve", "one", "onne", cwd=repository)

    assert result.returncode == 2
    assert result.stderr.decode().splitlines() == ["Error: there is no Intent `onne`; did you mean `one`?"]
    assert not log_of(repository).exists()


def test_a_rejected_intent_is_cancelled_until_it_is_approved_again(repository: Path) -> None:
    path = put(repository, "title: One\n")

    assert invoke("reject", "one").exit_code == 0
    assert path.read_text(encoding="utf-8") == "title: One\nstatus: cancelled\n"
    assert invoke("inbox").stdout == "nothing waits for you\n"
    refused = invoke("approve", "one")
    assert refused.exit_code == 1
    assert "penstock approve one --again" in refused.stderr
    assert invoke("approve", "one", "--again").exit_code == 0
    assert "status: approved" in path.read_text(encoding="utf-8")


def waiting(repository: Path, **output: Any) -> None:
    story = Story()
    story.start()
    story.begin("analyze")
    story.end("analyze", "question", **output)
    happened(repository, story)


def test_an_answer_goes_to_the_run_and_into_the_file(repository: Path) -> None:
    path = put(repository, "title: One\nclarifications:\n- question: Which? # the run asks\n")
    waiting(repository, clarifications=["Which?"])
    shown = invoke("inbox").stdout

    result = invoke("answer", "one", "this: one")

    assert shown == 'question  one  Which?\n    penstock answer one "…"\n'
    assert (result.exit_code, result.stdout) == (0, "answered: Which?\n")
    answered = {"index": 0, "answer": "this: one", "by": "Ada <ada@example.org>", "mode": "cli"}
    assert ("answer", "one", answered) in list(events(repository))
    assert '- question: Which? # the run asks\n  answer: "this: one"\n' in path.read_text(encoding="utf-8")
    assert invoke("inbox").stdout == "nothing waits for you\n"
    assert invoke("answer", "one", "again").exit_code == 1


def test_of_several_questions_one_is_named(repository: Path) -> None:
    put(repository, "title: One\n")
    waiting(repository, clarifications=["Which?", "When?"])

    unclear = invoke("answer", "one", "x")
    assert unclear.exit_code == 1
    assert "1. Which?\n  2. When?" in said(unclear)
    assert invoke("answer", "one", "now", "--question", "2").stdout == "answered: When?\n"


def test_a_question_of_the_file_alone_is_answered_there(repository: Path) -> None:
    path = put(repository, "title: One\nclarifications: [{question: Which?, answer: null}]\n")

    assert invoke("answer", "one", "this").exit_code == 0
    assert path.read_text(encoding="utf-8") == 'title: One\nclarifications: [{question: Which?, answer: "this"}]\n'
    assert not log_of(repository).exists()


@pytest.mark.parametrize("command", [["approve", "one"], ["reject", "one"], ["answer", "one", "yes"]])
def test_an_agent_decides_nothing_and_that_it_tried_is_kept(
    repository: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    path = put(repository, "title: One\nclarifications: [{question: Which?}]\n")
    before = path.read_bytes()
    monkeypatch.setenv("PENSTOCK_STEP", "run/a/implement/1")

    result = invoke(*command)

    assert result.exit_code == 2
    assert "that is for people" in said(result)
    assert path.read_bytes() == before
    ((kind, about, payload),) = events(repository)
    assert (kind, about) == ("error", "one")
    assert (payload["class"], payload["step"]) == ("policy", "run/a/implement/1")
    monkeypatch.delenv("PENSTOCK_STEP")
    assert f"tried to {command[0]}" in invoke("history").stdout


def test_a_damaged_log_is_said_so_and_nothing_is_decided(repository: Path) -> None:
    path = put(repository, "title: One\n")
    log_of(repository).parent.mkdir(parents=True)
    log_of(repository).write_bytes(b"no database" * 100)

    for arguments in (["status"], ["inbox"], ["history"], ["approve", "one"]):
        result = invoke(*arguments)
        assert result.exit_code == 2
        assert "is damaged" in said(result)
    assert path.read_text(encoding="utf-8") == "title: One\n"


# -------------------------------------------------------------------------------------------------------------- looking
def test_status_shows_the_files_that_are_broken(repository: Path) -> None:
    put(repository, "title: One\nverfy: [a]\n")
    put(repository, "title: Two\n", "two")

    result = invoke("status")

    assert result.exit_code == 1
    assert [line.split()[:2] for line in result.stdout.splitlines()[:2]] == [["proposed", "two"], ["broken", "one"]]
    assert ".penstock/intents/one.yaml:2:1: error: unknown key `verfy`; did you mean `verify`?" in result.stderr


def test_status_shows_the_drafts_that_are_broken(repository: Path) -> None:
    invoke("init")
    (repository / ".penstock" / "drafts" / "idea.md").write_text("---\nrisc: low\n---\nAn idea\n", encoding="utf-8")

    result = invoke("status")

    assert result.exit_code == 1
    assert ".penstock/drafts/idea.md:2:1: error: unknown key `risc`; did you mean `risk`?" in result.stderr
    assert "draft" not in result.stdout


def test_the_reading_commands_start_no_process(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(repository, "title: One\n")
    story = Story()
    story.start()
    happened(repository, story)
    monkeypatch.setenv("PATH", str(repository / "nowhere"))

    for command in ("status", "inbox", "history"):
        assert invoke(command).exit_code == 0
    places = locations(common_folder(repository))
    with EventLog.open(places.database, write=True, lock=places.lock):
        assert standings() == [f"running  one  One  {RUN} analyze"]


def test_a_run_whose_process_died_is_interrupted(repository: Path) -> None:
    put(repository, "title: One\n")
    story = Story()
    story.start()
    happened(repository, story)

    assert standings() == [f"interrupted  one  One  {RUN} analyze; penstock run goes on with it"]


def test_a_work_tree_and_a_sub_folder_have_the_log_of_the_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("worktree", "add", "-q", str(tmp_path / "tree"))
    (repository / "below").mkdir()

    shared = Path(git("rev-parse", "--path-format=absolute", "--git-common-dir")).resolve()

    for folder in (repository / "below", tmp_path / "tree"):
        monkeypatch.chdir(folder)
        root = find_root(folder)
        assert root is not None
        assert common_folder(root) == shared


def test_history_tells_what_happened_to_one_or_to_all(repository: Path) -> None:
    put(repository, "title: One\n")
    story = Story()
    story.start()
    story.plan("a")
    story.do("a/implement", "a/rebase", "a/review", "integrate")
    story.approve("two")
    happened(repository, story)

    told = [line.split("  ", 2)[1:] for line in invoke("history", "one").stdout.splitlines()]

    assert [part.strip() for part in told[0]] == ["one", "approved by Ada"]
    assert [part.strip() for part in told[1]] == [RUN, "started: title of one"]
    assert told[-1][1].strip().startswith("succeeded: 1 of 1 Tasks landed on penstock/landed")
    assert "two" in invoke("history").stdout
    assert invoke("history", "nobody").exit_code == 2


def test_a_long_foreign_title_does_not_break_the_terminal(repository: Path) -> None:
    put(repository, 'title: "a\\e[31m\\nb"\n')

    shown = "".join(f"{line}\n" for line in standings())

    assert "\x1b" not in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("command", ["init", "new", "status", "inbox", "approve", "reject", "answer", "history"])
def test_every_command_explains_itself(command: str) -> None:
    result = invoke(command, "--help")

    assert result.exit_code == 0
    assert "Exit codes: 0" in result.stdout
