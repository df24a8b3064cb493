"""The application as a whole."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.types import Message

from backtalk.http.app import create_app
from backtalk.runtime.services import Services
from backtalk.storage import tokens
from backtalk.storage.database import Database
from tests.http.site import Site
from tests.http.test_api import DOCUMENT


async def test_the_lifespan_begins_and_ends_what_runs_beside(services: Services) -> None:
    app = create_app(services)
    waiting: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []
    tasks = asyncio.all_tasks()

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    await asyncio.sleep(0)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert asyncio.all_tasks() == tasks


async def test_a08_get_changes_nothing(site: Site, monkeypatch: Any) -> None:
    client = site.own.owner
    row = await site.services.database.read(lambda tx: tokens.find(tx, client.token))
    assert row
    await client.get("/api/v1/workspace")  # notes the use of the token
    written: list[object] = []
    write = Database.write

    async def counted(self: Database, work: Any) -> Any:
        written.append(work)
        return await write(self, work)

    monkeypatch.setattr(Database, "write", counted)
    for path, operations in DOCUMENT["paths"].items():
        if "get" in operations:
            await client.get(f"/api/v1{path}".replace("{", "").replace("}", ""))
            await client.get("/api/v1" + path.partition("{")[0] + "1" if "{" in path else f"/api/v1{path}")
    for path in ("/", "/healthz/live", "/healthz/ready", "/metrics"):
        await client.get(path)
    assert written == []
