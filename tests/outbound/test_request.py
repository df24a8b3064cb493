"""One call is written as exactly one request: rows E22, E23, and identity encoding (B03)."""

import pytest

from backtalk.exchange import HttpCall
from backtalk.outbound.failure import NoReply
from backtalk.outbound.request import request_bytes
from backtalk.outbound.target import read_target

TARGET = read_target("http://a.example:8080/x?y=1")


def test_a_get_has_no_length_and_a_post_always_has_one() -> None:
    get = request_bytes(HttpCall("GET", "", (("X-Token", "s"),)), TARGET)
    assert get == b"GET /x?y=1 HTTP/1.1\r\nHost: a.example:8080\r\nX-Token: s\r\nAccept-Encoding: identity\r\n\r\n"
    assert b"\r\nContent-Length: 0\r\n\r\n" in request_bytes(HttpCall("POST", ""), TARGET)
    assert request_bytes(HttpCall("POST", "", body=b"{}"), TARGET).endswith(b"Content-Length: 2\r\n\r\n{}")


def test_b03_only_identity_is_asked_for() -> None:
    request = request_bytes(HttpCall("GET", "", (("accept-encoding", "gzip"),)), TARGET)
    assert b"gzip" not in request
    assert b"Accept-Encoding: identity" in request


@pytest.mark.parametrize("value", ["a\r\nX: 1", "a\nb", "a\rb", "a\0b", "a\x0bb", "a\x7f", "\ud800"])
def test_e22_a_value_never_becomes_two_headers_and_is_not_repeated(value: str) -> None:
    with pytest.raises(NoReply) as caught:
        request_bytes(HttpCall("GET", "", (("X-Secret", value),)), TARGET)
    assert value not in caught.value.message


@pytest.mark.parametrize(
    "name",
    [
        "",
        "X Y",
        "X:Y",
        "X\r\nY",
        "X\0",
        "Ä",
        "Host",
        "content-LENGTH",
        "Transfer-Encoding",
        "Connection",
        "Proxy-Authorization",
        "TE",
    ],
)
def test_e22_e23_names_that_would_change_the_framing_are_refused(name: str) -> None:
    with pytest.raises(NoReply):
        request_bytes(HttpCall("GET", "", ((name, "1"),)), TARGET)


@pytest.mark.parametrize("method", ["", "GET /x HTTP/1.1\r\nA: b\r\n\r\nGET", "G T"])
def test_e22_a_method_is_one_word(method: str) -> None:
    with pytest.raises(NoReply):
        request_bytes(HttpCall(method, ""), TARGET)


def test_letters_beyond_ascii_are_sent_as_utf_8() -> None:
    assert "X-Name: Zoë\r\n".encode() in request_bytes(HttpCall("GET", "", (("X-Name", "Zoë"),)), TARGET)
