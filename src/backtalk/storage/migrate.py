"""The schema's history: numbered SQL files per database, each applied once, in one transaction with the note that it was.

A migration that an old and a new version of the product can live with side by side is named `…_pre`, and one that only the new
version can live with `…_post`: expand first, contract a release later. So a version starts on a database that a newer one has
expanded, and refuses one that it has contracted (row O08). A file that was released never changes.

A statement ends with a semicolon at the end of a line. On SQLite a table that others refer to is not dropped here: with foreign keys
on, that deletes the rows that refer to it.
"""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import bindparam, insert, select

from backtalk.errors import Conflict
from backtalk.storage.database import Database, Tx, statement
from backtalk.storage.schema import installation

_PREFIX = "migration:"
_BOOK = "CREATE TABLE IF NOT EXISTS installation (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name))"
_APPLIED = statement(select(installation.c.name))
_NOTE = statement(insert(installation).values(name=bindparam("name"), value=bindparam("value")))


def migrations(dialect: str) -> list[tuple[str, list[str]]]:
    """(name, statements) of every migration for a database, oldest first."""
    ending = f".{dialect}.sql"
    found = [file for file in files("backtalk.storage").joinpath("migrations").iterdir() if file.name.endswith(ending)]
    return [
        (
            file.name.removesuffix(ending),
            [part.strip() for part in file.read_text("utf-8").split(";\n") if part.strip()],
        )
        for file in sorted(found, key=lambda file: file.name)
    ]


async def migrate(database: Database) -> list[str]:
    """Apply what is missing; the names of what was applied. Killed in between, it goes on where it was."""
    applied = []
    await missing(database)  # refuses a database that is newer
    for name, statements in migrations("sqlite"):
        if await database.write(lambda tx, name=name, statements=statements: _apply(tx, name, statements)):  # type: ignore[misc]
            applied.append(name)
    return applied


async def missing(database: Database) -> list[str]:
    """The migrations that this version needs and the database does not have. Raises Conflict when the database is too new."""

    def work(tx: Tx) -> list[str]:
        tx.script(_BOOK)
        applied = {row["name"].removeprefix(_PREFIX) for row in tx.all(_APPLIED) if row["name"].startswith(_PREFIX)}
        needed = [name for name, _ in migrations(tx.dialect)]
        newer = sorted(name for name in applied.difference(needed) if not name.endswith("_pre"))
        if newer:
            raise Conflict(
                f"A newer version of Backtalk has changed this database ({newer[0]}).",
                hint="Start that version, or put a backup from before back in place.",
            )
        return [name for name in needed if name not in applied]

    return await database.write(work)


def _apply(tx: Tx, name: str, statements: list[str]) -> bool:
    tx.script(_BOOK)
    if any(row["name"] == _PREFIX + name for row in tx.all(_APPLIED)):
        return False
    for sql in statements:
        tx.script(sql)
    tx.run(_NOTE, name=_PREFIX + name, value="applied")
    return True
