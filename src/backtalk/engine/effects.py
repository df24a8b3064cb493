"""What the engine asks for. Effects are values; the runtime stores them with the step and performs them after the commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from backtalk.engine.messages import Message
from backtalk.engine.reply import ReplyNote, Shape
from backtalk.errors import Severity


@dataclass(frozen=True, slots=True)
class Send:
    """Show a message to the customer. `block` is the block that made it, None for what has no block."""

    message: Message
    block: str | None = None
    kind: Literal["send"] = "send"


@dataclass(frozen=True, slots=True)
class CallApi:
    """Call an API of the customer's backend. `key` is unique in the conversation and the same when repeated."""

    key: str
    api: int
    shape: Shape | None
    block: str
    kind: Literal["call_api"] = "call_api"


@dataclass(frozen=True, slots=True)
class SaveAttributes:
    """Store changes of the customer that the new state already holds; None removes. `source` is shown to the author."""

    changes: dict[str, Any]
    source: str
    """`api:7`, `button`, `ask`, `set_attributes`."""
    kind: Literal["save_attributes"] = "save_attributes"


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Tell the engine `TimerFired(timer=key)` at `due_at`."""

    key: str
    due_at: datetime
    typing: bool = True
    kind: Literal["set_timer"] = "set_timer"


@dataclass(frozen=True, slots=True)
class HandOver:
    """Put the conversation into the inbox; the new state's customer has `bot_enabled` false."""

    note: str
    block: str | None = None
    kind: Literal["hand_over"] = "hand_over"


@dataclass(frozen=True, slots=True)
class Note:
    """Something its author should know. With `call`, it belongs to that call's row of the log."""

    code: str
    message: str
    block: str | None = None
    call: str | None = None
    detail: ReplyNote | None = None
    severity: Severity = "warning"
    kind: Literal["note"] = "note"


Effect = Send | CallApi | SaveAttributes | SetTimer | HandOver | Note
