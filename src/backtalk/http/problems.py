"""What a caller gets when something is refused: RFC 9457 problem documents, and the only place where codes meet HTTP statuses.

The text of a problem never repeats a path, a parameter or a body, so that nothing can be reflected (row U14). An unknown id and a foreign
one give the same document (row A01).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from backtalk.errors import (
    BacktalkError,
    BadSignature,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PlanRequired,
    Problem,
    SignInRequired,
    TooLarge,
    TooMany,
    Unavailable,
    Where,
)

MEDIA_TYPE = "application/problem+json"
MAX_PROBLEMS = 200
MAX_SHOWN_CHARS = 60
UNAVAILABLE_RETRY_S = 2

STATUS: dict[type[BacktalkError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    SignInRequired: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    PlanRequired: HTTPStatus.PAYMENT_REQUIRED,
    BadSignature: HTTPStatus.UNAUTHORIZED,
    TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The status of each refusal. A subclass has its parent's, unless it is listed."""


class BadJson(Invalid):
    """The body is not valid JSON."""

    code = "invalid"


class WrongType(BacktalkError):
    """The body has a content type that is not understood here."""

    code = "unsupported_media_type"
    hint = "Send JSON with `Content-Type: application/json`."


class WrongMethod(BacktalkError):
    """There is something here, but not for this method."""

    code = "method_not_allowed"
    hint = "The Allow header names the methods; /api/v1/docs lists all routes."


class NoRoute(NotFound):
    """There is nothing at this address."""

    hint = "Check the path; /api/v1/docs lists all routes."


class Broken(BacktalkError):
    """Something went wrong on our side."""

    code = "internal"
    hint = "Try again. If it stays, give the operator the request id of the X-Request-Id header: the log has the cause under it."


STATUS |= {
    BadJson: HTTPStatus.BAD_REQUEST,
    WrongType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    WrongMethod: HTTPStatus.METHOD_NOT_ALLOWED,
    Broken: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_BY_STATUS: dict[int, type[BacktalkError]] = {
    404: NoRoute,
    405: WrongMethod,
    413: TooLarge,
    415: WrongType,
}


def status_of(error: BacktalkError) -> HTTPStatus:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), HTTPStatus.BAD_REQUEST)


def document_of(error: BacktalkError) -> dict[str, Any]:
    """The problem document of a refusal."""
    status = status_of(error)
    document: dict[str, Any] = {
        "type": f"urn:backtalk:problem:{error.code}",
        "title": _title(error),
        "status": status.value,
        "code": error.code,
        "detail": error.detail,
        "hint": error.hint,
    }
    if error.problems:
        document["problems"] = [problem.to_json() for problem in error.problems[:MAX_PROBLEMS]]
    return document


def problem_response(error: BacktalkError, headers: Mapping[str, str] | None = None) -> Response:
    extra = dict(headers or {})
    match error:
        case TooMany():
            extra["Retry-After"] = str(error.retry_after_s)
        case Unavailable():
            extra["Retry-After"] = str(UNAVAILABLE_RETRY_S)
        case SignInRequired():
            extra["WWW-Authenticate"] = "Bearer"
        case _:
            pass
    body = orjson.dumps(document_of(error), option=orjson.OPT_NON_STR_KEYS, default=str)
    return Response(body, status_of(error).value, extra, MEDIA_TYPE)


def invalid_fields(errors: Sequence[ErrorDetails | Mapping[str, Any]]) -> BacktalkError:
    """What pydantic found in a request. A path parameter that cannot be an id is an id that nothing has."""
    if any(error["loc"][:1] == ("path",) for error in errors):
        return NotFound()
    return Invalid(
        "The request is not valid." if len(errors) > 1 else _sentence(errors[0]),
        hint="Correct the fields that are named in problems.",
        problems=tuple(_problem(error) for error in errors[:MAX_PROBLEMS]),
    )


async def _refused(_request: Request, error: Exception) -> Response:
    return problem_response(error if isinstance(error, BacktalkError) else Broken())


async def _http(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return problem_response(Broken())
    kind = _BY_STATUS.get(error.status_code, Invalid)
    return problem_response(kind(), error.headers)


async def refuse_fields(_request: Request, error: Exception) -> Response:
    """A handler for what FastAPI finds in a request."""
    found = getattr(error, "errors", None)
    return problem_response(invalid_fields(found()) if callable(found) else Broken())


def handlers() -> dict[Any, Any]:
    """Exception handlers for every application."""
    return {BacktalkError: _refused, HTTPException: _http, Exception: _refused}


def _title(error: BacktalkError) -> str:
    lines = (type(error).__doc__ or "").strip().splitlines()
    return lines[0].rstrip(".") if lines else error.code


def _problem(error: ErrorDetails | Mapping[str, Any]) -> Problem:
    place = error["loc"][1:] if error["loc"][:1] in (("body",), ("query",), ("header",)) else error["loc"]
    in_body = error["loc"][:1] == ("body",)
    path = "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place) if in_body else None
    where = Where(field=".".join(map(str, place)) or None, path=path)
    return Problem(str(error["type"]), _sentence(error), _hint(error), where)


def _sentence(error: ErrorDetails | Mapping[str, Any]) -> str:
    name = str(error["loc"][-1])[:MAX_SHOWN_CHARS] if error["loc"] else ""
    match error["type"]:
        case "missing":
            return f"“{name}” is missing."
        case "extra_forbidden":
            return f"“{name}” is not a field here."
    message = str(error["msg"]).removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."


def _hint(error: ErrorDetails | Mapping[str, Any]) -> str:
    match error["type"]:
        case "missing":
            return "Send this field."
        case "extra_forbidden":
            return "Take this field away, or check how it is spelled."
        case "model_attributes_type" | "dict_type":
            return "Send a JSON object."
        case _:
            return "Correct this field."
