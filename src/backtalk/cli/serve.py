"""`serve` and `demo`."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backtalk.cli.group import Command, read_settings, settings_options, with_database

if TYPE_CHECKING:
    from backtalk.settings import Settings


def _server_options(command: Command) -> Command:
    for option in (
        click.option("--take-over", is_flag=True, help="This is a restored backup: do what it still owes."),
        click.option("--open", "open_browser", is_flag=True, help="Open the address in a browser."),
        click.option("--port", type=click.IntRange(0, 65_535), help="Port; 0 takes a free one.  [default: 8420]"),
        click.option("--host", help="Address to listen on.  [default: 127.0.0.1]"),
    ):
        command = option(command)
    return settings_options(command)


@click.command("serve", epilog="Example:  backtalk serve --port 8420 --data ./data")
@_server_options
def serve_command(*, data: Path | None, config: Path | None, host: str | None, port: int | None, **how: bool) -> None:
    """Run everything in one process on SQLite."""
    settings = read_settings(config, data, host=host, port=port)
    _serve(settings, demo=False, typed=_typed(data, config), **how)


@click.command("demo", epilog="Example:  backtalk demo --open")
@_server_options
@click.option("--remove", is_flag=True, help="Take the sample bot, its APIs and its conversations out again.")
def demo_command(
    *, data: Path | None, config: Path | None, host: str | None, port: int | None, remove: bool, **how: bool
) -> None:
    """Run `serve` with a sample shop: a published bot, its chat page, and a backend that answers it.

    Works offline. The backend also answers slowly, wrongly and not at all, so that failures can be seen.
    """
    settings = read_settings(config, data, host=host, port=port)
    if not remove:
        _serve(settings, demo=True, typed=_typed(data, config), **how)
        return
    from backtalk.demo import install

    removed = with_database(settings, install.remove)
    click.echo("The demo was removed." if removed.was_there else "There is no demo to remove.")
    if removed.kept:
        click.echo(f"Kept, because another bot uses them: {', '.join(removed.kept)}.")


def _serve(settings: Settings, *, demo: bool, open_browser: bool, take_over: bool, typed: Callable[[str], str]) -> None:
    from backtalk import bootstrap

    bootstrap.run_server(
        settings,
        demo=demo,
        take_over=take_over,
        announce=click.echo,
        open_page=click.launch if open_browser else None,
        typed=typed,
    )


def _typed(data: Path | None, config: Path | None) -> Callable[[str], str]:
    """What to type for a command's words here: our program as it is found from this folder, with the same settings."""
    program = Path(sys.argv[0])
    if shutil.which(program.name) == str(program.absolute()) or program.name != "backtalk":
        program = Path("backtalk")
    elif program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    given = [word for name, path in (("--data", data), ("--config", config)) if path for word in (name, str(path))]
    return lambda words: " ".join([shlex.quote(str(program)), words, *map(shlex.quote, given)])
