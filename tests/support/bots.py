"""Bots for tests, written down as short as they can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from backtalk.blocks import read_bot
from backtalk.engine.bot import Bot
from backtalk.engine.customer import Customer
from backtalk.engine.state import State

T0 = datetime(2026, 11, 23, 9, 0, 0, 123456, tzinfo=UTC)
"""When every test conversation begins."""


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def a_document(
    *blocks: dict[str, Any],
    sequences: Mapping[int, Sequence[dict[str, Any]]] | None = None,
    welcome: int | None = 1,
    default: int | None = 1,
    keywords: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """`blocks` make sequence 1, the default and the welcome. Blocks without an id get one: `1.0` is the first of sequence 1."""
    listed = {**({1: blocks} if blocks else {}), **(sequences or {})}
    return {
        "name": "Shop",
        "triggers": {"welcome": welcome, "default": default, "keywords": list(keywords)},
        "sequences": [
            {
                "id": number,
                "name": f"Sequence {number}",
                "blocks": [{"id": f"{number}.{index}", **block} for index, block in enumerate(items)],
            }
            for number, items in listed.items()
        ],
    }


def a_bot(*blocks: dict[str, Any], number: int | None = None, **more: Any) -> Bot:
    return read_bot(a_document(*blocks, **more), number=number)


def a_customer(**fields: Any) -> Customer:
    return Customer(**{"id": 7, "channel_id": 3, "created_at": T0, "first_name": "Ada", **fields})


def a_state(**fields: Any) -> State:
    return State(**{"customer": a_customer(), **fields})


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}
