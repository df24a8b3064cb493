"""Where an API is used: in which blocks of which drafts and live versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backtalk.errors import Problem, Where
from backtalk.runtime.references import apis_used
from backtalk.storage import bots, versions
from backtalk.storage.database import Tx

_PAGE = 100


def where_used(tx: Tx, workspace_id: int, api_id: int) -> list[Problem]:
    """One finding per block of a draft or a live version that names the API."""
    return [
        Problem(
            "in_use",
            f"Bot “{bot.name}”, {kind}: sequence “{sequence.get('name', '')}” uses it in the block {block.get('id')}.",
            "Take it out of the block, or choose another API there.",
            Where(sequence=sequence.get("id"), block=block.get("id"), path=f"/bots/{bot.id}"),
        )
        for bot in _every_bot(tx, workspace_id)
        for kind, document in _documents(tx, workspace_id, bot)
        for sequence in document.get("sequences", ())
        for block in sequence.get("blocks", ())
        if api_id in apis_used({"sequences": [{**sequence, "blocks": [block]}]})
    ]


def _every_bot(tx: Tx, workspace_id: int) -> Iterator[bots.BotRow]:
    after = 0
    while found := bots.page(tx, workspace_id, after=after, limit=_PAGE):
        yield from found
        after = found[-1].id


def _documents(tx: Tx, workspace_id: int, bot: bots.BotRow) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "draft", bots.draft(tx, workspace_id, bot.id).document
    live = versions.live(tx, workspace_id, bot.id)
    if live:
        yield f"live version {live[0]}", live[1]
