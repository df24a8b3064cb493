"""Refusals as problem documents."""

from __future__ import annotations

import inspect

import pytest

from backtalk import errors
from backtalk.errors import BacktalkError, Invalid, NotFound, Problem, TooMany, Where
from backtalk.http.problems import MAX_PROBLEMS, STATUS, document_of, invalid_fields, problem_response, status_of
from tests.http.site import Site

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, BacktalkError) and kind is not BacktalkError
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_status_and_a_whole_document(kind: type[BacktalkError]) -> None:
    error = kind()
    assert kind in STATUS
    document = document_of(error)
    assert document["type"].endswith(kind.code)
    assert {"title", "status", "code", "detail", "hint"} <= document.keys()
    assert document["status"] == status_of(error) >= 400
    assert document["detail"]


def test_a_subclass_has_its_parents_status() -> None:
    class Special(NotFound):
        """Special."""

        code = "special"

    assert status_of(Special()) == 404
    assert document_of(Special())["code"] == "special"


def test_problems_name_their_places_and_are_bounded() -> None:
    problem = Problem("unknown_api", "There is no API 7.", "Choose one.", Where(sequence=1, block="b1", field="api"))
    document = document_of(Invalid(problems=(problem,) * 1_000))
    assert len(document["problems"]) == MAX_PROBLEMS
    assert document["problems"][0] == {
        "code": "unknown_api",
        "message": "There is no API 7.",
        "hint": "Choose one.",
        "where": {"sequence": 1, "block": "b1", "field": "api"},
        "severity": "error",
    }


def test_too_many_says_when() -> None:
    assert problem_response(TooMany(retry_after_s=7)).headers["retry-after"] == "7"


def test_fields_become_problems_with_field_and_path() -> None:
    error = invalid_fields([{"type": "missing", "loc": ("body", "headers", 0, "name"), "msg": "Field required"}])
    assert error.code == "invalid"
    assert error.problems[0].where == Where(field="headers.0.name", path="$.headers[0].name")
    assert error.problems[0].hint
    assert error.problems[0].message == "“name” is missing."
    unknown = invalid_fields([{"type": "extra_forbidden", "loc": ("body", "colour"), "msg": "…"}])
    assert unknown.problems[0].message == "“colour” is not a field here."


def test_a_path_that_cannot_be_an_id_is_an_unknown_id() -> None:
    error = invalid_fields([{"type": "int_parsing", "loc": ("path", "api_id"), "msg": "…"}])
    assert document_of(error) == document_of(NotFound())


async def test_a_form_names_every_wrong_field(site: Site) -> None:
    reply = await site.own.owner.post("/api/v1/apis", {"name": 5, "method": "POST", "colour": "red"})
    assert reply.status == 422
    assert {problem["where"]["field"] for problem in reply.json()["problems"]} == {"name", "url", "colour"}
    assert all(problem["hint"] and problem["message"] for problem in reply.json()["problems"])


@pytest.mark.parametrize(
    "api_id", ["0", "-1", "abc", "9223372036854775807", "9223372036854775808", "1.5", "1e3", "9" * 500]
)
async def test_a01_no_id_is_more_than_unknown(site: Site, api_id: str) -> None:
    reply = await site.own.owner.get(f"/api/v1/apis/{api_id}")
    assert reply.status == 404
    assert reply.body == (await site.own.owner.get("/api/v1/apis/999")).body


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=-1", "after=99999999999999999999"])
async def test_pages_are_bounded(site: Site, query: str) -> None:
    reply = await site.own.owner.get(f"/api/v1/apis?{query}")
    assert reply.status == 422
    assert reply.json()["problems"][0]["where"]["field"] in ("limit", "after")
