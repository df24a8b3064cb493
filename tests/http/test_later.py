"""Applications that are made in the background."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from backtalk.http.later import Later
from tests.support.asgi import Client


async def test_it_is_made_once_off_the_loop_and_requests_wait_for_it() -> None:
    threads: list[int] = []
    go = threading.Event()

    def make() -> ASGIApp:
        go.wait(5)
        threads.append(threading.get_ident())
        return PlainTextResponse("here")

    later = Later(make)
    making = later.begin()
    assert later.begin() is making
    waiting = [asyncio.create_task(Client(later).get("/")) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in waiting)
    go.set()
    assert [(await task).text for task in waiting] == ["here"] * 3
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


async def test_a_client_that_gives_up_spoils_it_for_nobody() -> None:
    go = threading.Event()

    def make() -> ASGIApp:
        go.wait(5)
        return PlainTextResponse("here")

    later = Later(make)
    gone = asyncio.create_task(Client(later).get("/"))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    go.set()
    assert (await Client(later).get("/")).text == "here"


def test_the_server_starts_without_the_library_of_the_management_api() -> None:
    """Its import would take a third of the time to ready (PERFORMANCE.md)."""
    code = "import backtalk.http.app, sys; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own code
