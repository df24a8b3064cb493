"""Events are distinguished by their kind alone."""

from __future__ import annotations

from typing import get_args

from backtalk.engine.events import Event


def test_every_event_has_a_time_and_a_kind_of_its_own() -> None:
    kinds = [kind.__dataclass_fields__["kind"].default for kind in get_args(Event)]
    assert len(set(kinds)) == len(kinds) == 9
    assert all("at" in kind.__dataclass_fields__ for kind in get_args(Event))
    assert all(kind.__dataclass_params__.frozen for kind in get_args(Event))
