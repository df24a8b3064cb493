"""One connection to a backend: writes a request, feeds the answer, and knows whether it can be used again."""

import asyncio
import socket

from backtalk.outbound.answer import SILENT, Answer
from backtalk.outbound.failure import NoReply


class Connection(asyncio.Protocol):
    """Carries one exchange at a time. Whoever holds it calls `abort` after anything but a whole answer."""

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self.opened_at = loop.time()
        self.idle_until = 0.0
        self._sock = sock
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._whole: asyncio.Future[Answer] | None = None

    async def exchange(self, request: bytes) -> Answer:
        """Send the request and wait for its whole answer; NoReply when there is none."""
        if self._transport is None:
            raise NoReply("unreachable", SILENT)
        self._answer = Answer()
        self._whole = self._loop.create_future()
        self._transport.write(request)
        try:
            return await self._whole
        finally:
            self._answer = self._whole = None

    def usable(self) -> bool:
        """Whether nothing was received and the peer has not closed: asked just before the first byte of an exchange."""
        if self._transport is None or self._transport.is_closing() or self._loop.time() >= self.idle_until:
            return False
        try:
            self._sock.recv(1, socket.MSG_PEEK)  # never waits: the socket is non-blocking
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # closed by the peer, or bytes that nobody asked for

    def rest(self, idle_until: float) -> bool:
        """Keep the connection for another exchange; False when it cannot be."""
        transport = self._transport
        if transport is None or transport.is_closing() or transport.get_write_buffer_size():
            return False
        self.idle_until = idle_until
        return True

    def abort(self) -> None:
        """Close at once, without waiting for the peer."""
        if self._transport is not None:
            self._transport.abort()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream protocol is given a stream transport

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._whole is None or self._whole.done():
            self.abort()  # unasked bytes: the peer and we disagree about where an answer ends
            return
        try:
            if self._answer.feed(data):
                self._whole.set_result(self._answer)
        except NoReply as failure:
            self._whole.set_exception(failure)
            self.abort()

    def eof_received(self) -> None:
        self._closed(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed(exc)
        self._transport = None

    def _closed(self, exc: Exception | None) -> None:
        if self._answer is None or self._whole is None or self._whole.done():
            return
        try:
            self._answer.end(broken=exc is not None)
        except NoReply as failure:
            self._whole.set_exception(failure)
        else:
            self._whole.set_result(self._answer)
