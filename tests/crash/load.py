"""Load, and a hand that kills: many conversations at once while the server is killed again and again, at chosen kinds of moments."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.crash.house import House, Shop, build
from tests.crash.ledger import violations
from tests.crash.process import Lives, lives_of
from tests.crash.visitor import Visitor
from tests.support.backend import backend

VISITORS = 12
MOMENTS = ("any", "acknowledged", "call", "answer")
"""Any time at all, or just when a message was acknowledged, a call was received, an answer was sent."""
LONGEST_PAUSE_S = 10.0
"""When nothing has moved for so long, what is still open stays open. Shorter than any claim lasts."""


@dataclass
class Load:
    """What runs in one crash test."""

    house: House
    shop: Shop
    lives: Lives
    random: Random
    kills: int = 0
    visitors: list[Visitor] = field(default_factory=list)
    _armed: str = ""
    _enough: asyncio.Event = field(default_factory=asyncio.Event)
    _talks: list[asyncio.Task[None]] = field(default_factory=list)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Begin all conversations."""
        self.shop.life = lambda: self.lives.number
        self.shop.happened = self.happened
        for number in range(VISITORS):
            visitor = Visitor(f"visitor{number}", self.house.port, Random(self.random.random()), self.happened)
            self.visitors.append(visitor)
            self._talks.append(asyncio.create_task(visitor.talk(self._enough)))
            self._readers.append(asyncio.create_task(visitor.read()))

    def happened(self, moment: str) -> None:
        if moment == self._armed:
            self.lives.kill()

    async def kill_and_restart(self) -> None:
        """Let the server live for a moment, kill it, start it again."""
        await asyncio.sleep(self.random.uniform(0.02, 0.35))
        self._armed = self.random.choice(MOMENTS)
        over = asyncio.ensure_future(self.lives.over())
        if self._armed != "any":
            await asyncio.wait([over], timeout=0.3)
        self._armed = ""
        self.lives.kill()
        assert await over == -9, "the server ended by itself"
        self.kills += 1
        await asyncio.sleep(0.02)  # what it had sent is received and belongs to the life that is over
        await self.lives.begin()

    async def settle(self, longest_pause_s: float = LONGEST_PAUSE_S) -> None:
        """Send no more, and wait until everything is acknowledged and answered, as long as something moves."""
        self._enough.set()
        open_still = [*self._talks, *(asyncio.create_task(visitor.answered()) for visitor in self.visitors)]
        moved = -1
        while open_still and moved != self._moves():
            moved = self._moves()
            open_still = list((await asyncio.wait(open_still, timeout=longest_pause_s))[1])
        for task in open_still:
            task.cancel()

    def _moves(self) -> int:
        return len(self.shop.asked) + sum(len(visitor.acknowledged) + len(visitor.seen) for visitor in self.visitors)

    async def end(self) -> None:
        """Send no more, whatever is open."""
        tasks = [*self._talks, *self._readers]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for visitor in self.visitors:
            visitor.close()

    def wrong(self) -> list[str]:
        """Every broken promise; the server must be stopped."""
        return violations(self.house, self.shop, self.visitors)


@asynccontextmanager
async def load(folder: Path, seed: int, *planted: str) -> AsyncIterator[Load]:
    """A server that runs its first life, with conversations under way."""
    random = Random(seed)
    async with backend() as opened:
        shop = Shop(opened, Random(random.random()))
        shop.open()
        house = await build(folder, shop)
        async with lives_of(house, *planted) as lives:
            await lives.begin()
            made = Load(house, shop, lives, random)
            made.start()
            try:
                yield made
            finally:
                await made.end()
