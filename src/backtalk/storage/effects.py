"""What is owed: calls to be made and timers to fire. The only queue.

An effect is claimed by an owner until a time, and each claim raises its fence. Whoever performed it removes the row in the
transaction that records the outcome, naming the fence: a claim that was lost meanwhile finds no row, and then nothing is recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, or_, select, update

from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import effects

CLAIM_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Owed:
    """One row. Times are microseconds since 1970."""

    id: int
    workspace_id: int
    conversation_id: int
    kind: str
    key: str
    body: str
    due_at: int
    attempts: int
    fence: int


_ADD = statement(
    insert(effects).values({column.name: bindparam(column.name) for column in effects.c if column.name != "id"})
)
_SETTLE = statement(
    delete(effects).where(
        effects.c.id == bindparam("id"),
        effects.c.workspace_id == bindparam("workspace_id"),
        effects.c.fence == bindparam("fence"),
    )
)
_CLAIM = statement(
    update(effects)
    .where(
        effects.c.id.in_(
            select(effects.c.id)
            .where(
                effects.c.due_at <= bindparam("now"),
                or_(effects.c.claimed_until.is_(None), effects.c.claimed_until < bindparam("now")),
            )
            .order_by(effects.c.due_at, effects.c.id)
            .limit(bindparam("most"))
        )
    )
    .values(
        owner=bindparam("new_owner"),
        claimed_until=bindparam("until"),
        fence=effects.c.fence + 1,
        attempts=effects.c.attempts + 1,
    )
    .returning(
        effects.c.id,
        effects.c.workspace_id,
        effects.c.conversation_id,
        effects.c.kind,
        effects.c.key,
        effects.c.body,
        effects.c.due_at,
        effects.c.attempts,
        effects.c.fence,
    )
)
_RELEASE_ALL = statement(update(effects).values(owner=None, claimed_until=None))


def add(
    tx: Tx,
    *,
    workspace_id: int,
    conversation_id: int,
    kind: str,
    key: str,
    body: str,
    due_at: int,
    owner: str | None,
    claimed_until: int | None,
) -> Owed:
    """Owe an effect; with an owner it is born claimed, so that its maker performs it without asking again."""
    claimed = owner is not None
    row_id = tx.insert(
        _ADD,
        workspace_id=workspace_id,
        conversation_id=conversation_id,
        kind=kind,
        key=key,
        body=body,
        due_at=due_at,
        attempts=int(claimed),
        owner=owner,
        fence=int(claimed),
        claimed_until=claimed_until,
    )
    return Owed(row_id, workspace_id, conversation_id, kind, key, body, due_at, int(claimed), int(claimed))


def settle(tx: Tx, owed: Owed) -> bool:
    """Remove an effect that was performed; False when the claim was lost, and then its outcome counts for nothing."""
    return tx.run(_SETTLE, id=owed.id, workspace_id=owed.workspace_id, fence=owed.fence) == 1


def claim_due(tx: Tx, *, owner: str, now: int, until: int, most: int = CLAIM_AT_ONCE) -> list[Owed]:
    """Take what is due and unclaimed, oldest first. Spans workspaces: it serves them all."""
    rows = tx.all(_CLAIM, new_owner=owner, now=now, until=until, most=most)
    return sorted((Owed(**row) for row in rows), key=lambda owed: (owed.due_at, owed.id))


def release_all(tx: Tx) -> int:
    """Forget all claims: for the start of the only process on a database, whose claims died with the last one."""
    return tx.run(_RELEASE_ALL)
