"""The Gallery Block."""

from __future__ import annotations

from backtalk.blocks import problems_of
from backtalk.engine.messages import Button, Card, Gallery, Text
from tests.support.bots import a_bot, text
from tests.support.script import Script, ok


def test_own_cards_and_those_of_apis_keep_their_order() -> None:
    bot = a_bot({"type": "gallery", "items": [{"api": 2}, {"title": "{{first_name}}", "subtitle": "s"}, {"api": 1}]})
    script = Script(bot).start().calls(2, 1).replies(ok([{"title": "b"}, {"title": "c"}])).replies(ok([{"title": "a"}]))
    script.bot(Gallery((Card("b"), Card("c"), Card("Ada", "s"), Card("a"))))


def test_a_press_on_a_button_of_a_card() -> None:
    card = {"title": "Apple", "buttons": [{"title": "Buy", "type": "sequence", "value": "2", "extra": "nr=7"}]}
    bot = a_bot({"type": "gallery", "items": [{"api": 1}]}, sequences={2: [text("Bought {{nr}}")]})
    script = Script(bot).start().calls(1).replies(ok([card]))
    script.bot(Gallery((Card("Apple", buttons=(Button("Buy", "sequence", 2, "nr=7"),)),))).press("Buy").bot(
        Text("Bought 7")
    )


def test_without_cards_nothing_is_sent() -> None:
    Script(a_bot({"type": "gallery", "items": [{"api": 1}]}, text("on"))).start().calls(1).replies(ok([])).bot(
        Text("on")
    )


def test_many_cards_are_not_refused() -> None:
    bot = a_bot({"type": "gallery", "items": [{"api": 1}]})
    many = [{"title": str(number)} for number in range(500)]
    Script(bot).start().calls(1).replies(ok(many)).bot(Gallery(tuple(Card(str(number)) for number in range(500))))


def test_findings() -> None:
    assert [found.code for found in problems_of(a_bot({"type": "gallery"}), apis={})] == ["empty"]
    items = [{"title": " ", "image": "x"}, {"title": "x", "buttons": [{"title": "x", "type": "sequence", "value": 9}]}]
    found = problems_of(a_bot({"type": "gallery", "items": items}), apis={})
    assert [(one.code, one.where.field) for one in found] == [
        ("blank", "items.0.title"),
        ("bad_url", "items.0.image"),
        ("unknown_sequence", "items.1.buttons.0.value"),
    ]
