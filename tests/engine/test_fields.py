"""Buttons, cards and API items: what they show and what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from backtalk.engine.block import ApiSummary, Surroundings
from backtalk.engine.fields import (
    ApiItem,
    AttributeName,
    ButtonForm,
    ButtonItem,
    CardForm,
    CardItem,
    OnFailureForm,
    addressable,
    api_items,
    sequence_id,
)
from backtalk.engine.messages import Button, Card
from backtalk.engine.reply import OnFailure
from tests.engine.test_run import a_run
from tests.support.bots import a_customer, a_state

AROUND = Surroundings({1}, {1: ApiSummary("Orders", "text")})


def a_button(kind: Any = "sequence", value: Any = 1, **more: Any) -> ButtonForm:
    return ButtonForm(**{"title": "Go", "type": kind, "value": value, **more})


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        (a_button(), Button("Go", "sequence", 1)),
        (a_button(value="1", extra="a={{b}}"), Button("Go", "sequence", 1, "a={{b}}")),
        (a_button(title="Hi {{first_name}}"), Button("Hi Ada", "sequence", 1)),
        (a_button(value=2), None),
        (a_button(title=" "), None),
        (a_button("url", "https://x.example/{{first_name}}"), Button("Go", "url", "https://x.example/Ada")),
        (a_button("url", "{{first_name}}"), None),
        (a_button("phone", "+49 {{nr}}"), Button("Go", "phone", "+49123")),
        (a_button("phone", 49123), Button("Go", "phone", "49123")),
        (a_button("phone", "{{first_name}}"), None),
    ],
)
def test_buttons(form: ButtonForm, shown: Button | None) -> None:
    assert form.shown(a_run(state=a_state(customer=a_customer(attributes={"nr": 123})))) == shown


@pytest.mark.parametrize(
    ("form", "code", "field"),
    [
        (a_button(title=" "), "blank", "b.title"),
        (a_button(value=2), "unknown_sequence", "b.value"),
        (a_button(value="x"), "unknown_sequence", "b.value"),
        (a_button("url", "x.example"), "bad_url", "b.value"),
        (a_button("url", "{{host}}/x"), "bad_url", "b.value"),
        (a_button("phone", "x"), "bad_phone", "b.value"),
    ],
)
def test_findings_of_buttons(form: ButtonForm, code: str, field: str) -> None:
    (found,) = form.findings("b", AROUND, phone=True)
    assert (found.code, found.field, found.severity) == (code, field, "error")
    assert found.message
    assert found.hint


@pytest.mark.parametrize(
    "form",
    [
        a_button(),
        a_button(value="1"),
        a_button("url", "https://x.example/{{a}}"),
        a_button("phone", "{{nr}}"),
        a_button("phone", 123),
    ],
)
def test_buttons_without_findings(form: ButtonForm) -> None:
    assert list(form.findings("b", AROUND, phone=True)) == []


def test_a_phone_button_where_there_is_none() -> None:
    assert [found.code for found in a_button("phone", "123").findings("b", AROUND, phone=False)] == ["not_here"]


def test_cards() -> None:
    form = CardForm(
        title="{{first_name}}",
        subtitle="{{nothing}}",
        image="javascript:x",
        url="https://x.example/",
        buttons=[a_button(), a_button(value=9)],
    )
    assert form.shown(a_run()) == Card("Ada", None, None, "https://x.example/", (Button("Go", "sequence", 1),))
    assert CardForm(title="t").shown(a_run()) == Card("t")
    assert [(found.code, found.field) for found in form.findings("c", AROUND)] == [
        ("bad_url", "c.image"),
        ("unknown_sequence", "c.buttons.1.value"),
    ]
    assert [found.field for found in CardForm(title=" ", buttons=[a_button("phone", "123")]).findings("c", AROUND)] == [
        "c.title",
        "c.buttons.0.type",
    ]


def test_an_item_is_an_api_when_it_names_one() -> None:
    for adapter, own in (
        (TypeAdapter(ButtonItem), {"title": "x", "type": "sequence", "value": 1}),
        (TypeAdapter(CardItem), {"title": "x"}),
    ):
        assert adapter.validate_python({"api": 1}) == ApiItem(api=1)
        assert not isinstance(adapter.validate_python(own), ApiItem)
        assert adapter.validate_python(ApiItem(api=1)) == ApiItem(api=1)
        for wrong in ({"api": 1, **own}, {"api": "1"}, {"api": True}, {}, 5, None):
            with pytest.raises(ValidationError):
                adapter.validate_python(wrong)


def test_api_items_name_their_fields() -> None:
    assert list(api_items("items", [ApiItem(api=3), a_button(), ApiItem(api=1)])) == [
        ("items.0.api", 3),
        ("items.2.api", 1),
    ]


def test_on_failure() -> None:
    assert OnFailureForm(say="x", sequence=1).to_value() == OnFailure("x", 1)
    assert OnFailureForm().to_value() == OnFailure()


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (1, 1),
        ("1", 1),
        ("007", 7),
        ("", None),
        ("x", None),
        ("-1", None),
        ("\u0661", None),
        ("\u00b2", None),
        ("1" * 19, None),
        (" 1", None),
    ],
)
def test_sequence_ids(value: int | str, meant: int | None) -> None:
    assert sequence_id(value) == meant


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://x.example", True),
        ("https://{{host}}/", True),
        ("{{url}}", False),
        ("javascript:{{x}}", False),
        ("x", False),
        (5, False),
    ],
)
def test_addressable(text: int | str, good: bool) -> None:
    assert addressable(text) is good


@pytest.mark.parametrize(
    ("name", "kept"),
    [("city", "city"), (" order number ", "order number"), ("\u00e4", "\u00e4"), ("x" * 128, "x" * 128)],
)
def test_names_of_attributes(name: str, kept: str) -> None:
    assert TypeAdapter(AttributeName).validate_python(name) == kept


@pytest.mark.parametrize("name", ["", "  ", "a{b", "a}b", "a<b", "a>b", "a\nb", "a\x00", "x" * 129, 5])
def test_what_is_no_name_of_an_attribute(name: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(AttributeName).validate_python(name)
