"""The Quick Reply Block."""

from __future__ import annotations

from backtalk.blocks import problems_of
from backtalk.engine.messages import Button, QuickReplies, Text
from tests.support.bots import a_bot, text
from tests.support.script import Script, ok

GO = {"title": "Go on", "type": "sequence", "value": 2}


def test_own_and_those_of_apis_keep_their_order() -> None:
    bot = a_bot(
        {"type": "quick_replies", "text": "Hi {{first_name}}", "replies": [GO, {"api": 1}, GO]},
        sequences={2: [text("two")]},
    )
    own, given = Button("Go on", "sequence", 2), Button("Open", "url", "https://x.example")
    script = Script(bot).start().calls(1).replies(ok([{"title": "Open", "type": "url", "value": "https://x.example"}]))
    script.bot(QuickReplies("Hi Ada", (own, given, own))).press("Go on").bot(Text("two"))


def test_without_anything_to_press_the_text_is_sent_alone() -> None:
    bot = a_bot(
        {"type": "quick_replies", "text": "Hi", "replies": [{"api": 1}]},
        {"type": "quick_replies", "replies": []},
        text("on"),
    )
    Script(bot).start().calls(1).replies(ok([])).bot(Text("Hi"), Text("on"))


def test_no_text_is_needed() -> None:
    bot = a_bot({"type": "quick_replies", "replies": [{**GO, "value": 1}]})
    Script(bot).start().bot(QuickReplies("", (Button("Go on", "sequence", 1),)))


def test_a_button_without_a_living_target_is_left_out_and_noted() -> None:
    bot = a_bot({"type": "quick_replies", "text": "Hi", "replies": [{**GO, "value": 9}, {**GO, "value": 1}]})
    Script(bot).start().noted("dead_button").bot(QuickReplies("Hi", (Button("Go on", "sequence", 1),)))


def test_findings() -> None:
    assert [found.code for found in problems_of(a_bot({"type": "quick_replies"}), apis={})] == ["empty"]
    phone = {"title": "Ring", "type": "phone", "value": "+49123"}
    found = problems_of(a_bot({"type": "quick_replies", "replies": [{**GO, "value": 9}, phone]}), apis={})
    assert [(one.code, one.where.field) for one in found] == [
        ("unknown_sequence", "replies.0.value"),
        ("not_here", "replies.1.type"),
    ]
