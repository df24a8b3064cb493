"""The web chat over plain HTTP: sessions, messages in and out. Plain handlers, for this is the hot path.

A token names a workspace and a conversation and is signed with the channel's key, so that a request needs no look-up to be let
in. Every read and write that follows names both, and an erased customer's token finds nothing.
"""

from __future__ import annotations

import asyncio
import hmac
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from backtalk.engine.events import Said, Started
from backtalk.engine.messages import storable
from backtalk.errors import Conflict, Forbidden, Invalid, NotFound, SignInRequired
from backtalk.http import chat_access
from backtalk.http.chat_forms import MAX_BODY_BYTES, NewMessage, NewSession
from backtalk.http.chat_token import Ticket
from backtalk.http.reading import json_response, read_model
from backtalk.runtime.services import Services
from backtalk.runtime.transcript import shown
from backtalk.runtime.turn import Press, Taken
from backtalk.storage import channels, conversations, messages
from backtalk.storage.channels import ChannelRow
from backtalk.storage.database import Tx
from backtalk.storage.messages import Line

MAX_WAIT_S = 25


async def open_session(request: Request) -> Response:
    services, form = chat_access.services(request), await read_model(request, NewSession, most=MAX_BODY_BYTES)
    chat_access.rates(request).sessions.take(request.client.host if request.client else "")
    key = request.path_params["channel_key"]
    channel = await services.database.read(lambda tx: channels.by_key(tx, key))
    if channel is None:
        raise NotFound("There is no chat with this key.", hint="Copy the snippet again from Channels.")
    if not channel.connected:
        raise Conflict("This chat is closed.", hint="Connect the channel again in Channels.")
    _check_origin(request, channel)
    external_id = await _external_id(services, channel, form)
    profile = form.profile.model_dump(exclude_unset=True)
    profile = {
        name: storable(value) if isinstance(value, str) else value
        for name, value in profile.items()
        if value not in ("", None)
    }
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
            "token": chat_access.tokens(request).issue(ticket, channel.key),
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


async def post_message(request: Request) -> Response:
    ticket = chat_access.ticket(request)
    form = await read_model(request, NewMessage, most=MAX_BODY_BYTES)
    taken = await take(request, ticket, form)
    return json_response({"seq": taken.seq}, 202)


async def get_messages(request: Request) -> Response:
    services, ticket = chat_access.services(request), chat_access.ticket(request)
    after = chat_access.number(request, "after", 0, 2**31)
    wait_s = chat_access.number(request, "wait", 0, MAX_WAIT_S)
    listener = services.live.listen(ticket.conversation_id)
    try:
        lines = await read(services, ticket, after)
        if not lines and wait_s and not services.draining:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await listener.wait()
            lines = await read(services, ticket, after)
        _, typing = listener.take()
    finally:
        services.live.leave(ticket.conversation_id, listener)
    body: dict[str, Any] = {"messages": [shown(line) for line in lines], "cursor": lines[-1].seq if lines else after}
    if typing is not None:
        body["typing"] = typing
    return json_response(body)


def _check_origin(request: Request, channel: ChannelRow) -> None:
    """A browser on a site that is not listed gets no session; an empty list allows every site."""
    allowed = channel.config.get("allowed_origins") or []
    origin = request.headers.get("origin", "").rstrip("/").lower()
    if not allowed or not origin or origin == str(request.base_url).rstrip("/").lower():
        return
    if origin not in {str(site).rstrip("/").lower() for site in allowed}:
        raise Forbidden("This chat is not open to this site.", hint="Add the site to the channel's allowed origins.")


async def take(connection: HTTPConnection, ticket: Ticket, form: NewMessage) -> Taken:
    services = chat_access.services(connection)
    chat_access.rates(connection).messages.take(str(ticket.conversation_id))
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
        raise _gone() from None


async def read(services: Services, ticket: Ticket, after: int) -> list[Line]:
    """The messages after a number. Raises SignInRequired when the conversation was erased."""
    scope = {"workspace_id": ticket.workspace_id, "conversation_id": ticket.conversation_id}

    def work(tx: Tx) -> list[Line]:
        lines = messages.after_seq(tx, **scope, after=after)
        if not lines and not conversations.exists(tx, **scope):
            raise _gone()
        return lines

    return await services.database.read(work)


def _gone() -> SignInRequired:
    return SignInRequired("This chat is gone.", hint="Open a new session.")


routes: list[BaseRoute] = [
    Route("/chat/v1/{channel_key}/sessions", open_session, methods=["POST"]),
    Route("/chat/v1/{channel_key}/messages", post_message, methods=["POST"]),
    Route("/chat/v1/{channel_key}/messages", get_messages, methods=["GET"]),
]
