"""The few differences between the databases: the text of a statement, how to connect, what an error of the driver means.

A statement is written once as a SQLAlchemy Core construct, compiled once per dialect, and its text is run on the driver.
PostgreSQL comes with psycopg 3 in threads behind the same `Tx`; until then only its texts are made, and checked by tests.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from backtalk.errors import Conflict

DIALECTS: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="named"),
    "postgresql": postgresql.dialect(paramstyle="pyformat"),  # type: ignore[no-untyped-call]
}

__all__ = [
    "DIALECTS",
    "ReferenceViolation",
    "Statement",
    "Text",
    "UniqueViolation",
    "connect_sqlite",
    "is_storage_fault",
    "statement",
    "upsert",  # an INSERT with `on_conflict_do_…`: this construct has a text on both databases, SQLite's own has not
    "violation",
]

BUSY_S = 5.0
"""How long a write waits for another process that writes."""
CHECKPOINT_PAGES = 4_000
LOG_BYTES = 64 * 1024 * 1024
"""A write-ahead log that grew beyond this while somebody read for long is cut again."""

_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)")
_SQLITE_REFERENCE = "FOREIGN KEY constraint failed"
_STORAGE_FAULTS = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


class UniqueViolation(Conflict):
    """A value that must be unique is there already."""

    def __init__(self, columns: str) -> None:
        super().__init__()
        self.columns = columns
        """As the database names them, such as `apis.workspace_id, apis.name`."""


class ReferenceViolation(Conflict):
    """Something else still points at this, or this points at nothing."""


class Text:
    """A statement as one dialect's driver runs it. `defaults` are the values that the construct itself holds."""

    __slots__ = ("defaults", "names", "sql")

    def __init__(self, construct: Executable, dialect: str) -> None:
        compiled = cast("SQLCompiler", cast("ClauseElement", construct).compile(dialect=DIALECTS[dialect]))
        self.sql = str(compiled)
        if "POSTCOMPILE" in self.sql:
            raise TypeError(f"A list of values has no text of its own: {self.sql}")
        self.defaults: dict[str, Any] = {
            name: bind.effective_value for bind, name in compiled.bind_names.items() if not bind.required
        }
        self.names: tuple[str, ...] = ()
        """The columns of its rows, known after the first run."""


class Statement:
    """A construct with its text for each dialect, made when it is first run."""

    __slots__ = ("_texts", "construct")

    def __init__(self, construct: Executable) -> None:
        self.construct = construct
        self._texts: dict[str, Text] = {}

    def text(self, dialect: str) -> Text:
        found = self._texts.get(dialect)
        if found is None:
            found = self._texts[dialect] = Text(self.construct, dialect)
        return found


def statement(construct: Executable) -> Statement:
    """Wrap a construct whose values are named `bindparam`s.

    Rows come as columns are labelled: give functions and columns of the same name a label. A list of values (`IN` with a
    bound list) has no text of its own and is refused at the first run; use a sub-select or `run_many`.
    """
    return Statement(construct)


def connect_sqlite(path: Path, *, writes: bool, checkpoints: bool = False) -> sqlite3.Connection:
    """A connection without transactions of its own. Only a server's one writer makes checkpoints (row S16)."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=BUSY_S
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES if checkpoints else 0}")
        if writes:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
        else:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # takes the lock that keeps the log in use
    except BaseException:
        connection.close()
        raise
    return connection


def violation(error: sqlite3.IntegrityError) -> Conflict | None:
    """The broken rule that an error of the driver means; None when it is a bug of ours."""
    text = str(error)
    if found := _SQLITE_UNIQUE.search(text):
        return UniqueViolation(found[1])
    return ReferenceViolation() if _SQLITE_REFERENCE in text else None


def is_storage_fault(error: BaseException) -> bool:
    """Whether the disk, the file or another process is at fault (and not a statement of ours)."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and code is not None and (code & 0xFF) in _STORAGE_FAULTS
