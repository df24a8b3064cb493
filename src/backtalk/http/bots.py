"""Bots over HTTP: their drafts, sequences and versions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints

from backtalk.errors import Problem
from backtalk.http.auth import Editor, Viewer
from backtalk.http.chat_access import services as services_of
from backtalk.http.forms import After, Form, Id, Limit, Name, Page, Shown
from backtalk.runtime import drafts
from backtalk.storage import bots, versions
from backtalk.storage.database import Tx

router = APIRouter()

_DOCUMENT: Any = {
    "name": "Shop",
    "triggers": {"welcome": 1, "default": 1, "keywords": []},
    "sequences": [
        {"id": 1, "name": "Welcome", "blocks": [{"id": "b1", "type": "text", "text": "Hello {{first_name}}!"}]}
    ],
}


class BotForm(Form):
    """A new bot, or its new name."""

    model_config = {"json_schema_extra": {"examples": [{"name": "Shop"}]}}

    name: Name


class BotShown(Shown):
    """A bot without its document."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "id": 1,
                    "name": "Shop",
                    "revision": 4,
                    "live_version": 2,
                    "created_at": "2026-01-02T03:04:05Z",
                    "updated_at": "2026-01-02T03:09:00Z",
                }
            ]
        }
    }

    id: int
    name: str
    revision: int
    """Of the draft; rises with each change."""
    live_version: int | None
    """What customers talk to; null before the first publish."""
    created_at: datetime
    updated_at: datetime


class NewSequence(Form):
    """A new, empty sequence."""

    model_config = {"json_schema_extra": {"examples": [{"name": "Order status"}]}}

    name: Name


class SequenceAdded(Shown):
    """The id of the sequence, never used before in this bot, and the draft's new revision."""

    id: int
    revision: int


def _is_absent(value: Any) -> bool:
    return value is None


class WhereShown(Shown):
    """The place of a problem; what does not apply is absent."""

    sequence: Annotated[int | None, Field(exclude_if=_is_absent)] = None
    block: Annotated[str | None, Field(exclude_if=_is_absent)] = None
    field: Annotated[str | None, Field(exclude_if=_is_absent)] = None
    path: Annotated[str | None, Field(exclude_if=_is_absent)] = None


class ProblemShown(Shown):
    """What keeps a bot from working. `error` stands in the way of publishing, `warning` does not."""

    code: str
    message: str
    hint: str
    severity: str
    where: WhereShown


class DraftForm(Form):
    """A whole document and the revision that it was made from."""

    model_config = {"json_schema_extra": {"examples": [{"revision": 4, "document": _DOCUMENT}]}}

    revision: Annotated[int, Field(ge=1, le=2**31)]
    document: dict[str, Any]


class DraftShown(Shown):
    """The document that is edited, with what keeps it from working."""

    model_config = {"json_schema_extra": {"examples": [{"revision": 5, "document": _DOCUMENT, "problems": []}]}}

    revision: int
    document: dict[str, Any]
    problems: list[ProblemShown]

    @classmethod
    def of(cls, judged: drafts.Judged) -> DraftShown:
        problems = [problem_shown(problem) for problem in judged.problems]
        return cls(revision=judged.revision, document=judged.document, problems=problems)


class PublishForm(Form):
    """What has changed, in the author's words."""

    model_config = {"json_schema_extra": {"examples": [{"note": "New greeting"}]}}

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class Published(Shown):
    """The number of the version that is live now."""

    version: int


class VersionShown(Shown):
    """A published version; it never changes."""

    number: int
    note: str
    published_at: datetime
    live: bool


def problem_shown(problem: Problem) -> ProblemShown:
    return ProblemShown.model_validate(problem.to_json())


@router.get("/bots")
async def list_bots(request: Request, access: Viewer, limit: Limit = 50, after: After = 0) -> Page[BotShown]:
    """The bots of the workspace, oldest first."""
    rows = await services_of(request).database.read(
        lambda tx: bots.page(tx, access.workspace_id, after=after, limit=limit)
    )
    return Page(items=[_shown(row) for row in rows], next=rows[-1].id if len(rows) == limit else None)


@router.post("/bots", status_code=201)
async def create_bot(request: Request, access: Editor, form: BotForm) -> BotShown:
    """A new bot with an empty draft."""
    now = datetime.now(UTC)
    return _shown(
        await services_of(request).database.write(lambda tx: bots.create(tx, access.workspace_id, form.name, now))
    )


@router.get("/bots/{bot_id}")
async def get_bot(request: Request, access: Viewer, bot_id: Id) -> BotShown:
    """One bot."""
    return _shown(await services_of(request).database.read(lambda tx: bots.get(tx, access.workspace_id, bot_id)))


@router.patch("/bots/{bot_id}")
async def change_bot(request: Request, access: Editor, bot_id: Id, form: BotForm) -> BotShown:
    """Rename a bot. The name stands in the document, so that this is a new revision of the draft."""
    now = datetime.now(UTC)
    return _shown(
        await services_of(request).database.write(
            lambda tx: bots.rename(tx, access.workspace_id, bot_id, form.name, now)
        )
    )


@router.delete("/bots/{bot_id}", status_code=204)
async def delete_bot(request: Request, access: Editor, bot_id: Id) -> None:
    """Delete a bot with its versions. 409 while a channel uses it."""
    await services_of(request).database.write(lambda tx: bots.remove(tx, access.workspace_id, bot_id))


@router.post("/bots/{bot_id}/sequences", status_code=201)
async def add_sequence(request: Request, access: Editor, bot_id: Id, form: NewSequence) -> SequenceAdded:
    """Add an empty sequence to the draft. This is where ids of sequences come from."""
    now = datetime.now(UTC)
    sequence_id, revision = await services_of(request).database.write(
        lambda tx: bots.add_sequence(tx, access.workspace_id, bot_id, form.name, now)
    )
    return SequenceAdded(id=sequence_id, revision=revision)


@router.get("/bots/{bot_id}/draft")
async def get_draft(request: Request, access: Viewer, bot_id: Id) -> DraftShown:
    """The draft and its problems."""
    return DraftShown.of(await drafts.load(services_of(request).database, access.workspace_id, bot_id))


@router.put("/bots/{bot_id}/draft")
async def save_draft(request: Request, access: Editor, bot_id: Id, form: DraftForm) -> DraftShown:
    """Replace the draft. 409 when somebody saved since `revision`; 422 when it has not the shape of a bot. An unfinished one is kept."""
    database = services_of(request).database
    return DraftShown.of(
        await drafts.save(database, access.workspace_id, bot_id, revision=form.revision, document=form.document)
    )


@router.post("/bots/{bot_id}/publish")
async def publish_bot(request: Request, access: Editor, bot_id: Id, form: PublishForm | None = None) -> Published:
    """Make the draft live. 422 with its problems when one of them is an error. Conversations finish what they are in."""
    note = form.note if form else ""
    database = services_of(request).database
    return Published(version=await drafts.publish(database, access.workspace_id, bot_id, note=note))


@router.get("/bots/{bot_id}/versions")
async def list_versions(
    request: Request, access: Viewer, bot_id: Id, limit: Limit = 50, after: After = 0
) -> Page[VersionShown]:
    """Published versions, newest first."""

    def work(tx: Tx) -> tuple[list[versions.VersionRow], int | None]:
        before = after or versions.NEWEST
        rows = versions.page(tx, access.workspace_id, bot_id, before=min(before, versions.NEWEST), limit=limit)
        return rows, versions.live_number(tx, access.workspace_id, bot_id)

    rows, live = await services_of(request).database.read(work)
    shown = [
        VersionShown(number=row.number, note=row.note, published_at=row.published_at, live=row.number == live)
        for row in rows
    ]
    return Page(items=shown, next=rows[-1].number if len(rows) == limit else None)


@router.post("/bots/{bot_id}/versions/{number}/restore")
async def restore_version(request: Request, access: Editor, bot_id: Id, number: Id) -> DraftShown:
    """Make an old version the newest revision of the draft. Customers notice nothing until it is published."""
    database = services_of(request).database
    return DraftShown.of(await drafts.restore(database, access.workspace_id, bot_id, number))


def _shown(row: bots.BotRow) -> BotShown:
    return BotShown.model_validate(row)
