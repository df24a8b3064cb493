"""`migrate` and `backup`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backtalk.cli.group import read_settings, settings_options, with_database

if TYPE_CHECKING:
    from backtalk.storage.database import Database


@click.command("migrate", epilog="Example:  backtalk migrate --data ./data")
@settings_options
def migrate_command(*, data: Path | None, config: Path | None) -> None:
    """Bring the database to the schema of this version. `serve` does it as well; stop the server first."""
    from backtalk import bootstrap

    applied = asyncio.run(bootstrap.migrate(read_settings(config, data)))
    click.echo(f"Applied: {', '.join(applied)}." if applied else "The database is up to date.")


@click.command("backup", epilog="Example:  backtalk backup backtalk-$(date +%F).db")
@settings_options
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup_command(*, file: Path, data: Path | None, config: Path | None) -> None:
    """Write a consistent copy of the database to FILE, while the server runs. The secret key is not in it."""
    from backtalk.storage.backup import backup

    async def work(database: Database) -> None:
        await backup(database, file)

    settings = read_settings(config, data)
    with_database(settings, work)
    click.echo(
        f"Wrote {file}. Keep the secret key of {settings.data_dir} as well: without it the copy's secrets stay shut."
    )
