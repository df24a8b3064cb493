"""Does what is owed: makes the calls and waits for the timers, each on a task of its own, and reports the outcome as the next event."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from time import time_ns
from typing import Any

from backtalk.engine.codec import owed_from_json
from backtalk.engine.effects import CallApi
from backtalk.errors import NotFound, Unavailable
from backtalk.outbound import Outbound
from backtalk.runtime.calls import make_call
from backtalk.runtime.turn import Debt, Turns

log = logging.getLogger(__name__)

SAVE_TRIES = 6
SAVE_PAUSE_S = 0.5
STOP_S = 8.0


class Performer:
    """Owns the tasks. What it does not finish before it stops is still in the effects table."""

    def __init__(self, turns: Turns, outbound: Outbound, *, key_prefix: str) -> None:
        """`key_prefix` makes the Idempotency-Keys of this installation unlike those of others."""
        self._turns = turns
        self._outbound = outbound
        self._key_prefix = key_prefix
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._resting = False
        turns.perform = self.start

    @property
    def under_way(self) -> int:
        """How many calls and timers are being performed now; timers that are not due are among them."""
        return len(self._tasks) + len(self._timers)

    @property
    def busy(self) -> int:
        """How many of them do something other than wait for their time."""
        return len(self._tasks)

    def start(self, debts: Sequence[Debt]) -> None:
        """Begin to perform; returns at once. Does nothing any more after `rest`."""
        if self._resting:
            return
        for debt in debts:
            if debt.owed.kind == "set_timer":
                self._wait(debt)
            else:
                self._spawn(self._call(debt), debt)

    def rest(self) -> None:
        """Begin nothing more. What is owed from now on, and timers that are not due, are for the next start."""
        self._resting = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    async def stop(self) -> None:
        """Let what is under way end, for a while; what does not end is done after the next start."""
        self.rest()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_S)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1)

    def _wait(self, debt: Debt) -> None:
        seconds = (debt.owed.due_at - time_ns() // 1_000) / 1_000_000
        if seconds <= 0:
            self._spawn(self._fire(debt), debt)
            return

        def due() -> None:
            self._timers.discard(handle)
            self._spawn(self._fire(debt), debt)

        handle = asyncio.get_running_loop().call_later(seconds, due)
        self._timers.add(handle)

    def _spawn(self, work: Coroutine[Any, Any, None], debt: Debt) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._over(done, debt))

    def _over(self, task: asyncio.Task[None], debt: Debt) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            where = {"conversation_id": debt.owed.conversation_id, "effect_id": debt.owed.id}
            log.error("An effect failed; it is tried again when its claim ends.", exc_info=error, extra=where)

    async def _call(self, debt: Debt) -> None:
        owed = debt.owed
        effect = debt.effect or owed_from_json(owed.body)
        if not isinstance(effect, CallApi):
            raise TypeError(owed.kind)
        try:
            plan = debt.plan or await self._turns.plan(owed, api_id=effect.api)
        except NotFound:
            return  # the customer was erased meanwhile, and the effect with it
        record = await make_call(
            self._outbound,
            plan,
            shape=effect.shape,
            key=f"{self._key_prefix}-{owed.conversation_id}-{owed.key}",
            at=datetime.now(UTC),
        )
        await self._report(lambda: self._turns.answered(owed, record))

    async def _fire(self, debt: Debt) -> None:
        await self._report(lambda: self._turns.fired(debt.owed))

    @staticmethod
    async def _report(save: Any) -> None:
        """Record an outcome, again for a while when the database cannot take it; else the claim ends and it is done anew."""
        for attempt in range(SAVE_TRIES):
            try:
                await save()
            except NotFound:
                return
            except Unavailable:
                if attempt == SAVE_TRIES - 1:
                    raise
                await asyncio.sleep(SAVE_PAUSE_S * 2**attempt)
            else:
                return
