"""What a workspace is furnished with over HTTP: a published bot, a web chat, a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backtalk.engine.events import Started
from backtalk.runtime.services import Services
from backtalk.storage import conversations
from backtalk.storage.conversations import Opened
from backtalk.storage.database import Tx
from tests.support.asgi import Client, Reply
from tests.support.house import document, now

V1 = "/api/v1"
HELLO = {"type": "text", "text": "Hello {{first_name}}"}


@dataclass(frozen=True, slots=True)
class Shop:
    """Ids of what was made. Sequence 1 says hello, sequence 2 asks for a number."""

    workspace_id: int
    bot_id: int
    channel: dict[str, Any]


def ok(reply: Reply, status: int = 200) -> Any:
    assert reply.status == status, reply.text
    return reply.json() if reply.body else None


async def add_shop(client: Client, workspace_id: int, *sequences: list[dict[str, Any]]) -> Shop:
    """`client` has a role that may do it all."""
    wanted = sequences or ([HELLO], [{"type": "ask", "text": "Number?", "save_as": "number"}])
    bot = ok(await client.post(f"{V1}/bots", {"name": "Shop"}), 201)
    place = f"{V1}/bots/{bot['id']}"
    revision = bot["revision"]
    for number, _ in enumerate(wanted, 1):
        revision = ok(await client.post(f"{place}/sequences", {"name": f"Sequence {number}"}), 201)["revision"]
    ok(await client.put(f"{place}/draft", {"revision": revision, "document": document(*wanted)}))
    ok(await client.post(f"{place}/publish"))
    channel = ok(await client.post(f"{V1}/channels", {"type": "webchat", "name": "Web", "bot_id": bot["id"]}), 201)
    return Shop(workspace_id, bot["id"], channel)


async def add_customer(services: Services, shop: Shop, external_id: str = "a", **profile: Any) -> Opened:
    """A customer who has opened the chat."""

    def work(tx: Tx) -> Opened:
        return conversations.open_conversation(
            tx,
            workspace_id=shop.workspace_id,
            channel_id=shop.channel["id"],
            bot_id=shop.bot_id,
            external_id=external_id,
            profile=profile,
            at=now(),
        )

    opened = await services.database.write(work)
    await services.turns.take(
        workspace_id=shop.workspace_id,
        conversation_id=opened.conversation_id,
        event=Started(now()),
        external_id="started",
    )
    return opened
