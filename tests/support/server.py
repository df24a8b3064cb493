"""The real server on a loopback port, in the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from backtalk.http import server


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """`host:port` of a server that answers with an application."""
    listener = server.listen("127.0.0.1", 0)
    ready = asyncio.Event()
    made = server.make_server(app, on_ready=ready.set, drain_s=2)
    running = asyncio.create_task(made.serve(sockets=[listener]))
    await asyncio.wait_for(ready.wait(), 10)
    host, port = listener.getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        made.stop()
        await asyncio.wait_for(running, 15)
        listener.close()
