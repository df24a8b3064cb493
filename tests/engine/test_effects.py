"""Effects are distinguished by their kind alone; those that are owed have a key."""

from __future__ import annotations

from typing import get_args

from backtalk.engine.effects import CallApi, Effect, SetTimer


def test_every_effect_has_a_kind_of_its_own() -> None:
    kinds = [kind.__dataclass_fields__["kind"].default for kind in get_args(Effect)]
    assert len(set(kinds)) == len(kinds) == 6
    assert all(kind.__dataclass_params__.frozen for kind in get_args(Effect))


def test_what_is_owed_has_a_key() -> None:
    assert all("key" in kind.__dataclass_fields__ for kind in (CallApi, SetTimer))
