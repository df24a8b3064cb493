"""What the database promises its callers, also when the disk, a reader or a caller fails."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import stat
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from backtalk.errors import Conflict, Invalid, Unavailable
from backtalk.storage import installation, integrity
from backtalk.storage.database import MAX_GROUP, Database, Tx, UniqueViolation, sqlite_path
from backtalk.storage.sealing import Sealer
from tests.support.database import SECRET_KEY, open_database
from tests.support.killed import run_python


def put(name: str) -> Any:
    return partial(installation.put, name=name, value="x")


async def has(database: Database, name: str) -> bool:
    return await database.read(lambda tx: installation.get(tx, name)) is not None


async def file(database: Database) -> Path:
    return database.path


@asynccontextmanager
async def writer_held(database: Database) -> AsyncIterator[threading.Event]:
    """The writer busy with a work until the event is set, so that what comes meanwhile waits."""
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(_tx: Tx) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(10)

    holding = asyncio.create_task(database.write(hold))
    await begun.wait()
    try:
        yield go_on
    finally:
        go_on.set()
        await asyncio.wait([holding])
        holding.exception()


@contextmanager
def commits(database: Database) -> Iterator[list[str]]:
    """The COMMITs that the writer makes meanwhile."""
    seen: list[str] = []
    database._connection.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
    yield seen
    database._connection.set_trace_callback(None)


# --- groups


async def test_works_that_wait_share_a_commit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtalk.storage.database.MAX_GROUP_S", 10)
    with commits(database) as seen:
        async with writer_held(database) as go_on:
            waiting = [asyncio.create_task(database.write(put(f"n{number}"))) for number in range(MAX_GROUP - 1)]
            await asyncio.sleep(0)
            go_on.set()
        await asyncio.gather(*waiting)
    assert len(seen) == 1
    assert await has(database, f"n{MAX_GROUP - 2}")


async def test_a_group_that_takes_long_is_committed_before_it_is_full(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backtalk.storage.database.MAX_GROUP_S", 0)
    with commits(database) as seen:
        async with writer_held(database):
            waiting = [asyncio.create_task(database.write(put(f"n{number}"))) for number in range(3)]
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)
    assert len(seen) == 4


@pytest.mark.parametrize("fails", list(itertools.product([False, True], repeat=4)), ids=str)
async def test_a_work_that_fails_is_undone_alone(database: Database, fails: tuple[bool, ...]) -> None:
    def work(tx: Tx, number: int) -> int:
        installation.put(tx, f"n{number}", "x")
        if fails[number]:
            raise Conflict(f"work {number}")
        return number

    async with writer_held(database):
        waiting = [asyncio.create_task(database.write(partial(work, number=number))) for number in range(4)]
        await asyncio.sleep(0)
    results = await asyncio.gather(*waiting, return_exceptions=True)
    for number, failed in enumerate(fails):
        assert str(results[number]) == (f"work {number}" if failed else str(number))
        assert await has(database, f"n{number}") is not failed
    assert database.healthy


async def test_a_result_is_given_out_after_the_commit(database: Database) -> None:
    with sqlite3.connect(await file(database)) as other:
        for number in range(20):
            await database.write(put(f"n{number}"))
            assert other.execute("SELECT 1 FROM installation WHERE name = ?", (f"n{number}",)).fetchone()
    other.close()


async def test_a_work_that_was_handed_over_is_done_though_its_task_is_cancelled(database: Database) -> None:
    async with writer_held(database):
        waiting = asyncio.create_task(database.write(put("cancelled")))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await database.write(put("next"))
    assert await has(database, "cancelled")
    assert await has(database, "next")


async def test_a_read_that_nobody_waits_for_is_not_begun(database: Database) -> None:
    ran: list[int] = []
    go_on = threading.Event()
    busy = [asyncio.create_task(database.read(lambda _: go_on.wait(10))) for _ in database._readers]
    await asyncio.sleep(0)
    late = asyncio.create_task(database.read(lambda _: ran.append(1)))
    await asyncio.sleep(0)
    late.cancel()
    await asyncio.gather(late, return_exceptions=True)
    go_on.set()
    await asyncio.gather(*busy)
    await database.read(lambda _: None)
    assert ran == []


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), StopIteration(), GeneratorExit()], ids=repr)
async def test_no_work_can_end_the_threads(database: Database, error: BaseException) -> None:
    def work(_tx: Tx) -> None:
        raise error

    for ask in (database.write, database.read):
        with pytest.raises(RuntimeError, match=type(error).__name__):
            await ask(work)
    await database.write(put("after"))
    assert await has(database, "after")


async def test_p12_what_does_not_fit_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtalk.storage.database.MAX_WAITING", 3)
    async with open_database(tmp_path) as database:
        async with writer_held(database):
            waiting = [asyncio.create_task(database.write(put(f"n{number}"))) for number in range(3)]
            await asyncio.sleep(0)
            with pytest.raises(Unavailable, match="Too much waits"):
                await database.write(put("n3"))
        await asyncio.gather(*waiting)
        assert await has(database, "n2")
        assert not await has(database, "n3")


async def test_closing_serves_what_waits_and_takes_no_more(tmp_path: Path) -> None:
    async with open_database(tmp_path) as database:
        async with writer_held(database) as go_on:
            waiting = asyncio.create_task(database.write(put("last")))
            await asyncio.sleep(0)
            closing = asyncio.create_task(database.close())
            await asyncio.sleep(0)
            go_on.set()
        await asyncio.gather(waiting, closing)
        for ask in (database.write, database.read):
            with pytest.raises(Unavailable, match="closed"):
                await ask(put("late"))
    async with open_database(tmp_path) as again:
        assert await has(again, "last")
        assert not await has(again, "late")


# --- readers


async def test_a_reader_sees_one_state(database: Database) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def twice(tx: Tx) -> tuple[str | None, str | None]:
        first = installation.get(tx, "seen")
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(10)
        return first, installation.get(tx, "seen")

    reading = asyncio.create_task(database.read(twice))
    await begun.wait()
    await database.write(put("seen"))
    go_on.set()
    assert await reading == (None, None)
    assert await has(database, "seen")


async def test_a_work_that_writes_is_no_reader(database: Database) -> None:
    with pytest.raises(RuntimeError, match="writes"):
        await database.read(put("no"))
    assert await has(database, "no") is False


async def test_s12_a_long_reader_keeps_no_writer_waiting(database: Database) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def long(tx: Tx) -> str | None:
        installation.get(tx, "x")
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(30)
        return installation.get(tx, "n0")

    reading = asyncio.create_task(database.read(long))
    await begun.wait()
    took = []
    for number in range(300):
        began = time.perf_counter()
        await database.write(partial(installation.put, name=f"n{number}", value="x" * 20_000))
        took.append(time.perf_counter() - began)
    began = time.perf_counter()
    await database.empty_log()
    took.append(time.perf_counter() - began)
    go_on.set()
    assert await reading is None
    assert sorted(took)[-4] < 0.5


# --- faults


class Faulty(sqlite3.Connection):
    """A connection whose next statements of some kind fail as the driver would."""

    faults: list[tuple[str, int]]

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        for fault in self.faults:
            if sql.startswith(fault[0]):
                self.faults.remove(fault)
                error = sqlite3.OperationalError(f"fault {fault[1]}")
                error.sqlite_errorcode = fault[1]
                raise error
        return super().execute(sql, parameters)


@pytest.fixture
async def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Database, type[Faulty]]]:
    class Mine(Faulty):
        faults: list[tuple[str, int]] = []

    monkeypatch.setattr("backtalk.storage.database.MAX_GROUP_S", 10)
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Mine))
    async with open_database(tmp_path) as database:
        yield database, Mine


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_FSYNC], ids=["s09_disk_full", "s10_fsync_fails"]
)
@pytest.mark.parametrize("where", ["BEGIN", "INSERT", "COMMIT", "RELEASE"])
async def test_a_fault_of_the_disk_stores_nothing_and_acknowledges_nothing(
    faulty: tuple[Database, type[Faulty]], where: str, code: int
) -> None:
    database, connection = faulty
    await database.write(put("before"))
    old = database._connection

    def ask() -> list[asyncio.Task[None]]:
        return [asyncio.create_task(database.write(put(f"n{number}"))) for number in range(5)]

    if where == "BEGIN":
        connection.faults.append((where, code))
        waiting = ask()
    else:
        async with writer_held(database):
            waiting = ask()
            await asyncio.sleep(0)
            connection.faults.append((where, code))
    results = await asyncio.gather(*waiting, return_exceptions=True)
    refused = [isinstance(result, Unavailable) for result in results]
    assert any(refused)
    for number, was_refused in enumerate(refused):
        assert await has(database, f"n{number}") is not was_refused
    assert database._connection is not old
    await database.write(put("after"))
    assert database.healthy
    assert await has(database, "before")
    assert await database.read(integrity.damage) == ""


async def test_s09_unhealthy_until_something_has_been_written(faulty: tuple[Database, type[Faulty]]) -> None:
    database, connection = faulty
    connection.faults.append(("COMMIT", sqlite3.SQLITE_FULL))
    with pytest.raises(Unavailable, match="cannot be written"):
        await database.write(put("n"))
    assert database.healthy is False
    await database.write(lambda _: None)
    assert database.healthy is False
    await database.write(put("n"))
    assert database.healthy is True


async def test_s09_the_writer_goes_on_when_the_file_cannot_even_be_opened(
    faulty: tuple[Database, type[Faulty]],
) -> None:
    database, connection = faulty
    connection.faults += [("COMMIT", sqlite3.SQLITE_IOERR), ("PRAGMA journal_mode", sqlite3.SQLITE_CANTOPEN)]
    for _ in range(2):  # the second finds no connection, and makes one
        with pytest.raises(Unavailable):
            await database.write(put("n"))
    await database.write(put("n"))
    assert database.healthy is True


async def test_s10_readers_keep_the_log_in_use_while_the_writer_takes_a_new_connection(database: Database) -> None:
    """The last connection to close, or the first to open, would take up what a failed sync has left in the log."""
    await database.write(put("x"))
    database._connection.close()
    log = database.path.with_name("backtalk.db-wal")
    assert log.stat().st_size > 0
    with pytest.raises(Unavailable):
        await database.write(put("y"))
    await database.write(put("y"))
    assert log.stat().st_size > 0


REAL_FAULT = """
import asyncio, resource, signal, sys
from pathlib import Path
from backtalk.errors import Unavailable
from backtalk.storage import installation
from tests.support.database import open_database

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main():
    async with open_database(Path(sys.argv[1])) as database:
        acknowledged = []
        async def fill(name):
            try:
                await database.write(lambda tx: installation.put(tx, name, "x" * 20_000))
                acknowledged.append(name)
            except Unavailable:
                pass
        limit(400_000)
        for number in range(60):
            await fill(f"full{number}")
        few = len(acknowledged)
        assert 0 < few < 60, few
        assert not database.healthy
        limit(resource.RLIM_INFINITY)
        await fill("after")
        assert database.healthy
        print(" ".join(acknowledged))

asyncio.run(main())
"""


async def test_s09_s10_real_writes_that_fail_at_commit(tmp_path: Path) -> None:
    """The kernel refuses to let the file grow; later there is room again."""
    done = await asyncio.to_thread(run_python, REAL_FAULT, str(tmp_path))
    assert done.returncode == 0, done.stderr
    acknowledged = set(done.stdout.split())
    assert "after" in acknowledged
    async with open_database(tmp_path) as database:
        assert await database.read(integrity.damage) == ""
        for name in ("after", *(f"full{number}" for number in range(60))):
            assert await has(database, name) is (name in acknowledged)


async def test_a_bug_in_a_statement_is_no_fault_of_the_disk(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await database.write(lambda tx: tx.script("SELECT * FROM not_there"))
    assert database.healthy


async def test_a_work_that_hides_a_refusal_is_undone(database: Database) -> None:
    """PostgreSQL would store nothing either."""

    def work(tx: Tx) -> None:
        installation.put(tx, "first", "x")
        try:
            tx.script("INSERT INTO installation (name, value) VALUES ('first', 'x')")
        except UniqueViolation:
            return

    with pytest.raises(RuntimeError, match="refused"):
        await database.write(work)
    assert not await has(database, "first")


# --- files


async def test_s16_only_a_servers_writer_makes_checkpoints(tmp_path: Path) -> None:
    def pages(connection: sqlite3.Connection) -> int:
        (found,) = connection.execute("PRAGMA wal_autocheckpoint").fetchone()
        return int(found)

    async with open_database(tmp_path) as server:
        assert pages(server._connection) > 0
        assert [pages(connection) for connection in server._read_connections] == [0, 0, 0]
        async with open_database(tmp_path, exclusive=False) as command:
            assert pages(command._connection) == 0
            size = server.path.stat().st_size
            await command.write(partial(installation.put, name="big", value="x" * 30_000_000))
            await command.empty_log()
            assert server.path.stat().st_size == size
    assert server.path.stat().st_size > 30_000_000


async def test_s17_a_second_server_is_refused_in_words(database: Database) -> None:
    with pytest.raises(Conflict, match=r"Another server \(process \d+\) runs on backtalk\.db"):
        await Database.open(f"sqlite:///{database.path}", Sealer([SECRET_KEY]), exclusive=True)
    await database.write(put("still here"))


async def test_only_its_owner_reads_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    async with open_database(folder) as database:
        await database.write(put("x"))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        files = list(folder.iterdir())
        assert {made.name for made in files} >= {
            "backtalk.db",
            "backtalk.db-wal",
            "backtalk.db-shm",
            "backtalk.db.lock",
        }
        assert [made.name for made in files if stat.S_IMODE(made.stat().st_mode) != 0o600] == []


async def test_durable_and_tidy_settings(database: Database) -> None:
    def ask(tx: Tx, name: str) -> Any:
        return tx._connection.execute(f"PRAGMA {name}").fetchone()[0]

    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "temp_store": 2}
    assert {name: await database.write(partial(ask, name=name)) for name in wanted} == wanted
    assert await database.read(partial(ask, name="query_only")) == 1


async def test_what_was_deleted_leaves_the_disk(database: Database) -> None:
    """Row K11, the part of the database: neither the file nor the log keeps it."""
    await database.write(lambda tx: installation.put(tx, "canary", "secret canary text"))
    await database.write(lambda tx: installation.remove(tx, "canary"))
    await database.empty_log()
    assert not [made.name for made in database.path.parent.iterdir() if b"secret canary text" in made.read_bytes()]


@pytest.mark.parametrize("url", ["", "sqlite:///", "sqlite://", "postgresql://localhost/x", "/tmp/x.db"])
def test_other_addresses_are_refused_in_words(url: str) -> None:
    with pytest.raises(Invalid, match="not a database of this release"):
        sqlite_path(url)


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("my notes, " * 500)
    for _ in range(2):
        with pytest.raises(sqlite3.DatabaseError, match="not a database"):
            await Database.open(f"sqlite:///{tmp_path / 'notes.txt'}", Sealer([SECRET_KEY]), exclusive=True)
    assert (tmp_path / "notes.txt").read_text() == "my notes, " * 500
