"""Bots between a workspace and a file: `export_bot` writes one with the APIs that it uses, `import_bot` makes or replaces a draft.

An API that the workspace already has by its name is used and stays as it is: a file must not send a stored secret to another
address. Missing APIs are made without the values of their headers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from backtalk.backend.form import api_problems
from backtalk.engine.reply import OnFailure
from backtalk.errors import Invalid, PlanRequired, Problem, Where
from backtalk.outbound import EgressPolicy
from backtalk.runtime import api_entry, bot_file, drafts
from backtalk.runtime.references import apis_used, renumbered
from backtalk.storage import apis, bots, workspaces
from backtalk.storage.apis import ApiSettings
from backtalk.storage.database import Database, Tx

_INDEX = re.compile(r"\.([0-9]+)")


@dataclass(frozen=True, slots=True)
class Imported:
    """`changed` is False when the bot was like the file before. `notes` are what the importer should look at."""

    bot_id: int
    revision: int
    changed: bool
    notes: tuple[Problem, ...] = ()


async def export_bot(database: Database, workspace_id: int, bot_id: int) -> str:
    """The draft of a bot as a file. Raises NotFound, or Invalid when it refers to what is not there."""

    def work(tx: Tx) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
        document = bots.draft(tx, workspace_id, bot_id).document
        return document, _settings(tx, workspace_id, apis_used(document))

    return bot_file.write(*await database.read(work))


async def import_bot(
    database: Database, policy: EgressPolicy, workspace_id: int, data: bytes, *, bot_id: int | None = None
) -> Imported:
    """Make a new bot from a file, or replace the draft of `bot_id`. All or nothing; raises Invalid with every problem,
    PlanRequired when APIs would have to be made for a workspace that may have none.

    Sequences of the same name keep their ids, others get new ones, so that importing what was exported changes nothing.
    """
    file = bot_file.read(data)
    at = datetime.now(UTC)

    def work(tx: Tx) -> Imported:
        target = bot_id if bot_id is not None else bots.create(tx, workspace_id, file.document["name"], at).id
        old = bots.draft(tx, workspace_id, target)
        sequences = _sequence_ids(tx, workspace_id, target, file, old.document, at)
        api_ids, notes = _api_ids(tx, policy, workspace_id, file, sequences, at)
        document = drafts.normal(renumbered(file.document, sequences=sequences, apis=api_ids))
        if document == old.document:
            return Imported(target, old.revision, changed=False, notes=notes)
        current = bots.draft(tx, workspace_id, target).revision
        revision = bots.save_draft(tx, workspace_id, target, revision=current, document=document, at=at)
        return Imported(target, revision, changed=True, notes=notes)

    return await database.write(work)


def _sequence_ids(
    tx: Tx, workspace_id: int, bot_id: int, file: bot_file.BotFile, old: dict[str, Any], at: datetime
) -> dict[int, int]:
    """The id in the bot of each sequence of the file."""
    known = bot_file.refs_of(old)
    wanted = bot_file.refs_of(file.document)
    missing = [number for ref, number in wanted.items() if ref not in known]
    fresh = bots.reserve_sequences(tx, workspace_id, bot_id, len(missing), at) if missing else []
    return {number: known[ref] for ref, number in wanted.items() if ref in known} | dict(
        zip(missing, fresh, strict=True)
    )


def _api_ids(
    tx: Tx,
    policy: EgressPolicy,
    workspace_id: int,
    file: bot_file.BotFile,
    sequences: dict[int, int],
    at: datetime,
) -> tuple[dict[int, int], tuple[Problem, ...]]:
    """The id in the workspace of each API of the file; missing ones are made."""
    ids: dict[int, int] = {}
    notes: list[Problem] = []
    names = {summary.name: api_id for api_id, summary in apis.summaries(tx, workspace_id).items()}
    for number, settings in file.apis.items():
        name, where = settings["name"], Where(path=f"$.apis[{number - 1}]")
        wanted = _with_ids(settings, sequences)
        if name in names:
            ids[number] = names[name]
            here = _settings(tx, workspace_id, {names[name]})[names[name]]
            differing = [key for key, value in wanted.items() if here[key] != value]
            if differing:
                hint = "Change it in the Integration tab if the file is right."
                message = f"The API “{name}” exists and stays as it is; the file has another {', '.join(differing)}."
                notes.append(Problem("api_kept", message, hint, where, "warning"))
            continue
        if workspaces.get(tx, workspace_id).plan == "free":
            raise PlanRequired
        made = ApiSettings(
            **{
                **wanted,
                "headers": [(header, None) for header in wanted["headers"]],
                "params": [(param["name"], param["value"]) for param in wanted["params"]],
                "on_failure": OnFailure(**wanted["on_failure"]) if wanted["on_failure"] else None,
            }
        )
        _check(policy, made, where)
        ids[number] = apis.create(tx, workspace_id, made, at).id
        for header in wanted["headers"]:
            message = f"The header “{header}” of the API “{name}” has no value yet."
            notes.append(Problem("header_missing", message, "Fill it in in the Integration tab.", where, "warning"))
    return ids, tuple(notes)


def _check(policy: EgressPolicy, api: ApiSettings, where: Where) -> None:
    """Refuse what the form of an API would refuse."""
    problems = api_problems(
        name=api.name,
        method=api.method,
        url=api.url,
        headers=api.headers,
        params=api.params,
        output=api.output,
        timeout_s=api.timeout_s,
        on_failure=api.on_failure,
    )
    errors = [problem for problem in problems if problem.severity == "error"]
    if not errors and (reason := policy.problem_with(api.url)):
        errors = [Problem("blocked_address", reason, where=Where(field="url"))]
    if errors:
        raise Invalid(
            f"The API “{api.name}” cannot be made: {errors[0].message}",
            hint=errors[0].hint,
            problems=tuple(replace(problem, where=_inside(where, problem.where.field)) for problem in errors),
        )


def _inside(where: Where, field: str | None) -> Where:
    steps = _INDEX.sub(r"[\1]", f".{field}") if field else ""
    return replace(where, path=f"{where.path}{steps}")


def _with_ids(settings: dict[str, Any], sequences: dict[int, int]) -> dict[str, Any]:
    plan = settings["on_failure"]
    if not isinstance(plan, dict) or not isinstance(plan.get("sequence"), int):
        return settings
    return {**settings, "on_failure": {**plan, "sequence": sequences[plan["sequence"]]}}


def _settings(tx: Tx, workspace_id: int, api_ids: set[int]) -> dict[int, dict[str, Any]]:
    """The settings of those APIs that are there; no secret is opened for them."""
    there = api_ids & apis.summaries(tx, workspace_id).keys()
    return {api_id: _settings_of(apis.get(tx, workspace_id, api_id).settings) for api_id in there}


def _settings_of(api: ApiSettings) -> dict[str, Any]:
    plan = api.on_failure
    return api_entry.settings_of(
        name=api.name,
        method=api.method,
        url=api.url,
        headers=[name for name, _ in api.headers],
        params=api.params,
        output=api.output,
        timeout_s=api.timeout_s,
        on_failure={"say": plan.say, "sequence": plan.sequence} if plan else None,
        dialect=api.dialect,
        mapping=api.mapping,
    )
