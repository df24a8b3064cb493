"""What the builders make is read without a note."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backtalk import sdk
from backtalk.backend.reply import read_reply
from backtalk.engine.messages import Button, Card, Media
from backtalk.engine.reply import ApiFailure, ApiReply, Shape
from backtalk.exchange import HttpReply

BUY = sdk.start_sequence("Buy", 12, extra={"item": "red apples", "n": 2})
SITE = sdk.open_url("Open", "https://shop.example/")


def read(shape: Shape, reply: dict[str, Any]) -> ApiReply | ApiFailure:
    return read_reply(shape, HttpReply(200, (("Content-Type", "application/json"),), json.dumps(reply).encode(), 1))


@pytest.mark.parametrize(
    ("shape", "reply", "data"),
    [
        ("text", sdk.text("Hello\nthere"), "Hello\nthere"),
        ("image", sdk.image("https://shop.example/a.png"), Media("image", "https://shop.example/a.png")),
        ("image", sdk.image("https://shop.example/a.mp4", "video"), Media("video", "https://shop.example/a.mp4")),
        (
            "buttons",
            sdk.buttons(BUY, SITE, sdk.call_phone("Call", "+4930123"), sdk.label("-")),
            (
                Button("Buy", "sequence", 12, "item=red%20apples&n=2"),
                Button("Open", "url", "https://shop.example/"),
                Button("Call", "phone", "+4930123"),
                Button("-", "basic"),
            ),
        ),
        (
            "quick_replies",
            sdk.quick_replies(sdk.start_sequence("Go", 3, extra="raw")),
            (Button("Go", "sequence", 3, "raw"),),
        ),
        (
            "gallery",
            sdk.gallery(
                sdk.card(
                    "Apples", subtitle="2.50", image="https://a.example/i", url="https://a.example/", buttons=[SITE]
                ),
                sdk.card("Pears"),
            ),
            (
                Card(
                    "Apples",
                    "2.50",
                    "https://a.example/i",
                    "https://a.example/",
                    (Button("Open", "url", "https://shop.example/"),),
                ),
                Card("Pears"),
            ),
        ),
        ("gallery", sdk.nothing(), None),
    ],
)
def test_builders(shape: Shape, reply: dict[str, Any], data: Any) -> None:
    assert read(shape, reply) == ApiReply(data, status=200)
    assert sdk.problems_of(shape, reply) == []


@pytest.mark.parametrize(
    "reply",
    [
        sdk.text("x", attributes={"a": 1}, message="for the log"),
        sdk.image("https://a.example/", attributes={"a": 1}, message="for the log"),
        sdk.gallery(attributes={"a": 1}, message="for the log"),
        sdk.buttons(attributes={"a": 1}, message="for the log"),
        sdk.quick_replies(attributes={"a": 1}, message="for the log"),
        sdk.nothing(attributes={"a": 1}, message="for the log"),
    ],
)
def test_attributes_and_message(reply: dict[str, Any]) -> None:
    assert (reply["attributes"], reply["message"], reply["success"]) == ({"a": 1}, "for the log", True)


def test_declined() -> None:
    failure = read("text", sdk.declined("no such order", attributes={"asked": True}))
    assert isinstance(failure, ApiFailure)
    assert (failure.outcome, failure.reply_message, failure.attributes) == (
        "declined",
        "no such order",
        {"asked": True},
    )
