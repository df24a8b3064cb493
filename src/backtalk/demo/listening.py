"""The demo's backend on a loopback port of its own, beside the server in the same process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Generator

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"
LAST_PORT = 65_535
DRAIN_S = 1
"""How long the answers that hang on purpose are waited for at the end; without any the end is at once, and silent."""


def listen(port: int) -> socket.socket:
    """A socket on this loopback port, or on a free one when it is taken."""
    try:
        return socket.create_server((HOST, port if port <= LAST_PORT else 0))
    except OSError:
        return socket.create_server((HOST, 0))


@contextlib.asynccontextmanager
async def served(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """The application answers on the socket until the block is left."""
    server = _Server(
        uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=DRAIN_S)
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
        listener.close()


class _Server(uvicorn.Server):
    """Leaves the signals to the main server."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
