"""The one door out: every request that this product makes to anywhere goes through `Outbound.send`.

Rules, in the order in which a call meets them:
1. The target is judged before anything else, and again for every address just before it is dialled (`guard`).
2. A paused lane ends the call at once (`breaker`); a full one makes it wait a little (`slots`). Neither wait is the backend's.
3. Then the deadline runs: one wall clock over look-up, connecting, TLS, sending and the last byte. It is judged by the
   time that passed, so an answer that is found late is late, whatever kept us from looking.
4. An answer is read strictly and within bounds (`answer`); anything else is a failure with a cause and a cure.
5. A request is written once. A kept-alive connection is looked at before its first byte, and replaced when the peer has
   closed it; once a byte may have left, nothing is tried again. The addresses of a name are raced while connecting.
6. No redirects, cookies, environment proxies, netrc or compression. Connections are never shared between workspaces.
"""

import asyncio
import ssl
import time
from collections import Counter
from typing import Final

from backtalk.exchange import HttpCall, HttpFailure, HttpReply
from backtalk.outbound.answer import Answer
from backtalk.outbound.breaker import Breakers
from backtalk.outbound.dial import Dialler, tls_context
from backtalk.outbound.failure import NoReply
from backtalk.outbound.guard import EgressPolicy
from backtalk.outbound.pool import Pool
from backtalk.outbound.request import request_bytes
from backtalk.outbound.resolver import NameServer, Resolver
from backtalk.outbound.slots import Limits, Slots
from backtalk.outbound.target import BadUrl, Target, read_target

_UNWELL: Final = frozenset({"timeout", "unreachable", "tls", "too_large"})
"""Failures that speak against the backend's health; a redirect or a refused address is a matter of configuration."""
_SERVER_ERROR: Final = 500


class Outbound:
    """Turns calls into replies. Use it inside one event loop; `close` it before the loop ends.

    `names` and `tls` are for the operator's own authorities and for tests; nothing of a tenant's reaches them.
    """

    def __init__(
        self,
        policy: EgressPolicy,
        *,
        limits: Limits | None = None,
        names: NameServer | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._slots = Slots(limits or Limits())
        self._breakers = Breakers()
        self._pool = Pool()
        self._names = names or Resolver()
        self._dialler = Dialler(policy, self._names, tls or tls_context())
        self._outcomes: Counter[str] = Counter()

    async def send(self, call: HttpCall, *, workspace_id: int, lane: str) -> HttpReply | HttpFailure:
        """Make the call. `lane` is what limits and pauses go by, such as "api:7". Never raises for what the world does."""
        clock = _Clock(call.timeout_s)
        try:
            answer = await self._admitted(call, workspace_id, lane, clock)
        except NoReply as failure:
            self._outcomes[failure.kind] += 1
            return HttpFailure(failure.kind, failure.message, clock.ms(), failure.status, failure.headers)
        self._outcomes["reply"] += 1
        return HttpReply(answer.status, answer.headers, answer.body, clock.ms())

    def snapshot(self) -> dict[str, int]:
        """Figures for metrics; the names are fixed, none comes from outside."""
        figures = {
            "in_flight": self._slots.in_flight,
            "waiting": self._slots.waiting,
            "idle_connections": self._pool.size,
            "open_circuits": self._breakers.open_count(),
        }
        return figures | {f"outcome_{kind}": count for kind, count in sorted(self._outcomes.items())}

    async def close(self) -> None:
        """Close what is kept open. Calls that are still out end by themselves, and keep nothing."""
        self._pool.close()
        await self._names.close()
        await asyncio.sleep(0)  # lets the transports finish closing

    async def _admitted(self, call: HttpCall, workspace_id: int, lane: str, clock: "_Clock") -> Answer:
        target = self._judged(call.url)
        request = request_bytes(call, target)
        breaker = self._breakers.of((workspace_id, lane))
        breaker.check(clock.now())
        await self._slots.take(workspace_id, lane)
        try:
            granted = breaker.admit(clock.now())
            clock.start()
            try:
                answer = await self._in_time(target, request, workspace_id, clock)
            except NoReply as failure:
                if failure.kind in _UNWELL:
                    breaker.record(granted, clock.now(), failure.kind)
                else:
                    breaker.forget(granted)
                raise
            except BaseException:
                breaker.forget(granted)
                raise
            failing = answer.status >= _SERVER_ERROR
            breaker.record(granted, clock.now(), f"status {answer.status}" if failing else None)
            return answer
        finally:
            self._slots.give_back(workspace_id, lane)

    def _judged(self, url: str) -> Target:
        try:
            target = read_target(url)
        except BadUrl as error:
            raise NoReply("blocked_address", str(error)) from None
        refusal = self._policy.refusal(target)
        if refusal is not None:
            raise NoReply("blocked_address", refusal)
        return target

    async def _in_time(self, target: Target, request: bytes, workspace_id: int, clock: "_Clock") -> Answer:
        try:
            async with asyncio.timeout(clock.timeout_s):
                answer = await self._exchange(target, request, workspace_id)
        except TimeoutError:
            raise clock.late() from None
        except NoReply:
            if clock.over():
                raise clock.late() from None
            raise
        if clock.over():
            raise clock.late()
        return answer

    async def _exchange(self, target: Target, request: bytes, workspace_id: int) -> Answer:
        shelf = self._pool.shelf(workspace_id, target)
        connection = self._pool.take(shelf) or await self._dialler.open(target)
        try:
            answer = await connection.exchange(request)
        except BaseException:
            connection.abort()
            raise
        if answer.reusable:
            self._pool.give(shelf, connection, keep_alive_s=answer.keep_alive_s())
        else:
            connection.abort()
        return answer


class _Clock:
    """How long an exchange has taken; started anew when waiting is over and the exchange begins."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.now = time.monotonic  # not the loop's clock: uvloop's stands still while something blocks the loop
        self._began = self.now()

    def start(self) -> None:
        self._began = self.now()

    def over(self) -> bool:
        return self.now() - self._began > self.timeout_s

    def late(self) -> NoReply:
        return NoReply(
            "timeout",
            f"The server did not answer completely within {self.timeout_s:g} s. "
            "Make it answer faster, or do the slow part after answering.",
        )

    def ms(self) -> int:
        return round((self.now() - self._began) * 1000)
