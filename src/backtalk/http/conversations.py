"""Conversations over HTTP, as a workspace reads them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from backtalk.http.auth import Viewer
from backtalk.http.chat_access import services as services_of
from backtalk.http.forms import After, Id, Limit, Page, Shown
from backtalk.storage import events, inbox, messages
from backtalk.storage.database import Tx
from backtalk.storage.schema import from_us

router = APIRouter()

_CURSOR = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")


class ConversationShown(Shown):
    """A conversation of one customer."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "id": 12,
                    "customer_id": 12,
                    "channel_id": 1,
                    "bot_id": 1,
                    "last_seq": 9,
                    "hand_over_note": None,
                    "created_at": "2026-01-02T03:04:05Z",
                    "updated_at": "2026-01-02T03:09:00Z",
                }
            ]
        }
    }

    id: int
    customer_id: int
    channel_id: int
    bot_id: int
    last_seq: int
    """The number of its newest message."""
    hand_over_note: str | None
    """Set while the conversation waits for a person."""
    created_at: datetime
    updated_at: datetime


class MessageShown(BaseModel):
    """A message as it was sent, with its own fields beside these; targets of buttons included."""

    model_config = ConfigDict(
        extra="allow",
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {"seq": 3, "at": "2026-01-02T03:09:00Z", "from": "bot", "block": "b1", "type": "text", "text": "Hello!"}
            ]
        },
    )

    seq: int
    at: datetime
    sender: Annotated[str, Field(alias="from")]
    """`bot`, `customer`, `agent` or `system`."""
    block: str | None
    """The block that made it."""
    type: str


class NoteShown(Shown):
    """Something that the bot's author should know of a conversation, such as why nothing was answered."""

    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    "at": "2026-01-02T03:09:00Z",
                    "seq": 3,
                    "code": "unanswered",
                    "message": "Nothing answers this text: the bot has no default sequence.",
                    "block": None,
                    "severity": "warning",
                }
            ]
        }
    }

    at: datetime
    seq: int | None
    """The message that it is about, if it is about one."""
    code: str
    message: str
    block: str | None
    severity: str


class ConversationPage(BaseModel):
    """A part of the list of conversations."""

    items: list[ConversationShown]
    next: Annotated[str | None, Field(description="Send it as `after` for the page that follows; null at the end.")] = (
        None
    )


@router.get("/conversations")
async def list_conversations(
    request: Request,
    access: Viewer,
    limit: Limit = 50,
    after: Annotated[str, Query(max_length=40, description="The `next` of the page before.")] = "",
) -> ConversationPage:
    """The conversations of the workspace, the one that changed last first. What is not a cursor begins at the top."""
    found = _CURSOR.fullmatch(after)
    before = (int(found[1]), int(found[2])) if found else inbox.NEWEST
    rows, following = await services_of(request).database.read(
        lambda tx: inbox.page(tx, access.workspace_id, before=before, limit=limit)
    )
    return ConversationPage(
        items=[ConversationShown.model_validate(row) for row in rows],
        next=f"{following[0]}-{following[1]}" if following else None,
    )


@router.get("/conversations/{conversation_id}/messages", response_model_by_alias=True)
async def list_messages(
    request: Request, access: Viewer, conversation_id: Id, limit: Limit = 50, after: After = 0
) -> Page[MessageShown]:
    """The messages with a `seq` above `after`, in order."""

    def work(tx: Tx) -> list[messages.Line]:
        inbox.get(tx, access.workspace_id, conversation_id)
        return messages.after_seq(
            tx, workspace_id=access.workspace_id, conversation_id=conversation_id, after=after, most=limit
        )

    lines = await services_of(request).database.read(work)
    return Page(items=[_shown(line) for line in lines], next=lines[-1].seq if len(lines) == limit else None)


@router.get("/conversations/{conversation_id}/notes")
async def list_notes(request: Request, access: Viewer, conversation_id: Id, limit: Limit = 50) -> Page[NoteShown]:
    """Why the bot did not do what its author may have meant, newest first. What concerns a call stands in the call log."""

    def work(tx: Tx) -> list[events.Noted]:
        inbox.get(tx, access.workspace_id, conversation_id)
        return events.noted(tx, workspace_id=access.workspace_id, conversation_id=conversation_id, most=limit)

    found = await services_of(request).database.read(work)
    return Page(items=[NoteShown.model_validate(note) for note in found[:limit]], next=None)


def _shown(line: messages.Line) -> MessageShown:
    body: dict[str, Any] = orjson.loads(line.body)
    own = {"seq": line.seq, "at": from_us(line.at), "from": line.sender, "block": line.block}
    return MessageShown.model_validate({**body, **own})
