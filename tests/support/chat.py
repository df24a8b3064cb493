"""A visitor of the web chat, speaking to the application without a socket."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlencode

from starlette.types import ASGIApp

from tests.support.asgi import Client, Reply

_ids = count(1)


@dataclass
class Visitor:
    """Knows a channel's key and, after `open`, a token."""

    app: ASGIApp
    key: str
    token: str = ""
    cursor: int = 0

    async def ask(self, method: str, what: str, *, params: dict[str, str] | None = None, **more: Any) -> Reply:
        query = f"?{urlencode(params)}" if params else ""
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        path = f"/chat/v1/{self.key}/{what}{query}"
        return await Client(self.app).request(method, path, headers=headers, **more)

    async def open(self, headers: dict[str, str] | None = None, **form: Any) -> Reply:
        answer = await self.ask("POST", "sessions", json=form, headers=headers or {})
        if answer.status == 201:
            self.token = answer.json()["token"]
        return answer

    async def say(self, text: str, client_id: str | None = None) -> Reply:
        return await self.ask("POST", "messages", json={"client_id": client_id or f"c{next(_ids)}", "text": text})

    async def press(self, seq: int, index: Any) -> Reply:
        document = {"client_id": f"c{next(_ids)}", "press": {"seq": seq, "index": index}}
        return await self.ask("POST", "messages", json=document)

    async def messages(self, after: int = 0, wait: int = 0) -> list[dict[str, Any]]:
        answer = await self.ask("GET", "messages", params={"after": str(after), "wait": str(wait)})
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found
