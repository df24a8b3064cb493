"""API tokens."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from backtalk.errors import NotFound
from backtalk.storage import tokens, workspaces
from backtalk.storage.database import Database, Tx
from tests.support.tenants import AT


def _made(tx: Tx) -> tuple[int, tokens.TokenRow, str]:
    workspace, _ = workspaces.create(tx, name="Shop", at=AT)
    row, token = tokens.create(tx, workspace.id, name="CI", role="editor", at=AT)
    return workspace.id, row, token


async def test_a13_a_token_is_found_by_its_plaintext_only(database: Database) -> None:
    workspace_id, row, token = await database.write(_made)
    assert await database.read(lambda tx: tokens.find(tx, token)) == row
    assert row.role == "editor"
    assert row.workspace_id == workspace_id
    for wrong in (token[:-1], token + "a", token.upper(), "", "bt_", "\ud800"):
        assert await database.read(partial(tokens.find, token=wrong)) is None


async def test_a13_tokens_hold_128_bits_and_more_and_are_unlike_each_other(database: Database) -> None:
    workspace_id, _, token = await database.write(_made)
    more = [
        await database.write(lambda tx: tokens.create(tx, workspace_id, name="x", role="viewer", at=AT)[1])
        for _ in range(20)
    ]
    assert len({token, *more}) == 21
    assert all(found.startswith("bt_") and len(found) >= 3 + 22 for found in more)


async def test_k01_the_database_does_not_hold_the_plaintext(database: Database) -> None:
    _, _, token = await database.write(_made)
    for file in database.path.parent.iterdir():
        assert token.encode() not in file.read_bytes()
        assert token.removeprefix("bt_").encode() not in file.read_bytes()


async def test_a12_a_revoked_token_is_not_found(database: Database) -> None:
    workspace_id, row, token = await database.write(_made)
    revoked = await database.write(lambda tx: tokens.revoke(tx, workspace_id, row.id, AT))
    assert revoked.revoked_at == AT
    assert await database.read(lambda tx: tokens.find(tx, token)) is None
    later = await database.write(lambda tx: tokens.revoke(tx, workspace_id, row.id, AT + timedelta(days=1)))
    assert later.revoked_at == AT


async def test_the_last_use_is_noted_at_most_once_a_minute(database: Database) -> None:
    workspace_id, row, _ = await database.write(_made)
    seen = []
    for seconds in (1, 30, 60, 61, 100, 122):
        at = AT + timedelta(seconds=seconds)
        await database.write(partial(tokens.note_use, workspace_id=workspace_id, token_id=row.id, at=at))
        seen.append((await database.read(lambda tx: tokens.get(tx, workspace_id, row.id))).last_used_at)
    first, second = AT + timedelta(seconds=1), AT + timedelta(seconds=100)
    assert seen == [first, first, first, first, second, second]


async def test_a01_another_workspace_has_no_part_in_it(database: Database) -> None:
    workspace_id, row, token = await database.write(_made)
    other = (await database.write(lambda tx: workspaces.create(tx, name="Other", at=AT)))[0].id
    with pytest.raises(NotFound):
        await database.write(lambda tx: tokens.revoke(tx, other, row.id, AT))
    await database.write(lambda tx: tokens.note_use(tx, other, row.id, AT))
    assert await database.read(lambda tx: tokens.find(tx, token)) == row
    assert await database.read(lambda tx: tokens.all_of(tx, other)) == []
    assert await database.read(lambda tx: tokens.all_of(tx, workspace_id)) == [row]
