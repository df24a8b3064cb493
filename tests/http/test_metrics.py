"""Counting requests."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from backtalk.http.metrics import BOUNDS_S, LAG_EVERY_S, Meter, render


def test_buckets_add_up() -> None:
    meter = Meter()
    for took_s in (0.0001, BOUNDS_S[0], 0.2, 1_000):
        meter.count("/chat/v1/key/messages", "POST", 202, took_s)
    text = render(meter, {"things": 3})[0].decode()
    assert 'backtalk_requests_total{area="chat",method="POST",status="2xx"} 4.0' in text
    assert f'backtalk_request_seconds_bucket{{area="chat",le="{BOUNDS_S[0]}"}} 2.0' in text
    assert 'backtalk_request_seconds_bucket{area="chat",le="0.25"} 3.0' in text
    assert 'backtalk_request_seconds_bucket{area="chat",le="+Inf"} 4.0' in text
    assert "backtalk_things 3.0" in text


def test_o04_areas_and_methods_come_from_fixed_sets() -> None:
    meter = Meter()
    for path in ("/api/v1/x", "/", "", "nonsense", "/c/key", "/apix"):
        meter.count(path, "BREW", 200, 0.1)
    text = render(meter, {})[0].decode()
    assert 'area="api",method="other"' in text
    assert 'area="other",method="other",status="2xx"} 4.0' in text


async def test_t13_a_blocked_loop_is_seen() -> None:
    meter = Meter()
    watch = asyncio.create_task(meter.watch_loop())
    await asyncio.sleep(0)
    time.sleep(LAG_EVERY_S + 0.2)  # noqa: ASYNC251 - blocking is the point
    await asyncio.sleep(0.01)
    assert meter.loop_lag_s > 0.1
    watch.cancel()
    with suppress(asyncio.CancelledError):
        await watch
