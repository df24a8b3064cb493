"""What all commands share: errors in one sentence that names the fix, the options that find the settings, tables."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from backtalk.errors import BacktalkError

if TYPE_CHECKING:
    from backtalk.settings import Settings
    from backtalk.storage.database import Database, Tx

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])

MAX_NAME_CHARS = 80
FAILED, MISUSED = 1, 2
"""Exit codes: what was asked for did not work; it was asked for in a wrong way, or the settings are wrong."""


class Failure(click.ClickException):
    """An error for the person at the terminal: what was asked for did not work."""

    exit_code = FAILED

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class Misuse(Failure):
    """It was asked for in a wrong way, or the settings are wrong."""

    exit_code = MISUSED


class Commands(click.Group):
    """A group whose commands may raise our own errors, and that lists commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """The first sentence of each command, whole."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, item.get_short_help_str(limit=400)) for name, item in self.commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BacktalkError as error:
            parts = [error.detail, *(_place(problem) for problem in error.problems[:5]), error.hint]
            kind = Misuse if error.code == "bad_setting" else Failure
            raise kind(" ".join(part for part in parts if part)) from None


def _place(problem: Any) -> str:
    """Where a problem is, when the sentence before does not say it."""
    where = problem.where
    place = where.path or ", ".join(
        f"{name} {value}"
        for name, value in (("sequence", where.sequence), ("block", where.block), ("field", where.field))
        if value is not None
    )
    return f"[{place}: {' '.join(filter(None, (problem.message, problem.hint)))}]" if place else ""


def settings_options(command: Command) -> Command:
    """`--data` and `--config`, given to the command as `data` and `config`."""
    command = click.option(
        "--config", type=click.Path(path_type=Path, dir_okay=False), help="A TOML file with settings."
    )(command)
    return click.option(
        "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the database and the secret key."
    )(command)


def read_settings(config: Path | None, data: Path | None, **given: Any) -> Settings:
    """The settings of this command. Raises BadSetting."""
    from backtalk import settings

    return settings.load(config=config, given={"data_dir": data, **given})


def with_database(settings: Settings, work: Callable[[Database], Coroutine[Any, Any, T]]) -> T:
    """Run `work` on the open database, beside a server that may be running."""
    from backtalk import bootstrap

    async def run() -> T:
        async with bootstrap.open_database(settings) as database:
            return await work(database)

    return asyncio.run(run())


def in_transaction(settings: Settings, work: Callable[[Tx], T]) -> T:
    """Run `work` in one transaction."""
    return with_database(settings, lambda database: database.write(work))


def chosen_workspace(tx: Tx, workspace: int | None) -> int:
    """The workspace that is meant: the one given, else the only one. Raises Failure when there is none like it, or several."""
    from backtalk.storage import workspaces

    every = workspaces.every(tx)
    if workspace is not None:
        if workspace not in (row.id for row in every):
            raise Failure(f"There is no workspace {workspace}. `backtalk workspace list` shows all of them.")
        return workspace
    if len(every) != 1:
        known = (
            ", ".join(f"{row.id} ({row.name})" for row in every) or "none; `backtalk workspace create NAME` makes one"
        )
        raise Misuse(f"Say which workspace is meant with --workspace ID; there are: {known}.")
    return every[0].id


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns on stdout, aligned by blanks."""
    lines = [head, *([printable(str(cell)) for cell in row] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(head))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def checked_name(name: str) -> str:
    """A name as it is kept. Raises Misuse."""
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_CHARS or printable(name) != name:
        raise Misuse(f"A name has 1 to {MAX_NAME_CHARS} printable characters.")
    return name


def printable(text: str) -> str:
    """Text from outside without what would steer a terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)
