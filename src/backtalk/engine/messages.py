"""What a customer can be shown: five kinds of message, independent of any channel.

Addresses in a message are safe to link: `web_url` and `phone_number` are the only ways in, so that no channel has to judge a scheme.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict

ButtonType = Literal["sequence", "url", "phone", "basic"]
MediaType = Literal["image", "audio", "video"]

MAX_URL_CHARS = 8_192
_CONTROL_OR_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?:/[!-\[\]-~]*+)?")
"""Addresses that need no parser: no port, no password, nothing but printable ASCII after the host."""
_PHONE = re.compile(r"\+?[0-9]{3,20}")
_PHONE_PUNCTUATION = re.compile(r"[\s().\-/]")


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press. `value` is a sequence id (int), a web address or a phone number (str), or None for `basic`."""

    title: str
    type: ButtonType
    value: int | str | None = None
    extra: str | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One item of a gallery."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    title: str
    subtitle: str | None = None
    image: str | None = None
    url: str | None = None
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Media:
    """An image, a sound or a film at a web address."""

    type: MediaType
    url: str


@dataclass(frozen=True, slots=True)
class Gallery:
    items: tuple[Card, ...]
    type: Literal["gallery"] = "gallery"


@dataclass(frozen=True, slots=True)
class Buttons:
    text: str
    buttons: tuple[Button, ...]
    type: Literal["buttons"] = "buttons"


@dataclass(frozen=True, slots=True)
class QuickReplies:
    """Like `Buttons`, but the choices go away once the customer has answered."""

    text: str
    replies: tuple[Button, ...]
    type: Literal["quick_replies"] = "quick_replies"


Message = Text | Media | Gallery | Buttons | QuickReplies


def web_url(value: object) -> str | None:
    """The address if it is an absolute http(s) one that every client reads the same way, else None."""
    if not isinstance(value, str) or len(value) > MAX_URL_CHARS:
        return None
    if _PLAIN_URL.fullmatch(value):
        return value
    value = value.strip(" ")
    if _CONTROL_OR_BLANK.search(value):
        return None
    try:
        parts = urlsplit(value)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and host and parts.username is None else None


def phone_number(value: object) -> str | None:
    """Digits with at most a leading +, common punctuation removed, else None."""
    if not isinstance(value, str):
        return None
    bare = _PHONE_PUNCTUATION.sub("", value)
    return bare if _PHONE.fullmatch(bare) else None


def with_line_breaks(text: str) -> str:
    """Text of a reply with the two characters backslash and n turned into a line break (CONTRACT.md section 5)."""
    return text.replace("\\n", "\n")


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Text from outside with U+0000 and lone surrogates replaced by U+FFFD, so that every database keeps it alike."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_json(value: Any) -> Any:
    """JSON data from outside with every text and key made `storable`."""
    match value:
        case str():
            return storable(value)
        case list():
            return [storable_json(item) for item in value]
        case dict():
            return {storable(key): storable_json(item) for key, item in value.items()}
    return value
