"""The server of a crash test, from outside: its lives, one after the other, and how each ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.crash.house import House

START_S = 30.0
STOP_S = 20.0
ROOT = Path(__file__).parents[2]


class Lives:
    """`number` is the life that runs, or ran last."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.number = 0
        self.pid = 0

    async def begin(self) -> None:
        """Start the server and wait until it is ready. Raises RuntimeError with its words when it refuses."""
        self._stdin.write(b"\n")
        self.pid = int((await self._line("pid")).split()[1])
        self.number += 1
        answer = await self._line("ready", "refused", "over")
        if answer != "ready":
            raise RuntimeError(answer)

    def kill(self) -> None:
        """As `kill -9` does, in this very moment; a second time is nothing."""
        self._signal(signal.SIGKILL)

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        self._signal(signal.SIGTERM)
        return await self.over()

    async def over(self) -> int:
        """Wait for the end of this life; its exit code (negative: the signal)."""
        code = int((await self._line("over")).split()[1])
        self.pid = 0
        return code

    async def close(self) -> None:
        self.kill()
        self._stdin.close()
        with suppress(ProcessLookupError):
            try:
                await asyncio.wait_for(self._process.wait(), 5)
            except TimeoutError:
                self._process.kill()

    def _signal(self, which: signal.Signals) -> None:
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, which)

    @property
    def _stdin(self) -> asyncio.StreamWriter:
        assert self._process.stdin
        return self._process.stdin

    async def _line(self, *wanted: str) -> str:
        assert self._process.stdout
        async with asyncio.timeout(START_S):
            while True:
                line = (await self._process.stdout.readline()).decode().strip()
                if not line:
                    raise RuntimeError("The server's parent ended.")
                if line.startswith(wanted):
                    return line


@asynccontextmanager
async def lives_of(house: House, *planted: str) -> AsyncIterator[Lives]:
    """The server of a house, not yet running. What it logs is in the house's `server.log`."""
    with (house.folder / "server.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.crash.serving"),
            *(str(house.folder), str(house.port), str(house.backend_port), *planted),
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("BACKTALK_")},
            stdin=PIPE,
            stdout=PIPE,
            stderr=log,
        )
        lives = Lives(process)
        try:
            yield lives
        finally:
            await lives.close()
