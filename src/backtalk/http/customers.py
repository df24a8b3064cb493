"""Customers over HTTP: found, changed, written to, exported and erased."""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_hex
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from backtalk.engine.customer import (
    Customer,
)
from backtalk.engine.events import Event, HandedBack, SequenceSent, TakenOver, TextSent
from backtalk.errors import Conflict, Invalid, Problem, Where
from backtalk.http.auth import Access, Admin, Editor, Viewer
from backtalk.http.chat_access import services as services_of
from backtalk.http.customer_forms import (
    CustomerChange,
    CustomerDetails,
    CustomerShown,
    Sent,
    SequenceToSend,
    SourceShown,
    TextToSend,
)
from backtalk.http.forms import After, Id, Limit, Page
from backtalk.storage import attributes, channels, customers, versions
from backtalk.storage.customers import CustomerRow
from backtalk.storage.database import Tx

router = APIRouter()

SOURCE = "management"
"""What `sources` say of a value that was set here."""


@router.get("/customers")
async def list_customers(
    request: Request,
    access: Viewer,
    limit: Limit = 50,
    after: After = 0,
    query: Annotated[str, Query(max_length=200, description="Part of a profile field or a text attribute.")] = "",
) -> Page[CustomerShown]:
    """The customers of the workspace, oldest first. With `query`, a page may be shorter than `limit` while more follow."""

    def work(tx: Tx) -> tuple[list[CustomerRow], int | None]:
        if query.strip():
            return customers.search(tx, access.workspace_id, query.strip(), after=after, limit=limit)
        return customers.page(tx, access.workspace_id, after=after, limit=limit)

    rows, following = await services_of(request).database.read(work)
    return Page(items=[CustomerShown.model_validate(_fields(row)) for row in rows], next=following)


@router.get("/customers/{customer_id}")
async def get_customer(request: Request, access: Viewer, customer_id: Id) -> CustomerDetails:
    """One customer, with the source and time of each value."""
    return await _details(request, access, customer_id)


@router.patch("/customers/{customer_id}")
async def change_customer(request: Request, access: Editor, customer_id: Id, form: CustomerChange) -> CustomerDetails:
    """Change profile fields, merge attributes, pause or resume the bot."""
    services, changes, now = services_of(request), form.changes(), datetime.now(UTC)

    def work(tx: Tx) -> tuple[Customer, int]:
        old = customers.get(tx, access.workspace_id, customer_id).customer
        changed, accepted, refused = old.with_changes(changes)
        if refused:
            raise _refusal(refused)
        if accepted:
            names = list(accepted)
            customers.save_changes(tx, access.workspace_id, customer_id, changed, names, source=SOURCE, at=now)
            attributes.add(
                tx, workspace_id=access.workspace_id, new=accepted.keys() & changed.attributes.keys(), at=now
            )
        return old, customers.conversation_of(tx, access.workspace_id, customer_id)

    old, conversation_id = await services.database.write(work)
    wanted = form.bot_enabled
    if wanted is not None and wanted != old.bot_enabled:
        await _take(request, access, conversation_id, HandedBack(now) if wanted else TakenOver(now))
    return await _details(request, access, customer_id)


@router.delete("/customers/{customer_id}", status_code=204)
async def erase_customer(request: Request, access: Admin, customer_id: Id) -> None:
    """Erase a customer: conversation, messages, events, calls, and what is owed. It cannot be undone."""
    await services_of(request).database.write(lambda tx: customers.erase(tx, access.workspace_id, customer_id))


@router.get("/customers/{customer_id}/export", response_model=dict[str, Any])
async def export_customer(request: Request, access: Editor, customer_id: Id) -> Response:
    """Everything that is held about one customer, table by table."""
    held = await services_of(request).database.read(lambda tx: customers.export(tx, access.workspace_id, customer_id))
    return Response(orjson.dumps(held, option=orjson.OPT_UTC_Z), media_type="application/json")


@router.post("/customers/{customer_id}/send-text", status_code=202)
async def send_text(request: Request, access: Editor, customer_id: Id, form: TextToSend) -> Sent:
    """Send a text to a customer, after what the bot has under way."""
    conversation_id, _ = await services_of(request).database.read(lambda tx: _open(tx, access, customer_id))
    await _take(request, access, conversation_id, TextSent(datetime.now(UTC), form.text))
    return Sent(conversation_id=conversation_id)


@router.post("/customers/{customer_id}/send-sequence", status_code=202)
async def send_sequence(request: Request, access: Editor, customer_id: Id, form: SequenceToSend) -> Sent:
    """Start a sequence of the published bot for a customer."""

    def work(tx: Tx) -> int:
        conversation_id, channel = _open(tx, access, customer_id)
        live = versions.live(tx, access.workspace_id, channel.bot_id)
        if live is None:
            raise Conflict("The bot of this customer is not published.", hint="Publish it, then send again.")
        if form.sequence_id not in {sequence["id"] for sequence in live[1]["sequences"]}:
            message = "The published bot has no sequence with this id."
            hint = "Use the id of a sequence of the version that is live."
            where = Where(field="sequence_id", path="$.sequence_id")
            raise Invalid(message, hint=hint, problems=(Problem("unknown_sequence", message, hint, where),))
        return conversation_id

    conversation_id = await services_of(request).database.read(work)
    await _take(request, access, conversation_id, SequenceSent(datetime.now(UTC), form.sequence_id))
    return Sent(conversation_id=conversation_id)


def _open(tx: Tx, access: Access, customer_id: int) -> tuple[int, channels.ChannelRow]:
    """The conversation that something can be sent into, with its channel."""
    customer = customers.get(tx, access.workspace_id, customer_id).customer
    channel = channels.get(tx, access.workspace_id, customer.channel_id)
    conversation_id = customers.conversation_of(tx, access.workspace_id, customer_id)
    if not channel.connected:
        raise Conflict("The channel of this customer is disconnected.", hint="Connect it in Channels, then send again.")
    return conversation_id, channel


async def _take(request: Request, access: Access, conversation_id: int, event: Event) -> None:
    await services_of(request).turns.take(
        workspace_id=access.workspace_id,
        conversation_id=conversation_id,
        event=event,
        external_id=f"api:{token_hex(12)}",
    )


async def _details(request: Request, access: Access, customer_id: int) -> CustomerDetails:
    row = await services_of(request).database.read(lambda tx: customers.get(tx, access.workspace_id, customer_id))
    sources = {name: SourceShown(source=source, at=at) for name, (source, at) in row.sources.items()}
    return CustomerDetails.model_validate({**_fields(row), "sources": sources})


def _fields(row: CustomerRow) -> dict[str, Any]:
    names = (name for name in CustomerShown.model_fields if name != "external_id")
    return {"external_id": row.external_id, **{name: getattr(row.customer, name) for name in names}}


def _refusal(refused: list[tuple[str, str]]) -> Invalid:
    problems = tuple(
        Problem(
            "refused_attribute", f"“{name}” {reason}.", "Leave it out.", Where(field=name, path=f"$.attributes.{name}")
        )
        for name, reason in refused
    )
    return Invalid(problems[0].message, hint="Leave out what is named in problems.", problems=problems)
