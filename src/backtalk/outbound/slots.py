"""How many calls may be out at once: per lane, per workspace and in all, with a short wait that is nobody's deadline."""

import asyncio
from collections import Counter, deque
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


_Place = tuple[int, str] | int | None


class _Gate:
    """How many slots of one place are free, and who waits for one. Waiting implies that none is free."""

    __slots__ = ("free", "size", "waiting")

    def __init__(self, size: int) -> None:
        self.size = self.free = size
        self.waiting: deque[asyncio.Future[None]] = deque()


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
        places = _places(workspace_id, lane)
        gates = [self._gate(place) for place in places]
        if all(gate.free for gate in gates):
            for gate in gates:
                gate.free -= 1
        else:
            await self._wait(workspace_id, places)
        self.in_flight += 1

    def give_back(self, workspace_id: int, lane: str) -> None:
        """Free what `take` took."""
        self.in_flight -= 1
        for place in _places(workspace_id, lane):
            self._free(place)

    async def _wait(self, workspace_id: int, places: tuple[_Place, ...]) -> None:
        if self._waiting[workspace_id] >= self._limits.waiting_per_workspace:
            self._forget_unused(places)
            raise NoReply("busy", _BUSY)
        self._waiting[workspace_id] += 1
        passed: list[_Place] = []
        try:
            async with asyncio.timeout(self._limits.wait_s):
                for place in places:
                    await self._pass(place)
                    passed.append(place)
        except BaseException as error:
            for place in passed:
                self._free(place)
            if isinstance(error, TimeoutError):
                raise NoReply("busy", _BUSY) from None
            raise
        finally:
            self._forget_unused(places)
            self._waiting[workspace_id] -= 1
            if not self._waiting[workspace_id]:
                del self._waiting[workspace_id]

    async def _pass(self, place: _Place) -> None:
        gate = self._gate(place)
        if gate.free:
            gate.free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        gate.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                gate.waiting.remove(turn)
            else:  # the slot was handed over in the same moment: hand it on
                self._free(place)
            raise

    def _gate(self, place: _Place) -> _Gate:
        gate = self._gates.get(place)
        if gate is None:
            limits = self._limits
            size = (
                limits.in_all if place is None else limits.per_workspace if isinstance(place, int) else limits.per_lane
            )
            gate = self._gates[place] = _Gate(size)
        return gate

    def _free(self, place: _Place) -> None:
        gate = self._gates[place]
        if gate.waiting:
            gate.waiting.popleft().set_result(None)
            return
        gate.free += 1
        self._forget_unused((place,))

    def _forget_unused(self, places: tuple[_Place, ...]) -> None:
        for place in places:
            gate = self._gates.get(place)
            if gate is not None and gate.free == gate.size:
                del self._gates[place]


def _places(workspace_id: int, lane: str) -> tuple[_Place, ...]:
    return ((workspace_id, lane), workspace_id, None)
