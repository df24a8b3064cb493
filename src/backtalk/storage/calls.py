"""The call log: one row per call of an API, whatever became of it. What is written here is masked already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import and_, bindparam, insert, select, update

from backtalk.errors import NotFound
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import calls, from_us, time_us

NEWEST = 2**63 - 1
"""Above every id: where a list of calls starts."""
MAX_NOTES = 200

_OF_WORKSPACE = calls.c.workspace_id == bindparam("workspace_id")
_JSON = ("notes", "request", "response")


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call as it is logged. `notes` are ReplyNotes as JSON; `request` and `response` are masked and cut."""

    workspace_id: int
    at: datetime
    api_id: int
    api_name: str
    method: str
    url: str
    outcome: str
    ms: int
    http_status: int | None = None
    message: str = ""
    reply_message: str = ""
    reply_status: int | None = None
    customer_id: int | None = None
    conversation_id: int | None = None
    call_key: str | None = None
    block: str | None = None
    test: bool = False
    attempts: int = 1
    notes: Sequence[dict[str, Any]] = ()
    request: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)
    id: int = 0
    """Given by the database."""


_COLUMNS = tuple(found.name for found in fields(CallRow) if found.name != "id")
_WITHOUT_BODIES = tuple(column for column in calls.c if column.name not in ("request", "response"))

_INSERT = statement(insert(calls).values({name: bindparam(name) for name in _COLUMNS}))
_GET = statement(select(calls).where(calls.c.id == bindparam("call_id"), _OF_WORKSPACE))


def _page(*narrowed: str) -> Any:
    """The list narrowed by some columns, so that each combination runs on the index that fits it."""
    return statement(
        select(*_WITHOUT_BODIES)
        .where(
            _OF_WORKSPACE, calls.c.id < bindparam("before"), *(calls.c[name] == bindparam(name) for name in narrowed)
        )
        .order_by(calls.c.id.desc())
        .limit(bindparam("limit"))
    )


_FILTERS = ("api_id", "outcome", "customer_id")
_PAGES = {
    narrowed: _page(*narrowed)
    for mask in range(2 ** len(_FILTERS))
    for narrowed in [tuple(name for bit, name in enumerate(_FILTERS) if mask >> bit & 1)]
}
_THAT_CALL = and_(
    _OF_WORKSPACE,
    calls.c.conversation_id == bindparam("conversation_id"),
    calls.c.call_key == bindparam("call_key"),
)
_NOTES = statement(select(calls.c.id, calls.c.notes).where(_THAT_CALL).order_by(calls.c.id.desc()).limit(1))
_SET_NOTES = statement(
    update(calls).where(calls.c.id == bindparam("call_id"), _OF_WORKSPACE).values(notes=bindparam("new_notes"))
)
_SET_OUTCOME = statement(
    update(calls).where(_THAT_CALL).values(outcome=bindparam("new_outcome"), message=bindparam("new_message"))
)


def record(tx: Tx, row: CallRow) -> int:
    """Write a call down; its id in the log."""
    values = {name: getattr(row, name) for name in _COLUMNS}
    values.update({name: orjson.dumps(values[name]).decode() for name in _JSON}, at=time_us(row.at))
    return tx.insert(_INSERT, **values)


def add_notes(tx: Tx, workspace_id: int, conversation_id: int, call_key: str, notes: Sequence[dict[str, Any]]) -> None:
    """Append what was found out about a logged call later, when its reply was shown."""
    row = tx.one(_NOTES, workspace_id=workspace_id, conversation_id=conversation_id, call_key=call_key)
    if row is None:
        return
    together = [*orjson.loads(row["notes"]), *notes][:MAX_NOTES]
    tx.run(_SET_NOTES, workspace_id=workspace_id, call_id=row["id"], new_notes=orjson.dumps(together).decode())


def set_outcome(tx: Tx, workspace_id: int, conversation_id: int, call_key: str, *, outcome: str, message: str) -> None:
    """Correct a logged call whose reply turned out to be unusable when it was shown."""
    scope = {"workspace_id": workspace_id, "conversation_id": conversation_id, "call_key": call_key}
    tx.run(_SET_OUTCOME, **scope, new_outcome=outcome, new_message=message)


def page(
    tx: Tx,
    workspace_id: int,
    *,
    api_id: int | None = None,
    outcome: str | None = None,
    customer_id: int | None = None,
    before: int = NEWEST,
    limit: int,
) -> list[CallRow]:
    """Calls with an id below `before`, newest first, without request and response."""
    wanted = {"api_id": api_id, "outcome": outcome, "customer_id": customer_id}
    given = {name: value for name, value in wanted.items() if value is not None}
    rows = tx.all(_PAGES[tuple(given)], workspace_id=workspace_id, before=before, limit=limit, **given)
    return [_row(row) for row in rows]


def get(tx: Tx, workspace_id: int, call_id: int) -> CallRow:
    row = tx.one(_GET, workspace_id=workspace_id, call_id=call_id)
    if row is None:
        raise NotFound
    return _row(row)


def _row(row: dict[str, Any]) -> CallRow:
    values = {name: orjson.loads(value) if name in _JSON else value for name, value in row.items()}
    values.update(at=from_us(row["at"]), test=bool(row["test"]))
    return CallRow(**values)
