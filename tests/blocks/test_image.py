"""The Image Block."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.blocks import problems_of
from backtalk.engine.messages import Media, MediaType, Text
from tests.support.bots import a_bot, a_customer, text
from tests.support.script import Script, ok


def own(url: str, kind: MediaType = "image") -> dict[str, Any]:
    return {"type": "image", "media": {"type": kind, "url": url}}


@pytest.mark.parametrize("kind", ["image", "audio", "video"])
def test_own_media(kind: MediaType) -> None:
    bot = a_bot(own("https://x.example/{{nr}}.png", kind))
    Script(bot, a_customer(attributes={"nr": "a b/c"})).start().bot(Media(kind, "https://x.example/a%20b%2Fc.png"))


def test_media_of_an_api() -> None:
    bot = a_bot({"type": "image", "media": {"api": 1}}, text("on"))
    reply = ok({"type": "video", "url": "https://x.example/v.mp4"})
    Script(bot).start().calls(1).replies(reply).bot(Media("video", "https://x.example/v.mp4"), Text("on"))


def test_a_wrong_address_of_an_api_is_a_failure() -> None:
    bot = a_bot({"type": "image", "media": {"api": 1}, "on_failure": {"say": "No picture"}})
    Script(bot).start().calls(1).replies(ok({"type": "image", "url": "javascript:x"})).bot(Text("No picture"))


def test_an_own_address_that_turns_out_wrong_is_noted() -> None:
    Script(a_bot(own("http://{{host}}/"), text("on"))).start().noted("bad_url").bot(Text("on"))


def test_findings() -> None:
    assert [(found.code, found.where.field) for found in problems_of(a_bot(own("x.png")), apis={})] == [
        ("bad_url", "media.url")
    ]
    assert problems_of(a_bot(own("https://x.example/{{a}}")), apis={}) == []
