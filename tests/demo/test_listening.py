"""The demo's backend on its own port."""

from __future__ import annotations

import asyncio
import socket

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from backtalk.demo.listening import HOST, listen, served


async def hello(_: Request) -> Response:
    return PlainTextResponse("hello")


async def hang(_: Request) -> Response:
    await asyncio.sleep(3600)
    return PlainTextResponse("never")


APP = Starlette(routes=[Route("/", hello), Route("/hang", hang)])


async def asked(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


async def test_it_answers_until_the_block_is_left_and_does_not_wait_for_who_hangs() -> None:
    listener = listen(0)
    port = listener.getsockname()[1]
    async with asyncio.timeout(5):
        async with served(APP, listener):
            assert (await asked(port, "/")).endswith(b"hello")
            hanging = asyncio.create_task(asked(port, "/hang"))
            await asyncio.sleep(0.05)
        assert b"never" not in await hanging
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, port)) != 0


async def test_its_end_is_silent_when_nothing_hangs(caplog: pytest.LogCaptureFixture) -> None:
    async with served(APP, listener := listen(0)):
        assert (await asked(listener.getsockname()[1], "/")).endswith(b"hello")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with listen(0) as first, listen(first.getsockname()[1]) as second:
        assert second.getsockname()[1] != first.getsockname()[1]
    with listen(70_000) as third:
        assert third.getsockname()[1] > 0
