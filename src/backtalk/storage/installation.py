"""Facts about this installation by name."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert as upsert

from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import installation

_GET = statement(select(installation.c.value).where(installation.c.name == bindparam("name")))
_INSERT = upsert(installation).values(name=bindparam("name"), value=bindparam("value"))
_SET = statement(_INSERT.on_conflict_do_update(index_elements=["name"], set_={"value": _INSERT.excluded.value}))
_DELETE = statement(delete(installation).where(installation.c.name == bindparam("name")))


def get(tx: Tx, name: str) -> str | None:
    row = tx.one(_GET, name=name)
    return row["value"] if row else None


def put(tx: Tx, name: str, value: str) -> None:
    tx.run(_SET, name=name, value=value)


def remove(tx: Tx, name: str) -> None:
    tx.run(_DELETE, name=name)


def readable(tx: Tx) -> None:
    """Raises what reading raises while the database is not there."""
    get(tx, "written_at")


def touch(tx: Tx) -> None:
    """Write something, so that it shows whether anything can be written."""
    put(tx, "written_at", datetime.now(UTC).isoformat())
