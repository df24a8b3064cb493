"""The web chat: sessions, messages in and out, the socket. Plain handlers, for this is the hot path.

A token names a workspace and a conversation and is signed with the channel's key, so that a request needs no look-up to be let in. Every
read and write that follows names both, and an erased customer's token finds nothing.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from backtalk.engine.customer import MAX_TIMEZONE_H
from backtalk.engine.events import Said, Started
from backtalk.engine.messages import storable
from backtalk.errors import BacktalkError, Conflict, Forbidden, Invalid, NotFound, SignInRequired
from backtalk.http.chat_token import ChatTokens, Ticket
from backtalk.http.reading import json_response, parse_model, read_model
from backtalk.runtime.live import Listener
from backtalk.runtime.services import Services
from backtalk.runtime.transcript import shown
from backtalk.runtime.turn import Press, Taken
from backtalk.storage import channels, conversations
from backtalk.storage.channels import ChannelRow
from backtalk.storage.conversations import Line
from backtalk.storage.database import Tx

MAX_TEXT_CHARS = 10_000
MAX_BODY_BYTES = 65_536
MAX_WAIT_S = 25
HELLO_S = 10
PING_S = 25

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Profile(Form):
    """What the page knows of its visitor."""

    avatar: ShortText = ""
    first_name: ShortText = ""
    last_name: ShortText = ""
    full_name: ShortText = ""
    gender: ShortText = ""
    locale: ShortText = ""
    language: ShortText = ""
    phone: ShortText = ""
    email: ShortText = ""
    timezone: Annotated[float, Field(ge=-MAX_TIMEZONE_H, le=MAX_TIMEZONE_H)] | None = None
    """Hours east of UTC."""


class NewSession(Form):
    """Begins a chat; with `user_id` and `user_hash` it is the same person's chat on every device."""

    profile: Profile = Profile()
    user_id: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """The person's id in your own system."""
    user_hash: Annotated[str, StringConstraints(max_length=128)] | None = None
    """Hex HMAC-SHA256 of `user_id` with the channel's identity secret."""


class PressForm(Form):
    """Names a button by its place."""

    seq: Annotated[int, Field(ge=1)]
    """The message."""
    index: Annotated[int, Field(ge=0)] | Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2, max_length=2)]
    """The button's index, or the card's and the button's."""

    def place(self) -> tuple[int, ...]:
        return (self.index,) if isinstance(self.index, int) else tuple(self.index)


class NewMessage(Form):
    """Something that the customer wrote or pressed: one of the two."""

    client_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
    """Chosen by the client; the same one again changes nothing and gets the same answer."""
    text: Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS)] | None = None
    press: PressForm | None = None
    type: Literal["message"] | None = None
    """May stand in a frame of the socket."""


# --- sessions


async def open_session(request: Request) -> Response:
    services, form = _services(request), await read_model(request, NewSession, most=MAX_BODY_BYTES)
    request.app.state.chat_rates.sessions.take(_address(request))
    key = request.path_params["channel_key"]
    channel = await services.database.read(lambda tx: channels.by_key(tx, key))
    if channel is None:
        raise NotFound("There is no chat with this key.", hint="Copy the snippet again from Channels.")
    if not channel.connected:
        raise Conflict("This chat is closed.", hint="Connect the channel again in Channels.")
    _check_origin(request, channel)
    external_id = await _external_id(services, channel, form)
    profile = {name: clean(value) for name, value in form.profile.model_dump(exclude_unset=True).items()}
    profile = {name: value for name, value in profile.items() if value not in ("", None)}
    now = datetime.now(UTC)

    def work(tx: Tx) -> conversations.Opened:
        return conversations.open_conversation(
            tx,
            workspace_id=channel.workspace_id,
            channel_id=channel.id,
            bot_id=channel.bot_id,
            external_id=external_id,
            profile=profile,
            at=now,
        )

    opened = await services.database.write(work)
    if opened.last_seq == 0:
        await services.turns.take(
            workspace_id=channel.workspace_id,
            conversation_id=opened.conversation_id,
            event=Started(now),
            external_id="started",
        )
    ticket = Ticket(channel.workspace_id, opened.conversation_id)
    return json_response(
        {
            "token": _tokens(request).issue(ticket, channel.key),
            "uid": opened.customer_id,
            "conversation_id": opened.conversation_id,
            "cursor": 0,
        },
        201,
    )


async def _external_id(services: Services, channel: ChannelRow, form: NewSession) -> str:
    """Who this is on the channel: the site's own user if the page can prove it, else somebody new."""
    if form.user_id is None:
        return f"anonymous:{token_urlsafe(18)}"
    credentials = await services.database.read(lambda tx: channels.credentials(tx, channel.workspace_id, channel.id))
    wanted = hmac.new(credentials["identity_secret"].encode(), form.user_id.encode(), sha256).hexdigest()
    given = (form.user_hash or "").lower()
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        raise Forbidden(
            "user_hash does not fit user_id.",
            hint="Send the hex HMAC-SHA256 of user_id with this channel's identity secret, made on your server.",
        )
    return f"user:{storable(form.user_id)}"


# --- messages


async def post_message(request: Request) -> Response:
    ticket = _ticket(request)
    form = await read_model(request, NewMessage, most=MAX_BODY_BYTES)
    taken = await _take(request, ticket, form)
    return json_response({"seq": taken.seq}, 202)


async def get_messages(request: Request) -> Response:
    services, ticket = _services(request), _ticket(request)
    after = _number(request, "after", 0, 2**31)
    wait_s = _number(request, "wait", 0, MAX_WAIT_S)
    listener = services.live.listen(ticket.conversation_id)
    try:
        lines = await _read(services, ticket, after)
        if not lines and wait_s and not services.draining:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await listener.wait()
            lines = await _read(services, ticket, after)
        _, typing = listener.take()
    finally:
        services.live.leave(ticket.conversation_id, listener)
    body: dict[str, Any] = {"messages": [shown(line) for line in lines], "cursor": lines[-1].seq if lines else after}
    if typing is not None:
        body["typing"] = typing
    return json_response(body)


async def _take(connection: HTTPConnection, ticket: Ticket, form: NewMessage) -> Taken:
    services = _services(connection)
    connection.app.state.chat_rates.messages.take(str(ticket.conversation_id))
    now = datetime.now(UTC)
    event: Said | Press
    if form.text is not None and form.press is None:
        text = storable(form.text)
        if not text.strip():
            raise Invalid("text is empty.", hint="Write something.")
        event = Said(now, text)
    elif form.press is not None and form.text is None:
        event = Press(now, form.press.seq, form.press.place())
    else:
        raise Invalid("Send either text or press.", hint='{"client_id": "…", "text": "…"}')
    try:
        return await services.turns.take(
            workspace_id=ticket.workspace_id,
            conversation_id=ticket.conversation_id,
            event=event,
            external_id=f"in:{form.client_id}",
            client_id=form.client_id,
        )
    except NotFound:
        raise SignInRequired("This chat is gone.", hint="Open a new session.") from None


async def _read(services: Services, ticket: Ticket, after: int) -> list[Line]:
    return await services.database.read(
        lambda tx: conversations.messages_after(
            tx, workspace_id=ticket.workspace_id, conversation_id=ticket.conversation_id, after=after
        )
    )


# --- socket


async def socket(websocket: WebSocket) -> None:
    """Pushes what comes after `after`, takes the same posts as `/messages`. The token is the sub-protocol or the first frame."""
    services = _services(websocket)
    offered = websocket.scope.get("subprotocols") or []
    await websocket.accept(subprotocol="backtalk" if "backtalk" in offered else None)
    with suppress(WebSocketDisconnect, RuntimeError):
        try:
            ticket = await _greet(websocket, offered)
            after = _number(websocket, "after", 0, 2**31)
        except BacktalkError as error:
            await websocket.send_json({"type": "error", "code": error.code, "detail": error.detail})
            await websocket.close(4401)
            return
        listener = services.live.listen(ticket.conversation_id)
        try:
            await _until_first(_push(websocket, services, ticket, listener, after), _pull(websocket, ticket))
        finally:
            services.live.leave(ticket.conversation_id, listener)
        await websocket.close(1012 if services.draining else 1000)


async def _greet(websocket: WebSocket, offered: list[str]) -> Ticket:
    tokens, key = _tokens(websocket), websocket.path_params["channel_key"]
    for protocol in offered:
        if protocol != "backtalk":
            return tokens.read(protocol, key)
    try:
        async with asyncio.timeout(HELLO_S):
            hello = await websocket.receive_json()
    except (TimeoutError, ValueError, KeyError):
        raise SignInRequired("The first frame must hold the token.", hint='{"token": "…"}') from None
    return tokens.read(str(hello.get("token", "")) if isinstance(hello, dict) else "", key)


async def _push(websocket: WebSocket, services: Services, ticket: Ticket, listener: Listener, after: int) -> None:
    lines = await _read(services, ticket, after)
    while lines:  # what came before, page by page
        after = await _send(websocket, lines, after)
        lines = await _read(services, ticket, after)
    await websocket.send_json({"type": "ready", "cursor": after})
    while not services.draining:
        await listener.wait()
        missed, listener.missed = listener.missed, False
        lines, typing = listener.take()
        if missed or (lines and lines[0].seq > after + 1):
            lines = await _read(services, ticket, after)
        after = await _send(websocket, lines, after)
        if typing is not None:
            await websocket.send_json({"type": "typing", "on": typing})


async def _send(websocket: WebSocket, lines: list[Line], after: int) -> int:
    """Send what is new, each once; the seq that was reached."""
    for line in lines:
        if line.seq > after:
            await websocket.send_json({"type": "message", "message": shown(line)})
            after = line.seq
    return after


async def _pull(websocket: WebSocket, ticket: Ticket) -> None:
    while True:
        try:
            frame = await websocket.receive_json()
        except (ValueError, KeyError):
            await websocket.send_json({"type": "error", "code": "invalid", "detail": "A frame must be JSON text."})
            continue
        if isinstance(frame, dict) and frame.get("type") == "ping":
            await websocket.send_json({"type": "pong"})
            continue
        client_id = frame.get("client_id") if isinstance(frame, dict) else None
        try:
            form = read_frame(frame)
            taken = await _take(websocket, ticket, form)
        except BacktalkError as error:
            await websocket.send_json(
                {"type": "error", "client_id": client_id, "code": error.code, "detail": error.detail}
            )
        else:
            await websocket.send_json({"type": "accepted", "client_id": form.client_id, "seq": taken.seq})


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


# --- what requests carry


def read_frame(frame: object) -> NewMessage:
    """A frame of the socket as the message that it posts."""
    return parse_model(frame, NewMessage)


def _services(connection: HTTPConnection) -> Services:
    services: Services = connection.app.state.services
    return services


def _tokens(connection: HTTPConnection) -> ChatTokens:
    tokens: ChatTokens = connection.app.state.chat_tokens
    return tokens


def _ticket(request: Request) -> Ticket:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise SignInRequired("This chat needs a session.", hint="Send `Authorization: Bearer <token>`.")
    return _tokens(request).read(token.strip(), request.path_params["channel_key"])


def _check_origin(request: Request, channel: ChannelRow) -> None:
    """A browser on a site that is not listed gets no session; an empty list allows every site."""
    allowed = channel.config.get("allowed_origins") or []
    origin = request.headers.get("origin", "").rstrip("/").lower()
    if not allowed or not origin or origin == str(request.base_url).rstrip("/").lower():
        return
    if origin not in {str(site).rstrip("/").lower() for site in allowed}:
        raise Forbidden(f"This chat is not open to {origin}.", hint="Add the site to the channel's allowed origins.")


def _number(connection: HTTPConnection, name: str, least: int, most: int) -> int:
    text = connection.query_params.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > 12 or not least <= int(text) <= most:  # noqa: PLR2004
        raise Invalid(f"{name} must be a whole number from {least} to {most}.", hint=f"?{name}=0")
    return int(text)
