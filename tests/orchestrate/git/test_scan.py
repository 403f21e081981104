"""What looks like a secret, and what does not; which files are too large."""

from __future__ import annotations

import pytest

from engine.orchestrate import redact
from engine.orchestrate.git import scan
from engine.orchestrate.git.scan import Limits, scan_diff, too_large

SECRETS = {
    "-----BEGIN OPENSSH PRIVATE KEY-----": "private-key",
    "-----BEGIN PRIVATE KEY-----": "private-key",
    "KEY=sk-ant-" + "api03-aBcDeFgHiJkLmNoPqRsTuVwXyZ012345": "anthropic-key",
    "sk-proj-" + "aBcDeFgHiJkLmNoPqRsTuVwXyZ012345": "openai-key",
    "token: ghp_" + "a1" * 18: "github-token",
    "github_pat_" + "a1B2_" * 12: "github-token",
    "glpat-" + "x1Y2z3" * 4: "gitlab-token",
    "id = 'AKIA" + "ABCDEFGH234567AB'": "aws-access-key",
    "AIza" + "B" * 35: "google-api-key",
    "ya29." + "a0AfH6SMBx" * 4: "google-oauth",
    "xoxb-" + "123456789012-abcdefghijkl": "slack-token",
    "https://hooks.slack.com/services/" + "T00000000/B00000000/abcdefgh": "slack-webhook",
    "sk_live_" + "0123456789abcdefghijklmn": "stripe-key",
    "npm_" + "aB3" * 12: "npm-token",
    "pypi-AgEI" + "cHlwaS5v" * 6: "pypi-token",
    "hf_" + "aBcDeFgHiJ" * 4: "hugging-face-token",
    "dop_v1_" + "0123456789abcdef" * 4: "digitalocean-token",
    "SG." + "a1B2c3D4e5F6g7H8i9J0k1" + "." + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V": "sendgrid-key",
}
HARMLESS = [
    "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "AKIA", "ghp_short", "sk-learn-is-a-library",
    "task-0123456789abcdef0123456789abcdef01234567", "risk-management-and-other-long-words-joined",
    "password = os.environ['PASSWORD']", "3f786850e387550fdab836ed7e6dc881de23001b",
    "postgres://postgres:postgres@localhost:5432/test",
]  # fmt: skip


def diff_of(*lines: str) -> str:
    added = "".join(f"+{line}\n" for line in lines)
    return f"diff --git a/k.txt b/k.txt\n--- a/k.txt\n+++ b/k.txt\n@@ -0,0 +7,{len(lines)} @@\n{added}"


@pytest.mark.parametrize("line, kind", SECRETS.items())
def test_a_secret_is_found_with_its_place_and_not_repeated(line: str, kind: str) -> None:
    (found,) = scan_diff(diff_of("harmless", line))

    assert str(found) == f"k.txt:8: {kind}"


def test_every_shape_that_stops_a_commit_has_a_sample_here() -> None:
    assert set(SECRETS.values()) == redact._SHAPES.keys() - scan._TOLERATED


def test_a_secret_in_a_very_long_line_is_found() -> None:
    (found,) = scan_diff(diff_of("x" * 100_000 + " " + next(iter(SECRETS)) + " " + "y" * 100_000))

    assert (found.line, found.kind) == (7, "private-key")


@pytest.mark.parametrize("line", HARMLESS)
def test_a_harmless_line_is_left_in_peace(line: str) -> None:
    assert list(scan_diff(diff_of(line))) == []


def test_only_added_lines_count() -> None:
    line = next(iter(SECRETS))

    assert list(scan_diff(diff_of("x") + f"-{line}\n {line}\n")) == []


def test_a_line_that_looks_like_a_header_is_content_in_a_hunk() -> None:
    found = list(scan_diff(diff_of("++ b/elsewhere.txt", *list(SECRETS)[:2])))

    assert [(secret.path, secret.line) for secret in found] == [("k.txt", 8), ("k.txt", 9)]


def test_the_largest_files_are_named_first() -> None:
    sizes = [("small", 1), ("large", 30), ("larger", 40)]

    assert too_large(sizes, Limits(file_bytes=29, total_bytes=1000)) == ["larger", "large"]
    assert too_large(sizes, Limits(file_bytes=100, total_bytes=40)) == ["larger"]
    assert too_large(sizes, Limits(file_bytes=100, total_bytes=71)) == []
