"""How often something may be done: token buckets in memory, for a bounded number of keys."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import monotonic

from backtalk.errors import TooMany

MAX_KEYS = 20_000


class Buckets:
    """One bucket per key: `burst` at once, then `per_s` a second. The key that was quiet longest is forgotten first."""

    def __init__(
        self, *, per_s: float, burst: int, most: int = MAX_KEYS, clock: Callable[[], float] = monotonic
    ) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def take(self, key: Hashable) -> None:
        """Count one use. Raises TooMany, with the seconds to wait, when the bucket is empty; that counts nothing."""
        now = self._clock()
        left, at = self._kept.get(key, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_s)
        if left < 1:
            raise TooMany(retry_after_s=max(1, math.ceil((1 - left) / self._per_s)))
        self._kept[key] = (left - 1, now)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)
