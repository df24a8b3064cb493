"""The door out as a whole: rows E13, E14, E21, B01 to B04, B28 to B30, T01 to T15, O02, O09, A19."""

import asyncio
import gzip
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from backtalk.exchange import HttpCall, HttpFailure, HttpReply
from backtalk.outbound import Limits
from backtalk.outbound.answer import BODY_LIMIT
from backtalk.outbound.connection import Connection
from backtalk.outbound.resolver import Resolver
from tests.outbound.test_guard import SPELLINGS
from tests.outbound.test_resolver import mute_name_server
from tests.support.doors import Names, door, failure, send
from tests.support.hostile_server import (
    OK_BODY,
    Behaviour,
    Peer,
    answer,
    answers,
    answers_once,
    closed_port,
    closes,
    drips,
    hangs_after,
    hostile_server,
    repeats,
    resets,
    silent,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
MIB = 1024 * 1024


async def test_a_call_and_its_reply() -> None:
    raw = answer(headers=b"Content-Type: application/json\r\nX-Two: a\r\nX-Two: b\r\n")
    async with hostile_server(answers(raw)) as server, door(server.endpoint) as outbound:
        reply = await send(outbound, server.url + "shop?q=1", body=b'{"uid":1}')
        assert isinstance(reply, HttpReply)
        assert (reply.status, reply.body, reply.header("content-type")) == (200, OK_BODY, "application/json")
        assert [value for name, value in reply.headers if name == "X-Two"] == ["a", "b"]
        assert server.requests[0].startswith(b"POST /shop?q=1 HTTP/1.1\r\n")
        assert server.requests[0].endswith(b'\r\n\r\n{"uid":1}')
        assert outbound.snapshot() == {
            "in_flight": 0,
            "waiting": 0,
            "idle_connections": 1,
            "open_circuits": 0,
            "outcome_reply": 1,
        }


@pytest.mark.parametrize(
    "status", ["201 Created", "204 No Content", "206 Partial", "304 Not Modified", "404 Not Found", "500 Oops", "999 X"]
)
async def test_b20_b21_any_status_but_a_redirect_is_returned(status: str) -> None:
    body = b"" if status[:3] in {"204", "304"} else OK_BODY
    async with hostile_server(answers(answer(body, status=status))) as server, door(server.endpoint) as outbound:
        reply = await send(outbound, server.url)
        assert isinstance(reply, HttpReply)
        assert (reply.status, reply.body) == (int(status[:3]), body)


async def test_e03_no_spelling_of_a_forbidden_address_reaches_a_look_up() -> None:
    names = Names(["8.8.8.8"])
    async with door(names=names) as outbound:
        kinds = {(await failure(outbound, f"http://{spelling}/")).kind for spelling in SPELLINGS}
    assert kinds == {"blocked_address"}
    assert names.asked == []


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://127.0.0.1\0.example.com/",
            "http://a.example\r\nHost: x/",
            "file:///etc/passwd",
            "gopher://a/",
            "//a.example/",
        ),
        *(
            "http://user:s3cret@a.example/?k=s3cret",
            "http://a.example:22/?k=s3cret",
            "http://metadata.google.internal/?k=s3cret",
        ),
    ],
)
async def test_e05_e10_e17_e18_e19_what_was_stored_wrongly_is_refused_before_a_look_up(url: str) -> None:
    names = Names(["8.8.8.8"])
    async with door(names=names) as outbound:
        result = await failure(outbound, url)
    assert result.kind == "blocked_address"
    assert "s3cret" not in result.message
    assert names.asked == []


async def test_e13_connections_are_not_shared_between_workspaces() -> None:
    async with hostile_server(answers(answer())) as server, door(server.endpoint) as outbound:
        for workspace_id in (1, 1, 2, 2, 1):
            assert (await send(outbound, server.url, workspace_id=workspace_id)).status == 200
        assert server.connections == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_e14_e16_redirects_are_not_followed(status: int) -> None:
    async with hostile_server(answers(answer())) as other, door(other.endpoint) as outbound:
        raw = answer(status=f"{status} Moved", headers=b"Location: %s\r\n" % other.url.encode())
        async with hostile_server(answers(raw)) as server:
            outbound._policy._allow(server.endpoint)
            result = await failure(outbound, server.url)
        assert (result.kind, result.status) == ("redirect", status)
        assert "change the URL" in result.message
        assert other.connections == 0


async def test_e21_the_environment_has_no_say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with (
        hostile_server(answers(answer())) as server,
        hostile_server(closes) as proxy,
        door(server.endpoint) as outbound,
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
        assert (await send(outbound, server.url)).status == 200
        assert proxy.connections == 0
        assert b"authorization" not in server.requests[0].lower()


async def test_cookies_are_ignored() -> None:
    async with (
        hostile_server(answers(answer(headers=b"Set-Cookie: a=b\r\n"))) as server,
        door(server.endpoint) as outbound,
    ):
        for _ in range(2):
            await send(outbound, server.url)
        assert b"ookie" not in b"".join(server.requests)


GZIP_BOMB = gzip.compress(b"\0" * (64 * MIB))


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        pytest.param(hangs_after(HEAD + b"Content-Length: 1048577\r\n\r\n"), "too_large", id="b01-length"),
        pytest.param(
            repeats(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + b"x" * 32768 + b"\r\n"),
            "too_large",
            id="b02-endless",
        ),
        pytest.param(repeats(HEAD + b"\r\n", b"x" * 32768), "too_large", id="b02-endless-without-length"),
        pytest.param(
            repeats(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 1000),
            "too_large",
            id="b02-small-chunks",
        ),
        pytest.param(answers_once(answer(GZIP_BOMB, headers=b"Content-Encoding: gzip\r\n")), "encoding", id="b03-gzip"),
        pytest.param(
            answers_once(answer(GZIP_BOMB, headers=b"Content-Encoding: gzip, gzip\r\n")), "encoding", id="b03-twice"
        ),
        pytest.param(answers_once(answer(b"x", headers=b"Content-Encoding: br\r\n")), "encoding", id="b03-br"),
        pytest.param(answers_once(answer(b"x", headers=b"Content-Encoding: zstd\r\n")), "encoding", id="b03-zstd"),
        pytest.param(answers_once(answer(b"{}", headers=b"Content-Encoding: gzip\r\n")), "encoding", id="b04"),
        pytest.param(repeats(HEAD, b"X: " + b"a" * 1000 + b"\r\n"), "too_large", id="b28-headers"),
        pytest.param(repeats(HEAD + b"X: ", b"a" * 32768), "too_large", id="b28-one-header"),
        pytest.param(repeats(b"HTTP/1.1 200 ", b"a" * 32768), "too_large", id="b28-status-line"),
        pytest.param(repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "too_large", id="b29-endless-1xx"),
        pytest.param(
            answers_once(HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}"),
            "unreachable",
            id="b29-cl-te",
        ),
        pytest.param(answers_once(HEAD + b"Content-Length: -2\r\n\r\n{}"), "unreachable", id="b29-negative"),
        pytest.param(answers_once(answer(b"{} {}", length=2)), "unreachable", id="b29-short"),
        pytest.param(
            answers_once(HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}"), "unreachable", id="b29-obs-fold"
        ),
        pytest.param(answers_once(b"{}"), "unreachable", id="b29-http-0.9"),
        pytest.param(answers_once(answer(b'{"a":1}', length=9)), "unreachable", id="b30"),
        pytest.param(closes, "unreachable", id="closes"),
        pytest.param(resets, "unreachable", id="resets"),
    ],
)
async def test_b_rows_hostile_answers_fail_in_time_and_in_little_memory(behaviour: Behaviour, kind: str) -> None:
    async with hostile_server(behaviour) as server, door(server.endpoint) as outbound:
        tracemalloc.start()
        try:
            result = await failure(outbound, server.url, timeout_s=20)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert result.kind == kind
        assert result.message.endswith(".")
        assert peak < 16 * MIB
        assert outbound.snapshot()["idle_connections"] == 0
        await failure(outbound, server.url, timeout_s=3)
        assert server.connections == 2


async def test_b02_a_body_of_exactly_the_limit_is_fine() -> None:
    async with hostile_server(answers(answer(b"x" * BODY_LIMIT))) as server, door(server.endpoint) as outbound:
        reply = await send(outbound, server.url, timeout_s=3)
        assert isinstance(reply, HttpReply)
        assert len(reply.body) == BODY_LIMIT


@pytest.mark.parametrize("raw", [HEAD + b"\r\n" + OK_BODY, b"HTTP/1.0 200 OK\r\n\r\n" + OK_BODY])
async def test_an_answer_that_ends_with_the_connection(raw: bytes) -> None:
    async with hostile_server(answers_once(raw)) as server, door(server.endpoint) as outbound:
        reply = await send(outbound, server.url)
        assert isinstance(reply, HttpReply)
        assert reply.body == OK_BODY
        assert outbound.snapshot()["idle_connections"] == 0


async def test_t01_an_answer_just_in_time() -> None:
    async with hostile_server(answers(answer(), after_s=0.3)) as server, door(server.endpoint) as outbound:
        assert isinstance(await send(outbound, server.url, timeout_s=0.5), HttpReply)


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(answers(answer(), after_s=0.35), id="t02-late"),
        pytest.param(silent, id="t03-silent"),
        pytest.param(drips(answer()), id="t07-drips"),
        pytest.param(drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 9), id="t07-drips-1xx"),
        pytest.param(hangs_after(HEAD + b"Content-Length: 99\r\n\r\n{"), id="t07-half-a-body"),
        pytest.param(hangs_after(HEAD + b"\r\n" + OK_BODY), id="t09-no-length"),
        pytest.param(hangs_after(HEAD[:12]), id="t03-half-a-head"),
    ],
)
async def test_t_rows_nothing_outlasts_the_deadline(behaviour: Behaviour) -> None:
    async with hostile_server(behaviour) as server, door(server.endpoint) as outbound:
        began = time.monotonic()
        result = await failure(outbound, server.url, timeout_s=0.25)
        assert result.kind == "timeout"
        assert "0.25 s" in result.message
        assert 0.24 <= time.monotonic() - began < 0.5


async def test_t05_a_mute_name_server_ends_at_the_deadline() -> None:
    with mute_name_server() as address:
        async with door(names=Resolver(servers=[address])) as outbound:
            result = await failure(outbound, "http://shop.example.com/", timeout_s=0.25)
            assert result.kind == "timeout"
            assert 240 <= result.ms < 500


async def test_t10_a_kept_alive_connection_that_the_peer_closed_is_replaced_before_the_first_byte() -> None:
    async with hostile_server(answers_once(answer())) as server, door(server.endpoint) as outbound:
        for _ in range(3):
            assert (await send(outbound, server.url)).status == 200
            await asyncio.sleep(0.02)
        assert (server.connections, len(server.requests)) == (3, 3)


@pytest.mark.parametrize("ends", ["close", "reset"])
async def test_t10_nothing_is_repeated_once_bytes_were_sent(ends: str) -> None:
    async def answers_then_breaks(peer: Peer) -> None:
        await peer.request()
        await peer.send(answer())
        await peer.request()
        if ends == "reset":
            peer.writer.transport.abort()

    async with hostile_server(answers_then_breaks) as server, door(server.endpoint) as outbound:
        assert (await send(outbound, server.url)).status == 200
        assert (await failure(outbound, server.url)).kind == "unreachable"
        assert (server.connections, len(server.requests)) == (1, 2)


async def test_t13_the_deadline_is_judged_by_the_time_that_passed() -> None:
    async with hostile_server(answers(answer(), after_s=0.05)) as server, door(server.endpoint) as outbound:
        asyncio.get_running_loop().call_later(0.04, time.sleep, 0.4)
        result = await failure(outbound, server.url, timeout_s=0.2)
        assert result.kind == "timeout"
        assert result.ms >= 400


async def test_t13_a_whole_answer_that_is_found_late_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = Connection.data_received

    def receive_late(connection: Connection, data: bytes) -> None:
        time.sleep(0.3)  # the answer is read and the caller woken before any timer gets its turn
        receive(connection, data)

    monkeypatch.setattr(Connection, "data_received", receive_late)
    async with hostile_server(answers(answer())) as server, door(server.endpoint) as outbound:
        assert (await failure(outbound, server.url, timeout_s=0.2)).kind == "timeout"


async def test_t03_after_the_deadline_the_connection_is_closed() -> None:
    ended = asyncio.Event()

    async def behave(peer: Peer) -> None:
        await peer.request()
        await peer.reader.read()
        ended.set()

    async with hostile_server(behave) as server, door(server.endpoint) as outbound:
        assert (await failure(outbound, server.url, timeout_s=0.1)).kind == "timeout"
        await asyncio.wait_for(ended.wait(), 1)


async def test_t15_waiting_for_a_slot_is_bounded_and_has_its_own_reason() -> None:
    limits = Limits(per_lane=1, wait_s=0.1)
    async with hostile_server(silent) as server, door(server.endpoint, limits=limits) as outbound:
        first = asyncio.create_task(send(outbound, server.url))
        await asyncio.sleep(0)
        result = await failure(outbound, server.url)
        assert result.kind == "busy"
        assert server.connections == 1
        assert isinstance(await first, HttpFailure)


async def test_t15_waiting_for_a_slot_is_not_charged_to_the_backend() -> None:
    limits = Limits(per_lane=1, wait_s=2)
    async with (
        hostile_server(answers(answer(), after_s=0.2)) as server,
        door(server.endpoint, limits=limits) as outbound,
    ):
        results = await asyncio.gather(*(send(outbound, server.url, timeout_s=0.35) for _ in range(3)))
        assert [result.status for result in results] == [200, 200, 200]
        assert max(result.ms for result in results) < 350


async def test_a19_hanging_calls_of_one_workspace_do_not_delay_another() -> None:
    async with (
        hostile_server(silent) as stuck,
        hostile_server(answers(answer())) as quick,
        door(stuck.endpoint, quick.endpoint) as outbound,
    ):
        hanging = [asyncio.create_task(send(outbound, stuck.url, timeout_s=1)) for _ in range(150)]
        await asyncio.sleep(0.2)
        times = [(await send(outbound, quick.url, workspace_id=2)).ms for _ in range(50)]
        assert outbound.snapshot()["in_flight"] == 150
        assert max(times) < 50
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        assert outbound.snapshot()["in_flight"] == 0


async def test_o09_a_failing_backend_is_left_alone_then_probed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtalk.outbound.breaker.PAUSE_S", 0.1)
    healthy = False

    async def behave(peer: Peer) -> None:
        while True:
            await peer.request()
            await asyncio.sleep(0.02)
            await peer.send(answer() if healthy else answer(status="503 Busy"))

    async with hostile_server(behave) as server, door(server.endpoint) as outbound:
        for _ in range(10):
            assert (await send(outbound, server.url)).status == 503
        result = await failure(outbound, server.url)
        assert result.kind == "circuit_open"
        assert "503" in result.message
        assert result.ms < 50
        assert len(server.requests) == 10
        assert outbound.snapshot()["open_circuits"] == 1
        assert (await send(outbound, server.url, lane="api:8")).status == 503
        healthy = True
        await asyncio.sleep(0.12)
        results = await asyncio.gather(*(send(outbound, server.url) for _ in range(5)))
        assert [result.status for result in results].count(200) == 1
        assert (await send(outbound, server.url)).status == 200
        assert outbound.snapshot()["open_circuits"] == 0


async def test_o09_a_paused_lane_does_not_wait_for_a_slot() -> None:
    limits = Limits(per_lane=1, wait_s=5)
    async with (
        hostile_server(answers(answer(status="500 Oops"))) as server,
        door(server.endpoint, limits=limits) as outbound,
    ):
        for _ in range(10):
            await send(outbound, server.url)
        await outbound._slots.take(1, "api:7")
        result = await failure(outbound, server.url)
        assert result.kind == "circuit_open"
        assert result.ms < 50


async def test_refused_addresses_and_redirects_do_not_pause_a_lane() -> None:
    raw = answer(status="302 Found", headers=b"Location: /x\r\n")
    async with hostile_server(answers(raw)) as server, door(server.endpoint, names=Names(["10.0.0.1"])) as outbound:
        for _ in range(15):
            assert (await failure(outbound, server.url)).kind == "redirect"
            assert (await failure(outbound, "http://shop.example.com/")).kind == "blocked_address"


async def test_e22_a_header_that_would_become_two_is_not_sent() -> None:
    async with hostile_server(answers(answer())) as server, door(server.endpoint) as outbound:
        call = HttpCall("GET", server.url, (("X-A", "1\r\nX-B: 2"),))
        result = await outbound.send(call, workspace_id=1, lane="api:7")
        assert isinstance(result, HttpFailure)
        assert server.connections == 0


async def test_a_call_that_its_caller_gives_up_frees_everything() -> None:
    async with hostile_server(silent) as server, door(server.endpoint) as outbound:
        task = asyncio.create_task(send(outbound, server.url, timeout_s=30))
        await asyncio.sleep(0.05)
        assert outbound.snapshot()["in_flight"] == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert outbound.snapshot()["in_flight"] == 0
        assert task.cancelled()


async def test_o02_after_failing_calls_of_every_kind_nothing_is_left() -> None:
    behaviours = [
        silent,
        closes,
        resets,
        drips(answer()),
        answers_once(b"{}"),
        answers_once(answer(length=99)),
        hangs_after(HEAD + b"Content-Length: 1048577\r\n\r\n"),
        answers_once(answer(status="302 Found", headers=b"Location: /x\r\n")),
        repeats(HEAD, b"X: y\r\n"),
    ]

    def remains() -> tuple[int, int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks()), threading.active_count()

    with mute_name_server() as address:
        async with door(names=Resolver(servers=[address], timeout_s=0.1), limits=Limits(per_lane=50)) as outbound:
            await failure(outbound, "http://warm.example.com/", timeout_s=0.05)
            await asyncio.sleep(0.4)
            before = remains()
            for index, behaviour in enumerate(behaviours):
                async with hostile_server(behaviour) as server:
                    outbound._policy._allow(server.endpoint)
                    urls = [
                        server.url,
                        f"https://127.0.0.1:{server.port}/",
                        f"http://127.0.0.1:{closed_port()}/",
                        "http://x.example.com/",
                    ]
                    calls = [
                        failure(outbound, url, timeout_s=0.1, lane=f"{index}:{n}") for n in range(5) for url in urls
                    ]
                    await asyncio.gather(*calls)
            async with asyncio.timeout(5):
                while remains() > before:  # noqa: ASYNC110 - nothing tells when the system has closed a socket
                    await asyncio.sleep(0.02)
            after = remains()
            assert all(now <= then for now, then in zip(after, before, strict=True))
            assert outbound._slots._gates == {}
