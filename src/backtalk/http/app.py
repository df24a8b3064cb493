"""The application: one list of routes, what is around all of them, and what runs while it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from backtalk.http import chat, chat_page, chat_socket, health, pages
from backtalk.http.chat_cors import ChatCors
from backtalk.http.chat_rates import ChatRates
from backtalk.http.chat_token import ChatTokens
from backtalk.http.guard import BodyBound, Edge
from backtalk.http.later import Later
from backtalk.http.metrics import Meter
from backtalk.http.problems import handlers
from backtalk.runtime.services import Services


def create_app(services: Services) -> Starlette:
    """The ASGI application on running services, which the caller stops after it."""
    api = Later(lambda: _management_api(services))
    meter = Meter()
    routes: list[BaseRoute] = [
        *pages.routes,
        *health.routes,
        *chat.routes,
        *chat_socket.routes,
        *chat_page.routes,
        Mount("/api/v1", app=api),
    ]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        making = api.begin()
        watch = asyncio.create_task(meter.watch_loop())
        yield
        watch.cancel()
        await making

    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(Edge, meter=meter), Middleware(ChatCors), Middleware(BodyBound)],
        exception_handlers=handlers(),
    )
    app.router.redirect_slashes = False
    app.state.services = services
    app.state.meter = meter
    app.state.chat_rates = ChatRates.usual()
    app.state.chat_tokens = ChatTokens(services.database.sealer.derive("chat tokens"))
    return app


def _management_api(services: Services) -> ASGIApp:
    from backtalk.http.api import create_api
    from backtalk.http.auth import Authenticate
    from backtalk.http.json_body import JsonBodies

    api = create_api()
    api.state.services = services
    return Authenticate(JsonBodies(api), database=services.database)
