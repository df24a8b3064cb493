"""Builders of replies: each makes the envelope of one block, ready to be written as JSON.

return text("Your order is on its way.", attributes={"last_order": 42})
return gallery(card("Apples", subtitle="2.50", buttons=[start_sequence("Buy", 12, extra={"item": "apples"})]))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote, urlencode

Item = dict[str, Any]
Reply = dict[str, Any]
Attributes = Mapping[str, Any] | None


def text(words: str, *, attributes: Attributes = None, message: str = "") -> Reply:
    """For a Text Block; a line break stays one."""
    return _envelope(words, attributes, message)


def image(
    url: str,
    type: Literal["image", "audio", "video"] = "image",  # noqa: A002 - the word of the contract
    *,
    attributes: Attributes = None,
    message: str = "",
) -> Reply:
    """For an Image Block, which also shows films and plays sounds."""
    return _envelope({"type": type, "url": url}, attributes, message)


def gallery(*cards: Item, attributes: Attributes = None, message: str = "") -> Reply:
    """For a Gallery Block; make the cards with `card`."""
    return _envelope(list(cards), attributes, message)


def buttons(*items: Item, attributes: Attributes = None, message: str = "") -> Reply:
    """For a Buttons Block; make the items with `start_sequence`, `open_url`, `call_phone` and `label`."""
    return _envelope(list(items), attributes, message)


def quick_replies(*items: Item, attributes: Attributes = None, message: str = "") -> Reply:
    """For a Quick Reply Block; make the items with `start_sequence`, `open_url` and `label`."""
    return _envelope(list(items), attributes, message)


def nothing(*, attributes: Attributes = None, message: str = "") -> Reply:
    """Nothing to show, and no error: for a call that only saves attributes."""
    return _envelope(None, attributes, message)


def declined(message: str = "", *, attributes: Attributes = None) -> Reply:
    """No answer: the block's fallback is used. The message is for the call log only; attributes are saved."""
    return {**_envelope(None, attributes, message), "success": False}


def card(
    title: str,
    *,
    subtitle: str | None = None,
    image: str | None = None,
    url: str | None = None,
    buttons: Sequence[Item] = (),
) -> Item:
    """One item of a gallery."""
    given = {"title": title, "subtitle": subtitle, "image": image, "url": url, "buttons": list(buttons) or None}
    return {name: value for name, value in given.items() if value is not None}


def start_sequence(title: str, sequence: int, *, extra: Mapping[str, Any] | str | None = None) -> Item:
    """A button that starts a sequence of the bot; the pairs of `extra` become attributes first."""
    if isinstance(extra, Mapping):
        extra = urlencode(extra, quote_via=quote)
    return _button(title, "sequence", sequence) | ({} if extra is None else {"extra": extra})


def open_url(title: str, url: str) -> Item:
    """A button that opens an http(s) address."""
    return _button(title, "url", url)


def call_phone(title: str, number: str) -> Item:
    """A button that dials; for a Buttons Block only."""
    return _button(title, "phone", number)


def label(title: str) -> Item:
    """A button without action."""
    return {"title": title, "type": "basic"}


def _button(title: str, kind: str, value: int | str) -> Item:
    return {"title": title, "type": kind, "value": value}


def _envelope(data: Any, attributes: Attributes, message: str) -> Reply:
    return {"data": data, "success": True, "message": message, "attributes": dict(attributes or {}), "status": 200}
