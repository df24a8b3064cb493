"""What is owed is claimed by one at a time, and settled only by whoever still holds the claim."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backtalk.storage import effects
from backtalk.storage.database import Database
from backtalk.storage.effects import Owed
from tests.support.house import Talk, document, house


@pytest.fixture
async def talk(database: Database) -> AsyncIterator[Talk]:
    async with house(database, sweep=False) as home:
        await home.publish(document([{"type": "text", "text": "Hi"}]))
        yield await home.open()


async def owe(talk: Talk, key: str, *, due_at: int, owner: str | None = None, until: int | None = None) -> Owed:
    return await talk.house.services.database.write(
        lambda tx: effects.add(
            tx,
            workspace_id=talk.house.workspace_id,
            conversation_id=talk.opened.conversation_id,
            kind="set_timer",
            key=key,
            body="{}",
            due_at=due_at,
            owner=owner,
            claimed_until=until,
        )
    )


async def claim(talk: Talk, owner: str, *, now: int, until: int, most: int = 200) -> list[str]:
    claimed = await talk.house.services.database.write(
        lambda tx: effects.claim_due(tx, owner=owner, now=now, until=until, most=most)
    )
    return [owed.key for owed in claimed]


async def test_only_what_is_due_and_free_is_claimed_oldest_first(talk: Talk) -> None:
    await owe(talk, "later", due_at=20)
    await owe(talk, "b", due_at=5)
    await owe(talk, "a", due_at=4)
    await owe(talk, "held", due_at=1, owner="me", until=15)
    assert await claim(talk, "x", now=10, until=30, most=1) == ["a"]
    assert await claim(talk, "x", now=10, until=30) == ["b"]
    assert await claim(talk, "y", now=10, until=30) == []
    assert await claim(talk, "y", now=16, until=30) == ["held"]
    assert await claim(talk, "z", now=31, until=40) == ["held", "a", "b", "later"]


async def test_a_lost_claim_settles_nothing(talk: Talk) -> None:
    database = talk.house.services.database
    born = await owe(talk, "a", due_at=1, owner="me", until=5)
    assert (born.attempts, born.fence) == (1, 1)
    [taken] = await database.write(lambda tx: effects.claim_due(tx, owner="other", now=6, until=20))
    assert (taken.id, taken.attempts, taken.fence) == (born.id, 2, 2)
    assert not await database.write(lambda tx: effects.settle(tx, born))
    assert await database.write(lambda tx: effects.settle(tx, taken))
    assert not await database.write(lambda tx: effects.settle(tx, taken))


async def test_after_a_start_everything_is_free(talk: Talk) -> None:
    await owe(talk, "a", due_at=1, owner="dead process", until=2**50)
    assert await claim(talk, "x", now=10, until=20) == []
    await talk.house.services.database.write(effects.release_all)
    assert await claim(talk, "x", now=10, until=20) == ["a"]
