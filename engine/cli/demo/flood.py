"""The demo's last acts: a file too large to be parsed at once, and typing faster than anybody can.

The server parses such a file in slices and says how far it is; changes that come meanwhile wait, and are merged when
too many do.  What it says is shown as it comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from engine.cli.demo.client import Answer, Client
from engine.cli.demo.play import Played
from engine.cli.demo.screen import Screen
from engine.cli.demo.script import Act, sample

__all__ = ["described_status", "flood"]

#: characters of the large file: some tenths of a second of parsing
SIZE: Final = 300_000
#: changes sent without waiting for an answer
BURST: Final = 400
FUNCTION: Final = """
fn drain#(basin: Basin, by: Int) -> Basin {
  let rest = if basin.volume < by then # else basin.volume - by
  Basin { name: basin.name, volume: rest }
}
"""


def flood(client: Client, uri: str, screen: Screen) -> Iterator[Played]:
    """Opens a large file and changes it in a burst. Raises `NoAnswer`."""
    text = sample() + "".join(FUNCTION.replace("#", str(number)) for number in range(SIZE // len(FUNCTION)))
    told: list[dict[str, Any]] = []

    def tell(status: dict[str, Any]) -> None:
        told.append(status)
        screen.status(described_status(status))

    client.on_status = tell
    opening = Act(f"open a file of {len(text) // 1000} KB", ())
    screen.act(opening)
    answer = client.open(uri, "reml", text)
    rested = told[-1]["state"] == "awaiting" if told else False
    wrong = None if rested else "no status said that everything is parsed"
    yield _ended(screen, opening, answer, "the whole of it", wrong)
    burst = Act(f"{BURST} changes at its top without a pause", ())
    screen.act(burst)
    edits = [((0, 0, 2), "") if number % 2 else ((0, 0, 0), "/*") for number in range(BURST)]
    answer, shown = client.change_all(uri, 2, edits)
    screen.status(f"the diagnostics of {shown} versions were sent, of the last one in any case")
    yield _ended(screen, burst, answer, "the last change")


def described_status(status: dict[str, Any]) -> str:
    """What the server says about its stream, in a line."""
    demand = status["demand"]
    wants = f", {demand['action']}: wants {demand['minBytes']} bytes or more" if demand else ""
    waits = f"{status['bufferedBytes']} bytes wait ({status['reason']})"
    return f"{status['state']} version {status['version']}: {waits}{wants}"


def _ended(screen: Screen, act: Act, answer: Answer, what: str, wrong: str | None = None) -> Played:
    wrong = wrong or act.missing(frozenset(str(diagnostic.get("code")) for diagnostic in answer.diagnostics))
    screen.status(f"{what} was settled after {answer.seconds * 1000:.0f} ms")
    screen.ended(wrong)
    return Played(act.title, (answer.seconds,), wrong, is_typing=False)
