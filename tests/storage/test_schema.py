"""What migrations make is what the tables of the code say."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from backtalk.storage.migrate import migrations
from backtalk.storage.schema import from_us, metadata, time_us
from tests.support.database import open_database


def seen(engine: Engine) -> dict[str, Any]:
    """Everything that a database tells about its tables."""
    inspector = inspect(engine)
    with engine.connect() as connection:
        kinds = {
            name: ("AUTOINCREMENT" in sql, "WITHOUT ROWID" in sql)
            for name, sql in connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
            if not name.startswith("sqlite_")
        }
    return {
        name: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            },
            "key": inspector.get_pk_constraint(name)["constrained_columns"],
            "references": sorted(
                (key["constrained_columns"], key["referred_table"], key["referred_columns"], str(key["options"]))
                for key in inspector.get_foreign_keys(name)
            ),
            "unique": sorted(rule["column_names"] for rule in inspector.get_unique_constraints(name)),
            "indexes": sorted((index["name"], index["column_names"]) for index in inspector.get_indexes(name)),
            "kind": kinds[name],
        }
        for name in inspector.get_table_names()
    }


async def test_on_sqlite_the_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    async with open_database(tmp_path) as database:
        path = database.path
    migrated, made = create_engine(f"sqlite:///{path}"), create_engine("sqlite://")
    metadata.create_all(made)
    assert seen(migrated) == seen(made)
    migrated.dispose()
    made.dispose()


def test_on_postgresql_the_first_migration_says_what_the_code_says() -> None:
    """Compared as text. A second migration needs a real server here, to compare what it makes."""
    (only,) = migrations("postgresql")
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    wanted = []
    for table in metadata.sorted_tables:
        wanted.append(str(CreateTable(table).compile(dialect=dialect)))
        wanted += [str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes]
    wanted = [sql for sql in wanted if "TABLE installation" not in sql]
    assert sorted(map(words, only[1])) == sorted(map(words, wanted))


def words(sql: str) -> str:
    return re.sub(r"\s+", " ", sql).strip(" ;")


TIMES = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them naive


@given(TIMES)
def test_times_survive_to_the_microsecond(at: datetime) -> None:
    assert from_us(time_us(at)) == at
    assert from_us(time_us(at.astimezone(timezone(timedelta(hours=5, minutes=30))))) == at


@given(TIMES, TIMES)
def test_times_compare_as_their_numbers(one: datetime, two: datetime) -> None:
    assert (one < two) is (time_us(one) < time_us(two))


def test_sealed_columns_are_bytes() -> None:
    """What is sealed is known by its type: nothing else but a token's hash is bytes, so nothing sealed is forgotten."""
    found = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.c
        if str(column.type) == "BLOB"
    }
    assert found == {
        "workspaces.signing_secret",
        "workspaces.old_signing_secret",
        "apis.header_values",
        "channels.credentials",
        "tokens.hash",
    }
