"""A consistent copy of the database while it is in use. SQLite's own backup, read by a connection that writes nothing.

The copy is marked as one: what it owes was owed when it was made, and a server that starts on it does none of that before its
operator agrees (row S14). It has its name only when it is whole.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from backtalk.errors import Conflict, Unavailable
from backtalk.storage.database import Database
from backtalk.storage.installation import COPIED_AT

PAGES_AT_ONCE = 1_000
"""Between two portions a server can write."""


async def backup(database: Database, path: Path) -> None:
    """Write the copy to a new file, readable by its owner only. Raises Conflict when the file is there already, Unavailable
    when it cannot be written; then nothing is left of it.
    """
    await asyncio.to_thread(_copy, database.path, path)


def _copy(source: Path, path: Path) -> None:
    if path.exists():
        raise Conflict(f"{path} is there already.", hint="Choose another name; a backup never overwrites.")
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        unfinished.unlink(missing_ok=True)  # of a run that was killed
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise Unavailable(f"{path} cannot be written ({error.strerror}).", hint="Choose another place.") from None
    try:
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(unfinished)) as copy:
            live.execute("PRAGMA query_only = ON")
            live.execute("PRAGMA wal_autocheckpoint = 0")
            live.execute("BEGIN")  # one state for the whole copy, however long it takes
            live.execute("SELECT 1 FROM installation").fetchone()
            live.backup(copy, pages=PAGES_AT_ONCE)
            live.execute("COMMIT")
            copy.execute("PRAGMA journal_mode = DELETE")
            with copy:
                copy.execute(
                    "INSERT OR REPLACE INTO installation (name, value) VALUES (?, ?)",
                    (COPIED_AT, datetime.now(UTC).isoformat()),
                )
        unfinished.rename(path)
    except (sqlite3.Error, OSError) as error:
        unfinished.unlink(missing_ok=True)
        raise Unavailable(
            f"The backup was not written ({error}).", hint="Look for free space, then try again."
        ) from None
