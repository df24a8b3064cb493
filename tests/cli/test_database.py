"""`migrate` and `backup` on the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from backtalk.storage import migrate
from tests.cli.conftest import Run, last_line


def test_migrate_makes_a_new_database_and_then_has_nothing_to_do(run: Run) -> None:
    assert run("migrate").stdout.startswith("Applied: 0001")
    assert run("migrate").stdout == "The database is up to date.\n"


def test_o08_an_old_schema_is_refused_by_other_commands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("token", "list").exit_code == 0
    newer = [*migrate.migrations("sqlite"), ("9999_newer", ["CREATE TABLE newer (id INTEGER)"])]
    monkeypatch.setattr(migrate, "migrations", lambda _: newer)
    result = run("token", "list")
    assert result.exit_code == 1
    assert "Stop the server and run `backtalk migrate`." in result.stderr
    assert run("migrate").stdout == "Applied: 9999_newer.\n"
    assert run("token", "list").exit_code == 0


def test_s14_a_backup_restores_with_its_key_and_waits_for_its_operator(run: Run, tmp_path: Path) -> None:
    token = last_line(run("token", "create", "--name", "before"))
    copy = tmp_path / "copy.db"
    assert "Keep the secret key" in run("backup", copy).stdout
    assert token.encode() not in copy.read_bytes()
    restored = tmp_path / "restored"
    restored.mkdir()
    shutil.copy(copy, restored / "backtalk.db")
    assert run("token", "list", "--data", restored).exit_code == 2  # its key is missing, and none is made up
    shutil.copy(tmp_path / "data" / "secret.key", restored / "secret.key")
    assert "before" in run("token", "list", "--data", restored).stdout
    assert "waits for `serve --take-over`" in run("doctor", "--data", restored).stdout


def test_a_backup_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")
    result = run("backup", tmp_path / "copy.db")
    assert result.exit_code == 1
    assert "is there already" in result.stderr
