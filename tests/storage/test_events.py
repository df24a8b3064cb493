"""An event is known by its id in its conversation, and kept with what its step noted."""

from __future__ import annotations

import orjson
import pytest

from backtalk.engine.events import Said
from backtalk.storage import conversations, events
from backtalk.storage.database import Database, Tx, UniqueViolation
from tests.support.house import document, house, now


async def test_i06_an_event_is_taken_once(database: Database) -> None:
    async with house(database, sweep=False) as home:
        await home.publish(document([{"type": "text", "text": "Hi"}]))
        talk = await home.open()
        scope = {"workspace_id": home.workspace_id, "conversation_id": talk.opened.conversation_id}

        def add(tx: Tx) -> None:
            loaded = conversations.load(tx, **scope)
            events.add(tx, loaded, Said(now(), "hm"), external_id="in:1", seq=7, notes=[{"code": "x"}])

        await database.write(add)
        assert await database.read(lambda tx: events.known(tx, **scope, external_id="in:1")) == events.Known(7)
        assert await database.read(lambda tx: events.known(tx, **scope, external_id="in:2")) is None
        foreign = {**scope, "workspace_id": home.workspace_id + 1}
        assert await database.read(lambda tx: events.known(tx, **foreign, external_id="in:1")) is None
        with pytest.raises(UniqueViolation):
            await database.write(add)
        exported = await database.read(
            lambda tx: tx._connection.execute("SELECT notes FROM events WHERE external_id = 'in:1'").fetchall()
        )
        assert orjson.loads(exported[0][0]) == [{"code": "x"}]
