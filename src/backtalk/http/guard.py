"""What holds for every request before a route sees it: an id, security headers, a bound on the body, one place where bugs are caught.

Pure ASGI, for the hot routes pass through here too.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from secrets import token_hex
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backtalk.errors import BacktalkError, TooLarge
from backtalk.http.metrics import Meter
from backtalk.http.problems import Broken, problem_response

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 1_048_576
MAX_DOCUMENT_BYTES = 4 * 1_048_576
"""A bot of a million bytes (`drafts.MAX_DOCUMENT_BYTES`), however loosely it is written."""
_DOCUMENTS = re.compile(r"/api/v1/(?:bots/[^/]+/(?:draft|preview|import)|bots/import|import)")
"""Where whole bots come in."""

REQUEST_ID = "backtalk.request_id"
CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_DEFAULTS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
"""A response that brings one of these headers itself keeps its own; pages have a policy of their own (row U06)."""


class Edge:
    """The outermost layer. What nobody handled is logged once, with the request id, and answered without details."""

    def __init__(self, app: ASGIApp, *, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[REQUEST_ID] = request_id = token_hex(8)
        began = perf_counter()
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _guarded(list(message.get("headers", ())), request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_guarded)
        except ClientDisconnect:
            status = status or 499
        except Exception:
            log.exception("A request was not answered because of a bug.", extra={"request_id": request_id})
            if not status:
                await problem_response(Broken())(scope, receive, send_guarded)
        finally:
            self._meter.count(scope["path"], scope["method"], status, perf_counter() - began)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[REQUEST_ID] = request_id = token_hex(8)
        try:
            await self._app(scope, receive, send)
        except Exception:
            log.exception("A socket was closed because of a bug.", extra={"request_id": request_id})
            with suppress(RuntimeError):
                await send({"type": "websocket.close", "code": 1011})


class BodyBound:
    """413 above the bound: at once when the length is declared, else as soon as it is passed (row I11)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MAX_DOCUMENT_BYTES if _DOCUMENTS.fullmatch(scope["path"]) else MAX_BODY_BYTES
        refusal = TooLarge(f"The body is larger than {most} bytes.", hint="Send less at once.")
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not declared.isdigit() or int(declared[:20]) > most:
            await problem_response(refusal)(scope, receive, send)
            return
        size = 0

        async def receive_bounded() -> Message:
            nonlocal size
            message = await receive()
            if message["type"] == "http.request":
                size += len(message.get("body", b""))
                if size > most:
                    raise refusal
            return message

        try:
            await self._app(scope, receive_bounded, send)
        except BacktalkError as error:  # from middleware outside of the exception handlers; nothing was sent yet
            await problem_response(error)(scope, receive, send)


def _guarded(headers: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    headers.extend(default for default in _DEFAULTS if default[0] not in present)
    headers.append((b"x-request-id", request_id.encode()))
    return headers
