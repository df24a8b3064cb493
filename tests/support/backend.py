"""A customer's backend on loopback: answers each path as a test says, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


Answer = bytes | dict[str, Any] | tuple[int, bytes] | Callable[[Asked], Awaitable[Any]]


@dataclass
class Backend:
    """Listens while its context is open. `answers` maps a path to an envelope, bytes, (status, bytes) or a function."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def place(self) -> str:
        """What BACKTALK_EGRESS_ALLOW must hold."""
        return f"127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                asked = Asked(method, path, headers, body)
                self.asked.append(asked)
                answer = self.answers.get(path.partition("?")[0], (404, b"{}"))
                if callable(answer):
                    answer = await answer(asked)
                status, content = answer if isinstance(answer, tuple) else (200, answer)
                if not isinstance(content, bytes):
                    content = orjson.dumps(content)
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
                await writer.drain()
        self._open.discard(writer)
        writer.close()


@asynccontextmanager
async def backend(port: int = 0) -> AsyncIterator[Backend]:
    made = Backend()
    server = await asyncio.start_server(made._serve, "127.0.0.1", port)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for writer in list(made._open):
            writer.close()
        await asyncio.sleep(0)
