"""The application with two workspaces, for tests that ask it without sockets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from backtalk.http.app import create_app
from backtalk.runtime.services import Services
from backtalk.storage import tokens, workspaces
from backtalk.storage.database import Tx
from backtalk.storage.tokens import Role
from tests.support.asgi import Client


@dataclass(slots=True)
class Tenant:
    """A workspace with a client for each role."""

    id: int
    owner: Client
    admin: Client
    editor: Client
    viewer: Client


@dataclass(slots=True)
class Site:
    """A running application. `own` and `other` are strangers to each other."""

    services: Services
    anybody: Client
    own: Tenant
    other: Tenant


async def open_site(services: Services) -> Site:
    anybody = Client(create_app(services))
    return Site(services, anybody, await _tenant(services, anybody, "Own"), await _tenant(services, anybody, "Other"))


async def _tenant(services: Services, client: Client, name: str) -> Tenant:
    now = datetime.now(UTC)

    def work(tx: Tx) -> tuple[int, dict[Role, str]]:
        workspace, _ = workspaces.create(tx, name=name, at=now)
        made: dict[Role, str] = {}
        for role in tokens.ROLES:
            made[role] = tokens.create(tx, workspace.id, name=role, role=role, at=now)[1]
        return workspace.id, made

    workspace_id, made = await services.database.write(work)
    return Tenant(
        workspace_id,
        client.with_token(made["owner"]),
        client.with_token(made["admin"]),
        client.with_token(made["editor"]),
        client.with_token(made["viewer"]),
    )
