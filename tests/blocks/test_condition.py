"""The Condition Block."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.blocks import problems_of
from backtalk.blocks.condition import MAX_TESTS
from backtalk.engine.messages import Text
from backtalk.errors import Invalid
from tests.support.bots import a_bot, a_customer, text
from tests.support.script import Script


def holds(group: dict[str, Any], **attributes: Any) -> bool:
    bot = a_bot({"type": "condition", "if": group, "then": 2}, text("no"), sequences={2: [text("yes")]})
    script = Script(bot, a_customer(attributes=attributes)).start()
    yes = script._sent[0] == Text("yes")
    script.bot(Text("yes" if yes else "no"))
    return yes


@pytest.mark.parametrize(
    ("actual", "op", "value", "expected"),
    [
        (1, "eq", "1", True), (1, "eq", 1.0, True), ("1", "eq", 1, True), ("01", "eq", 1, True), (" x ", "eq", "X", True),
        ("x", "eq", "y", False),
        (True, "eq", True, True), (True, "eq", "true", True), (True, "eq", 1, False), (0.1, "eq", "0.1", True), ("1_0", "eq", "10", False),
        ("12345678901234567890", "eq", "12345678901234567891", False), (2**63, "eq", 2**63 + 1, False), (None, "eq", "", True),
        ([1, "a"], "eq", '[1, "a"]', True), ("nan", "eq", "NaN", True), ("1e400", "eq", "1e400", True), ("1e999999999999", "gt", 5, True),
        (1, "ne", "1", False), (1, "ne", 2, True), (None, "ne", "x", True),
        (5, "lt", 10, True), ("5", "lt", "10", True), ("5", "lt", 5, False), (5, "le", 5, True), (6, "gt", "5.5", True), (5, "ge", 5, True),
        (4, "ge", 5, False), ("2026-01-02", "gt", "2026-01-01", True), ("B", "gt", "a", True), (None, "lt", 5, False), ("", "lt", 5, False),
        ("5", "gt", "{{nothing}}", False), (5, "gt", None, False),
        ("Hello World", "contains", "world", True), ("Hello", "contains", "", False), ([1, "Two"], "contains", "two", True),
        ([1, 2], "contains", "1", True),
        ([1, 2], "contains", 3, False), (None, "contains", "x", False), (123, "contains", 2, True),
        ("x", "is_set", None, True), (0, "is_set", None, True), (False, "is_set", None, True), ("", "is_set", None, False),
        ([], "is_set", None, False),
        (None, "is_set", None, False), (None, "is_empty", None, True), ({}, "is_empty", None, True), (" ", "is_empty", None, False),
    ],
)  # fmt: skip
def test_comparisons(actual: Any, op: str, value: Any, expected: bool) -> None:
    given = {} if actual is None else {"a": actual}
    assert holds({"all": [{"attribute": "a", "op": op, "value": value}]}, **given) is expected


def test_fields_of_the_profile_are_compared_too() -> None:
    assert holds({"all": [{"attribute": "first_name", "op": "eq", "value": "ada"}]})
    assert holds({"all": [{"attribute": "uid", "op": "eq", "value": "7"}]})


def test_the_value_is_filled_in() -> None:
    assert holds({"all": [{"attribute": "a", "op": "eq", "value": "{{b}}"}]}, a=5, b=5)


YES, NO = {"attribute": "first_name", "op": "is_set"}, {"attribute": "nothing", "op": "is_set"}


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({"all": [YES, YES]}, True), ({"all": [YES, NO]}, False), ({"any": [NO, YES]}, True), ({"any": [NO, NO]}, False),
        ({"all": [YES, {"any": [NO, YES]}]}, True), ({"any": [NO, {"all": [YES, NO]}]}, False), ({"all": []}, True),
        ({"any": []}, False), ({}, True),
        ({"all": [YES], "any": [NO]}, False), ({"all": [{"all": [{"all": [{"all": [YES]}]}]}]}, True),
    ],
)  # fmt: skip
def test_groups(group: dict[str, Any], expected: bool) -> None:
    assert holds(group) is expected


def test_p8_a_condition_has_a_bounded_number_of_comparisons() -> None:
    """Fifty lists of fifty, come by a hundred times, held the one writer for seconds."""
    lists = [{"any": [NO] * 50} for _ in range(MAX_TESTS // 50)]
    assert holds({"any": lists}) is False
    with pytest.raises(Invalid) as caught:
        a_bot({"type": "condition", "if": {"any": [*lists, NO]}})
    (problem,) = caught.value.problems
    assert (problem.code, problem.where.block, problem.where.field) == ("too_long", "1.0", "if")


def test_where_it_goes() -> None:
    sequences = {2: [text("then")], 3: [text("else")]}
    for test, then, other, said in ((YES, 2, 3, "then"), (NO, 2, 3, "else"), (YES, None, 3, "on"), (NO, 2, None, "on")):
        block = {"type": "condition", "if": {"all": [test]}, "then": then, "else": other}
        Script(a_bot(block, text("on"), sequences=sequences)).start().bot(Text(said))


def test_findings() -> None:
    found = problems_of(a_bot({"type": "condition", "if": {}, "then": 8, "else": 9}), apis={})
    assert [(one.code, one.where.field) for one in found] == [
        ("empty", "if"),
        ("unknown_sequence", "then"),
        ("unknown_sequence", "else"),
    ]
