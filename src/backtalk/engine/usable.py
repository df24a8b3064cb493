"""What of a reply this bot can show: the buttons that lead somewhere in it, and nothing of a kind that the block does not show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from backtalk.engine.bot import Bot
from backtalk.engine.messages import Button, Card, Media
from backtalk.engine.reply import ApiFailure, ApiReply, Shape

_KIND: dict[Shape, type[str | Media | Button | Card]] = {
    "text": str,
    "image": Media,
    "gallery": Card,
    "buttons": Button,
    "quick_replies": Button,
}


def usable(bot: Bot, shape: Shape | None, reply: ApiReply) -> tuple[ApiReply | ApiFailure, list[Button]]:
    """The reply without the buttons that name no sequence of this bot, and those buttons.

    A reply of which nothing is left is a failure, as if its backend had sent nothing usable (CONTRACT.md section 5).
    """
    if shape is None or not reply.data:
        return reply, []
    kind = _KIND[shape]
    dropped: list[Button] = []
    if not isinstance(reply.data, tuple):
        data = reply.data if isinstance(reply.data, kind) else None
        return (reply if data else _unusable(reply, shape)), dropped
    items = [item for item in reply.data if isinstance(item, kind)]
    cards = tuple(
        replace(card, buttons=_living(bot, card.buttons, dropped)) for card in items if isinstance(card, Card)
    )
    buttons = _living(bot, (item for item in items if isinstance(item, Button)), dropped)
    left = cards or buttons
    if not left:
        return _unusable(reply, shape), dropped
    return (replace(reply, data=left) if dropped or len(items) < len(reply.data) else reply), dropped


def _living(bot: Bot, buttons: Iterable[Button], dropped: list[Button]) -> tuple[Button, ...]:
    """The buttons that lead somewhere; the others join `dropped`."""
    living: list[Button] = []
    for button in buttons:
        (dropped if button.type == "sequence" and button.value not in bot.sequences else living).append(button)
    return tuple(living)


def _unusable(reply: ApiReply, shape: Shape) -> ApiFailure:
    message = f"Nothing in the reply can be shown as {shape} in this bot; see the notes for what was left out."
    return ApiFailure("bad_shape", message, "$.data", {}, reply.notes, reply.message, reply.status)
