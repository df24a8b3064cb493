"""The usual bounds let a person talk and stop a flood."""

from __future__ import annotations

from backtalk.errors import TooMany
from backtalk.http.chat_rates import ChatRates


def flood(rates: ChatRates) -> tuple[int, int]:
    """How many went through, and the seconds to wait that the first refusal names."""
    for taken in range(1_000):
        try:
            rates.messages.take("conversation 1")
        except TooMany as refused:
            return taken, refused.retry_after_s
    return 1_000, 0


def test_a_person_may_talk_and_a_flood_is_told_when_to_come_back() -> None:
    rates = ChatRates.usual()
    taken, wait_s = flood(rates)
    assert taken >= 60
    assert wait_s >= 1
    rates.messages.take("conversation 2")
    rates.sessions.take("203.0.113.9")
