"""How many durable turns a second the storage takes: two rows read, three inserted, two updated, in one transaction.

    python benchmarks/storage.py [--seconds 4] [--burn-us 0] [--folder DIR]

`--burn-us` is work of the event loop beside each turn, as a server has it. Only ratios within one run mean anything.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import uvloop
from sqlalchemy import Table, bindparam, insert, select, update

from backtalk.storage.database import Database, Statement, Tx, statement
from backtalk.storage.migrate import migrate
from backtalk.storage.schema import bots, channels, conversations, customers, effects, events, messages, workspaces
from backtalk.storage.sealing import Sealer

CONVERSATIONS = 1_000
STATE = "{" + '"x":"' + "y" * 400 + '"}'


def _insert(table: Table, *names: str) -> Statement:
    return statement(insert(table).values({name: bindparam(name) for name in names}))


ADD_WORKSPACE = _insert(workspaces, "name", "signing", "created_at")
ADD_BOT = _insert(bots, "workspace_id", "name", "draft", "revision", "created_at", "updated_at")
ADD_CHANNEL = _insert(channels, "workspace_id", "type", "name", "bot_id", "key", "connected", "created_at")
ADD_CUSTOMER = _insert(customers, "workspace_id", "channel_id", "external_id", "bot_enabled", "created_at")
ADD_CONVERSATION = _insert(
    conversations, "workspace_id", "customer_id", "channel_id", "bot_id", "state", "created_at", "updated_at"
)
ADD_MESSAGE = _insert(messages, "conversation_id", "seq", "workspace_id", "at", "sender", "body")
ADD_EVENT = _insert(events, "conversation_id", "external_id", "workspace_id", "at", "body", "seq")
ADD_EFFECT = _insert(effects, "workspace_id", "conversation_id", "kind", "key", "body", "due_at")

LOAD_CONVERSATION = statement(
    select(conversations).where(
        conversations.c.id == bindparam("id"), conversations.c.workspace_id == bindparam("workspace_id")
    )
)
LOAD_CUSTOMER = statement(
    select(customers).where(customers.c.id == bindparam("id"), customers.c.workspace_id == bindparam("workspace_id"))
)
SAVE_CONVERSATION = statement(
    update(conversations)
    .values(state=bindparam("state"), last_seq=bindparam("last_seq"), updated_at=bindparam("updated_at"))
    .where(conversations.c.id == bindparam("this"), conversations.c.workspace_id == bindparam("workspace_id"))
)
SAVE_CUSTOMER = statement(
    update(customers)
    .values(attributes=bindparam("attributes"), last_message_text=bindparam("text"), last_message_at=bindparam("at"))
    .where(customers.c.id == bindparam("this"), customers.c.workspace_id == bindparam("workspace_id"))
)


def prepare(tx: Tx) -> list[tuple[int, int, int]]:
    workspace = tx.insert(ADD_WORKSPACE, name="w", signing=False, created_at=0)
    bot = tx.insert(ADD_BOT, workspace_id=workspace, name="b", draft="{}", revision=1, created_at=0, updated_at=0)
    channel = tx.insert(
        ADD_CHANNEL, workspace_id=workspace, type="webchat", name="c", bot_id=bot, key="k", connected=True, created_at=0
    )
    made = []
    for number in range(CONVERSATIONS):
        customer = tx.insert(
            ADD_CUSTOMER,
            workspace_id=workspace,
            channel_id=channel,
            external_id=str(number),
            bot_enabled=True,
            created_at=0,
        )
        conversation = tx.insert(
            ADD_CONVERSATION,
            workspace_id=workspace,
            customer_id=customer,
            channel_id=channel,
            bot_id=bot,
            state=STATE,
            created_at=0,
            updated_at=0,
        )
        made.append((workspace, customer, conversation))
    return made


def turn(tx: Tx, ids: tuple[int, int, int], external_id: str) -> int:
    workspace, customer, conversation = ids
    now = time.time_ns() // 1_000
    row = tx.one(LOAD_CONVERSATION, id=conversation, workspace_id=workspace)
    tx.one(LOAD_CUSTOMER, id=customer, workspace_id=workspace)
    assert row is not None
    seq = row["last_seq"] + 1
    tx.run(
        ADD_EVENT,
        conversation_id=conversation,
        external_id=external_id,
        workspace_id=workspace,
        at=now,
        body="{}",
        seq=seq,
    )
    for sender in ("customer", "bot"):
        tx.run(
            ADD_MESSAGE,
            conversation_id=conversation,
            seq=seq,
            workspace_id=workspace,
            at=now,
            sender=sender,
            body="x" * 80,
        )
        seq += 1
    tx.run(SAVE_CONVERSATION, this=conversation, workspace_id=workspace, state=STATE, last_seq=seq - 1, updated_at=now)
    tx.run(SAVE_CUSTOMER, this=customer, workspace_id=workspace, attributes="{}", text="hello", at=now)
    return seq


async def measure(
    database: Database, ids: list[tuple[int, int, int]], at_once: int, seconds: float, burn_us: int
) -> str:
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def talk(number: int) -> None:
        step = 0
        while (began := time.perf_counter()) < end:
            step += 1
            mine = ids[(number + step * at_once) % CONVERSATIONS]
            await database.write(partial(turn, ids=mine, external_id=f"{at_once}:{number}:{step}:{began}"))
            times.append(time.perf_counter() - began)
            busy_until = time.perf_counter() + burn_us / 1e6
            while time.perf_counter() < busy_until:
                pass

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(talk(number) for number in range(at_once)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    cut = statistics.quantiles(times, n=100)
    return (
        f"{at_once:>5} at once: {len(times) / wall:>8.0f} turns/s   p50 {cut[49] * 1e3:6.2f} ms   "
        f"p99 {cut[98] * 1e3:6.2f} ms   {cpu / len(times) * 1e6:.0f} us of CPU a turn"
    )


async def main(folder: Path, seconds: float, burn_us: int) -> None:
    database = await Database.open(
        f"sqlite:///{folder / 'storage.db'}", Sealer(["a key for a benchmark only"]), exclusive=True
    )
    try:
        await migrate(database)
        ids = await database.write(prepare)
        for at_once in (1, 32, 256):
            print(await measure(database, ids, at_once, seconds, burn_us))
    finally:
        await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--burn-us", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--switch-interval-us", type=float, default=0)
    given = parser.parse_args()
    if given.switch_interval_us:
        sys.setswitchinterval(given.switch_interval_us / 1e6)
    with tempfile.TemporaryDirectory(dir=given.folder) as made:
        uvloop.run(main(Path(made), given.seconds, given.burn_us))
