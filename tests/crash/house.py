"""What a crash test stands on: a database with a bot that answers, calls and waits, and the shop that it calls."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from backtalk.bootstrap import open_database
from backtalk.settings import Settings
from backtalk.storage import apis, bots, channels, versions, workspaces
from backtalk.storage.apis import ApiSettings
from backtalk.storage.database import Tx
from tests.crash.serving import settings_of
from tests.support.backend import Asked, Backend
from tests.support.house import document

IDENTITY_SECRET = "the identity secret of a crash test"
KEY = "crash-test-channel-key"
DELAY_S = 0.1
WELCOME = "Welcome"


@dataclass(frozen=True, slots=True)
class House:
    """A prepared folder and where its server will listen."""

    folder: Path
    port: int
    backend_port: int

    @property
    def settings(self) -> Settings:
        return settings_of(self.folder, self.port, self.backend_port)


async def build(folder: Path, shop: Shop) -> House:
    """Make the database with everything that the conversations need."""
    house = House(folder, free_port(), shop.backend.port)
    async with open_database(house.settings) as database:
        await database.write(lambda tx: _furnish(tx, shop.backend))
    return house


def _furnish(tx: Tx, backend: Backend) -> None:
    now = datetime.now(UTC)
    workspace_id = workspaces.every(tx)[0].id
    count = ApiSettings(name="Count", method="POST", url=backend.url("/count"), output="text")
    bump = ApiSettings(name="Bump", method="POST", url=backend.url("/count"))
    count_id = apis.create(tx, workspace_id, count, now).id
    bump_id = apis.create(tx, workspace_id, bump, now).id
    bot_id = bots.create(tx, workspace_id, "Counter", now).id
    for _ in range(5):
        bots.add_sequence(tx, workspace_id, bot_id, "Sequence", now)
    revision = bots.save_draft(
        tx,
        workspace_id,
        bot_id,
        revision=bots.draft(tx, workspace_id, bot_id).revision,
        document=document(
            [{"type": "text", "text": WELCOME}],
            [
                {"type": "set_attributes", "attributes": {"last_plain": "{{last_message_text}}"}},
                {"type": "text", "text": "You said {{last_message_text}}"},
            ],
            [{"type": "text", "text": f"Number <<api:{count_id}>>"}],
            [
                {"type": "text", "text": "Begun {{last_message_text}}"},
                {"type": "delay", "seconds": DELAY_S},
                {"type": "text", "text": "Done {{last_message_text}}"},
            ],
            [
                {"type": "call_api", "api": bump_id},
                {"type": "delay", "seconds": DELAY_S},
                {"type": "text", "text": f"Number <<api:{count_id}>>"},
            ],
            keywords=[
                {"words": [word], "match": "contains", "sequence": sequence}
                for sequence, word in enumerate(("count", "wait", "both"), start=3)
            ],
        ),
        at=now,
    )
    versions.publish(tx, workspace_id, bot_id, revision=revision, note="", at=now)
    channels.create(
        tx,
        workspace_id,
        type="webchat",
        name="Web",
        bot_id=bot_id,
        key=KEY,
        config={},
        credentials={"identity_secret": IDENTITY_SECRET},
        connected=True,
        at=now,
    )


def answers_to(texts: Iterable[str]) -> list[str]:
    """All that the bot must have said, in order, to a customer who wrote these texts."""
    said, calls = [WELCOME], 0
    for text in texts:
        match text.split()[0]:
            case "count":
                calls += 1
                said.append(f"Number {calls}")
            case "wait":
                said += [f"Begun {text}", f"Done {text}"]
            case "both":
                calls += 2
                said.append(f"Number {calls}")
            case _:
                said.append(f"You said {text}")
    return said


def calls_for(texts: Iterable[str]) -> int:
    """How many calls these texts make."""
    return sum({"count": 1, "both": 2}.get(text.split()[0], 0) for text in texts)


@dataclass
class Shop:
    """The customer's backend. It outlives every server, takes a key once, and remembers what it was asked in which life."""

    backend: Backend
    random: Random
    life: Callable[[], int] = lambda: 0
    happened: Callable[[str], None] = lambda _: None
    asked: list[tuple[str, int, Any]] = field(default_factory=list)
    """Key, life, body."""
    numbers: dict[str, int] = field(default_factory=dict)
    """What each key was answered."""
    _counts: Counter[int] = field(default_factory=Counter)

    def open(self) -> None:
        self.backend.answers["/count"] = self._count

    async def _count(self, asked: Asked) -> dict[str, Any]:
        body, key = asked.json(), asked.headers["idempotency-key"]
        self.asked.append((key, self.life(), body))
        self.happened("call")
        if self.random.random() < 0.5:
            await asyncio.sleep(self.random.choice((0.0, 0.005, 0.03)))
        if key not in self.numbers:
            self._counts[body["uid"]] += 1
            self.numbers[key] = self._counts[body["uid"]]
        number = self.numbers[key]
        asyncio.get_running_loop().call_soon(self.happened, "answer")
        return {"data": str(number), "success": True, "attributes": {"count": (body.get("count") or 0) + 1}}


def free_port() -> int:
    """A port that is free now, and that no outgoing connection is given by chance."""
    for port in range(20_000 + Random().randrange(10_000), 32_000):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("No port is free.")
