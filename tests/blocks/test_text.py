"""The Text Block."""

from __future__ import annotations

import pytest

from backtalk.blocks import problems_of
from backtalk.engine.messages import Text
from tests.support.bots import a_bot, a_customer, text
from tests.support.script import Script, ok


def test_attributes_and_apis_are_filled_in() -> None:
    bot = a_bot(text("Hi {{first_name}}: <<api:1>>"))
    Script(bot).start().calls(1).replies(ok("42")).bot(Text("Hi Ada: 42"))


def test_line_breaks() -> None:
    Script(a_bot(text("a\nb <<api:1>>"))).start().calls(1).replies(ok("c\\nd")).bot(Text("a\nb c\nd"))


@pytest.mark.parametrize("words", ["", " \n", "{{nothing}}", "\u3000"])
def test_a_blank_text_is_not_sent(words: str) -> None:
    Script(a_bot(text(words), text("on"))).start().bot(Text("on"))


def test_a_text_of_an_attribute_is_sent_as_it_is() -> None:
    Script(a_bot(text("{{a}}")), a_customer(attributes={"a": [1, "x"]})).start().bot(Text('[1, "x"]'))


def test_findings() -> None:
    assert [problem.code for problem in problems_of(a_bot(text("")), apis={})] == ["blank"]
