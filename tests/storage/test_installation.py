"""Facts about an installation, above all whether its key fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from backtalk.storage import installation
from backtalk.storage.database import Database
from backtalk.storage.sealing import KeyMismatch, Sealer
from tests.support.database import SECRET_KEY, open_database

OTHER = "another key of this test, long enough"


async def test_facts_are_put_replaced_and_removed(database: Database) -> None:
    assert await database.read(lambda tx: installation.get(tx, "demo")) is None
    for value in ("one", "two"):
        await database.write(lambda tx, value=value: installation.put(tx, "demo", value))  # type: ignore[misc]
        assert await database.read(lambda tx: installation.get(tx, "demo")) == value
    await database.write(lambda tx: installation.remove(tx, "demo"))
    assert await database.read(lambda tx: installation.get(tx, "demo")) is None


async def test_k05_a_wrong_key_at_start_fails_closed_and_says_why(tmp_path: Path) -> None:
    async with open_database(tmp_path):
        pass
    with pytest.raises(KeyMismatch) as caught:
        async with open_database(tmp_path, key=OTHER):
            raise AssertionError("it opened")
    assert "BACKTALK_SECRET_KEY" in caught.value.hint
    async with open_database(tmp_path):
        pass


async def test_k05_the_old_key_behind_a_new_one_opens(tmp_path: Path) -> None:
    async with open_database(tmp_path) as database:
        path = database.path
    database = await Database.open(f"sqlite:///{path}", Sealer([OTHER, SECRET_KEY]))
    await database.write(installation.check_key)
    await database.close()


async def test_k01_what_is_stored_to_know_the_key_tells_nothing_of_it(database: Database) -> None:
    stored = await database.read(lambda tx: installation.get(tx, installation.KEY_CHECK))
    assert stored
    assert SECRET_KEY not in stored
    assert not [file for file in database.path.parent.iterdir() if SECRET_KEY.encode() in file.read_bytes()]


async def test_s14_a_copy_is_one_until_it_is_accepted(database: Database) -> None:
    assert await database.read(installation.is_copy) is False
    await database.write(lambda tx: installation.put(tx, installation.COPIED_AT, "2026-11-23"))
    assert await database.read(installation.is_copy) is True
    await database.write(installation.accept_copy)
    assert await database.read(installation.is_copy) is False


async def test_o01_reading_and_writing_can_be_tried(database: Database) -> None:
    await database.read(installation.readable)
    await database.write(installation.touch)
    await database.write(installation.touch)
