"""The changes of one document that wait for the parser, and when they are merged.

While nothing waits, a change is applied as soon as it comes; this is for what comes behind a backlog.  Below the high
watermark changes are taken one by one, so every version is shown.  Past it, or when the oldest has waited too long, all
of them are taken as one, and only the last version is shown, until the backlog is down to the low watermark.
Knows no document.  Invariant: changes are taken in the order in which they came, none is left out.
"""

from __future__ import annotations

from collections import deque

from engine.parse.feeder import MIN_DEMAND, PendingReason
from engine.parse.flow import Auto, BackpressureSpec, Flow, FlowController, FlowMode
from lsp_server.sync import Changed, Unreadable

__all__ = ["FLOW", "EditFeeder"]

FLOW = FlowController(
    FlowMode.PUSH, 4_096, 1_024, policy=Auto(BackpressureSpec(max_lag=100_000_000))  # 64 and 16 keystrokes, 0.1 s
)
"""The flow of a document's changes where no setting says otherwise."""

BLANK = " " * MIN_DEMAND
"""What a change weighs at least: even a single letter has its line read again."""


class EditFeeder:
    """The changes that wait; times are integer nanoseconds on the caller's clock."""

    __slots__ = ("_flow", "_waiting", "held")

    def __init__(self, controller: FlowController = FLOW) -> None:
        automatic = controller if isinstance(controller.policy, Auto) else FLOW  # nobody could grant anything here
        self._flow = Flow(automatic, FlowMode.PUSH)
        self._waiting: deque[Changed | Unreadable] = deque()
        self.held: PendingReason | None = None
        """Why changes are merged at present; None while they are not."""

    def __bool__(self) -> bool:
        """Whether something waits."""
        return bool(self._waiting)

    @property
    def size(self) -> int:
        """How many bytes wait."""
        return self._flow.backlog.size

    def put(self, changed: Changed | Unreadable, now: int) -> None:
        """Has a change wait."""
        self._waiting.append(changed)
        self._flow.received(_weight(changed), now)
        self._judge(now)

    def hold_until(self, now: int) -> int | None:
        """Until when what waits is left alone because more may come; None if it is not."""
        hold = self._flow.before_parsing(now) if self._waiting else None
        return hold.until if hold is not None else None

    def take(self, now: int) -> Changed | Unreadable:
        """What is applied next.  Raises IndexError when nothing waits."""
        self._judge(now)
        return self._taken(merge=self.held is not None)

    def _judge(self, now: int) -> None:
        hold = self._flow.before_asking(now)
        self.held = hold.reason if hold is not None else None

    def take_all(self) -> list[Changed | Unreadable]:
        """Everything that waits, merged where possible: somebody asks for the newest version."""
        taken = []
        while self._waiting:
            taken.append(self._taken(merge=True))
        return taken

    def rest(self) -> None:
        """Says that the document is up to date, if nothing waits."""
        if not self._waiting:
            self.held = None

    def _taken(self, *, merge: bool) -> Changed | Unreadable:
        first = self._next()
        if isinstance(first, Unreadable):
            return first
        edits, version = list(first.edits), first.version
        while merge and self._waiting:
            other = self._waiting[0]
            if isinstance(other, Unreadable) or other.version <= version:  # to be refused, by itself
                break
            self._next()
            edits += other.edits
            version = other.version
        return Changed(first.uri, version, tuple(edits))

    def _next(self) -> Changed | Unreadable:
        changed = self._waiting.popleft()
        while self._flow.backlog.frames > len(self._waiting):
            self._flow.backlog.take(len(_weight(changed)))
        return changed


def _weight(changed: Changed | Unreadable) -> str:
    """What a change counts in the backlog: its text, or a line's worth."""
    texts = [edit.text for edit in changed.edits] if isinstance(changed, Changed) else []
    text = texts[0] if len(texts) == 1 else "".join(texts)
    return text if len(text) >= len(BLANK) else BLANK
