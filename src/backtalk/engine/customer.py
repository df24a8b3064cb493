"""The person who chats: profile, attributes, and which of them may change how."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

TEXT_FIELDS = (
    "avatar",
    "first_name",
    "last_name",
    "full_name",
    "gender",
    "locale",
    "language",
    "phone",
    "email",
)
"""Profile fields that hold text; "" when unknown."""

PROTECTED_NAMES = frozenset(
    {"uid", "platform_id", "bot_enabled", "created_at", "last_message_text", "last_message_time"}
)
"""Names of the wire format that no reply and no button may change."""

DOCUMENTED_NAMES = PROTECTED_NAMES | frozenset(TEXT_FIELDS) | {"timezone"}
"""Every customer key of the product description; an attribute or parameter cannot take one of these names."""

MAX_ATTRIBUTE_NAME_CHARS = 128
MAX_ATTRIBUTES_PER_REPLY = 100
MAX_ATTRIBUTE_BYTES = 8_192
MAX_ATTRIBUTES = 1_000
"""Attributes of one customer; what would be one more is refused."""
MAX_TIMEZONE_H = 14

Json = Any


@dataclass(frozen=True, slots=True)
class Customer:
    """A snapshot. `created_at` and `last_message_at` are aware UTC; `timezone` is hours east of UTC or None when unknown."""

    id: int
    channel_id: int
    created_at: datetime
    bot_enabled: bool = True
    avatar: str = ""
    first_name: str = ""
    last_name: str = ""
    full_name: str = ""
    gender: str = ""
    locale: str = ""
    language: str = ""
    phone: str = ""
    email: str = ""
    timezone: float | None = None
    last_message_text: str = ""
    last_message_at: datetime | None = None
    attributes: dict[str, Json] = field(default_factory=dict)

    def value(self, name: str) -> Json:
        """The value a template or a condition means by a name; None when the customer has none."""
        if name in self.attributes and name not in DOCUMENTED_NAMES:
            return self.attributes[name]
        match name:
            case "uid":
                return self.id
            case "platform_id":
                return self.channel_id
            case "last_message_time":
                return wire_time(self.last_message_at) if self.last_message_at else None
            case "created_at":
                return wire_time(self.created_at)
            case "full_name":
                return self.full_name or f"{self.first_name} {self.last_name}".strip() or None
            case _ if name in DOCUMENTED_NAMES:
                value = getattr(self, name)
                return None if value == "" else value
        return None

    def with_changes(self, changes: dict[str, Json]) -> tuple[Customer, dict[str, Json], list[tuple[str, str]]]:
        """Take changes from a backend, a button or a block: the new customer, what was taken, and (name, reason) of each refusal.

        None removes an attribute or empties a text field. Keys of the profile must keep their kind.
        """
        attributes = dict(self.attributes)
        profile: dict[str, Any] = {}
        accepted: dict[str, Json] = {}
        refused: list[tuple[str, str]] = []
        for name, value in changes.items():
            reason = _refusal(name, value, attributes)
            if reason:
                refused.append((name, reason))
            elif name in TEXT_FIELDS:
                profile[name] = accepted[name] = value or ""
            elif name == "timezone":
                profile[name] = accepted[name] = None if value is None else float(value)
            elif value is None:
                attributes.pop(name, None)
                accepted[name] = None
            else:
                attributes[name] = accepted[name] = value
        return replace(self, attributes=attributes, **profile), accepted, refused


def _refusal(name: str, value: Json, attributes: dict[str, Json]) -> str | None:
    """Why a change is not taken; None when it is."""
    if name in PROTECTED_NAMES:
        return "is kept by Backtalk and never changes"
    if value is None:
        return None
    if isinstance(value, str) and _too_long(value):
        return f"holds at most {MAX_ATTRIBUTE_BYTES} bytes; send a shorter text"
    if name in TEXT_FIELDS:
        return None if isinstance(value, str) else "holds text; send a string"
    if name == "timezone":
        hours = isinstance(value, int | float) and not isinstance(value, bool)
        fits = hours and -MAX_TIMEZONE_H <= value <= MAX_TIMEZONE_H
        return None if fits else f"holds hours east of UTC; send a number from -{MAX_TIMEZONE_H} to {MAX_TIMEZONE_H}"
    if name not in attributes and len(attributes) >= MAX_ATTRIBUTES:
        return f"would be one more than the {MAX_ATTRIBUTES} attributes that a customer can have"
    return None


def _too_long(text: str) -> bool:
    return len(text) > MAX_ATTRIBUTE_BYTES // 4 and len(text.encode(errors="surrogatepass")) > MAX_ATTRIBUTE_BYTES


def wire_time(at: datetime) -> str:
    """`2020-10-16 06:41:59.039735+00:00`: blank, six decimals, offset (CONTRACT.md section 3)."""
    return at.isoformat(sep=" ", timespec="microseconds")
