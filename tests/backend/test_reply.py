"""Reading replies: CONTRACT.md section 5 statement by statement, and group B of RELIABILITY.md."""

from __future__ import annotations

import json
import time
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtalk.backend import contract
from backtalk.backend.reply import KEPT_CHARS, MAX_MESSAGE_CHARS, MAX_NOTES, MAX_WRONG_ITEMS, read_reply
from backtalk.engine.messages import Button, Card, Media
from backtalk.engine.reply import ApiFailure, ApiReply, Outcome, Shape
from backtalk.exchange import FailureKind, HttpFailure, HttpReply
from tests.support import hostile_json

SHAPES: tuple[Shape, ...] = get_args(Shape)
JSON_TYPE = (("Content-Type", "application/json; charset=utf-8"),)


def http(body: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = JSON_TYPE) -> HttpReply:
    return HttpReply(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode(), 12)


def read(shape: Shape | None, body: Any, status: int = 200) -> ApiReply | ApiFailure:
    result = read_reply(shape, http(body, status))
    for note in result.notes:
        assert note.message.endswith((".", "…")) or note.message.startswith("The body begins")
    return result


def ok(shape: Shape | None, data: Any = None, **fields: Any) -> ApiReply:
    result = read(shape, {"data": data, "success": True} | fields)
    assert isinstance(result, ApiReply), result
    return result


def failed(shape: Shape | None, body: Any, status: int = 200) -> ApiFailure:
    result = read(shape, body, status)
    assert isinstance(result, ApiFailure), result
    assert result.message
    return result


def bad(shape: Shape | None, data: Any, **fields: Any) -> ApiFailure:
    failure = failed(shape, {"data": data, "success": True, "attributes": {"a": 1}} | fields)
    assert failure.outcome == "bad_shape"
    assert failure.attributes == {}
    return failure


def noted(result: ApiReply | ApiFailure) -> list[str]:
    return [note.path for note in result.notes]


LINK: dict[str, Any] = {"title": "Open", "type": "url", "value": "https://a.example/"}
GO: dict[str, Any] = {"title": "Go", "type": "sequence", "value": 12}
PHONE: dict[str, Any] = {"title": "Call", "type": "phone", "value": "+49 30 123"}

NO_OBJECTS: list[Any] = ["x", 5, None, [], True]
NO_TITLES: list[Any] = ["", "  ", "\n", "\\n", None, [], {}]
NO_TYPES: list[Any] = ["Sequence", "link", "", None, 5, []]
NO_SEQUENCES: list[Any] = [None, "", "abc", -1.5, True, [], {}, "1.0", "-1", " 1"]
NO_PHONES: list[Any] = [None, "", "call", "++1", "12", "1" * 21, 1.5, "tel:+49123"]
NO_URLS: list[Any] = [
    *(
        None,
        "",
        5,
        "/x",
        "//a.example/",
        "https://",
        "https:\\\\a.example",
        "https://a.example/\nx",
        "https://u:p@a.example/",
    ),
    *(
        "javascript:alert(1)",
        "JaVaScRiPt:x",
        " javascript:x",
        "vbscript:x",
        "data:text/html,x",
        "tel:1",
        "file:///etc/passwd",
    ),
]
WRONG_BUTTONS: list[tuple[Any, str]] = [
    *((item, "$.data[1]") for item in NO_OBJECTS),
    *((GO | {"title": title}, "$.data[1].title") for title in NO_TITLES),
    *((GO | {"type": kind}, "$.data[1].type") for kind in NO_TYPES),
    *((GO | {"value": value}, "$.data[1].value") for value in NO_SEQUENCES),
    *((LINK | {"value": value}, "$.data[1].value") for value in NO_URLS),
    *((PHONE | {"value": value}, "$.data[1].value") for value in NO_PHONES),
    ({"type": "sequence", "value": 1}, "$.data[1].title"),
    ({"title": "x", "value": 1}, "$.data[1].type"),
    ({"title": "x", "type": "url"}, "$.data[1].value"),
]
NO_ADDRESSES: list[Any] = ["javascript:x", "x.png", [], {}, True, "ftp://a.example/"]
WRONG_PARTS: list[tuple[str, Any]] = [
    *(("image", value) for value in NO_ADDRESSES),
    *(("url", value) for value in NO_ADDRESSES),
    ("subtitle", []),
    ("subtitle", {}),
    ("buttons", "x"),
    ("buttons", {}),
    ("buttons", 5),
]


class TestOutcomes:
    @pytest.mark.parametrize("kind", get_args(FailureKind))
    def test_section_4_what_the_door_out_says_is_the_outcome(self, kind: FailureKind) -> None:
        assert read_reply("text", HttpFailure(kind, "Why.", 3)) == ApiFailure(kind, "Why.")

    def test_section_4_all_outcomes_are_known(self) -> None:
        ours = {"ok", "declined", "bad_status", "invalid_json", "bad_shape", "not_allowed"}
        assert set(get_args(Outcome)) == ours | set(get_args(FailureKind))

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 415, 429, 500, 503, 599, 300, 304, 101, 199, 0, 999])
    def test_b20_section_4_a_status_that_is_not_2xx_wins_over_the_body(self, status: int) -> None:
        failure = failed("text", contract.example("text"), status)
        assert failure.outcome == "bad_status"
        assert str(status) in failure.message
        assert failure.attributes == {}

    @pytest.mark.parametrize(
        ("status", "cure"), [(401, "header"), (403, "header"), (404, "address"), (405, "method"), (500, "log")]
    )
    def test_section_4_a_bad_status_says_where_to_look(self, status: int, cure: str) -> None:
        assert cure in failed("text", b"", status).message

    @pytest.mark.parametrize("status", [200, 201, 202, 203, 226, 299])
    def test_b21_all_2xx_are_alike(self, status: int) -> None:
        assert read("text", contract.example("text"), status) == read("text", contract.example("text"))

    def test_b21_206_is_a_failure(self) -> None:
        assert failed("text", contract.example("text"), 206).outcome == "bad_status"

    @pytest.mark.parametrize("shape", [None, *SHAPES])
    def test_b06_204_is_ok_with_nothing_to_show(self, shape: Shape | None) -> None:
        assert read_reply(shape, HttpReply(204, (), b"", 1)) == ApiReply()

    def test_b06_an_empty_200_is_invalid_json(self) -> None:
        assert failed("text", b"").outcome == "invalid_json"


class TestJson:
    @pytest.mark.parametrize("content_type", ["text/html", "text/plain; charset=utf-8", "application/octet-stream", ""])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_b08_section_5_any_content_type_is_accepted_and_noted(self, shape: Shape, content_type: str) -> None:
        headers = (("content-type", content_type),) if content_type else ()
        result = read_reply(shape, http(contract.example(shape), headers=headers))
        assert isinstance(result, ApiReply)
        assert result.data is not None
        assert ["Content-Type" in note.message for note in result.notes] == [True]

    @pytest.mark.parametrize(
        "content_type",
        ["application/json", "Application/JSON", "application/problem+json", 'application/json; charset="UTF-8"'],
    )
    def test_section_5_json_content_types_are_not_noted(self, content_type: str) -> None:
        assert not read_reply("text", http(contract.example("text"), headers=(("Content-Type", content_type),))).notes

    def test_b09_a_wrong_charset_is_noted_and_latin_1_bytes_are_refused(self) -> None:
        headers = (("Content-Type", "application/json; charset=ISO-8859-1"),)
        text = '{"success":true,"data":"é"}'
        result = read_reply("text", HttpReply(200, headers, text.encode(), 1))
        assert isinstance(result, ApiReply)
        assert (result.data, len(result.notes)) == ("é", 1)
        failure = read_reply("text", HttpReply(200, headers, text.encode("latin-1"), 1))
        assert isinstance(failure, ApiFailure)
        assert failure.outcome == "encoding"
        assert "iso-8859-1" in failure.message

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
    def test_b09_other_encodings(self, encoding: str) -> None:
        assert failed("text", '{"success":true}'.encode(encoding)).outcome == "encoding"

    def test_b09_section_5_a_byte_order_mark_is_tolerated(self) -> None:
        assert read("text", b"\xef\xbb\xbf" + json.dumps(contract.example("text")).encode()).notes == ()

    def test_b10_section_5_invalid_utf_8(self) -> None:
        failure = failed("text", b'{"success":true,\n"data":"\xff"}')
        assert (failure.outcome, failure.where) == ("invalid_json", "line 2, column 9")
        assert "\ufffd" not in str(failure)

    @pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
    def test_b12_section_5_numbers_that_are_none(self, literal: str) -> None:
        failure = failed("text", f'{{"success": true, "attributes": {{"a": {literal}}}}}'.encode())
        assert (failure.outcome, failure.where) == ("invalid_json", "line 1, column 39")

    def test_b12_b26_section_5_the_note_holds_line_and_column(self) -> None:
        note = failed("text", b'{"success":true}\n\n x').notes[0]
        assert (note.line, note.column) == (3, 2)
        assert note.hint

    @pytest.mark.parametrize("number", [2**63, 2**64, 2**70, int("9" * 4_000)])
    def test_b13_big_integers_are_exact_or_a_failure(self, number: int) -> None:
        result = read("text", {"data": number, "success": True, "attributes": {"n": number}})
        if isinstance(result, ApiReply):
            assert (result.data, result.attributes) == (str(number), {"n": number})
            orjson.dumps(result.attributes)
        else:
            assert result.outcome == "invalid_json"

    def test_b13_5000_digits(self) -> None:
        assert failed("text", b'{"success":true,"data":' + b"7" * 5_000 + b"}").outcome == "invalid_json"

    def test_b14_section_5_the_last_of_two_keys_wins_and_is_noted(self) -> None:
        result = read("text", b'{"success":false,"data":"x","success":true}')
        assert isinstance(result, ApiReply)
        assert result.data == "x"
        assert '"success"' in result.notes[0].message
        assert failed("text", b'{"success":true,"data":"x","success":false}').outcome == "declined"

    @pytest.mark.parametrize("body", hostile_json.DEEP, ids=lambda body: f"{body[:6]!r}-{len(body)}")
    def test_b15_section_4_depth(self, body: bytes) -> None:
        failure = failed("text", b'{"success":true,"data":' + body + b"}")
        assert failure.outcome == "invalid_json"
        assert failure.where.startswith("line 1, column ")
        orjson.dumps([note.message for note in failure.notes])

    @pytest.mark.parametrize("after", [b"x", b'{"success":true}', b'\n{"success":true}\n', b";", b"\x00", b")", b"//"])
    def test_b26_section_5_trailing_bytes(self, after: bytes) -> None:
        assert failed("text", b'{"success":true}' + after).outcome == "invalid_json"
        assert failed("text", b'callback({"success":true})').outcome == "invalid_json"

    def test_section_5_u0000_and_lone_surrogates_are_replaced(self) -> None:
        result = read(
            "text", rb'{"success":true,"data":"a\u0000b","attributes":{"k\ud800":["\udfff\u0000"]},"message":"\u0000"}'
        )
        assert isinstance(result, ApiReply)
        assert (result.data, result.attributes, result.message) == ("a\ufffdb", {"k\ufffd": ["\ufffd\ufffd"]}, "\ufffd")
        assert len(result.notes) == 1

    def test_b05_a_page_of_html_keeps_its_beginning_for_the_author(self) -> None:
        page = b"<!DOCTYPE html><title>It\x00 broke \xff\x1b[31m</title>" + b"x" * 1_000
        failure = failed("text", page)
        assert failure.outcome == "invalid_json"
        assert "HTML" in failed("text", page.replace(b"\xff", b"")).message
        shown = failure.notes[-1].message
        assert "<title>It\\u0000 broke \\xff\\u001b[31m" in shown
        assert len(shown) < KEPT_CHARS * 1.2
        assert failed("text", page, 500).notes[-1].message == shown


class TestEnvelope:
    @pytest.mark.parametrize("body", [None, [], "text", 5, 1.5, True, [{"success": True}]])
    def test_b07_the_top_level_is_an_object(self, body: Any) -> None:
        failure = failed("text", body)
        assert (failure.outcome, failure.where) == ("bad_shape", "$")

    @pytest.mark.parametrize("success", ["true", "false", 1, 0, None, [], {}, "yes"])
    def test_b18_section_5_success_of_another_type(self, success: Any) -> None:
        failure = failed("text", {"data": "x", "success": success, "attributes": {"a": 1}})
        assert (failure.outcome, failure.where, failure.attributes) == ("bad_shape", "$.success", {})
        assert "true or false" in failure.message

    def test_b18_section_5_success_missing(self) -> None:
        failure = failed("text", {"data": "x"})
        assert (failure.outcome, failure.where) == ("bad_shape", "$.success")
        assert "missing" in failure.message

    def test_b19_section_5_success_false_declines_and_saves_attributes(self) -> None:
        body = {"data": "x", "success": False, "attributes": {"a": 1}, "message": "No stock", "status": "404"}
        failure = failed("text", body)
        assert failure.outcome == "declined"
        assert (failure.attributes, failure.reply_message, failure.reply_status) == ({"a": 1}, "No stock", 404)

    def test_b19_data_of_a_declined_reply_is_not_judged(self) -> None:
        assert failed("gallery", {"data": 5, "success": False}).outcome == "declined"

    def test_b19_the_limits_of_attributes_hold_for_a_declined_reply(self) -> None:
        failure = failed("text", {"success": False, "attributes": {"": 1}})
        assert (failure.outcome, failure.attributes) == ("bad_shape", {})

    @pytest.mark.parametrize(("status", "number"), [(200, 200), ("200", 200), (404, 404), (None, None), ("007", 7)])
    def test_b18_section_5_status_is_for_the_log(self, status: Any, number: int | None) -> None:
        reply = ok("text", "x", status=status)
        assert (reply.data, reply.status, reply.notes) == ("x", number, ())

    @pytest.mark.parametrize("status", ["OK", -1, 1.5, True, [], {}, "9" * 10, 2**40, "", "\uff12\uff10\uff10"])
    def test_section_5_another_status_is_noted_and_does_no_harm(self, status: Any) -> None:
        reply = ok("text", "x", status=status)
        assert (reply.data, reply.status, noted(reply)) == ("x", None, ["$.status"])

    def test_section_5_message_is_for_the_log(self) -> None:
        assert ok("text", "x", message="Successful").message == "Successful"
        assert ok("text", "x", message=None).message == ""
        assert ok("text", "x").message == ""
        assert ok("text", "x", message=5).message == "5"

    @pytest.mark.parametrize("message", [[], {}])
    def test_section_5_another_message_is_noted(self, message: Any) -> None:
        reply = ok("text", "x", message=message)
        assert (reply.message, noted(reply)) == ("", ["$.message"])

    def test_section_5_a_long_message_is_cut(self) -> None:
        reply = ok("text", "x", message="m" * (MAX_MESSAGE_CHARS + 1))
        assert (len(reply.message), noted(reply)) == (MAX_MESSAGE_CHARS, ["$.message"])

    def test_section_5_other_keys_are_ignored(self) -> None:
        assert ok("text", "x", more={"deep": [1]}, Data="y").notes == ()

    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("data", ["", [], None])
    def test_section_5_empty_data_is_nothing_to_show(self, shape: Shape, data: Any) -> None:
        assert ok(shape, data) == ApiReply()
        assert read(shape, {"success": True}) == ApiReply()

    @pytest.mark.parametrize("data", ["x", 5, {"a": 1}, [1], None])
    def test_a_call_for_its_effects_ignores_data(self, data: Any) -> None:
        assert ok(None, data, attributes={"a": 1}) == ApiReply(None, {"a": 1})

    @pytest.mark.parametrize(
        ("shape", "data"),
        [
            *[("text", data) for data in ({}, [1], {"text": "x"}, ["x"])],
            *[("image", data) for data in ("https://a.example/x.png", 5, True, [{"type": "image", "url": "x"}])],
            *[
                (shape, data)
                for shape in ("gallery", "buttons", "quick_replies")
                for data in ("x", 5, 0, False, {}, GO)
            ],
        ],
    )
    def test_b17_section_5_data_of_the_wrong_type(self, shape: Shape, data: Any) -> None:
        assert bad(shape, data).where == "$.data"


class TestAttributes:
    @pytest.mark.parametrize("attributes", [None, {}])
    def test_section_5_may_be_absent_null_or_empty(self, attributes: Any) -> None:
        assert ok("text", "x", attributes=attributes) == ApiReply("x")

    @pytest.mark.parametrize("attributes", [[], [1], "x", 5, True])
    def test_section_5_not_an_object_is_ignored_and_noted(self, attributes: Any) -> None:
        reply = ok("text", "x", attributes=attributes)
        assert (reply.data, reply.attributes, noted(reply)) == ("x", {}, ["$.attributes"])

    def test_b22_section_5_types_survive(self) -> None:
        attributes = {"s": "x", "i": 1, "f": 1.5, "b": False, "n": None, "l": [1, {"a": None}], "o": {"x": [True]}}
        reply = ok("text", "x", attributes=attributes)
        assert reply.attributes == attributes
        assert [type(value) for value in reply.attributes.values()] == [type(value) for value in attributes.values()]
        assert reply.notes == ()

    def test_b22_odd_names_are_names(self) -> None:
        attributes = {"__proto__": 1, "a.b": 2, "constructor": 3, " ": 4, "$where": 5, "x" * 128: 6, "ключ": 7}
        assert ok("text", "x", attributes=attributes).attributes == attributes

    @pytest.mark.parametrize(
        ("attributes", "where"),
        [
            ({f"a{i}": i for i in range(101)}, "$.attributes"),
            ({"good": 1, "": 2}, '$.attributes[""]'),
            ({"good": 1, "k" * 129: 2}, '$.attributes["' + "k" * 60 + '…"]'),
            ({"good": 1, "big": "x" * 8_191}, '$.attributes["big"]'),
            ({"big": "é" * 4_096}, '$.attributes["big"]'),
            ({"big": ["x" * 100] * 100}, '$.attributes["big"]'),
        ],
        ids=["101", "empty name", "long name", "8 KiB and a byte", "bytes not characters", "a list"],
    )
    def test_b22_section_5_beyond_the_limits_none_is_saved(self, attributes: dict[str, Any], where: str) -> None:
        assert bad("text", "x", attributes=attributes).where == where

    def test_b22_section_5_exactly_the_limits(self) -> None:
        attributes: dict[str, Any] = {f"a{i}": i for i in range(99)} | {"k" * 128: "x" * 8_190}
        assert ok("text", "x", attributes=attributes).attributes == attributes

    def test_b17_attributes_of_a_reply_of_the_wrong_shape_are_not_saved(self) -> None:
        assert bad("text", {"x": 1}, attributes={"a": 1}).attributes == {}


class TestText:
    @pytest.mark.parametrize(
        ("data", "text"), [(5, "5"), (1.5, "1.5"), (0, "0"), (True, "true"), (False, "false"), (3.0, "3"), (-7, "-7")]
    )
    def test_section_5_numbers_and_booleans_become_text_and_are_noted(self, data: Any, text: str) -> None:
        reply = ok("text", data)
        assert (reply.data, noted(reply)) == (text, ["$.data"])

    @pytest.mark.parametrize("text", ["{{first_name}}", "<<api:1>>", "<b>x</b>", "**x**", "=1+1", " padded "])
    def test_section_5_everything_is_plain_text(self, text: str) -> None:
        assert ok("text", text) == ApiReply(text)

    def test_section_5_line_breaks(self) -> None:
        assert ok("text", "a\nb\\nc").data == "a\nb\nc"

    def test_b16_section_5_a_reply_is_never_refused_for_being_long(self) -> None:
        assert ok("text", "x" * 1_000_000).data == "x" * 1_000_000


class TestImage:
    @pytest.mark.parametrize("kind", ["image", "audio", "video"])
    def test_section_5_the_three_kinds(self, kind: Any) -> None:
        url = "https://a.example/x?y=1"
        assert ok("image", {"type": kind, "url": url, "more": 1}) == ApiReply(Media(kind, url))

    @pytest.mark.parametrize(
        ("data", "where"),
        [
            ({}, "$.data.type"),
            ({"url": "https://a.example/"}, "$.data.type"),
            ({"type": "file", "url": "https://a.example/"}, "$.data.type"),
            ({"type": "Image", "url": "https://a.example/"}, "$.data.type"),
            ({"type": None, "url": "https://a.example/"}, "$.data.type"),
            ({"type": "image"}, "$.data.url"),
            ({"type": "image", "url": ""}, "$.data.url"),
            ({"type": "image", "url": None}, "$.data.url"),
            ({"type": "image", "url": 5}, "$.data.url"),
            ({"type": "image", "url": "javascript:alert(1)"}, "$.data.url"),
            ({"type": "image", "url": "data:image/png;base64,AAAA"}, "$.data.url"),
            ({"type": "image", "url": "//a.example/x.png"}, "$.data.url"),
            ({"type": "image", "url": "https://u:p@a.example/"}, "$.data.url"),
            ({"type": "image", "url": "https://a.example/a b"}, "$.data.url"),
        ],
    )
    def test_section_5_type_and_url(self, data: Any, where: str) -> None:
        assert bad("image", data).where == where


class TestButtons:
    def test_section_5_order_is_kept(self) -> None:
        items = [{"title": str(i), "type": "sequence", "value": i} for i in range(50)]
        assert ok("buttons", items) == ApiReply(tuple(Button(str(i), "sequence", i) for i in range(50)))

    @pytest.mark.parametrize(
        ("item", "button"),
        [
            (LINK, Button("Open", "url", "https://a.example/")),
            (GO | {"extra": "a=1&b=2"}, Button("Go", "sequence", 12, "a=1&b=2")),
            (GO | {"value": "12"}, Button("Go", "sequence", 12)),
            (GO | {"extra": None}, Button("Go", "sequence", 12)),
            (GO | {"extra": ""}, Button("Go", "sequence", 12)),
            (PHONE, Button("Call", "phone", "+4930123")),
            (PHONE | {"value": 4930123}, Button("Call", "phone", "4930123")),
            ({"title": "x", "type": "basic"}, Button("x", "basic")),
            ({"title": "x", "type": "basic", "value": "anything"}, Button("x", "basic")),
            ({"title": "a\\nb", "type": "basic"}, Button("a\nb", "basic")),
        ],
    )
    def test_section_5_the_types_and_their_values(self, item: Any, button: Button) -> None:
        assert ok("buttons", [item]) == ApiReply((button,))

    @pytest.mark.parametrize(("item", "path"), WRONG_BUTTONS)
    def test_section_5_a_wrong_item_is_dropped_and_noted(self, item: Any, path: str) -> None:
        reply = ok("buttons", [GO, item, LINK])
        assert reply.data == (Button("Go", "sequence", 12), Button("Open", "url", "https://a.example/"))
        assert noted(reply) == [path]
        assert "dropped" in reply.notes[0].message

    def test_a_number_as_title_becomes_text(self) -> None:
        reply = ok("buttons", [GO | {"title": 5}])
        assert (reply.data, noted(reply)) == ((Button("5", "sequence", 12),), ["$.data[0].title"])

    @pytest.mark.parametrize("extra", [[], {}])
    def test_a_wrong_extra_is_left_out(self, extra: Any) -> None:
        reply = ok("buttons", [GO | {"extra": extra}])
        assert (reply.data, noted(reply)) == ((Button("Go", "sequence", 12),), ["$.data[0].extra"])

    def test_section_5_nothing_usable_of_a_list_is_a_bad_shape(self) -> None:
        failure = bad("buttons", [5, GO | {"value": "x"}])
        assert failure.where == "$.data"
        assert noted(failure) == ["$.data[0]", "$.data[1].value"]


class TestQuickReplies:
    def test_section_5_phone_is_dropped_and_noted(self) -> None:
        reply = ok("quick_replies", [PHONE, GO, LINK])
        assert reply.data == (Button("Go", "sequence", 12), Button("Open", "url", "https://a.example/"))
        assert noted(reply) == ["$.data[0].type"]

    def test_section_5_a_label_is_fine(self) -> None:
        assert ok("quick_replies", [{"title": "x", "type": "basic"}]).data == (Button("x", "basic"),)


class TestGallery:
    def test_section_5_null_and_empty_mean_absent(self) -> None:
        empty = {"title": "x", "subtitle": "", "image": "", "url": "", "buttons": ""}
        nulls = dict.fromkeys(empty) | {"title": "x"}
        assert ok("gallery", [{"title": "x"}, empty, nulls, nulls | {"buttons": []}]) == ApiReply((Card("x"),) * 4)

    def test_section_5_line_breaks(self) -> None:
        assert ok("gallery", [{"title": "a\\nb", "subtitle": "c\\nd"}]).data == (Card("a\nb", "c\nd"),)

    @pytest.mark.parametrize(("field", "value"), WRONG_PARTS)
    def test_section_5_a_wrong_part_of_a_card_is_left_out(self, field: str, value: Any) -> None:
        reply = ok("gallery", [{"title": "x", field: value}])
        assert reply.data == (Card("x"),)
        assert set(noted(reply)) == {f"$.data[0].{field}"}

    @pytest.mark.parametrize("card", ["x", {}, {"title": ""}, {"title": None}, {"subtitle": "x"}])
    def test_section_5_a_card_without_title_is_dropped(self, card: Any) -> None:
        reply = ok("gallery", [card, {"title": "x"}])
        assert reply.data == (Card("x"),)
        assert noted(reply)[0].startswith("$.data[0]")

    def test_section_5_wrong_buttons_of_a_card_are_dropped_one_by_one(self) -> None:
        cards = [{"title": "x"}, 5, {"title": "y", "buttons": [PHONE, GO, "x", LINK | {"value": "x"}, LINK]}]
        reply = ok("gallery", cards)
        assert reply.data == (
            Card("x"),
            Card("y", buttons=(Button("Go", "sequence", 12), Button("Open", "url", "https://a.example/"))),
        )
        paths = ["$.data[1]", "$.data[2].buttons[0].type", "$.data[2].buttons[2]", "$.data[2].buttons[3].value"]
        assert noted(reply) == paths

    def test_a_card_whose_buttons_are_all_wrong_stays(self) -> None:
        assert ok("gallery", [{"title": "y", "buttons": [PHONE]}]).data == (Card("y"),)

    def test_b27_section_5_long_lists_and_titles_are_left_to_the_channels(self) -> None:
        cards = [{"title": "t" * 500, "buttons": [GO] * 12} for _ in range(50)]
        reply = ok("gallery", cards)
        assert reply.data == (Card("t" * 500, buttons=(Button("Go", "sequence", 12),) * 12),) * 50
        assert reply.notes == ()


class TestBounds:
    @pytest.mark.parametrize("shape", ["buttons", "quick_replies"])
    def test_b16_only_the_first_thousand_items_are_read(self, shape: Shape) -> None:
        reply = ok(shape, [GO] * 10_000)
        assert reply.data == (Button("Go", "sequence", 12),) * contract.MAX_ITEMS
        assert noted(reply) == ["$.data"]

    def test_b16_buttons_of_a_card_are_bounded(self) -> None:
        reply = ok("gallery", [{"title": "x", "buttons": [GO] * 100}])
        assert reply.data == (Card("x", buttons=(Button("Go", "sequence", 12),) * contract.MAX_CARD_BUTTONS),)
        assert noted(reply) == ["$.data[0].buttons"]

    def test_b16_notes_are_bounded(self) -> None:
        reply = ok("buttons", [5] * 150 + [GO])
        assert len(reply.notes) == MAX_NOTES + 1
        assert "50 more" in reply.notes[-1].message
        assert reply.data == (Button("Go", "sequence", 12),)

    def test_b16_after_too_many_wrong_items_the_rest_is_not_read(self) -> None:
        reply = ok("buttons", [GO] + [5] * (MAX_WRONG_ITEMS - 1) + [GO, 5, GO])
        assert reply.data == (Button("Go", "sequence", 12),) * 2
        reply = ok("gallery", [{"title": "x", "buttons": [5] * 20}] * 11)
        assert reply.data == (Card("x"),) * 10
        assert "more notes" in reply.notes[-1].message

    @pytest.mark.parametrize(
        "data",
        [
            [{}] * 100_000,
            [{"title": "x", "buttons": [{}] * 25}] * 8_000,
            [{"title": "", "buttons": [{"title": 5}] * 25}] * 2_000,
            [[]] * 200_000,
            [{"title": "x", "image": "y", "url": "z", "subtitle": []}] * 15_000,
        ],
        ids=["objects", "buttons", "titles", "lists", "fields"],
    )
    @pytest.mark.parametrize("shape", SHAPES)
    def test_b16_a_megabyte_of_wrong_items_costs_little(self, shape: Shape, data: Any) -> None:
        reply = http({"success": True, "data": data})
        assert len(reply.body) < 1_048_576
        started = time.thread_time()
        read_reply(shape, reply)
        assert time.thread_time() - started < 1.0  # about 0.1 s on an idle machine

    def test_b16_a_hundred_thousand_keys(self) -> None:
        keys = {f"k{i}": i for i in range(70_000)}
        assert read("text", {"success": True, "data": "x"} | keys) == ApiReply("x")
        assert bad("text", "x", attributes=keys).where == "$.attributes"

    def test_b25_our_hostile_bodies_are_values(self) -> None:
        for body in [
            *hostile_json.INVALID,
            *hostile_json.VALID,
            *hostile_json.OTHER_ENCODINGS,
            *hostile_json.mutations(),
        ]:
            for shape in (None, *SHAPES):
                is_sound(read_reply(shape, HttpReply(200, (), body, 1)))


WORDS = st.sampled_from(["url", "sequence", "image", "basic", "https://a.example/", "12"])
NAMES = st.sampled_from(["title", "type", "value", "buttons", "image", "url", "extra"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | NAMES, inner, max_size=5),
    max_leaves=20,
)
ENVELOPE = st.fixed_dictionaries(
    {"success": st.sampled_from([True, True, False, None])},
    optional={"data": JSON, "attributes": JSON, "message": JSON, "status": JSON},
)


def is_sound(result: ApiReply | ApiFailure) -> None:
    """What is stored and shown later works."""
    orjson.dumps(result.attributes)
    orjson.dumps([[note.message, note.hint, note.path, note.line, note.column] for note in result.notes])
    assert all(note.message for note in result.notes)
    if isinstance(result, ApiFailure):
        assert result.message
        assert result.outcome in get_args(Outcome)


@given(st.sampled_from([None, *SHAPES]), st.binary(max_size=300), st.integers(0, 999), st.text(max_size=30))
def test_p4_any_bytes_any_status_any_content_type(shape: Shape | None, body: bytes, status: int, content: str) -> None:
    is_sound(read_reply(shape, HttpReply(status, (("content-type", content),), body, 1)))


@given(st.sampled_from([None, *SHAPES]), ENVELOPE)
def test_p4_any_envelope(shape: Shape | None, envelope: dict[str, Any]) -> None:
    is_sound(read_reply(shape, http(envelope)))
    is_sound(read_reply(shape, http(json.dumps(envelope, ensure_ascii=False).encode("utf-8", "surrogatepass"))))


@given(st.sampled_from([None, *SHAPES]), JSON)
def test_p4_any_json(shape: Shape | None, value: Any) -> None:
    is_sound(read_reply(shape, http(value)))
    is_sound(read_reply(shape, http({"success": True, "data": value})))
    is_sound(
        read_reply(shape, http({"success": True, "data": [value, GO, {"title": value, "type": "url", "value": value}]}))
    )
