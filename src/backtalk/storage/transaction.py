"""One transaction, as the modules of storage see it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from backtalk.errors import Unavailable
from backtalk.storage.dialects import Statement, Text, is_storage_fault, violation
from backtalk.storage.sealing import Sealer


class Tx:
    """One transaction. Use it only inside the function given to `write` or `read`.

    A statement that the database refuses ends the transaction: let the exception, or one of your own, leave the function.
    (PostgreSQL takes nothing more after a refusal; so does this, that both behave alike.) Where a row may be there already
    and that is well, say `on_conflict_do_nothing`.

    Values are None, bool, int, float, str and bytes. Booleans may come back as 0 and 1.
    """

    __slots__ = ("_connection", "fault", "refused", "sealer")

    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, sealer: Sealer) -> None:
        self._connection = connection
        self.sealer = sealer
        self.refused = False
        self.fault: sqlite3.Error | None = None
        """What the storage itself answered, when it failed."""

    def one(self, st: Statement, **params: Any) -> dict[str, Any] | None:
        """The first row by column name, or None."""
        text = st.text(self.dialect)
        cursor = self._execute(text, params)
        row = cursor.fetchone()
        names = text.names or _names(text, cursor)
        cursor.close()
        return None if row is None else dict(zip(names, row, strict=True))

    def all(self, st: Statement, **params: Any) -> list[dict[str, Any]]:
        text = st.text(self.dialect)
        cursor = self._execute(text, params)
        try:
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise self._refuse(error) from error
        names = text.names or _names(text, cursor)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def run(self, st: Statement, **params: Any) -> int:
        """How many rows were touched."""
        return self._execute(st.text(self.dialect), params).rowcount

    def run_many(self, st: Statement, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        text = st.text(self.dialect)
        self._check()
        try:
            self._connection.executemany(text.sql, [{**text.defaults, **row} for row in rows])
        except sqlite3.Error as error:
            raise self._refuse(error) from error

    def insert(self, st: Statement, **params: Any) -> int:
        """The id of the new row."""
        return self._execute(st.text(self.dialect), params).lastrowid or 0

    def script(self, sql: str) -> None:
        """Run one statement of a migration as it stands."""
        self._check()
        try:
            self._connection.execute(sql)
        except sqlite3.Error as error:
            raise self._refuse(error) from error

    def _execute(self, text: Text, params: dict[str, Any]) -> sqlite3.Cursor:
        if self.refused:
            self._check()
        try:
            return self._connection.execute(text.sql, {**text.defaults, **params} if text.defaults else params)
        except sqlite3.Error as error:
            raise self._refuse(error) from error

    def _check(self) -> None:
        if self.refused:
            raise RuntimeError("A statement after one that was refused: the transaction was over.")

    def _refuse(self, error: sqlite3.Error) -> Exception:
        """What to raise for an error of the driver."""
        self.refused = True
        if is_storage_fault(error):
            self.fault = error
            return Unavailable(f"The database cannot be used: {error}.")
        return (violation(error) if isinstance(error, sqlite3.IntegrityError) else None) or error


def _names(text: Text, cursor: sqlite3.Cursor) -> tuple[str, ...]:
    names = text.names = tuple(column[0] for column in cursor.description)
    return names
