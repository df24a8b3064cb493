"""What a turn with a call adds to the backend's own time, unloaded: one visitor, one message after the other, durable.

    python -m benchmarks.latency [--ms 50] [--turns 200] [--runs 5]

Added is the time from the frame that says something to the frame that answers it, less the time that the backend takes when it is
asked directly by the same load generator.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from benchmarks import house, machine
from benchmarks.load import Http, Socket, open_session, post


async def each(do, times: int) -> list[float]:  # noqa: ANN001 - a function that is awaited
    """How long each took, in milliseconds, after a few to warm up."""
    found = []
    for number in range(times + 20):
        began = perf_counter()
        await do(number)
        found.append((perf_counter() - began) * 1000)
        await asyncio.sleep(0.005)
    return found[20:]


async def measure(backend_port: int, ms: int, turns: int) -> tuple[list[float], list[float]]:
    """The times of the backend alone, and of turns."""
    port = machine.free_port()
    with tempfile.TemporaryDirectory() as folder:
        await house.furnish(Path(folder), backend_port, ms=ms)
        async with machine.program("house", folder, port, backend_port, core=machine.SERVER_CORE):
            backend = await Http.open(backend_port)
            alone = await each(lambda _: backend.ask(post(f"/{ms}", {"uid": 17})), turns // 4)
            socket = await Socket.open(port, house.key_of(0), await open_session(port, house.key_of(0)))
            return alone, await each(lambda n: socket.say(f"c{n}", house.CALLING), turns)


async def main(ms: int, turns: int, runs: int) -> None:
    print(f"{machine.describe()}; backend of {ms} ms, {turns} turns, {runs} runs")
    added: list[tuple[float, float]] = []
    backend_port = machine.free_port()
    async with machine.program("stub", backend_port, core=machine.LOAD_CORE):
        for _ in range(runs):
            alone, took = await measure(backend_port, ms, turns)
            own, cut = quantiles(alone, n=2)[0], quantiles(took, n=100)
            added.append((cut[49] - own, cut[98] - own))
            machine.row("added by the turn, ms", f"{added[-1][0]:.2f}", f"{added[-1][1]:.2f}")
    machine.row("", "p50 ms", "p99 ms")
    machine.row("median", *(f"{machine.middle(list(column)):.2f}" for column in zip(*added, strict=True)))
    machine.row("goal", "≤ 5", "≤ 15")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ms", type=int, default=50)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    machine.run(main(given.ms, given.turns, given.runs))
