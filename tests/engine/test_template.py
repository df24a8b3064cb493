"""Places in texts are found, filled and bounded; what is filled in is data."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtalk.engine.template import (
    ApiToken,
    Attribute,
    Part,
    apis,
    as_text,
    names,
    parse,
    render,
    render_url,
    unparse,
)
from tests.support.bots import a_customer
from tests.support.naughty import NAUGHTY


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain", ("plain",)),
        ("{{a}}", (Attribute("a"),)),
        ("a {{ order number }} b", ("a ", Attribute("order number"), " b")),
        ("{{a}}{{b}}", (Attribute("a"), Attribute("b"))),
        ("<<api:7>>", (ApiToken(7),)),
        ("x<< api:7 >>y", ("x", ApiToken(7), "y")),
        ("<<api:007>>", (ApiToken(7),)),
        ("{{}}", ("{{}}",)),
        ("{{ }}", ("{{ }}",)),
        ("{{a", ("{{a",)),
        ("{{a}", ("{{a}",)),
        ("{{{a}}}", ("{", Attribute("a"), "}")),
        ("{{a{b}}", ("{{a{b}}",)),
        ("{{a\nb}}", ("{{a\nb}}",)),
        ("{{" + "a" * 128 + "}}", (Attribute("a" * 128),)),
        ("{{" + "a" * 129 + "}}", ("{{" + "a" * 129 + "}}",)),
        ("<<api:x>>", ("<<api:x>>",)),
        ("<<orders>>", ("<<orders>>",)),
        ("<<api:" + "1" * 19 + ">>", ("<<api:" + "1" * 19 + ">>",)),
        ("\u00e4{{\u0444}}", ("\u00e4", Attribute("\u0444"))),
    ],
)
def test_parse(text: str, parts: tuple[Part, ...]) -> None:
    assert parse(text) == parts


@given(st.text(alphabet="{}<>api:1 x\n\u00e9", max_size=60))
def test_unparse_gives_the_parts_back(text: str) -> None:
    assert parse(unparse(parse(text))) == parse(text)


def test_n07_unparse_keeps_a_text_without_places() -> None:
    for text in NAUGHTY:
        if not any(isinstance(part, Attribute | ApiToken) for part in parse(text)):
            assert unparse(parse(text)) == text


def test_names_and_apis() -> None:
    assert names("{{a}} {{b}} {{a}} <<api:1>>") == {"a", "b"}
    assert apis("<<api:2>> {{a}} <<api:1>> <<api:2>>") == (2, 1)


def test_render_fills_what_is_known_and_leaves_the_rest_empty() -> None:
    customer = a_customer(attributes={"city": "Bonn", "nr": 3.0})
    assert (
        render("{{first_name}} in {{city}}, {{nr}}{{nothing}}, <<api:1>><<api:2>>", customer, {1: "one"})
        == "Ada in Bonn, 3, one"
    )
    assert render("<<api:1>>", customer) == ""


def test_n05_what_is_filled_in_is_never_read_for_places() -> None:
    for value in NAUGHTY:
        assert render("<{{a}}>", a_customer(attributes={"a": value})) == f"<{value}>"
        assert render("<<api:1>>!", a_customer(), {1: value}) == f"{value}!"


def test_n05_a_value_that_makes_a_place_with_its_surroundings_is_data_too() -> None:
    assert render("{{{{a}}}}", a_customer(attributes={"a": "first_name"})) == "{{first_name}}"
    assert render("<{{a}}", a_customer(attributes={"a": "<api:1>>"}), {1: "x"}) == "<<api:1>>"


def test_values_in_an_address_are_percent_encoded_as_one_value() -> None:
    customer = a_customer(attributes={"q": "a/b?c=d&e #\u00e4", "nr": 7})
    assert (
        render_url("https://x.example/{{nr}}?q={{q}}#z", customer)
        == "https://x.example/7?q=a%2Fb%3Fc%3Dd%26e%20%23%C3%A4#z"
    )


def test_n07_no_value_breaks_out_of_its_place_in_an_address() -> None:
    for value in NAUGHTY:
        filled = render_url("https://x.example/?q={{a}}&z=1", a_customer(attributes={"a": value}))
        encoded = filled.removeprefix("https://x.example/?q=").removesuffix("&z=1")
        assert encoded.isascii()
        assert not set(encoded) & set("/?#&=:@ \n\r\t\"'<>\\")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (True, "true"), (False, "false"), (3, "3"), (3.0, "3"), (-0.0, "0"), (0.1, "0.1"), (1e300, "1e+300"), ("x", "x"),
        (2**70, str(2**70)), ([1, "\u00e4", None], '[1, "\u00e4", null]'), ({"a": True}, '{"a": true}'), ([], "[]"),
    ],
)  # fmt: skip
def test_as_text(value: object, text: str) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize("room", range(12))
def test_filling_ends_where_the_room_ends(room: int) -> None:
    assert render("ab{{a}}cd", a_customer(attributes={"a": "12345"}), room=room) == "ab12345cd"[:room]


def test_p3_the_cost_of_parsing_follows_the_length() -> None:
    for nasty in (
        "{{" * 10_000,
        "{{a" * 7_000,
        "{{a " + " " * 19_990,
        "<<api:" * 3_300,
        "<< " * 6_600,
        "{{" + " " * 19_990,
    ):
        began = time.perf_counter()
        parse(nasty)
        assert time.perf_counter() - began < 0.25
