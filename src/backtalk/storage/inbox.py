"""Conversations as a workspace lists them, the one that changed last first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, tuple_

from backtalk.errors import NotFound
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import conversations, from_us

_SHOWN = tuple(column for column in conversations.c if column.name not in ("state", "workspace_id"))
_OF_WORKSPACE = conversations.c.workspace_id == bindparam("workspace_id")

_PAGE = statement(
    select(*_SHOWN)
    .where(
        _OF_WORKSPACE,
        tuple_(conversations.c.updated_at, conversations.c.id) < tuple_(bindparam("before_us"), bindparam("before_id")),
    )
    .order_by(conversations.c.updated_at.desc(), conversations.c.id.desc())
    .limit(bindparam("limit"))
)
_GET = statement(select(*_SHOWN).where(conversations.c.id == bindparam("conversation_id"), _OF_WORKSPACE))
Cursor = tuple[int, int]
NEWEST: Cursor = (2**62, 2**62)
"""Before the first page: after every time and id."""


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation without the engine's state. `hand_over_note` is set while it waits for a person."""

    id: int
    customer_id: int
    channel_id: int
    bot_id: int
    last_seq: int
    hand_over_note: str | None
    created_at: datetime
    updated_at: datetime


def page(
    tx: Tx, workspace_id: int, *, before: Cursor = NEWEST, limit: int
) -> tuple[list[ConversationRow], Cursor | None]:
    """Conversations, the one that changed last first, and the cursor of the next page."""
    rows = tx.all(_PAGE, workspace_id=workspace_id, before_us=before[0], before_id=before[1], limit=limit)
    following = (rows[-1]["updated_at"], rows[-1]["id"]) if len(rows) == limit else None
    return [_row(row) for row in rows], following


def get(tx: Tx, workspace_id: int, conversation_id: int) -> ConversationRow:
    row = tx.one(_GET, workspace_id=workspace_id, conversation_id=conversation_id)
    if row is None:
        raise NotFound
    return _row(row)


def _row(row: dict[str, Any]) -> ConversationRow:
    return ConversationRow(
        **{**row, "created_at": from_us(row["created_at"]), "updated_at": from_us(row["updated_at"])}
    )
