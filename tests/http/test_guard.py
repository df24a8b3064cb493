"""What holds for every request."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Message
from starlette.websockets import WebSocket

from backtalk.errors import Unavailable
from backtalk.http.guard import MAX_BODY_BYTES, MAX_DOCUMENT_BYTES, BodyBound, Edge
from backtalk.http.metrics import Meter
from backtalk.http.problems import handlers
from backtalk.runtime import drafts
from tests.http.site import Site
from tests.support.asgi import Client

_MARKUP = "<script>alert(1)</script>"


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def _bug(_request: Request) -> Response:
    raise ZeroDivisionError("secret details")


async def _full(_request: Request) -> Response:
    raise Unavailable


async def _page(_request: Request) -> Response:
    return PlainTextResponse("x", headers={"Content-Security-Policy": "default-src 'self'", "Cache-Control": "private"})


async def _socket_bug(websocket: WebSocket) -> None:
    await websocket.accept()
    raise ZeroDivisionError("secret details")


@pytest.fixture
def small() -> Client:
    routes = [
        Route("/length", _length, methods=["POST"]),
        Route("/api/v1/bots/1/draft", _length, methods=["PUT"]),
        Route("/bug", _bug),
        Route("/full", _full),
        Route("/page", _page),
        WebSocketRoute("/socket", _socket_bug),
    ]
    middleware = [Middleware(Edge, meter=Meter()), Middleware(BodyBound)]
    return Client(Starlette(routes=routes, middleware=middleware, exception_handlers=handlers()))


async def test_i11_a_declared_length_above_the_bound_is_413_before_a_byte_is_read(small: Client) -> None:
    reply = await small.request("POST", "/length", headers={"content-length": "300000000"})
    assert reply.status == 413
    assert reply.json()["code"] == "too_large"


async def test_i11_an_endless_body_is_413_at_the_bound(small: Client) -> None:
    reply = await small.request("POST", "/length", body=[b"x" * 65_536] * 64)
    assert reply.status == 413


async def test_a_body_at_the_bound_is_read(small: Client) -> None:
    assert (await small.request("POST", "/length", body=b"x" * MAX_BODY_BYTES)).text == str(MAX_BODY_BYTES)
    assert (await small.request("POST", "/length", body=b"x" * (MAX_BODY_BYTES + 1))).status == 413


async def test_whole_bots_may_be_larger(small: Client) -> None:
    path = "/api/v1/bots/1/draft"
    assert (await small.request("PUT", path, body=b"x" * MAX_DOCUMENT_BYTES)).status == 200
    assert (await small.request("PUT", path, body=b"x" * (MAX_DOCUMENT_BYTES + 1))).status == 413
    assert MAX_DOCUMENT_BYTES <= 5 * drafts.MAX_DOCUMENT_BYTES, "what is read costs what it is long, kept or not (P3)"


@pytest.mark.parametrize("length", ["-1", "x", "", "1e3", "9" * 400])
async def test_i23_a_length_that_is_no_number_is_refused(small: Client, length: str) -> None:
    assert (await small.request("POST", "/length", headers={"content-length": length})).status == 413


async def test_a_bug_is_answered_without_details_and_logged_once_with_the_request_id(
    small: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = await small.get("/bug")
    assert reply.status == 500
    assert reply.json()["code"] == "internal"
    assert "secret" not in reply.text
    assert "ZeroDivision" not in reply.text
    logged = [record for record in caplog.records if record.exc_info]
    assert len(logged) == 1
    assert logged[0].__dict__["request_id"] == reply.headers["x-request-id"]


async def test_a_bug_in_the_management_api_is_logged_once_too(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("secret details")

    client = site.own.owner
    await client.get("/api/v1/workspace")
    monkeypatch.setattr("backtalk.storage.workspaces.get", lambda *_: 1 / 0)
    reply = await client.get("/api/v1/workspace")
    assert reply.status == 500
    assert reply.headers["content-type"] == "application/problem+json"
    assert "x-request-id" in reply.headers
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_a_bug_in_a_socket_closes_it(small: Client, caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/socket", "query_string": b"", "headers": [], "subprotocols": []}
    await small.app(scope, receive, send)
    assert sent[-1] == {"type": "websocket.close", "code": 1011}
    assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_i13_what_cannot_be_stored_is_503_with_a_time(small: Client) -> None:
    reply = await small.get("/full")
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) > 0
    assert reply.json()["code"] == "unavailable"


@pytest.mark.parametrize("path", ["/", "/healthz/live", "/metrics", "/nothing", "/api/v1/workspace", "/api/v1/docs"])
async def test_u06_k13_security_headers_on_every_answer(site: Site, path: str) -> None:
    reply = await site.anybody.get(path)
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert "script-src" not in reply.headers["content-security-policy"]
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert len(reply.headers["x-request-id"]) == 16


async def test_a25_answers_of_the_management_api_are_not_cached(site: Site) -> None:
    assert (await site.own.owner.get("/api/v1/workspace")).headers["cache-control"] == "no-store"


async def test_a_page_keeps_its_own_policy(small: Client) -> None:
    reply = await small.get("/page")
    assert reply.headers["content-security-policy"] == "default-src 'self'"
    assert reply.headers["cache-control"] == "private"
    assert reply.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        f"/{_MARKUP}",
        f"/api/v1/{_MARKUP}",
        f"/api/v1/apis/{_MARKUP}",
        f"/api/v1/calls?outcome={_MARKUP}",
        f"/api/v1/contract/{_MARKUP}.json",
        f"/c/{_MARKUP}",
    ],
)
async def test_u14_errors_reflect_nothing(site: Site, path: str) -> None:
    reply = await site.own.owner.get(path)
    assert reply.status in (404, 422)
    assert "script" not in reply.text
    assert reply.headers["content-type"] == "application/problem+json"


async def test_no_redirect_is_made_from_what_was_asked(site: Site) -> None:
    for path in ("/healthz/live/", "/api/v1/bots/", "/api/v1/workspace/"):
        reply = await site.own.owner.get(path, headers={"host": "evil.example"})
        assert reply.status == 404
        assert "location" not in reply.headers


async def test_a_wrong_method_is_405_with_the_right_ones(site: Site) -> None:
    reply = await site.own.owner.request("DELETE", "/api/v1/workspace")
    assert reply.status == 405
    assert reply.json()["code"] == "method_not_allowed"
    assert "GET" in reply.headers["allow"]


async def test_a17_the_management_api_has_no_cors(site: Site) -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "GET"}
    for method in ("GET", "OPTIONS"):
        reply = await site.own.owner.request(method, "/api/v1/workspace", headers=headers)
        assert not [name for name in reply.headers if name.startswith("access-control-")]
