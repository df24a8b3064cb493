"""The API's documentation: the OpenAPI document, and the same as a plain page that needs no script and no internet."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from backtalk.http.pages import page_response

router = APIRouter(include_in_schema=False)
# These two are plain functions, which FastAPI runs in a thread: making the document would hold up the event loop.


@router.get("/openapi.json")
def openapi_document(request: Request) -> Response:
    return JSONResponse(request.app.openapi(), headers={"Cache-Control": "public, max-age=300"})


@router.get("/docs")
def docs_page(request: Request) -> HTMLResponse:
    return page_response("Management API", _content(request.app.openapi()))


def _content(document: dict[str, Any]) -> str:
    about = "".join(f"<p>{_marked(part)}</p>" for part in document["info"]["description"].strip().split("\n\n"))
    prefix = document["servers"][0]["url"]
    rows = "".join(
        _row(method.upper(), prefix + path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    return (
        "<h1>Management API</h1>"
        f"{about}"
        '<p>For programs: <a href="openapi.json">openapi.json</a>, with schemas and examples of everything below.</p>'
        f"<table><thead><tr><th>Method</th><th>Path</th><th>What it does</th><th>Role</th></tr></thead><tbody>{rows}</tbody></table>"
    )


def _marked(text: str) -> str:
    """What stands between backticks as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    role = operation.get("x-role", "none")
    cells = (f"<code>{method}</code>", f"<code>{escape(path)}</code>", escape(operation["summary"]), escape(role))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
