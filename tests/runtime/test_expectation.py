"""What a script sees of a message, and when that fits what a test wrote."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.blocks import read_bot
from backtalk.engine.messages import Button, Buttons, Card, Gallery, Media, Message, QuickReplies, Text
from backtalk.runtime.expectation import buttons_of, described, difference, fits, in_words

BOT = read_bot({"name": "Shop", "sequences": [{"id": 3, "name": "Shelves"}]})
GO = Button("Go", "sequence", 3, "a=b")
CALL = Button("Call", "phone", "+15550100")
GALLERY = Gallery((Card("Tea", "green", "https://x/t.png", None, (GO,)), Card("Milk")))


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (Text("hi"), {"text": "hi"}),
        (Media("video", "https://x/v.mp4"), {"video": "https://x/v.mp4"}),
        (
            Buttons("Well?", (GO, CALL)),
            {
                "text": "Well?",
                "buttons": [
                    {"title": "Go", "type": "sequence", "value": "Shelves", "extra": "a=b"},
                    {"title": "Call", "type": "phone", "value": "+15550100", "extra": None},
                ],
            },
        ),
        (
            QuickReplies("Well?", (Button("Gone", "sequence", 9),)),
            {"text": "Well?", "quick_replies": [{"title": "Gone", "type": "sequence", "value": 9, "extra": None}]},
        ),
    ],
)
def test_a_message_is_described_with_names_of_sequences(message: Message, fields: dict[str, Any]) -> None:
    assert described(BOT, message) == fields


@pytest.mark.parametrize(
    ("wanted", "fit"),
    [
        ({"gallery": ["Tea", "Milk"]}, True),
        ({"gallery": [{"title": "Tea", "subtitle": "green", "buttons": ["Go"]}, "Milk"]}, True),
        ({"gallery": [{"title": "Tea", "buttons": [{"title": "Go", "value": "Shelves"}]}, {"url": None}]}, True),
        ({"gallery": ["Tea"]}, False),
        ({"gallery": ["Milk", "Tea"]}, False),
        ({"gallery": [{"title": "Tea", "buttons": []}, "Milk"]}, False),
        ({"gallery": [{"title": "Tea", "price": 1}, "Milk"]}, False),
        ({"text": "Tea"}, False),
        ({"contains": "Tea"}, False),
        ({}, False),
    ],
)
def test_a_gallery_fits_what_is_written_of_it(wanted: dict[str, Any], fit: bool) -> None:
    assert fits(wanted, described(BOT, GALLERY)) is fit


def test_a_text_with_buttons_is_not_a_mere_text() -> None:
    seen = described(BOT, Buttons("Well?", (GO,)))
    assert not fits({"text": "Well?"}, seen)
    assert not fits({"contains": "Well"}, seen)
    assert fits({"contains": "Well", "buttons": ["Go"]}, seen)
    assert fits({"buttons": ["Go"]}, seen)


def test_buttons_are_found_by_card() -> None:
    assert [button.title for button in buttons_of(GALLERY, None)] == ["Go"]
    assert list(buttons_of(GALLERY, "Milk")) == []
    assert list(buttons_of(Buttons("", (GO,)), "Tea")) == []
    assert list(buttons_of(QuickReplies("", (GO,)), None)) == [GO]


def test_words_leave_out_what_is_absent() -> None:
    assert in_words(described(BOT, Buttons("", (CALL,)))) == (
        '{"text":"","buttons":[{"title":"Call","type":"phone","value":"+15550100"}]}'
    )


def test_a_difference_names_titles_unless_the_step_looks_inside_and_says_what_it_left_out() -> None:
    seen = described(BOT, Buttons("Well?", (GO,)))
    assert difference({"text": "Well?"}, seen) == (
        '{"text":"Well?","buttons":["Go"]}; the step has to name its buttons too'
    )
    assert difference({"buttons": ["Stay"]}, seen) == '{"text":"Well?","buttons":["Go"]}'
    assert '"value"' in difference({"buttons": [{"title": "Go", "value": "Nowhere"}]}, seen)
