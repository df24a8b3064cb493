"""Turns a second and how long they take, web chat on SQLite, durable, beside the bare relay: one core for each server.

    python -m benchmarks.turns [--at-once 64] [--seconds 5] [--runs 5] [--only KIND…]

A turn over the socket is a frame in, and over when the bot's answer has come; over HTTP it is a POST and as many long-polls
as it takes. Kinds take turns within each run, so that a noisy moment touches all; figures are medians of the runs.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import orjson
from benchmarks import house, machine
from benchmarks.load import Http, Socket, Times, get, open_session, post, repeat

KINDS = ("relay", "socket, no call", "socket, a call", "http, no call", "http, a call")
GOALS = {"socket, no call": "≥ 0.50", "socket, a call": "≥ 0.33"}
WARM_S = 1.0
_ids = count()

Do = Callable[[], Awaitable[object]]


async def relaying(port: int) -> Do:
    line = await Http.open(port)
    request = post("/relay", {"uid": 17, "first_name": "Ann", "last_message_text": "order"})

    async def do() -> None:
        await line.ask(request)

    return do


async def over_socket(port: int, text: str) -> Do:
    token = await open_session(port, house.key_of(0))
    socket = await Socket.open(port, house.key_of(0), token)

    async def do() -> None:
        await socket.say(f"c{next(_ids)}", text)

    return do


async def over_http(port: int, text: str) -> Do:
    token, line = await open_session(port, house.key_of(0)), await Http.open(port)
    path, cursor = f"/chat/v1/{house.key_of(0)}/messages", 1

    async def do() -> None:
        nonlocal cursor
        cursor = orjson.loads(await line.ask(post(path, {"client_id": f"c{next(_ids)}", "text": text}, token)))["seq"]
        answered = False
        while not answered:
            news: dict[str, Any] = orjson.loads(await line.ask(get(f"{path}?after={cursor}&wait=25", token)))
            cursor = news["cursor"]
            answered = bool(news["messages"])

    return do


async def measure(kind: str, backend_port: int, at_once: int, seconds: float) -> tuple[Times, float]:
    """One kind on a fresh server; its times, and the CPU time of the server for each turn in microseconds."""
    port, text = machine.free_port(), house.CALLING if kind.endswith("a call") else house.QUIET
    with tempfile.TemporaryDirectory() as folder:
        if kind == "relay":
            started = machine.program("relay", port, backend_port, core=machine.SERVER_CORE)
        else:
            await house.furnish(Path(folder), backend_port)
            started = machine.program("house", folder, port, backend_port, core=machine.SERVER_CORE)
        async with started as pid:
            make = {"relay": relaying, "socket": over_socket, "http": over_http}[kind.partition(",")[0]]
            doers = [await (make(port) if make is relaying else make(port, text)) for _ in range(at_once)]  # type: ignore[operator]
            before = machine.cpu_s(pid)
            times = await repeat(doers, warm_s=WARM_S, seconds=seconds)
            spent = (machine.cpu_s(pid) - before) / (len(times.each) * (seconds + WARM_S) / seconds)
            return times, spent * 1e6


async def main(at_once: int, seconds: float, runs: int, only: list[str]) -> None:
    found: defaultdict[str, list[tuple[Times, float]]] = defaultdict(list)
    print(f"{machine.describe()}; {at_once} at once, {runs} runs of {seconds:g} s")
    backend_port = machine.free_port()
    async with machine.program("stub", backend_port, core=machine.LOAD_CORE):
        for _ in range(runs):
            for kind in only or KINDS:
                found[kind].append(await measure(kind, backend_port, at_once, seconds))
    machine.row("", "per s", "p50 ms", "p99 ms", "CPU µs", "of relay", "goal")
    rates = {kind: machine.middle([times.rate for times, _ in each]) for kind, each in found.items()}
    for kind, each in found.items():
        machine.row(
            kind,
            f"{rates[kind]:.0f}",
            f"{machine.middle([times.ms(50) for times, _ in each]):.2f}",
            f"{machine.middle([times.ms(99) for times, _ in each]):.2f}",
            f"{machine.middle([spent for _, spent in each]):.0f}",
            f"{rates[kind] / rates['relay']:.2f}" if "relay" in rates else "",
            GOALS.get(kind, ""),
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], choices=KINDS)
    given = parser.parse_args()
    machine.run(main(given.at_once, given.seconds, given.runs, given.only))
