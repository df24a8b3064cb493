"""The one parser: rows B09 to B15, B25, B26 and principle P4."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backtalk.backend.strict_json import Document, Malformed, parse
from tests.support import hostile_json


def value(body: bytes) -> Any:
    document = parse(body)
    assert isinstance(document, Document), document
    return document.value


def fault(body: bytes, charset: str = "") -> Malformed:
    malformed = parse(body, charset=charset)
    assert isinstance(malformed, Malformed), malformed
    assert malformed.message.endswith(".")
    return malformed


@pytest.mark.parametrize("body", hostile_json.VALID, ids=repr)
def test_b25_strict_json_is_read(body: bytes) -> None:
    assert value(body) == json.loads(body)


@pytest.mark.parametrize("body", hostile_json.INVALID, ids=lambda body: repr(body[:60]))
def test_b25_everything_else_is_refused_with_its_place(body: bytes) -> None:
    malformed = fault(body)
    assert malformed.outcome == "invalid_json"
    assert malformed.line is not None
    assert malformed.column is not None
    lines = body.decode(errors="replace").split("\n")
    assert 1 <= malformed.line <= len(lines)
    assert 1 <= malformed.column <= len(lines[malformed.line - 1]) + 1


@pytest.mark.parametrize(
    ("body", "line", "column", "hint"),
    [
        (b"<html><body>Oops</body></html>", 1, 1, "HTML"),
        (b'{\n "data": "x", # a comment\n}', 2, 15, "comments"),
        (b'{"success": True}', 1, 13, "small letters"),
        (b"{'success': true}", 1, 2, "double quotes"),
        (b'{"success": true}\n{"success": true}', 2, 1, "one JSON document"),
        (b'{"success": true', 1, 17, "ends too early"),
        ('{"ä": "ü",\n "ö": NaN}'.encode(), 2, 7, "null or a string"),
        (b'{"a": "NaN",\n"b": [-Infinity]}', 2, 7, "null or a string"),
        (b'{"a": "1e400", "b": 1e400}', 1, 21, "as a string"),
        (b'["18446744073709551616",\n18446744073709551616]', 2, 1, "as a string"),
        (b'{"a": "line\nbreak"}', 1, 12, "`\\n`"),
        ('["é",\n "\udcff"]'.encode(errors="surrogateescape"), 2, 3, "UTF-8"),
        (b"[\n" * 40, 33, 1, "nested"),
        (b'["]]]]", "\\"]]", ' + b"[" * 40, 1, 49, "nested"),
    ],
)
def test_section_5_line_column_and_cure(body: bytes, line: int, column: int, hint: str) -> None:
    malformed = fault(body)
    assert (malformed.line, malformed.column) == (line, column)
    assert hint in malformed.hint


def test_b06_an_empty_body_is_no_json() -> None:
    assert "no body" in fault(b"").message
    assert "blank" in fault(b" \n").message


def test_b09_a_byte_order_mark_is_skipped() -> None:
    assert value(b"\xef\xbb\xbf[1]") == [1]
    assert fault(b"\xef\xbb\xbf[1").column == 3


@pytest.mark.parametrize("body", hostile_json.OTHER_ENCODINGS, ids=repr)
def test_b09_utf_16_and_utf_32(body: bytes) -> None:
    assert fault(body).outcome == "encoding"


def test_b09_declared_latin_1() -> None:
    assert fault('["é"]'.encode("latin-1"), "iso-8859-1").outcome == "encoding"
    assert fault('["é"]'.encode("latin-1")).outcome == "invalid_json"
    assert isinstance(parse('["é"]'.encode(), charset="iso-8859-1"), Document)


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**63, 2**64 - 1])
def test_b13_integers_of_64_bits_are_exact(number: int) -> None:
    assert value(str(number).encode()) == number
    assert type(value(str(number).encode())) is int


@pytest.mark.parametrize("number", ["18446744073709551616", "-9223372036854775809", str(2**70), "9" * 5_000])
def test_b13_larger_integers_are_refused(number: str) -> None:
    assert "64 bits" in fault(number.encode()).message


def test_b14_the_last_of_two_keys_wins_and_is_told() -> None:
    document = parse(b'[{"success":false,"success":true,"a":{"x":1,"x":2,"x":3},"b":1}]')
    assert document == Document([{"success": True, "a": {"x": 3}, "b": 1}], ("x", "success"))


def test_b14_only_the_first_few_keys_are_named() -> None:
    body = "{" + ",".join(f'"{key}":1,"{key}":2' for key in range(5_000)) + "}"
    document = parse(body.encode())
    assert isinstance(document, Document)
    assert len(document.repeated) == 10


@pytest.mark.parametrize("body", hostile_json.DEEP, ids=lambda body: f"{body[:6]!r}-{len(body)}")
def test_b15_too_deep_is_refused_fast(body: bytes) -> None:
    started = time.thread_time()
    malformed = fault(body)
    assert time.thread_time() - started < 0.25  # the row says 50 ms; the machine may be busy
    assert "deeper than 32" in malformed.message


def test_b15_32_levels_are_fine_whatever_stands_in_strings() -> None:
    assert value(b"[" * 32 + b"]" * 32)
    assert value(b'["' + b"[{" * 100 + b'"]') == ["[{" * 100]
    assert value(b'["\\"[[[\\\\", {"[[[": "' + b"[" * 99 + b'"}' + b", []" * 50 + b"]")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'"\ud800"', "\ufffd"),
        (rb'"\uDFFFx\uD83C"', "\ufffdx\ufffd"),
        (rb'"\udf4f\ud83c"', "\ufffd\ufffd"),
    ],
)
def test_section_5_what_a_database_cannot_hold_is_replaced(body: bytes, text: str) -> None:
    assert parse(body) == Document(text, replaced=True)
    assert parse(b'{"k":[' + body + b"]," + body + b":1}") == Document({"k": [text], text: 1}, replaced=True)


def test_section_5_valid_pairs_and_escaped_backslashes_stay() -> None:
    assert parse(rb'"\ud83c\udf4f"') == Document("\U0001f34f")
    assert parse(rb'"\\u0000"') == Document("\\u0000")


@pytest.mark.parametrize("body", [*hostile_json.mutations()][::3], ids=lambda body: None)
def test_b25_damaged_bodies_agree_with_the_standard_library(body: bytes) -> None:
    document = parse(body)
    try:
        expected = json.loads(body.decode())
    except ValueError:
        assert isinstance(document, Malformed)
    else:
        assert document == Document(expected, getattr(document, "repeated", ()))


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:\\u0dD8123eE+-.truefalsn \n', max_size=80).map(str.encode))
@example(b'"\\')
@example(b"\x00")
@example(b"\xef\xbb\xbf")
def test_p4_any_bytes_are_a_document_or_malformed(body: bytes) -> None:
    document = parse(body)
    if isinstance(document, Document):
        json.dumps(document.value, allow_nan=False).encode()
    else:
        assert document.message


def test_b16_a_million_members_are_bounded_by_the_body() -> None:
    body = b"{" + b",".join(b'"%d":1' % key for key in range(100_000)) + b"}"
    assert len(value(body)) == 100_000
