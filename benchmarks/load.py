"""Load without a library in its way: raw HTTP and WebSocket connections that each send the next thing when the last was answered."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import quantiles
from time import perf_counter

import orjson

TEXT, PING, PONG = 0x81, 0x89, 0x8A


@dataclass
class Times:
    """How long each exchange took, in seconds, and over how long they were counted."""

    each: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.each) / self.seconds

    def ms(self, percent: int) -> float:
        return quantiles(self.each, n=100)[percent - 1] * 1000


class Http(asyncio.Protocol):
    """A kept-alive connection: `ask` sends bytes and gives the body of the answer."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted = -1
        self._answer: asyncio.Future[bytes] | None = None

    @classmethod
    async def open(cls, port: int) -> Http:
        return (await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port))[1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("closed"))

    async def ask(self, request: bytes) -> bytes:
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._wanted < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._buffer[:end]).lower()
            if not head.startswith((b"http/1.1 2", b"http/1.1 101")):
                raise RuntimeError(self._buffer[:400])
            self._wanted = end + 4 + int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0] or 0)
        if len(self._buffer) >= self._wanted and self._answer:
            body = bytes(self._buffer[self._buffer.find(b"\r\n\r\n") + 4 : self._wanted])
            del self._buffer[: self._wanted]
            self._wanted = -1
            if not self._answer.done():
                self._answer.set_result(body)


def post(path: str, document: object, token: str = "") -> bytes:
    body = orjson.dumps(document)
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str, token: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


class Socket(asyncio.Protocol):
    """A web chat socket: `say` sends a message and waits for the bot's next one."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._greeted = False
        self._wanted = b'"type":"ready"'
        self._found: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, port: int, key: str, token: str) -> Socket:
        """Connected, with everything that was said before behind it."""
        made: Socket = (await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port))[1]
        made._found = asyncio.get_running_loop().create_future()
        nonce = base64.b64encode(os.urandom(16)).decode()
        made.transport.write(
            f"GET /chat/v1/{key}/socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: backtalk, {token}\r\n\r\n".encode()
        )
        await made._found
        made._wanted = b'"from":"bot"'
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        if self._found and not self._found.done():
            self._found.set_exception(exc or ConnectionError("closed"))

    async def say(self, client_id: str, text: str) -> None:
        self._found = asyncio.get_running_loop().create_future()
        self.transport.write(frame(orjson.dumps({"client_id": client_id, "text": text})))
        await self._found

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._greeted:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                raise RuntimeError(self._buffer[:400])
            self._greeted = True
            del self._buffer[: end + 4]
        while (payload := self._next()) is not None:
            if self._opcode == PING:
                self.transport.write(frame(payload, PONG))
            if b'"type":"error"' in payload:
                raise RuntimeError(payload)
            if self._wanted in payload and self._found and not self._found.done():
                self._found.set_result(None)

    def _next(self) -> bytes | None:
        """The payload of the next whole frame; servers do not mask."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        self._opcode, length, start = buffer[0], buffer[1], 2
        if length == 126:
            length, start = int.from_bytes(buffer[2:4], "big"), 4
        elif length == 127:
            length, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + length:
            return None
        payload = bytes(buffer[start : start + length])
        del buffer[: start + length]
        return payload


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A frame as clients send it; a mask of zeros leaves the payload as it is."""
    length = len(payload)
    head = bytes((opcode, 0x80 | length)) if length < 126 else bytes((opcode, 0xFE)) + length.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


async def open_session(port: int, key: str) -> str:
    """The token of a new visitor."""
    line = await Http.open(port)
    answer = await line.ask(post(f"/chat/v1/{key}/sessions", {"profile": {"first_name": "Ann"}}))
    line.transport.close()
    return str(orjson.loads(answer)["token"])


async def repeat(doers: list[Callable[[], Awaitable[object]]], *, warm_s: float, seconds: float) -> Times:
    """Let each do its thing again and again, all at once; what began and ended in the measured time counts."""
    times = Times(seconds=seconds)
    begin = perf_counter() + warm_s
    end = begin + seconds

    async def one(do: Callable[[], Awaitable[object]]) -> None:
        while (began := perf_counter()) < end:
            await do()
            over = perf_counter()
            if began >= begin and over <= end:
                times.each.append(over - began)

    await asyncio.gather(*(one(do) for do in doers))
    return times
