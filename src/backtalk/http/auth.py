"""Who may do what: bearer tokens of a workspace, and the roles that a route can ask for.

| role | may |
| --- | --- |
| viewer | read everything but secrets and the bodies of calls (GET); never run, test or change anything |
| editor | and change and publish bots, APIs and customers; test APIs; send messages; read the bodies of calls |
| admin | and manage channels and the workspace: their secrets, signing, tokens |
| owner | everything |

`Authenticate` lets no request into the management API without a valid token, whatever its route declares; `require` then
asks for a role. Cookie sessions are to become a second way to an `Access` in `Authenticate.access_of`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from backtalk.errors import BacktalkError, Forbidden, SignInRequired, Unavailable
from backtalk.http.limits import Buckets
from backtalk.http.problems import problem_response
from backtalk.storage import tokens
from backtalk.storage.database import Database
from backtalk.storage.tokens import Role, TokenRow

RANK: dict[Role, int] = {"viewer": 0, "editor": 1, "admin": 2, "owner": 3}

PUBLIC = ("/openapi.json", "/docs", "/contract/")
"""Paths below the mount that need no token: each is the same for everybody."""

MAX_TOKEN_CHARS = 200
_ACCESS = "backtalk.access"


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks. `workspace_id` scopes everything that the request may touch."""

    workspace_id: int
    role: Role
    token_id: int

    def may(self, role: Role) -> bool:
        return RANK[self.role] >= RANK[role]


class Authenticate:
    """Middleware around the management API: 401 before anything of the request is read."""

    def __init__(self, app: ASGIApp, *, database: Database) -> None:
        self._app = app
        self._database = database
        self._requests = Buckets(per_s=100, burst=300)
        self._failures = Buckets(per_s=0.5, burst=30)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _path(scope).startswith(PUBLIC):
            try:
                scope[_ACCESS] = await self.access_of(HTTPConnection(scope))
            except BacktalkError as error:
                await problem_response(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def access_of(self, connection: HTTPConnection) -> Access:
        """Raises SignInRequired, or TooMany for an address that keeps guessing. A valid token is never made to wait for that."""
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        token = token.strip()
        row: TokenRow | None = None
        if scheme.lower() == "bearer" and token.startswith(tokens.PREFIX) and len(token) <= MAX_TOKEN_CHARS:
            row = await self._database.read(lambda tx: tokens.find(tx, token))
        if row is None:
            address = connection.client.host if connection.client else ""
            self._failures.take(address)
            raise SignInRequired
        self._requests.take(str(row.id))
        await self._note_use(row)
        return Access(row.workspace_id, row.role, row.id)

    async def _note_use(self, row: TokenRow) -> None:
        now = datetime.now(UTC)
        if row.last_used_at is None or now - row.last_used_at > tokens.USE_NOTED_EVERY:
            with suppress(Unavailable):  # reading goes on while nothing can be written
                await self._database.write(lambda tx: tokens.note_use(tx, row.workspace_id, row.id, now))


def require(role: Role) -> Callable[[Request], Access]:
    """A dependency that gives the request's Access, or refuses with 403 below this role."""

    def access(request: Request) -> Access:
        found: Access | None = request.scope.get(_ACCESS)
        if found is None:  # defensive: a route outside of `Authenticate` denies
            raise SignInRequired
        if not found.may(role):
            raise Forbidden(f"Your role is {found.role}; this needs {role}.")
        return found

    access.role = role  # type: ignore[attr-defined]
    return access


Viewer = Annotated[Access, Depends(require("viewer"))]
Editor = Annotated[Access, Depends(require("editor"))]
Admin = Annotated[Access, Depends(require("admin"))]


def role_of(route: Any) -> Role | None:
    """The role that a route of the management API asks for; None for a public one."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        role: Role | None = getattr(dependant.call, "role", None)
        if role is not None:
            return role
        waiting.extend(dependant.dependencies)
    return None


def _path(scope: Scope) -> str:
    """The path below the mount."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path.removeprefix(root)
