from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backtalk.errors import Conflict, Invalid, NotFound
from backtalk.storage import bots, channels
from backtalk.storage.database import Database, Tx
from tests.support.tenants import AT, two_tenants


def document(*ids: int, name: str = "Shop") -> dict[str, Any]:
    return {"name": name, "triggers": {}, "sequences": [{"id": i, "name": f"S{i}", "blocks": []} for i in ids]}


async def test_a_new_bot_has_an_empty_draft_of_its_name(database: Database) -> None:
    one, _ = await two_tenants(database)
    draft = await database.read(lambda tx: bots.draft(tx, one.workspace_id, one.bot_id))
    assert draft.revision == 1
    assert draft.document["name"] == "one's bot"
    assert draft.document["sequences"] == []


async def test_ids_of_sequences_are_never_used_again(database: Database) -> None:
    one, _ = await two_tenants(database)

    def work(tx: Tx) -> list[tuple[int, int]]:
        given = [bots.add_sequence(tx, one.workspace_id, one.bot_id, name, AT) for name in ("a", "b")]
        bots.save_draft(tx, one.workspace_id, one.bot_id, revision=3, document=document(), at=AT)
        return [*given, bots.add_sequence(tx, one.workspace_id, one.bot_id, "c", AT)]

    assert await database.write(work) == [(1, 2), (2, 3), (3, 5)]
    draft = await database.read(lambda tx: bots.draft(tx, one.workspace_id, one.bot_id))
    assert draft.document["sequences"] == [{"id": 3, "name": "c", "blocks": []}]


async def test_reserved_ids_are_given_out_once(database: Database) -> None:
    one, _ = await two_tenants(database)

    def work(tx: Tx) -> list[int]:
        return [
            *bots.reserve_sequences(tx, one.workspace_id, one.bot_id, 2, AT),
            bots.add_sequence(tx, one.workspace_id, one.bot_id, "x", AT)[0],
        ]

    assert await database.write(work) == [1, 2, 3]


async def test_a_document_cannot_invent_ids_of_sequences(database: Database) -> None:
    one, _ = await two_tenants(database)

    def work(tx: Tx) -> None:
        bots.add_sequence(tx, one.workspace_id, one.bot_id, "a", AT)
        bots.save_draft(tx, one.workspace_id, one.bot_id, revision=2, document=document(1, 2), at=AT)

    with pytest.raises(Invalid) as caught:
        await database.write(work)
    assert [problem.where.path for problem in caught.value.problems] == ["$.sequences[1].id"]
    assert "POST /bots/{id}/sequences" in caught.value.hint
    draft = await database.read(lambda tx: bots.draft(tx, one.workspace_id, one.bot_id))
    assert draft.revision == 1, "nothing of a refused work is stored"


async def test_of_two_who_save_the_same_revision_the_second_is_refused(database: Database) -> None:
    one, _ = await two_tenants(database)

    def save(name: str) -> Any:
        return database.write(
            lambda tx: bots.save_draft(
                tx, one.workspace_id, one.bot_id, revision=1, document=document(name=name), at=AT
            )
        )

    assert await save("first") == 2
    with pytest.raises(Conflict, match="changed since you loaded it"):
        await save("second")
    bot = await database.read(lambda tx: bots.get(tx, one.workspace_id, one.bot_id))
    assert (bot.name, bot.revision) == ("first", 2)


async def test_a_new_name_is_a_new_revision_and_the_same_name_is_none(database: Database) -> None:
    one, _ = await two_tenants(database)
    later = AT + timedelta(seconds=1)
    bot = await database.write(lambda tx: bots.rename(tx, one.workspace_id, one.bot_id, "New", later))
    assert (bot.name, bot.revision, bot.created_at, bot.updated_at) == ("New", 2, AT, later)
    bot = await database.write(lambda tx: bots.rename(tx, one.workspace_id, one.bot_id, "New", later))
    assert bot.revision == 2


async def test_a_bot_that_answers_on_a_channel_stays_and_the_channel_is_named(database: Database) -> None:
    one, _ = await two_tenants(database)
    with pytest.raises(Conflict) as caught:
        await database.write(lambda tx: bots.remove(tx, one.workspace_id, one.bot_id))
    assert caught.value.problems[0].where.path == f"/channels/{one.channel.id}"

    def work(tx: Tx) -> None:
        channels.remove(tx, one.workspace_id, one.channel.id)
        bots.remove(tx, one.workspace_id, one.bot_id)

    await database.write(work)
    with pytest.raises(NotFound):
        await database.read(lambda tx: bots.get(tx, one.workspace_id, one.bot_id))


async def test_pages_go_on_after_an_id(database: Database) -> None:
    one, _ = await two_tenants(database)
    await database.write(lambda tx: [bots.create(tx, one.workspace_id, f"b{n}", AT) for n in range(3)])
    first = await database.read(lambda tx: bots.page(tx, one.workspace_id, after=0, limit=2))
    rest = await database.read(lambda tx: bots.page(tx, one.workspace_id, after=first[-1].id, limit=50))
    assert [bot.name for bot in first + rest] == ["one's bot", "b0", "b1", "b2"]


FOREIGN: dict[str, Callable[[Tx, int, int], object]] = {
    "get": bots.get,
    "rename": lambda tx, ws, bot: bots.rename(tx, ws, bot, "x", AT),
    "remove": bots.remove,
    "draft": bots.draft,
    "save_draft": lambda tx, ws, bot: bots.save_draft(tx, ws, bot, revision=1, document=document(), at=AT),
    "add_sequence": lambda tx, ws, bot: bots.add_sequence(tx, ws, bot, "x", AT),
    "reserve_sequences": lambda tx, ws, bot: bots.reserve_sequences(tx, ws, bot, 1, AT),
}


@pytest.mark.parametrize("name", FOREIGN)
async def test_a01_another_workspaces_bot_is_not_there(database: Database, name: str) -> None:
    one, two = await two_tenants(database)
    for workspace_id, bot_id in ((one.workspace_id, two.bot_id), (one.workspace_id, 999)):
        with pytest.raises(NotFound) as caught:
            await database.write(lambda tx, w=workspace_id, b=bot_id: FOREIGN[name](tx, w, b))  # type: ignore[misc] # mypy cannot type a lambda with defaults
        assert caught.value.detail == NotFound().detail
    row = await database.read(lambda tx: bots.get(tx, two.workspace_id, two.bot_id))
    assert (row.name, row.revision) == ("two's bot", 1)


async def test_a23_lists_and_names_hold_own_rows_only(database: Database) -> None:
    one, two = await two_tenants(database)
    assert [row.id for row in await database.read(lambda tx: bots.page(tx, one.workspace_id, after=0, limit=9))] == [
        one.bot_id
    ]
    assert await database.read(lambda tx: bots.named(tx, one.workspace_id, "two's bot")) == []
    assert [row.id for row in await database.read(lambda tx: bots.named(tx, two.workspace_id, "two's bot"))] == [
        two.bot_id
    ]
