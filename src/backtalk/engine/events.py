"""What happened, as the engine is told. Every event carries `at` (aware UTC): the engine has no clock.

Texts have gone through `messages.storable` and are no longer than their way in allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from backtalk.engine.messages import Button
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure


@dataclass(frozen=True, slots=True)
class Started:
    """A customer opened the chat."""

    at: datetime
    kind: Literal["started"] = "started"


@dataclass(frozen=True, slots=True)
class Said:
    """A customer wrote something."""

    at: datetime
    text: str
    kind: Literal["said"] = "said"


@dataclass(frozen=True, slots=True)
class Pressed:
    """A customer pressed a button of a message that we sent; None when the press names nothing that exists."""

    at: datetime
    button: Button | None
    kind: Literal["pressed"] = "pressed"


@dataclass(frozen=True, slots=True)
class ApiAnswered:
    """A call came back. `call` is the key of its CallApi; `on_failure` is the API's own default."""

    at: datetime
    call: str
    result: ApiReply | ApiFailure
    on_failure: OnFailure | None = None
    kind: Literal["api_answered"] = "api_answered"


@dataclass(frozen=True, slots=True)
class TimerFired:
    at: datetime
    timer: str
    kind: Literal["timer_fired"] = "timer_fired"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A person answers from now on; what the bot had under way is dropped, a sequence that was still to begin included."""

    at: datetime
    kind: Literal["taken_over"] = "taken_over"


@dataclass(frozen=True, slots=True)
class HandedBack:
    at: datetime
    kind: Literal["handed_back"] = "handed_back"


@dataclass(frozen=True, slots=True)
class TextSent:
    """The company sends a text by `send-text`."""

    at: datetime
    text: str
    kind: Literal["text_sent"] = "text_sent"


@dataclass(frozen=True, slots=True)
class SequenceSent:
    """The company starts a sequence for a customer by `send-sequence`."""

    at: datetime
    sequence: int
    kind: Literal["sequence_sent"] = "sequence_sent"


Event = Started | Said | Pressed | ApiAnswered | TimerFired | TakenOver | HandedBack | TextSent | SequenceSent
