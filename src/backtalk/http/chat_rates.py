"""The bounds of the web chat: how often an address may begin and a conversation may speak."""

from __future__ import annotations

from dataclasses import dataclass

from backtalk.http.limits import Buckets


@dataclass(frozen=True, slots=True)
class ChatRates:
    sessions: Buckets
    """By address."""
    messages: Buckets
    """By conversation."""

    @classmethod
    def usual(cls) -> ChatRates:
        return cls(Buckets(per_s=2, burst=120), Buckets(per_s=10, burst=60))
