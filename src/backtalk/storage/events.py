"""What was taken in, by conversation. The key of a row makes a repeated delivery do nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, insert, select

from backtalk.engine.codec import event_to_json
from backtalk.engine.events import Event
from backtalk.storage.conversations import Conversation
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import events, from_us, time_us

_KNOWN = statement(
    select(events.c.seq).where(
        events.c.conversation_id == bindparam("conversation_id"),
        events.c.workspace_id == bindparam("workspace_id"),
        events.c.external_id == bindparam("external_id"),
    )
)
_ADD_EVENT = statement(insert(events).values({column.name: bindparam(column.name) for column in events.c}))


_NOTED = statement(
    select(events.c.at, events.c.seq, events.c.notes)
    .where(
        events.c.conversation_id == bindparam("conversation_id"),
        events.c.workspace_id == bindparam("workspace_id"),
        events.c.notes.is_not(None),
    )
    .order_by(events.c.at.desc())
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Noted:
    """What a step noted for the author. `seq` is the message that it took, if it was one."""

    at: datetime
    seq: int | None
    code: str
    message: str
    block: str | None
    severity: str


@dataclass(frozen=True, slots=True)
class Known:
    """An event that was taken before, with the message that it became."""

    seq: int | None


def known(tx: Tx, *, workspace_id: int, conversation_id: int, external_id: str) -> Known | None:
    row = tx.one(_KNOWN, workspace_id=workspace_id, conversation_id=conversation_id, external_id=external_id)
    return Known(row["seq"]) if row else None


def noted(tx: Tx, *, workspace_id: int, conversation_id: int, most: int) -> list[Noted]:
    """The notes of the newest events that have some, newest first. Those of calls stand in the call log."""
    rows = tx.all(_NOTED, workspace_id=workspace_id, conversation_id=conversation_id, most=most)
    return [Noted(from_us(row["at"]), row["seq"], **note) for row in rows for note in orjson.loads(row["notes"])]


def add(
    tx: Tx, conversation: Conversation, event: Event, *, external_id: str, seq: int | None, notes: list[dict[str, Any]]
) -> None:
    tx.run(
        _ADD_EVENT,
        conversation_id=conversation.id,
        workspace_id=conversation.workspace_id,
        external_id=external_id,
        at=time_us(event.at),
        body=event_to_json(event).decode(),
        seq=seq,
        notes=orjson.dumps(notes).decode() if notes else None,
    )
