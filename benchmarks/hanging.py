"""Thousands of backends that do not answer: what each costs in memory, and what a quick turn of another workspace takes meanwhile.

    python -m benchmarks.hanging [--calls 5000] [--runs 5]

The hanging calls belong to five workspaces with four APIs each, as many as the limits of a process let be out at once. They begin
over the first seconds; the quick turns are measured while all are out and while the first run into their five seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from itertools import count
from pathlib import Path
from statistics import quantiles
from time import perf_counter

from benchmarks import house, machine
from benchmarks.load import Http, Socket, get, open_session, post

WORKSPACES = 6
"""Five that hang and the one that is quick."""
BEGIN_S = 4.0
QUICK_S = 2.5
LANES = 32
SESSIONS_AT_ONCE = 64
_ids = count()


async def quick(socket: Socket, seconds: float) -> list[float]:
    """Turns of the quick workspace, one after the other, in milliseconds."""
    found, end = [], perf_counter() + seconds
    while (began := perf_counter()) < end:
        await socket.say(f"q{next(_ids)}", house.CALLING)
        found.append((perf_counter() - began) * 1000)
        await asyncio.sleep(0.005)
    return found


async def in_flight(port: int) -> int:
    """Calls that are out, by the server's own metrics."""
    line = await Http.open(port)
    text = (await line.ask(get("/metrics"))).decode()
    line.transport.close()
    found = re.search(r"^backtalk_outbound_in_flight (\S+)", text, re.MULTILINE)
    return int(float(found[1])) if found else 0


async def hang(port: int, calls: int, lane: int, tokens: list[str]) -> None:
    """Begin the calls of one lane of load, evenly over BEGIN_S."""
    line, began = await Http.open(port), perf_counter()
    for number in range(lane, calls, LANES):
        await asyncio.sleep(began + BEGIN_S * number / calls - perf_counter())
        key = house.key_of(1 + number % (WORKSPACES - 1))
        text = f"{house.HANGING}{number // (WORKSPACES - 1) % house.APIS_EACH}"
        await line.ask(post(f"/chat/v1/{key}/messages", {"client_id": f"h{next(_ids)}", "text": text}, tokens[number]))
    line.transport.close()


async def sessions(port: int, calls: int) -> list[str]:
    gate = asyncio.Semaphore(SESSIONS_AT_ONCE)

    async def one(number: int) -> str:
        async with gate:
            return await open_session(port, house.key_of(1 + number % (WORKSPACES - 1)))

    return await asyncio.gather(*(one(number) for number in range(calls)))


async def measure(backend_port: int, calls: int) -> tuple[float, list[float], list[float], int]:
    """KB for each call, the quick times before and meanwhile, and how many calls were out."""
    port = machine.free_port()
    with tempfile.TemporaryDirectory() as folder:
        await house.furnish(Path(folder), backend_port, workspaces_wanted=WORKSPACES)
        async with machine.program("house", folder, port, backend_port, core=machine.SERVER_CORE) as pid:
            tokens = await sessions(port, calls)
            socket = await Socket.open(port, house.key_of(0), await open_session(port, house.key_of(0)))
            before = await quick(socket, QUICK_S)
            memory = machine.memory_kb(pid)
            await asyncio.gather(*(hang(port, calls, lane, tokens) for lane in range(LANES)))
            out, grown = await in_flight(port), machine.memory_kb(pid) - memory
            return grown / max(out, 1), before, await quick(socket, QUICK_S), out


async def main(calls: int, runs: int) -> None:
    print(f"{machine.describe()}; {calls} hanging calls, {runs} runs")
    machine.row("", "kB each", "out", "p50 before", "p99 before", "p50 ms", "p99 ms")
    rows: list[list[float]] = []
    backend_port = machine.free_port()
    async with machine.program("stub", backend_port, core=machine.LOAD_CORE):
        for _ in range(runs):
            kb, before, meanwhile, out = await measure(backend_port, calls)
            cuts = [quantiles(times, n=100) for times in (before, meanwhile)]
            rows.append([kb, float(out), cuts[0][49], cuts[0][98], cuts[1][49], cuts[1][98]])
            machine.row("run", *(f"{figure:.1f}" for figure in rows[-1]))
    middle = [machine.middle(list(column)) for column in zip(*rows, strict=True)]
    machine.row("median", *(f"{figure:.1f}" for figure in middle))
    machine.row("goal", "≤ 60", "", "", "", "", f"≤ {middle[3] + 50:.0f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=5_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    machine.run(main(given.calls, given.runs))
