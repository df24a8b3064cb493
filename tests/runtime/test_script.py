"""Scripts: a transcript that comes true passes, and everything that does not is said in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backtalk.backend.api import Api
from backtalk.blocks import read_bot
from backtalk.engine.reply import OnFailure
from backtalk.runtime.script import Mismatch, Script

BOT = read_bot(
    {
        "name": "Shop",
        "triggers": {"welcome": 1, "default": 2, "keywords": []},
        "sequences": [
            {
                "id": 1,
                "name": "Order",
                "blocks": [
                    {"id": "ask", "type": "ask", "text": "Number?", "save_as": "number", "input": "number"},
                    {"id": "wait", "type": "delay", "seconds": 2},
                    {"id": "answer", "type": "text", "text": "<<api:1>> and <<api:2>>"},
                    {
                        "id": "more",
                        "type": "buttons",
                        "text": "More?",
                        "buttons": [{"title": "Again", "type": "sequence", "value": 1}],
                    },
                ],
            },
            {
                "id": 2,
                "name": "Person",
                "blocks": [{"id": "person", "type": "hand_over", "note": "help"}],
            },
            {
                "id": 3,
                "name": "Shelves",
                "blocks": [{"id": "shelves", "type": "gallery", "items": [{"api": 3}]}],
            },
        ],
    },
    number=1,
)
APIS = {
    1: Api(id=1, name="Status", method="POST", url="https://shop.example.com/status"),
    2: Api(
        id=2,
        name="Place",
        method="GET",
        url="https://shop.example.com/place",
        params=(("n", "{{number}}"),),
        on_failure=OnFailure("No place."),
    ),
    3: Api(id=3, name="Shelves", method="GET", url="https://shop.example.com/shelves"),
}


def asked() -> Script:
    return Script(BOT, APIS, customer={"first_name": "Ann", "vip": True}).start().bot("Number?").user("42").after(2)


def test_a_transcript_that_comes_true() -> None:
    script = asked()
    script.calls("Place", carries={"n": "42"}).replies({"success": True, "data": "here"})
    script.calls("Status", carries={"number": 42, "first_name": "Ann", "vip": True})
    script.replies({"success": True, "data": "Packed"})
    script.bot("Packed and here").bot({"text": "More?", "buttons": [{"title": "Again", "value": "Order"}]})
    script.press("Again").bot("Number?").attributes({"number": 42, "first_name": "Ann", "unknown": None}).end()
    assert script.walked == {"ask", "wait", "answer", "more"}


def test_an_outcome_takes_the_default_of_the_api() -> None:
    script = asked()
    script.calls("Status").replies({"success": True, "data": "Packed"}).calls("Place").fails("timeout")
    script.bot("Packed and ").bot("No place.").bot({"buttons": ["Again"]}).end()


def test_a_person_takes_over_and_hands_back() -> None:
    script = asked().taken_over().user("hello").handed_back().user("x").handed_over("help").end()
    assert script.walked == {"ask", "wait", "answer", "person"}


def test_a_reply_may_name_a_sequence() -> None:
    bot = read_bot(
        {
            "name": "Shop",
            "triggers": {"welcome": 7, "default": None, "keywords": []},
            "sequences": [
                {"id": 7, "name": "Shelves", "blocks": [{"id": "g", "type": "gallery", "items": [{"api": 3}]}]},
            ],
        },
        number=1,
    )
    card = {"title": "Tea", "buttons": [{"title": "More", "type": "sequence", "value": "Shelves"}]}
    script = Script(bot, APIS).start().calls("Shelves").replies({"success": True, "data": [card]})
    script.bot({"gallery": [{"title": "Tea", "buttons": [{"title": "More", "value": "Shelves"}]}]})
    script.press("More", card="Tea").calls("Shelves").replies({"success": True}).end()


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (lambda s: s.bot("Status?"), "the bot waits for the answer of “Status”, “Place”"),
        (lambda s: s.end(), "expected the end, but the bot waits for the answer"),
        (lambda s: s.calls("Shelves"), "expected a call of “Shelves”, but the bot waits for the answer of “Status”"),
        (lambda s: s.calls("Status", carries={"number": 43}), "with number=43, but it carries number=42"),
        (lambda s: s.calls("Status", carries={"size": 1}), "but it carries no size"),
        (lambda s: s.replies({}), "no `calls` step stands before"),
        (lambda s: s.calls("Status").fails("ok"), "the outcome is “ok”"),
        (lambda s: s.calls("Status").fails("tired"), "expected one of declined, timeout"),
        (lambda s: s.press("Again"), "expected a button “Again”, but there is none"),
        (lambda s: s.attributes({"number": 43}), "expected number to be 43, but it is 42"),
        (lambda s: s.handed_over("help"), "but it was not"),
    ],
)
def test_what_does_not_come_true_is_said(steps: Callable[[Script], Any], said: str) -> None:
    with pytest.raises(Mismatch) as caught:
        steps(asked())
    assert said in str(caught.value)


def answered() -> Script:
    script = asked()
    script.calls("Status").replies({"success": True, "data": "a"})
    return script.calls("Place").replies({"success": True, "data": "b"})


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (lambda s: s.bot("a or b"), 'expected {"text":"a or b"}, but the bot sent {"text":"a and b"}'),
        (lambda s: s.bot({"contains": "or"}), 'but the bot sent {"text":"a and b"}'),
        (lambda s: s.bot({"image": "https://x"}), 'but the bot sent {"text":"a and b"}'),
        (lambda s: s.user("x"), "expected nothing more before the customer wrote “x”, but the bot sent"),
        (lambda s: s.end(), "expected nothing more before the end, but the bot sent"),
        (lambda s: s.bot("a and b").bot("More?"), '"buttons":["Again"]}; the step has to name its buttons too'),
        (lambda s: s.bot("a and b").bot({"buttons": []}), "but the bot sent"),
        (lambda s: s.bot("a and b").bot({"buttons": [{"title": "Again", "type": "url"}]}), '"type":"sequence"'),
        (lambda s: s.bot("a and b").bot({"buttons": ["Again"]}).bot("x"), "but nothing came"),
        (lambda s: s.bot("a and b").bot({"buttons": ["Again"]}).press("New"), "there are only “Again”"),
    ],
)
def test_a_message_that_differs_is_said(steps: Callable[[Script], Any], said: str) -> None:
    with pytest.raises(Mismatch) as caught:
        steps(answered())
    assert said in str(caught.value)


def test_a_delay_is_pointed_out() -> None:
    with pytest.raises(Mismatch, match="the bot waits; a step `after: 2 s` goes on"):
        Script(BOT, APIS).start().bot("Number?").user("1").bot("x")
