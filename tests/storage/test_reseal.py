"""A new secret key: everything sealed is sealed anew, also when it is killed in between (row K05)."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import bindparam, insert, select, update

from backtalk.storage import installation, integrity
from backtalk.storage.backup import backup
from backtalk.storage.database import Database, Tx, statement
from backtalk.storage.reseal import reseal
from backtalk.storage.schema import apis, bots, channels, workspaces
from backtalk.storage.sealing import KeyMismatch, Sealer
from tests.support.database import SECRET_KEY, open_database
from tests.support.killed import run_until_killed

NEW = "the new key of this test, long enough"
SEALED = [
    (workspaces, "signing_secret"),
    (workspaces, "old_signing_secret"),
    (apis, "header_values"),
    (channels, "credentials"),
]
EACH = 12
CANARY = "canary-5b1e"

KILLED = """
import asyncio, os, signal, sys
from backtalk.storage import reseal
from backtalk.storage.database import Database
from backtalk.storage.sealing import Sealer

path, at, new, old = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
reseal.AT_ONCE = 5
write, done = Database.write, 0

async def dying(self, work):
    global done
    result = await write(self, work)
    done += 1
    if done == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

Database.write = dying

async def main():
    database = await Database.open(path, Sealer([new, old]))
    await reseal.reseal(database)

asyncio.run(main())
"""


def fill(tx: Tx) -> None:
    """A canary in every sealed column of several rows."""
    for number in range(EACH):
        workspace_id = tx.insert(
            statement(insert(workspaces).values(name="w", signing=True, created_at=bindparam("at"))), at=number
        )
        bot_id = tx.insert(
            statement(
                insert(bots).values(
                    workspace_id=bindparam("of"), name="b", draft="{}", revision=1, created_at=0, updated_at=0
                )
            ),
            of=workspace_id,
        )
        api_id = tx.insert(
            statement(
                insert(apis).values(
                    workspace_id=bindparam("of"),
                    name="a",
                    method="GET",
                    url="https://example.com",
                    timeout_s=5,
                    created_at=0,
                    updated_at=0,
                )
            ),
            of=workspace_id,
        )
        channel_id = tx.insert(
            statement(
                insert(channels).values(
                    workspace_id=bindparam("of"),
                    type="webchat",
                    name="c",
                    bot_id=bindparam("bot"),
                    key=bindparam("key"),
                    connected=True,
                    created_at=0,
                )
            ),
            of=workspace_id,
            bot=bot_id,
            key=f"key{number}",
        )
        ids = {"workspaces": workspace_id, "apis": api_id, "channels": channel_id}
        for table, column in SEALED:
            row_id = ids[table.name]
            sealed = tx.sealer.seal(
                f"{CANARY} {table.name} {column} {row_id}".encode(),
                table=table.name,
                workspace_id=workspace_id,
                row_id=row_id,
                column=column,
            )
            change = update(table).where(table.c.id == bindparam("row")).values({column: bindparam("sealed")})
            tx.run(statement(change), row=row_id, sealed=sealed)


def opened_values(tx: Tx) -> tuple[int, int]:
    """How many sealed values open with what they hold, and how many of them the first key has sealed."""
    count = current = 0
    for table, column in SEALED:
        workspace = table.c.id if table is workspaces else table.c.workspace_id
        for row in tx.all(statement(select(table.c.id, workspace.label("of"), table.c[column].label("sealed")))):
            plain = tx.sealer.unseal(
                row["sealed"], table=table.name, workspace_id=row["of"], row_id=row["id"], column=column
            )
            assert plain == f"{CANARY} {table.name} {column} {row['id']}".encode()
            count += 1
            current += tx.sealer.is_current(row["sealed"])
    return count, current


async def opened(folder: Path, *keys: str) -> Database:
    return await Database.open(f"sqlite:///{folder / 'backtalk.db'}", Sealer(keys))


@pytest.fixture
async def filled(tmp_path: Path) -> Path:
    async with open_database(tmp_path) as database:
        await database.write(fill)
    return tmp_path


async def test_k01_no_secret_is_in_any_file(tmp_path: Path) -> None:
    async with open_database(tmp_path) as database:
        await database.write(fill)
        await backup(database, tmp_path / "copy.db")
        files = list(tmp_path.iterdir())
        assert {file.name for file in files} >= {"backtalk.db", "backtalk.db-wal", "copy.db"}
        assert [file.name for file in files if CANARY.encode() in file.read_bytes()] == []


async def test_k05_all_is_sealed_anew_and_the_old_key_may_go(filled: Path) -> None:
    total = EACH * len(SEALED)
    database = await opened(filled, NEW, SECRET_KEY)
    assert await database.read(opened_values) == (total, 0)
    assert await reseal(database) == total
    assert await database.read(opened_values) == (total, total)
    assert await reseal(database) == 0
    await database.close()
    database = await opened(filled, NEW)
    await database.write(installation.check_key)
    assert await database.read(opened_values) == (total, total)
    await database.close()
    database = await opened(filled, SECRET_KEY)
    for refused in (database.write(installation.check_key), database.read(opened_values)):
        with pytest.raises(KeyMismatch):
            await refused
    await database.close()


@pytest.mark.parametrize("at", [1, 2, 6, 12])
async def test_k05_killed_in_between_it_goes_on(filled: Path, at: int) -> None:
    total = EACH * len(SEALED)
    await asyncio.to_thread(run_until_killed, KILLED, f"sqlite:///{filled / 'backtalk.db'}", str(at), NEW, SECRET_KEY)

    database = await opened(filled, NEW)  # the old key is still needed, and that is said at the start
    with pytest.raises(KeyMismatch):
        await database.write(installation.check_key)
    await database.close()

    database = await opened(filled, NEW, SECRET_KEY)
    await database.write(installation.check_key)
    count, current = await database.read(opened_values)
    assert count == total
    assert current > 0
    assert await reseal(database) == total - current
    assert await database.read(opened_values) == (total, total)
    assert await database.read(integrity.damage) == ""
    await database.close()
    database = await opened(filled, NEW)
    await database.write(installation.check_key)
    await database.close()


async def test_k05_a_value_of_an_unknown_key_stops_it_and_stays(filled: Path) -> None:
    database = await opened(filled, NEW)
    with pytest.raises(KeyMismatch):
        await reseal(database)
    await database.close()
    database = await opened(filled, SECRET_KEY)
    assert await database.read(opened_values) == (EACH * len(SEALED), EACH * len(SEALED))
    await database.close()


async def test_a_server_may_write_meanwhile(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtalk.storage.reseal.AT_ONCE", 2)
    database = await opened(filled, NEW, SECRET_KEY)
    resealing = asyncio.create_task(reseal(database))
    for number in range(20):
        await database.write(partial(installation.put, name=f"n{number}", value="x"))
    assert await resealing == EACH * len(SEALED)
    await database.close()
