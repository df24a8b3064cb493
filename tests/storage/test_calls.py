"""The call log."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from backtalk.errors import NotFound
from backtalk.storage import calls
from backtalk.storage.calls import CallRow
from backtalk.storage.database import Database
from tests.support.tenants import AT, add_customer, two_tenants


async def test_a_call_is_kept_whole(database: Database) -> None:
    one, _ = await two_tenants(database)
    opened = await database.write(lambda tx: add_customer(tx, one, "a"))
    row = CallRow(
        workspace_id=one.workspace_id,
        at=AT,
        api_id=7,
        api_name="Orders",
        method="POST",
        url="https://example.com/",
        outcome="bad_shape",
        ms=12,
        http_status=200,
        message="wrong",
        reply_message="hm",
        reply_status=2**40,
        customer_id=opened.customer_id,
        conversation_id=opened.conversation_id,
        call_key="c1",
        block="b1",
        test=True,
        attempts=2,
        notes=[{"message": "ä", "hint": "", "path": "$.data", "line": None, "column": None}],
        request={"method": "POST", "body": "😀"},
        response={"status": 200},
    )
    call_id = await database.write(lambda tx: calls.record(tx, row))
    assert await database.read(lambda tx: calls.get(tx, one.workspace_id, call_id)) == replace(row, id=call_id)


async def test_filters_narrow_and_pages_go_back_in_time(database: Database) -> None:
    one, _ = await two_tenants(database)
    opened = await database.write(lambda tx: add_customer(tx, one, "a"))
    base = CallRow(one.workspace_id, AT, 1, "A", "GET", "https://example.com/", "ok", 1, request={"body": "x"})
    kinds = [
        base,
        replace(base, api_id=2),
        replace(base, outcome="timeout"),
        replace(base, customer_id=opened.customer_id),
        replace(base, api_id=2, outcome="timeout", customer_id=opened.customer_id),
    ]
    ids = [await database.write(partial(calls.record, row=row)) for row in kinds]

    async def found(**filters: object) -> list[int]:
        rows = await database.read(lambda tx: calls.page(tx, one.workspace_id, limit=10, **filters))  # type: ignore[arg-type]
        assert all(row.request == {} for row in rows)
        return [ids.index(row.id) for row in rows]

    assert await found() == [4, 3, 2, 1, 0]
    assert await found(api_id=2) == [4, 1]
    assert await found(outcome="timeout") == [4, 2]
    assert await found(customer_id=opened.customer_id) == [4, 3]
    assert await found(api_id=2, outcome="timeout", customer_id=opened.customer_id) == [4]
    assert await found(api_id=1, outcome="timeout") == [2]
    assert await found(before=ids[2]) == [1, 0]


async def test_notes_that_come_later_are_added_to_their_call_and_bounded(database: Database) -> None:
    one, two = await two_tenants(database)
    opened = await database.write(lambda tx: add_customer(tx, one, "a"))
    base = CallRow(one.workspace_id, AT, 1, "A", "GET", "https://example.com/", "ok", 1)
    mine = replace(base, conversation_id=opened.conversation_id, call_key="c1", notes=[{"message": "first"}])
    call_id = await database.write(lambda tx: calls.record(tx, mine))
    late = [{"message": "second"}]
    for workspace_id, conversation_id, key in (
        (one.workspace_id, opened.conversation_id, "c1"),
        (one.workspace_id, opened.conversation_id, "unknown"),
        (two.workspace_id, opened.conversation_id, "c1"),
    ):
        await database.write(
            partial(
                calls.add_notes, workspace_id=workspace_id, conversation_id=conversation_id, call_key=key, notes=late
            )
        )
    row = await database.read(lambda tx: calls.get(tx, one.workspace_id, call_id))
    assert row.notes == [{"message": "first"}, {"message": "second"}]
    await database.write(
        lambda tx: calls.add_notes(tx, one.workspace_id, opened.conversation_id, "c1", late * calls.MAX_NOTES)
    )
    row = await database.read(lambda tx: calls.get(tx, one.workspace_id, call_id))
    assert len(row.notes) == calls.MAX_NOTES


async def test_a01_the_log_of_another_workspace_is_not_there(database: Database) -> None:
    one, two = await two_tenants(database)
    base = CallRow(one.workspace_id, AT, 1, "A", "GET", "https://example.com/", "ok", 1)
    call_id = await database.write(lambda tx: calls.record(tx, base))
    assert await database.read(lambda tx: calls.page(tx, two.workspace_id, limit=10)) == []
    with pytest.raises(NotFound):
        await database.read(lambda tx: calls.get(tx, two.workspace_id, call_id))
