"""Bodies in and out of plain handlers: bounded, strict JSON, read into a model; and answers as JSON."""

from __future__ import annotations

from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from backtalk.errors import TooLarge
from backtalk.http.problems import BadJson, invalid_fields

M = TypeVar("M", bound=BaseModel)


async def read_model(request: Request, model: type[M], *, most: int) -> M:
    """The body as a model. Raises TooLarge above `most` bytes, Invalid for what is not JSON or not the model."""
    return parse_model(parse_json(await read_body(request, most)), model)


async def read_body(request: Request, most: int) -> bytes:
    """The whole body; reading stops at the bound."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise TooLarge(f"The body is larger than {most} bytes.", hint="Send less at once.")
        chunks.append(chunk)
    return b"".join(chunks)


def parse_json(body: bytes) -> Any:
    """Strict JSON; BadJson names line and column."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadJson(
            f"The body is not valid JSON: line {error.lineno}, column {error.colno}.",
            hint="Send one JSON value in UTF-8.",
        ) from None


def parse_model(value: object, model: type[M]) -> M:
    """A JSON value as a model; Invalid has a problem for each field."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid_fields(error.errors(include_url=False)) from None


def json_response(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
