"""`workspace list`, `create`, `plan`, `delete`: what only the operator of an installation may do."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backtalk.cli.group import (
    Commands,
    Misuse,
    checked_name,
    in_transaction,
    print_table,
    read_settings,
    settings_options,
)

if TYPE_CHECKING:
    from backtalk.storage.database import Tx


@click.group("workspace", cls=Commands)
def workspace_group() -> None:
    """Workspaces: each has its own bots, APIs, channels and customers."""


@workspace_group.command("list", epilog="Example:  backtalk workspace list")
@settings_options
def list_(*, data: Path | None, config: Path | None) -> None:
    """Show all workspaces."""
    from backtalk.storage import workspaces

    rows = in_transaction(read_settings(config, data), workspaces.every)
    print_table(("ID", "NAME", "PLAN", "CREATED"), ((w.id, w.name, w.plan, f"{w.created_at:%Y-%m-%d}") for w in rows))


@workspace_group.command("create", epilog='Example:  backtalk workspace create "Green Grocer"')
@settings_options
@click.argument("name")
def create(*, name: str, data: Path | None, config: Path | None) -> None:
    """Make a workspace, on the paid plan."""
    from backtalk.storage import workspaces

    name = checked_name(name)
    settings = read_settings(config, data)
    row, secret = in_transaction(settings, lambda tx: workspaces.create(tx, name=name, at=datetime.now(UTC)))
    click.echo(
        f"Workspace {row.id} ({row.name}) is there; `backtalk token create --name N --workspace {row.id}` opens it."
    )
    click.echo("Its calls are signed. Your backends check that with this secret, which is shown this once:", err=True)
    click.echo(secret)


@workspace_group.command("plan", epilog="Example:  backtalk workspace plan 1 paid")
@settings_options
@click.argument("workspace_id", type=int, metavar="ID")
@click.argument("plan", type=click.Choice(["free", "paid"]))
def plan(*, workspace_id: int, plan: Any, data: Path | None, config: Path | None) -> None:
    """Set the plan. APIs are called on the paid plan only."""
    from backtalk.storage import workspaces

    def work(tx: Tx) -> None:
        _known(tx, workspace_id)
        workspaces.set_plan(tx, workspace_id, plan)

    in_transaction(read_settings(config, data), work)
    click.echo(f"Workspace {workspace_id} is on the {plan} plan.")


@workspace_group.command("delete", epilog="Example:  backtalk workspace delete 2 --yes")
@settings_options
@click.argument("workspace_id", type=int, metavar="ID")
@click.option("--yes", is_flag=True, help="Really do it; nothing can be brought back.")
def delete(*, workspace_id: int, yes: bool, data: Path | None, config: Path | None) -> None:
    """Delete a workspace with everything in it: bots, channels, customers, conversations, secrets."""
    from backtalk.storage import workspaces

    if not yes:
        raise Misuse(f"This deletes all that workspace {workspace_id} holds; say --yes to do it.")

    def work(tx: Tx) -> None:
        _known(tx, workspace_id)
        workspaces.remove(tx, workspace_id)

    in_transaction(read_settings(config, data), work)
    click.echo(f"Workspace {workspace_id} and all that it held is deleted.")


def _known(tx: Tx, workspace_id: int) -> None:
    from backtalk.errors import NotFound
    from backtalk.storage import workspaces

    if workspace_id not in {row.id for row in workspaces.every(tx)}:
        raise NotFound(f"There is no workspace {workspace_id}.", hint="`backtalk workspace list` shows all of them.")
