"""A migrated database in a folder of its own, and what a test needs to stand in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from backtalk.storage import installation
from backtalk.storage.database import Database
from backtalk.storage.migrate import migrate
from backtalk.storage.sealing import Sealer

SECRET_KEY = "a secret key for tests only, not for anybody"


@asynccontextmanager
async def open_database(folder: Path, *, key: str = SECRET_KEY, exclusive: bool = True) -> AsyncIterator[Database]:
    """The database of a folder, made and migrated when it is not there."""
    database = await Database.open(f"sqlite:///{folder / 'backtalk.db'}", Sealer([key]), exclusive=exclusive)
    try:
        await migrate(database)
        await database.write(installation.check_key)
        yield database
    finally:
        await database.close()
