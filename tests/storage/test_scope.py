"""Principle P8: each statement on a table of the tenants names the workspace, in its condition or in its values.

A join along a foreign key hands the scope on: a row and what it refers to are of one workspace. A new statement without a scope fails
here. What must span workspaces is listed with its reason.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Delete,
    Insert,
    Select,
    Table,
    TableClause,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, BindParameter, BooleanClauseList, Grouping

from backtalk import storage
from backtalk.storage.database import Statement, statement
from backtalk.storage.schema import apis, bots, channels, metadata, workspaces

THE_KEY_IS_THE_SCOPE = "whoever asks has nothing but an unguessable key; the row found says whose it is"
THE_QUEUE = "the process performs what is owed in every workspace; each row it gets carries its own"
THE_CLOCK = "the operator's retention holds for every workspace"
THE_KEYS = "the secret key is the installation's; each value is sealed with the workspace of its row"

SPANS_WORKSPACES = {
    "channels._BY_KEY": THE_KEY_IS_THE_SCOPE,
    "tokens._FIND": THE_KEY_IS_THE_SCOPE,
    "effects._CLAIM": THE_QUEUE,
    "effects._RELEASE_ALL": THE_QUEUE,
    "retention._CALLS": THE_CLOCK,
    "retention._EVENTS_DUE": THE_CLOCK,
    "retention._EVENT": THE_CLOCK,
    "retention._MESSAGES_DUE": THE_CLOCK,
    "retention._MESSAGE": THE_CLOCK,
    "reseal._COLUMNS[0].read": THE_KEYS,
    "reseal._COLUMNS[1].read": THE_KEYS,
    "reseal._COLUMNS[2].read": THE_KEYS,
    "reseal._COLUMNS[3].read": THE_KEYS,
    "workspaces._LIST": "the operator's list on the command line",
}
"""Module and name of a statement, with why it may see every workspace."""


def statements() -> Iterator[tuple[str, Statement]]:
    """Every statement of the modules of storage, by module and name; those inside a list or a value by its number or field."""
    for found in pkgutil.iter_modules(storage.__path__):
        if not found.ispkg:
            module = import_module(f"backtalk.storage.{found.name}")
            for name, value in vars(module).items():
                for path, made in _inside(name, value):
                    yield f"{found.name}.{path}", made


def _inside(path: str, value: Any) -> Iterator[tuple[str, Statement]]:
    if isinstance(value, Statement):
        yield path, value
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            yield from _inside(f"{path}[{number}]", one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _inside(f"{path}[{key}]", one)
    elif hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        for field in value.__dataclass_fields__:
            yield from _inside(f"{path}.{field}", getattr(value, field))


def scope(table: Table) -> Column[Any] | None:
    """The column that says whose a row is."""
    return table.c.id if table is workspaces else table.c.get("workspace_id")


def unscoped(construct: Any) -> set[str]:
    """The tables that a statement touches without saying whose rows it means."""
    bare: set[str] = set()
    for part in visitors.iterate(construct):
        if isinstance(part, Select):
            conditions = list(part._where_criteria)
            tables: list[Table] = []
            for source in part.get_final_froms():
                tables += _tables(source, conditions)
            bare |= _without_scope(tables, conditions)
        elif isinstance(part, Update | Delete):
            assert isinstance(part.table, Table)
            bare |= _without_scope([part.table], list(part._where_criteria))
        elif isinstance(part, Insert):
            assert isinstance(part.table, Table)
            values = {getattr(key, "name", key) for key in part._values or {}} | set(part._select_names or ())
            column = scope(part.table)
            if column is not None and part.table is not workspaces and column.name not in values:
                bare.add(part.table.name)
    return bare


def _tables(source: Any, conditions: list[Any]) -> list[Table]:
    """The tables of a FROM; what its inner joins demand goes to the conditions."""
    if isinstance(source, Table):
        return [source]
    if hasattr(source, "onclause"):
        conditions.append(source.onclause)
        return _tables(source.left, conditions) + _tables(source.right, conditions)
    if isinstance(source, TableClause):
        return []  # not one of ours: a table of the database itself
    raise AssertionError(
        f"This check does not know {type(source).__name__} in a FROM: teach it, or write a plain join."
    )


def _without_scope(tables: list[Table], conditions: list[Any]) -> set[str]:
    equalities = [sides for condition in conditions for sides in _equalities(condition)]
    held = {sides[0].table for sides in equalities if len(sides) == 1 and sides[0] is scope(sides[0].table)}
    for _ in tables:
        for one, other in (sides for sides in equalities if len(sides) == 2):
            tied = (
                one.references(other) or other.references(one) or {one, other} == {scope(one.table), scope(other.table)}
            )
            if tied and held & {one.table, other.table}:
                held |= {one.table, other.table}
    return {table.name for table in tables if scope(table) is not None and table not in held}


def _equalities(condition: Any) -> Iterator[tuple[Column[Any], ...]]:
    """The columns that a condition ties to a value, or to each other, whatever else is true."""
    if isinstance(condition, Grouping):
        yield from _equalities(condition.element)
    elif isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for part in condition.clauses:
            yield from _equalities(part)
    elif isinstance(condition, BinaryExpression) and condition.operator is operators.eq:
        sides = (condition.left, condition.right)
        if all(isinstance(side, Column | BindParameter) for side in sides):
            yield tuple(side for side in sides if isinstance(side, Column) and isinstance(side.table, Table))


EVERY = dict(statements())


@pytest.mark.parametrize("name", [name for name in EVERY if name not in SPANS_WORKSPACES])
def test_p8_names_its_workspace(name: str) -> None:
    assert unscoped(EVERY[name].construct) == set()


def test_the_exceptions_are_real() -> None:
    for name, reason in SPANS_WORKSPACES.items():
        assert unscoped(EVERY[name].construct), f"{name} names its workspace: take it off the list"
        assert reason


MINE = apis.c.workspace_id == bindparam("workspace_id")


@pytest.mark.parametrize(
    ("construct", "bare"),
    [
        (select(apis).where(MINE), set()),
        (select(apis).where(apis.c.id == bindparam("id")), {"apis"}),
        (select(apis).where(or_(MINE, apis.c.id == 1)), {"apis"}),
        (select(apis).where(apis.c.workspace_id > bindparam("workspace_id")), {"apis"}),
        (select(apis).where(and_(MINE, or_(apis.c.id == 1, apis.c.id == 2))), set()),
        (select(apis, bots).join(bots, bots.c.id == apis.c.id).where(MINE), {"bots"}),
        (select(apis, bots).join(bots, bots.c.workspace_id == apis.c.workspace_id).where(MINE), set()),
        (
            select(channels).join(bots, channels.c.bot_id == bots.c.id).where(bots.c.workspace_id == bindparam("of")),
            set(),
        ),
        (select(channels).join(bots, channels.c.bot_id == bots.c.id).where(bots.c.id == 1), {"bots", "channels"}),
        (select(apis, bots).join(bots, bots.c.workspace_id == apis.c.workspace_id), {"apis", "bots"}),
        (select(apis).where(apis.c.workspace_id == apis.c.workspace_id), {"apis"}),
        (select(apis).where(MINE, apis.c.id.in_(select(bots.c.id))), {"bots"}),
        (update(apis).values(name="x").where(apis.c.id == 1), {"apis"}),
        (delete(apis).where(MINE), set()),
        (delete(apis), {"apis"}),
        (insert(apis).values(name=bindparam("name")), {"apis"}),
        (insert(apis).values(workspace_id=bindparam("workspace_id")), set()),
        (select(workspaces), {"workspaces"}),
        (select(workspaces).where(workspaces.c.id == bindparam("id")), set()),
    ],
    ids=str,
)
def test_this_check_finds_what_it_is_for(construct: Any, bare: set[str]) -> None:
    assert unscoped(statement(construct).construct) == bare


def test_every_table_of_the_tenants_has_a_scope() -> None:
    assert [table.name for table in metadata.sorted_tables if scope(table) is None] == ["installation"]
