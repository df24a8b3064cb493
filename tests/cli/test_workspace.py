"""Workspaces on the command line."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backtalk.storage.schema import metadata
from tests.cli.conftest import Run, last_line


def test_the_first_one_is_there_on_the_paid_plan(run: Run) -> None:
    assert run("workspace", "list").stdout.splitlines()[1].split()[:4] == ["1", "My", "workspace", "paid"]


def test_plans_change(run: Run) -> None:
    assert run("workspace", "plan", 1, "free").stdout == "Workspace 1 is on the free plan.\n"
    assert " free " in run("workspace", "list").stdout


def test_a_new_one_tells_its_signing_secret_once(run: Run) -> None:
    result = run("workspace", "create", "Shop")
    assert last_line(result).startswith("whsec_")
    assert last_line(result) not in run("workspace", "list").stdout


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb", "\x1b[31m"])
def test_a_bad_name_is_refused(run: Run, name: str) -> None:
    result = run("workspace", "create", name)
    assert result.exit_code == 2
    assert "1 to 80 printable characters" in result.stderr


def test_k15_deletion_asks_and_then_leaves_no_row(run: Run, tmp_path: Path) -> None:
    run("workspace", "create", "Shop")
    run("token", "create", "--name", "x", "--workspace", 2)
    bot = Path(__file__).parents[2] / "src" / "backtalk" / "demo" / "bot.yaml"
    assert run("import", bot, "--publish", "--workspace", 2).exit_code == 1  # the demo's backend is not allowed here
    refused = run("workspace", "delete", 2)
    assert refused.exit_code == 2
    assert "say --yes" in refused.stderr
    assert run("workspace", "delete", 2, "--yes").stdout == "Workspace 2 and all that it held is deleted.\n"
    with closing(sqlite3.connect(tmp_path / "data" / "backtalk.db")) as database:
        for table in metadata.tables.values():
            if "workspace_id" in table.c:
                query = f"SELECT count(*) FROM {table.name} WHERE workspace_id = 2"  # noqa: S608 - our own name
                assert database.execute(query).fetchone() == (0,), table.name
    assert run("workspace", "delete", 2, "--yes").exit_code == 1
