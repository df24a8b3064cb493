"""The test console: one real call of an API for a customer, with all that came of it. Nothing is saved but its row of the call log."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

import orjson

from backtalk.backend.api import Api
from backtalk.backend.masking import without_secrets
from backtalk.engine.codec import message_to_json
from backtalk.engine.customer import Customer
from backtalk.engine.messages import Button, Buttons, Card, Gallery, Media, Message, QuickReplies, Text
from backtalk.engine.reply import ApiFailure, ApiReply, Shape
from backtalk.errors import PlanRequired
from backtalk.runtime.calls import CallPlan, CallRecord, call_row, make_call, plan_call
from backtalk.runtime.services import Services
from backtalk.storage import apis, calls, channels, customers, workspaces
from backtalk.storage.database import Tx


@dataclass(frozen=True, slots=True)
class TestedBy:
    """For whom an API is tested: a stored customer, with some values changed, or somebody made up of these values."""

    __test__ = False  # for pytest, which takes the name for a test

    customer_id: int | None = None
    channel_id: int | None = None
    values: dict[str, Any] | None = None
    """Profile fields, attributes and `last_message_text` by name."""


async def test_api(services: Services, workspace_id: int, api_id: int, by: TestedBy) -> dict[str, Any]:
    """Call the API now. Raises NotFound for what is not in the workspace, and PlanRequired on a free plan."""
    now = datetime.now(UTC)

    def work(tx: Tx) -> CallPlan:
        plan = workspaces.get(tx, workspace_id).plan
        apis.get(tx, workspace_id, api_id)
        if plan == "free":
            raise PlanRequired
        customer = _customer(tx, workspace_id, by, now)
        return plan_call(tx, workspace_id=workspace_id, api_id=api_id, customer=customer, plan=plan)

    plan = await services.database.read(work)
    record = await make_call(services.outbound, plan, shape=plan.api.output, key=f"test-{token_hex(12)}", at=now)
    row = call_row(record, customer_id=by.customer_id, test=True)
    call_id = await services.database.write(lambda tx: calls.record(tx, row))
    return {"call_id": call_id, **_shown(record)}


test_api.__test__ = False  # type: ignore[attr-defined] # for pytest


def message_of(shape: Shape | None, data: str | Media | tuple[Card, ...] | tuple[Button, ...] | None) -> Message | None:
    """What a customer would see of a reply's data, in a block that holds nothing else."""
    match shape, data:
        case "text", str() if data.strip():
            return Text(data)
        case "image", Media():
            return data
        case "gallery", tuple() if data:
            return Gallery(tuple(item for item in data if isinstance(item, Card)))
        case "buttons", tuple() if data:
            return Buttons("", tuple(item for item in data if isinstance(item, Button)))
        case "quick_replies", tuple() if data:
            return QuickReplies("", tuple(item for item in data if isinstance(item, Button)))
    return None


def _customer(tx: Tx, workspace_id: int, by: TestedBy, now: datetime) -> Customer:
    if by.customer_id is not None:
        customer = customers.get(tx, workspace_id, by.customer_id).customer
    else:
        customer = Customer(0, 0, now, first_name="Test")
        nearest = channels.page(tx, workspace_id, after=0, limit=1)
        if nearest:
            customer = replace(customer, channel_id=nearest[0].id)
    if by.channel_id is not None:
        customer = replace(customer, channel_id=channels.get(tx, workspace_id, by.channel_id).id)
    values = dict(by.values or {})
    said = values.pop("last_message_text", None)
    if said is not None:
        customer = replace(customer, last_message_text=said, last_message_at=now)
    return customer.with_changes(values)[0]


def _shown(record: CallRecord) -> dict[str, Any]:
    """The whole story, without the API's secrets wherever a backend may have echoed them."""
    result, api = record.result, record.plan.api
    _, saved, refused = record.plan.customer.with_changes(result.attributes)
    data = result.data if isinstance(result, ApiReply) else None
    message = message_of(api.output, data)
    shown = {
        "outcome": record.outcome,
        "http_status": record.http_status,
        "ms": record.ms,
        "request": record.request_log(),
        "response": record.reply_log(),
        "reply": {
            "message": result.message if isinstance(result, ApiReply) else result.reply_message,
            "status": result.status if isinstance(result, ApiReply) else result.reply_status,
            "data": data,
        },
        "attributes": saved,
        "messages": [orjson.loads(message_to_json(message))] if message else [],
        "problems": [*_problems(result), *(_refused(name, reason) for name, reason in refused)],
    }
    return {
        name: _masked(api, value, names=name == "attributes")
        for name, value in orjson.loads(orjson.dumps(shown)).items()
    }


def _masked(api: Api, value: Any, *, names: bool) -> Any:
    """Every text in it masked; names too where the backend gave them. Ours stay, whatever word somebody has for a secret."""
    match value:
        case str():
            return without_secrets(api, value)
        case list():
            return [_masked(api, item, names=names) for item in value]
        case dict():
            return {
                without_secrets(api, name) if names else name: _masked(api, item, names=names)
                for name, item in value.items()
            }
    return value


def _problems(result: ApiReply | ApiFailure) -> list[dict[str, Any]]:
    found = [asdict(note) for note in result.notes]
    if isinstance(result, ApiFailure):
        path = result.where if result.where.startswith("$") else ""
        first = {"path": path, "line": None, "column": None, "message": result.message, "hint": ""}
        same = next((note for note in found if note["message"] and result.message.startswith(note["message"])), None)
        if same:
            found.remove(same)
            first |= same | {"path": same["path"] or path}
        found.insert(0, first)
    return found


def _refused(name: str, reason: str) -> dict[str, Any]:
    path = f"$.attributes[{orjson.dumps(name).decode()}]"
    return {"path": path, "line": None, "column": None, "message": f"{name} {reason}.", "hint": ""}
