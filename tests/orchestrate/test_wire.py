"""Versions that talk to each other: who is newer, and who is told what."""

import pytest

from engine.orchestrate.wire import PROTOCOL, Refused, demand_protocol, is_newer


@pytest.mark.parametrize(
    "version, than, newer",
    [
        ("0.2.0", "0.1.9", True),
        ("0.10.0", "0.9.0", True),
        ("1.0", "1.0.0", False),
        ("1.0.1", "1.0", True),
        ("0.1.0", "0.1.0", False),
        ("0.1.0.dev3", "0.1.0", False),
        ("", "0.1.0", False),
    ],
)
def test_a_later_release_is_newer(version, than, newer):
    assert is_newer(version, than) is newer


@pytest.mark.parametrize(
    "client, mends", [(PROTOCOL - 1, "update this client"), (None, "update this client"), (PROTOCOL + 1, "hand over")]
)
def test_who_speaks_another_protocol_is_told_which_of_the_two_is_older(client, mends):
    with pytest.raises(Refused, match=mends):
        demand_protocol(client)
    demand_protocol(PROTOCOL)
