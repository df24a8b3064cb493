"""The few differences between the databases: driver text of a statement, how a broken unique rule is recognised.

A statement is written once as a SQLAlchemy Core construct, compiled once per dialect, and its text is run on the driver.
PostgreSQL comes with psycopg 3 in threads behind the same `Tx`.
"""

from __future__ import annotations

import re
import sqlite3
from typing import Any, cast

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from backtalk.errors import Conflict

DIALECTS: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="named"),  # type: ignore[no-untyped-call]
    "postgresql": postgresql.dialect(paramstyle="pyformat"),  # type: ignore[no-untyped-call]
}

_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)")


class UniqueViolation(Conflict):
    """A value that must be unique is there already."""

    def __init__(self, columns: str) -> None:
        super().__init__()
        self.columns = columns
        """As the database names them, such as `apis.workspace_id, apis.name`."""


class Text:
    """A statement as one dialect's driver runs it. `defaults` are the values that the construct itself holds."""

    __slots__ = ("defaults", "names", "sql")

    def __init__(self, construct: Executable, dialect: str) -> None:
        compiled = cast("SQLCompiler", cast("ClauseElement", construct).compile(dialect=DIALECTS[dialect]))
        self.sql = str(compiled)
        self.defaults: dict[str, Any] = {
            name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required
        }
        self.names: tuple[str, ...] | None = None
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
    """Wrap a construct whose values are named `bindparam`s. Lists (`IN` with many values) are not supported."""
    return Statement(construct)


def unique_violation(error: sqlite3.IntegrityError) -> UniqueViolation | None:
    """The broken unique rule that an error of the driver means; None for any other."""
    found = _SQLITE_UNIQUE.search(str(error))
    return UniqueViolation(found[1]) if found else None
