"""The machine of a benchmark: processes pinned to a core, what they use, and how figures are printed."""

from __future__ import annotations

import asyncio
import gc
import os
import platform
import resource
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

ROOT = Path(__file__).parents[1]
SERVER_CORE, LOAD_CORE = 0, 1


@asynccontextmanager
async def program(module: str, *arguments: object, core: int) -> AsyncIterator[int]:
    """The pid of a program of this folder, pinned to a core, from when it says that it is ready."""
    process = await asyncio.create_subprocess_exec(
        *("taskset", "-c", str(core), sys.executable, "-m", f"benchmarks.{module}"),
        *(str(argument) for argument in arguments),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout
        line = await asyncio.wait_for(process.stdout.readline(), 120)
        if line.strip() != b"ready":
            raise RuntimeError(f"{module} did not start")
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def memory_kb(pid: int) -> int:
    """Resident memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


def cpu_s(pid: int) -> float:
    """CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def describe() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}, Linux {platform.release()}"


def row(name: str, *figures: object) -> None:
    print(f"{name:<44}" + "".join(f"{figure:>12}" for figure in figures), flush=True)


def middle(values: list[float]) -> float:
    return median(values)


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run the load on its own core, without pauses of the collector, with as many files as are allowed."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.sched_setaffinity(0, {LOAD_CORE})
    gc.set_threshold(50_000)
    uvloop.run(work)
