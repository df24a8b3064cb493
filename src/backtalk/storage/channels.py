"""Channels of a workspace: where a bot talks. The key is public and names the channel to the outside; credentials are sealed.

`by_key` is the one look-up without a workspace: a visitor knows nothing but the key, and the row found says whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, insert, select, update

from backtalk.errors import NotFound
from backtalk.storage import bots
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import channels, conversations, from_us, time_us

_OF_WORKSPACE = channels.c.workspace_id == bindparam("workspace_id")
_THIS = (channels.c.id == bindparam("channel_id")) & _OF_WORKSPACE
_SHOWN = tuple(column for column in channels.c if column.name != "credentials")

_PAGE = statement(
    select(*_SHOWN)
    .where(_OF_WORKSPACE, channels.c.id > bindparam("after"))
    .order_by(channels.c.id)
    .limit(bindparam("limit"))
)
_GET = statement(select(*_SHOWN).where(_THIS))
_BY_KEY = statement(select(*_SHOWN).where(channels.c.key == bindparam("key")))
_CREDENTIALS = statement(select(channels.c.credentials).where(_THIS))
_INSERT = statement(
    insert(channels).values(
        workspace_id=bindparam("workspace_id"),
        type=bindparam("type"),
        name=bindparam("name"),
        bot_id=bindparam("bot_id"),
        key=bindparam("key"),
        config=bindparam("config"),
        connected=bindparam("connected"),
        created_at=bindparam("at"),
    )
)
_CHANGE = statement(
    update(channels)
    .where(_THIS)
    .values(name=bindparam("new_name"), bot_id=bindparam("new_bot_id"), config=bindparam("new_config"))
)
_MOVE_TALKS = statement(
    update(conversations)
    .where(
        conversations.c.channel_id == bindparam("channel_id"),
        conversations.c.workspace_id == bindparam("workspace_id"),
    )
    .values(bot_id=bindparam("new_bot_id"))
)
_CONNECT = statement(update(channels).where(_THIS).values(connected=bindparam("new_connected")))
_SEAL = statement(update(channels).where(_THIS).values(credentials=bindparam("new_credentials")))
_DELETE = statement(delete(channels).where(_THIS))


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel without its credentials. `config` may be read back by whoever manages the workspace."""

    id: int
    workspace_id: int
    type: str
    name: str
    bot_id: int
    key: str
    config: dict[str, Any]
    connected: bool
    created_at: datetime


def page(tx: Tx, workspace_id: int, *, after: int, limit: int) -> list[ChannelRow]:
    """Channels with an id above `after`, oldest first."""
    return [_row(row) for row in tx.all(_PAGE, workspace_id=workspace_id, after=after, limit=limit)]


def get(tx: Tx, workspace_id: int, channel_id: int) -> ChannelRow:
    row = tx.one(_GET, workspace_id=workspace_id, channel_id=channel_id)
    if row is None:
        raise NotFound
    return _row(row)


def by_key(tx: Tx, key: str) -> ChannelRow | None:
    """The channel of a public key; its `workspace_id` scopes everything that follows."""
    row = tx.one(_BY_KEY, key=key)
    return _row(row) if row else None


def create(
    tx: Tx,
    workspace_id: int,
    *,
    type: str,  # noqa: A002 - the column's name
    name: str,
    bot_id: int,
    key: str,
    config: dict[str, Any],
    credentials: dict[str, str],
    connected: bool,
    at: datetime,
) -> ChannelRow:
    """A new channel of a bot of the same workspace. `key` must be unguessable."""
    bots.get(tx, workspace_id, bot_id)
    channel_id = tx.insert(
        _INSERT,
        workspace_id=workspace_id,
        type=type,
        name=name,
        bot_id=bot_id,
        key=key,
        config=orjson.dumps(config).decode(),
        connected=connected,
        at=time_us(at),
    )
    save_credentials(tx, workspace_id, channel_id, credentials)
    return get(tx, workspace_id, channel_id)


def change(
    tx: Tx,
    workspace_id: int,
    channel_id: int,
    *,
    name: str | None = None,
    bot_id: int | None = None,
    config: dict[str, Any] | None = None,
) -> ChannelRow:
    """Change what is not None. With another bot, the channel's conversations go on with that bot."""
    old = get(tx, workspace_id, channel_id)
    if bot_id is not None and bot_id != old.bot_id:
        bots.get(tx, workspace_id, bot_id)
        tx.run(_MOVE_TALKS, workspace_id=workspace_id, channel_id=channel_id, new_bot_id=bot_id)
    tx.run(
        _CHANGE,
        workspace_id=workspace_id,
        channel_id=channel_id,
        new_name=old.name if name is None else name,
        new_bot_id=old.bot_id if bot_id is None else bot_id,
        new_config=orjson.dumps(old.config if config is None else config).decode(),
    )
    return get(tx, workspace_id, channel_id)


def set_connected(tx: Tx, workspace_id: int, channel_id: int, *, connected: bool) -> ChannelRow:
    tx.run(_CONNECT, workspace_id=workspace_id, channel_id=channel_id, new_connected=connected)
    return get(tx, workspace_id, channel_id)


def credentials(tx: Tx, workspace_id: int, channel_id: int) -> dict[str, str]:
    """The plaintext credentials; web chat has `identity_secret`."""
    row = tx.one(_CREDENTIALS, workspace_id=workspace_id, channel_id=channel_id)
    if row is None:
        raise NotFound
    if row["credentials"] is None:
        return {}
    opened = tx.sealer.unseal(
        row["credentials"], table="channels", workspace_id=workspace_id, row_id=channel_id, column="credentials"
    )
    values: dict[str, str] = orjson.loads(opened)
    return values


def save_credentials(tx: Tx, workspace_id: int, channel_id: int, values: dict[str, str]) -> None:
    """Replace the credentials."""
    sealed = tx.sealer.seal(
        orjson.dumps(values), table="channels", workspace_id=workspace_id, row_id=channel_id, column="credentials"
    )
    if not tx.run(_SEAL, workspace_id=workspace_id, channel_id=channel_id, new_credentials=sealed):
        raise NotFound


def remove(tx: Tx, workspace_id: int, channel_id: int) -> None:
    """Delete a channel with its customers and all that is held about them."""
    if not tx.run(_DELETE, workspace_id=workspace_id, channel_id=channel_id):
        raise NotFound


def _row(row: dict[str, Any]) -> ChannelRow:
    return ChannelRow(
        **{
            **row,
            "config": orjson.loads(row["config"]),
            "connected": bool(row["connected"]),
            "created_at": from_us(row["created_at"]),
        }
    )
