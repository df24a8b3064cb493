"""Messages as a script writes them: described by their fields, and compared with those that a test names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from backtalk.engine.bot import Bot
from backtalk.engine.messages import Button, Buttons, Gallery, Media, Message, QuickReplies, Text

_LISTS = ("buttons", "quick_replies", "gallery")


def described(bot: Bot, message: Message) -> dict[str, Any]:
    """A message as a `bot` step writes it, with every field."""
    match message:
        case Text(text=text):
            return {"text": text}
        case Media(type=kind, url=url):
            return {kind: url}
        case Buttons(text=text, buttons=buttons):
            return {"text": text, "buttons": [_button(bot, button) for button in buttons]}
        case QuickReplies(text=text, replies=replies):
            return {"text": text, "quick_replies": [_button(bot, button) for button in replies]}
        case Gallery(items=items):
            return {
                "gallery": [
                    {
                        "title": card.title,
                        "subtitle": card.subtitle,
                        "image": card.image,
                        "url": card.url,
                        "buttons": [_button(bot, button) for button in card.buttons],
                    }
                    for card in items
                ]
            }


def buttons_of(message: Message, card: str | None) -> Sequence[Button]:
    """What can be pressed on a message; with `card`, on its card of that title."""
    match message:
        case Buttons(buttons=buttons) if card is None:
            return buttons
        case QuickReplies(replies=replies) if card is None:
            return replies
        case Gallery(items=items):
            return [button for item in items if card in (None, item.title) for button in item.buttons]
        case _:
            return ()


def fits(wanted: Any, seen: Any) -> bool:
    """Whether what is written is there. Kinds must agree; a list has the same length; a text stands for a title."""
    if isinstance(wanted, Mapping):
        if "contains" in wanted:
            rest = {key: value for key, value in wanted.items() if key != "contains"}
            return isinstance(seen, dict) and str(wanted["contains"]) in str(seen.get("text", "")) and fits(rest, seen)
        return (
            isinstance(seen, dict)
            and all(key in wanted for key in _LISTS if key in seen and "title" not in seen)
            and all(key in seen and fits(value, seen[key]) for key, value in wanted.items())
        )
    if isinstance(wanted, list):
        return isinstance(seen, list) and len(wanted) == len(seen) and all(map(fits, wanted, seen))
    return bool(wanted == (seen.get("title") if isinstance(seen, dict) else seen))


def difference(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> str:
    """A message that does not fit, as one line: items as titles where titles are compared, and what the step left out."""
    shown = {
        key: value
        if _looks_inside(wanted.get(key)) or not isinstance(value, list)
        else [item["title"] for item in value]
        for key, value in seen.items()
    }
    unnamed = [key for key in _LISTS if key in seen and key not in wanted]
    return in_words(shown) + (f"; the step has to name its {unnamed[0]} too" if unnamed else "")


def _looks_inside(items: Any) -> bool:
    return isinstance(items, list) and any(isinstance(item, Mapping) for item in items)


def in_words(fields: Mapping[str, Any]) -> str:
    """Fields as one line."""
    shown = {
        key: [_brief(item) for item in value] if isinstance(value, list) else value for key, value in fields.items()
    }
    return orjson.dumps(shown, default=str).decode()


def _brief(item: Any) -> Any:
    if not isinstance(item, Mapping):
        return item
    return {
        key: [_brief(inner) for inner in value] if isinstance(value, list) else value
        for key, value in item.items()
        if value not in (None, [])
    }


def _button(bot: Bot, button: Button) -> dict[str, Any]:
    value = button.value
    if isinstance(value, int) and value in bot.sequences:
        value = bot.sequences[value].name
    return {"title": button.title, "type": button.type, "value": value, "extra": button.extra}
