"""What is owed is done: timers fire, calls are reported, a database that is away for a while loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from backtalk.errors import Unavailable
from backtalk.runtime import perform
from backtalk.storage.database import Database
from tests.support.backend import Asked, Backend, backend
from tests.support.house import House, document, house


@pytest.fixture
async def shop() -> AsyncIterator[Backend]:
    async with backend() as opened:
        yield opened


@pytest.fixture
async def home(database: Database, shop: Backend) -> AsyncIterator[House]:
    async with house(database, shop.place, sweep=False) as made:
        yield made


async def test_a_delay_is_waited_for_and_the_sequence_goes_on(home: House) -> None:
    await home.publish(
        document([{"type": "text", "text": "a"}, {"type": "delay", "seconds": 0.1}, {"type": "text", "text": "b"}])
    )
    talk = await home.open()
    assert await talk.texts() == ["a"]
    assert home.services.performer.under_way == 1
    assert await talk.until(2) == ["a", "b"]
    assert home.services.performer.under_way == 0


async def test_s02_the_same_call_has_the_same_key_and_another_call_another(home: House, shop: Backend) -> None:
    shop.answers["/x"] = {"data": "x", "success": True}
    api = await home.add_api("X", shop.url("/x"))
    await home.publish(
        document([{"type": "text", "text": f"<<api:{api}>>"}, {"type": "text", "text": f"<<api:{api}>>"}])
    )
    talk = await home.open()
    await talk.until(2)
    keys = [asked.headers["idempotency-key"] for asked in shop.asked]
    assert len(set(keys)) == 2
    assert all(f"-{talk.opened.conversation_id}-call-" in key for key in keys)


async def test_a_result_is_kept_while_the_database_cannot_take_it(
    home: House, shop: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.answers["/x"] = {"data": "x", "success": True}
    api = await home.add_api("X", shop.url("/x"))
    await home.publish(document([{"type": "text", "text": f"<<api:{api}>>"}]))
    monkeypatch.setattr(perform, "SAVE_PAUSE_S", 0.01)
    turns = home.services.turns
    really, failures = turns.answered, [Unavailable(), Unavailable()]

    async def answered(*args: Any) -> None:
        if failures:
            raise failures.pop()
        await really(*args)

    monkeypatch.setattr(type(turns), "answered", lambda _self, *args: answered(*args))
    talk = await home.open()
    assert await talk.until(1) == ["x"]
    assert len(shop.asked) == 1
    assert failures == []


async def test_stopping_leaves_what_is_owed_in_the_table(
    home: House, shop: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: Asked) -> object:
        await asyncio.Event().wait()
        return {}

    shop.answers["/never"] = never
    api = await home.add_api("Never", shop.url("/never"))
    await home.publish(document([{"type": "text", "text": f"<<api:{api}>>"}]))
    monkeypatch.setattr(perform, "STOP_S", 0.05)
    await home.open()
    await home.services.performer.stop()
    rows = await home.services.database.read(
        lambda tx: tx._connection.execute("SELECT kind, key FROM effects").fetchall()
    )
    assert rows == [("call_api", "call-1")]
