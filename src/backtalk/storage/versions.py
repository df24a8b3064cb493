"""Published versions of a bot: numbered from 1, never changed, and one of them live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, func, insert, select, update

from backtalk.errors import Conflict, NotFound
from backtalk.storage import bots as drafts
from backtalk.storage.database import Tx, statement
from backtalk.storage.schema import bots, from_us, time_us, versions

_OF_BOT = (versions.c.bot_id == bindparam("bot_id")) & (versions.c.workspace_id == bindparam("workspace_id"))
_BOT = (bots.c.id == bindparam("bot_id")) & (bots.c.workspace_id == bindparam("workspace_id"))

_PAGE = statement(
    select(versions.c.number, versions.c.note, versions.c.published_at)
    .where(_OF_BOT, versions.c.number < bindparam("before"))
    .order_by(versions.c.number.desc())
    .limit(bindparam("limit"))
)
_DOCUMENT = statement(select(versions.c.document).where(_OF_BOT, versions.c.number == bindparam("number")))
_LAST = statement(select(func.max(versions.c.number).label("number")).where(_OF_BOT))
_LIVE_NUMBER = statement(select(bots.c.live_version).where(_BOT))
_INSERT = statement(
    insert(versions).values(
        bot_id=bindparam("bot_id"),
        workspace_id=bindparam("workspace_id"),
        number=bindparam("number"),
        document=bindparam("document"),
        note=bindparam("note"),
        published_at=bindparam("at"),
    )
)
_SET_LIVE = statement(update(bots).where(_BOT).values(live_version=bindparam("number")))

NEWEST = 2**31 - 1
"""Above every version number: where a list of versions starts."""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version without its document."""

    number: int
    note: str
    published_at: datetime


def page(tx: Tx, workspace_id: int, bot_id: int, *, before: int = NEWEST, limit: int) -> list[VersionRow]:
    """Versions with a number below `before`, newest first."""
    drafts.get(tx, workspace_id, bot_id)
    rows = tx.all(_PAGE, workspace_id=workspace_id, bot_id=bot_id, before=before, limit=limit)
    return [VersionRow(row["number"], row["note"], from_us(row["published_at"])) for row in rows]


def publish(tx: Tx, workspace_id: int, bot_id: int, *, revision: int, note: str, at: datetime) -> int:
    """Make the draft the live version if it is still at `revision`, which the caller has checked; its number."""
    draft = drafts.draft(tx, workspace_id, bot_id)
    if draft.revision != revision:
        raise Conflict("The draft has changed while it was being published.", hint="Publish again.")
    last = tx.one(_LAST, workspace_id=workspace_id, bot_id=bot_id)
    number: int = ((last and last["number"]) or 0) + 1
    tx.run(
        _INSERT,
        workspace_id=workspace_id,
        bot_id=bot_id,
        number=number,
        document=orjson.dumps(draft.document).decode(),
        note=note,
        at=time_us(at),
    )
    tx.run(_SET_LIVE, workspace_id=workspace_id, bot_id=bot_id, number=number)
    return number


def restore(tx: Tx, workspace_id: int, bot_id: int, number: int, at: datetime) -> drafts.Draft:
    """Make a version's document the newest draft. What is live stays live until that is published."""
    document = version(tx, workspace_id, bot_id, number)
    revision = drafts.draft(tx, workspace_id, bot_id).revision
    return drafts.Draft(
        drafts.save_draft(tx, workspace_id, bot_id, revision=revision, document=document, at=at), document
    )


def version(tx: Tx, workspace_id: int, bot_id: int, number: int) -> dict[str, Any]:
    """The document of one version."""
    row = tx.one(_DOCUMENT, workspace_id=workspace_id, bot_id=bot_id, number=number)
    if row is None:
        raise NotFound
    document: dict[str, Any] = orjson.loads(row["document"])
    return document


def live_number(tx: Tx, workspace_id: int, bot_id: int) -> int | None:
    """The number of the live version; None when the bot was never published or is not there."""
    row = tx.one(_LIVE_NUMBER, workspace_id=workspace_id, bot_id=bot_id)
    return row["live_version"] if row else None


def live(tx: Tx, workspace_id: int, bot_id: int) -> tuple[int, dict[str, Any]] | None:
    """The live version with its document; None when there is none."""
    number = live_number(tx, workspace_id, bot_id)
    return None if number is None else (number, version(tx, workspace_id, bot_id, number))
