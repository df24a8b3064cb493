from __future__ import annotations

import pytest

from backtalk.errors import Conflict, NotFound
from backtalk.storage import bots, versions
from backtalk.storage.database import Database, Tx
from tests.support.tenants import AT, Tenant, two_tenants


def publish(tx: Tx, tenant: Tenant, name: str) -> int:
    row = bots.rename(tx, tenant.workspace_id, tenant.bot_id, name, AT)
    return versions.publish(tx, tenant.workspace_id, tenant.bot_id, revision=row.revision, note=f"as {name}", at=AT)


async def test_publishing_makes_the_next_number_live_and_keeps_the_old_ones(database: Database) -> None:
    one, _ = await two_tenants(database)
    assert await database.read(lambda tx: versions.live(tx, one.workspace_id, one.bot_id)) is None
    assert await database.write(lambda tx: [publish(tx, one, name) for name in ("A", "B")]) == [1, 2]
    live = await database.read(lambda tx: versions.live(tx, one.workspace_id, one.bot_id))
    assert live is not None
    assert (live[0], live[1]["name"]) == (2, "B")
    assert (await database.read(lambda tx: versions.version(tx, one.workspace_id, one.bot_id, 1)))["name"] == "A"
    rows = await database.read(lambda tx: versions.page(tx, one.workspace_id, one.bot_id, limit=9))
    assert [(row.number, row.note, row.published_at) for row in rows] == [(2, "as B", AT), (1, "as A", AT)]
    rows = await database.read(lambda tx: versions.page(tx, one.workspace_id, one.bot_id, before=2, limit=9))
    assert [row.number for row in rows] == [1]


async def test_a_draft_that_changed_while_it_was_checked_is_not_published(database: Database) -> None:
    one, _ = await two_tenants(database)
    await database.write(lambda tx: bots.rename(tx, one.workspace_id, one.bot_id, "B", AT))
    with pytest.raises(Conflict):
        await database.write(lambda tx: versions.publish(tx, one.workspace_id, one.bot_id, revision=1, note="", at=AT))
    assert await database.read(lambda tx: versions.live_number(tx, one.workspace_id, one.bot_id)) is None


async def test_restoring_makes_a_new_draft_and_changes_nothing_that_is_live(database: Database) -> None:
    one, _ = await two_tenants(database)
    await database.write(lambda tx: [publish(tx, one, name) for name in ("A", "B")])
    draft = await database.write(lambda tx: versions.restore(tx, one.workspace_id, one.bot_id, 1, AT))
    assert (draft.revision, draft.document["name"]) == (4, "A")
    assert (await database.read(lambda tx: bots.draft(tx, one.workspace_id, one.bot_id))) == draft
    assert await database.read(lambda tx: versions.live_number(tx, one.workspace_id, one.bot_id)) == 2


async def test_a01_another_workspaces_versions_are_not_there(database: Database) -> None:
    one, two = await two_tenants(database)
    await database.write(lambda tx: publish(tx, two, "A"))

    def none_of(tx: Tx) -> None:
        workspace_id, bot_id = one.workspace_id, two.bot_id
        assert versions.live(tx, workspace_id, bot_id) is None
        with pytest.raises(NotFound):
            versions.version(tx, workspace_id, bot_id, 1)
        with pytest.raises(NotFound):
            versions.page(tx, workspace_id, bot_id, limit=9)
        with pytest.raises(NotFound):
            versions.restore(tx, workspace_id, bot_id, 1, AT)
        with pytest.raises(NotFound):
            versions.publish(tx, workspace_id, bot_id, revision=1, note="", at=AT)

    await database.write(none_of)
