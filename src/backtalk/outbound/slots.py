"""How many calls may be out at once: per lane, per workspace and in all, with a short wait that is nobody's deadline."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Final

from backtalk.outbound.failure import NoReply

_BUSY: Final = (
    "Too many calls are out at once, so this one was not made. Make the API answer faster, or try again in a moment."
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one process. A workspace can never hold all slots, so no workspace can stop another."""

    per_lane: int = 256
    per_workspace: int = 1024
    in_all: int = 8192
    waiting_per_workspace: int = 1024
    wait_s: float = 2.0


class _Gate(asyncio.Semaphore):
    """A counted door that is forgotten when nobody is in it or before it."""

    users = 0


_Place = tuple[int, str] | int | None


class Slots:
    """Hands out slots, first come, first served. Who gets none in time gets `busy`, before anything was sent."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._gates: dict[_Place, _Gate] = {}
        self._waiting: Counter[int] = Counter()
        self.in_flight = 0

    @property
    def waiting(self) -> int:
        return self._waiting.total()

    async def take(self, workspace_id: int, lane: str) -> None:
        """Take one slot of the lane, of its workspace and of the process; NoReply `busy` when there is none in time."""
        doors = self._approach(workspace_id, lane)
        try:
            if any(gate.locked() for _, gate in doors):
                await self._wait(workspace_id, doors)
            else:
                for _, gate in doors:
                    await gate.acquire()  # an open door does not suspend: all three or none
        except BaseException:
            self._leave(doors)
            raise
        self.in_flight += 1

    def give_back(self, workspace_id: int, lane: str) -> None:
        """Free what `take` took."""
        self.in_flight -= 1
        doors = [(place, self._gates[place]) for place in ((workspace_id, lane), workspace_id, None)]
        for _, gate in doors:
            gate.release()
        self._leave(doors)

    async def _wait(self, workspace_id: int, doors: list[tuple[_Place, _Gate]]) -> None:
        if self._waiting[workspace_id] >= self._limits.waiting_per_workspace:
            raise NoReply("busy", _BUSY)
        self._waiting[workspace_id] += 1
        passed: list[_Gate] = []
        try:
            async with asyncio.timeout(self._limits.wait_s):
                for _, gate in doors:
                    await gate.acquire()
                    passed.append(gate)
        except BaseException as error:
            for gate in passed:
                gate.release()
            if isinstance(error, TimeoutError):
                raise NoReply("busy", _BUSY) from None
            raise
        finally:
            self._waiting[workspace_id] -= 1
            if not self._waiting[workspace_id]:
                del self._waiting[workspace_id]

    def _approach(self, workspace_id: int, lane: str) -> list[tuple[_Place, _Gate]]:
        limits = self._limits
        sizes: tuple[tuple[_Place, int], ...] = (
            ((workspace_id, lane), limits.per_lane),
            (workspace_id, limits.per_workspace),
            (None, limits.in_all),
        )
        doors = []
        for place, size in sizes:
            gate = self._gates.get(place)
            if gate is None:
                gate = self._gates[place] = _Gate(size)
            gate.users += 1
            doors.append((place, gate))
        return doors

    def _leave(self, doors: list[tuple[_Place, _Gate]]) -> None:
        for place, gate in doors:
            gate.users -= 1
            if not gate.users:
                del self._gates[place]
