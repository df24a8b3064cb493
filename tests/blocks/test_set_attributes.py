"""The Set attributes Block."""

from __future__ import annotations

from backtalk.blocks import problems_of
from backtalk.engine.messages import Text
from tests.support.bots import a_bot, a_customer, text
from tests.support.script import Script


def test_values_keep_their_kind_and_texts_are_filled_in() -> None:
    values = {"n": 5, "f": 2.5, "yes": True, "text": "5", "who": "{{first_name}} {{old}}", "old": None}
    script = Script(
        a_bot({"type": "set_attributes", "attributes": values}, text("{{who}}")), a_customer(attributes={"old": "x"})
    )
    script.start().bot(Text("Ada x")).attributes({"n": 5, "f": 2.5, "yes": True, "text": "5", "who": "Ada x"})
    script.saved({"n": 5, "f": 2.5, "yes": True, "text": "5", "who": "Ada x", "old": None}, "set_attributes")


def test_all_texts_are_filled_from_what_was_before() -> None:
    bot = a_bot({"type": "set_attributes", "attributes": {"a": "{{b}}", "b": "{{a}}"}})
    Script(bot, a_customer(attributes={"a": "1", "b": "2"})).start().attributes({"a": "2", "b": "1"})


def test_fields_of_the_profile_are_set_too() -> None:
    bot = a_bot(
        {"type": "set_attributes", "attributes": {"language": "de", "timezone": 2, "email": None}}, text("{{language}}")
    )
    script = Script(bot, a_customer(email="a@x.example")).start().bot(Text("de")).attributes({})
    assert (script.state.customer.timezone, script.state.customer.email) == (2.0, "")


def test_n11_what_a_field_cannot_hold_is_refused_and_noted() -> None:
    Script(a_bot({"type": "set_attributes", "attributes": {"phone": 5, "uid": 1}})).start().noted(
        "refused_attribute", "refused_attribute"
    )


def test_findings() -> None:
    assert [found.code for found in problems_of(a_bot({"type": "set_attributes"}), apis={})] == ["empty"]
    found = problems_of(a_bot({"type": "set_attributes", "attributes": {"uid": 1}}), apis={})
    assert [(one.code, one.where.field) for one in found] == [("protected", "attributes")]
