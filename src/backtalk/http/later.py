"""An application that is made while others serve already: the management API's library alone would take a third of the start."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send


class Later:
    """Calls `make` once, in a thread, at `begin` or with the first request; requests wait for it."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._made: asyncio.Future[ASGIApp] | None = None

    def begin(self) -> asyncio.Future[ASGIApp]:
        """Start to make it, unless that was done already."""
        if self._made is None:
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        return self._made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = await asyncio.shield(self.begin())
        await app(scope, receive, send)
