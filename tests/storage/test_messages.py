"""The log gives what comes after a number, in order, bounded, and only to its workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from backtalk.storage import conversations, messages
from backtalk.storage.database import Database, Tx, UniqueViolation
from backtalk.storage.messages import Line
from tests.support.house import House, Talk, document, house


@pytest.fixture
async def talk(database: Database) -> AsyncIterator[Talk]:
    async with house(database, sweep=False) as home:
        await home.publish(document([{"type": "text", "text": "Hi"}]))
        yield await home.open()


def adding(home: House, conversation_id: int, *numbers: int) -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        loaded = conversations.load(tx, workspace_id=home.workspace_id, conversation_id=conversation_id)
        messages.add(tx, loaded, [Line(number, number, "bot", "{}", "b") for number in numbers])

    return work


async def read(talk: Talk, *, after: int, most: int = 500, workspace_id: int | None = None) -> list[int]:
    scope = workspace_id or talk.house.workspace_id
    lines = await talk.house.services.database.read(
        lambda tx: messages.after_seq(
            tx, workspace_id=scope, conversation_id=talk.opened.conversation_id, after=after, most=most
        )
    )
    return [line.seq for line in lines]


async def test_the_log_is_read_from_a_number_on(talk: Talk) -> None:
    work = adding(talk.house, talk.opened.conversation_id, 2, 3, 4)
    await talk.house.services.database.write(work)
    assert await read(talk, after=0) == [1, 2, 3, 4]
    assert await read(talk, after=2) == [3, 4]
    assert await read(talk, after=0, most=2) == [1, 2]
    assert await read(talk, after=0, workspace_id=talk.house.workspace_id + 1) == []


async def test_a_number_is_given_once(talk: Talk) -> None:
    with pytest.raises(UniqueViolation):
        await talk.house.services.database.write(adding(talk.house, talk.opened.conversation_id, 1))


async def test_one_line_is_found_by_its_number(talk: Talk) -> None:
    def find(workspace_id: int, seq: int) -> Awaitable[Line | None]:
        return talk.house.services.database.read(
            lambda tx: messages.at_seq(
                tx, workspace_id=workspace_id, conversation_id=talk.opened.conversation_id, seq=seq
            )
        )

    found = await find(talk.house.workspace_id, 1)
    assert isinstance(found, Line)
    assert (found.sender, found.body) == ("bot", '{"text":"Hi","type":"text"}')
    assert await find(talk.house.workspace_id, 2) is None
    assert await find(talk.house.workspace_id + 1, 1) is None
