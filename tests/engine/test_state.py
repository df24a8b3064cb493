"""When a conversation is busy."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.engine.events import Said
from backtalk.engine.state import STATE_FORMAT, Asking, Calling, Pausing, Place
from tests.support.bots import T0, a_state

PLACE = Place(1, "a")


@pytest.mark.parametrize(
    ("parts", "busy"),
    [
        ({}, False),
        ({"asking": Asking(PLACE)}, False),
        ({"greeted": True, "blocks": 5, "counter": 2, "version": 3}, False),
        ({"calling": Calling(PLACE, {"call-1": 1})}, True),
        ({"pausing": Pausing(PLACE, "timer-1")}, True),
        ({"resuming": "backlog-1", "backlog": (Said(T0, "x"),)}, True),
    ],
)
def test_only_a_result_or_a_timer_can_go_on_with_what_is_busy(parts: dict[str, Any], busy: bool) -> None:
    assert a_state(**parts).busy is busy


def test_a_new_conversation_knows_nothing() -> None:
    state = a_state()
    assert (state.format, state.version, state.greeted, state.backlog, state.counter) == (
        STATE_FORMAT,
        None,
        False,
        (),
        0,
    )
