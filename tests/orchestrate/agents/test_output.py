"""What is kept of an output: bounds, divided streams, no half secrets."""

import pytest

from engine.orchestrate.agents.output import OutputLog, Tail
from engine.orchestrate.redact import Redactor

TOKEN = "ghp_" + "a1B2" * 9
REDACTOR = Redactor({})


@pytest.fixture
def log(tmp_path):
    """Writes chunks to a log, closes it, gives what is in it."""

    def write(*chunks, **bounds):
        log = OutputLog(tmp_path / "log", REDACTOR, **bounds)
        for stream, chunk in chunks:
            log.add(stream, chunk)
        log.close()
        return (tmp_path / "log").read_bytes().decode("utf-8")

    return write


@pytest.mark.parametrize("sizes", [[1] * 30, [7, 7, 7], [30], [10], [11], [9, 1, 1]])
def test_a_tail_holds_the_last_bytes_and_counts_all(sizes):
    tail, text = Tail(10), b""
    for number, size in enumerate(sizes):
        tail.add(bytes([number]) * size)
        text += bytes([number]) * size

    assert (tail.bytes(), tail.size, tail.cut) == (text[-10:], len(text), max(0, len(text) - 10))


def test_what_is_within_bounds_is_kept_as_it_came(log):
    assert log(("stdout", b"one\ntw"), ("stdout", b"o\nthree")) == "one\ntwo\nthree"


def test_two_streams_do_not_mix_within_a_line(log):
    assert log(("stdout", b"al"), ("stderr", b"oops\n"), ("stdout", b"pha\n")) == "oops\nalpha\n"


def test_the_middle_of_a_long_output_is_cut_and_counted(log):
    lines = [b"%03d\n" % number for number in range(100)]
    found = log(*(("stdout", line) for line in lines), head=20, tail=22)

    assert found == "000\n001\n002\n003\n004\n\n... 360 bytes of output are not kept ...\n095\n096\n097\n098\n099\n"


def test_an_output_that_just_fits_is_not_cut(log):
    assert log(("stdout", b"head\ntail\n"), head=5, tail=5) == "head\ntail\n"


@pytest.mark.parametrize("at", range(1, len(TOKEN)))
def test_a_secret_that_arrives_in_two_chunks_is_hidden(log, at):
    line = f"key={TOKEN}\n".encode()

    assert log(("stdout", line[: at + 4]), ("stdout", line[at + 4 :])) == "key=[redacted github-token]\n"


def test_a_secret_at_a_cut_is_not_kept_in_part(log):
    words = " ".join([TOKEN] * 4000).encode()
    found = log(("stdout", words), head=100_000, tail=50_010)

    assert "a1B2" not in found and "[redacted github-token]" in found


def test_a_private_key_is_hidden_to_its_last_line(log):
    key = (
        "-----BEGIN OPENSSH PRIVATE KEY-----\n"
        + "b3BlbnNzaC1rZXk\n" * 20
        + "-----END OPENSSH PRIVATE KEY-----\nafter\n"
    )

    assert log(("stdout", key.encode())) == "[redacted private-key]\nafter\n"


def test_the_log_can_be_followed_while_it_is_written(tmp_path):
    log = OutputLog(tmp_path / "log", REDACTOR)
    log.add("stdout", b"first\nsec")

    assert (tmp_path / "log").read_bytes() == b"first\n"
    log.close()
    assert (tmp_path / "log").read_bytes() == b"first\nsec"
