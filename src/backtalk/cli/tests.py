"""`test`: conversation tests."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backtalk.cli.group import Failure, printable, read_settings, settings_options, with_database
from backtalk.errors import BacktalkError

if TYPE_CHECKING:
    from backtalk.storage.database import Database, Tx


@click.command("test", epilog="Example:  backtalk test tests/conversations")
@settings_options
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
def test_command(*, paths: tuple[Path, ...], data: Path | None, config: Path | None) -> None:
    """Run conversation tests: YAML files, or folders of them. No network and, for bots in files, no database."""
    from backtalk.runtime import conversation_tests

    files = conversation_tests.files_in(list(paths))
    passed = failed = 0
    for file in files:
        try:
            results = conversation_tests.run_file(file, draft_of=lambda bot_id: _draft(bot_id, data, config))
        except BacktalkError as error:
            failed += 1
            click.echo(f"FAIL  {file}\n      {printable(error.detail.removeprefix(f'{file}: '))} {error.hint}")
            continue
        for result in results:
            click.echo(f"{'FAIL' if result.failure else 'ok  '}  {file}: {printable(result.name)}")
            if result.failure:
                click.echo(f"      {printable(result.failure)}")
        passed += sum(result.failure is None for result in results)
        failed += sum(result.failure is not None for result in results)
    click.echo(f"{passed} passed, {failed} failed.")
    if failed or not passed:
        raise Failure("Not every conversation came true." if failed else "There are no tests here.")


def _draft(bot_id: int, data: Path | None, config: Path | None) -> bytes:
    """The draft of a bot as a file."""
    from backtalk.errors import NotFound
    from backtalk.runtime.bot_import import export_bot
    from backtalk.storage import bots, workspaces

    async def work(database: Database) -> str:
        def workspace_of(tx: Tx) -> int:
            for workspace in workspaces.every(tx):
                with suppress(NotFound):
                    bots.get(tx, workspace.id, bot_id)
                    return workspace.id
            raise NotFound(f"There is no bot {bot_id}.", hint="`backtalk export` takes ids and names.")

        return await export_bot(database, await database.read(workspace_of), bot_id)

    return with_database(read_settings(config, data), work).encode()
