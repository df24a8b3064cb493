"""The parts are wired once, and stopping leaves nothing behind."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from backtalk.outbound import EgressPolicy
from backtalk.runtime.services import start_services
from backtalk.storage.database import Database
from backtalk.storage.sealing import Sealer
from tests.support.database import SECRET_KEY, open_database


async def test_o02_stopping_leaves_no_task_and_no_thread(tmp_path: Path) -> None:
    async with open_database(tmp_path):
        pass
    tasks, threads = len(asyncio.all_tasks()), threading.active_count()
    database = await Database.open(f"sqlite:///{tmp_path / 'backtalk.db'}", Sealer([SECRET_KEY]))
    services = await start_services(database, EgressPolicy(), public_url="https://bots.example")
    assert services.public_url == "https://bots.example"
    await services.stop()
    assert services.draining
    assert len(asyncio.all_tasks()) == tasks
    left = [thread.name for thread in threading.enumerate() if thread.name.startswith("backtalk")]
    assert (threading.active_count() <= threads + 1, left) == (True, [])
