"""Exceptions and problems: what they say without being told, and how they are published."""

from __future__ import annotations

import pytest

from backtalk import errors
from backtalk.errors import BacktalkError, Conflict, Invalid, NotFound, Problem, TooMany, Where

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BacktalkError)]


@pytest.mark.parametrize("kind", KINDS)
def test_the_docstring_is_the_message(kind: type[BacktalkError]) -> None:
    error = kind()
    assert error.detail == (kind.__doc__ or "").splitlines()[0]
    assert str(error) == error.detail
    assert error.detail.endswith(".")


def test_codes_are_stable_and_each_its_own() -> None:
    assert sorted(kind.code for kind in KINDS) == [
        "bad_signature",
        "conflict",
        "error",
        "forbidden",
        "invalid",
        "not_found",
        "plan_required",
        "sign_in_required",
        "too_large",
        "too_many",
        "unavailable",
    ]


def test_detail_hint_and_problems_can_be_given() -> None:
    problem = Problem("blank", "It is empty.")
    error = Invalid("Two things are wrong.", hint="Mend them.", problems=(problem,))
    assert (error.detail, error.hint, error.problems) == ("Two things are wrong.", "Mend them.", (problem,))
    assert Invalid().problems == ()
    assert NotFound(hint="Look again.").hint == "Look again."
    assert NotFound().hint == NotFound.hint
    assert Conflict().hint == ""


def test_too_many_says_when_to_come_back() -> None:
    assert TooMany(retry_after_s=7).retry_after_s == 7
    assert TooMany().retry_after_s == 1


def test_a_problem_is_published_without_the_places_that_do_not_apply() -> None:
    problem = Problem("blank", "It is empty.", "Write.", Where(sequence=1, block="b1", field="text"), "warning")
    assert problem.to_json() == {
        "code": "blank",
        "message": "It is empty.",
        "hint": "Write.",
        "where": {"sequence": 1, "block": "b1", "field": "text"},
        "severity": "warning",
    }
    assert Problem("x", "y").to_json()["where"] == {}
