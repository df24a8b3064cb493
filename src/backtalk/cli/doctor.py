"""`doctor`: whether an installation is well, check by check, each with what to do about it."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from backtalk.cli.group import Failure, printable, read_settings, settings_options
from backtalk.errors import BacktalkError

if TYPE_CHECKING:
    from backtalk.settings import Settings
    from backtalk.storage.database import Tx

LEAST_FREE_BYTES = 500 * 1_048_576
MAX_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    state: Literal["ok", "warn", "FAIL"]
    what: str
    message: str


@click.command("doctor", epilog="Example:  backtalk doctor --data ./data")
@settings_options
def doctor_command(*, data: Path | None, config: Path | None) -> None:
    """Check configuration, database, egress, clock and keys. Exit code 1 when something is broken."""
    settings = read_settings(config, data)
    failed = 0
    for finding in findings(settings):
        failed += finding.state == "FAIL"
        click.echo(f"{finding.state:<5} {finding.what:<14} {printable(finding.message)}")
    if failed:
        raise Failure(f"{failed} of these must be mended before the server can run well.")


def findings(settings: Settings) -> Iterator[Finding]:
    """All checks, in the order in which things depend on each other."""
    yield Finding("ok", "configuration", f"read; the server is reached at {settings.address}")
    yield from _folder(settings)
    yield from _database(settings)
    yield from _network(settings)
    yield from _egress(settings)
    yield from _widget()


def _folder(settings: Settings) -> Iterator[Finding]:
    from backtalk import bootstrap
    from backtalk.settings import KEY_FILE

    if not settings.data_dir.is_dir():
        yield Finding("warn", "data folder", f"{settings.data_dir} is not there yet; the first start makes it")
        return
    free = shutil.disk_usage(settings.data_dir).free
    state: Literal["ok", "warn"] = "ok" if free > LEAST_FREE_BYTES else "warn"
    yield Finding(state, "data folder", f"{settings.data_dir}, {free // 1_048_576} MiB free")
    key = settings.data_dir / KEY_FILE
    if settings.secret_key:
        yield Finding("ok", "secret key", "given by BACKTALK_SECRET_KEY")
    elif not settings.uses_postgresql and bootstrap.key_is_lost(settings):
        yield Finding(
            "FAIL", "secret key", f"not there, but a database is; put the {KEY_FILE} that it was made with there"
        )
    elif not key.exists():
        yield Finding("warn", "secret key", "not there yet; the first start makes it")
    elif stat.S_IMODE(key.stat().st_mode) & 0o077:
        yield Finding("FAIL", "secret key", f"others on this machine can read {key}; run `chmod 600 {key}`")
    else:
        yield Finding("ok", "secret key", f"{key}; keep a copy apart from your backups")


def _database(settings: Settings) -> Iterator[Finding]:
    from backtalk import bootstrap
    from backtalk.storage.database import sqlite_path

    if not settings.uses_postgresql and not sqlite_path(settings.database).exists():
        yield Finding("warn", "database", f"{settings.database} is not there yet; the first start makes it")
        return
    try:
        checked = asyncio.run(_look(settings))
    except BacktalkError as error:
        yield Finding("FAIL", "database", f"{error.detail} {error.hint}")
        return
    except sqlite3.Error as error:
        yield Finding("FAIL", "database", f"it cannot be read ({error}); restore a backup")
        return
    damage, newest_us, is_copy = checked
    if damage:
        yield Finding("FAIL", "database", f"it is damaged ({damage}); restore a backup")
    else:
        yield Finding("ok", "database", f"{settings.database} is whole, its schema is current, the key opens it")
    if is_copy:
        yield Finding("warn", "database", "a restored backup: what it still owes waits for `serve --take-over`")
    if not bootstrap.sqlite_is_safe():
        message = (
            f"SQLite {sqlite3.sqlite_version} can damage a file that two connections checkpoint; the server uses one"
        )
        yield Finding("warn", "SQLite", f"{message}. Update SQLite when you can")
    ahead = datetime.fromtimestamp(newest_us / 1e6, UTC) - datetime.now(UTC)
    if ahead > MAX_AHEAD:
        yield Finding(
            "FAIL", "clock", f"it is {ahead} behind the newest record; set it right (signatures need the time)"
        )
    else:
        yield Finding("ok", "clock", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, not behind the newest record")


async def _look(settings: Settings) -> tuple[str, int, bool]:
    """What is damaged, the newest time that is stored, whether this is a copy."""
    from sqlalchemy import func, select

    from backtalk import bootstrap
    from backtalk.storage import installation, integrity
    from backtalk.storage.database import statement
    from backtalk.storage.schema import conversations

    newest = statement(select(func.max(conversations.c.updated_at).label("at")))

    def work(tx: Tx) -> tuple[str, int, bool]:
        row = tx.one(newest)
        return integrity.damage(tx), (row and row["at"]) or 0, installation.is_copy(tx)

    async with bootstrap.open_database(settings) as database:
        return await database.read(work)


def _network(settings: Settings) -> Iterator[Finding]:
    local = settings.host in ("127.0.0.1", "::1", "localhost")
    if not local and not settings.public_url.startswith("https://"):
        message = "it listens on the network without TLS; put a proxy in front and set BACKTALK_PUBLIC_URL to https://…"
        yield Finding("warn", "address", message)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        message = f"{settings.host}:{settings.port} is taken ({os.strerror(error.errno or 0)}); that is right while the server runs"
        yield Finding("warn", "port", message)
    else:
        yield Finding("ok", "port", f"{settings.host}:{settings.port} is free")


def _egress(settings: Settings) -> Iterator[Finding]:
    from backtalk.outbound import EgressPolicy

    try:
        EgressPolicy(settings.egress_allow)
    except ValueError as error:
        yield Finding("FAIL", "egress", str(error))
        return
    opened = ", ".join(settings.egress_allow) or "no private target"
    yield Finding("ok", "egress", f"APIs may call public addresses and {opened}")
    for entry in settings.egress_allow:
        host = entry.rpartition(":")[0] or entry
        if "/" not in entry and any(letter.isalpha() for letter in host) and ":" not in host:
            try:
                socket.getaddrinfo(host, None)
            except OSError:
                yield Finding("warn", "egress", f"no name server knows {host}, which BACKTALK_EGRESS_ALLOW names")


def _widget() -> Iterator[Finding]:
    from backtalk.http.chat_page import SCRIPT

    if SCRIPT.exists():
        yield Finding("ok", "web chat", "its script is built")
    else:
        yield Finding("FAIL", "web chat", "its script is not built; run `make run` in the clone, or install a release")
