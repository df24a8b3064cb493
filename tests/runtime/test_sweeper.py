"""What nobody holds is found: after a start, after a lost claim, when a far timer comes due; and old records go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backtalk.engine.events import SequenceSent, TakenOver
from backtalk.errors import Unavailable
from backtalk.runtime import sweeper, turn
from backtalk.storage import calls, effects
from backtalk.storage.database import Database
from tests.support.backend import Backend, backend
from tests.support.database import open_database
from tests.support.house import House, Talk, document, house, now


@pytest.fixture
async def shop() -> AsyncIterator[Backend]:
    async with backend() as opened:
        yield opened


async def effects_left(database: Database) -> int:
    rows = await database.read(lambda tx: tx._connection.execute("SELECT count(*) FROM effects").fetchall())
    return int(rows[0][0])


async def test_s01_what_a_process_left_is_done_after_the_next_start(tmp_path: Path, shop: Backend) -> None:
    shop.answers["/x"] = {"data": "x", "success": True}
    async with open_database(tmp_path) as database, house(database, shop.place, sweep=False) as home:
        home.services.turns.perform = lambda _: None  # the process dies after the commit, before it calls
        api = await home.add_api("X", shop.url("/x"))
        await home.publish(document([{"type": "text", "text": f"<<api:{api}>>"}]))
        opened = (await home.open()).opened
    async with open_database(tmp_path) as database, house(database, shop.place) as after:
        home_again = House(after.services, home.workspace_id, home.bot_id, home.channel)
        assert await Talk(home_again, opened).until(1) == ["x"]
        [call] = await home_again.calls()
        assert call.attempts == 2
        assert await effects_left(database) == 0


async def test_a_far_timer_is_held_by_nobody_and_found_when_it_is_due(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "TIMER_HELD_S", -1)
    monkeypatch.setattr(sweeper, "PAUSE_S", 0.02)
    async with house(database) as home:
        await home.publish(document([{"type": "delay", "seconds": 0.1}, {"type": "text", "text": "there"}]))
        talk = await home.open()
        assert home.services.performer.under_way == 0
        assert await talk.until(1) == ["there"]


async def test_n13_many_timers_due_at_once_fire_once_each(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "TIMER_HELD_S", -1)
    async with house(database, sweep=False) as home:
        await home.publish(document([{"type": "delay", "seconds": 0.1}, {"type": "text", "text": "there"}]))
        talks = [await home.open() for _ in range(300)]
        await asyncio.sleep(0.15)
        batches = [await home.services.sweeper.sweep() for _ in range(3)]
        assert batches == [200, 100, 0]
        for talk in talks:
            assert await talk.until(1) == ["there"]
        await home.services.performer.stop()
        assert await effects_left(database) == 0


async def test_k11_what_is_older_than_the_retention_period_is_gone_from_disk(tmp_path: Path, shop: Backend) -> None:
    shop.answers["/x"] = {"data": "canary of a reply", "success": True}
    async with open_database(tmp_path) as database, house(database, shop.place) as home:
        api = await home.add_api("X", shop.url("/x"))
        await home.publish(document([{"type": "text", "text": f"<<api:{api}>>"}], [{"type": "text", "text": "ok"}]))
        talk = await home.open()
        await talk.until(1)
        await talk.say("canary of a message")
        home.services.sweeper._retention_days = -1  # a day into the future: everything is old
        await home.services.sweeper._forget()
        assert await talk.log() == []
        assert await database.read(lambda tx: calls.page(tx, home.workspace_id, limit=10)) == []
        left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert left.count(b"canary of a reply") == 0
        assert left.count(b"canary of a message") == 1  # the customer's last message, kept with the customer
        await talk.say("goes on")
        assert [line["seq"] for line in await talk.log()] == [4, 5]


async def test_a_sweep_that_fails_is_not_the_last(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(turn, "TIMER_HELD_S", -1)
    monkeypatch.setattr(sweeper, "PAUSE_S", 0.02)
    really, failures = effects.claim_due, [ValueError("a bug"), Unavailable("the disk is full")]

    def claim_due(*args: Any, **more: Any) -> Any:
        if failures:
            raise failures.pop()
        return really(*args, **more)

    monkeypatch.setattr(effects, "claim_due", claim_due)
    async with house(database) as home:
        await home.publish(document([{"type": "delay", "seconds": 0.1}, {"type": "text", "text": "there"}]))
        talk = await home.open()
        assert await talk.until(1) == ["there"]
    assert failures == []
    assert {record.levelname for record in caplog.records} == {"WARNING", "ERROR"}


async def test_timers_that_wait_do_not_keep_the_sweeper_from_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "MAX_BUSY", 1)
    monkeypatch.setattr(sweeper, "PAUSE_S", 0.02)
    async with house(database) as home:
        await home.publish(document([{"type": "delay", "seconds": 50}], [{"type": "delay", "seconds": 0.1}]))
        for _ in range(3):
            await home.open()
        monkeypatch.setattr(turn, "TIMER_HELD_S", -1)
        talk = await home.open()
        await talk.take(TakenOver(now()))
        await talk.take(SequenceSent(now(), 2))
        assert (home.services.performer.under_way, home.services.performer.busy) == (3, 0)
        async with asyncio.timeout(5):
            while await effects_left(database) > 4:  # noqa: ASYNC110 - the table is what is tested
                await asyncio.sleep(0.01)
