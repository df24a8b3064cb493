"""The listening side, over real sockets on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

from backtalk.errors import Invalid
from backtalk.http import server as server_module
from backtalk.http.server import MAX_HEAD_BYTES, BoundedProtocol, Server, listen, make_server, run, serve

HEAD_S = 0.4
GET = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass
class Running:
    """A server that listens on `port`."""

    port: int
    server: Server
    stopped: list[str] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def send(self, *parts: bytes, pause_s: float = 0.0) -> bytes:
        """Send in parts, then read until the server closes; what came."""
        reader, writer = await self.connect()
        with contextlib.suppress(ConnectionError):
            for part in parts:
                writer.write(part)
                await writer.drain()
                if pause_s:
                    await asyncio.sleep(pause_s)
        return await _rest(reader, writer)


async def _rest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    got = b""
    async with asyncio.timeout(8):
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65_536):
                got += chunk
    writer.close()
    return got


@pytest.fixture
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.setattr(BoundedProtocol, "head_s", HEAD_S)
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(gc, "set_threshold", lambda *_: None)

    async def hello(request: Request) -> Response:
        body = await request.body()
        return PlainTextResponse(f"hello {len(body)} {request.client.host if request.client else ''}")

    async def refuse(_request: Request) -> Response:
        return PlainTextResponse("no", 413)

    async def wait(_request: Request) -> Response:
        made.entered.set()
        await made.release.wait()
        return PlainTextResponse("waited")

    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text)

    app = Starlette(
        routes=[
            Route("/hello", hello, methods=["GET", "POST"]),
            Route("/refuse", refuse, methods=["POST"]),
            Route("/wait", wait),
            WebSocketRoute("/echo", echo),
        ]
    )
    listener = listen("127.0.0.1", 0)
    ready = asyncio.Event()
    server = make_server(
        app,
        trusted_proxies=["127.0.0.1"],
        on_ready=ready.set,
        on_stop=lambda: made.stopped.append("stopping"),
        drain_s=2,
    )
    made = Running(listener.getsockname()[1], server)
    made.task = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.wait_for(ready.wait(), 5)
    yield made
    made.release.set()
    if not made.task.done():
        server.stop()
        await made.task


async def test_a_request_is_answered_and_the_server_does_not_name_itself(running: Running) -> None:
    got = await running.send(b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 200")
    assert b"\r\nserver:" not in got.lower()


async def test_requests_on_one_connection_follow_each_other(running: Running) -> None:
    last = b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await running.send(GET + GET, last)).count(b"hello 0") == 3


@pytest.mark.parametrize(
    "start", [b"", b"GET /hel", b"GET /hello HTTP/1.1\r\n", b"GET /hello HTTP/1.1\r\nHost: x\r\nX-A: "]
)
async def test_i12_a_half_sent_head_is_cut(running: Running, start: bytes) -> None:
    began = asyncio.get_running_loop().time()
    got = await running.send(start)
    assert got == b""
    assert asyncio.get_running_loop().time() - began < HEAD_S * 4


async def test_i12_dripping_does_not_buy_time(running: Running) -> None:
    began = asyncio.get_running_loop().time()
    drips = [bytes([byte]) for byte in b"GET /hello HTTP/1.1\r\nX-Slow: " + b"a" * 100]
    assert await running.send(*drips, pause_s=0.05) == b""
    assert asyncio.get_running_loop().time() - began < 8


async def test_i12_a_body_of_a_byte_now_and_then_is_cut(running: Running) -> None:
    head = b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    reader, writer = await running.connect()
    writer.write(head)
    with contextlib.suppress(ConnectionError):
        for _ in range(40):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)
    assert b"200" not in await _rest(reader, writer)


async def test_i12_a_large_body_that_keeps_coming_is_taken(running: Running) -> None:
    parts = [b"x" * 16_384] * 4
    head = b"POST /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n"
    got = await running.send(head, *parts, pause_s=HEAD_S / 2.5)
    assert b"hello 65536" in got


async def test_i12_many_half_open_clients_do_not_hold_up_a_whole_one(running: Running) -> None:
    idle = [await running.connect() for _ in range(100)]
    got = await asyncio.wait_for(running.send(b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 2)
    assert b"hello" in got
    await asyncio.gather(*(_rest(*pair) for pair in idle))


async def test_i12_the_second_request_of_a_connection_has_its_clock_too(running: Running) -> None:
    reader, writer = await running.connect()
    writer.write(GET)
    assert (await reader.readuntil(b"hello 0")).startswith(b"HTTP/1.1 200")
    writer.write(b"GET /hello HT")
    began = asyncio.get_running_loop().time()
    await _rest(reader, writer)
    assert asyncio.get_running_loop().time() - began < HEAD_S * 4


@pytest.mark.parametrize(
    "head",
    [
        b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n",
        b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n",
        b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n",
        b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: -4\r\n\r\n",
        b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\n",
        b"POST /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity, chunked, chunked\r\nContent-Length: 1\r\n\r\n",
        b"GET /hello HTTP/1.1\r\nHost: x\r\n X-Folded: y\r\nContent-Length : 4\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_i23_an_ambiguous_request_is_400_and_the_connection_ends(running: Running, head: bytes) -> None:
    got = await running.send(head + b"abcd")
    assert got.startswith(b"HTTP/1.1 400")
    assert got.count(b"HTTP/1.1 400") == 1
    assert b"HTTP/1.1 200" not in got
    assert b"application/problem+json" in got
    assert b"x-content-type-options: nosniff" in got


@pytest.mark.parametrize("field", [b"a: b\r\n", b"a: " + b"b" * 8_000 + b"\r\n"], ids=["many", "long"])
async def test_p3_a_large_head_that_comes_at_once_is_refused_too(running: Running, field: bytes) -> None:
    head = b"GET /hello HTTP/1.1\r\nHost: x\r\n" + field * (MAX_HEAD_BYTES * 2 // len(field)) + b"\r\n"
    assert (await running.send(head)).startswith(b"HTTP/1.1 400 ")
    small = b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + field * 4 + b"\r\n"
    assert (await running.send(small)).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("start", [b"GET /hello HTTP/1.1\r\nX-A: ", b"GET /", b"GET /hello HTTP/1.1\r\n"])
async def test_p3_a_head_without_end_is_refused_at_its_bound(running: Running, start: bytes) -> None:
    filler = b"X-A: b\r\n" * 2_048 if start.endswith(b"\n") else b"a" * 16_384
    reader, writer = await running.connect()
    writer.write(start)
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 50_000_000 and not reader.at_eof():
            writer.write(filler)
            await writer.drain()
            sent += len(filler)
            await asyncio.sleep(0)
    await _rest(reader, writer)
    assert sent < 10_000_000


async def test_i11_what_comes_after_a_refusal_is_not_read_for_ever(running: Running) -> None:
    reader, writer = await running.connect()
    writer.write(b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 300000000\r\n\r\n")
    assert (await reader.readuntil(b"no")).startswith(b"HTTP/1.1 413")
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 300_000_000:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536
    await _rest(reader, writer)
    assert sent < 50_000_000


async def test_a_socket_outlives_the_clock_of_its_head(running: Running) -> None:
    async with connect(f"ws://127.0.0.1:{running.port}/echo") as client:
        await asyncio.sleep(HEAD_S * 2)
        await client.send("still here")
        assert await client.recv() == "still here"


async def test_a_request_may_wait_for_its_answer_longer_than_a_head_may_take(running: Running) -> None:
    waiting = asyncio.create_task(running.send(b"GET /wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    await running.entered.wait()
    await asyncio.sleep(HEAD_S * 2)
    running.release.set()
    assert b"waited" in await waiting


async def test_only_a_trusted_proxy_may_name_the_client(running: Running) -> None:
    forwarded = b"GET /hello HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7\r\nConnection: close\r\n\r\n"
    assert b"hello 0 203.0.113.7" in await running.send(forwarded)


async def test_s07_a_stop_is_told_at_once_and_what_is_under_way_is_answered(running: Running) -> None:
    waiting = asyncio.create_task(running.send(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"))
    await running.entered.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(0.3)
    assert running.stopped == ["stopping"]
    with pytest.raises(ConnectionError):
        await running.connect()
    running.release.set()
    assert b"waited" in await waiting
    assert running.task
    await asyncio.wait_for(running.task, 3)


async def test_s07_the_drain_has_an_end(running: Running) -> None:
    waiting = asyncio.create_task(running.send(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"))
    await running.entered.wait()
    running.server.stop()
    assert running.task
    await asyncio.wait_for(running.task, 4)
    assert b"waited" not in await waiting


def test_a_port_in_use_is_refused_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Invalid) as refused:
        listen("127.0.0.1", taken.getsockname()[1])
    assert "--port" in refused.value.hint


def test_after_the_start_collections_are_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(gc, "freeze", lambda: seen.append("frozen"))
    monkeypatch.setattr(gc, "set_threshold", seen.append)
    loops: list[str] = []

    async def main() -> None:
        loops.append(type(asyncio.get_running_loop()).__module__)
        server: list[Server] = []
        made = make_server

        def remembered(*args: object, **more: object) -> Server:
            server.append(made(*args, **more))  # type: ignore[arg-type]
            return server[0]

        monkeypatch.setattr(server_module, "make_server", remembered)
        await serve(Starlette(), listen("127.0.0.1", 0), on_ready=lambda: server[0].stop())  # noqa: PLW0108 - there is no server yet

    run(main())
    assert seen == ["frozen", server_module.GC_THRESHOLD]
    assert loops == ["uvloop"]
