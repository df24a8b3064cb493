"""The call log: what was asked of backends and what they answered. Secrets were masked when it was written."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request

from backtalk.engine.reply import Outcome
from backtalk.http.auth import Access, Viewer
from backtalk.http.forms import MAX_ID, After, Id, Limit, Page, Shown, page_of
from backtalk.runtime.services import Services
from backtalk.storage import calls
from backtalk.storage.calls import CallRow

router = APIRouter()

OUTCOMES: tuple[str, ...] = get_args(Outcome)
_Filter = Annotated[int | None, Query(ge=1, le=MAX_ID)]

EXAMPLE: dict[str, Any] = {
    "id": 41,
    "at": "2026-11-23T08:00:00Z",
    "api_id": 7,
    "api_name": "Order status",
    "customer_id": 12,
    "conversation_id": 12,
    "block": "b3",
    "test": False,
    "method": "POST",
    "url": "https://shop.example.com/orders",
    "outcome": "ok",
    "http_status": 200,
    "ms": 84,
    "attempts": 1,
    "message": "",
    "reply_message": "Successful",
    "reply_status": 200,
    "notes": [],
}


class Note(Shown):
    """Something in a reply that was mended, dropped or worth knowing."""

    message: str
    hint: str = ""
    path: str = ""
    """JSON path in the body."""
    line: int | None = None
    column: int | None = None


class CallShown(Shown):
    model_config = {"json_schema_extra": {"examples": [EXAMPLE]}}

    id: int
    at: datetime
    api_id: int
    api_name: str
    """The API's name at that time."""
    customer_id: int | None
    conversation_id: int | None
    block: str | None
    test: bool
    """Made by the test console or a preview."""
    method: str
    url: str
    outcome: Outcome
    http_status: int | None
    ms: int
    attempts: int
    message: str
    """What went wrong and how to mend it; empty for `ok`."""
    reply_message: str
    """The `message` of the reply."""
    reply_status: int | None
    """The `status` of the reply."""
    notes: list[Note]


class WholeCallShown(CallShown):
    model_config = {
        "json_schema_extra": {
            "examples": [
                {
                    **EXAMPLE,
                    "request": {
                        "method": "POST",
                        "url": EXAMPLE["url"],
                        "headers": [{"name": "X-Secret", "value": "•••"}],
                        "body": '{"uid": 12}',
                    },
                    "response": {"status": 200, "headers": [], "body": '{"data": "On its way", "success": true}'},
                }
            ]
        }
    }

    request: dict[str, Any]
    """Method, address, headers and body, masked and cut. The body is null for viewers."""
    response: dict[str, Any]
    """Status, headers and body, masked and cut. The body is null for viewers."""


@router.get("/calls", response_model=Page[CallShown], summary="Calls, newest first")
async def list_calls(
    request: Request,
    access: Viewer,
    api_id: _Filter = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    customer_id: _Filter = None,
    limit: Limit = 50,
    after: After = 0,
) -> dict[str, Any]:
    services: Services = request.app.state.services

    def work(tx: Any) -> list[CallRow]:
        return calls.page(
            tx,
            access.workspace_id,
            api_id=api_id,
            outcome=outcome,
            customer_id=customer_id,
            before=after or calls.NEWEST,
            limit=limit,
        )

    return page_of(await services.database.read(work), limit)


@router.get("/calls/{call_id}", response_model=WholeCallShown, summary="One call with request and response")
async def get_call(request: Request, call_id: Id, access: Viewer) -> dict[str, Any]:
    services: Services = request.app.state.services
    row = await services.database.read(lambda tx: calls.get(tx, access.workspace_id, call_id))
    return _shown(row, access)


def _shown(row: CallRow, access: Access) -> dict[str, Any]:
    """A call as this role may see it: what customers and backends said is for those who edit (row K08)."""
    shown = {name: getattr(row, name) for name in WholeCallShown.model_fields}
    if not access.may("editor"):
        for side in ("request", "response"):
            shown[side] = {**shown[side], "body": None}
    return shown
