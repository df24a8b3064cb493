"""How steps are written down, what customers see of it, and which button a press means."""

from __future__ import annotations

import pytest

from backtalk.engine.codec import message_to_json
from backtalk.engine.effects import Note, Send
from backtalk.engine.events import ApiAnswered, Pressed, Said
from backtalk.engine.messages import Button, Buttons, Card, Gallery, Media, Message, QuickReplies, Text
from backtalk.engine.reply import ApiReply, ReplyNote
from backtalk.runtime.transcript import button_at, lines_of, notes_of, shown
from backtalk.storage.messages import Line
from tests.support.house import now

GO = Button("Go", "sequence", 7, "a=b")
WEB = Button("Web", "url", "https://example.com/")
CALL = Button("Call", "phone", "+123")


def stored(message: Message) -> str:
    return message_to_json(message).decode()


def test_the_customers_own_message_comes_first_and_numbers_go_on() -> None:
    lines = lines_of(Said(now(), "hi"), [Send(Text("a"), "b1"), Send(Text("b"))], after=4, client_id="c1")
    assert [(line.seq, line.sender, line.block) for line in lines] == [
        (5, "customer", None),
        (6, "bot", "b1"),
        (7, "bot", None),
    ]
    assert shown(lines[0])["client_id"] == "c1"


def test_a_press_is_written_as_its_title_and_an_answer_of_a_backend_as_nothing() -> None:
    assert shown(lines_of(Pressed(now(), GO), [], after=0)[0])["text"] == "Go"
    assert lines_of(Pressed(now(), None), [], after=0) == []
    assert lines_of(ApiAnswered(now(), "call-1", ApiReply()), [], after=0) == []


@pytest.mark.parametrize(
    ("message", "field"),
    [(Buttons("t", (GO, WEB, CALL)), "buttons"), (QuickReplies("t", (GO, WEB, CALL)), "replies")],
)
def test_targets_of_sequence_buttons_never_leave_the_server(message: Message, field: str) -> None:
    seen = shown(Line(1, 0, "bot", stored(message)))
    assert seen[field] == [
        {"title": "Go", "type": "sequence"},
        {"title": "Web", "type": "url", "value": "https://example.com/"},
        {"title": "Call", "type": "phone", "value": "+123"},
    ]


def test_targets_in_cards_never_leave_the_server() -> None:
    seen = shown(Line(1, 0, "bot", stored(Gallery((Card("c", buttons=(GO,)), Card("d"))))))
    assert seen["items"] == [
        {"title": "c", "buttons": [{"title": "Go", "type": "sequence"}]},
        {"title": "d", "buttons": []},
    ]
    assert seen["at"] == "1970-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("message", "index", "wanted"),
    [
        (Buttons("t", (GO, WEB)), (1,), WEB),
        (QuickReplies("t", (GO, WEB)), (0,), GO),
        (Gallery((Card("c"), Card("d", buttons=(GO,)))), (1, 0), GO),
        (Gallery((Card("c"), Card("d", buttons=(GO,)))), (0, 0), None),
        (Gallery((Card("d", buttons=(GO,)),)), (1, 0), None),
        (Gallery((Card("d", buttons=(GO,)),)), (0,), None),
        (Buttons("t", (GO,)), (1,), None),
        (Buttons("t", (GO,)), (0, 0), None),
        (Text("t"), (0,), None),
        (Media("image", "https://example.com/a.png"), (0,), None),
    ],
)
def test_n10_a_press_means_the_button_at_its_place_or_none(
    message: Message, index: tuple[int, ...], wanted: Button | None
) -> None:
    assert button_at(stored(message), index) == wanted


def test_notes_go_to_their_call_or_to_their_event() -> None:
    own, by_call = notes_of(
        [Note("a", "Own"), Note("b", "Of a call", call="call-1", detail=ReplyNote("Of a call", path="$.data"))]
    )
    assert [note["code"] for note in own] == ["a"]
    assert [note["path"] for note in by_call["call-1"]] == ["$.data"]
