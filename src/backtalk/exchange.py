"""One HTTP exchange as values: what is to be sent, what came back, and why nothing usable came back.

`backend` and `channels` make and read these values; only `outbound` turns a call into a reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Headers = tuple[tuple[str, str], ...]

FailureKind = Literal[
    "timeout", "unreachable", "blocked_address", "tls", "redirect", "too_large", "encoding", "busy", "circuit_open"
]


@dataclass(frozen=True, slots=True)
class HttpCall:
    """A request to be made. `url` is absolute http(s); header names and values are already checked for control characters."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    timeout_s: float = 5.0
    """Wall clock for the whole exchange, name look-up to last byte."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A whole answer that arrived in time and within the bounds; any status but a redirect."""

    status: int
    headers: Headers
    body: bytes
    ms: int

    def header(self, name: str) -> str:
        """The first value of a header, case-insensitively; "" when it is absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")


@dataclass(frozen=True, slots=True)
class HttpFailure:
    """No usable answer. `message` names cause and cure for the bot's author and holds no secret."""

    kind: FailureKind
    message: str
    ms: int
    status: int | None = None
    headers: Headers = ()
