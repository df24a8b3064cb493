"""The database: transactions in, results out. Nothing else in the product speaks SQL to a driver.

Rules
- One thread writes, on one connection. In a server it alone makes checkpoints (the linked SQLite may damage a file otherwise).
- Works that wait are committed together. One that fails is undone alone.
- A result is given out after the commit, never before. A commit that fails fails every work of its group.
- A work that was handed over is done, even when the task that asked for it is cancelled.
- Readers have connections of their own and see one consistent state per work.
- A work is a plain function of a transaction. It must not wait for anything but the database.

Theory of operation
`write` puts a work and a future into a queue. The writer begins a transaction with the first work, goes on with what waits, up to
MAX_GROUP works or MAX_GROUP_S seconds, commits with synchronous=FULL, and settles the futures in one call on their loop. With one
caller a work costs one sync; with many, a sync is shared. The first work of a transaction needs no savepoint: when it fails, the
whole transaction is what has to be undone. The queue is bounded: what does not fit is refused with Unavailable before anything was done.

When the storage itself fails (disk full, I/O error, damaged file), what the connection holds is in doubt: everything of the group is
refused with Unavailable and the writer takes a new connection. `healthy` is false from then until something has been written again.
The readers keep the log in use meanwhile, so that the new connection does not take up a commit whose sync failed. Only when the process
ends at that very moment may such a group be found stored; a repeat with the same key does nothing then.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Self, TypeVar

from backtalk.errors import Invalid, Unavailable
from backtalk.storage.dialects import ReferenceViolation, Statement, UniqueViolation, connect_sqlite, statement
from backtalk.storage.lock import FileLock
from backtalk.storage.sealing import Sealer
from backtalk.storage.transaction import Tx
from backtalk.storage.worker import Job, Waiting, settle, start_thread

__all__ = ["Database", "ReferenceViolation", "Statement", "Tx", "UniqueViolation", "sqlite_path", "statement"]

log = logging.getLogger(__name__)

T = TypeVar("T")

MAX_GROUP = 256
MAX_GROUP_S = 0.005
MAX_WAITING = 20_000
READERS = 3


class Database:
    """An open database. Make it with `open`; `healthy` is false while it cannot be written."""

    def __init__(self, path: Path, sealer: Sealer, lock: FileLock | None) -> None:
        self.path = path
        self.sealer = sealer
        self.healthy = True
        self._lock = lock
        self._cut_log = False
        self._writes = Waiting(MAX_WAITING)
        self._reads = Waiting(MAX_WAITING)
        self._connection = self._connect_writer()
        self._read_connections = [connect_sqlite(path, writes=False) for _ in range(READERS)]
        self._writer = start_thread("backtalk-writer", self._serve_writes)
        self._readers = [
            start_thread(f"backtalk-reader-{number}", lambda connection=connection: self._serve_reads(connection))  # type: ignore[misc]
            for number, connection in enumerate(self._read_connections)
        ]

    @classmethod
    async def open(cls, url: str, sealer: Sealer, *, exclusive: bool = False) -> Self:
        """`sqlite:///path`. With `exclusive`, raises Conflict when another server has the same file open (row S17)."""
        path = sqlite_path(url)
        return await asyncio.to_thread(cls._open, path, sealer, exclusive)

    @classmethod
    def _open(cls, path: Path, sealer: Sealer, exclusive: bool) -> Self:  # noqa: FBT001 - positional through a thread
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock.take(path.with_name(path.name + ".lock")) if exclusive else None
        try:
            path.touch(mode=0o600, exist_ok=True)
            return cls(path, sealer, lock)
        except BaseException:
            if lock:
                lock.release()
            raise

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run a work in a transaction and give its result after the commit.

        What the work raises undoes it and is raised here. Unavailable: nothing was stored.
        """
        job = Job(work)
        self._writes.put(job)
        result: T = await job.future
        return result

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Run a work that only reads, on one consistent state."""
        job = Job(work)
        self._reads.put(job)
        result: T = await job.future
        return result

    async def empty_log(self) -> None:
        """Move the write-ahead log into the file and cut it, so that nothing that was deleted is left in it.

        Only a server does it. A reader that takes long keeps the log as it is; then the next call does it.
        """
        self._cut_log = self._lock is not None
        await self.write(lambda _: None)

    async def close(self) -> None:
        """Finish what waits and let go of the file."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._reads.close()
        self._writes.close()
        for reader in self._readers:
            reader.join()
        self._writer.join()
        for connection in self._read_connections:
            connection.close()
        self._connection.close()  # the last: it moves the log into the file
        if self._lock:
            self._lock.release()
            self._lock = None

    # --- the writer's thread

    def _serve_writes(self) -> None:
        while job := self._writes.next():
            group: list[Job] = []
            try:
                self._commit(job, group)
            except Exception as error:  # noqa: BLE001 - the thread must go on, whatever this is; it is logged
                self._fail(group, error)
            if self._cut_log:
                self._empty_log()
            settle(group)

    def _commit(self, job: Job, group: list[Job]) -> None:
        """Run the job and what waits behind it in one transaction. Every job that was taken is in the group."""
        group.append(job)
        connection, began = self._connection, monotonic()
        before, done = connection.total_changes, 0
        connection.execute("BEGIN IMMEDIATE")
        while True:
            done += self._run(connection, job, alone=not done)
            if len(group) == MAX_GROUP or monotonic() - began > MAX_GROUP_S:
                break
            following = self._writes.next_now()
            if following is None:
                break
            job = following
            group.append(job)
        connection.execute("COMMIT")
        if done and connection.total_changes != before:
            self.healthy = True

    def _run(self, connection: sqlite3.Connection, job: Job, *, alone: bool) -> bool:
        """Run one work; whether it succeeded. `alone` in its transaction it needs no savepoint to be undone."""
        if not alone:
            connection.execute("SAVEPOINT work")
        tx = Tx(connection, self.sealer)
        done = job.run(tx)
        if tx.fault:
            raise tx.fault
        if done and tx.refused:
            done, job.error = False, RuntimeError("A work went on after a statement that was refused.")
        if alone and not done:
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
        elif not alone:
            if not done:
                connection.execute("ROLLBACK TO work")
            connection.execute("RELEASE work")
        return done

    def _fail(self, group: list[Job], error: Exception) -> None:
        """Nothing of this group was stored. Whether the connection is still sound is unknown: take a new one."""
        self.healthy = False
        log.error("A group of %d transactions was not stored.", len(group), exc_info=error)
        for job in group:
            job.error = Unavailable(f"The database cannot be written: {error}.")
        with suppress(sqlite3.Error):
            self._connection.rollback()
        with suppress(sqlite3.Error):
            self._connection.close()
        try:
            self._connection = self._connect_writer()
        except sqlite3.Error:  # the next group fails on the closed connection, and comes here again
            log.exception("The database cannot be opened again.")

    def _empty_log(self) -> None:
        self._cut_log = False
        try:
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute("PRAGMA busy_timeout = 5000")
        except sqlite3.Error:
            log.exception("The write-ahead log was not emptied.")

    def _connect_writer(self) -> sqlite3.Connection:
        return connect_sqlite(self.path, writes=True, checkpoints=self._lock is not None)

    # --- a reader's thread

    def _serve_reads(self, connection: sqlite3.Connection) -> None:
        while job := self._reads.next():
            if not job.future.cancelled():
                self._read(connection, job)
                settle([job])

    def _read(self, connection: sqlite3.Connection, job: Job) -> None:
        try:
            connection.execute("BEGIN")
            tx = Tx(connection, self.sealer)
            job.run(tx)
            if tx.fault and tx.fault.sqlite_errorcode == sqlite3.SQLITE_READONLY:
                job.error = RuntimeError("A work given to `read` writes.")
        except sqlite3.Error as error:
            job.error = Unavailable(f"The database cannot be read: {error}.")
        finally:
            with suppress(sqlite3.Error):
                connection.rollback()


def sqlite_path(url: str) -> Path:
    """The file of a `sqlite:///` address."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        raise Invalid(f"{url.partition(':')[0]} is not a database of this release.", hint="Use sqlite:///path/to/file.")
    return Path(url.removeprefix(prefix))
