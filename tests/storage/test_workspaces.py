"""Workspaces and their signing secrets."""

from __future__ import annotations

import base64
from datetime import timedelta
from functools import partial

import pytest

from backtalk.errors import NotFound
from backtalk.storage import workspaces
from backtalk.storage.database import Database
from backtalk.storage.workspaces import OVERLAP
from tests.support.tenants import AT

_MOMENT = timedelta(microseconds=1)


async def _made(database: Database, name: str = "Shop") -> tuple[int, str]:
    row, secret = await database.write(lambda tx: workspaces.create(tx, name=name, at=AT))
    return row.id, secret


async def test_a_new_workspace_is_paid_and_signs(database: Database) -> None:
    workspace_id, secret = await _made(database)
    row = await database.read(lambda tx: workspaces.get(tx, workspace_id))
    assert (row.name, row.plan, row.timezone, row.signing, row.created_at) == ("Shop", "paid", 0.0, True, AT)
    caller = await database.read(lambda tx: workspaces.caller(tx, workspace_id=workspace_id))
    assert caller == workspaces.Caller(0.0, (secret,))


async def test_a_signing_secret_is_one_of_standard_webhooks(database: Database) -> None:
    _, secret = await _made(database)
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64


async def test_i22_both_secrets_sign_for_24_hours_the_new_one_first(database: Database) -> None:
    workspace_id, old = await _made(database)
    new = await database.write(lambda tx: workspaces.new_signing_secret(tx, workspace_id, AT))
    assert new != old
    for at, wanted in (
        (AT, (new, old)),
        (AT + timedelta(hours=24) - _MOMENT, (new, old)),
        (AT + timedelta(hours=24), (new,)),
    ):
        found = await database.read(partial(workspaces.caller, workspace_id=workspace_id, at=at))
        assert found.signing_secrets == wanted
    assert timedelta(hours=24) == OVERLAP
    row = await database.read(lambda tx: workspaces.get(tx, workspace_id))
    assert row.old_signing_secret_until == AT + OVERLAP


async def test_a_second_renewal_ends_the_oldest(database: Database) -> None:
    workspace_id, first = await _made(database)
    second = await database.write(lambda tx: workspaces.new_signing_secret(tx, workspace_id, AT))
    third = await database.write(lambda tx: workspaces.new_signing_secret(tx, workspace_id, AT))
    found = await database.read(lambda tx: workspaces.caller(tx, workspace_id=workspace_id, at=AT))
    assert found.signing_secrets == (third, second)
    assert first not in found.signing_secrets


async def test_signing_can_be_turned_off_and_on_with_the_same_secret(database: Database) -> None:
    workspace_id, secret = await _made(database)
    await database.write(lambda tx: workspaces.change(tx, workspace_id, signing=False))
    caller = await database.read(lambda tx: workspaces.caller(tx, workspace_id=workspace_id))
    assert caller.signing_secrets == ()
    await database.write(lambda tx: workspaces.change(tx, workspace_id, signing=True))
    caller = await database.read(lambda tx: workspaces.caller(tx, workspace_id=workspace_id))
    assert caller.signing_secrets == (secret,)


async def test_a_change_leaves_the_rest_and_the_others(database: Database) -> None:
    workspace_id, _ = await _made(database)
    other, _ = await _made(database, "Other")
    changed = await database.write(lambda tx: workspaces.change(tx, workspace_id, timezone=5.75))
    assert (changed.name, changed.timezone, changed.signing) == ("Shop", 5.75, True)
    await database.write(lambda tx: workspaces.set_plan(tx, workspace_id, "free"))
    every = await database.read(workspaces.every)
    assert [(row.id, row.plan, row.timezone) for row in every] == [(workspace_id, "free", 5.75), (other, "paid", 0.0)]


async def test_k01_secrets_are_sealed_at_rest_and_bound_to_their_place(database: Database) -> None:
    workspace_id, old = await _made(database)
    new = await database.write(lambda tx: workspaces.new_signing_secret(tx, workspace_id, AT))
    for file in database.path.parent.iterdir():
        content = file.read_bytes()
        assert old.encode() not in content
        assert new.encode() not in content


async def test_an_unknown_workspace_is_not_found(database: Database) -> None:
    for work in (
        lambda tx: workspaces.get(tx, 99),
        lambda tx: workspaces.caller(tx, workspace_id=99),
        lambda tx: workspaces.new_signing_secret(tx, 99, AT),
        lambda tx: workspaces.set_plan(tx, 99, "free"),
    ):
        with pytest.raises(NotFound):
            await database.write(work)
