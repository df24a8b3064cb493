"""What of a reply a bot can show."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.engine.messages import Button, Card, Media
from backtalk.engine.reply import ApiFailure, ApiReply, ReplyNote, Shape
from backtalk.engine.usable import usable
from tests.support.bots import a_bot, text

BOT = a_bot(text("x"))
GO, GONE, OPEN = Button("Go", "sequence", 1), Button("Gone", "sequence", 9), Button("Open", "url", "https://x.example")
DATA: dict[Shape, Any] = {
    "text": "x",
    "image": Media("image", "https://x.example"),
    "gallery": (Card("c", buttons=(GO, OPEN)),),
    "buttons": (GO, OPEN),
    "quick_replies": (GO,),
}


@pytest.mark.parametrize("shape", DATA)
def test_what_fits_is_left_as_it_is(shape: Shape) -> None:
    reply = ApiReply(DATA[shape], {"a": 1})
    assert usable(BOT, shape, reply)[0] is reply


@pytest.mark.parametrize("shape", [*DATA, None])
@pytest.mark.parametrize("data", [None, "", ()])
def test_nothing_is_no_failure(shape: Shape | None, data: Any) -> None:
    reply = ApiReply(data)
    assert usable(BOT, shape, reply) == (reply, [])


def test_a_call_for_its_effects_takes_anything() -> None:
    reply = ApiReply((GONE,))
    assert usable(BOT, None, reply) == (reply, [])


@pytest.mark.parametrize(
    ("shape", "of"),
    [(shape, of) for shape in DATA for of in DATA if of != shape and {of, shape} != {"buttons", "quick_replies"}],
)
def test_what_another_block_shows_is_a_failure_without_attributes(shape: Shape, of: Shape) -> None:
    result, dropped = usable(BOT, shape, ApiReply(DATA[of], {"a": 1}, (ReplyNote("n"),), "log", 7))
    assert isinstance(result, ApiFailure)
    assert (result.outcome, result.where, result.attributes, dropped) == ("bad_shape", "$.data", {}, [])
    assert (result.notes, result.reply_message, result.reply_status) == ((ReplyNote("n"),), "log", 7)


def test_buttons_that_lead_nowhere_are_dropped() -> None:
    assert usable(BOT, "buttons", ApiReply((GONE, GO, GONE))) == (ApiReply((GO,)), [GONE, GONE])
    cards = ApiReply((Card("a", buttons=(GONE,)), Card("b", buttons=(GO,))))
    assert usable(BOT, "gallery", cards) == (ApiReply((Card("a"), Card("b", buttons=(GO,)))), [GONE])
    assert isinstance(usable(BOT, "buttons", ApiReply((GONE,)))[0], ApiFailure)
