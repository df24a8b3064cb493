"""Stopping and starting as an operator does: SIGTERM under load (row S07), and a second server on the same file (row S17)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random
from time import monotonic

import pytest

from tests.crash.house import Shop, build, free_port
from tests.crash.load import load
from tests.crash.process import lives_of
from tests.crash.visitor import GONE
from tests.support.backend import Asked, backend

DRAIN_S = 10.0
AT_ONCE_S = 0.5

pytestmark = pytest.mark.slow


async def ready(port: int) -> bool:
    """What a load balancer would hear on a new connection."""
    try:
        async with asyncio.timeout(1):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /healthz/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
    except GONE:
        return False
    return b" 200 " in answer.partition(b"\r\n")[0]


async def test_s07_sigterm_under_load_drains_and_loses_nothing(tmp_path: Path) -> None:
    async with load(tmp_path, seed=7) as under:
        for _ in range(3):
            await asyncio.sleep(0.4)
            assert await ready(under.house.port)
            began = monotonic()
            over = asyncio.create_task(under.lives.stop())
            await asyncio.sleep(AT_ONCE_S / 10)
            while monotonic() - began < AT_ONCE_S and not over.done():
                assert not await ready(under.house.port)
                await asyncio.sleep(0.01)
            assert await over == 0
            assert monotonic() - began < DRAIN_S
            await asyncio.sleep(0.02)
            await under.lives.begin()
        await under.settle()
        assert await under.lives.stop() == 0
        assert under.wrong() == []
        asked = [key for key, _, _ in under.shop.asked]
        assert len(asked) == len(set(asked)), "a stop that drains repeats no call"


async def test_s07_a_backend_that_never_answers_does_not_hold_the_stop(tmp_path: Path) -> None:
    async with load(tmp_path, seed=8) as under:
        hangs = asyncio.Event()

        async def never(_: Asked) -> object:
            hangs.set()
            await asyncio.Event().wait()
            return {}

        under.shop.backend.answers["/count"] = never
        await asyncio.wait_for(hangs.wait(), 5)
        began = monotonic()
        assert await under.lives.stop() == 0
        assert monotonic() - began < DRAIN_S


async def test_s17_a_second_server_on_the_same_file_refuses_and_the_first_goes_on(tmp_path: Path) -> None:
    async with backend() as opened:
        house = await build(tmp_path, Shop(opened, Random(1)))
        async with lives_of(house) as first, lives_of(replace(house, port=free_port())) as second:
            await first.begin()
            with pytest.raises(RuntimeError, match=f"process {first.pid}"):
                await second.begin()
            assert await second.over() != 0
            assert await ready(house.port)
            first.kill()
            await first.over()
            await second.begin()  # the lock died with its holder
