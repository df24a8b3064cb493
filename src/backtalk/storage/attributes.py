"""The names of attributes that a workspace knows: each POST to a backend carries every one of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, select

from backtalk.storage.database import Tx, statement
from backtalk.storage.dialects import upsert
from backtalk.storage.schema import attributes, time_us

MAX_NAMES = 1_000
"""How many names a workspace may have; more are kept with their customer, but are not sent for everybody else."""

_NAMES = statement(
    select(attributes.c.name)
    .where(attributes.c.workspace_id == bindparam("workspace_id"))
    .order_by(attributes.c.created_at, attributes.c.name)
    .limit(MAX_NAMES)
)
_ADD = statement(
    upsert(attributes)
    .values(workspace_id=bindparam("workspace_id"), name=bindparam("name"), created_at=bindparam("at"))
    .on_conflict_do_nothing()
)


def names(tx: Tx, *, workspace_id: int) -> list[str]:
    """The known names, oldest first."""
    return [row["name"] for row in tx.all(_NAMES, workspace_id=workspace_id)]


def add(tx: Tx, *, workspace_id: int, new: Iterable[str], at: datetime) -> None:
    """Make names known; those that are known already stay as they are."""
    for name in new:
        tx.run(_ADD, workspace_id=workspace_id, name=name, at=time_us(at))
