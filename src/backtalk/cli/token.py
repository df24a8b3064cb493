"""`token create`, `token list`, `token revoke`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backtalk.cli.group import (
    Commands,
    checked_name,
    chosen_workspace,
    in_transaction,
    print_table,
    read_settings,
    settings_options,
)

if TYPE_CHECKING:
    from backtalk.storage.database import Tx

ROLES = ("owner", "admin", "editor", "viewer")


@click.group("token", cls=Commands)
def token_group() -> None:
    """Tokens for the management API."""


@token_group.command("create", epilog="Example:  TOKEN=$(backtalk token create --name laptop)")
@settings_options
@click.option("--name", required=True, help="What the token is for.")
@click.option("--workspace", type=int, help="Id of the workspace.  [default: the only one]")
@click.option("--role", type=click.Choice(ROLES), default="admin", show_default=True, help="What it may do.")
def create(*, name: str, workspace: int | None, role: Any, data: Path | None, config: Path | None) -> None:
    """Make a token. It is printed once, alone on the last line."""
    from backtalk.storage import tokens

    name = checked_name(name)

    def work(tx: Tx) -> tuple[int, str]:
        row, token = tokens.create(tx, chosen_workspace(tx, workspace), name=name, role=role, at=datetime.now(UTC))
        return row.id, token

    token_id, token = in_transaction(read_settings(config, data), work)
    click.echo(f"Token {token_id} ({role}). It is shown this once:", err=True)
    click.echo(token)


@token_group.command("list", epilog="Example:  backtalk token list")
@settings_options
def list_(*, data: Path | None, config: Path | None) -> None:
    """Show all tokens, without their secrets."""
    from backtalk.storage import tokens, workspaces

    def work(tx: Tx) -> list[Any]:
        return [row for workspace in workspaces.every(tx) for row in tokens.all_of(tx, workspace.id)]

    rows = in_transaction(read_settings(config, data), work)
    print_table(
        ("ID", "WORKSPACE", "NAME", "ROLE", "CREATED", "LAST USED", "REVOKED"),
        (
            (
                row.id,
                row.workspace_id,
                row.name,
                row.role,
                *map(_day, (row.created_at, row.last_used_at, row.revoked_at)),
            )
            for row in rows
        ),
    )


@token_group.command("revoke", epilog="Example:  backtalk token revoke 3")
@settings_options
@click.argument("token_id", type=int, metavar="ID")
def revoke(*, token_id: int, data: Path | None, config: Path | None) -> None:
    """End a token at once."""
    from backtalk.errors import NotFound
    from backtalk.storage import tokens, workspaces

    def work(tx: Tx) -> Any:
        for workspace in workspaces.every(tx):
            if any(row.id == token_id for row in tokens.all_of(tx, workspace.id)):
                return tokens.revoke(tx, workspace.id, token_id, datetime.now(UTC))
        raise NotFound(f"There is no token {token_id}.", hint="`backtalk token list` shows all of them.")

    row = in_transaction(read_settings(config, data), work)
    click.echo(f"Token {row.id} ({row.name}) is revoked.")


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "-"
