"""What a work finds in its hands."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import bindparam, delete, func, insert, select, update

from backtalk.errors import Conflict
from backtalk.storage.database import Database, ReferenceViolation, Tx, UniqueViolation, statement
from backtalk.storage.schema import attributes, bots, installation, tokens, workspaces

ADD = statement(insert(installation).values(name=bindparam("name"), value=bindparam("value")))
ALL = statement(select(installation.c.value.label("v"), installation.c.name).where(installation.c.name.like("t%")))
COUNT = statement(select(func.count().label("n")).select_from(installation).where(installation.c.name.like("t%")))
CHANGE = statement(update(installation).values(value="new").where(installation.c.name.like(bindparam("pattern"))))
ADD_WORKSPACE = statement(insert(workspaces).values(name=bindparam("name"), signing=False, created_at=bindparam("at")))
ADD_ATTRIBUTE = statement(
    insert(attributes).values(workspace_id=bindparam("workspace_id"), name=bindparam("name"), created_at=0)
)
TAKE_ID = statement(
    update(bots)
    .values(last_sequence_id=bots.c.last_sequence_id + 1)
    .where(bots.c.id == bindparam("bot_id"))
    .returning(bots.c.last_sequence_id)
)
REMOVE_WORKSPACE = statement(delete(workspaces).where(workspaces.c.id == bindparam("id")))
ADD_TOKEN = statement(
    insert(tokens).values(workspace_id=bindparam("workspace_id"), name="n", role="admin", hash=b"h", created_at=0)
)


async def test_rows_come_by_label_and_counts_are_of_rows(database: Database) -> None:
    def work(tx: Tx) -> None:
        assert tx.one(ALL) is None
        assert tx.all(ALL) == []
        assert tx.run(ADD, name="t1", value="a") == 1
        tx.run_many(ADD, [{"name": "t2", "value": "b"}, {"name": "t3", "value": "c"}])
        tx.run_many(ADD, [])
        assert tx.one(COUNT) == {"n": 3}
        assert tx.run(CHANGE, pattern="t%") == 3
        assert tx.run(CHANGE, pattern="z%") == 0
        assert tx.all(ALL) == [{"v": "new", "name": name} for name in ("t1", "t2", "t3")]

    await database.write(work)


async def test_ids_are_never_used_again(database: Database) -> None:
    def work(tx: Tx) -> tuple[int, int]:
        first = tx.insert(ADD_WORKSPACE, name="a", at=1)
        assert tx.run(REMOVE_WORKSPACE, id=first) == 1
        return first, tx.insert(ADD_WORKSPACE, name="b", at=1)

    first, second = await database.write(work)
    assert second > first


async def test_a_statement_may_return_what_it_changed(database: Database) -> None:
    add_bot = statement(
        insert(bots).values(
            workspace_id=bindparam("workspace_id"), name="b", draft="{}", revision=1, created_at=0, updated_at=0
        )
    )

    def work(tx: Tx) -> list[object]:
        bot_id = tx.insert(add_bot, workspace_id=tx.insert(ADD_WORKSPACE, name="a", at=1))
        return [tx.one(TAKE_ID, bot_id=bot_id) for _ in range(2)]

    assert await database.write(work) == [{"last_sequence_id": 1}, {"last_sequence_id": 2}]


async def test_a_broken_unique_rule_names_its_columns(database: Database) -> None:
    workspace_id = await database.write(lambda tx: tx.insert(ADD_WORKSPACE, name="a", at=1))
    await database.write(lambda tx: tx.run(ADD_ATTRIBUTE, workspace_id=workspace_id, name="city"))
    row = {"workspace_id": workspace_id, "name": "city"}
    for again in (lambda tx: tx.run(ADD_ATTRIBUTE, **row), lambda tx: tx.run_many(ADD_ATTRIBUTE, [row])):
        with pytest.raises(UniqueViolation) as caught:
            await database.write(again)
        assert caught.value.columns == "attributes.workspace_id, attributes.name"
        assert isinstance(caught.value, Conflict)


async def test_what_refers_to_nothing_is_refused(database: Database) -> None:
    with pytest.raises(ReferenceViolation):
        await database.write(lambda tx: tx.run(ADD_TOKEN, workspace_id=4_711))


async def test_deleting_a_workspace_deletes_what_is_its_own(database: Database) -> None:
    def work(tx: Tx) -> None:
        workspace_id = tx.insert(ADD_WORKSPACE, name="a", at=1)
        tx.run(ADD_TOKEN, workspace_id=workspace_id)
        tx.run(REMOVE_WORKSPACE, id=workspace_id)
        assert tx.one(statement(select(func.count().label("n")).select_from(tokens))) == {"n": 0}

    await database.write(work)


async def test_nothing_goes_on_after_a_refusal(database: Database) -> None:
    """PostgreSQL takes nothing more in a transaction that it refused once."""

    def work(tx: Tx, step: str) -> None:
        tx.run(ADD, name="t1", value="a")
        with pytest.raises(UniqueViolation):
            tx.run(ADD, name="t1", value="b")
        if step == "one":
            tx.one(ALL)
        elif step == "many":
            tx.run_many(ADD, [{}])
        else:
            tx.script("SELECT 1")

    for step in ("one", "many", "script"):
        with pytest.raises(RuntimeError, match="after one that was refused"):
            await database.write(partial(work, step=step))
    assert await database.read(lambda tx: tx.all(ALL)) == []


async def test_a_parameter_that_is_missing_is_a_bug_that_stores_nothing(database: Database) -> None:
    def work(tx: Tx) -> None:
        tx.run(ADD, name="t1", value="a")
        tx.run(ADD, name="t2")

    with pytest.raises(Exception, match="value"):
        await database.write(work)
    assert await database.read(lambda tx: tx.all(ALL)) == []
