"""The log of a conversation: numbered lines without gaps. It is the truth; whatever pushes news only hurries it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select

from backtalk.storage.conversations import Conversation
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import messages

MAX_READ = 500

_ADD_MESSAGE = statement(insert(messages).values({column.name: bindparam(column.name) for column in messages.c}))
_MESSAGES = statement(
    select(messages.c.seq, messages.c.at, messages.c.sender, messages.c.body, messages.c.block)
    .where(
        messages.c.conversation_id == bindparam("conversation_id"),
        messages.c.workspace_id == bindparam("workspace_id"),
        messages.c.seq > bindparam("after"),
    )
    .order_by(messages.c.seq)
    .limit(bindparam("most"))
)
_MESSAGE = statement(
    select(messages.c.sender, messages.c.body).where(
        messages.c.conversation_id == bindparam("conversation_id"),
        messages.c.workspace_id == bindparam("workspace_id"),
        messages.c.seq == bindparam("seq"),
    )
)


@dataclass(frozen=True, slots=True)
class Line:
    """One message of the log. `body` is its JSON with the targets of its buttons; customers get `engine` bodies without them."""

    seq: int
    at: int
    sender: str
    body: str
    block: str | None = None


def add(tx: Tx, conversation: Conversation, lines: Iterable[Line]) -> None:
    tx.run_many(
        _ADD_MESSAGE,
        [
            {
                "conversation_id": conversation.id,
                "workspace_id": conversation.workspace_id,
                "seq": line.seq,
                "at": line.at,
                "sender": line.sender,
                "body": line.body,
                "block": line.block,
            }
            for line in lines
        ],
    )


def after_seq(tx: Tx, *, workspace_id: int, conversation_id: int, after: int, most: int = MAX_READ) -> list[Line]:
    rows = tx.all(_MESSAGES, workspace_id=workspace_id, conversation_id=conversation_id, after=after, most=most)
    return [Line(**row) for row in rows]


def at_seq(tx: Tx, *, workspace_id: int, conversation_id: int, seq: int) -> Line | None:
    row = tx.one(_MESSAGE, workspace_id=workspace_id, conversation_id=conversation_id, seq=seq)
    return Line(seq, 0, row["sender"], row["body"]) if row else None
