"""Bodies of the management API: JSON of one kind only, judged before any route reads it.

What passes is UTF-8 JSON with its content type, at most `MAX_DEPTH` levels deep, with numbers and text that both databases can hold.
The cost follows the size: only a body that looks suspicious is walked.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backtalk.errors import BacktalkError, Invalid, Problem, Where
from backtalk.http.problems import BadJson, WrongType, problem_response

MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1
MAX_JUDGED_AT_ONCE = 131_072

_JSON_TYPE = re.compile(rb"application/(?:[a-z0-9.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE | re.DOTALL)
_NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_SUSPICIOUS = re.compile(rb"[0-9]{19}|[0-9][eE]|\\u0000")


class JsonBodies:
    """Middleware: 415 for another content type (row I17), 400 for what is not JSON, 422 for what cannot be stored."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        body = await _whole(receive)
        if body is None:
            return
        try:
            if body:
                if not _JSON_TYPE.fullmatch(_content_type(scope)):
                    raise WrongType
                if len(body) > MAX_JUDGED_AT_ONCE:  # nobody else waits for it (A19)
                    await asyncio.to_thread(judge, body)
                else:
                    judge(body)
        except BacktalkError as error:
            await problem_response(error)(scope, receive, send)
            return
        given = False

        async def receive_judged() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_judged, send)


def judge(body: bytes) -> None:
    """Raises BadJson with line and column, or Invalid with a JSON path."""
    if _too_deep(body):
        raise Invalid(f"The body is nested deeper than {MAX_DEPTH} levels.", hint="Send less deeply nested data.")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadJson(
            f"The body is not valid JSON: line {error.lineno}, column {error.colno}.",
            hint="Send one JSON value in UTF-8; JSON has no NaN, no comments and double quotes only.",
            problems=(
                Problem("invalid_json", _said(error), where=Where(path=f"line {error.lineno}, column {error.colno}")),
            ),
        ) from None
    if _SUSPICIOUS.search(body):
        problem = _unstorable(value, "$")
        if problem:
            raise Invalid(problem.message, hint=problem.hint, problems=(problem,))


async def _whole(receive: Receive) -> bytes | None:
    """The body, whose size `guard` bounds; None when the client went away."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _content_type(scope: Scope) -> bytes:
    return next((value.strip() for name, value in scope["headers"] if name == b"content-type"), b"")


def _too_deep(body: bytes) -> bool:
    """Whether brackets outside of strings nest too deep, found without recursion."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    depth = 0
    for byte in b"".join(body.translate(None, _NOT_STRUCTURE).split(b'"')[::2]):
        if byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        else:
            depth -= 1
    return False


def _unstorable(value: Any, path: str) -> Problem | None:
    match value:
        case bool():
            return None
        case int() | float() if not -MAX_INTEGER <= value <= MAX_INTEGER:
            return Problem("number", "A number is too large.", "Send numbers of up to 64 bits.", Where(path=path))
        case str() if "\x00" in value:
            return Problem("text", "A text holds U+0000.", "Take the character away.", Where(path=path))
        case list():
            found = (_unstorable(item, f"{path}[{index}]") for index, item in enumerate(value))
        case dict():
            found = (_unstorable(item, f"{path}.{key}") or _unstorable(key, path) for key, item in value.items())
        case _:
            return None
    return next((problem for problem in found if problem), None)


def _said(error: orjson.JSONDecodeError) -> str:
    return f"{error.msg.partition(':')[0].capitalize()}."
