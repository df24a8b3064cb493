"""`export` and `import`: a bot and its APIs as one readable file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from backtalk.cli.group import (
    Failure,
    Misuse,
    chosen_workspace,
    printable,
    read_settings,
    settings_options,
    with_database,
)

if TYPE_CHECKING:
    from backtalk.storage.database import Database, Tx

MAX_SHOWN = 20


@click.command("export", epilog='Example:  backtalk export "Green Grocer" > shop.yaml')
@settings_options
@click.argument("bot")
@click.option("--workspace", type=int, help="Id of the workspace.  [default: the only one]")
def export_command(*, bot: str, workspace: int | None, data: Path | None, config: Path | None) -> None:
    """Print the draft of BOT (an id or a name) and the APIs it uses as YAML. Secrets are not in it."""
    from backtalk.runtime.bot_import import export_bot

    async def work(database: Database) -> str:
        workspace_id, bot_id = await database.read(lambda tx: _found(tx, bot, workspace))
        return await export_bot(database, workspace_id, bot_id)

    click.echo(with_database(read_settings(config, data), work), nl=False)


@click.command("import", epilog="Example:  backtalk import shop.yaml --publish")
@settings_options
@click.argument("file", type=click.File("rb"))
@click.option("--bot", help="Id or name of the bot whose draft is replaced.  [default: makes a new bot]")
@click.option("--publish", is_flag=True, help="Make it the live version at once.")
@click.option("--workspace", type=int, help="Id of the workspace.  [default: the only one]")
def import_command(
    *,
    file: BinaryIO,
    bot: str | None,
    publish: bool,
    workspace: int | None,
    data: Path | None,
    config: Path | None,
) -> None:
    """Read a bot from FILE (`-` is standard input). Missing APIs are made, without the values of their headers."""
    from backtalk.outbound import EgressPolicy
    from backtalk.runtime import drafts
    from backtalk.runtime.bot_import import Imported, import_bot

    content = file.read()
    settings = read_settings(config, data)

    async def work(database: Database) -> tuple[Imported, int | None]:
        def target(tx: Tx) -> tuple[int, int | None]:
            return _found(tx, bot, workspace) if bot else (chosen_workspace(tx, workspace), None)

        workspace_id, bot_id = await database.read(target)
        imported = await import_bot(database, EgressPolicy(settings.egress_allow), workspace_id, content, bot_id=bot_id)
        number = await drafts.publish(database, workspace_id, imported.bot_id, note="Imported") if publish else None
        return imported, number

    imported, number = with_database(settings, work)
    for note in imported.notes:
        click.echo(f"{note.severity}: {printable(note.message)} {note.hint}", err=True)
    done = "nothing changed" if not imported.changed else "the draft was replaced" if bot else "made from the file"
    click.echo(f"Bot {imported.bot_id}: {done}.")
    if number is not None:
        click.echo(f"Version {number} is live.")


def _found(tx: Tx, bot: str, workspace: int | None) -> tuple[int, int]:
    """Workspace and id of a bot by its id or name."""
    from backtalk.storage import bots

    workspace_id = chosen_workspace(tx, workspace)
    named = bots.named(tx, workspace_id, bot)
    if len(named) > 1:
        raise Misuse(f"Two bots are called “{printable(bot)}”; use the id.")
    if named:
        return workspace_id, named[0].id
    every = bots.page(tx, workspace_id, after=0, limit=1_000)
    by_id = [row for row in every if str(row.id) == bot]
    if not by_id:
        known = ", ".join(f"{row.id} ({printable(row.name)})" for row in every[:MAX_SHOWN]) or "none"
        more = ", …" if len(every) > MAX_SHOWN else ""
        raise Failure(f"There is no bot “{printable(bot)}” in workspace {workspace_id}; there are: {known}{more}.")
    return workspace_id, by_id[0].id
