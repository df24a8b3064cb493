"""Every statement of the product has a text for each database."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select

from backtalk.storage.database import Database, Tx, statement
from backtalk.storage.dialects import (
    DIALECTS,
    ReferenceViolation,
    UniqueViolation,
    connect_sqlite,
    is_storage_fault,
    violation,
)
from backtalk.storage.schema import apis
from tests.storage.test_scope import EVERY


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("name", EVERY)
def test_every_statement_has_a_text(name: str, dialect: str) -> None:
    text = EVERY[name].text(dialect)
    named = re.findall(r"(?<!:):(\w+)" if dialect == "sqlite" else r"%\((\w+)\)s", text.sql)
    assert set(text.defaults) <= set(named)
    assert EVERY[name].text(dialect) is text


async def test_sqlite_understands_every_statement(database: Database) -> None:
    def explain(tx: Tx) -> list[tuple[str, str]]:
        refused = []
        for name, made in EVERY.items():
            text = made.text("sqlite")
            values = dict.fromkeys(re.findall(r"(?<!:):(\w+)", text.sql))
            try:
                tx._connection.execute(f"EXPLAIN {text.sql}", {**values, **text.defaults}).fetchall()
            except sqlite3.Error as error:
                refused.append((name, str(error)))
        return refused

    assert await database.read(explain) == []


def test_values_in_a_construct_become_its_defaults() -> None:
    text = statement(select(apis.c.id).where(apis.c.name == "x", apis.c.id > bindparam("after")).limit(5)).text(
        "sqlite"
    )
    assert set(text.defaults.values()) >= {"x", 5}
    assert "after" not in text.defaults
    assert "x" not in text.sql.split("WHERE")[1].replace("apis", "")


def test_a_list_of_values_is_refused() -> None:
    many = statement(select(apis.c.id).where(apis.c.id.in_(bindparam("ids", expanding=True))))
    with pytest.raises(TypeError, match="list of values"):
        many.text("sqlite")


def test_the_id_of_a_new_row_is_returned_where_the_driver_does_not_tell() -> None:
    add = statement(insert(apis).values(name=bindparam("name")))
    assert add.text("postgresql").sql.endswith("RETURNING apis.id")


def error_of(connection: sqlite3.Connection, sql: str) -> sqlite3.Error:
    with pytest.raises(sqlite3.Error) as caught:
        connection.execute(sql)
    return caught.value


def test_errors_of_the_driver_are_told_apart(tmp_path: Path) -> None:
    connection = connect_sqlite(tmp_path / "x.db", writes=True)
    connection.execute("CREATE TABLE a (id INTEGER PRIMARY KEY, b TEXT UNIQUE NOT NULL)")
    connection.execute("CREATE TABLE c (a INTEGER REFERENCES a (id))")
    connection.execute("INSERT INTO a VALUES (1, 'x')")
    wanted: dict[str, tuple[Any, bool]] = {
        "INSERT INTO a VALUES (1, 'y')": (UniqueViolation, False),
        "INSERT INTO a VALUES (2, 'x')": (UniqueViolation, False),
        "INSERT INTO c VALUES (3)": (ReferenceViolation, False),
        "INSERT INTO a VALUES (3, NULL)": (type(None), False),
        "SELECT nothing": (type(None), False),
    }
    for sql, (kind, fault) in wanted.items():
        error = error_of(connection, sql)
        assert is_storage_fault(error) is fault
        assert type(violation(error) if isinstance(error, sqlite3.IntegrityError) else None) is kind
    connection.execute("PRAGMA max_page_count = 1")
    assert is_storage_fault(error_of(connection, "INSERT INTO a VALUES (9, hex(randomblob(100000)))"))
    connection.execute("PRAGMA query_only = ON")
    assert is_storage_fault(error_of(connection, "INSERT INTO a VALUES (9, 'z')"))
    connection.close()
    assert not is_storage_fault(error_of(connection, "SELECT 1"))
    assert not is_storage_fault(ValueError())


def test_a_connection_that_cannot_be_made_leaves_nothing_open(tmp_path: Path) -> None:
    """An open connection would be a warning, and so an error of this test."""
    (tmp_path / "x.db").write_bytes(b"no database at all " * 100)
    with pytest.raises(sqlite3.DatabaseError):
        connect_sqlite(tmp_path / "x.db", writes=True)
