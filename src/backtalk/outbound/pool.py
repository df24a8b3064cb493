"""Kept-alive connections at rest, one shelf per workspace and origin: never shared, bounded, closed when idle."""

import asyncio
from collections import OrderedDict, deque
from typing import Final

from backtalk.outbound.connection import Connection
from backtalk.outbound.target import Target

Shelf = tuple[int, str, str, int]

IDLE_S: Final = 4.0
"""Shorter than the five seconds after which common servers close, so that a request seldom meets a closing peer."""
MAX_AGE_S: Final = 300.0
"""A connection older than this is not kept, so that a changed address is noticed under steady load, too."""
_SWEEP_S: Final = 1.0


class Pool:
    """Connections at rest. `take` gives one that is open and silent; `give` keeps one or closes it."""

    def __init__(self, *, per_shelf: int = 64, in_all: int = 1024) -> None:
        self._shelves: OrderedDict[Shelf, deque[Connection]] = OrderedDict()
        self._per_shelf = per_shelf
        self._in_all = in_all
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self.size = 0

    @staticmethod
    def shelf(workspace_id: int, target: Target) -> Shelf:
        return (workspace_id, target.scheme, target.host, target.port)

    def take(self, shelf: Shelf) -> Connection | None:
        """The connection used last that is still usable; those found closed are dropped, with no byte sent on them."""
        resting = self._shelves.get(shelf)
        while resting:
            connection = resting.pop()
            self.size -= 1
            if not resting:
                del self._shelves[shelf]
            if connection.usable():
                return connection
            connection.abort()
        return None

    def give(self, shelf: Shelf, connection: Connection, *, keep_alive_s: int | None) -> None:
        """Keep a connection whose answer was whole. `keep_alive_s` is what the server said; we leave a second earlier."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        idle_s = IDLE_S if keep_alive_s is None else min(IDLE_S, keep_alive_s - 1.0)
        resting = self._shelves.get(shelf, ())
        if (
            self._closed
            or idle_s <= 0
            or now - connection.opened_at > MAX_AGE_S
            or len(resting) >= self._per_shelf
            or not connection.rest(now + idle_s)
        ):
            connection.abort()
            return
        self._shelves.setdefault(shelf, deque()).append(connection)
        self._shelves.move_to_end(shelf)
        self.size += 1
        if self.size > self._in_all:
            self._drop_oldest()
        if self._timer is None:
            self._timer = loop.call_later(_SWEEP_S, self._sweep, loop)

    def close(self) -> None:
        """Close everything at rest; what is given afterwards is closed at once."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._shelves:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        shelf, resting = next(iter(self._shelves.items()))
        resting.popleft().abort()
        self.size -= 1
        if not resting:
            del self._shelves[shelf]

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for shelf, resting in list(self._shelves.items()):
            kept = deque(connection for connection in resting if connection.idle_until > now)
            for connection in resting:
                if connection.idle_until <= now:
                    connection.abort()
            self.size -= len(resting) - len(kept)
            if kept:
                self._shelves[shelf] = kept
            else:
                del self._shelves[shelf]
        self._timer = loop.call_later(_SWEEP_S, self._sweep, loop) if self._shelves else None
