"""Whether the file of the database is whole. SQLite only: a database server looks after itself."""

from __future__ import annotations

from sqlalchemy import column, select, table

from backtalk.storage.database import Tx, statement

_CHECK = statement(select(column("quick_check").label("found")).select_from(table("pragma_quick_check")))
_SOUND = "ok"


def damage(tx: Tx) -> str:
    """The first thing that SQLite finds wrong; "" when nothing is."""
    row = tx.one(_CHECK)
    return "" if row is None or row["found"] == _SOUND else str(row["found"])
