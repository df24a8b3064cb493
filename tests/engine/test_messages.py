"""The ways into a message: addresses, phone numbers, line breaks, what can be stored."""

from __future__ import annotations

import pytest

from backtalk.engine.messages import MAX_URL_CHARS, phone_number, storable, storable_json, web_url, with_line_breaks
from tests.support.naughty import NAUGHTY


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example", "http://x.example/a.png?b=c#d", "https://x.example:8443/", "HTTPS://X.EXAMPLE/", "https://[2001:db8::1]/",
        "https://\u00fcml\u00e4ut.example/\u00e4", "https://x.example/%20", "https://x.example/a@b", "https://127.0.0.1/",
    ],
)  # fmt: skip
def test_an_absolute_web_address_is_kept(url: str) -> None:
    assert web_url(url) == url
    assert web_url(f"  {url} ") == url


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "x.example", "//x.example", "/path", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)",
        "\x00javascript:alert(1)", "\tjavascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://x.example",
        "mailto:a@x.example", "blob:https://x.example/1", "https:x.example", "https://", "https:///x", "https://user@x.example",
        "https://user:secret@x.example", "https://@x.example", "https://x.example\\@evil.example", "https://x.example/\u2028",
        "https://x.example/a b", "https://x.example/\n",
        "https://x.ex\nample/", "https://[::1", "https://x.example:99999/",
        "https://x.example:port/", "view-source:https://x.example", "https://\u2100.example", "https://x\u00a0.example",
        "http:\\\\x.example",
        "https://x.example/" + "a" * MAX_URL_CHARS,
    ],
)  # fmt: skip
def test_u02_anything_else_is_no_address(url: str) -> None:
    assert web_url(url) is None


@pytest.mark.parametrize("value", [None, 5, True, [], {}, b"https://x.example"])
def test_what_is_no_text_is_no_address_and_no_number(value: object) -> None:
    assert web_url(value) is None
    assert phone_number(value) is None


def test_n07_any_text_is_judged() -> None:
    for text in NAUGHTY:
        url, number = web_url(text), phone_number(text)
        assert url is None or url.lower().startswith(("http://", "https://"))
        assert number is None or number.lstrip("+").isdigit()
        assert storable(text).encode().decode() == storable(text)
        assert "\x00" not in storable(text)
        assert storable(storable(text)) == storable(text)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+49 (30) 12-34.56/7", "+49301234567"), ("030 1234", "0301234"), ("112", "112"), ("+" + "1" * 20, "+" + "1" * 20),
        ("12", None),
        ("1" * 21, None), ("++49123", None), ("49+123", None), ("tel:+49123", None), ("", None),
        ("\u0661\u0662\u0663", None), ("123,4", None),
    ],
)  # fmt: skip
def test_u03_phone_numbers_are_digits_with_a_leading_plus(written: str, number: str | None) -> None:
    assert phone_number(written) == number


def test_backslash_and_n_are_a_line_break() -> None:
    assert with_line_breaks("a\\nb\nc") == "a\nb\nc"


def test_what_no_database_keeps_is_replaced() -> None:
    assert storable("a\x00b\ud800c\udfffd\U0001f600") == "a\ufffdb\ufffdc\ufffdd\U0001f600"
    assert storable_json({"a\x00": ["\ud800", {"b": 1.5}, None, True]}) == {
        "a\ufffd": ["\ufffd", {"b": 1.5}, None, True]
    }
