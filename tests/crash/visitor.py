"""A visitor who behaves like the widget: sends in order, repeats what was not acknowledged, reads on from where it was."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from random import Random
from typing import Any

import orjson

from tests.crash.house import IDENTITY_SECRET, KEY, answers_to

GONE = (ConnectionError, asyncio.IncompleteReadError, TimeoutError)
"""What a client sees of a server that was killed."""
RETRY_S = 0.02
PATIENCE_S = 8.0
KINDS = ("say",) * 4 + ("count",) * 4 + ("wait", "both")


class Line:
    """One keep-alive connection, made again when the server comes back."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, document: Any = None, token: str = "") -> tuple[int, Any]:
        """Status and JSON of the answer; one of GONE when there is none."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._ask(method, path, document, token)
        except BaseException:
            self.close()
            raise

    async def _ask(self, method: str, path: str, document: Any, token: str) -> tuple[int, Any]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        body = b"" if document is None else orjson.dumps(document)
        writer.write(
            f"{method} /chat/v1/{KEY}/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
        content = await reader.readexactly(int(length.partition(":")[2]))
        if "\r\nconnection: close" in head:
            self.close()
        return int(head.split(" ", 2)[1]), orjson.loads(content)

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()
            self._streams = None


class Visitor:
    """`sent` in order; `acknowledged` by client id; `seen` as the log came, line by line, over all lives of the server."""

    def __init__(self, name: str, port: int, random: Random, happened: Callable[[str], None]) -> None:
        self.name = name
        self.sent: list[tuple[str, str]] = []
        self.acknowledged: dict[str, int] = {}
        self.seen: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self.conversation_id = 0
        self.ready = asyncio.Event()
        self._random = random
        self._happened = happened
        self._token = ""
        self._out, self._in = Line(port), Line(port)
        self._news = asyncio.Event()

    async def talk(self, until: asyncio.Event) -> None:
        """Open the chat and send until told to stop; returns when everything that was sent is acknowledged."""
        await self._open()
        while not until.is_set():
            client_id, text = f"{self.name}-{len(self.sent)}", f"{self._random.choice(KINDS)} {len(self.sent)}"
            self.sent.append((client_id, text))
            await self._send(client_id, text)
            if self._random.random() < 0.1:
                await self._open()
                await self._send(client_id, text)
            await self._room(self._random.randint(0, 12), until)

    async def read(self) -> None:
        """Follow the log until cancelled."""
        await self.ready.wait()
        while True:
            with suppress(*GONE):
                after = self.seen[-1]["seq"] if self.seen else 0
                status, found = await self._in.ask("GET", f"messages?after={after}&wait=5", token=self._token)
                if status == 200:
                    self.seen += found["messages"]
                    self._news.set()
                    continue
                self._judge(status, found)
            await asyncio.sleep(RETRY_S)

    async def answered(self) -> None:
        """Wait until the log holds every answer."""
        wanted = len(self.sent) + len(answers_to(text for _, text in self.sent))
        while len(self.seen) < wanted:
            self._news.clear()
            await self._news.wait()

    def close(self) -> None:
        self._out.close()
        self._in.close()

    async def _room(self, most: int, until: asyncio.Event) -> None:
        """Wait until at most so many messages are unanswered, for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                while not until.is_set():
                    written = sum(line["from"] == "bot" for line in self.seen)
                    if written >= len(answers_to(text for _, text in self.sent[: max(0, len(self.sent) - most)])):
                        return
                    self._news.clear()
                    await self._news.wait()

    async def _open(self) -> None:
        proof = hmac.new(IDENTITY_SECRET.encode(), self.name.encode(), sha256).hexdigest()
        given = await self._until("POST", "sessions", {"user_id": self.name, "user_hash": proof}, 201)
        if self.conversation_id not in (0, given["conversation_id"]):
            self.wrong.append(f"{self.name} got another conversation")
        self.conversation_id, self._token = given["conversation_id"], given["token"]
        self.ready.set()

    async def _send(self, client_id: str, text: str) -> None:
        given = await self._until("POST", "messages", {"client_id": client_id, "text": text}, 202)
        self._happened("acknowledged")
        if self.acknowledged.setdefault(client_id, given["seq"]) != given["seq"]:
            self.wrong.append(f"{client_id} was acknowledged as {self.acknowledged[client_id]} and {given['seq']}")

    async def _until(self, method: str, path: str, document: Any, wanted: int) -> Any:
        """Ask until the server takes it."""
        while True:
            with suppress(*GONE):
                status, given = await self._out.ask(method, path, document, self._token)
                if status == wanted:
                    return given
                self._judge(status, given)
                await asyncio.sleep(0.1)
            await asyncio.sleep(RETRY_S)

    def _judge(self, status: int, found: Any) -> None:
        """Too many and unavailable are to be tried again; everything else is a fault."""
        if status not in (429, 503) and len(self.wrong) < 10:
            self.wrong.append(f"{self.name} was answered {status}: {found}")
