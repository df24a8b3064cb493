"""A pause for backends that fail: after too many failures calls end at once, then one probe decides."""

from collections import OrderedDict, deque
from typing import Final, Literal

from backtalk.outbound.failure import NoReply

Lane = tuple[int, str]
Pass = Literal["call", "probe"]

WINDOW: Final = 20
WINDOW_S: Final = 60.0
LEAST_CALLS: Final = 10
FAILING: Final = 0.7
PAUSE_S: Final = 10.0
LONGEST_PAUSE_S: Final = 60.0
_LANES_REMEMBERED: Final = 10_000


class Breaker:
    """Closed while enough calls succeed; open for a pause; then half open: exactly one probe is out. Times are given in."""

    def __init__(self) -> None:
        self._calls: deque[tuple[float, bool]] = deque(maxlen=WINDOW)
        self._retry_at = 0.0
        self._pause_s = 0.0
        self._probing = False
        self._cause = ""

    @property
    def open(self) -> bool:
        return self._pause_s > 0

    def check(self, now: float) -> None:
        """Raise NoReply `circuit_open` while calls are paused."""
        if self.open and (self._probing or now < self._retry_at):
            raise NoReply(
                "circuit_open",
                f"Calls are paused, because most of the last ones failed (last: {self._cause}). "
                "They go on by themselves soon after the server answers again.",
            )

    def admit(self, now: float) -> Pass:
        """Let one call through, or raise as `check` does. Every admitted call ends in `record` or `forget`."""
        self.check(now)
        if not self.open:
            return "call"
        self._probing = True
        return "probe"

    def record(self, granted: Pass, now: float, cause: str | None) -> None:
        """How an admitted call ended: `cause` of its failure, or None."""
        if granted == "probe":
            self._probing = False
            if cause is None:
                self._pause_s = 0.0
            else:
                self._open(now, min(self._pause_s * 2, LONGEST_PAUSE_S), cause)
            return
        if self.open:
            return  # began before the pause: says nothing about now
        self._calls.append((now, cause is not None))
        if cause is None:
            return
        recent = [failed for at, failed in self._calls if now - at <= WINDOW_S]
        if len(recent) >= LEAST_CALLS and sum(recent) >= FAILING * len(recent):
            self._open(now, PAUSE_S, cause)

    def forget(self, granted: Pass) -> None:
        """An admitted call ended without saying anything about the backend (given up by us)."""
        if granted == "probe":
            self._probing = False

    def _open(self, now: float, pause_s: float, cause: str) -> None:
        self._calls.clear()
        self._pause_s, self._retry_at, self._cause = pause_s, now + pause_s, cause


class Breakers:
    """One breaker per lane, the least recently used forgotten beyond a bound."""

    def __init__(self) -> None:
        self._breakers: OrderedDict[Lane, Breaker] = OrderedDict()

    def of(self, lane: Lane) -> Breaker:
        breaker = self._breakers.get(lane)
        if breaker is None:
            breaker = self._breakers[lane] = Breaker()
            if len(self._breakers) > _LANES_REMEMBERED:
                self._breakers.popitem(last=False)
        self._breakers.move_to_end(lane)
        return breaker

    def open_count(self) -> int:
        return sum(breaker.open for breaker in self._breakers.values())
