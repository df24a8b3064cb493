"""The schema's history: whole, in order, once, whatever is killed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backtalk.errors import Conflict
from backtalk.storage import installation, integrity, migrate
from backtalk.storage.database import Database, Tx
from backtalk.storage.sealing import Sealer
from tests.support.database import SECRET_KEY, open_database
from tests.support.killed import run_until_killed

MORE = (
    "0002_more_pre",
    [
        "CREATE TABLE more (id INTEGER PRIMARY KEY)",
        "INSERT INTO more VALUES (1)",
        "UPDATE workspaces SET name = 'new'",
    ],
)

KILLED = """
import asyncio, os, signal, sys
from backtalk.storage import migrate
from backtalk.storage.database import Database, Tx
from backtalk.storage.sealing import Sealer

path, at = sys.argv[1], int(sys.argv[2])
first, more = migrate.migrations("sqlite"), eval(sys.argv[3])
migrate.migrations = lambda dialect: [*first, more]
done, script = 0, Tx.script

def dying(tx, sql):
    global done
    script(tx, sql)
    if not sql.startswith("CREATE TABLE IF NOT EXISTS installation"):
        done += 1
        if done == at:
            print(done, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

Tx.script = dying

async def main():
    database = await Database.open(path, Sealer(["a secret key for tests only, not for anybody"]))
    await migrate.migrate(database)
    await database.close()

asyncio.run(main())
"""


def tables(tx: Tx) -> set[str]:
    rows = tx._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {name for (name,) in rows}


def statements_of_first() -> int:
    return len(migrate.migrations("sqlite")[0][1])


async def opened(folder: Path) -> Database:
    return await Database.open(f"sqlite:///{folder / 'backtalk.db'}", Sealer([SECRET_KEY]))


async def test_applied_once_and_in_order(tmp_path: Path) -> None:
    names = [name for name, _ in migrate.migrations("sqlite")]
    assert names == sorted(names)
    database = await opened(tmp_path)
    assert await migrate.missing(database) == names
    assert await migrate.migrate(database) == names
    assert await migrate.missing(database) == []
    assert await migrate.migrate(database) == []
    await database.close()


def test_both_databases_have_the_same_migrations() -> None:
    assert [name for name, _ in migrate.migrations("sqlite")] == [name for name, _ in migrate.migrations("postgresql")]


@pytest.mark.parametrize("at", [1, 2, 7, statements_of_first()])
async def test_s13_killed_in_the_first_migration(tmp_path: Path, at: int) -> None:
    path = tmp_path / "backtalk.db"
    out = await asyncio.to_thread(run_until_killed, KILLED, f"sqlite:///{path}", str(at), repr(MORE))
    assert out == f"{at}\n"
    database = await opened(tmp_path)
    assert await database.read(tables) <= {"installation"}
    assert await migrate.migrate(database) == [name for name, _ in migrate.migrations("sqlite")]
    assert await database.read(integrity.damage) == ""
    await database.close()


@pytest.mark.parametrize("at", [1, 2, 3])
async def test_s13_killed_in_a_later_migration_the_data_are_as_before(
    tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_database(tmp_path) as database:
        await database.write(
            lambda tx: tx.script("INSERT INTO workspaces (name, signing, created_at) VALUES ('old', 0, 0)")
        )
        path = database.path
    await asyncio.to_thread(run_until_killed, KILLED, f"sqlite:///{path}", str(at), repr(MORE))

    def names(tx: Tx) -> list[tuple[str]]:
        return tx._connection.execute("SELECT name FROM workspaces").fetchall()

    database = await opened(tmp_path)
    assert await database.read(names) == [("old",)]
    assert "more" not in await database.read(tables)
    known = migrate.migrations("sqlite")
    monkeypatch.setattr(migrate, "migrations", lambda dialect: [*known, MORE])
    assert await migrate.migrate(database) == ["0002_more_pre"]
    assert await database.read(names) == [("new",)]
    assert "more" in await database.read(tables)
    await database.close()


async def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_database(tmp_path) as database:
        known = migrate.migrations("sqlite")
        bad = ("0002_bad", ["CREATE TABLE more (id INTEGER PRIMARY KEY)", "INSERT INTO not_there VALUES (1)"])
        monkeypatch.setattr(migrate, "migrations", lambda dialect: [*known, bad])
        with pytest.raises(Exception, match="not_there"):
            await migrate.migrate(database)
        assert "more" not in await database.read(tables)
        assert await migrate.missing(database) == ["0002_bad"]


@pytest.mark.parametrize(("name", "refused"), [("0999_next_pre", False), ("0999_next_post", True), ("0999_next", True)])
async def test_o08_a_newer_schema_is_lived_with_only_when_it_was_expanded(
    database: Database, name: str, refused: bool
) -> None:
    await database.write(lambda tx: installation.put(tx, f"migration:{name}", "applied"))
    for ask in (migrate.missing, migrate.migrate):
        if refused:
            with pytest.raises(Conflict, match=f"newer version of Backtalk.*{name}"):
                await ask(database)
        else:
            assert await ask(database) == []


async def test_two_processes_that_migrate_at_once_do_it_once(tmp_path: Path) -> None:
    one, two = await opened(tmp_path), await opened(tmp_path)
    applied = await asyncio.gather(migrate.migrate(one), migrate.migrate(two))
    assert sorted(applied[0] + applied[1]) == [name for name, _ in migrate.migrations("sqlite")]
    await one.close()
    await two.close()
