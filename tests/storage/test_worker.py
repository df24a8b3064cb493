"""The queue of works, and results on their way back."""

from __future__ import annotations

import asyncio
import threading
from typing import cast

import pytest

from backtalk.errors import Unavailable
from backtalk.storage.transaction import Tx
from backtalk.storage.worker import Job, Waiting, settle, start_thread

NO_TX = cast("Tx", None)


async def test_first_come_first_served_until_closed() -> None:
    waiting = Waiting(10)
    jobs = [Job(lambda _: None) for _ in range(3)]
    for job in jobs:
        waiting.put(job)
    assert waiting.next() is jobs[0]
    assert waiting.next_now() is jobs[1]
    waiting.close()
    assert waiting.next() is jobs[2]
    assert [waiting.next(), waiting.next_now(), waiting.next()] == [None, None, None]
    with pytest.raises(Unavailable):
        waiting.put(jobs[0])


async def test_nothing_now_is_no_end() -> None:
    waiting = Waiting(10)
    assert waiting.next_now() is None
    job = Job(lambda _: None)
    waiting.put(job)
    assert waiting.next_now() is job


async def test_a_full_queue_takes_nothing_and_later_takes_again() -> None:
    waiting = Waiting(2)
    jobs = [Job(lambda _: None) for _ in range(3)]
    waiting.put(jobs[0])
    waiting.put(jobs[1])
    with pytest.raises(Unavailable, match="Too much waits"):
        waiting.put(jobs[2])
    waiting.next()
    waiting.put(jobs[2])


async def test_all_threads_end_when_it_closes() -> None:
    waiting = Waiting(10)

    def serve() -> None:
        while waiting.next():
            pass

    threads = [start_thread(f"test-{number}", serve) for number in range(3)]
    waiting.close()
    for thread in threads:
        await asyncio.to_thread(thread.join, 5)
        assert not thread.is_alive()


async def test_results_and_errors_reach_their_futures() -> None:
    def fails(_tx: Tx) -> None:
        raise KeyError("x")

    good, bad, cancelled = Job(lambda _: 7), Job(fails), Job(lambda _: 8)
    cancelled.future.cancel()
    assert [job.run(NO_TX) for job in (good, bad, cancelled)] == [True, False, True]
    await asyncio.to_thread(settle, [good, bad, cancelled])
    assert await good.future == 7
    with pytest.raises(KeyError):
        await bad.future


def test_a_loop_that_is_gone_harms_nobody() -> None:
    async def ask() -> Job:
        return Job(lambda _: 1)

    job = asyncio.run(ask())
    job.run(NO_TX)
    thread = threading.Thread(target=settle, args=([job],))
    thread.start()
    thread.join(5)
    assert not job.future.done()
