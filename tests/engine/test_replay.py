"""A recorded conversation gives the same again, and something else on another bot."""

from __future__ import annotations

from backtalk.engine.effects import Send
from backtalk.engine.events import ApiAnswered, Event, Said, Started
from backtalk.engine.messages import Text
from backtalk.engine.replay import replay
from backtalk.engine.reply import ApiReply
from tests.support.bots import T0, a_bot, a_state, at, text

EVENTS: list[Event] = [Started(T0), ApiAnswered(at(1), "call-1", ApiReply("Sun")), Said(at(2), "hm")]


def said(*blocks: dict[str, object]) -> list[list[str]]:
    steps = replay(a_bot(*blocks), a_state(), EVENTS)
    return [
        [
            effect.message.text
            for effect in taken.effects
            if isinstance(effect, Send) and isinstance(effect.message, Text)
        ]
        for taken in steps
    ]


def test_each_event_is_taken_from_where_the_one_before_left() -> None:
    assert said(text("<<api:1>> {{last_message_text}}")) == [[], ["Sun "], []]


def test_a_draft_without_the_call_ignores_its_answer() -> None:
    assert said(text("Rain")) == [["Rain"], [], ["Rain"]]


def test_no_events_no_steps() -> None:
    assert replay(a_bot(text("x")), a_state(), []) == []
