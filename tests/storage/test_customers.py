from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table

from backtalk.engine.effects import SetTimer
from backtalk.engine.events import Said
from backtalk.errors import NotFound
from backtalk.storage import calls, conversations, customers, effects, events, messages
from backtalk.storage.calls import CallRow
from backtalk.storage.conversations import Opened
from backtalk.storage.customers import HELD
from backtalk.storage.database import Database, Tx
from backtalk.storage.messages import Line
from backtalk.storage.schema import metadata, time_us
from tests.support.tenants import AT, Tenant, add_customer, two_tenants

CANARY = "canary-4711"


def fill(tx: Tx, tenant: Tenant, external_id: str) -> Opened:
    """A customer who stands in every table that holds people."""
    opened = add_customer(tx, tenant, external_id, first_name=CANARY)
    talk = conversations.load(tx, workspace_id=tenant.workspace_id, conversation_id=opened.conversation_id)
    events.add(tx, talk, Said(AT, CANARY), external_id="in:1", seq=1, notes=[{"code": "x"}])
    messages.add(tx, talk, [Line(1, time_us(AT), "customer", f'{{"type":"text","text":"{CANARY}"}}')])
    timer = SetTimer("timer-1", AT + timedelta(days=1))
    effects.add(
        tx,
        workspace_id=tenant.workspace_id,
        conversation_id=opened.conversation_id,
        kind="set_timer",
        key=timer.key,
        body="{}",
        due_at=time_us(timer.due_at),
        owner=None,
        claimed_until=None,
    )
    for test in (False, True):
        calls.record(
            tx,
            CallRow(
                workspace_id=tenant.workspace_id,
                at=AT,
                api_id=1,
                api_name="Orders",
                method="POST",
                url="https://shop.example/",
                outcome="ok",
                ms=1,
                customer_id=opened.customer_id,
                conversation_id=None if test else opened.conversation_id,
                test=test,
                request={"body": CANARY},
            ),
        )
    return opened


def rows_of(database: Database, table: Table) -> int:
    with sqlite3.connect(database.path) as raw:
        (count,) = raw.execute(f"SELECT count(*) FROM {table.name}").fetchone()  # noqa: S608 - our own table
    raw.close()
    return int(count)


def test_the_tables_that_hold_people_are_known() -> None:
    assert {table.name for table in HELD} == {"calls", "conversations", "messages", "events", "effects"}
    assert all("workspace_id" in table.c for table in HELD)


async def test_k09_the_export_has_every_table_that_holds_the_customer(database: Database) -> None:
    one, _ = await two_tenants(database)
    opened = await database.write(lambda tx: fill(tx, one, "a"))
    await database.write(lambda tx: fill(tx, one, "b"))
    held = await database.read(lambda tx: customers.export(tx, one.workspace_id, opened.customer_id))
    assert held["customer"]["profile"] == {"first_name": CANARY}
    assert held["customer"]["created_at"] == AT
    assert {name: len(rows) for name, rows in held.items() if name != "customer"} == {
        "calls": 2,
        "conversations": 1,
        "messages": 1,
        "events": 1,
        "effects": 1,
    }
    assert held["messages"][0]["body"] == {"type": "text", "text": CANARY}
    assert held["messages"][0]["at"] == AT
    assert held["events"][0]["body"]["text"] == CANARY
    assert held["events"][0]["notes"] == [{"code": "x"}]
    assert held["calls"][0]["request"] == {"body": CANARY}
    assert held["effects"][0]["due_at"] == AT + timedelta(days=1)
    assert "fence" not in held["effects"][0]


async def test_p13_erasing_leaves_nothing_of_the_customer_in_any_table(database: Database) -> None:
    one, two = await two_tenants(database)
    opened = await database.write(lambda tx: fill(tx, one, "a"))
    await database.write(lambda tx: customers.erase(tx, one.workspace_id, opened.customer_id))
    assert {table.name: rows_of(database, table) for table in (*HELD, metadata.tables["customers"])} == dict.fromkeys(
        ("calls", "conversations", "messages", "events", "effects", "customers"), 0
    )
    again = await database.write(lambda tx: fill(tx, two, "b"))
    assert again.customer_id > opened.customer_id, "an id is never used again"


async def test_p13_erasing_spares_the_others(database: Database) -> None:
    one, _ = await two_tenants(database)
    first, second = await database.write(lambda tx: (fill(tx, one, "a"), fill(tx, one, "b")))
    await database.write(lambda tx: customers.erase(tx, one.workspace_id, first.customer_id))
    held = await database.read(lambda tx: customers.export(tx, one.workspace_id, second.customer_id))
    assert len(held["calls"]) == 2
    with pytest.raises(NotFound):
        await database.read(lambda tx: customers.export(tx, one.workspace_id, first.customer_id))


async def test_changes_are_stored_with_their_source_and_removed_values_lose_it(database: Database) -> None:
    one, _ = await two_tenants(database)
    opened = await database.write(lambda tx: add_customer(tx, one, "a", first_name="Ann", email="ann@x.example"))

    def change(tx: Tx, changes: dict[str, Any]) -> None:
        old = customers.get(tx, one.workspace_id, opened.customer_id).customer
        new, accepted, _ = old.with_changes(changes)
        customers.save_changes(
            tx, one.workspace_id, opened.customer_id, new, list(accepted), source="management", at=AT
        )

    await database.write(lambda tx: change(tx, {"vip": True, "timezone": 5.75, "email": None, "tags": ["a"]}))
    row = await database.read(lambda tx: customers.get(tx, one.workspace_id, opened.customer_id))
    assert (row.customer.first_name, row.customer.email, row.customer.timezone) == ("Ann", "", 5.75)
    assert row.customer.attributes == {"vip": True, "tags": ["a"]}
    assert row.sources == dict.fromkeys(("vip", "timezone", "tags"), ("management", AT))
    await database.write(lambda tx: change(tx, {"vip": None}))
    row = await database.read(lambda tx: customers.get(tx, one.workspace_id, opened.customer_id))
    assert row.customer.attributes == {"tags": ["a"]}
    assert row.sources.keys() == {"timezone", "tags"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ann", ["a"]),
        ("ANN", ["a"]),
        ("änne", ["c"]),
        ("Ä", ["c"]),
        ("first_name", []),
        ("vip", []),
        ("4711", ["b"]),
        ("user:b", ["b"]),
        ('say "hi"', ["b"]),
        ("50%", ["c"]),
        ("5_%", []),
        ("\\", ["b"]),
        ("%", ["c"]),
        ("'; DROP TABLE customers; --", []),
    ],
)
async def test_search_finds_values_and_nothing_else(database: Database, query: str, found: list[str]) -> None:
    one, two = await two_tenants(database)

    def work(tx: Tx) -> dict[int, str]:
        ids = {
            add_customer(tx, one, "user:a", first_name="Ann").customer_id: "a",
            add_customer(tx, one, "user:b", email="4711@x.example", avatar='say "hi" \\').customer_id: "b",
            add_customer(tx, one, "user:c", first_name="ÄNNE").customer_id: "c",
        }
        old = customers.get(tx, one.workspace_id, max(ids)).customer
        new, accepted, _ = old.with_changes({"discount": "50%", "vip": True})
        customers.save_changes(tx, one.workspace_id, old.id, new, list(accepted), source="x", at=AT)
        add_customer(tx, two, "user:b", first_name="Ann", email="4711@x.example")  # row A23: another workspace's
        return ids

    ids = await database.write(work)
    rows, following = await database.read(lambda tx: customers.search(tx, one.workspace_id, query, after=0, limit=50))
    assert [ids[row.customer.id] for row in rows] == found
    assert following is None


async def test_pages_end_with_null(database: Database) -> None:
    one, _ = await two_tenants(database)
    await database.write(lambda tx: [add_customer(tx, one, str(n)) for n in range(3)])
    rows, following = await database.read(lambda tx: customers.page(tx, one.workspace_id, after=0, limit=2))
    assert following == rows[-1].customer.id
    rest, end = await database.read(lambda tx: customers.page(tx, one.workspace_id, after=following or 0, limit=2))
    assert ([row.external_id for row in (*rows, *rest)], end) == (["0", "1", "2"], None)


FOREIGN: dict[str, Callable[[Tx, int, int], object]] = {
    "get": customers.get,
    "conversation_of": customers.conversation_of,
    "erase": customers.erase,
    "export": customers.export,
}


@pytest.mark.parametrize("name", FOREIGN)
async def test_a01_another_workspaces_customer_is_not_there(database: Database, name: str) -> None:
    one, two = await two_tenants(database)
    opened = await database.write(lambda tx: fill(tx, two, "a"))
    with pytest.raises(NotFound):
        await database.write(lambda tx: FOREIGN[name](tx, one.workspace_id, opened.customer_id))
    assert not await database.read(lambda tx: customers.exists(tx, one.workspace_id, opened.customer_id))
    row = await database.read(lambda tx: customers.get(tx, two.workspace_id, opened.customer_id))
    assert row.customer.bot_enabled
    found = await database.read(lambda tx: customers.conversation_of(tx, two.workspace_id, opened.customer_id))
    assert found == opened.conversation_id
