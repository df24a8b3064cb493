"""A visitor of the web chat, speaking to the application without a socket."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson
from starlette.types import ASGIApp
from tests.support.asgi_call import Answer, ask

_ids = count(1)


@dataclass
class Visitor:
    """Knows a channel's key and, after `open`, a token."""

    app: ASGIApp
    key: str
    token: str = ""
    cursor: int = 0

    async def ask(self, method: str, what: str, **more: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return await ask(self.app, method, f"/chat/v1/{self.key}/{what}", headers=headers, **more)

    async def open(self, headers: dict[str, str] | None = None, **form: Any) -> Answer:
        answer = await self.ask("POST", "sessions", document=form, headers=headers or {})
        if answer.status == 201:
            self.token = orjson.loads(answer.body)["token"]
        return answer

    async def say(self, text: str, client_id: str | None = None) -> Answer:
        return await self.ask("POST", "messages", document={"client_id": client_id or f"c{next(_ids)}", "text": text})

    async def press(self, seq: int, index: Any) -> Answer:
        document = {"client_id": f"c{next(_ids)}", "press": {"seq": seq, "index": index}}
        return await self.ask("POST", "messages", document=document)

    async def messages(self, after: int = 0, wait: int = 0) -> list[dict[str, Any]]:
        answer = await self.ask("GET", "messages", params={"after": str(after), "wait": str(wait)})
        assert answer.status == 200, answer
        found: list[dict[str, Any]] = orjson.loads(answer.body)["messages"]
        return found
