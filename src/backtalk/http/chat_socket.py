"""The web chat over a socket: the same messages pushed as they come, the same posts taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any

import orjson
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from backtalk.errors import BacktalkError, Invalid, SignInRequired
from backtalk.http import chat_access
from backtalk.http.chat import read, take
from backtalk.http.chat_forms import Named, NewMessage
from backtalk.http.chat_token import Ticket
from backtalk.http.reading import parse_json, parse_model
from backtalk.runtime.live import Listener
from backtalk.runtime.services import Services
from backtalk.runtime.transcript import shown
from backtalk.storage.messages import Line

HELLO_S = 10


async def socket(websocket: WebSocket) -> None:
    """Pushes what comes after `after`, takes the same posts as `/messages`. The token is the sub-protocol or the first frame."""
    services = chat_access.services(websocket)
    offered = websocket.scope.get("subprotocols") or []
    await websocket.accept(subprotocol="backtalk" if "backtalk" in offered else None)
    with suppress(WebSocketDisconnect, RuntimeError):
        try:
            ticket = await _greet(websocket, offered)
            after = chat_access.number(websocket, "after", 0, 2**31)
        except BacktalkError as error:
            await _refuse(websocket, error)
            return
        listener = services.live.listen(ticket.conversation_id)
        try:
            await _until_first(_push(websocket, services, ticket, listener, after), _pull(websocket, ticket))
        except BacktalkError as error:
            await _refuse(websocket, error)
            return
        finally:
            services.live.leave(ticket.conversation_id, listener)
        await websocket.close(1012 if services.draining else 1000)


async def _refuse(websocket: WebSocket, error: BacktalkError) -> None:
    """Say why, and close: 4401 asks for a new session, 4400 for another request."""
    await _tell(websocket, {"type": "error", "code": error.code, "detail": error.detail})
    await websocket.close(4401 if isinstance(error, SignInRequired) else 4400)


async def _greet(websocket: WebSocket, offered: list[str]) -> Ticket:
    tokens, key = chat_access.tokens(websocket), websocket.path_params["channel_key"]
    for protocol in offered:
        if protocol != "backtalk":
            return tokens.read(protocol, key)
    try:
        async with asyncio.timeout(HELLO_S):
            hello = await _frame(websocket)
    except (TimeoutError, Invalid):
        raise SignInRequired("The first frame must hold the token.", hint='{"token": "…"}') from None
    return tokens.read(str(hello.get("token", "")) if isinstance(hello, dict) else "", key)


async def _push(websocket: WebSocket, services: Services, ticket: Ticket, listener: Listener, after: int) -> None:
    after = await _catch_up(websocket, services, ticket, after)
    await _tell(websocket, {"type": "ready", "cursor": after})
    while not services.draining:
        await listener.wait()
        missed, listener.missed = listener.missed, False
        lines, typing = listener.take()
        if missed or (lines and lines[0].seq > after + 1):
            after = await _catch_up(websocket, services, ticket, after)
        after = await _send(websocket, lines, after)
        if typing is not None:
            await _tell(websocket, {"type": "typing", "on": typing})


async def _catch_up(websocket: WebSocket, services: Services, ticket: Ticket, after: int) -> int:
    """Send all that the log has after a number, page by page; the seq that was reached."""
    lines = await read(services, ticket, after)
    while lines:
        after = await _send(websocket, lines, after)
        lines = await read(services, ticket, after)
    return after


async def _send(websocket: WebSocket, lines: list[Line], after: int) -> int:
    """Send what is new, each once; the seq that was reached."""
    for line in lines:
        if line.seq > after:
            await _tell(websocket, {"type": "message", "message": shown(line)})
            after = line.seq
    return after


async def _pull(websocket: WebSocket, ticket: Ticket) -> None:
    while True:
        try:
            frame = await _frame(websocket)
        except Invalid as error:
            await _tell(websocket, {"type": "error", "code": error.code, "detail": error.detail})
            continue
        if isinstance(frame, dict) and frame.get("type") == "ping":
            await _tell(websocket, {"type": "pong"})
            continue
        client_id = None
        try:
            client_id = parse_model(frame, Named).client_id
            form = parse_model(frame, NewMessage)
            taken = await take(websocket, ticket, form)
        except BacktalkError as error:
            await _tell(
                websocket, {"type": "error", "client_id": client_id, "code": error.code, "detail": error.detail}
            )
        else:
            await _tell(websocket, {"type": "accepted", "client_id": form.client_id, "seq": taken.seq})


async def _tell(websocket: WebSocket, document: dict[str, Any]) -> None:
    await websocket.send_text(orjson.dumps(document).decode())


async def _frame(websocket: WebSocket) -> Any:
    """One frame by the same strict reader as a body over HTTP; Invalid for what is not JSON text."""
    try:
        text = await websocket.receive_text()
    except KeyError:
        raise Invalid("A frame must be JSON text.") from None
    return parse_json(text.encode())


async def _until_first(*works: Awaitable[None]) -> None:
    """Run side by side until one ends; its error is raised, the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


routes: list[BaseRoute] = [WebSocketRoute("/chat/v1/{channel_key}/socket", socket)]
