"""The web chat may be spoken to from other sites: without cookies, by token only (row A17). Nothing else may."""

from __future__ import annotations

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

CHAT = "/chat/v1/"
PREFLIGHT_S = 7_200


class ChatCors:
    """Stands outside the exception handlers, so that a site can read refusals too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = CORSMiddleware(
            app,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
            expose_headers=["retry-after"],
            max_age=PREFLIGHT_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._open if scope["type"] == "http" and scope["path"].startswith(CHAT) else self._app
        await app(scope, receive, send)
