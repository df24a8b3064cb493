"""Bodies are read up to a bound, as strict JSON, into a model."""

from __future__ import annotations

import orjson
import pytest
from pydantic import BaseModel
from starlette.requests import Request

from backtalk.errors import Invalid, TooLarge
from backtalk.http.problems import BadJson
from backtalk.http.reading import json_response, parse_json, parse_model, read_model


class Thing(BaseModel):
    name: str


def request(*chunks: bytes) -> Request:
    waiting = list(chunks)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    return Request({"type": "http", "headers": []}, receive)


async def test_a_body_becomes_a_model() -> None:
    assert await read_model(request(b'{"name":', b'"x"}'), Thing, most=100) == Thing(name="x")


async def test_i11_reading_stops_at_the_bound() -> None:
    with pytest.raises(TooLarge):
        await read_model(request(b"x" * 60, b"x" * 60, b"never read"), Thing, most=100)


@pytest.mark.parametrize(
    ("body", "place"), [(b"", "line 1, column 1"), (b'{\n "a": }', "line 2"), (b"NaN", "line 1"), (b"\xff", "line 1")]
)
def test_what_is_not_json_is_told_with_its_place(body: bytes, place: str) -> None:
    with pytest.raises(BadJson, match=place):
        parse_json(body)


@pytest.mark.parametrize("value", [None, [], "x", {}, {"name": 7}])
def test_what_is_not_the_model_is_told_field_by_field(value: object) -> None:
    with pytest.raises(Invalid) as refused:
        parse_model(value, Thing)
    assert refused.value.problems


def test_an_answer_is_json() -> None:
    reply = json_response({"a": "ü"}, 201)
    assert (reply.status_code, orjson.loads(reply.body)) == (201, {"a": "ü"})
