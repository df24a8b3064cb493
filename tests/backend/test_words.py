"""Findings are said in words that a person understands."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.backend.words import kind, quoted


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, "null"),
        (True, "a boolean"),
        (7, "a number"),
        (7.5, "a number"),
        ("x", "a string"),
        ([], "a list"),
        ({}, "an object"),
    ],
)
def test_every_json_value_has_a_name(value: Any, word: str) -> None:
    assert kind(value) == word


def test_a_value_is_quoted_as_it_was_sent_and_cut() -> None:
    assert quoted('say "hi"\n') == '"say \\"hi\\"\\n"'
    assert quoted("x" * 100) == '"' + "x" * 60 + '…"'
    values: list[Any] = [None, True, 3, [], {}]
    assert [quoted(value) for value in values] == ["null", "true", "3", "a list", "an object"]
