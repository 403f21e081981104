"""What passes between a parser and the source of its text: demands one way, chunks the other.

A feeder is any callable from a `DemandHint` to `Chunk`, `Await`, `Closed` or `FeederError`.  It is synchronous: whoever
has an asynchronous source answers `Await` and resumes the parser when something has arrived.

Knows no parser.  Invariants: a hint asks for at least one byte and prefers no fewer than it needs; what goes wrong on
the way in is a `StreamError`, a value.
"""
from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable, Container
from dataclasses import dataclass

__all__ = [
    "MIN_DEMAND", "Action", "Await", "Chunk", "Closed", "DemandHint", "Feeder", "FeederError", "FeederYield",
    "FrameBoundary", "PendingReason", "SpanBoundary", "StreamError", "StreamErrorKind", "TokenClass", "Unsupported",
    "ask", "demand_hint", "feeder_bug", "of_symbol", "release", "to_symbol",
]

#: bytes: asking for less than this costs more in calls than the bytes are worth
MIN_DEMAND = 64
#: how many times the minimum is preferred where no watermark says how much is good
PREFERRED_FACTOR = 4


class Action(enum.StrEnum):
    """What a feeder should do now; finer grades are what `min_bytes` and the watermarks are for."""

    CONTINUE = "continue"
    PAUSE = "pause"


class PendingReason(enum.StrEnum):
    """Why a parser stands still; ``pending.backpressure…`` is the doing of `engine.parse.flow`."""

    INPUT_EXHAUSTED = "input.exhausted"
    FEEDER_AWAIT = "feeder.await"
    FEEDER_CLOSED = "feeder.closed"
    BACKPRESSURE = "pending.backpressure"
    LAG = "pending.backpressure.lag"
    THROTTLE = "pending.backpressure.throttle"
    DEBOUNCE = "pending.backpressure.debounce"
    DEMAND = "pending.backpressure.demand"


class StreamErrorKind(enum.StrEnum):
    """What kind of thing went wrong on the way in."""

    IO_FAILED = "io_failed"
    """The source could not be read, or nothing came in time."""
    DECODER_FAILED = "decoder_failed"
    """What was read is not in the transport's format; reported by feeders, never by the parser."""
    FEEDER_BUG = "feeder_bug"
    """A feeder or a setting broke its contract."""
    USER_CANCELLED = "user_cancelled"
    """Somebody asked to stop."""


@dataclass(frozen=True, slots=True)
class StreamError:
    """Input that ended other than by its end; `cause` is the origin's own words (an errno, an exception)."""

    kind: StreamErrorKind
    message: str
    cause: str | None = None

    @property
    def code(self) -> str:
        """The diagnostic's code, ``parser.stream.<kind>``."""
        return f"parser.stream.{self.kind.value}"


def feeder_bug(message: str, cause: str | None = None) -> StreamError:
    """The error of a broken contract."""
    return StreamError(StreamErrorKind.FEEDER_BUG, message, cause)


# ----------------------------------------------------------------------------------------------------- frame boundaries
@dataclass(frozen=True, slots=True)
class TokenClass:
    """A frame ends behind a token of this kind."""

    name: str


@dataclass(frozen=True, slots=True)
class SpanBoundary:
    """A frame ends where a node of this rule ends."""

    rule: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A symbol that names no frame boundary."""

    symbol: str

    @property
    def error(self) -> StreamError:
        """What a run answers that was configured with it."""
        return feeder_bug(f"frame boundary {self.symbol!r} is not known; use token:<kind> or span:<rule>")


FrameBoundary = TokenClass | SpanBoundary


def to_symbol(boundary: FrameBoundary) -> str:
    """The boundary as settings and events write it: ``token:NL``, ``span:Block``."""
    return f"token:{boundary.name}" if isinstance(boundary, TokenClass) else f"span:{boundary.rule}"


def of_symbol(symbol: str, kinds: Container[str] | None = None) -> FrameBoundary | Unsupported:
    """The boundary of a symbol; `Unsupported` if it is none, or no kind among `kinds` where these are known."""
    sort, colon, name = symbol.partition(":")
    if colon and name:
        if sort == "token" and (kinds is None or name in kinds):
            return TokenClass(name)
        if sort == "span":
            return SpanBoundary(name)
    return Unsupported(symbol)


# --------------------------------------------------------------------------------------------------------------- demand
@dataclass(frozen=True, slots=True)
class DemandHint:
    """How much text a parser wants next, and whether it wants any now.

    Raises ValueError for a hint that makes no sense: fewer than one byte, or a preference below the minimum.
    """

    min_bytes: int
    preferred_bytes: int | None = None
    frame_boundary: FrameBoundary | None = None
    reason: str | None = None
    action: Action = Action.CONTINUE

    def __post_init__(self) -> None:
        if self.min_bytes <= 0:
            raise ValueError(f"min_bytes must be at least 1, not {self.min_bytes}")
        if self.preferred_bytes is not None:
            if self.preferred_bytes <= 0:
                raise ValueError(f"preferred_bytes must be at least 1, not {self.preferred_bytes}")
            if self.preferred_bytes < self.min_bytes:
                raise ValueError(f"preferred_bytes is {self.preferred_bytes}, below min_bytes {self.min_bytes}")


def demand_hint(*, watermark: int, buffered: int, high_watermark: int | None = None, demand_cap: int | None = None,
                least: int = MIN_DEMAND, preferred: int | None = None, boundary: FrameBoundary | None = None,
                reason: str | None = None, action: Action = Action.CONTINUE) -> DemandHint:
    """The hint for a parser that stands still.

    `watermark` (the commit watermark) and `buffered` count bytes from the start of the retained buffer, so the minimum
    is what is missing up to the watermark, never below `least`.  The preference is `preferred` if that is set, else the
    high watermark, else four times the minimum; `demand_cap` bounds it, but never below the minimum.
    """
    lowest = max(least, watermark - buffered)
    wanted = next((n for n in (preferred, high_watermark) if n is not None), PREFERRED_FACTOR * lowest)
    if demand_cap is not None:
        wanted = min(wanted, demand_cap)
    return DemandHint(lowest, max(lowest, wanted), boundary, reason, action)


# -------------------------------------------------------------------------------------------------------------- feeders
@dataclass(frozen=True, slots=True)
class Chunk:
    """More text: bytes in UTF-8, which may end inside a character, or characters."""

    content: bytes | str


@dataclass(frozen=True, slots=True)
class Await:
    """Nothing yet; more may come later."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The end of the text."""


@dataclass(frozen=True, slots=True)
class FeederError:
    """The source failed; nothing more will come."""

    error: StreamError


FeederYield = Chunk | Await | Closed | FeederError
#: One that holds something open may have a method ``close``, which is called once when it will not be asked again.
Feeder = Callable[[DemandHint], FeederYield]


def ask(feeder: Feeder, demand: DemandHint) -> FeederYield:
    """What the feeder yields; whatever it raises, or yields against its contract, becomes a `FeederError`."""
    try:
        answer: object = feeder(demand)
    except OSError as error:
        cause = type(error).__name__ if error.errno is None else f"errno {error.errno}"
        return _failed(StreamErrorKind.IO_FAILED, f"the input could not be read: {error.strerror or error}", cause)
    except UnicodeError as error:
        cause = type(error).__name__
        return _failed(StreamErrorKind.DECODER_FAILED, f"the input could not be decoded: {error}", cause)
    except Exception as error:  # noqa: BLE001 - the feeder is foreign code, and a stream ends in a value whatever it does
        cause = type(error).__name__
        return _failed(StreamErrorKind.FEEDER_BUG, f"the feeder raised {cause}: {error}", cause)
    return _checked(answer)


def release(feeder: Feeder) -> None:
    """Close a feeder that will not be asked again, if it can be closed."""
    close = getattr(feeder, "close", None)
    if callable(close):
        with contextlib.suppress(Exception):                         # foreign code again, and nothing depends on it now
            close()


def _checked(answer: object) -> FeederYield:
    kind = type(answer).__name__
    if isinstance(answer, Chunk):
        content: object = answer.content
        if isinstance(content, bytes | str):
            return answer
        if isinstance(content, bytearray | memoryview):              # mutable: take what is in it now
            return Chunk(bytes(content))
        return _failed(StreamErrorKind.FEEDER_BUG, f"a chunk holds bytes or text, not {type(content).__name__}")
    if isinstance(answer, Await | Closed | FeederError):
        return answer
    return _failed(StreamErrorKind.FEEDER_BUG, f"a feeder yields Chunk, Await, Closed or FeederError, not {kind}")


def _failed(kind: StreamErrorKind, message: str, cause: str | None = None) -> FeederError:
    return FeederError(StreamError(kind, message, cause))
