"""A door out for tests: it leads to loopback servers, and names resolve to what a test says."""

import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Sequence

from backtalk.exchange import HttpCall, HttpFailure, HttpReply
from backtalk.outbound import EgressPolicy, Limits, Outbound
from backtalk.outbound.resolver import NameServer
from backtalk.outbound.target import Address


class Names:
    """A name server for tests: each look-up takes the next list of addresses; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = [list(answer) for answer in answers]
        self.asked: list[str] = []

    async def addresses(self, host: str) -> list[Address]:
        self.asked.append(host)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return [ipaddress.ip_address(address) for address in answer]

    async def close(self) -> None:
        self._answers = [[]]


@contextlib.asynccontextmanager
async def door(
    *allow: str, names: NameServer | None = None, tls: ssl.SSLContext | None = None, limits: Limits | None = None
) -> AsyncIterator[Outbound]:
    """An Outbound that may reach these endpoints."""
    outbound = Outbound(EgressPolicy(allow), names=names or Names([]), tls=tls, limits=limits)
    try:
        yield outbound
    finally:
        await outbound.close()


async def send(
    outbound: Outbound,
    url: str,
    *,
    body: bytes = b"{}",
    timeout_s: float = 0.4,
    workspace_id: int = 1,
    lane: str = "api:7",
) -> HttpReply | HttpFailure:
    """A POST as a block would make it."""
    call = HttpCall("POST", url, (("Content-Type", "application/json"),), body, timeout_s)
    return await outbound.send(call, workspace_id=workspace_id, lane=lane)


async def failure(outbound: Outbound, url: str, *, timeout_s: float = 0.4, lane: str = "api:7") -> HttpFailure:
    """The same, for calls that must fail."""
    result = await send(outbound, url, timeout_s=timeout_s, lane=lane)
    assert isinstance(result, HttpFailure)
    return result
