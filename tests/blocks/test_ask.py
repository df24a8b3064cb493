"""The Ask Block."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.blocks import problems_of
from backtalk.engine.messages import Text
from tests.support.bots import a_bot, a_customer, text
from tests.support.naughty import NAUGHTY
from tests.support.script import Script


def ask(**fields: Any) -> dict[str, Any]:
    return {"type": "ask", "text": "Q?", "save_as": "a", "retry": "Again?", **fields}


@pytest.mark.parametrize(
    ("kind", "said", "saved"),
    [
        ("text", " two words ", "two words"), ("any", " two ", " two "), ("any", "", ""), ("number", "42", 42), ("number", " -7 ", -7),
        ("number", "+3", 3), ("number", "3.50", 3.5), ("number", "3,5", 3.5), ("number", "007", 7),
        ("email", " a.b+c@x.example ", "a.b+c@x.example"),
        ("phone", "+49 (30) 1234", "+49301234"),
    ],
)  # fmt: skip
def test_an_answer_that_is_accepted(kind: str, said: str, saved: Any) -> None:
    Script(a_bot(ask(input=kind))).start().bot(Text("Q?")).user(said).attributes({"a": saved}).saved(
        {"a": saved}, "ask"
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("text", " "), ("text", ""), ("number", "x"), ("number", "1 2"), ("number", ""), ("number", "1e5"), ("number", "1.2.3"),
        ("number", "1,2,3"),
        ("number", "1,000.5"), ("number", "\u0661"), ("number", "nan"), ("number", "1" * 16), ("number", "--1"), ("number", "0x1"),
        ("email", "a@b"),
        ("email", "a b@x.example"), ("email", "@x.example"), ("email", "a@x.example, b@x.example"), ("email", "<a@x.example>"),
        ("phone", "call me"),
        ("phone", "12"),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_accepted_is_asked_for_again(kind: str, said: str) -> None:
    script = Script(a_bot(ask(input=kind))).start().bot(Text("Q?")).user(said).bot(Text("Again?")).attributes({})
    script.user(said).bot(Text("Again?"))


def test_without_retry_the_question_is_repeated() -> None:
    Script(a_bot(ask(input="number", retry=""))).start().bot(Text("Q?")).user("x").bot(Text("Q?")).user("1").attributes(
        {"a": 1}
    )


def test_question_and_retry_are_filled_in() -> None:
    bot = a_bot(ask(text="{{first_name}}?", retry="{{first_name}}!", input="number"))
    Script(bot).start().bot(Text("Ada?")).user("x").bot(Text("Ada!"))


def test_a_question_without_words_still_waits() -> None:
    Script(a_bot(ask(text="", retry=""), text("on"))).start().silent().user(" ").silent().user("x").bot(Text("on"))


def test_the_answer_may_be_a_field_of_the_profile() -> None:
    script = Script(a_bot(ask(save_as="phone", input="phone"), text("{{phone}}"))).start().bot(Text("Q?"))
    script.user("030 123").bot(Text("030123")).attributes({})
    assert script.state.customer.phone == "030123"


def test_n11_a_field_that_takes_no_such_answer_refuses_it() -> None:
    script = Script(a_bot(ask(save_as="first_name", input="number"), text("{{first_name}}"))).start().bot(Text("Q?"))
    script.user("5").noted("refused_attribute").bot(Text("Ada"))


def test_a_draft_that_names_no_attribute_keeps_nothing() -> None:
    Script(a_bot(ask(save_as=""), text("on"))).start().bot(Text("Q?")).user("x").bot(Text("on")).attributes({})


def test_n07_any_answer_is_kept_as_it_is_written() -> None:
    bot = a_bot(ask(input="any"))
    for words in NAUGHTY:
        plain = words.encode(errors="ignore").decode()[:2_000]
        Script(bot, a_customer()).start().bot(Text("Q?")).user(plain).attributes({"a": plain})


def test_findings() -> None:
    found = problems_of(a_bot(ask(text=" ", save_as="")), apis={})
    assert [(one.code, one.where.field) for one in found] == [("blank", "text"), ("blank", "save_as")]
    assert [one.code for one in problems_of(a_bot(ask(save_as="uid")), apis={})] == ["protected"]
