"""The names of attributes that a workspace knows."""

from __future__ import annotations

from datetime import timedelta

from backtalk.storage import attributes
from backtalk.storage.database import Database
from tests.support.tenants import AT, two_tenants


async def test_names_are_kept_once_oldest_first_and_per_workspace(database: Database) -> None:
    one, two = await two_tenants(database)
    later = AT + timedelta(seconds=1)
    await database.write(lambda tx: attributes.add(tx, workspace_id=one.workspace_id, new=["z"], at=AT))
    await database.write(lambda tx: attributes.add(tx, workspace_id=one.workspace_id, new=["a", "z", "a"], at=later))
    await database.write(lambda tx: attributes.add(tx, workspace_id=two.workspace_id, new=["Größe"], at=AT))
    assert await database.read(lambda tx: attributes.names(tx, workspace_id=one.workspace_id)) == ["z", "a"]
    assert await database.read(lambda tx: attributes.names(tx, workspace_id=two.workspace_id)) == ["Größe"]


async def test_p3_a_workspace_sends_a_bounded_number_of_names(database: Database) -> None:
    one, _ = await two_tenants(database)
    many = [f"n{number:05}" for number in range(attributes.MAX_NAMES + 1)]
    await database.write(lambda tx: attributes.add(tx, workspace_id=one.workspace_id, new=many, at=AT))
    assert await database.read(lambda tx: attributes.names(tx, workspace_id=one.workspace_id)) == many[:-1]
