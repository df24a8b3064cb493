"""An API as a bot file holds it: of the headers only the names, for their values are secrets; what is usual is left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from backtalk.engine.reply import Shape
from backtalk.errors import Problem, Where
from backtalk.runtime.references import Changes, replaced_inside

DEFAULTS: dict[str, Any] = {
    "headers": [],
    "params": [],
    "output": None,
    "timeout_s": 5.0,
    "on_failure": None,
    "dialect": "backtalk",
    "mapping": None,
}
KEYS = ("name", "method", "url", *DEFAULTS)


class ApiEntry(BaseModel):
    """An API as a file holds it: of the headers only the names, for their values are secrets."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    method: str = "GET"
    url: str
    headers: list[str] = []
    params: list[Param] = []
    output: Shape | None = None
    timeout_s: Annotated[float, Field(ge=0.5, le=5)] = 5.0
    on_failure: Fallback | None = None
    dialect: Literal["backtalk"] = "backtalk"
    mapping: dict[str, Any] | None = None


class Param(BaseModel):
    """A parameter; the value may hold `{{attribute}}`."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    name: str
    value: str


class Fallback(BaseModel):
    """The API's own default for when a call does not work."""

    model_config = ConfigDict(extra="forbid")

    say: str | None = None
    sequence: int | None = None


def settings_of(
    *,
    name: str,
    method: str,
    url: str,
    headers: Iterable[str],
    params: Iterable[tuple[str, str]],
    output: str | None,
    timeout_s: float,
    on_failure: Mapping[str, Any] | None,
    dialect: str,
    mapping: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """An API as a file holds it: of the headers only the names, for their values are secrets."""
    return {
        "name": name,
        "method": method,
        "url": url,
        "headers": list(headers),
        "params": [{"name": key, "value": value} for key, value in params],
        "output": output,
        "timeout_s": float(timeout_s),
        "on_failure": {key: value for key, value in on_failure.items() if value is not None} if on_failure else None,
        "dialect": dialect,
        "mapping": dict(mapping) if mapping else None,
    }


def written(settings: Mapping[str, Any], sequence_refs: Mapping[int, str]) -> dict[str, Any]:
    shown = {key: settings[key] for key in KEYS if key not in DEFAULTS or settings[key] != DEFAULTS[key]}
    if isinstance(shown.get("on_failure"), dict) and "sequence" in shown["on_failure"]:
        plan = dict(shown["on_failure"])
        if plan["sequence"] in sequence_refs:
            plan["sequence"] = sequence_refs[plan["sequence"]]
        else:  # it belongs to another bot
            del plan["sequence"]
        shown["on_failure"] = plan or None
    return {key: value for key, value in shown.items() if value is not None}


def read(api: Mapping[str, Any], number: int, changes: Changes) -> dict[str, Any]:
    place = f"$.apis[{number - 1}]"
    entry = {key: value for key, value in api.items() if key != "ref"}
    if isinstance(entry.get("on_failure"), dict):
        entry["on_failure"] = replaced_inside(entry["on_failure"], changes, Where(path=f"{place}.on_failure"))
    try:
        checked = ApiEntry.model_validate(entry)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            path = place + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in found["loc"])
            hint = "Compare it with an API of an exported file."
            changes.problems.append(Problem(found["type"], f"{found['msg']}.", hint, Where(path=path)))
        return {}
    plan = checked.on_failure
    return {
        **checked.model_dump(),
        "on_failure": plan.model_dump(exclude_none=True) or None if plan else None,
    }
