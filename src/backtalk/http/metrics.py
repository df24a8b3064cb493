"""Figures of this process for Prometheus. Labels come from fixed sets, never from a request or a tenant (row O04)."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

AREAS = ("api", "chat", "c", "hooks", "healthz", "metrics")
"""The first part of a path. Everything else is `other`."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LAG_EVERY_S = 0.5


class Meter:
    """Counts requests: cheap while they run, made into metrics when somebody asks."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._buckets: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS_S) + 1))
        self._seconds: Counter[str] = Counter()
        self.loop_lag_s = 0.0
        """How late the event loop was when it was last asked."""

    def count(self, path: str, method: str, status: int, took_s: float) -> None:
        first = path.split("/", 2)[1] if path.startswith("/") else ""
        area = first if first in AREAS else "other"
        self._requests[area, method if method in METHODS else "other", f"{status // 100}xx"] += 1
        self._buckets[area][bisect_left(BOUNDS_S, took_s)] += 1
        self._seconds[area] += took_s  # type: ignore[assignment]

    async def watch_loop(self) -> None:
        """Measure the loop's lag until cancelled (row T13)."""
        while True:
            asked = perf_counter()
            await asyncio.sleep(LAG_EVERY_S)
            self.loop_lag_s = max(0.0, perf_counter() - asked - LAG_EVERY_S)

    def families(self, gauges: Mapping[str, float]) -> Iterator[Metric]:
        """What was counted, with some figures of the moment."""
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily(
            "backtalk_requests", "Requests that were answered.", labels=("area", "method", "status")
        )
        for labels, count in sorted(self._requests.items()):
            requests.add_metric(labels, count)
        yield requests
        seconds = HistogramMetricFamily("backtalk_request_seconds", "Time to the whole answer.", labels=("area",))
        for area, counts in sorted(self._buckets.items()):
            names = [*(str(bound) for bound in BOUNDS_S), "+Inf"]
            sums = [sum(counts[: index + 1]) for index in range(len(counts))]
            seconds.add_metric((area,), list(zip(names, sums, strict=True)), self._seconds[area])
        yield seconds
        for name, value in {"loop_lag_seconds": self.loop_lag_s, **gauges}.items():
            gauge = GaugeMetricFamily(f"backtalk_{name}", name.replace("_", " ").capitalize() + ".")
            gauge.add_metric((), value)
            yield gauge


def render(meter: Meter, gauges: Mapping[str, float]) -> tuple[bytes, str]:
    """The text of all metrics, this process's own among them, and its content type."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest

    class Collected:
        def collect(self) -> Iterator[Any]:
            return meter.families(gauges)

    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(Collected())
    return generate_latest(registry), CONTENT_TYPE_LATEST
