"""Workspaces (tenants): name, plan, time zone, and the secret that signs the calls to their backends."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, delete, insert, select, update

from backtalk.errors import NotFound
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import from_us, time_us, workspaces

Plan = Literal["free", "paid"]

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of Standard Webhooks secrets
SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)
"""How long the signing secret before the newest still signs as well."""

_THIS = workspaces.c.id == bindparam("workspace_id")
_SHOWN = (
    workspaces.c.id,
    workspaces.c.name,
    workspaces.c.plan,
    workspaces.c.timezone,
    workspaces.c.signing,
    workspaces.c.old_signing_secret_until,
    workspaces.c.created_at,
)
_GET = statement(select(*_SHOWN).where(_THIS))
_LIST = statement(select(*_SHOWN).order_by(workspaces.c.id))
_CALLER = statement(
    select(
        workspaces.c.timezone,
        workspaces.c.signing,
        workspaces.c.signing_secret,
        workspaces.c.old_signing_secret,
        workspaces.c.old_signing_secret_until,
    ).where(_THIS)
)
_INSERT = statement(
    insert(workspaces).values(name=bindparam("name"), plan=bindparam("plan"), signing=True, created_at=bindparam("at"))
)
_CHANGE = statement(
    update(workspaces)
    .where(_THIS)
    .values(name=bindparam("new_name"), timezone=bindparam("new_timezone"), signing=bindparam("new_signing"))
)
_DELETE = statement(delete(workspaces).where(_THIS))
_PLAN = statement(update(workspaces).where(_THIS).values(plan=bindparam("new_plan")))
_SECRETS = statement(
    update(workspaces)
    .where(_THIS)
    .values(
        signing_secret=bindparam("new_secret"),
        old_signing_secret=bindparam("new_old_secret"),
        old_signing_secret_until=bindparam("until"),
    )
)


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """A workspace without its secrets. `timezone` is hours east of UTC."""

    id: int
    name: str
    plan: Plan
    timezone: float
    signing: bool
    old_signing_secret_until: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """What of a workspace goes into each call to a backend. No secrets: calls are not signed."""

    timezone: float
    signing_secrets: tuple[str, ...]


def create(tx: Tx, *, name: str, plan: Plan = "paid", at: datetime) -> tuple[WorkspaceRow, str]:
    """A new workspace and the only plaintext of its signing secret."""
    workspace_id = tx.insert(_INSERT, name=name, plan=plan, at=time_us(at))
    secret = new_signing_secret(tx, workspace_id, at)
    return get(tx, workspace_id), secret


def get(tx: Tx, workspace_id: int) -> WorkspaceRow:
    row = tx.one(_GET, workspace_id=workspace_id)
    if row is None:
        raise NotFound
    return _row(row)


def every(tx: Tx) -> list[WorkspaceRow]:
    """All workspaces of the installation, for its operator."""
    return [_row(row) for row in tx.all(_LIST)]


def change(
    tx: Tx,
    workspace_id: int,
    *,
    name: str | None = None,
    timezone: float | None = None,
    signing: bool | None = None,
) -> WorkspaceRow:
    """Change what is not None."""
    old = get(tx, workspace_id)
    tx.run(
        _CHANGE,
        workspace_id=workspace_id,
        new_name=old.name if name is None else name,
        new_timezone=old.timezone if timezone is None else timezone,
        new_signing=old.signing if signing is None else signing,
    )
    return get(tx, workspace_id)


def set_plan(tx: Tx, workspace_id: int, plan: Plan) -> WorkspaceRow:
    """The operator's decision; no tenant can make it."""
    tx.run(_PLAN, workspace_id=workspace_id, new_plan=plan)
    return get(tx, workspace_id)


def remove(tx: Tx, workspace_id: int) -> None:
    """Delete a workspace with everything that it holds, secrets and what is owed included (row K15)."""
    if not tx.run(_DELETE, workspace_id=workspace_id):
        raise NotFound


def new_signing_secret(tx: Tx, workspace_id: int, at: datetime) -> str:
    """Replace the signing secret: the plaintext of the new one. The one before it signs too until the overlap is over."""
    row = tx.one(_CALLER, workspace_id=workspace_id)
    if row is None:
        raise NotFound
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    old = _opened(tx, workspace_id, row, "signing_secret")
    tx.run(
        _SECRETS,
        workspace_id=workspace_id,
        new_secret=_sealed(tx, workspace_id, secret, "signing_secret"),
        new_old_secret=_sealed(tx, workspace_id, old, "old_signing_secret") if old else None,
        until=time_us(at + OVERLAP) if old else None,
    )
    return secret


def caller(tx: Tx, *, workspace_id: int, at: datetime | None = None) -> Caller:
    """What a call needs to know, at a time (now by default). Raises NotFound."""
    row = tx.one(_CALLER, workspace_id=workspace_id)
    if row is None:
        raise NotFound
    if not row["signing"]:
        return Caller(row["timezone"], ())
    now = time_us(at or datetime.now(UTC))
    until = row["old_signing_secret_until"]
    found = [_opened(tx, workspace_id, row, "signing_secret")]
    if until is not None and now < until:
        found.append(_opened(tx, workspace_id, row, "old_signing_secret"))
    return Caller(row["timezone"], tuple(secret for secret in found if secret))


def _sealed(tx: Tx, workspace_id: int, secret: str, column: str) -> bytes:
    return tx.sealer.seal(
        secret.encode(), table="workspaces", workspace_id=workspace_id, row_id=workspace_id, column=column
    )


def _opened(tx: Tx, workspace_id: int, row: dict[str, Any], column: str) -> str | None:
    if row[column] is None:
        return None
    return tx.sealer.unseal(
        row[column], table="workspaces", workspace_id=workspace_id, row_id=workspace_id, column=column
    ).decode()


def _row(row: dict[str, Any]) -> WorkspaceRow:
    until = row["old_signing_secret_until"]
    return WorkspaceRow(
        **{
            **row,
            "signing": bool(row["signing"]),
            "old_signing_secret_until": None if until is None else from_us(until),
            "created_at": from_us(row["created_at"]),
        }
    )
