"""Only the chat may be asked from other sites (row A17)."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from backtalk.http.chat_cors import ChatCors
from tests.support.asgi import Client


async def hello(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


APP = Starlette(
    routes=[Route("/chat/v1/k/messages", hello), Route("/api/v1/bots", hello), Route("/c/k", hello)],
    middleware=[Middleware(ChatCors)],
)


@pytest.mark.parametrize(("path", "allowed"), [("/chat/v1/k/messages", "*"), ("/api/v1/bots", None), ("/c/k", None)])
async def test_a17_which_paths_other_sites_may_ask(path: str, allowed: str | None) -> None:
    reply = await Client(APP).get(path, headers={"Origin": "https://other.example"})
    assert reply.headers.get("access-control-allow-origin") == allowed
    assert "access-control-allow-credentials" not in reply.headers
