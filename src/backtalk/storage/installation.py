"""Facts about this installation by name: whether the secret key fits, whether the demo is there, whether this is a copy of a backup."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime

from sqlalchemy import bindparam, delete, select

from backtalk.storage.database import Tx, statement
from backtalk.storage.dialects import upsert
from backtalk.storage.schema import installation

KEY_CHECK = "key_check"
COPIED_AT = "copied_at"
"""Set in a backup: what it owes was owed long ago, and is not done before its operator agrees (row S14)."""

_KNOWN = b"this is the key of this installation"

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


def check_key(tx: Tx) -> None:
    """Raises KeyMismatch when this database was made with another secret key. The first start stores what is checked."""
    known = get(tx, KEY_CHECK)
    if known is None:
        renew_key_check(tx)
        return
    tx.sealer.unseal(b64decode(known), table="installation", workspace_id=0, row_id=0, column=KEY_CHECK)


def renew_key_check(tx: Tx) -> None:
    """From now on the first key is the one that is checked."""
    sealed = tx.sealer.seal(_KNOWN, table="installation", workspace_id=0, row_id=0, column=KEY_CHECK)
    put(tx, KEY_CHECK, b64encode(sealed).decode())


def is_copy(tx: Tx) -> bool:
    """Whether this is a backup that was put in place, and its operator has not said that it takes over."""
    return get(tx, COPIED_AT) is not None


def accept_copy(tx: Tx) -> None:
    remove(tx, COPIED_AT)
