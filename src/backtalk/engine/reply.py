"""What a backend answered, as values: a reply that can be shown, or a failure with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict

from backtalk.engine.messages import Button, Card, Media

Shape = Literal["text", "image", "gallery", "buttons", "quick_replies"]
"""What the block that makes the call can show. A call for its effects has none (None)."""

Outcome = Literal[
    "ok",
    "declined",
    "timeout",
    "unreachable",
    "blocked_address",
    "tls",
    "redirect",
    "bad_status",
    "too_large",
    "encoding",
    "invalid_json",
    "bad_shape",
    "busy",
    "circuit_open",
    "not_allowed",
]


@dataclass(frozen=True, slots=True)
class ReplyNote:
    """A deviation from the contract that was tolerated, or an item that was dropped. Goes to the call log."""

    message: str
    hint: str = ""
    path: str = ""
    """JSON path in the body, such as `$.data[2].value`."""
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class ApiReply:
    """A valid reply with `success: true`. `data` is None when there is nothing to show.

    By shape: text → str; image → Media; gallery → tuple of Card; buttons, quick_replies → tuple of Button.
    Whether a sequence exists in the bot is judged by the engine, which knows the bot.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    data: str | Media | tuple[Card, ...] | tuple[Button, ...] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    notes: tuple[ReplyNote, ...] = ()
    message: str = ""
    """The backend's own words for logs; never shown to a customer."""
    status: int | None = None
    """The backend's own number for logs."""


@dataclass(frozen=True, slots=True)
class ApiFailure:
    """Nothing to show. `where` is a JSON path or `line L, column C`; `message` says what and how to mend it."""

    outcome: Outcome
    message: str
    where: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    """Filled for `declined` only: a valid envelope with `success: false` still saves its attributes."""
    notes: tuple[ReplyNote, ...] = ()
    reply_message: str = ""
    reply_status: int | None = None


@dataclass(frozen=True, slots=True)
class OnFailure:
    """What to do when a call did not work: say something, jump to a sequence, or both."""

    say: str | None = None
    sequence: int | None = None
