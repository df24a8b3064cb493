"""Fixtures that tests of several parts share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backtalk.storage.database import Database
from tests.support.database import open_database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated SQLite database in a folder of its own."""
    async with open_database(tmp_path) as opened:
        yield opened
