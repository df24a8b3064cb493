"""The workspace of the caller: its name, time zone and signing. Its plan is the operator's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field

from backtalk.engine.customer import MAX_TIMEZONE_H
from backtalk.http.auth import Admin, Viewer
from backtalk.http.forms import Form, Name, Shown
from backtalk.runtime.services import Services
from backtalk.storage import workspaces
from backtalk.storage.workspaces import Plan, WorkspaceRow

router = APIRouter()

EXAMPLE: dict[str, Any] = {
    "id": 1,
    "name": "Shop",
    "plan": "paid",
    "timezone": 6.0,
    "signing": True,
    "old_signing_secret_until": None,
    "created_at": "2026-11-23T08:00:00Z",
}


class WorkspaceShown(Shown):
    model_config = {"json_schema_extra": {"examples": [EXAMPLE]}}

    id: int
    name: str
    plan: Plan
    """`free` has no API integration. Only the operator changes it."""
    timezone: float
    """Hours east of UTC, for customers whose own is unknown."""
    signing: bool
    """Whether calls to backends carry a signature (Standard Webhooks)."""
    old_signing_secret_until: datetime | None
    """Until then the signing secret before the newest signs as well."""
    created_at: datetime


class WorkspaceChange(Form):
    """What is left out stays as it is."""

    model_config = {"json_schema_extra": {"examples": [{"name": "Shop", "timezone": 6.0, "signing": True}]}}

    name: Name | None = None
    timezone: Annotated[float, Field(ge=-MAX_TIMEZONE_H, le=MAX_TIMEZONE_H)] | None = None
    signing: bool | None = None


class SecretShown(Shown):
    model_config = {"json_schema_extra": {"examples": [{"secret": "whsec_…"}]}}

    secret: str
    """Shown this once. Calls carry signatures with the new and the old secret for 24 hours."""


@router.get("/workspace", response_model=WorkspaceShown, summary="The workspace")
async def get_workspace(request: Request, access: Viewer) -> WorkspaceRow:
    services: Services = request.app.state.services
    return await services.database.read(lambda tx: workspaces.get(tx, access.workspace_id))


@router.patch("/workspace", response_model=WorkspaceShown, summary="Change name, time zone or signing")
async def change_workspace(request: Request, form: WorkspaceChange, access: Admin) -> WorkspaceRow:
    services: Services = request.app.state.services
    return await services.database.write(
        lambda tx: workspaces.change(
            tx, access.workspace_id, name=form.name, timezone=form.timezone, signing=form.signing
        )
    )


@router.post("/workspace/signing-secret", response_model=SecretShown, summary="Make a new signing secret")
async def renew_signing_secret(request: Request, access: Admin) -> SecretShown:
    services: Services = request.app.state.services
    secret = await services.database.write(
        lambda tx: workspaces.new_signing_secret(tx, access.workspace_id, datetime.now(UTC))
    )
    return SecretShown(secret=secret)
