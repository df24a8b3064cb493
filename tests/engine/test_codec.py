"""Everything that is stored comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from backtalk.engine import codec
from backtalk.engine.effects import CallApi, SetTimer
from backtalk.engine.events import (
    ApiAnswered,
    Event,
    HandedBack,
    Pressed,
    Said,
    SequenceSent,
    Started,
    TakenOver,
    TextSent,
    TimerFired,
)
from backtalk.engine.messages import Button, Buttons, Card, Gallery, Media, Message, QuickReplies, Text, storable
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure, ReplyNote
from backtalk.engine.state import Answer, Asking, Calling, Pausing, Place, State
from tests.support.bots import T0, a_customer, a_state, at
from tests.support.naughty import NAUGHTY
from tests.support.script import through_json

BUTTONS = (
    Button("Go", "sequence", 1, "a=1"),
    Button("Open", "url", "https://x.example"),
    Button("Ring", "phone", "123"),
    Button("x", "basic"),
)
REPLIES: list[ApiReply | ApiFailure] = [
    ApiReply(),
    ApiReply("text"),
    ApiReply(Media("audio", "https://x.example/a")),
    ApiReply((Card("t"), Card("t", "s", "https://i.example", "https://u.example", BUTTONS))),
    ApiReply(BUTTONS),
    ApiReply((Button("1", "phone", "123"),)),
    ApiReply((Button("1", "sequence", 123),)),
    ApiReply(
        "x",
        {"i": 1, "f": 1.0, "b": True, "n": None, "big": 2**70, "l": [1, {"a": []}]},
        (ReplyNote("m", "h", "$.a", 1, 2),),
        "log",
        200,
    ),
    ApiFailure("declined", "m", "$.x", {"a": 1.5}, (ReplyNote("n"),), "said", 7),
    ApiFailure("timeout", ""),
]
EVENTS: list[Event] = [
    Started(T0),
    Said(at(0.000001), "x"),
    Pressed(T0, None),
    *(Pressed(T0, button) for button in BUTTONS),
    *(ApiAnswered(T0, "call-1", reply, OnFailure("s", 1)) for reply in REPLIES),
    ApiAnswered(T0, "call-1", ApiReply()),
    TimerFired(T0, "timer-1"),
    TakenOver(T0),
    HandedBack(T0),
    TextSent(T0, "x"),
    SequenceSent(T0, 3),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_events_come_back(event: Event) -> None:
    back = codec.event_from_json(codec.event_to_json(event))
    assert back == event
    assert type(back) is type(event)
    assert repr(back).replace("TzInfo(0)", "UTC") == repr(event).replace("datetime.timezone.utc", "UTC")


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"greeted": True, "counter": 7, "blocks": 3},
        {
            "version": 4,
            "calling": Calling(
                Place(1, "a"), {"call-2": 9, "call-1": 3}, (Answer("call-2", REPLIES[4], OnFailure("x")),)
            ),
        },
        {"asking": Asking(Place(1, "a"))},
        {"pausing": Pausing(Place(1, "a"), "timer-1")},
        {
            "resuming": "backlog-1",
            "backlog": (Said(T0, "x"), Pressed(T0, BUTTONS[0]), SequenceSent(T0, 1), TextSent(T0, "y"), Started(T0)),
        },
    ],
)
def test_states_come_back(parts: dict[str, Any]) -> None:
    state = a_state(**parts)
    back = through_json(state)
    assert back == state
    if state.calling and back.calling:
        assert list(back.calling.calls) == list(state.calling.calls), (
            "the order of the calls is the order of the fields"
        )


def test_the_customer_is_stored_apart() -> None:
    assert b"Ada" not in codec.state_to_json(a_state())
    other = a_customer(first_name="Bob")
    assert codec.state_from_json(codec.state_to_json(a_state(greeted=True)), other) == State(other, greeted=True)


@pytest.mark.parametrize(
    "data", ["", "[]", "null", '{"format": 2}', '{"backlog": 5}', '{"calling": {}}', "{", '{"counter": "x"}']
)
def test_what_no_version_wrote_is_refused(data: str) -> None:
    with pytest.raises(ValidationError):
        codec.state_from_json(data, a_customer())


def test_a_state_of_an_older_program_may_lack_fields() -> None:
    assert codec.state_from_json("{}", a_customer()) == a_state()


MESSAGES: list[Message] = [
    Text("x"),
    Media("video", "https://x.example"),
    Gallery((Card("t"), Card("t", "s", "https://i.example", "https://u.example", BUTTONS))),
    Buttons("x", BUTTONS),
    QuickReplies("x", BUTTONS),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.type)
def test_messages_come_back(message: Message) -> None:
    assert codec.message_from_json(codec.message_to_json(message)) == message
    assert b"null" not in codec.message_to_json(message)


@pytest.mark.parametrize(
    "effect",
    [CallApi("call-1", 7, "text", "a"), CallApi("c", 1, None, "a"), SetTimer("t", T0), SetTimer("t", T0, typing=False)],
)
def test_what_is_owed_comes_back(effect: CallApi | SetTimer) -> None:
    assert codec.owed_from_json(codec.owed_to_json(effect)) == effect


def test_n07_any_text_comes_back() -> None:
    for text in NAUGHTY:
        kept = storable(text)
        for event in (
            Said(T0, kept),
            Pressed(T0, Button(kept, "sequence", 1, kept)),
            ApiAnswered(T0, kept, ApiReply(kept, {kept: kept})),
        ):
            assert codec.event_from_json(codec.event_to_json(event)) == event
        for message in (Text(kept), Buttons(kept, (Button(kept, "basic"),)), Gallery((Card(kept, kept),))):
            assert codec.message_from_json(codec.message_to_json(message)) == message
        state = a_state(
            customer=a_customer(first_name=kept, attributes={kept: kept}), backlog=(Said(T0, kept),), resuming=kept
        )
        assert through_json(state) == state
