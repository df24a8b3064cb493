"""`doctor`: says what is well, finds what is not."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from backtalk.http import chat_page
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def _built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "widget.js"
    script.write_text("//")
    monkeypatch.setattr(chat_page, "SCRIPT", script)


def test_before_the_first_start_nothing_is_broken(run: Run, tmp_path: Path) -> None:
    result = run("doctor", "--data", tmp_path / "none")
    assert result.exit_code == 0
    assert "is not there yet; the first start makes it" in result.stdout
    assert not (tmp_path / "none").exists()


def test_a_well_installation_is_well(run: Run) -> None:
    run("workspace", "list")
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "FAIL" not in result.stdout
    assert "is whole, its schema is current, the key opens it" in result.stdout


def test_a_key_that_others_can_read_is_found(run: Run, tmp_path: Path) -> None:
    run("workspace", "list")
    (tmp_path / "data" / "secret.key").chmod(0o644)
    result = run("doctor")
    assert result.exit_code == 1
    assert "chmod 600" in result.stdout


def test_k05_a_wrong_key_is_found(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("workspace", "list")
    monkeypatch.setenv("BACKTALK_SECRET_KEY", "another key of thirty-two characters!")
    result = run("doctor")
    assert result.exit_code == 1
    assert "FAIL  database" in result.stdout


def test_k05_a_lost_key_is_found_and_no_new_one_takes_its_place(run: Run, tmp_path: Path) -> None:
    run("workspace", "list")
    key = tmp_path / "data" / "secret.key"
    kept = key.read_bytes()
    key.unlink()
    result = run("doctor")
    assert result.exit_code == 1
    assert "FAIL  secret key" in result.stdout
    refused = run("token", "create", "--name", "x")
    assert refused.exit_code == 2
    assert "put the secret.key that it was made with into" in refused.stderr
    assert not key.exists()
    key.write_bytes(kept)
    assert run("token", "create", "--name", "x").exit_code == 0


def test_a_file_that_is_no_database_is_found(run: Run, tmp_path: Path) -> None:
    run("workspace", "list")
    (tmp_path / "data" / "backtalk.db").write_bytes(b"this is no database" * 1_000)
    result = run("doctor")
    assert result.exit_code == 1
    assert "FAIL  database" in result.stdout


def test_o07_a_clock_that_went_back_is_found(run: Run, tmp_path: Path) -> None:
    run("workspace", "list")
    tomorrow = int((time.time() + 86_400) * 1e6)
    with closing(sqlite3.connect(tmp_path / "data" / "backtalk.db")) as database, database:
        database.execute(
            "INSERT INTO conversations (workspace_id, customer_id, channel_id, bot_id, state, created_at, updated_at)"
            " VALUES (1, 1, 1, 1, '{}', 0, ?)",
            (tomorrow,),
        )
    result = run("doctor")
    assert result.exit_code == 1
    assert "FAIL  clock" in result.stdout


def test_a_listener_without_tls_and_an_unknown_name_are_warned_of(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKTALK_HOST", "0.0.0.0")
    monkeypatch.setenv("BACKTALK_PORT", "0")
    monkeypatch.setenv("BACKTALK_EGRESS_ALLOW", "10.1.0.0/16,no-such-host.invalid")
    result = run("doctor")
    assert result.exit_code == 0
    assert "without TLS" in result.stdout
    assert "no name server knows no-such-host.invalid" in result.stdout


def test_a_missing_widget_is_found(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_page, "SCRIPT", tmp_path / "none.js")
    result = run("doctor")
    assert result.exit_code == 1
    assert "FAIL  web chat" in result.stdout
