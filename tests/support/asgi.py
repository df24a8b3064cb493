"""A client that talks to an ASGI application in the same loop, without sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import ASGIApp, Message


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Client:
    """Sends requests as `token`, from `address`."""

    def __init__(self, app: ASGIApp, token: str = "", address: str = "203.0.113.9") -> None:
        self.app = app
        self.token = token
        self.address = address

    def with_token(self, token: str) -> Client:
        return Client(self.app, token, self.address)

    async def get(self, path: str, **more: Any) -> Reply:
        return await self.request("GET", path, **more)

    async def post(self, path: str, json: Any = None, **more: Any) -> Reply:
        return await self.request("POST", path, json=json, **more)

    async def put(self, path: str, json: Any = None, **more: Any) -> Reply:
        return await self.request("PUT", path, json=json, **more)

    async def patch(self, path: str, json: Any = None, **more: Any) -> Reply:
        return await self.request("PATCH", path, json=json, **more)

    async def delete(self, path: str, **more: Any) -> Reply:
        return await self.request("DELETE", path, **more)

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | Sequence[bytes] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """`body` may come in several chunks; with one chunk its length is declared."""
        path, _, query = path.partition("?")
        chunks = [body] if isinstance(body, bytes) else list(body)
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if json is not None:
            chunks = [orjson.dumps(json)]
            sent.setdefault("content-type", "application/json")
        if len(chunks) == 1 and chunks[0]:
            sent.setdefault("content-length", str(len(chunks[0])))
        if self.token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": (self.address, 50_000),
            "server": ("testserver", 80),
            "state": {},
        }
        waiting = [
            {"type": "http.request", "body": chunk, "more_body": index < len(chunks) - 1}
            for index, chunk in enumerate(chunks)
        ]
        seen: list[Message] = []

        async def receive() -> Message:
            if waiting:
                return waiting.pop(0)
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            seen.append(message)

        await self.app(scope, receive, send)
        start = next(message for message in seen if message["type"] == "http.response.start")
        content = b"".join(message.get("body", b"") for message in seen if message["type"] == "http.response.body")
        return Reply(
            start["status"], {name.decode(): value.decode("latin-1") for name, value in start["headers"]}, content
        )
