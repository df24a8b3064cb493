"""API tokens of a workspace: shown once when they are made, kept as a hash, refused from the moment they are revoked.

`find` is the one look-up without a workspace: the token itself says whose it is.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import bindparam, insert, or_, select, update

from backtalk.errors import NotFound
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import from_us, time_us, tokens

Role = Literal["owner", "admin", "editor", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)

PREFIX = "bt_"
SECRET_BYTES = 32
USE_NOTED_EVERY = timedelta(minutes=1)
"""How often at most a use is written down."""

_OF_WORKSPACE = tokens.c.workspace_id == bindparam("workspace_id")
_THIS = (tokens.c.id == bindparam("token_id")) & _OF_WORKSPACE
_SHOWN = tuple(column for column in tokens.c if column.name != "hash")

_INSERT = statement(
    insert(tokens).values(
        workspace_id=bindparam("workspace_id"),
        name=bindparam("name"),
        role=bindparam("role"),
        hash=bindparam("hash"),
        created_at=bindparam("at"),
    )
)
_FIND = statement(select(tokens).where(tokens.c.hash == bindparam("hash"), tokens.c.revoked_at.is_(None)))
_GET = statement(select(*_SHOWN).where(_THIS))
_LIST = statement(select(*_SHOWN).where(_OF_WORKSPACE).order_by(tokens.c.id))
_NOTE_USE = statement(
    update(tokens)
    .where(_THIS, or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at < bindparam("noted_before")))
    .values(last_used_at=bindparam("at"))
)
_REVOKE = statement(update(tokens).where(_THIS, tokens.c.revoked_at.is_(None)).values(revoked_at=bindparam("at")))


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token without its secret."""

    id: int
    workspace_id: int
    name: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def create(tx: Tx, workspace_id: int, *, name: str, role: Role, at: datetime) -> tuple[TokenRow, str]:
    """A new token and its only plaintext."""
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    token_id = tx.insert(_INSERT, workspace_id=workspace_id, name=name, role=role, hash=_hash(token), at=time_us(at))
    return get(tx, workspace_id, token_id), token


def find(tx: Tx, token: str) -> TokenRow | None:
    """The row of a token that is in force."""
    wanted = _hash(token)
    row = tx.one(_FIND, hash=wanted)
    # defensive: equality is the database's business only up to here, so that no collation can widen it (row K16)
    if row is None or not hmac.compare_digest(bytes(row.pop("hash")), wanted):
        return None
    return _row(row)


def get(tx: Tx, workspace_id: int, token_id: int) -> TokenRow:
    row = tx.one(_GET, workspace_id=workspace_id, token_id=token_id)
    if row is None:
        raise NotFound
    return _row(row)


def all_of(tx: Tx, workspace_id: int) -> list[TokenRow]:
    """Every token that was ever made, oldest first."""
    return [_row(row) for row in tx.all(_LIST, workspace_id=workspace_id)]


def note_use(tx: Tx, workspace_id: int, token_id: int, at: datetime) -> None:
    """Write down that a token was used, unless that was done within the last minute."""
    tx.run(
        _NOTE_USE,
        workspace_id=workspace_id,
        token_id=token_id,
        at=time_us(at),
        noted_before=time_us(at - USE_NOTED_EVERY),
    )


def revoke(tx: Tx, workspace_id: int, token_id: int, at: datetime) -> TokenRow:
    """End a token at once. Doing it again changes nothing."""
    tx.run(_REVOKE, workspace_id=workspace_id, token_id=token_id, at=time_us(at))
    return get(tx, workspace_id, token_id)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _row(row: dict[str, Any]) -> TokenRow:
    times = {name: us if us is None else from_us(us) for name, us in row.items() if name.endswith("_at")}
    return TokenRow(**{**row, **times})
