from __future__ import annotations

from datetime import timedelta

import pytest

from backtalk.errors import NotFound
from backtalk.storage import conversations, inbox
from backtalk.storage.database import Database, Tx
from tests.support.tenants import AT, add_customer, two_tenants


async def test_the_conversation_that_changed_last_comes_first_and_pages_join_without_gaps(database: Database) -> None:
    one, two = await two_tenants(database)

    def work(tx: Tx) -> list[int]:
        ids = [add_customer(tx, one, str(n)).conversation_id for n in range(4)]
        add_customer(tx, two, "foreign")  # row A23
        loaded = conversations.load(tx, workspace_id=one.workspace_id, conversation_id=ids[1])
        conversations.save(tx, loaded, loaded.state, last_seq=7, at=AT + timedelta(seconds=1))
        return ids

    ids = await database.write(work)
    seen: list[int] = []
    cursor: inbox.Cursor | None = inbox.NEWEST
    while cursor:
        rows, cursor = await database.read(
            lambda tx, c=cursor: inbox.page(tx, one.workspace_id, before=c, limit=2)  # type: ignore[misc]
        )
        seen += [row.id for row in rows]
    assert seen == [ids[1], ids[3], ids[2], ids[0]]


async def test_a01_another_workspaces_conversation_is_not_there(database: Database) -> None:
    one, two = await two_tenants(database)
    opened = await database.write(lambda tx: add_customer(tx, two, "a"))
    row = await database.read(lambda tx: inbox.get(tx, two.workspace_id, opened.conversation_id))
    assert (row.customer_id, row.hand_over_note, row.created_at) == (opened.customer_id, None, AT)
    with pytest.raises(NotFound):
        await database.read(lambda tx: inbox.get(tx, one.workspace_id, opened.conversation_id))
