"""Backups: consistent while the database is written, marked as copies, never over something else."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backtalk.errors import Conflict, Unavailable
from backtalk.storage import installation, integrity, workspaces
from backtalk.storage.backup import backup
from backtalk.storage.database import Database, Tx
from tests.support.database import open_database

AT = datetime(2026, 1, 5, tzinfo=UTC)


async def test_s14_a_backup_under_load_is_consistent_and_marked(database: Database, tmp_path: Path) -> None:
    """Each transaction writes two rows; a copy that holds an odd number has torn one apart."""

    def pair(tx: Tx) -> None:
        for _ in range(2):
            workspaces.create(tx, name="x" * 2_000, at=AT)

    async def load() -> None:
        for _ in range(150):
            await database.write(pair)

    writing = asyncio.create_task(load())
    await database.write(pair)
    folder = tmp_path / "restored"
    folder.mkdir()
    await backup(database, folder / "backtalk.db")
    made_while_writing = not writing.done()
    await writing
    assert made_while_writing
    with closing(sqlite3.connect(folder / "backtalk.db")) as copy:
        (count,) = copy.execute("SELECT count(*) FROM workspaces").fetchone()
    assert count % 2 == 0
    assert count >= 2
    async with open_database(folder) as restored:
        assert await restored.read(installation.is_copy) is True
        assert await restored.read(integrity.damage) == ""
        await restored.write(installation.accept_copy)
        assert await restored.read(installation.is_copy) is False
    assert await database.read(installation.is_copy) is False


async def test_only_its_owner_reads_a_backup(database: Database, tmp_path: Path) -> None:
    await backup(database, tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


async def test_a_backup_overwrites_nothing(database: Database, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    with pytest.raises(Conflict, match="precious is there already"):
        await backup(database, tmp_path / "precious")
    assert (tmp_path / "precious").read_text() == "x"


async def test_a_place_that_cannot_be_written_is_named(database: Database, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="none"):
        await backup(database, tmp_path / "none" / "copy.db")
