"""`schema`: the published documents, for tools and tests of backends."""

from __future__ import annotations

import json
from typing import Any

import click

NAMES = ("request", "text", "image", "gallery", "buttons", "quick_replies", "openapi")


@click.command("schema", epilog="Example:  backtalk schema gallery > gallery.schema.json")
@click.argument("name", type=click.Choice(NAMES))
def schema_command(*, name: str) -> None:
    """Print a JSON Schema of the backend contract, or the OpenAPI document of the management API."""
    click.echo(json.dumps(_document(name), indent=2, ensure_ascii=False))


def _document(name: str) -> dict[str, Any]:
    if name == "openapi":
        from backtalk.http.api import create_api

        return create_api().openapi()
    from backtalk.backend.contract import schemas

    documents: dict[Any, dict[str, Any]] = dict(schemas())
    return documents[name]
