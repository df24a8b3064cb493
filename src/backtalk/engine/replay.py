"""A recorded conversation run again, on the bot that had it or on a draft."""

from __future__ import annotations

from collections.abc import Iterable

from backtalk.engine.bot import Bot
from backtalk.engine.events import Event
from backtalk.engine.state import State
from backtalk.engine.step import Step, step


def replay(bot: Bot, state: State, events: Iterable[Event]) -> list[Step]:
    """One step per event, each from the state that the one before left."""
    steps = []
    for event in events:
        taken = step(bot, state, event)
        steps.append(taken)
        state = taken.state
    return steps
