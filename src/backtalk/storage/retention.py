"""Lets go of what is older than the operator keeps: call logs with their bodies, raw events, messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select

from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import calls, events, messages, time_us

AT_ONCE = 500

_CALLS = statement(
    delete(calls).where(
        calls.c.id.in_(select(calls.c.id).where(calls.c.at < bindparam("before")).limit(bindparam("most")))
    )
)
_EVENTS_DUE = statement(
    select(events.c.conversation_id, events.c.external_id)
    .where(events.c.at < bindparam("before"))
    .limit(bindparam("most"))
)
_EVENT = statement(
    delete(events).where(
        events.c.conversation_id == bindparam("conversation_id"), events.c.external_id == bindparam("external_id")
    )
)
_MESSAGES_DUE = statement(
    select(messages.c.conversation_id, messages.c.seq)
    .where(messages.c.at < bindparam("before"))
    .limit(bindparam("most"))
)
_MESSAGE = statement(
    delete(messages).where(
        messages.c.conversation_id == bindparam("conversation_id"), messages.c.seq == bindparam("seq")
    )
)


@dataclass(frozen=True, slots=True)
class Old:
    """A batch of what may go, in every workspace."""

    before: int
    events: list[dict[str, Any]]
    messages: list[dict[str, Any]]


def find_old(tx: Tx, *, before: datetime) -> Old:
    """A batch to delete. A read of its own, so that a long search keeps no writer waiting."""
    limits = {"before": time_us(before), "most": AT_ONCE}
    return Old(limits["before"], tx.all(_EVENTS_DUE, **limits), tx.all(_MESSAGES_DUE, **limits))


def forget(tx: Tx, old: Old) -> bool:
    """Delete the batch; True while there may be more."""
    gone_calls = tx.run(_CALLS, before=old.before, most=AT_ONCE)
    tx.run_many(_EVENT, old.events)
    tx.run_many(_MESSAGE, old.messages)
    return AT_ONCE in (gone_calls, len(old.events), len(old.messages))
