"""Conversations are found once per person and channel, only in their workspace, and come back as they were saved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from backtalk.engine.state import State
from backtalk.errors import NotFound
from backtalk.storage import attributes, conversations, customers
from backtalk.storage.conversations import Opened
from backtalk.storage.database import Database, Tx
from tests.support.house import House, document, house, now


@pytest.fixture
async def home(database: Database) -> AsyncIterator[House]:
    async with house(database, sweep=False) as made:
        await made.publish(document([{"type": "text", "text": "Hi"}]))
        yield made


def opening(home: House, who: str, **profile: Any) -> Any:
    def work(tx: Tx) -> Opened:
        return conversations.open_conversation(
            tx,
            workspace_id=home.workspace_id,
            channel_id=home.channel.id,
            bot_id=home.bot_id,
            external_id=who,
            profile=profile,
            at=now(),
        )

    return work


async def test_a_person_has_one_conversation_on_a_channel(home: House) -> None:
    database = home.services.database
    first = await database.write(opening(home, "ann", first_name="Ann", timezone=5.75))
    again = await database.write(opening(home, "ann", last_name="Lee"))
    other = await database.write(opening(home, "bo"))
    assert first.created
    assert not again.created
    assert (first.conversation_id, first.customer_id) == (again.conversation_id, again.customer_id)
    assert other.customer_id != first.customer_id
    person = (await database.read(lambda tx: customers.get(tx, home.workspace_id, first.customer_id))).customer
    assert (person.first_name, person.last_name, person.timezone) == ("Ann", "Lee", 5.75)


async def test_p8_another_workspace_finds_nothing(home: House) -> None:
    opened = await home.services.database.write(opening(home, "ann"))
    with pytest.raises(NotFound):
        await home.services.database.read(
            lambda tx: conversations.load(
                tx, workspace_id=home.workspace_id + 1, conversation_id=opened.conversation_id
            )
        )


async def test_what_is_saved_is_loaded(home: House) -> None:
    database = home.services.database
    opened = await database.write(opening(home, "ann"))

    def load(tx: Tx) -> conversations.Conversation:
        return conversations.load(tx, workspace_id=home.workspace_id, conversation_id=opened.conversation_id)

    loaded = await database.read(load)
    customer = replace(
        loaded.state.customer,
        email="a@example.com",
        bot_enabled=False,
        attributes={"n": 1, "list": [1, {"x": None}], "text": "ü\n"},
        last_message_text="hm",
        last_message_at=loaded.state.customer.created_at,
    )
    state: State = replace(loaded.state, customer=customer, greeted=True, counter=7)
    await database.write(lambda tx: conversations.save(tx, loaded, state, last_seq=3, at=now()))
    again = await database.read(load)
    assert again.state == state
    assert again.last_seq == 3
    assert again.connected


async def test_sources_tell_where_a_value_came_from_and_names_are_remembered(home: House) -> None:
    database = home.services.database
    opened = await database.write(opening(home, "ann"))

    def work(tx: Tx) -> None:
        for sources in ({"size": "ask", "email": "api:1"}, {"size": "button"}):
            loaded = conversations.load(tx, workspace_id=home.workspace_id, conversation_id=opened.conversation_id)
            conversations.save(tx, loaded, loaded.state, last_seq=0, at=now(), sources=sources)

    await database.write(work)
    found = await database.read(lambda tx: customers.get(tx, home.workspace_id, opened.customer_id))
    assert {name: source[0] for name, source in found.sources.items()} == {"size": "button", "email": "api:1"}
    names = await database.read(lambda tx: attributes.names(tx, workspace_id=home.workspace_id))
    assert names == ["size"]
