"""The published JSON Schemas of the backend contract: the same for everybody, no token needed."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from backtalk.backend.contract import schemas
from backtalk.errors import NotFound

router = APIRouter()

NAMES = ("request", "text", "image", "gallery", "buttons", "quick_replies")


@router.get(
    "/contract/{name}.json",
    response_class=Response,
    summary="A JSON Schema of the contract",
    responses={200: {"content": {"application/schema+json": {"schema": {"type": "object"}}}}},
)
async def get_contract(name: str) -> Response:
    """`request` is what a backend receives; `text`, `image`, `gallery`, `buttons` and `quick_replies` are what it may answer."""
    text = _texts().get(name)
    if text is None:
        raise NotFound(f"There is no schema of this name; there are {', '.join(NAMES)}.")
    headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
    return Response(text, 200, headers, "application/schema+json")


@cache
def _texts() -> dict[str, bytes]:
    documents: dict[Any, dict[str, Any]] = dict(schemas())
    return {name: orjson.dumps(document, option=orjson.OPT_INDENT_2) for name, document in documents.items()}
