"""Secrets in text: which are found, what stands in their place, and what is left alone.

The tokens are put together here, so that no scanner takes this file for a leak.
"""

import json

import pytest

from engine.orchestrate.redact import LineRedactor, Redactor, Secret, find_secrets

MIXED = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5"
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nq83vEjRWeJA=\n-----END RSA " + "PRIVATE KEY-----"
TOKENS = [
    ("anthropic-key", "sk-" + "ant-api03-" + MIXED),
    ("openai-key", "sk-" + "proj-" + MIXED),
    ("openai-key", "sk-" + MIXED),
    ("github-token", "ghp_" + MIXED),
    ("github-token", "github_" + "pat_" + MIXED + MIXED),
    ("gitlab-token", "glpat-" + MIXED[:20]),
    ("aws-access-key", "AKIA" + "IOSFODNN7EXAMPLE"),
    ("google-api-key", "AIza" + MIXED[:35]),
    ("slack-token", "xoxb-" + "123456789012-" + MIXED),
    ("slack-webhook", "https://hooks.slack.com/" + "services/T00000000/B00000000/" + MIXED[:24]),
    ("stripe-key", "sk_" + "live_" + MIXED),
    ("npm-token", "npm_" + MIXED),
    ("pypi-token", "pypi-" + "AgEIcHlwaS5vcmc" + MIXED),
    ("hugging-face-token", "hf_" + MIXED),
    ("digitalocean-token", "dop_v1_" + "0123456789abcdef" * 4),
    ("sendgrid-key", "SG." + MIXED[:22] + "." + MIXED + MIXED[:7]),
    ("json-web-token", "eyJ" + MIXED + ".eyJ" + MIXED + "." + MIXED),
    ("private-key", KEY),
]


@pytest.mark.parametrize("kind, token", TOKENS)
@pytest.mark.parametrize("before, after", [("", ""), ("key = '", "'\n"), ("a b\nTOKEN=", " # mine"), ("ä(", ")")])
def test_a_token_is_found_with_its_place_and_hidden(kind, token, before, after):
    text = before + token + after

    assert find_secrets(text) == [Secret(kind, len(before), len(before) + len(token))]
    assert Redactor({}).text(text) == f"{before}[redacted {kind}]{after}"


def test_a_password_in_an_address_is_found_without_the_address():
    text = "git clone https://me:" + "hunter22@example.org/x.git"

    assert Redactor({}).text(text) == "git clone https://[redacted password-in-url]@example.org/x.git"


@pytest.mark.parametrize("text", [
    "commit 0123456789abcdef0123456789abcdef01234567",
    "sk-learn and task-based, desk-organisation-for-the-whole-big-family",
    "https://example.org:8080/a@b", "ssh://git@example.org/x.git", "https://${USER}:${TOKEN}@example.org",
    "-----BEGIN CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "AKIA", "ghp_short", "xoxb-",
    "Authorization: Bearer $TOKEN", "the token is eyJhbGciOi",
])  # fmt: skip
def test_what_is_no_secret_is_left_alone(text):
    assert find_secrets(text) == [] and Redactor({}).text(text) == text


def test_a_header_is_hidden_from_logs_but_stops_no_commit():
    text = "Authorization: Bearer abcdefgh12345678"

    assert find_secrets(text) == [] and Redactor({}).text(text) == "Authorization: Bearer [redacted authorization]"


@pytest.mark.parametrize("name, hidden", [
    ("API_KEY", True), ("MY_SECRET", True), ("DB_PASSWORD", True), ("github_token", True),
    ("AWS_SECRET_ACCESS_KEY", True), ("PATH", False),
    ("KEYBOARD", False), ("TOKEN_FILE", False), ("SSH_AUTH_SOCK", False), ("SECRET_PATH", False),
])  # fmt: skip
def test_values_of_variables_are_hidden_by_their_names(name, hidden):
    text = Redactor({name: "open sesame"}).text("say open sesame twice")

    assert text == (f"say [redacted {name}] twice" if hidden else "say open sesame twice")


def test_short_values_are_words_and_longer_ones_win():
    redactor = Redactor({"A_TOKEN": "word", "B_TOKEN": "abcdefgh", "C_TOKEN": "abcdefgh-and-more"})

    assert redactor.text("a word: abcdefgh-and-more abcdefgh") == "a word: [redacted C_TOKEN] [redacted B_TOKEN]"


def test_a_value_is_found_as_json_writes_it():
    value = 'quote " and \\ and ä'

    assert Redactor({"A_SECRET": value}).text(json.dumps([value])) == '["[redacted A_SECRET]"]'


def test_the_strings_of_a_value_are_redacted_and_nothing_else():
    value = {"a": ["open sesame", 1, None, True, 2.5], "open sesame": {"b": "x open sesame"}}
    redacted = {"a": ["[redacted A_TOKEN]", 1, None, True, 2.5], "[redacted A_TOKEN]": {"b": "x [redacted A_TOKEN]"}}

    assert Redactor({"A_TOKEN": "open sesame"}).values(value) == redacted


def test_a_key_is_hidden_line_by_line_and_an_endless_one_ends():
    lines = LineRedactor(Redactor({}))
    shown = [lines.line(line + "\n") for line in ["before", *KEY.split("\n"), "after"]]
    endless = [lines.line(line) for line in [KEY.splitlines()[0], *["body"] * 1000]]

    assert shown == ["before\n", "[redacted private-key]\n", "", "", "", "after\n"]
    assert endless.count("body") == 800 and endless[-1] == "body"


def test_redacting_twice_changes_nothing():
    redactor = Redactor({"A_TOKEN": "open sesame"})
    once = redactor.text(" ".join(token for _, token in TOKENS) + " open sesame")

    assert redactor.text(once) == once
