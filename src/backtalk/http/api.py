"""The management API as one FastAPI application: every noun's routes, and an OpenAPI document that says what is refused and to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from threading import Lock
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from backtalk import __version__
from backtalk.errors import Conflict, Forbidden, Invalid, NotFound, SignInRequired, TooMany
from backtalk.http import apis, bots, calls, channels, contract, conversations, customers, docs, preview, workspace
from backtalk.http.auth import RANK, role_of
from backtalk.http.problems import MEDIA_TYPE, document_of, handlers, refuse_fields
from backtalk.storage.tokens import Role

PREFIX = "/api/v1"
NOUNS = (workspace, apis, bots, preview, channels, customers, conversations, calls, contract, docs)
"""The modules whose routes make the API, in the order of its documentation."""

_ABOUT = """Everything that the dashboard can do. Send `Authorization: Bearer <token>`; a token belongs to one workspace and has a role.

Whatever is refused is a problem document (RFC 9457) with `code`, `detail` and `hint`; for a form or a document also `problems`,
each with its place. An unknown id and one of another workspace give the same 404.
Lists are pages: `?limit=&after=`, and `next` in the answer.
"""

_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "code", "detail", "hint"],
    "properties": {
        "type": {"type": "string", "description": "`urn:backtalk:problem:` and the code."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable; for programs."},
        "detail": {"type": "string", "description": "What is wrong, for people."},
        "hint": {"type": "string", "description": "How to mend it; may be empty."},
        "problems": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemItem"}},
    },
}
_PROBLEM_ITEM = {
    "type": "object",
    "title": "ProblemItem",
    "required": ["code", "message", "hint", "where", "severity"],
    "properties": {
        "code": {"type": "string"},
        "message": {"type": "string"},
        "hint": {"type": "string"},
        "severity": {"enum": ["error", "warning"]},
        "where": {
            "type": "object",
            "properties": {
                "sequence": {"type": "integer"},
                "block": {"type": "string"},
                "field": {"type": "string"},
                "path": {"type": "string"},
            },
        },
    },
}
_REFUSALS = {
    "401": ("A valid token is needed.", SignInRequired()),
    "403": ("The token's role does not allow this.", Forbidden()),
    "404": ("There is nothing with this id in the workspace.", NotFound()),
    "409": ("It clashes with what is stored.", Conflict()),
    "422": ("What was sent is not valid.", Invalid()),
    "429": ("Too many requests.", TooMany()),
}


_WRITING = Lock()


class ManagementApi(FastAPI):
    """FastAPI with our problem documents and roles in its OpenAPI document."""

    _document: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        """Takes a good part of a second the first time: ask for it off the event loop."""
        with _WRITING:
            return self._document or self._written()

    def _written(self) -> dict[str, Any]:
        document = super().openapi()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"], schemas["ProblemItem"] = _PROBLEM, _PROBLEM_ITEM
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        for route in routes():
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                operation["summary"] = route.summary or _first_sentence(route.description)
                _describe(operation, role_of(route))
        self._document = document
        return document


def create_api() -> ManagementApi:
    """The application, without services: set `state.services` before it gets a request."""
    api = ManagementApi(
        title="Backtalk",
        version=__version__,
        description=_ABOUT,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=lambda route: route.name,
        exception_handlers={**handlers(), RequestValidationError: refuse_fields},
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
    )
    for noun in NOUNS:
        api.include_router(noun.router, tags=[noun.__name__.rpartition(".")[2]])
    return api


def routes() -> Iterator[APIRoute]:
    """The routes that the OpenAPI document describes."""
    for noun in NOUNS:
        for route in noun.router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                yield route


def _first_sentence(text: str) -> str:
    return re.split(r"[.;:](?:\s|$)", text, maxsplit=1)[0]


def _describe(operation: dict[str, Any], role: Role | None) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    for status, (description, error) in _REFUSALS.items():
        if role is None and status not in ("404", "429"):
            continue
        content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": document_of(error)}
        responses[status] = {"description": description, "content": {MEDIA_TYPE: content}}
    if role is not None:
        operation["security"] = [{"token": []}]
        operation["x-role"] = role
        allowed = ", ".join(name for name in RANK if RANK[name] >= RANK[role])
        operation["description"] = f"{operation.get('description', '')}\n\nRoles: {allowed}.".strip()
