"""The attributes in a button's `extra` (CONTRACT.md section 6)."""

from __future__ import annotations

from urllib.parse import unquote_plus

from backtalk.engine.customer import MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTE_NAME_CHARS, MAX_ATTRIBUTES_PER_REPLY
from backtalk.engine.messages import storable


def read_extra(extra: str) -> dict[str, str]:
    """The pairs of `name=value&name=value`; a segment without `=` is none, and neither is one beyond the limits."""
    pairs: dict[str, str] = {}
    for segment in extra.split("&"):
        name, equals, value = segment.partition("=")
        name = storable(unquote_plus(name)).strip()
        value = storable(unquote_plus(value))
        if (
            equals
            and 0 < len(name) <= MAX_ATTRIBUTE_NAME_CHARS
            and len(value.encode()) <= MAX_ATTRIBUTE_BYTES
            and len(pairs) < MAX_ATTRIBUTES_PER_REPLY
        ):
            pairs[name] = value
    return pairs
