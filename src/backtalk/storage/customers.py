"""Customers as a workspace manages them: found, changed, exported whole and erased whole.

What holds a person is read from the tables themselves (`HELD`): a table with a `customer_id` or a `conversation_id` is part of
every export and every erasure, without anybody having to remember it. Turns load and save customers in `conversations`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson
from sqlalchemy import BigInteger, BindParameter, Table, bindparam, delete, func, or_, select, update

from backtalk.engine.customer import DOCUMENTED_NAMES, Customer
from backtalk.errors import NotFound
from backtalk.storage.conversations import customer_of, profile_of
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import conversations, customers, from_us, metadata, time_us

_OF_WORKSPACE = customers.c.workspace_id == bindparam("workspace_id")
_THIS = (customers.c.id == bindparam("customer_id")) & _OF_WORKSPACE
_PATTERN: BindParameter[str] = bindparam("pattern")

_PAGE = statement(
    select(customers)
    .where(_OF_WORKSPACE, customers.c.id > bindparam("after"))
    .order_by(customers.c.id)
    .limit(bindparam("limit"))
)
_SEARCH = statement(
    select(customers)
    .where(
        _OF_WORKSPACE,
        customers.c.id > bindparam("after"),
        or_(
            *(
                func.lower(column).like(_PATTERN)
                for column in (customers.c.profile, customers.c.attributes, customers.c.external_id)
            )
        ),
    )
    .order_by(customers.c.id)
    .limit(bindparam("limit"))
)
_GET = statement(select(customers).where(_THIS))
_SAVE = statement(
    update(customers)
    .where(_THIS)
    .values(profile=bindparam("new_profile"), attributes=bindparam("new_attributes"), sources=bindparam("new_sources"))
)
_DELETE = statement(delete(customers).where(_THIS))
_CONVERSATION = statement(
    select(conversations.c.id).where(
        conversations.c.customer_id == bindparam("customer_id"),
        conversations.c.workspace_id == bindparam("workspace_id"),
    )
)

HELD = tuple(table for table in metadata.sorted_tables if "customer_id" in table.c or "conversation_id" in table.c)
"""The tables besides `customers` that hold a person."""

_JSON_COLUMNS = frozenset({"profile", "attributes", "sources", "state", "body", "notes", "request", "response"})
_OWN_BOOKKEEPING = frozenset({"owner", "fence", "claimed_until"})
_MAX_QUERY_CHARS = 200


def _held_rows(table: Table) -> Any:
    mine = table.c.customer_id if "customer_id" in table.c else table.c.conversation_id
    person: BindParameter[int] = bindparam("customer_id" if "customer_id" in table.c else "conversation_id")
    return statement(
        select(table)
        .where(mine == person, table.c.workspace_id == bindparam("workspace_id"))
        .order_by(*table.primary_key.columns)
    )


_HELD_ROWS = {table.name: _held_rows(table) for table in HELD}


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer with where each known value came from: `sources` maps a name to (source, time)."""

    customer: Customer
    external_id: str
    sources: dict[str, tuple[str, datetime]]


def page(tx: Tx, workspace_id: int, *, after: int, limit: int) -> tuple[list[CustomerRow], int | None]:
    """Customers with an id above `after`, oldest first, and where the next page starts."""
    rows = tx.all(_PAGE, workspace_id=workspace_id, after=after, limit=limit)
    return [_row(row) for row in rows], _next(rows, limit)


def search(tx: Tx, workspace_id: int, query: str, *, after: int, limit: int) -> tuple[list[CustomerRow], int | None]:
    """Customers with `query` in a profile field, a text attribute or the id on their channel; upper and lower case alike.

    The database narrows, this decides, so a page may be shorter than `limit` while more follow.
    """
    wanted = query.casefold()[:_MAX_QUERY_CHARS]
    # defensive: JSON escapes, wildcards and what SQLite's lower() does not know become wildcards, so nothing is missed
    pattern = "%" + re.sub(r"[^a-z0-9 @.+\-]+", "%", query.lower()[:_MAX_QUERY_CHARS]) + "%"
    rows = tx.all(_SEARCH, workspace_id=workspace_id, pattern=pattern, after=after, limit=limit)
    found = [row for row in map(_row, rows) if any(wanted in text.casefold() for text in _texts(row))]
    return found, _next(rows, limit)


def get(tx: Tx, workspace_id: int, customer_id: int) -> CustomerRow:
    return _row(_raw(tx, workspace_id, customer_id))


def exists(tx: Tx, workspace_id: int, customer_id: int) -> bool:
    return tx.one(_GET, workspace_id=workspace_id, customer_id=customer_id) is not None


def conversation_of(tx: Tx, workspace_id: int, customer_id: int) -> int:
    """The customer's conversation, which every customer has from the start. Raises NotFound for an unknown customer."""
    row = tx.one(_CONVERSATION, workspace_id=workspace_id, customer_id=customer_id)
    if row is None:
        raise NotFound
    return cast("int", row["id"])


def save_changes(
    tx: Tx, workspace_id: int, customer_id: int, changed: Customer, names: list[str], *, source: str, at: datetime
) -> None:
    """Store a customer whose values `names` have changed, with where they came from."""
    raw = _raw(tx, workspace_id, customer_id)
    sources: dict[str, Any] = orjson.loads(raw["sources"])
    for name in names:
        if changed.value(name) is None:
            sources.pop(name, None)
        else:
            sources[name] = [source, time_us(at)]
    tx.run(
        _SAVE,
        workspace_id=workspace_id,
        customer_id=customer_id,
        new_profile=orjson.dumps(profile_of(changed)).decode(),
        new_attributes=orjson.dumps(changed.attributes).decode(),
        new_sources=orjson.dumps(sources).decode(),
    )


def erase(tx: Tx, workspace_id: int, customer_id: int) -> None:
    """Delete a customer; every row of HELD goes with it (the foreign keys cascade)."""
    if not tx.run(_DELETE, workspace_id=workspace_id, customer_id=customer_id):
        raise NotFound


def export(tx: Tx, workspace_id: int, customer_id: int) -> dict[str, Any]:
    """Everything that is held about one customer, table by table, times as aware datetimes."""
    raw = _raw(tx, workspace_id, customer_id)
    ids = {"customer_id": customer_id, "conversation_id": conversation_of(tx, workspace_id, customer_id)}
    held: dict[str, Any] = {"customer": _readable(customers, raw)}
    for table in HELD:
        key = "customer_id" if "customer_id" in table.c else "conversation_id"
        rows = tx.all(_HELD_ROWS[table.name], workspace_id=workspace_id, **{key: ids[key]})
        held[str(table.name)] = [_readable(table, row) for row in rows]
    return held


def _readable(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row as a person can read it: JSON opened, times as times, our own bookkeeping left out."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        is_time = isinstance(table.c[name].type, BigInteger) and (name == "at" or name.endswith("_at"))
        if name in _OWN_BOOKKEEPING:
            continue
        if name in _JSON_COLUMNS:
            shown[name] = None if value is None else orjson.loads(value)
        elif is_time and value is not None:
            shown[name] = from_us(value)
        else:
            shown[name] = value
    if isinstance(shown.get("sources"), dict):
        shown["sources"] = {
            name: {"source": source, "at": from_us(us)} for name, (source, us) in shown["sources"].items()
        }
    return shown


def _texts(row: CustomerRow) -> list[str]:
    profile = (getattr(row.customer, name) for name in DOCUMENTED_NAMES if hasattr(row.customer, name))
    return [
        row.external_id,
        *(value for value in profile if isinstance(value, str)),
        *(value for value in row.customer.attributes.values() if isinstance(value, str)),
    ]


def _next(rows: list[dict[str, Any]], limit: int) -> int | None:
    return cast("int", rows[-1]["id"]) if len(rows) == limit else None


def _raw(tx: Tx, workspace_id: int, customer_id: int) -> dict[str, Any]:
    row = tx.one(_GET, workspace_id=workspace_id, customer_id=customer_id)
    if row is None:
        raise NotFound
    return row


def _row(row: dict[str, Any]) -> CustomerRow:
    return CustomerRow(
        customer=customer_of(row),
        external_id=row["external_id"],
        sources={name: (source, from_us(us)) for name, (source, us) in orjson.loads(row["sources"]).items()},
    )
