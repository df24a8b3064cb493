"""The pause for failing backends: row O09, with times given in."""

import pytest

from backtalk.outbound.breaker import LEAST_CALLS, PAUSE_S, WINDOW_S, Breaker, Breakers
from backtalk.outbound.failure import NoReply


def called(breaker: Breaker, now: float, *, fails: bool) -> None:
    breaker.record(breaker.admit(now), now, "timeout" if fails else None)


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(LEAST_CALLS):
        called(breaker, at, fails=True)
    assert breaker.open
    return breaker


def test_o09_seventy_of_a_hundred_failing_calls_open_it() -> None:
    breaker = Breaker()
    for index in range(LEAST_CALLS):
        called(breaker, 0.0, fails=index >= 3)
    with pytest.raises(NoReply, match="timeout") as caught:
        breaker.admit(0.1)
    assert caught.value.kind == "circuit_open"


def test_o09_fewer_failures_or_fewer_calls_leave_it_closed() -> None:
    breaker = Breaker()
    for index in range(60):
        called(breaker, 0.0, fails=index % 5 < 3)
    few = Breaker()
    for _ in range(LEAST_CALLS - 1):
        called(few, 0.0, fails=True)
    assert not breaker.open
    assert not few.open


def test_old_failures_do_not_count() -> None:
    breaker = Breaker()
    for index in range(LEAST_CALLS * 2):
        called(breaker, index * WINDOW_S / 5, fails=True)
    assert not breaker.open


def test_o09_exactly_one_probe_is_out_and_its_success_closes() -> None:
    breaker = opened()
    granted = breaker.admit(PAUSE_S)
    with pytest.raises(NoReply):
        breaker.admit(PAUSE_S)
    breaker.record(granted, PAUSE_S, None)
    assert not breaker.open
    assert breaker.admit(PAUSE_S) == "call"


def test_o09_a_failing_probe_lengthens_the_pause() -> None:
    breaker = opened()
    called(breaker, PAUSE_S, fails=True)
    with pytest.raises(NoReply):
        breaker.check(PAUSE_S + PAUSE_S * 1.5)
    assert breaker.admit(PAUSE_S * 3) == "probe"


def test_a_probe_that_was_given_up_leaves_room_for_the_next() -> None:
    breaker = opened()
    breaker.forget(breaker.admit(PAUSE_S))
    assert breaker.admit(PAUSE_S) == "probe"


def test_a_call_that_began_before_the_pause_changes_nothing() -> None:
    breaker = Breaker()
    early = breaker.admit(0.0)
    for _ in range(LEAST_CALLS):
        called(breaker, 0.0, fails=True)
    breaker.record(early, 1.0, None)
    assert breaker.open


def test_lanes_are_apart_and_their_number_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backtalk.outbound.breaker._LANES_REMEMBERED", 2)
    breakers = Breakers()
    first = breakers.of((1, "api:7"))
    assert breakers.of((1, "api:7")) is first
    assert breakers.of((2, "api:7")) is not first
    breakers.of((1, "api:7"))
    breakers.of((3, "api:7"))
    assert breakers.of((1, "api:7")) is first
    assert breakers.open_count() == 0
