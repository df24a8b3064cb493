"""Threads that serve a bounded queue of works, and bring each result back to the loop that waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from backtalk.errors import Unavailable
from backtalk.storage.transaction import Tx


class Job:
    """A work that waits, with the future of whoever asked for it."""

    __slots__ = ("error", "future", "loop", "value", "work")

    def __init__(self, work: Callable[[Tx], Any]) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.value: Any = None
        self.error: BaseException | None = None

    def run(self, tx: Tx) -> bool:
        """Do the work; whether it came to its end."""
        try:
            self.value = self.work(tx)
        except BaseException as error:  # noqa: BLE001 - handed to whoever asked; the thread serves others too
            self.error = error
        return self.error is None

    def settle(self) -> None:
        """On the loop: give out the result. Nobody takes it when the task was cancelled meanwhile."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.value)
        elif isinstance(self.error, Exception) and not isinstance(self.error, StopIteration):
            self.future.set_exception(self.error)
        else:  # a future does not take these
            self.future.set_exception(RuntimeError(f"A work for the database raised {self.error!r}."))


class Waiting:
    """The works that wait. At most `most`: what does not fit is refused before anything was done (principle P12)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._closed = False

    def put(self, job: Job) -> None:
        if self._closed:
            raise Unavailable("The database is closed.")
        if self._jobs.qsize() >= self._most:
            raise Unavailable("Too much waits for the database.")
        self._jobs.put(job)

    def next(self) -> Job | None:
        """The next one; None when the queue was closed and everything before was served."""
        job = self._jobs.get()
        if job is None:
            self._jobs.put(None)  # for the other threads, and for the next call
        return job

    def next_now(self) -> Job | None:
        """The same without waiting: None also when there is none."""
        return self.next() if self._jobs.qsize() else None

    def close(self) -> None:
        """Take no more. What waits is still served."""
        self._closed = True
        self._jobs.put(None)


def start_thread(name: str, serve: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=serve, name=name, daemon=True)
    thread.start()
    return thread


def settle(jobs: list[Job]) -> None:
    """Bring results to the loops of their tasks, one call for each loop."""
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        loops.setdefault(job.loop, []).append(job)
    for loop, mine in loops.items():
        with suppress(RuntimeError):  # the loop was closed while its jobs ran
            loop.call_soon_threadsafe(_settle_all, mine)


def _settle_all(jobs: list[Job]) -> None:
    for job in jobs:
        job.settle()
