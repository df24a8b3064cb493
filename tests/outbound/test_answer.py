"""Answers are read strictly and within bounds, however the bytes are cut: rows B01 to B04, B28 to B30, E14, E16."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtalk.outbound.answer import BODY_LIMIT, HEAD_LIMIT, Answer
from backtalk.outbound.failure import NoReply

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nX-Trailer: 1\r\n\r\n"


def read(raw: bytes, *, cut: int = 0) -> Answer:
    """The answer as it is understood; NoReply otherwise. `cut` is the size of each piece."""
    answer = Answer()
    size = cut or len(raw) or 1
    whole = False
    for start in range(0, len(raw), size):
        whole = answer.feed(raw[start : start + size])
    if not whole:
        answer.end(broken=False)
    return answer


def refused(raw: bytes, *, cut: int = 0) -> NoReply:
    with pytest.raises(NoReply) as caught:
        read(raw, cut=cut)
    return caught.value


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN,
        CHUNKED,
        b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + PLAIN,
        b"HTTP/1.1 200\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
    ],
)
@pytest.mark.parametrize("cut", [0, 1, 7])
def test_a_whole_answer_however_it_is_cut(raw: bytes, cut: int) -> None:
    answer = read(raw, cut=cut)
    assert (answer.status, answer.body) == (200, b"{}")
    assert "Link" not in dict(answer.headers)
    assert "X-Trailer" not in dict(answer.headers)


@pytest.mark.parametrize(
    ("raw", "reusable"),
    [
        (PLAIN, True),
        (CHUNKED, True),
        (PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), False),
        (PLAIN.replace(b"1.1", b"1.0"), False),
        (b"HTTP/1.1 200 OK\r\n\r\n{}", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", True),
    ],
)
def test_when_a_connection_may_be_used_again(raw: bytes, reusable: bool) -> None:
    assert read(raw).reusable is reusable


def test_b01_a_length_above_the_limit_fails_before_the_body() -> None:
    answer = Answer()
    with pytest.raises(NoReply) as caught:
        answer.feed(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (BODY_LIMIT + 1))
    assert (caught.value.kind, caught.value.status) == ("too_large", 200)
    assert (
        len(read(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BODY_LIMIT + b"x" * BODY_LIMIT).body) == BODY_LIMIT
    )


@pytest.mark.parametrize(
    "part", [b"10000\r\n" + b"x" * 65536 + b"\r\n", b"1;" + b"e" * 4000 + b"\r\nx\r\n", b"1\r\nx\r\n"]
)
def test_b02_an_endless_chunked_body_ends_at_the_limit(part: bytes) -> None:
    assert (
        refused(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + part * (9 * BODY_LIMIT // len(part)), cut=65536
        ).kind
        == "too_large"
    )


def test_b02_no_more_than_the_limit_is_ever_kept() -> None:
    answer = Answer()
    answer.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(BODY_LIMIT // 65536):
        answer.feed(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    with pytest.raises(NoReply):
        answer.feed(b"1\r\nx\r\n")
    assert len(answer.body) <= BODY_LIMIT


def test_b02_endless_trailers_end_at_the_head_limit() -> None:
    assert refused(CHUNKED[:-2] + b"X: y\r\n" * HEAD_LIMIT, cut=65536).kind == "too_large"


@pytest.mark.parametrize(
    "coding", ["gzip", "gzip, gzip", "br", "zstd", "deflate", "identity, gzip", "GZIP", "x-evil\x80"]
)
def test_b03_b04_encoded_bodies_are_refused(coding: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: 4\r\n\r\nabcd"
    assert refused(head.encode("latin-1")).kind == "encoding"
    assert refused(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n").kind == "encoding"


def test_identity_named_as_an_encoding_is_fine() -> None:
    assert read(PLAIN.replace(b"\r\n\r\n", b"\r\nContent-Encoding: Identity\r\n\r\n")).body == b"{}"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 5_000_000, id="one-of-5-MB"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(10_000)) + b"Content-Length: 0\r\n\r\n",
            id="10000",
        ),
        pytest.param(b"HTTP/1.1 200 " + b"a" * 100_000 + b"\r\nContent-Length: 0\r\n\r\n", id="status-line"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000 + PLAIN, id="endless-1xx"),
    ],
)
@pytest.mark.parametrize("cut", [0, 65536, 1000])
def test_b28_large_heads(raw: bytes, cut: int) -> None:
    assert refused(raw, cut=cut).kind == "too_large"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(PLAIN.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"), id="cl-te"),
        pytest.param(CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n", 1), id="te-cl"),
        pytest.param(PLAIN.replace(b": 2", b": -2"), id="negative"),
        pytest.param(PLAIN.replace(b": 2", b": +2"), id="plus"),
        pytest.param(PLAIN.replace(b": 2", b": 2, 2"), id="list"),
        pytest.param(PLAIN.replace(b": 2", b": 99999999999999999999999"), id="overflow"),
        pytest.param(PLAIN.replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n"), id="twice"),
        pytest.param(PLAIN + b"}", id="short"),
        pytest.param(PLAIN + PLAIN, id="two-answers"),
        pytest.param(PLAIN.replace(b"\r\n\r\n", b"\r\nX: a\r\n b\r\n\r\n"), id="obs-fold"),
        pytest.param(PLAIN.replace(b"\r\n\r\n", b"\r\nX: a\x01\r\n\r\n"), id="control"),
        pytest.param(PLAIN.replace(b"\r\n\r\n", b"\r\nX : a\r\n\r\n"), id="space-before-colon"),
        pytest.param(PLAIN.replace(b"\r\n", b"\n"), id="bare-lf"),
        pytest.param(b"<html>hello</html>", id="http-0.9"),
        pytest.param(PLAIN.replace(b"1.1", b"2.0"), id="http-2"),
        pytest.param(PLAIN.replace(b"200", b"99"), id="status-99"),
        pytest.param(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + PLAIN, id="upgrade"),
        pytest.param(CHUNKED.replace(b"1;x=y", b"zz"), id="chunk-size"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01", id="tls-bytes"),
        pytest.param(b"", id="nothing"),
    ],
)
@pytest.mark.parametrize("cut", [0, 1])
def test_b29_malformed_answers_fail(raw: bytes, cut: int) -> None:
    assert refused(raw, cut=cut).kind == "unreachable"


@pytest.mark.parametrize("raw", [PLAIN[:-1], PLAIN.replace(b": 2", b": 3"), CHUNKED[:-2], CHUNKED[:-20], PLAIN[:20]])
def test_b30_a_body_that_ends_early_fails_even_if_its_beginning_parses(raw: bytes) -> None:
    assert refused(raw).kind == "unreachable"


def test_b30_an_answer_without_length_fails_when_the_connection_breaks() -> None:
    answer = Answer()
    answer.feed(b"HTTP/1.1 200 OK\r\n\r\n{}")
    with pytest.raises(NoReply):
        answer.end(broken=True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://user:pw@b.example/new?token=s3cret#f", "https://b.example/new"),
        ("/login?next=s3cret", "/login"),
        ("http://10.0.0.1/admin", "http://10.0.0.1/admin"),
        ("//b.example/x", "change the URL"),
        ("http://[broken", "change the URL"),
    ],
)
def test_e14_e16_a_redirect_is_a_failure_that_names_the_cure(status: int, location: str, shown: str) -> None:
    failure = refused(f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 9999999\r\n\r\n".encode())
    assert (failure.kind, failure.status) == ("redirect", status)
    assert shown in failure.message
    assert "s3cret" not in failure.message
    assert "pw@" not in failure.message


def test_what_the_server_says_about_idle_connections() -> None:
    assert read(PLAIN).keep_alive_s() is None
    assert read(PLAIN.replace(b"\r\n\r\n", b"\r\nKeep-Alive: timeout=5, max=100\r\n\r\n")).keep_alive_s() == 5


@given(st.binary(max_size=300), st.sampled_from([b"", PLAIN[:17], CHUNKED[:47], PLAIN[:60]]), st.integers(0, 9))
def test_p4_any_bytes_give_an_answer_or_a_reason(tail: bytes, head: bytes, cut: int) -> None:
    outcome: Answer | NoReply
    try:
        outcome = read(head + tail, cut=cut or 1000)
    except NoReply as failure:
        outcome = failure
    assert isinstance(outcome, NoReply) or 200 <= outcome.status < 1000
