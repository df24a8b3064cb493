"""Finds what is overdue: timers that nobody holds, and effects whose owner died. Also lets old records go."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from time import time_ns

from backtalk.errors import Unavailable
from backtalk.runtime.perform import Performer
from backtalk.runtime.turn import LEASE_S, Debt
from backtalk.storage import effects, retention
from backtalk.storage.database import Database

log = logging.getLogger(__name__)

PAUSE_S = 1.0
MAX_BUSY = 10_000
"""More than one workspace can have under way, so that none keeps the sweeper from serving the others."""
CALL_S = 5
RETENTION_PAUSE_S = 3_600


class Sweeper:
    """One task. Reads the table about once a second, at most a batch at a time, and waits while much is under way."""

    def __init__(self, database: Database, performer: Performer, *, owner: str, retention_days: int | None) -> None:
        self._database = database
        self._performer = performer
        self._owner = owner
        self._retention_days = retention_days
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, only_process: bool) -> None:
        """Begin; the only process on a database takes over at once what its predecessor left."""
        if only_process:
            await self._database.write(effects.release_all)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def sweep(self) -> int:
        """Claim a batch of what is due and begin to perform it; how many."""
        now = time_ns() // 1_000
        until = now + (CALL_S + LEASE_S) * 1_000_000
        claimed = await self._database.write(lambda tx: effects.claim_due(tx, owner=self._owner, now=now, until=until))
        self._performer.start([Debt(owed) for owed in claimed])
        return len(claimed)

    async def _run(self) -> None:
        next_retention = time_ns()
        while True:
            try:
                full = self._performer.busy < MAX_BUSY and await self.sweep() == effects.CLAIM_AT_ONCE
                if time_ns() >= next_retention:
                    next_retention = time_ns() + RETENTION_PAUSE_S * 1_000_000_000
                    await self._forget()
            except Unavailable as error:
                full = False
                log.warning("The database cannot be written; trying again. %s", error.detail)
            except Exception:
                full = False
                log.exception("Sweeping failed because of a bug; trying again.")
            await asyncio.sleep(0 if full else PAUSE_S)

    async def _forget(self) -> None:
        if self._retention_days is None:
            return
        before = datetime.now(UTC) - timedelta(days=self._retention_days)
        more = True
        while more:
            old = await self._database.read(lambda tx: retention.find_old(tx, before=before))
            more = await self._database.write(partial(retention.forget, old=old))
        await self._database.empty_log()
