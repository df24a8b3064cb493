"""What is known of a customer, and what may change it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from backtalk.engine.customer import (
    DOCUMENTED_NAMES,
    MAX_ATTRIBUTE_BYTES,
    MAX_ATTRIBUTES,
    PROTECTED_NAMES,
    TEXT_FIELDS,
    wire_time,
)
from backtalk.engine.state import State
from tests.support.bots import T0, a_customer
from tests.support.naughty import NAUGHTY
from tests.support.script import through_json


def test_values_have_the_names_of_the_wire() -> None:
    customer = a_customer(
        last_message_at=T0, last_message_text="hm", timezone=5.75, phone="+49", attributes={"nr": 1, "uid": "forged"}
    )
    assert {name: customer.value(name) for name in sorted(DOCUMENTED_NAMES) if customer.value(name) is not None} == {
        "uid": 7,
        "platform_id": 3,
        "bot_enabled": True,
        "created_at": "2026-11-23 09:00:00.123456+00:00",
        "last_message_text": "hm",
        "last_message_time": "2026-11-23 09:00:00.123456+00:00",
        "timezone": 5.75,
        "phone": "+49",
        "first_name": "Ada",
        "full_name": "Ada",
    }
    assert customer.value("nr") == 1
    assert customer.value("nothing") is None
    assert customer.value("attributes") is None
    assert customer.value("id") is None


def test_the_full_name_is_made_of_the_parts_when_it_is_not_known() -> None:
    assert a_customer(last_name="Byron").value("full_name") == "Ada Byron"
    assert a_customer(full_name="Countess").value("full_name") == "Countess"
    assert a_customer(first_name="").value("full_name") is None


def test_time_on_the_wire() -> None:
    assert wire_time(datetime(2020, 10, 16, 6, 41, 59, 39735, tzinfo=UTC)) == "2020-10-16 06:41:59.039735+00:00"
    assert wire_time(datetime(2020, 10, 16, 6, 41, 59, tzinfo=UTC)) == "2020-10-16 06:41:59.000000+00:00"


def test_n12_a_time_in_a_gap_of_summer_time_is_written_as_it_is() -> None:
    gap = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=1))).astimezone(UTC)
    assert wire_time(gap) == "2026-03-29 01:30:00.000000+00:00"


@pytest.mark.parametrize("hours", [5.75, -9.5, 0, 14, -14, 12.75])
def test_n12_any_time_zone_is_kept(hours: float) -> None:
    customer, accepted, refused = a_customer().with_changes({"timezone": hours})
    assert (customer.timezone, accepted, refused) == (float(hours), {"timezone": float(hours)}, [])
    assert through_json(State(customer)).customer == customer


@pytest.mark.parametrize("locale", ["", "de", "de_DE", "zh-Hant-TW", "x" * 300, "\u0627\u0644", "C.UTF-8", "!!"])
def test_n12_any_locale_is_kept(locale: str) -> None:
    assert a_customer().with_changes({"locale": locale})[0].locale == locale


@pytest.mark.parametrize("name", sorted(PROTECTED_NAMES))
def test_protected_names_are_refused(name: str) -> None:
    customer, accepted, refused = a_customer().with_changes({name: "x"})
    assert (customer, accepted) == (a_customer(), {})
    assert [refusal[0] for refusal in refused] == [name]
    assert a_customer().with_changes({name: None})[2], "nor can they be taken away"


@pytest.mark.parametrize("name", TEXT_FIELDS)
def test_text_fields_take_text_and_are_emptied_by_none(name: str) -> None:
    customer, accepted, refused = a_customer().with_changes({name: "new"})
    assert (getattr(customer, name), accepted, refused) == ("new", {name: "new"}, [])
    customer, accepted, _ = customer.with_changes({name: None})
    assert (getattr(customer, name), accepted) == ("", {name: ""})


NO_TEXT: list[Any] = [1, 1.5, True, [], {}]
NO_HOURS: list[Any] = ["6", True, [], 14.5, -15, float("nan"), float("inf"), 10**400]


@pytest.mark.parametrize(
    ("name", "value"),
    [*((name, value) for name in TEXT_FIELDS for value in NO_TEXT), *(("timezone", value) for value in NO_HOURS)],
)
def test_n11_another_kind_is_refused_with_the_fix(name: str, value: Any) -> None:
    customer, accepted, refused = a_customer().with_changes({name: value})
    assert (customer, accepted) == (a_customer(), {})
    assert "send a" in refused[0][1]


def test_timezone_is_emptied_by_none() -> None:
    customer, accepted, _ = a_customer(timezone=1.0).with_changes({"timezone": None})
    assert (customer.timezone, accepted) == (None, {"timezone": None})


def test_attributes_are_merged_and_the_old_customer_stays_as_it_was() -> None:
    before = a_customer(attributes={"a": 1, "b": 2})
    after, accepted, refused = before.with_changes({"b": None, "c": [1], "gone": None})
    assert after.attributes == {"a": 1, "c": [1]}
    assert accepted == {"b": None, "c": [1], "gone": None}
    assert refused == []
    assert before.attributes == {"a": 1, "b": 2}


def test_p3_a_text_that_is_too_long_is_refused() -> None:
    for text in ("x" * MAX_ATTRIBUTE_BYTES, "\U0001f600" * (MAX_ATTRIBUTE_BYTES // 4)):
        assert not a_customer().with_changes({"a": text})[2]
        assert a_customer().with_changes({"a": text + "x"})[2]
        assert a_customer().with_changes({"first_name": text + "x"})[2]


def test_p3_a_customer_has_a_bounded_number_of_attributes() -> None:
    full = a_customer(attributes={f"n{number}": 1 for number in range(MAX_ATTRIBUTES)})
    customer, accepted, refused = full.with_changes({"new": 1, "n0": 2, "n1": None, "newer": 3})
    assert [name for name, _ in refused] == ["new"]
    assert accepted == {"n0": 2, "n1": None, "newer": 3}
    assert len(customer.attributes) == MAX_ATTRIBUTES


def test_n07_any_text_is_an_attribute_or_is_refused() -> None:
    for text in NAUGHTY:
        customer, accepted, refused = a_customer().with_changes({"a": text, "first_name": text})
        if refused:
            assert len(text.encode(errors="surrogatepass")) > MAX_ATTRIBUTE_BYTES
        else:
            assert customer.value("a") == customer.first_name == accepted["a"] == text
