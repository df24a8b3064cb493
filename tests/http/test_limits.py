"""Token buckets."""

from __future__ import annotations

import pytest

from backtalk.errors import TooMany
from backtalk.http.limits import Buckets


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _used_up(buckets: Buckets, key: str) -> int:
    for _ in range(1_000):
        try:
            buckets.take(key)
        except TooMany as refused:
            return refused.retry_after_s
    raise AssertionError


def test_a_burst_then_a_steady_rate() -> None:
    clock = _Clock()
    buckets = Buckets(per_s=2, burst=3, clock=clock)
    for _ in range(3):
        buckets.take("a")
    with pytest.raises(TooMany):
        buckets.take("a")
    clock.now = 0.5
    buckets.take("a")
    with pytest.raises(TooMany):
        buckets.take("a")


def test_one_key_does_not_use_up_another() -> None:
    buckets = Buckets(per_s=1, burst=1, clock=_Clock())
    _used_up(buckets, "a")
    buckets.take("b")


def test_the_wait_is_told_in_whole_seconds() -> None:
    assert _used_up(Buckets(per_s=0.25, burst=1, clock=_Clock()), "a") == 4
    assert _used_up(Buckets(per_s=100, burst=1, clock=_Clock()), "a") == 1


def test_being_refused_costs_nothing() -> None:
    clock = _Clock()
    buckets = Buckets(per_s=1, burst=1, clock=clock)
    _used_up(buckets, "a")
    for _ in range(50):
        with pytest.raises(TooMany):
            buckets.take("a")
    clock.now = 1
    buckets.take("a")


def test_a22_memory_is_bounded_and_the_quietest_key_goes_first() -> None:
    buckets = Buckets(per_s=0.001, burst=1, most=2, clock=_Clock())
    for key in ("a", "b", "c"):
        buckets.take(key)
    assert len(buckets) == 2
    buckets.take("a")  # forgotten, so it may again
    with pytest.raises(TooMany):
        buckets.take("c")
