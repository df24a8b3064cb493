"""APIs of a workspace. Header values are sealed, bound to their row, and leave this module for a call only (`load_for_call`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, insert, select, update

from backtalk.backend.api import Api
from backtalk.engine.block import ApiSummary
from backtalk.engine.reply import OnFailure, Shape
from backtalk.errors import Conflict, NotFound, Problem, Where
from backtalk.storage.database import Tx, UniqueViolation, statement
from backtalk.storage.schema import apis, from_us, time_us

_OF_WORKSPACE = apis.c.workspace_id == bindparam("workspace_id")
_THIS = (apis.c.id == bindparam("api_id")) & _OF_WORKSPACE
_SHOWN = tuple(column for column in apis.c if column.name != "workspace_id")
_SETTABLE = (
    "name",
    "method",
    "url",
    "header_names",
    "params",
    "output",
    "timeout_s",
    "on_failure",
    "dialect",
    "mapping",
)

_PAGE = statement(
    select(*_SHOWN).where(_OF_WORKSPACE, apis.c.id > bindparam("after")).order_by(apis.c.id).limit(bindparam("limit"))
)
_GET = statement(select(*_SHOWN).where(_THIS))
_SUMMARIES = statement(select(apis.c.id, apis.c.name, apis.c.output).where(_OF_WORKSPACE))
_INSERT = statement(
    insert(apis).values(
        workspace_id=bindparam("workspace_id"),
        created_at=bindparam("at"),
        updated_at=bindparam("at"),
        **{name: bindparam(name) for name in _SETTABLE},
    )
)
_CHANGE = statement(
    update(apis)
    .where(_THIS)
    .values(updated_at=bindparam("at"), **{name: bindparam(f"new_{name}") for name in _SETTABLE})
)
_SEAL = statement(update(apis).where(_THIS).values(header_values=bindparam("new_header_values")))
_DELETE = statement(delete(apis).where(_THIS))


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What an author sets. A header value of None is the one that is stored already under that name."""

    name: str
    method: str
    url: str
    headers: Sequence[tuple[str, str | None]] = ()
    params: Sequence[tuple[str, str]] = ()
    output: Shape | None = None
    timeout_s: float = 5.0
    on_failure: OnFailure | None = None
    dialect: str = "backtalk"
    mapping: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ApiRow:
    """A stored API. In its settings every header value is None; `headers_set` tells which of them are stored."""

    id: int
    settings: ApiSettings
    headers_set: tuple[bool, ...]
    created_at: datetime
    updated_at: datetime


def page(tx: Tx, workspace_id: int, *, after: int, limit: int) -> list[ApiRow]:
    """APIs with an id above `after`, oldest first."""
    rows = tx.all(_PAGE, workspace_id=workspace_id, after=after, limit=limit)
    return [_row(row, _opened(tx, workspace_id, row)) for row in rows]


def get(tx: Tx, workspace_id: int, api_id: int) -> ApiRow:
    row = tx.one(_GET, workspace_id=workspace_id, api_id=api_id)
    if row is None:
        raise NotFound
    return _row(row, _opened(tx, workspace_id, row))


def summaries(tx: Tx, workspace_id: int) -> dict[int, ApiSummary]:
    """All APIs of a workspace by id, as the check of a document needs them."""
    return {row["id"]: ApiSummary(row["name"], row["output"]) for row in tx.all(_SUMMARIES, workspace_id=workspace_id)}


def load_for_call(tx: Tx, *, workspace_id: int, api_id: int) -> Api | None:
    """The API with its header values in plaintext; None when there is none."""
    row = tx.one(_GET, workspace_id=workspace_id, api_id=api_id)
    if row is None:
        return None
    names, values = orjson.loads(row["header_names"]), _opened(tx, workspace_id, row)
    return Api(
        id=api_id,
        name=row["name"],
        method=row["method"],
        url=row["url"],
        headers=tuple(zip(names, values, strict=True)),
        params=tuple((name, value) for name, value in orjson.loads(row["params"])),
        output=row["output"],
        timeout_s=row["timeout_s"],
        on_failure=_on_failure(row),
        dialect=row["dialect"],
        mapping=_mapping(row),
    )


def create(tx: Tx, workspace_id: int, settings: ApiSettings, at: datetime) -> ApiRow:
    """A new API. Raises Conflict for a name that is taken; a header without a value is stored with an empty one."""
    with_name = _columns(settings)
    try:
        api_id = tx.insert(_INSERT, workspace_id=workspace_id, at=time_us(at), **with_name)
    except UniqueViolation:
        raise _name_taken(settings.name) from None
    _seal(tx, workspace_id, api_id, [value or "" for _, value in settings.headers])
    return get(tx, workspace_id, api_id)


def change(tx: Tx, workspace_id: int, api_id: int, settings: ApiSettings, at: datetime) -> ApiRow:
    """Replace the settings; a header value of None keeps what is stored under that name, the first of several first."""
    values = kept_values(tx, workspace_id, api_id, settings.headers)
    columns = {f"new_{name}": value for name, value in _columns(settings).items()}
    try:
        tx.run(_CHANGE, workspace_id=workspace_id, api_id=api_id, at=time_us(at), **columns)
    except UniqueViolation:
        raise _name_taken(settings.name) from None
    _seal(tx, workspace_id, api_id, [value or "" for value in values])
    return get(tx, workspace_id, api_id)


def kept_values(tx: Tx, workspace_id: int, api_id: int, headers: Sequence[tuple[str, str | None]]) -> list[str | None]:
    """The value of each header, with what is stored where None was given; None where nothing is stored under that name."""
    row = tx.one(_GET, workspace_id=workspace_id, api_id=api_id)
    if row is None:
        raise NotFound
    stored: dict[str, list[str]] = {}
    for known, secret in zip(orjson.loads(row["header_names"]), _opened(tx, workspace_id, row), strict=True):
        stored.setdefault(known.lower(), []).append(secret)
    found: list[str | None] = []
    for name, value in headers:
        waiting = stored.get(name.lower(), [])
        kept = waiting.pop(0) if waiting else None
        found.append((kept or None) if value is None else value)
    return found


def remove(tx: Tx, workspace_id: int, api_id: int) -> None:
    """Delete an API with its secrets. Its calls stay in the log."""
    if not tx.run(_DELETE, workspace_id=workspace_id, api_id=api_id):
        raise NotFound


def _name_taken(name: str) -> Conflict:
    message = f"There is already an API with the name “{name}”."
    hint = "Choose another name."
    return Conflict(message, hint=hint, problems=(Problem("name_taken", message, hint, Where(field="name")),))


def _columns(settings: ApiSettings) -> dict[str, Any]:
    return {
        "name": settings.name,
        "method": settings.method,
        "url": settings.url,
        "header_names": _json([name for name, _ in settings.headers]),
        "params": _json([list(pair) for pair in settings.params]),
        "output": settings.output,
        "timeout_s": settings.timeout_s,
        "on_failure": None if settings.on_failure is None else _json(asdict(settings.on_failure)),
        "dialect": settings.dialect,
        "mapping": None if settings.mapping is None else _json(settings.mapping),
    }


def _seal(tx: Tx, workspace_id: int, api_id: int, values: Sequence[str]) -> None:
    sealed = (
        tx.sealer.seal(
            orjson.dumps(values), table="apis", workspace_id=workspace_id, row_id=api_id, column="header_values"
        )
        if values
        else None
    )
    tx.run(_SEAL, workspace_id=workspace_id, api_id=api_id, new_header_values=sealed)


def _opened(tx: Tx, workspace_id: int, row: Mapping[str, Any]) -> list[str]:
    if row["header_values"] is None:
        return []
    opened = tx.sealer.unseal(
        row["header_values"], table="apis", workspace_id=workspace_id, row_id=row["id"], column="header_values"
    )
    values: list[str] = orjson.loads(opened)
    return values


def _row(row: Mapping[str, Any], values: Sequence[str]) -> ApiRow:
    settings = ApiSettings(
        name=row["name"],
        method=row["method"],
        url=row["url"],
        headers=[(name, None) for name in orjson.loads(row["header_names"])],
        params=[(name, value) for name, value in orjson.loads(row["params"])],
        output=row["output"],
        timeout_s=row["timeout_s"],
        on_failure=_on_failure(row),
        dialect=row["dialect"],
        mapping=_mapping(row),
    )
    headers_set = tuple(value != "" for value in values)
    return ApiRow(row["id"], settings, headers_set, from_us(row["created_at"]), from_us(row["updated_at"]))


def _on_failure(row: Mapping[str, Any]) -> OnFailure | None:
    return OnFailure(**orjson.loads(row["on_failure"])) if row["on_failure"] else None


def _mapping(row: Mapping[str, Any]) -> dict[str, Any] | None:
    return orjson.loads(row["mapping"]) if row["mapping"] else None


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
