"""Channels over HTTP. Secrets are answered once, when they are made, and never again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from secrets import token_hex, token_urlsafe
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field, StringConstraints

from backtalk.http.auth import Access, Admin, Viewer
from backtalk.http.chat_access import services as services_of
from backtalk.http.forms import After, Form, Id, Limit, Name, Page, RowId, Shown
from backtalk.storage import channels
from backtalk.storage.database import Tx

router = APIRouter()


_ORIGIN = re.compile(r"https?://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")


def _origin(text: str) -> str:
    """Scheme, host and port, as a browser sends it; it also stands in a Content-Security-Policy."""
    bare = text.strip().rstrip("/").lower()
    if not _ORIGIN.fullmatch(bare):
        raise ValueError("An origin is scheme, host and port, such as https://shop.example")
    return bare


Origin = Annotated[str, StringConstraints(max_length=300), AfterValidator(_origin)]


class WebchatConfig(Form):
    """How a web chat looks, and on which sites."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = ""
    """Above the chat; without it the channel's name."""
    greeting: Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)] = ""
    """Above the first message."""
    color: Annotated[str, StringConstraints(pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""
    """Of the customer's messages and the button, such as #0b7285."""
    theme: Literal["", "light", "dark"] = ""
    """Without it the one that the visitor's system has."""
    position: Literal["", "left", "right", "start"] = ""
    """The corner of the page."""
    lang: Annotated[str, StringConstraints(pattern=r"^([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3})?$")] = ""
    """The language of the chat's own words, such as `en`."""
    dir: Literal["", "ltr", "rtl"] = ""
    """Without it the language's own direction."""
    allowed_origins: Annotated[list[Origin], Field(max_length=100)] = []
    """Sites that may show the chat, such as https://shop.example; an empty list allows every site."""


class NewChannel(Form):
    """A new channel of a bot."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "type": "webchat",
                    "name": "Website",
                    "bot_id": 1,
                    "config": {"allowed_origins": ["https://shop.example"]},
                }
            ]
        }
    }

    type: Literal["webchat"] = "webchat"
    name: Name
    bot_id: RowId
    """Who answers."""
    config: WebchatConfig = WebchatConfig()


class ChannelChange(Form):
    """What is to change; what is left out stays."""

    model_config = {"json_schema_extra": {"examples": [{"name": "Shop page", "bot_id": 2}]}}

    name: Name | None = None
    bot_id: RowId | None = None
    """Another bot; running conversations go on with it."""
    config: WebchatConfig | None = None
    """Replaces the whole config."""


class ChannelShown(Shown):
    """A channel without its secrets."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "id": 1,
                    "type": "webchat",
                    "name": "Website",
                    "bot_id": 1,
                    "connected": True,
                    "key": "Jq0rT3uWbX8kPz5vN2sLdY7a",
                    "config": {"allowed_origins": ["https://shop.example"]},
                    "created_at": "2026-01-02T03:04:05Z",
                }
            ]
        }
    }

    id: int
    """`platform_id` in what backends receive."""
    type: str
    name: str
    bot_id: int
    connected: bool
    key: str
    """Public: names the channel in the page's snippet and in `/c/{key}`."""
    config: dict[str, Any]
    created_at: datetime


class IdentitySecret(Shown):
    """A secret that is shown this once."""

    identity_secret: str
    """Proves to the chat who somebody is: `user_hash` is the hex HMAC-SHA256 of `user_id` with it."""


class ChannelCreated(ChannelShown, IdentitySecret):
    """A new channel with its identity secret, which is shown this once."""


@router.get("/channels")
async def list_channels(request: Request, access: Viewer, limit: Limit = 50, after: After = 0) -> Page[ChannelShown]:
    """The channels of the workspace, oldest first."""
    rows = await services_of(request).database.read(
        lambda tx: channels.page(tx, access.workspace_id, after=after, limit=limit)
    )
    return Page(items=[_shown(row) for row in rows], next=rows[-1].id if len(rows) == limit else None)


@router.post("/channels", status_code=201)
async def create_channel(request: Request, access: Admin, form: NewChannel) -> ChannelCreated:
    """A new channel. A web chat is connected at once."""
    secret, key, now = token_hex(32), token_urlsafe(18), datetime.now(UTC)

    def work(tx: Tx) -> channels.ChannelRow:
        return channels.create(
            tx,
            access.workspace_id,
            type=form.type,
            name=form.name,
            bot_id=form.bot_id,
            key=key,
            config=form.config.model_dump(exclude_defaults=True),
            credentials={"identity_secret": secret},
            connected=True,
            at=now,
        )

    row = await services_of(request).database.write(work)
    return ChannelCreated(**_shown(row).model_dump(), identity_secret=secret)


@router.get("/channels/{channel_id}")
async def get_channel(request: Request, access: Viewer, channel_id: Id) -> ChannelShown:
    """One channel."""
    return _shown(
        await services_of(request).database.read(lambda tx: channels.get(tx, access.workspace_id, channel_id))
    )


@router.patch("/channels/{channel_id}")
async def change_channel(request: Request, access: Admin, channel_id: Id, form: ChannelChange) -> ChannelShown:
    """Change name, bot or config."""

    def work(tx: Tx) -> channels.ChannelRow:
        config = form.config.model_dump(exclude_defaults=True) if form.config else None
        return channels.change(tx, access.workspace_id, channel_id, name=form.name, bot_id=form.bot_id, config=config)

    return _shown(await services_of(request).database.write(work))


@router.delete("/channels/{channel_id}", status_code=204)
async def delete_channel(request: Request, access: Admin, channel_id: Id) -> None:
    """Delete a channel with its customers and conversations."""
    await services_of(request).database.write(lambda tx: channels.remove(tx, access.workspace_id, channel_id))


@router.post("/channels/{channel_id}/connect")
async def connect_channel(request: Request, access: Admin, channel_id: Id) -> ChannelShown:
    """Open a channel again."""
    return await _set_connected(request, access, channel_id, connected=True)


@router.post("/channels/{channel_id}/disconnect")
async def disconnect_channel(request: Request, access: Admin, channel_id: Id) -> ChannelShown:
    """Close a channel: nobody can write, no API is called. Its conversations stay."""
    return await _set_connected(request, access, channel_id, connected=False)


@router.post("/channels/{channel_id}/identity-secret")
async def renew_identity_secret(request: Request, access: Admin, channel_id: Id) -> IdentitySecret:
    """Make a new identity secret; the old one proves nothing from now on."""
    secret = token_hex(32)

    def work(tx: Tx) -> None:
        known = channels.credentials(tx, access.workspace_id, channel_id)
        channels.save_credentials(tx, access.workspace_id, channel_id, {**known, "identity_secret": secret})

    await services_of(request).database.write(work)
    return IdentitySecret(identity_secret=secret)


async def _set_connected(request: Request, access: Access, channel_id: int, *, connected: bool) -> ChannelShown:
    return _shown(
        await services_of(request).database.write(
            lambda tx: channels.set_connected(tx, access.workspace_id, channel_id, connected=connected)
        )
    )


def _shown(row: channels.ChannelRow) -> ChannelShown:
    return ChannelShown.model_validate(row)
