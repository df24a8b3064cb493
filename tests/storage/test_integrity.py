"""A damaged file is found."""

from __future__ import annotations

from pathlib import Path

from backtalk.storage import integrity
from backtalk.storage.database import Database
from backtalk.storage.sealing import Sealer
from tests.support.database import SECRET_KEY, open_database


async def test_a_whole_database_is_whole(database: Database) -> None:
    assert await database.read(integrity.damage) == ""


async def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    async with open_database(tmp_path):
        pass
    file = tmp_path / "backtalk.db"
    content = bytearray(file.read_bytes())
    content[-4_096 + 1 : -4_096 + 3] = b"\x0f\x00"  # where the page's list of free space begins
    file.write_bytes(content)
    damaged = await Database.open(f"sqlite:///{file}", Sealer([SECRET_KEY]))
    try:
        assert await damaged.read(integrity.damage) != ""
    finally:
        await damaged.close()
