"""The database: transactions in, results out. Nothing else in the product speaks SQL to a driver.

Rules
- One thread writes, on one connection. It alone makes checkpoints (the linked SQLite may be one that can lose them otherwise).
- Works that wait are committed together, each inside a savepoint: one that fails is undone alone.
- A result is given out after the commit, never before. A commit that fails fails every work of its group.
- Readers have connections of their own and see one consistent state per work.
- A work is a plain function of a transaction. It must not wait for anything but the database.

Theory of operation
`write` puts a work and a future into a queue. The writer takes all that wait, up to MAX_GROUP, runs them in one transaction with
synchronous=FULL, and settles the futures in one call on their loop. With one caller a work costs one sync; with many, a
sync is shared. The queue is bounded: what does not fit is refused with Unavailable, before anything was done.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from backtalk.errors import Invalid, Unavailable
from backtalk.storage.dialects import Statement, UniqueViolation, statement, unique_violation
from backtalk.storage.lock import FileLock
from backtalk.storage.sealing import Sealer

__all__ = ["Database", "Statement", "Tx", "UniqueViolation", "statement"]

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_GROUP = 256
MAX_WAITING = 20_000
READERS = 3
BUSY_MS = 5_000
CHECKPOINT_PAGES = 4_000


class Tx:
    """One transaction. Use it only inside the function given to `write` or `read`."""

    __slots__ = ("_connection", "sealer")

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer) -> None:
        self._connection = connection
        self.sealer = sealer

    def one(self, st: Statement, **params: Any) -> dict[str, Any] | None:
        """The first row by column name, or None. Booleans may come as 0 and 1."""
        text = st.text(self.dialect)
        cursor = self._execute(text.sql, {**text.defaults, **params})
        row = cursor.fetchone()
        names = text.names or self._names(text, cursor)
        cursor.close()
        return None if row is None else dict(zip(names, row, strict=True))

    def all(self, st: Statement, **params: Any) -> list[dict[str, Any]]:
        text = st.text(self.dialect)
        cursor = self._execute(text.sql, {**text.defaults, **params})
        rows = cursor.fetchall()
        names = text.names or self._names(text, cursor)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def run(self, st: Statement, **params: Any) -> int:
        """How many rows were touched."""
        text = st.text(self.dialect)
        return self._execute(text.sql, {**text.defaults, **params}).rowcount

    def run_many(self, st: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        text = st.text(self.dialect)
        try:
            self._connection.executemany(text.sql, [{**text.defaults, **row} for row in rows])
        except sqlite3.IntegrityError as error:
            raise unique_violation(error) or error from None

    def insert(self, st: Statement, **params: Any) -> int:
        """The id of the new row."""
        text = st.text(self.dialect)
        return self._execute(text.sql, {**text.defaults, **params}).lastrowid or 0

    def script(self, sql: str) -> None:
        """Run one statement of a migration as it stands."""
        self._connection.execute(sql)

    def _execute(self, sql: str, params: Mapping[str, Any]) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, params)
        except sqlite3.IntegrityError as error:
            raise unique_violation(error) or error from None

    @staticmethod
    def _names(text: Any, cursor: sqlite3.Cursor) -> tuple[str, ...]:
        names = text.names = tuple(column[0] for column in cursor.description)
        return names


class _Job:
    """A work that waits, with the future of whoever asked for it."""

    __slots__ = ("error", "future", "loop", "value", "work")

    def __init__(self, work: Callable[[Tx], Any]) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.value: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.value)
        else:
            self.future.set_exception(self.error)


class _Worker(threading.Thread):
    """A thread with a queue of jobs that are handed to `serve` in groups."""

    def __init__(self, name: str, serve: Callable[[list[_Job]], None], *, group: int) -> None:
        super().__init__(name=name, daemon=True)
        self._serve = serve
        self._group = group
        self._jobs: deque[_Job | None] = deque()
        self._ready = threading.Semaphore(0)

    def put(self, job: _Job) -> None:
        if len(self._jobs) >= MAX_WAITING:
            raise Unavailable("Too much waits for the database.")
        self._jobs.append(job)
        self._ready.release()

    def finish(self) -> None:
        """Serve what waits, then end."""
        self._jobs.append(None)
        self._ready.release()
        self.join()

    def run(self) -> None:
        while True:
            self._ready.acquire()
            jobs = [self._jobs.popleft()]
            while len(jobs) < self._group and jobs[-1] is not None and self._ready.acquire(blocking=False):
                jobs.append(self._jobs.popleft())
            group = [job for job in jobs if job is not None]
            if group:
                self._serve(group)
                _settle(group)
            if len(group) < len(jobs):
                return


def _settle(group: list[_Job]) -> None:
    loops: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in group:
        loops.setdefault(job.loop, []).append(job)

    def settle_all(jobs: list[_Job]) -> None:
        for job in jobs:
            job.settle()

    for loop, jobs in loops.items():
        with suppress(RuntimeError):  # the loop was closed while its job ran
            loop.call_soon_threadsafe(settle_all, jobs)


class Database:
    """An open database. Make it with `open`; `healthy` is false while it cannot be written."""

    def __init__(self, path: Path, sealer: Sealer, lock: FileLock | None) -> None:
        self.path = path
        self.sealer = sealer
        self.healthy = True
        self._lock = lock
        self._cut_log = False
        self._connection = self._connect(writes=True)
        self._writer = _Worker("backtalk-writer", self._commit, group=MAX_GROUP)
        self._writer.start()
        self._turn = 0
        self._read_connections: list[sqlite3.Connection] = []
        self._readers = [self._reader(number) for number in range(READERS)]

    @classmethod
    async def open(cls, url: str, sealer: Sealer, *, exclusive: bool = False) -> Self:
        """`sqlite:///path`. With `exclusive`, raises Conflict when another server has the same file open (row S17)."""
        path = sqlite_path(url)
        return await asyncio.to_thread(cls._open, path, sealer, exclusive)

    @classmethod
    def _open(cls, path: Path, sealer: Sealer, exclusive: bool) -> Self:  # noqa: FBT001 - positional through a thread
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock.take(path.with_name(path.name + ".lock")) if exclusive else None
        path.touch(mode=0o600, exist_ok=True)
        try:
            return cls(path, sealer, lock)
        except BaseException:
            if lock:
                lock.release()
            raise

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run a work in a transaction and give its result after the commit.

        What the work raises undoes it and is raised here. Unavailable: nothing was stored.
        """
        job = _Job(work)
        self._writer.put(job)
        return await asyncio.shield(job.future)

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Run a work that only reads, on one consistent state."""
        job = _Job(work)
        self._turn = (self._turn + 1) % READERS
        self._readers[self._turn].put(job)
        return await job.future  # type: ignore[no-any-return]

    async def empty_log(self) -> None:
        """Move the write-ahead log into the file and cut it, so that nothing that was deleted is left in it."""
        self._cut_log = True
        await self.write(lambda _: None)

    async def close(self) -> None:
        """Finish what waits and let go of the file."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        for reader, connection in zip(self._readers, self._read_connections, strict=True):
            reader.finish()
            connection.close()
        self._writer.finish()
        self._connection.close()
        if self._lock:
            self._lock.release()

    # --- the writer's thread

    def _commit(self, group: list[_Job]) -> None:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            tx = Tx(connection, self.sealer)
            for job in group:
                _run_inside(connection, tx, job)
            connection.execute("COMMIT")
            if self._cut_log:
                self._cut_log = False
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            self.healthy = False
            log.exception("A group of %d transactions was not stored.", len(group))
            refusal = Unavailable(f"The database cannot be written: {error}.")
            for job in group:
                job.error = refusal
            self._recover()
        else:
            self.healthy = True

    def _recover(self) -> None:
        """After a failed commit the state of the connection is in doubt: take a new one."""
        with suppress(sqlite3.Error):
            self._connection.rollback()
        with suppress(sqlite3.Error):
            self._connection.close()
        try:
            self._connection = self._connect(writes=True)
        except sqlite3.Error:
            log.exception("The database cannot be opened again.")

    # --- connections

    def _connect(self, *, writes: bool) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=BUSY_MS / 1000
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        if writes:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        else:
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA query_only = ON")
        return connection

    def _reader(self, number: int) -> _Worker:
        connection = self._connect(writes=False)
        tx = Tx(connection, self.sealer)

        def serve(group: list[_Job]) -> None:
            for job in group:
                _read(connection, tx, job)

        self._read_connections.append(connection)
        worker = _Worker(f"backtalk-reader-{number}", serve, group=1)
        worker.start()
        return worker


def _run_inside(connection: sqlite3.Connection, tx: Tx, job: _Job) -> None:
    """Run one work of a group; only an error of the database itself ends the group."""
    connection.execute("SAVEPOINT work")
    try:
        job.value = job.work(tx)
    except Exception as error:
        if isinstance(error, sqlite3.OperationalError) and not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO work")
        job.error = error
        if isinstance(error, sqlite3.OperationalError):
            job.error = Unavailable(f"The database cannot be written: {error}.")
    connection.execute("RELEASE work")


def _read(connection: sqlite3.Connection, tx: Tx, job: _Job) -> None:
    try:
        connection.execute("BEGIN")
        job.value = job.work(tx)
    except sqlite3.Error as error:
        job.error = Unavailable(f"The database cannot be read: {error}.")
    except Exception as error:  # noqa: BLE001 - handed to whoever asked
        job.error = error
    finally:
        with suppress(sqlite3.Error):
            connection.execute("COMMIT")


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite:///` address."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        raise Invalid(f"{url.partition(':')[0]} is not a database of this release.", hint="Use sqlite:///path/to/file.")
    return Path(url.removeprefix(prefix))
