"""One scripted conversation, with the process dying before and after every single commit of it: the customer never notices.

The runtime is abandoned rather than stopped: from the chosen moment on, nothing that it writes arrives and nobody gets an answer.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Literal, TypeVar

import orjson
import pytest

from backtalk.bootstrap import open_database
from backtalk.engine.events import Said, Started
from backtalk.outbound import EgressPolicy, Outbound
from backtalk.runtime import sweeper
from backtalk.runtime.services import Services, start_services
from backtalk.settings import secret_keys
from backtalk.storage import apis, channels, conversations, customers, messages
from backtalk.storage.database import Database, Tx
from backtalk.storage.sealing import Sealer
from tests.crash.house import DELAY_S, House, Shop, answers_to, build, calls_for
from tests.support.backend import backend
from tests.support.house import now

SCRIPT: tuple[tuple[str, ...], ...] = (
    ("say 0",),
    ("count 1",),
    ("wait 2",),
    ("both 3",),
    ("count 4", "say 5", "wait 6"),
)
"""What is said, in steps: the texts of a step at once, each step after the answers to the one before."""
TEXTS = [text for step in SCRIPT for text in step]
STEP_S = 8.0

T = TypeVar("T")
Point = tuple[int, Literal["before", "after"]]


class Mortal:
    """The database as turns have it in one life. `died` is set at the chosen commit, just before it or just after it."""

    def __init__(self, database: Database, dies_at: Point | None) -> None:
        self.died = asyncio.Event()
        self.commits = 0
        self._database = database
        self._dies_at = dies_at

    async def write(self, work: Callable[[Tx], T]) -> T:
        self.commits += 1
        this = self.commits
        await self._maybe_die(this, "before")
        done = await self._database.write(work)
        await self._maybe_die(this, "after")
        return done

    async def read(self, work: Callable[[Tx], T]) -> T:
        done = await self._database.read(work)
        await self._maybe_die(0, "after")
        return done

    async def _maybe_die(self, commit: int, when: Literal["before", "after"]) -> None:
        if (commit, when) == self._dies_at:
            self.died.set()
        if self.died.is_set():
            await asyncio.Event().wait()


class Life:
    """A running runtime on a house's database, and one customer's conversation in it."""

    def __init__(self, services: Services, mortal: Mortal) -> None:
        self.mortal = mortal
        self._services = services
        services.turns._database = mortal  # type: ignore[assignment]

    async def open(self) -> conversations.Opened:
        def work(tx: Tx) -> conversations.Opened:
            channel = channels.page(tx, 1, after=0, limit=1)[0]
            return conversations.open_conversation(
                tx,
                workspace_id=1,
                channel_id=channel.id,
                bot_id=channel.bot_id,
                external_id="a customer",
                profile={},
                at=datetime.now(UTC),
            )

        opened = await self.mortal.write(work)
        await self._services.turns.take(
            workspace_id=1, conversation_id=opened.conversation_id, event=Started(now()), external_id="started"
        )
        return opened

    async def step(self, number: int) -> None:
        """Say the texts of a step, all repeated if the life before died over them, and wait for their answers."""
        opened = await self.open()
        for place, text in enumerate(SCRIPT[number]):
            external_id = f"in:{number}-{place}"
            await self._services.turns.take(
                workspace_id=1,
                conversation_id=opened.conversation_id,
                event=Said(now(), text),
                external_id=external_id,
                client_id=external_id,
            )
        so_far = [text for step in SCRIPT[: number + 1] for text in step]
        wanted = len(so_far) + len(answers_to(so_far))
        while len(await self.log()) < wanted:  # noqa: ASYNC110 - the log is what is tested, not its hint
            await asyncio.sleep(0.005)

    async def log(self) -> list[messages.Line]:
        return await self.mortal.read(lambda tx: messages.after_seq(tx, workspace_id=1, conversation_id=1, after=0))

    async def owed_and_attributes(self) -> tuple[int, dict[str, Any]]:
        def work(tx: Tx) -> tuple[int, dict[str, Any]]:
            owed = tx._connection.execute("SELECT count(*) FROM effects").fetchone()[0]
            return owed, customers.get(tx, 1, 1).customer.attributes

        return await self.mortal.read(work)


@asynccontextmanager
async def life(house: House, outbound: Outbound, dies_at: Point | None = None) -> AsyncIterator[Life]:
    """From the start of a process to its end, which nothing in it hears of."""
    database = await Database.open(house.settings.database, Sealer(secret_keys(house.settings)), exclusive=True)
    services = await start_services(database, EgressPolicy(), outbound=outbound, sweep=False)
    try:
        made = Life(services, Mortal(database, dies_at))
        await services.sweeper.start(only_process=True)
        yield made
    finally:
        await services.sweeper.stop()
        for timer in services.performer._timers:
            timer.cancel()
        for task in services.performer._tasks:
            task.cancel()
        await asyncio.gather(*services.performer._tasks, return_exceptions=True)
        await database.close()


async def play(house: House, outbound: Outbound, dies_at: Point | None) -> tuple[int, bool]:
    """The whole script, with a death at a point; how many commits the first life made, and whether it died."""
    commits, died, step = 0, False, 0
    while step < len(SCRIPT):
        async with life(house, outbound, None if died else dies_at) as now_living:
            while step < len(SCRIPT) and not now_living.mortal.died.is_set():
                step += await _done_before_death(now_living.step(step), now_living.mortal.died)
            if not died:
                commits, died = now_living.mortal.commits, now_living.mortal.died.is_set()
    return commits, died


async def _done_before_death(work: Awaitable[None], died: asyncio.Event) -> bool:
    doing, dying = asyncio.ensure_future(work), asyncio.ensure_future(died.wait())
    await asyncio.wait({doing, dying}, return_when=asyncio.FIRST_COMPLETED, timeout=STEP_S)
    done = doing.done()
    for task in (doing, dying):
        task.cancel()
    await asyncio.gather(doing, dying, return_exceptions=True)
    assert done or died.is_set(), "Nobody answers any more."
    if done:
        doing.result()
    return done


@pytest.mark.slow
async def test_s01_s02_s03_s04_a_death_at_any_commit_changes_nothing_for_the_customer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "PAUSE_S", DELAY_S / 4)
    async with backend() as opened:
        built = await build(tmp_path / "built", Shop(opened, Random(1)))
    side_by_side = asyncio.Semaphore(8)

    async def once(name: str, dies_at: Point | None) -> int:
        async with side_by_side:
            return await _once(_copy(built, tmp_path / name), name, dies_at)

    commits = await once("undisturbed", None)
    assert commits >= len(TEXTS) * 2
    points: list[Point] = [(commit, when) for commit in range(1, commits + 1) for when in ("before", "after")]
    async with asyncio.TaskGroup() as cases:
        for commit, when in points:
            cases.create_task(once(f"{when} commit {commit}", (commit, when)))


def _copy(built: House, folder: Path) -> House:
    return House(shutil.copytree(built.folder, folder), built.port, built.backend_port)


async def _once(house: House, name: str, dies_at: Point | None) -> int:
    """Play on a copy of the house, with a shop of its own, and judge what is left."""
    async with backend() as opened:
        shop = Shop(opened, Random(1))
        shop.open()
        outbound = Outbound(EgressPolicy([opened.place]))
        await _move_shop(house, opened.port)
        commits, died = await play(house, outbound, dies_at)
        async with life(house, outbound) as after:
            lines = await after.log()
            owed, attributes = await after.owed_and_attributes()
        await outbound.close()
    assert died == (dies_at is not None), name
    assert [line.seq for line in lines] == list(range(1, len(TEXTS) + len(answers_to(TEXTS)) + 1)), name
    assert [_text(line) for line in lines if line.sender == "customer"] == TEXTS, name
    assert [_text(line) for line in lines if line.sender == "bot"] == answers_to(TEXTS), name
    assert (owed, attributes) == (0, {"count": calls_for(TEXTS), "last_plain": "say 5"}), name
    times = Counter(key for key, _, _ in shop.asked)
    assert len(times) == calls_for(TEXTS), name
    assert sum(times.values()) <= len(times) + (dies_at is not None), f"{name}: more than one call was repeated"
    return commits


async def _move_shop(house: House, port: int) -> None:
    def work(tx: Tx) -> None:
        for api in apis.page(tx, 1, after=0, limit=10):
            moved = replace(api.settings, url=f"http://127.0.0.1:{port}/count")
            apis.change(tx, 1, api.id, moved, now())

    async with open_database(house.settings) as database:
        await database.write(work)


def _text(line: messages.Line) -> Any:
    return orjson.loads(line.body)["text"]
