"""Texts with places to fill: `{{attribute}}` and, in a Text Block, `<<api:ID>>`.

What is filled in is data: it is never read for places again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from backtalk.engine.customer import Customer

MAX_FILLED_CHARS = 4_000_000
"""What filling may write in one step: attributes that hold texts that hold attributes would double without end."""
_MAX_KEPT_CHARS = 1_000
"""The parts of longer texts are not kept, so that what is kept stays small."""

_PLACE = re.compile(r"\{\{\s*([^{}\s](?:[^{}\n]{0,126}[^{}\s])?)\s*\}\}|<<\s*api:([0-9]{1,18})\s*>>")


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str


@dataclass(frozen=True, slots=True)
class ApiToken:
    api: int


Part = str | Attribute | ApiToken


def parse(text: str) -> tuple[Part, ...]:
    """The parts of a text in order. `unparse` gives the text back (blanks inside a place aside)."""
    return _kept_parts(text) if len(text) <= _MAX_KEPT_CHARS else _parts(text)


def _parts(text: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    end = 0
    for match in _PLACE.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        parts.append(Attribute(match[1]) if match[1] is not None else ApiToken(int(match[2])))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    return tuple(parts)


_kept_parts = lru_cache(maxsize=8_192)(_parts)


def unparse(parts: tuple[Part, ...]) -> str:
    written = []
    for part in parts:
        match part:
            case Attribute(name):
                written.append("{{" + name + "}}")
            case ApiToken(api):
                written.append(f"<<api:{api}>>")
            case literal:
                written.append(literal)
    return "".join(written)


def names(text: str) -> set[str]:
    """The attributes that a text mentions."""
    return {part.name for part in parse(text) if isinstance(part, Attribute)}


def apis(text: str) -> tuple[int, ...]:
    """The APIs that a text mentions, each once, in order."""
    return tuple(dict.fromkeys(part.api for part in parse(text) if isinstance(part, ApiToken)))


def render(
    text: str, customer: Customer, answers: Mapping[int, str] | None = None, *, room: int = MAX_FILLED_CHARS
) -> str:
    """The text with its places filled; an unknown attribute and an API without an answer become "". Cut after `room` characters."""
    return _filled(text, customer, answers, as_text, room)


def render_url(text: str, customer: Customer, *, room: int = MAX_FILLED_CHARS) -> str:
    """The same for an address: each value percent-encoded as one value."""
    return _filled(text, customer, None, _encoded, room)


def _encoded(value: Any) -> str:
    return quote(as_text(value), safe="", errors="replace")


def _filled(
    text: str, customer: Customer, answers: Mapping[int, str] | None, write: Callable[[Any], str], room: int
) -> str:
    if "{{" not in text and "<<" not in text:
        return text
    written = []
    for part in parse(text):
        match part:
            case Attribute(name):
                piece = write(customer.value(name))
            case ApiToken(api):
                piece = "" if answers is None else answers.get(api, "")
            case literal:
                piece = literal
        room -= len(piece)
        if room < 0:
            written.append(piece[:room])
            break
        written.append(piece)
    return "".join(written)


def as_text(value: Any) -> str:
    """A JSON value as a person would write it: 3.0 is 3, true is true, null is nothing, a list is JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact as an integer
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
