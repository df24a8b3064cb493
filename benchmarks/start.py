"""How long `backtalk serve` takes until it is ready, and what it uses when idle: with an empty database, and with a million customers.

    python -m benchmarks.start [--customers 1000000] [--runs 5]

The time runs from the start of the process to the first 200 of /healthz/ready. A first start, which makes the database, is shown apart.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import house, machine

from backtalk.engine.codec import state_to_json
from backtalk.engine.customer import Customer
from backtalk.engine.state import State
from backtalk.storage.schema import time_us

PATIENCE_S = 60


async def ready_after(folder: Path) -> tuple[float, float]:
    """Seconds until ready, and MB of memory a moment later."""
    port = machine.free_port()
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *("taskset", "-c", str(machine.SERVER_CORE), sys.executable, "-m", "backtalk.cli", "serve"),
        *("--data", str(folder), "--port", str(port)),
        cwd=machine.ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("BACKTALK_")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while time.perf_counter() - began < PATIENCE_S:
            if await is_ready(port):
                took = time.perf_counter() - began
                await asyncio.sleep(0.5)
                return took, machine.memory_kb(process.pid) / 1024
            await asyncio.sleep(0.005)
        raise TimeoutError("not ready")
    finally:
        process.terminate()
        await process.wait()


async def is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        answer = await reader.read(64)
        writer.close()
    except OSError:
        return False
    return b" 200 " in answer


FILL = "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 999 + :customers)"
CUSTOMERS = """
INSERT INTO customers (id, workspace_id, channel_id, external_id, bot_enabled, profile, attributes, created_at)
SELECT i, :workspace, :channel, 'bulk:' || i, 1, '{"first_name":"Ann"}', '{"parcel":"P-' || i || '"}', :now FROM n"""
CONVERSATIONS = """
INSERT INTO conversations
(id, workspace_id, customer_id, channel_id, bot_id, state, last_seq, created_at, updated_at)
SELECT i, :workspace, i, :channel, :bot, :state, 4, :now, :now + i FROM n"""
MESSAGES = """, s(q) AS (VALUES (1), (2), (3), (4))
INSERT INTO messages (conversation_id, seq, workspace_id, at, sender, body)
SELECT i, q, :workspace, :now, iif(q = 2, 'customer', 'bot'), '{"type":"text","text":"message ' || q || '"}' FROM n, s"""


def fill(file: Path, customers: int) -> None:
    """Customers with a conversation of four messages each, inserted in bulk."""
    now = datetime.now(UTC)
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous = OFF")
    workspace, channel, bot = connection.execute("SELECT workspace_id, id, bot_id FROM channels LIMIT 1").fetchone()
    state = state_to_json(State(Customer(0, channel, now), greeted=True)).decode()
    values = {"customers": customers, "workspace": workspace, "channel": channel, "bot": bot, "state": state}
    with connection:
        for insert in (CUSTOMERS, CONVERSATIONS, MESSAGES):
            connection.execute(FILL + insert, {**values, "now": time_us(now)})
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def main(customers: int, runs: int) -> None:
    print(f"{machine.describe()}; {runs} runs")
    machine.row("", "ready s", "idle MB", "goal s")
    with tempfile.TemporaryDirectory() as folder:
        empty, full = Path(folder) / "empty", Path(folder) / "full"
        first = [await ready_after(Path(folder) / f"first{number}") for number in range(runs)]
        await ready_after(empty)
        await house.furnish(full, backend_port=9)
        began = time.perf_counter()
        fill(full / "backtalk.db", customers)
        filled = f"{time.perf_counter() - began:.0f} s, {(full / 'backtalk.db').stat().st_size / 1e6:.0f} MB"
        found: dict[Path, list[tuple[float, float]]] = {empty: [], full: []}
        for _ in range(runs):
            for place, each in found.items():
                each.append(await ready_after(place))
    show("first start, makes the database", first, "")
    show("empty database", found[empty], "≤ 1.5")
    show(f"{customers} customers ({filled})", found[full], "≤ 3")


def show(name: str, each: list[tuple[float, float]], goal: str) -> None:
    machine.row(
        name, f"{machine.middle([s for s, _ in each]):.2f}", f"{machine.middle([mb for _, mb in each]):.0f}", goal
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    machine.run(main(given.customers, given.runs))
