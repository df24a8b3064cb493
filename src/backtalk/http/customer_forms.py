"""What a customer looks like over HTTP: what may be sent, and what is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
from pydantic import Field, StringConstraints

from backtalk.engine.customer import (
    MAX_ATTRIBUTE_BYTES,
    MAX_ATTRIBUTE_NAME_CHARS,
    MAX_ATTRIBUTES_PER_REPLY,
    MAX_TIMEZONE_H,
    TEXT_FIELDS,
)
from backtalk.errors import Invalid, Problem, Where
from backtalk.http.forms import Form, RowId, Shown

MAX_TEXT_CHARS = 10_000

_EXAMPLE: Any = {
    "id": 12,
    "channel_id": 1,
    "external_id": "user:4711",
    "bot_enabled": True,
    "first_name": "Ann",
    "timezone": 1.0,
    "last_message_text": "Where is my order?",
    "last_message_at": "2026-01-02T03:09:00Z",
    "created_at": "2026-01-02T03:04:05Z",
    "attributes": {"vip": True},
}

Field500 = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class ProfileForm(Form):
    """What is known of a person; "" empties a field, what is left out stays."""

    avatar: Field500 = ""
    first_name: Field500 = ""
    last_name: Field500 = ""
    full_name: Field500 = ""
    gender: Field500 = ""
    locale: Field500 = ""
    language: Field500 = ""
    phone: Field500 = ""
    email: Field500 = ""
    timezone: Annotated[float, Field(ge=-MAX_TIMEZONE_H, le=MAX_TIMEZONE_H)] | None = None
    """Hours east of UTC."""
    attributes: Annotated[dict[str, Any], Field(max_length=MAX_ATTRIBUTES_PER_REPLY)] = {}
    """Any JSON values by name, merged into what is known; null removes."""

    def changes(self) -> dict[str, Any]:
        """What was sent, profile and attributes alike. Raises Invalid for names and values beyond the limits."""
        sent = self.model_dump(exclude_unset=True)
        given: dict[str, Any] = sent.pop("attributes", {})
        profile = {name: sent[name] for name in (*TEXT_FIELDS, "timezone") if name in sent}
        problems = tuple(_limits(given))
        if problems:
            raise Invalid(problems[0].message, hint=problems[0].hint, problems=problems)
        return {**profile, **given}


class CustomerChange(ProfileForm):
    """What is to change of a customer."""

    model_config = {
        "json_schema_extra": {"examples": [{"first_name": "Ann", "attributes": {"vip": True, "old": None}}]}
    }

    bot_enabled: bool | None = None
    """false: a person answers; what the bot has under way is dropped. true: the bot answers again."""


class CustomerShown(Shown):
    """A customer. Text fields are "" when unknown."""

    model_config = {"json_schema_extra": {"examples": [_EXAMPLE]}}

    id: int
    """`uid` in what backends receive."""
    channel_id: int
    external_id: str
    """Who this is on the channel."""
    bot_enabled: bool
    avatar: str
    first_name: str
    last_name: str
    full_name: str
    gender: str
    locale: str
    language: str
    phone: str
    email: str
    timezone: float | None
    last_message_text: str
    last_message_at: datetime | None
    created_at: datetime
    attributes: dict[str, Any]


class SourceShown(Shown):
    """Where a value came from: `api:7`, `button`, `ask`, `set_attributes`, `management`."""

    source: str
    at: datetime


class CustomerDetails(CustomerShown):
    """A customer with the source of each value that was learned."""

    model_config = {
        "json_schema_extra": {
            "examples": [{**_EXAMPLE, "sources": {"vip": {"source": "api:7", "at": "2026-01-02T03:09:00Z"}}}]
        }
    }

    sources: dict[str, SourceShown]


class TextToSend(Form):
    """A text from the company."""

    model_config = {"json_schema_extra": {"examples": [{"text": "Your order has arrived."}]}}

    text: Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS, pattern=r"\S")]


class SequenceToSend(Form):
    """A sequence of the bot that answers this customer."""

    model_config = {"json_schema_extra": {"examples": [{"sequence_id": 3}]}}

    sequence_id: RowId


class Sent(Shown):
    """Where it was put."""

    conversation_id: int


def _limits(given: dict[str, Any]) -> list[Problem]:
    problems = []
    for name, value in given.items():
        where = Where(field=f"attributes.{name}", path=f"$.attributes.{name}")
        if not 0 < len(name) <= MAX_ATTRIBUTE_NAME_CHARS or name != name.strip():
            hint = f"Use 1 to {MAX_ATTRIBUTE_NAME_CHARS} characters without blanks around them."
            problems.append(Problem("bad_name", "This cannot be the name of an attribute.", hint, where))
        elif len(orjson.dumps(value)) > MAX_ATTRIBUTE_BYTES:
            hint = f"Send at most {MAX_ATTRIBUTE_BYTES} bytes."
            problems.append(Problem("too_large", "The value of an attribute is too large.", hint, where))
    return problems
