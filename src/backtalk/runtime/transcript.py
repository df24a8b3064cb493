"""Messages between the engine and the log: how a step is written down, what a customer may see of it, which button a press means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from backtalk.engine.codec import message_from_json, message_to_json
from backtalk.engine.effects import Effect, Note, Send
from backtalk.engine.events import Event, Pressed, Said
from backtalk.engine.messages import Button, Buttons, Gallery, QuickReplies
from backtalk.storage.messages import Line
from backtalk.storage.schema import from_us, time_us


def lines_of(event: Event, effects: Iterable[Effect], *, after: int, client_id: str | None = None) -> list[Line]:
    """The messages of a step, the customer's own first, numbered on from `after`."""
    at = time_us(event.at)
    lines: list[Line] = []
    said = customer_text(event)
    if said is not None:
        body: dict[str, str] = {"type": "text", "text": said}
        if client_id:
            body["client_id"] = client_id
        lines.append(Line(after + 1, at, "customer", orjson.dumps(body).decode()))
    lines.extend(
        Line(seq, at, "bot", message_to_json(effect.message).decode(), effect.block)
        for seq, effect in enumerate(
            (effect for effect in effects if isinstance(effect, Send)), start=after + len(lines) + 1
        )
    )
    return lines


def customer_text(event: Event) -> str | None:
    """What the customer did, in words: the text, or the title that was pressed."""
    match event:
        case Said(text=text):
            return text
        case Pressed(button=Button(title=title)):
            return title
    return None


def notes_of(effects: Iterable[Effect]) -> tuple[list[dict[str, Any]], dict[str, list[dict[str, Any]]]]:
    """The notes of a step as JSON: those of its event, and those of each call by its key."""
    own: list[dict[str, Any]] = []
    by_call: dict[str, list[dict[str, Any]]] = {}
    for effect in effects:
        if isinstance(effect, Note):
            if effect.call and effect.detail:
                by_call.setdefault(effect.call, []).append(asdict(effect.detail))
            else:
                note = {"code": effect.code, "message": effect.message, "block": effect.block}
                own.append({**note, "severity": effect.severity})
    return own, by_call


def button_at(body: str, index: Sequence[int]) -> Button | None:
    """The button of a stored message: by its index, or by its card's and its own."""
    found: Sequence[Button] = ()
    match message_from_json(body), index:
        case Buttons(buttons=buttons), (_,):
            found = buttons
        case QuickReplies(replies=replies), (_,):
            found = replies
        case Gallery(items=items), (card, _) if 0 <= card < len(items):
            found = items[card].buttons
        case _:
            return None
    place = index[-1]
    return found[place] if 0 <= place < len(found) else None


def shown(line: Line) -> dict[str, Any]:
    """A message as its customer gets it: a press names its place, so that no target of a button leaves the server."""
    body = orjson.loads(line.body)
    for name in ("buttons", "replies"):
        if name in body:
            body[name] = [_shown_button(button) for button in body[name]]
    for card in body.get("items", ()):
        if "buttons" in card:
            card["buttons"] = [_shown_button(button) for button in card["buttons"]]
    return {"seq": line.seq, "at": shown_time(line.at), "from": line.sender, **body}


def shown_time(us: int) -> str:
    """RFC 3339, UTC, milliseconds."""
    return from_us(us).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _shown_button(button: dict[str, Any]) -> dict[str, Any]:
    shown_button = {"title": button["title"], "type": button["type"]}
    if button["type"] in ("url", "phone"):
        shown_button["value"] = button["value"]
    return shown_button
