"""Where a conversation stands: plain data with a version, stored between steps."""

from __future__ import annotations

from dataclasses import dataclass, field

from backtalk.engine.customer import Customer
from backtalk.engine.events import Pressed, Said, SequenceSent, Started, TextSent
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure

STATE_FORMAT = 1
MAX_BACKLOG = 1_000

Waiting = Said | Pressed | SequenceSent | TextSent | Started


@dataclass(frozen=True, slots=True)
class Place:
    """A block in a sequence. Ids, not indexes, so that it survives a new version of the bot."""

    sequence: int
    block: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What one API answered to the block that is waiting."""

    call: str
    result: ApiReply | ApiFailure
    on_failure: OnFailure | None = None


@dataclass(frozen=True, slots=True)
class Calling:
    """The block at `place` waits for calls: `calls` maps each key to its API, `answers` holds those that came."""

    place: Place
    calls: dict[str, int]
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """The ask block at `place` waits for the customer's answer."""

    place: Place
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Pausing:
    """The delay block at `place` waits for its timer."""

    place: Place
    timer: str


@dataclass(frozen=True, slots=True)
class State:
    """All that the engine knows of one conversation.

    `version` is the published version that what is under way runs on; None while nothing is.
    """

    customer: Customer
    format: int = STATE_FORMAT
    version: int | None = None
    greeted: bool = False
    calling: Calling | None = None
    asking: Asking | None = None
    pausing: Pausing | None = None
    backlog: tuple[Waiting, ...] = field(default=())
    counter: int = 0
    """Numbers the keys of calls and timers."""
    blocks: int = 0
    """Blocks run since the customer last did something (the budget)."""

    @property
    def busy(self) -> bool:
        """A run is under way that only a call's answer or a timer can go on with."""
        return self.calling is not None or self.pausing is not None
