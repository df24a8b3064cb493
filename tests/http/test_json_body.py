"""Bodies of the management API before any route reads them."""

from __future__ import annotations

from threading import get_ident
from time import perf_counter

import pytest

from backtalk.errors import Invalid
from backtalk.http import json_body
from backtalk.http.json_body import MAX_DEPTH, MAX_JUDGED_AT_ONCE, judge
from backtalk.http.problems import BadJson
from tests.http.site import Site

_BOT = b'{"name": "Shop"}'
_JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b'{"name": NaN}', 1, 10),
        (b'{\n  "name": Infinity\n}', 2, 11),
        (b"{'name': 1}", 1, 2),
        (b'{"name": "Shop"} x', 1, 18),
        (b'{"name": "Sh', 1, 13),
    ],
)
def test_what_is_not_json_is_refused_with_line_and_column(body: bytes, line: int, column: int) -> None:
    with pytest.raises(BadJson) as refused:
        judge(body)
    assert f"line {line}, column {column}" in refused.value.detail


@pytest.mark.parametrize("body", [b"\xff\xfe", b'{"name": "\xc3\x28"}', b'{"name": "\\ud800"}', b"nul", b"[1e999]"])
def test_no_bytes_get_through_that_cannot_be_stored(body: bytes) -> None:
    with pytest.raises(Invalid):
        judge(body)


def test_b15_depth_is_bounded_without_recursion() -> None:
    judge(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 1_000, 500_000):
        began = perf_counter()
        with pytest.raises(Invalid, match="nested deeper"):
            judge(b'{"a":' + b"[" * depth + b"]" * depth + b"}")
        assert perf_counter() - began < 2


def test_brackets_in_strings_are_not_depth() -> None:
    judge(b'["' + b"[{" * 500 + b'", "\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["]')


@pytest.mark.parametrize("number", [b"9223372036854775808", b"-9223372036854775809", b"1e300", b"1" * 400])
def test_numbers_of_more_than_64_bits_are_refused_with_their_path(number: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        judge(b'{"a": [0, {"b": ' + number + b"}]}")
    if not isinstance(refused.value, BadJson):
        assert refused.value.problems[0].where.path == "$.a[1].b"


def test_a_long_number_inside_a_text_is_text() -> None:
    judge(b'{"phone": "99999999999999999999", "small": 1e3, "big": 9223372036854775807}')


def test_n07_u0000_is_refused_in_values_and_keys() -> None:
    for body in (b'{"a": "x\\u0000"}', b'{"a\\u0000": 1}'):
        with pytest.raises(Invalid, match=r"U\+0000"):
            judge(body)
    judge(b'{"a": "written out: \\\\u0000"}')


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"],
)
async def test_i17_a08_another_content_type_is_415(site: Site, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    reply = await site.own.owner.request("POST", "/api/v1/bots", body=_BOT, headers=headers)
    assert reply.status == 415
    assert reply.json()["code"] == "unsupported_media_type"
    assert (await site.own.owner.get("/api/v1/bots")).json()["items"] == []


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
async def test_json_by_its_usual_names_is_read(site: Site, content_type: str) -> None:
    reply = await site.own.owner.request("POST", "/api/v1/bots", body=_BOT, headers={"content-type": content_type})
    assert reply.status == 201


async def test_bad_json_is_400_over_http(site: Site) -> None:
    reply = await site.own.owner.request("POST", "/api/v1/bots", body=b'{"name": NaN}', headers=_JSON)
    assert reply.status == 400
    assert reply.json()["code"] == "invalid"
    assert reply.json()["problems"][0]["where"]["path"] == "line 1, column 10"


async def test_a_body_in_chunks_is_one_body(site: Site) -> None:
    reply = await site.own.owner.request(
        "POST", "/api/v1/bots", body=[_BOT[:5], _BOT[5:], b""], headers={"content-type": "application/json"}
    )
    assert reply.status == 201


async def test_without_a_body_no_type_is_needed(site: Site) -> None:
    assert (await site.own.owner.post("/api/v1/workspace/signing-secret")).status == 200


async def test_p8_a_large_body_is_judged_beside_the_loop_a_small_one_on_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole bots of one workspace held everybody else up for seconds."""
    threads: list[int] = []

    def judged(body: bytes) -> None:
        threads.append(get_ident())
        judge(body)

    monkeypatch.setattr(json_body, "judge", judged)
    blanks = b" " * MAX_JUDGED_AT_ONCE
    for body in (_BOT, _BOT + blanks):
        reply = await site.own.owner.request("POST", "/api/v1/bots", body=body, headers=_JSON)
        assert reply.status == 201
    reply = await site.own.owner.request("POST", "/api/v1/bots", body=b"{" + blanks, headers=_JSON)
    assert reply.status == 400
    on_it, *beside = [thread == get_ident() for thread in threads]
    assert (on_it, beside) == (True, [False, False])
