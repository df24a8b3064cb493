"""A batch at a time, and only what is older."""

from __future__ import annotations

from datetime import timedelta

from backtalk.engine.events import Said
from backtalk.storage import retention
from backtalk.storage.database import Database
from tests.support.house import document, house, now


async def test_k11_what_is_newer_stays(database: Database) -> None:
    async with house(database, sweep=False) as home:
        await home.publish(document([{"type": "text", "text": "Hi"}], [{"type": "text", "text": "Yes"}]))
        talk = await home.open()
        middle = now() + timedelta(milliseconds=1)
        await talk.take(Said(middle, "new"))
        old = await database.read(lambda tx: retention.find_old(tx, before=middle))
        assert ([row["seq"] for row in old.messages], len(old.events)) == ([1], 1)
        assert not await database.write(lambda tx: retention.forget(tx, old))
        assert await talk.texts() == ["> new", "Yes"]


async def test_more_than_a_batch_takes_more_than_one_round(database: Database) -> None:
    async with house(database, sweep=False) as home:
        await home.publish(document([{"type": "text", "text": "Hi"}], []))
        talk = await home.open()
        for number in range(retention.AT_ONCE + 5):
            await talk.say(f"m{number}")
        rounds = 0
        more = True
        while more:
            old = await database.read(lambda tx: retention.find_old(tx, before=now() + timedelta(days=1)))
            more = await database.write(lambda tx, old=old: retention.forget(tx, old))  # type: ignore[misc]
            rounds += 1
        assert rounds == 2
        assert await talk.texts() == []
