"""Drafts as they are edited, and their way to being live: what is kept must have the shape of a bot, what is published no errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from backtalk.blocks import Document, problems_of, read_document, to_bot
from backtalk.engine.block import ApiSummary
from backtalk.engine.bot import Bot
from backtalk.errors import Invalid, Problem, TooLarge
from backtalk.storage import apis, bots, versions
from backtalk.storage.bots import Draft
from backtalk.storage.database import Database, Tx

MAX_DOCUMENT_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A draft with what keeps it from working."""

    revision: int
    document: dict[str, Any]
    problems: list[Problem]


def normal(document: Any) -> dict[str, Any]:
    """A document (JSON that can be stored) in the form that is stored; raises Invalid naming each field whose shape is wrong, or TooLarge.

    Only what was sent stands in it: a field that was left out keeps meaning its default.
    """
    read = read_document(document)
    kept: dict[str, Any] = read.model_dump(mode="json", exclude_unset=True, by_alias=True)
    kept.setdefault("triggers", {})
    kept.setdefault("sequences", [])
    for sequence in kept["sequences"]:
        sequence.setdefault("blocks", [])
    if len(orjson.dumps(kept)) > MAX_DOCUMENT_BYTES:
        raise TooLarge(
            "The bot is too large.", hint=f"A document may have {MAX_DOCUMENT_BYTES} bytes; split it into two bots."
        )
    return kept


def bot_of(document: dict[str, Any]) -> Bot:
    """A stored document as a bot without a number."""
    return to_bot(Document.model_validate(document))


async def load(database: Database, workspace_id: int, bot_id: int) -> Judged:
    """The draft with its problems. Raises NotFound."""

    def work(tx: Tx) -> tuple[Draft, Mapping[int, ApiSummary]]:
        return bots.draft(tx, workspace_id, bot_id), apis.summaries(tx, workspace_id)

    draft, known = await database.read(work)
    return Judged(draft.revision, draft.document, problems_of(bot_of(draft.document), apis=known))


async def save(database: Database, workspace_id: int, bot_id: int, *, revision: int, document: Any) -> Judged:
    """Replace the draft. Raises NotFound, Conflict for an old revision, Invalid or TooLarge for the document; then nothing is stored."""
    kept = normal(document)

    def work(tx: Tx) -> int:
        return bots.save_draft(tx, workspace_id, bot_id, revision=revision, document=kept, at=datetime.now(UTC))

    await database.write(work)
    return await load(database, workspace_id, bot_id)


async def restore(database: Database, workspace_id: int, bot_id: int, number: int) -> Judged:
    """Make a published version the newest draft; what is live stays live until that is published."""
    await database.write(lambda tx: versions.restore(tx, workspace_id, bot_id, number, datetime.now(UTC)))
    return await load(database, workspace_id, bot_id)


async def publish(database: Database, workspace_id: int, bot_id: int, *, note: str = "") -> int:
    """Make the draft the live version; its number. Raises NotFound, or Invalid with what must be mended first.

    Conversations that are inside a run finish it on the version that they began with (row N02).
    """
    judged = await load(database, workspace_id, bot_id)
    errors = tuple(problem for problem in judged.problems if problem.severity == "error")
    if errors:
        raise Invalid(
            f"The draft has {len(errors)} problem{'s' if len(errors) > 1 else ''} that would break conversations.",
            hint="Mend what is named in problems, then publish again.",
            problems=errors,
        )
    return await database.write(
        lambda tx: versions.publish(tx, workspace_id, bot_id, revision=judged.revision, note=note, at=datetime.now(UTC))
    )
