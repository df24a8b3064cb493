"""Where an API is used."""

from __future__ import annotations

from typing import Any

from backtalk.runtime.api_use import where_used
from backtalk.storage import bots, versions
from backtalk.storage.database import Database, Tx
from tests.support.house import document
from tests.support.tenants import AT, Tenant, two_tenants

API = 7
USES: list[dict[str, Any]] = [
    {"type": "text", "text": "Hello <<api:7>>"},
    {"type": "text", "text": "<< api:7 >>"},
    {"type": "image", "media": {"api": 7}},
    {"type": "gallery", "items": [{"title": "own"}, {"api": 7}]},
    {"type": "buttons", "text": "x", "buttons": [{"api": 7}]},
    {"type": "quick_replies", "text": "x", "replies": [{"api": 7}]},
    {"type": "call_api", "api": 7},
]
OTHERS: list[dict[str, Any]] = [
    {"type": "text", "text": "api:7 <<api:77>> <<api:70>> <<7>>"},
    {"type": "image", "media": {"api": 77}},
    {"type": "set_attributes", "attributes": {"api": 7}},
    {"type": "go_to", "sequence": 7},
]


def _draft(tx: Tx, tenant: Tenant, content: dict[str, Any], *, publish: bool = False) -> None:
    bots.reserve_sequences(tx, tenant.workspace_id, tenant.bot_id, 3, AT)
    revision = bots.draft(tx, tenant.workspace_id, tenant.bot_id).revision
    revision = bots.save_draft(tx, tenant.workspace_id, tenant.bot_id, revision=revision, document=content, at=AT)
    if publish:
        versions.publish(tx, tenant.workspace_id, tenant.bot_id, revision=revision, note="", at=AT)


async def test_every_way_of_using_an_api_is_found(database: Database) -> None:
    one, two = await two_tenants(database)
    await database.write(lambda tx: _draft(tx, one, document(USES, OTHERS)))
    found = await database.read(lambda tx: where_used(tx, one.workspace_id, API))
    assert [problem.where.block for problem in found] == [f"s1b{index}" for index in range(len(USES))]
    assert all("Shop" in problem.message and "draft" in problem.message for problem in found)
    assert await database.read(lambda tx: where_used(tx, two.workspace_id, API)) == []


async def test_the_live_version_counts_although_the_draft_has_moved_on(database: Database) -> None:
    one, _ = await two_tenants(database)
    await database.write(lambda tx: _draft(tx, one, document(USES[:1]), publish=True))
    await database.write(lambda tx: _draft(tx, one, document(OTHERS[:1])))
    found = await database.read(lambda tx: where_used(tx, one.workspace_id, API))
    assert ["live version 1" in problem.message for problem in found] == [True]


async def test_old_versions_do_not_count(database: Database) -> None:
    one, _ = await two_tenants(database)
    await database.write(lambda tx: _draft(tx, one, document(USES), publish=True))
    await database.write(lambda tx: _draft(tx, one, document(OTHERS), publish=True))
    assert await database.read(lambda tx: where_used(tx, one.workspace_id, API)) == []
