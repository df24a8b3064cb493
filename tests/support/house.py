"""The whole runtime on a database of its own: a workspace with a bot, an API and a web chat, ready to be talked to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from backtalk.engine.events import Said, Started
from backtalk.outbound import EgressPolicy
from backtalk.runtime.services import Services, start_services
from backtalk.runtime.transcript import shown
from backtalk.runtime.turn import Press, Taken
from backtalk.storage import apis, bots, calls, channels, conversations, messages, versions, workspaces
from backtalk.storage.apis import ApiSettings
from backtalk.storage.calls import CallRow
from backtalk.storage.channels import ChannelRow
from backtalk.storage.conversations import Opened
from backtalk.storage.database import Database, Tx

_numbers = count(1)


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class House:
    """What a test of the runtime stands in."""

    services: Services
    workspace_id: int
    bot_id: int
    channel: ChannelRow

    async def publish(self, document: dict[str, Any]) -> int:
        """Make a document the live version, unchecked."""

        def work(tx: Tx) -> int:
            highest = max((sequence["id"] for sequence in document["sequences"]), default=0)
            issued = bots.get(tx, self.workspace_id, self.bot_id)
            draft = bots.draft(tx, self.workspace_id, self.bot_id)
            while bots.add_sequence(tx, self.workspace_id, self.bot_id, "x", now())[0] < highest:
                pass
            draft = bots.draft(tx, self.workspace_id, self.bot_id)
            revision = bots.save_draft(
                tx, self.workspace_id, issued.id, revision=draft.revision, document=document, at=now()
            )
            return versions.publish(tx, self.workspace_id, self.bot_id, revision=revision, note="", at=now())

        return await self.services.database.write(work)

    async def add_api(self, name: str, url: str, **settings: Any) -> int:
        made = ApiSettings(name=name, url=url, method=settings.pop("method", "POST"), **settings)
        row = await self.services.database.write(lambda tx: apis.create(tx, self.workspace_id, made, now()))
        return row.id

    async def open(self, who: str | None = None, **profile: Any) -> Talk:
        """A conversation of a new customer, greeted."""
        external_id = who or f"somebody {next(_numbers)}"
        opened = await self.services.database.write(
            lambda tx: conversations.open_conversation(
                tx,
                workspace_id=self.workspace_id,
                channel_id=self.channel.id,
                bot_id=self.bot_id,
                external_id=external_id,
                profile=profile,
                at=now(),
            )
        )
        talk = Talk(self, opened)
        await talk.take(Started(now()), "started")
        return talk

    async def calls(self) -> list[CallRow]:
        """The call log, oldest first."""
        rows = await self.services.database.read(lambda tx: calls.page(tx, self.workspace_id, limit=500))
        return rows[::-1]


@dataclass
class Talk:
    """One conversation, as its customer has it."""

    house: House
    opened: Opened

    async def take(self, event: Any, external_id: str | None = None, client_id: str | None = None) -> Taken:
        return await self.house.services.turns.take(
            workspace_id=self.house.workspace_id,
            conversation_id=self.opened.conversation_id,
            event=event,
            external_id=external_id or f"test:{next(_numbers)}",
            client_id=client_id,
        )

    async def say(self, text: str) -> Taken:
        return await self.take(Said(now(), text))

    async def press(self, seq: int, *index: int) -> Taken:
        return await self.take(Press(now(), seq, index))

    async def log(self) -> list[dict[str, Any]]:
        """All messages, without their times."""
        lines = await self.house.services.database.read(
            lambda tx: messages.after_seq(
                tx, workspace_id=self.house.workspace_id, conversation_id=self.opened.conversation_id, after=0
            )
        )
        return [{name: value for name, value in shown(line).items() if name != "at"} for line in lines]

    async def texts(self) -> list[str]:
        """What was said, in order: the customer's with a `> ` before it."""
        return [
            ("> " if line["from"] == "customer" else "") + line.get("text", f"[{line['type']}]")
            for line in await self.log()
        ]

    async def until(self, count_of_lines: int, *, within_s: float = 5.0) -> list[str]:
        """The texts once there are so many."""
        async with asyncio.timeout(within_s):
            while len(texts := await self.texts()) < count_of_lines:  # noqa: ASYNC110 - the log is what is tested, not its hint
                await asyncio.sleep(0.01)
        return texts

    async def state(self) -> Any:
        loaded = await self.house.services.database.read(
            lambda tx: conversations.load(
                tx, workspace_id=self.house.workspace_id, conversation_id=self.opened.conversation_id
            )
        )
        return loaded.state


@asynccontextmanager
async def house(database: Database, *allow: str, sweep: bool = True) -> AsyncIterator[House]:
    """Made on an open database; `allow` is what the policy opens."""
    services = await start_services(database, EgressPolicy(allow), sweep=sweep)

    def make(tx: Tx) -> tuple[int, int, ChannelRow]:
        workspace, _ = workspaces.create(tx, name="Shop", plan="paid", at=now())
        bot = bots.create(tx, workspace.id, "Shop", now())
        channel = channels.create(
            tx,
            workspace.id,
            type="webchat",
            name="Web",
            bot_id=bot.id,
            key=f"key-{workspace.id}-aaaaaaaaaaaaaaaa",
            config={},
            credentials={"identity_secret": "identity secret"},
            connected=True,
            at=now(),
        )
        return workspace.id, bot.id, channel

    made = await database.write(make)
    try:
        yield House(services, *made)
    finally:
        services.draining = True
        services.live.wake_all()
        await services.sweeper.stop()
        await services.performer.stop()
        await services.outbound.close()


def document(*sequences: list[dict[str, Any]], **triggers: Any) -> dict[str, Any]:
    """A bot of sequences 1, 2, 3 …: the first welcomes, the second is the default unless said otherwise."""
    usual = {"welcome": 1, "default": 2 if len(sequences) > 1 else 1}
    return {
        "name": "Shop",
        "triggers": {**usual, **triggers},
        "sequences": [
            {
                "id": number,
                "name": f"Sequence {number}",
                "blocks": [{"id": f"s{number}b{place}", **block} for place, block in enumerate(blocks)],
            }
            for number, blocks in enumerate(sequences, start=1)
        ],
    }
