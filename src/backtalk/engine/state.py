"""Where a conversation stands: plain data with a version, stored between steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from backtalk.engine.customer import Customer
from backtalk.engine.events import Pressed, Said, SequenceSent, Started, TextSent
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure

STATE_FORMAT: Literal[1] = 1
MAX_BACKLOG = 1_000
MAX_BACKLOG_CHARS = 200_000
"""Of all its texts together: the backlog is part of the state, which every event writes anew."""

Waiting = Annotated[Said | Pressed | SequenceSent | TextSent | Started, Field(discriminator="kind")]


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


@dataclass(frozen=True, slots=True)
class Pausing:
    """The delay block at `place` waits for its timer."""

    place: Place
    timer: str


@dataclass(frozen=True, slots=True)
class State:
    """All that the engine knows of one conversation.

    `version` is the published version that the call or the delay under way runs on; None while there is none.
    """

    customer: Customer
    format: Literal[1] = STATE_FORMAT
    version: int | None = None
    greeted: bool = False
    """The customer has opened the chat, written or pressed something before."""
    calling: Calling | None = None
    asking: Asking | None = None
    pausing: Pausing | None = None
    backlog: tuple[Waiting, ...] = field(default=())
    resuming: str | None = None
    """The timer, due at once, that takes the next event of the backlog."""
    counter: int = 0
    """Numbers the keys of calls and timers."""
    left: dict[str, int] = field(default_factory=dict)
    """Calls of runs that a person ended, with their APIs: what they answer is saved and not shown."""
    blocks: int = 0
    """Blocks run since the customer last did something (the budget)."""

    @property
    def busy(self) -> bool:
        """Something is under way that only a call's answer or a timer can go on with; what the customer does waits."""
        return self.calling is not None or self.pausing is not None or self.resuming is not None
