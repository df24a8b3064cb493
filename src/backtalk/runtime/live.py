"""News of conversations for those who are listening in this process. The log in the database is the truth; this only hurries it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence

from backtalk.storage.messages import Line

MAX_KEPT = 200


class Listener:
    """One open long-poll or socket. `wait` returns when there is news; then `take` gives it."""

    __slots__ = ("_kept", "_news", "_typing", "missed")

    def __init__(self) -> None:
        self._kept: deque[Line] = deque()
        self._news = asyncio.Event()
        self._typing: bool | None = None
        self.missed = False
        """News was dropped because the listener was slow: read the log."""

    def tell(self, lines: Sequence[Line], *, typing: bool | None) -> None:
        if len(self._kept) + len(lines) > MAX_KEPT:
            self._kept.clear()
            self.missed = True
        elif not self.missed:
            self._kept.extend(lines)
        if typing is not None:
            self._typing = typing
        self._news.set()

    async def wait(self) -> None:
        await self._news.wait()

    def take(self) -> tuple[list[Line], bool | None]:
        """The new messages, and whether somebody is typing now (None: unchanged)."""
        lines, typing = list(self._kept), self._typing
        self._kept.clear()
        self._typing = None
        self._news.clear()
        return lines, typing


class Live:
    """Who listens to which conversation."""

    def __init__(self) -> None:
        self._listeners: dict[int, set[Listener]] = {}

    def listen(self, conversation_id: int) -> Listener:
        """Begin to listen; call `leave` with the same listener afterwards."""
        listener = Listener()
        self._listeners.setdefault(conversation_id, set()).add(listener)
        return listener

    def leave(self, conversation_id: int, listener: Listener) -> None:
        listeners = self._listeners.get(conversation_id)
        if listeners:
            listeners.discard(listener)
            if not listeners:
                del self._listeners[conversation_id]

    def tell(self, conversation_id: int, lines: Sequence[Line], *, typing: bool | None = None) -> None:
        """Pass news on. Called on the event loop, after the commit."""
        for listener in self._listeners.get(conversation_id, ()):
            listener.tell(lines, typing=typing)

    def wake_all(self) -> None:
        """Let every waiting request end, because the process stops."""
        for listener in self._everyone():
            listener.tell((), typing=None)

    def count(self) -> int:
        return sum(1 for _ in self._everyone())

    def _everyone(self) -> Iterable[Listener]:
        return [listener for listeners in self._listeners.values() for listener in listeners]
