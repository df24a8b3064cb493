"""Everything a request needs, built once per process and wired together here."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex

from backtalk import __version__
from backtalk.outbound import EgressPolicy, Outbound
from backtalk.runtime.live import Live
from backtalk.runtime.perform import Performer
from backtalk.runtime.sweeper import Sweeper
from backtalk.runtime.turn import Turns
from backtalk.storage.database import Database


@dataclass(slots=True)
class Services:
    """Made by `start_services`. `drain` is called when the process is told to stop, `stop` when nobody asks any more."""

    database: Database
    outbound: Outbound
    policy: EgressPolicy
    live: Live
    turns: Turns
    performer: Performer
    sweeper: Sweeper
    public_url: str = ""
    """Where the outside reaches this server; "" takes the address of each request."""
    trusted_proxies: tuple[str, ...] = ()
    version: str = __version__
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    draining: bool = False

    def drain(self) -> None:
        """Begin nothing more and let whoever waits go; requests that are under way are still served."""
        self.draining = True
        self.performer.rest()
        self.live.wake_all()

    async def stop(self) -> None:
        """End what is under way, within a bound, and close everything. What is still owed is done after the next start."""
        self.drain()
        await self.sweeper.stop()
        await self.performer.stop()
        await self.outbound.close()
        await self.database.close()


async def start_services(
    database: Database,
    policy: EgressPolicy,
    *,
    public_url: str = "",
    trusted_proxies: tuple[str, ...] = (),
    retention_days: int | None = None,
    only_process: bool = True,
    outbound: Outbound | None = None,
    sweep: bool = True,
) -> Services:
    """Wire the parts on an open, migrated database and begin to do what is owed.

    `sweep` false leaves what is owed alone: for a copy of a backup that its operator has not accepted yet.
    """
    owner = f"{os.getpid()}-{token_hex(4)}"
    live = Live()
    turns = Turns(database, live, owner=owner)
    outbound = outbound or Outbound(policy)
    prefix = database.sealer.derive("idempotency-key prefix")[:6].hex()
    performer = Performer(turns, outbound, key_prefix=prefix)
    sweeper = Sweeper(database, performer, owner=owner, retention_days=retention_days)
    if sweep:
        await sweeper.start(only_process=only_process)
    return Services(
        database=database,
        outbound=outbound,
        policy=policy,
        live=live,
        turns=turns,
        performer=performer,
        sweeper=sweeper,
        public_url=public_url,
        trusted_proxies=trusted_proxies,
    )
