"""Bots of a workspace and their drafts. Ids of sequences are given out here, one counter per bot, and never reused.

A draft is work in progress: any document of the outer shape is kept, finished or not. Only `versions` run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, insert, select, update

from backtalk.errors import Conflict, Invalid, NotFound, Problem, Where
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import bots, channels, from_us, time_us

_OF_WORKSPACE = bots.c.workspace_id == bindparam("workspace_id")
_THIS = (bots.c.id == bindparam("bot_id")) & _OF_WORKSPACE
_HEAD = (
    bots.c.id,
    bots.c.name,
    bots.c.revision,
    bots.c.live_version,
    bots.c.last_sequence_id,
    bots.c.created_at,
    bots.c.updated_at,
)

_PAGE = statement(
    select(*_HEAD).where(_OF_WORKSPACE, bots.c.id > bindparam("after")).order_by(bots.c.id).limit(bindparam("limit"))
)
_HEAD_OF = statement(select(*_HEAD).where(_THIS))
_NAMED = statement(select(*_HEAD).where(_OF_WORKSPACE, bots.c.name == bindparam("name")).order_by(bots.c.id).limit(2))
_DRAFT_OF = statement(select(bots.c.revision, bots.c.draft, bots.c.last_sequence_id).where(_THIS))
_INSERT = statement(
    insert(bots).values(
        workspace_id=bindparam("workspace_id"),
        name=bindparam("name"),
        draft=bindparam("draft"),
        revision=1,
        last_sequence_id=0,
        created_at=bindparam("at"),
        updated_at=bindparam("at"),
    )
)
_SAVE = statement(
    update(bots)
    .where(_THIS, bots.c.revision == bindparam("old_revision"))
    .values(
        revision=bindparam("new_revision"),
        draft=bindparam("new_draft"),
        name=bindparam("new_name"),
        last_sequence_id=bindparam("new_last_sequence_id"),
        updated_at=bindparam("at"),
    )
)
_DELETE = statement(delete(bots).where(_THIS))
_USERS = statement(
    select(channels.c.id, channels.c.name)
    .where(channels.c.bot_id == bindparam("bot_id"), channels.c.workspace_id == bindparam("workspace_id"))
    .order_by(channels.c.id)
    .limit(20)
)
_USE_POST = "New sequences get their ids from `POST /bots/{id}/sequences`; add them there first."


@dataclass(frozen=True, slots=True)
class BotRow:
    """A bot without its document. `live_version` is None until it is published."""

    id: int
    name: str
    revision: int
    live_version: int | None
    last_sequence_id: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """`revision` rises by one with each change; who saves names the one that was loaded."""

    revision: int
    document: dict[str, Any]


def page(tx: Tx, workspace_id: int, *, after: int, limit: int) -> list[BotRow]:
    """Bots with an id above `after`, oldest first."""
    return [_row(row) for row in tx.all(_PAGE, workspace_id=workspace_id, after=after, limit=limit)]


def get(tx: Tx, workspace_id: int, bot_id: int) -> BotRow:
    row = tx.one(_HEAD_OF, workspace_id=workspace_id, bot_id=bot_id)
    if row is None:
        raise NotFound
    return _row(row)


def named(tx: Tx, workspace_id: int, name: str) -> list[BotRow]:
    """Up to two bots of this name, so that a caller sees whether it is unambiguous."""
    return [_row(row) for row in tx.all(_NAMED, workspace_id=workspace_id, name=name)]


def create(tx: Tx, workspace_id: int, name: str, at: datetime) -> BotRow:
    """A bot with an empty draft."""
    document = {
        "name": name,
        "triggers": {"welcome": None, "default": None, "keywords": []},
        "sequences": [],
    }
    bot_id = tx.insert(_INSERT, workspace_id=workspace_id, name=name, draft=_text(document), at=time_us(at))
    return get(tx, workspace_id, bot_id)


def rename(tx: Tx, workspace_id: int, bot_id: int, name: str, at: datetime) -> BotRow:
    """The document holds the name, so this is a new revision of the draft."""
    old = draft(tx, workspace_id, bot_id)
    if old.document["name"] != name:
        save_draft(tx, workspace_id, bot_id, revision=old.revision, document={**old.document, "name": name}, at=at)
    return get(tx, workspace_id, bot_id)


def remove(tx: Tx, workspace_id: int, bot_id: int) -> None:
    """Delete a bot and its versions. One that a channel uses stays (conversations always have the bot of their channel)."""
    bot = get(tx, workspace_id, bot_id)
    users = tx.all(_USERS, workspace_id=workspace_id, bot_id=bot_id)
    if users:
        raise Conflict(
            f"The bot “{bot.name}” still answers on a channel.",
            hint="Give these channels another bot or delete them, then delete the bot.",
            problems=tuple(
                Problem("in_use", f"Channel “{user['name']}” uses it.", where=Where(path=f"/channels/{user['id']}"))
                for user in users
            ),
        )
    tx.run(_DELETE, workspace_id=workspace_id, bot_id=bot_id)


def draft(tx: Tx, workspace_id: int, bot_id: int) -> Draft:
    row = _draft_row(tx, workspace_id, bot_id)
    return Draft(row["revision"], orjson.loads(row["draft"]))


def save_draft(tx: Tx, workspace_id: int, bot_id: int, *, revision: int, document: dict[str, Any], at: datetime) -> int:
    """Replace the draft if `revision` is still the newest; the new revision. The document has the outer shape already.

    Raises Conflict for an old revision and Invalid for a sequence whose id was never given out for this bot.
    """
    row = _draft_row(tx, workspace_id, bot_id)
    invented = tuple(
        Problem(
            "unknown_sequence_id",
            f"The sequence id {sequence['id']} was never given out for this bot.",
            _USE_POST,
            Where(sequence=sequence["id"], path=f"$.sequences[{index}].id"),
        )
        for index, sequence in enumerate(document["sequences"])
        if not 1 <= sequence["id"] <= row["last_sequence_id"]
    )
    if invented:
        raise Invalid("The document names sequences that do not exist.", hint=_USE_POST, problems=invented)
    return _save(tx, workspace_id, bot_id, revision, document, row["last_sequence_id"], at)


def add_sequence(tx: Tx, workspace_id: int, bot_id: int, name: str, at: datetime) -> tuple[int, int]:
    """Add an empty sequence to the draft: its id and the new revision."""
    row = _draft_row(tx, workspace_id, bot_id)
    document = orjson.loads(row["draft"])
    sequence_id: int = row["last_sequence_id"] + 1
    document["sequences"].append({"id": sequence_id, "name": name, "blocks": []})
    return sequence_id, _save(tx, workspace_id, bot_id, row["revision"], document, sequence_id, at)


def reserve_sequences(tx: Tx, workspace_id: int, bot_id: int, count: int, at: datetime) -> list[int]:
    """Give out ids for sequences that a following `save_draft` brings. This is a new revision of the same document."""
    row = _draft_row(tx, workspace_id, bot_id)
    last: int = row["last_sequence_id"] + count
    _save(tx, workspace_id, bot_id, row["revision"], orjson.loads(row["draft"]), last, at)
    return list(range(row["last_sequence_id"] + 1, last + 1))


def _save(
    tx: Tx, workspace_id: int, bot_id: int, revision: int, document: dict[str, Any], last_sequence_id: int, at: datetime
) -> int:
    touched = tx.run(
        _SAVE,
        workspace_id=workspace_id,
        bot_id=bot_id,
        old_revision=revision,
        new_revision=revision + 1,
        new_draft=_text(document),
        new_name=document["name"],
        new_last_sequence_id=last_sequence_id,
        at=time_us(at),
    )
    if not touched:
        raise Conflict(
            "The draft has changed since you loaded it.",
            hint="Load it again with `GET /bots/{id}/draft`, repeat your change on it, and send its revision.",
        )
    return revision + 1


def _draft_row(tx: Tx, workspace_id: int, bot_id: int) -> dict[str, Any]:
    row = tx.one(_DRAFT_OF, workspace_id=workspace_id, bot_id=bot_id)
    if row is None:
        raise NotFound
    return row


def _row(row: dict[str, Any]) -> BotRow:
    return BotRow(**{**row, "created_at": from_us(row["created_at"]), "updated_at": from_us(row["updated_at"])})


def _text(document: dict[str, Any]) -> str:
    return orjson.dumps(document).decode()
