"""A version is read once and kept; what is not published is an empty bot."""

from __future__ import annotations

from backtalk.engine.bot import Bot
from backtalk.runtime import bots
from backtalk.runtime.bots import Bots
from backtalk.storage.database import Database
from tests.support.house import document, house


async def test_versions_are_kept_and_the_oldest_are_forgotten(database: Database) -> None:
    async with house(database, sweep=False) as home:
        for text in ("one", "two", "three"):
            await home.publish(document([{"type": "text", "text": text}]))
        kept = Bots()

        async def get(number: int | None) -> Bot:
            return await database.read(
                lambda tx: kept.get(tx, workspace_id=home.workspace_id, bot_id=home.bot_id, number=number)
            )

        first = await get(1)
        assert await get(1) is first
        assert (first.number, (await get(3)).number) == (1, 3)
        assert (await get(None)).sequences == {}
        assert (await get(99)).sequences == {}, "the version of a bot that the channel had before"
        bots.MAX_KEPT, usual = 1, bots.MAX_KEPT
        try:
            await get(2)
            assert await get(1) is not first
        finally:
            bots.MAX_KEPT = usual
