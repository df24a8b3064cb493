"""APIs and the secrets in their headers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from backtalk.backend.api import Api
from backtalk.engine.reply import OnFailure
from backtalk.errors import Conflict, NotFound
from backtalk.storage import apis
from backtalk.storage.apis import ApiSettings
from backtalk.storage.database import Database, statement
from backtalk.storage.sealing import KeyMismatch
from tests.support.tenants import AT, two_tenants

CANARY = "canary-7f3a9c-secret"
FULL = ApiSettings(
    name="Orders",
    method="POST",
    url="https://shop.example.com/{{order}}?x=1",
    headers=[("X-Secret", CANARY), ("X-Other", "two")],
    params=[("source", "chat"), ("source2", "{{name}}")],
    output="gallery",
    timeout_s=2.5,
    on_failure=OnFailure("Sorry", 3),
    dialect="raw",
    mapping={"text": "a.b"},
)
_SWAP = statement(
    text("UPDATE apis SET header_values = (SELECT header_values FROM apis WHERE id = :other) WHERE id = :id")
)


async def _made(database: Database, workspace_id: int, settings: ApiSettings = FULL) -> int:
    return (await database.write(lambda tx: apis.create(tx, workspace_id, settings, AT))).id


async def _loaded(database: Database, workspace_id: int, api_id: int) -> Api | None:
    return await database.read(lambda tx: apis.load_for_call(tx, workspace_id=workspace_id, api_id=api_id))


async def test_what_is_stored_comes_back_whole_for_a_call(database: Database) -> None:
    one, _ = await two_tenants(database)
    api_id = await _made(database, one.workspace_id)
    assert await _loaded(database, one.workspace_id, api_id) == Api(
        id=api_id,
        name="Orders",
        method="POST",
        url="https://shop.example.com/{{order}}?x=1",
        headers=(("X-Secret", CANARY), ("X-Other", "two")),
        params=(("source", "chat"), ("source2", "{{name}}")),
        output="gallery",
        timeout_s=2.5,
        on_failure=OnFailure("Sorry", 3),
        dialect="raw",
        mapping={"text": "a.b"},
    )


async def test_k01_p9_reading_gives_no_header_value_and_the_files_hold_none(database: Database) -> None:
    one, _ = await two_tenants(database)
    api_id = await _made(database, one.workspace_id)
    row = await database.read(lambda tx: apis.get(tx, one.workspace_id, api_id))
    assert row.settings.headers == [("X-Secret", None), ("X-Other", None)]
    assert row.headers_set == (True, True)
    assert CANARY not in repr(row)
    for file in database.path.parent.iterdir():
        assert CANARY.encode() not in file.read_bytes()


async def test_k01_a_sealed_value_moved_to_another_row_does_not_open(database: Database) -> None:
    one, _ = await two_tenants(database)
    first = await _made(database, one.workspace_id)
    second = await _made(database, one.workspace_id, replace(FULL, name="Second"))
    await database.write(lambda tx: tx.run(_SWAP, id=second, other=first))
    with pytest.raises(KeyMismatch):
        await _loaded(database, one.workspace_id, second)


async def test_null_keeps_a_value_by_name_and_a_new_value_replaces_it(database: Database) -> None:
    one, _ = await two_tenants(database)
    api_id = await _made(database, one.workspace_id)
    changed = replace(FULL, headers=[("X-Other", "new"), ("x-secret", None)])
    await database.write(lambda tx: apis.change(tx, one.workspace_id, api_id, changed, AT))
    loaded = await _loaded(database, one.workspace_id, api_id)
    assert loaded is not None
    assert loaded.headers == (("X-Other", "new"), ("x-secret", CANARY))


async def test_two_headers_of_one_name_keep_their_order(database: Database) -> None:
    one, _ = await two_tenants(database)
    api_id = await _made(database, one.workspace_id, replace(FULL, headers=[("X-A", "1"), ("X-A", "2")]))
    kept = await database.read(
        lambda tx: apis.kept_values(
            tx, one.workspace_id, api_id, [("X-A", None), ("X-A", None), ("X-A", None), ("X-B", None), ("X-B", "b")]
        )
    )
    assert kept == ["1", "2", None, None, "b"]


async def test_removed_headers_are_gone(database: Database) -> None:
    one, _ = await two_tenants(database)
    api_id = await _made(database, one.workspace_id)
    await database.write(lambda tx: apis.change(tx, one.workspace_id, api_id, replace(FULL, headers=[]), AT))
    kept = await database.read(lambda tx: apis.kept_values(tx, one.workspace_id, api_id, [("X-Secret", None)]))
    assert kept == [None]


async def test_a_name_is_taken_once_per_workspace_and_a_rename_keeps_the_id(database: Database) -> None:
    one, two = await two_tenants(database)
    api_id = await _made(database, one.workspace_id)
    with pytest.raises(Conflict, match="Orders"):
        await _made(database, one.workspace_id)
    await _made(database, two.workspace_id)
    second = await _made(database, one.workspace_id, replace(FULL, name="Second"))
    with pytest.raises(Conflict):
        await database.write(lambda tx: apis.change(tx, one.workspace_id, second, FULL, AT))
    later = AT + timedelta(hours=1)
    renamed = await database.write(
        lambda tx: apis.change(tx, one.workspace_id, api_id, replace(FULL, name="Bestellungen"), later)
    )
    assert (renamed.id, renamed.settings.name, renamed.created_at, renamed.updated_at) == (
        api_id,
        "Bestellungen",
        AT,
        later,
    )


async def test_ids_are_never_used_again(database: Database) -> None:
    one, _ = await two_tenants(database)
    first = await _made(database, one.workspace_id)
    await database.write(lambda tx: apis.remove(tx, one.workspace_id, first))
    assert await _made(database, one.workspace_id) > first


async def test_a01_everything_is_scoped_by_workspace(database: Database) -> None:
    one, two = await two_tenants(database)
    api_id = await _made(database, one.workspace_id)
    assert await _loaded(database, two.workspace_id, api_id) is None
    assert await database.read(lambda tx: apis.page(tx, two.workspace_id, after=0, limit=10)) == []
    assert await database.read(lambda tx: apis.summaries(tx, two.workspace_id)) == {}
    for work in (
        lambda tx: apis.get(tx, two.workspace_id, api_id),
        lambda tx: apis.change(tx, two.workspace_id, api_id, FULL, AT),
        lambda tx: apis.remove(tx, two.workspace_id, api_id),
        lambda tx: apis.kept_values(tx, two.workspace_id, api_id, []),
    ):
        with pytest.raises(NotFound):
            await database.write(work)
    assert await _loaded(database, one.workspace_id, api_id) is not None


async def test_pages_go_on_where_they_ended(database: Database) -> None:
    one, _ = await two_tenants(database)
    ids = [await _made(database, one.workspace_id, replace(FULL, name=f"A{number}")) for number in range(5)]
    for after, wanted in ((0, ids[:2]), (ids[1], ids[2:4]), (ids[3], ids[4:]), (ids[4], [])):
        page = await database.read(partial(apis.page, workspace_id=one.workspace_id, after=after, limit=2))
        assert [row.id for row in page] == wanted
    summaries = await database.read(lambda tx: apis.summaries(tx, one.workspace_id))
    assert [(api_id, summary.name, summary.output) for api_id, summary in summaries.items()] == [
        (api_id, f"A{number}", "gallery") for number, api_id in enumerate(ids)
    ]
