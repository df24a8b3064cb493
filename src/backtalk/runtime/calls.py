"""One call of an API, from what is stored to what it answered: the same for a turn, a preview and the test console."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from backtalk.backend.api import Api
from backtalk.backend.masking import logged_reply, logged_request, masked_url, without_secrets_in_words
from backtalk.backend.reply import read_reply
from backtalk.backend.request import build_call
from backtalk.engine.customer import Customer
from backtalk.engine.reply import ApiFailure, ApiReply, Outcome, ReplyNote, Shape
from backtalk.exchange import HttpCall, HttpFailure, HttpReply
from backtalk.outbound import Outbound
from backtalk.storage import apis, attributes, workspaces
from backtalk.storage.calls import CallRow
from backtalk.storage.database import Tx


@dataclass(frozen=True, slots=True)
class CallPlan:
    """All that a call needs, read in one transaction. With `refused` it is not made, for that reason."""

    api: Api
    workspace_id: int
    customer: Customer
    attribute_names: tuple[str, ...] = ()
    timezone: float = 0.0
    signing_secrets: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call that is over. `call` and `answer` are None when it was refused before anything was sent."""

    plan: CallPlan
    at: datetime
    result: ApiReply | ApiFailure
    call: HttpCall | None = None
    answer: HttpReply | HttpFailure | None = None

    @property
    def outcome(self) -> Outcome:
        return "ok" if isinstance(self.result, ApiReply) else self.result.outcome

    @property
    def ms(self) -> int:
        return self.answer.ms if self.answer else 0

    @property
    def http_status(self) -> int | None:
        return self.answer.status if self.answer else None

    @property
    def notes(self) -> tuple[ReplyNote, ...]:
        return self.result.notes

    def request_log(self) -> dict[str, Any]:
        return logged_request(self.plan.api, self.call) if self.call else {}

    def reply_log(self) -> dict[str, Any]:
        return logged_reply(self.plan.api, self.answer) if self.answer else {}

    def shown_url(self) -> str:
        return masked_url(self.call.url if self.call else self.plan.api.url)


def plan_call(tx: Tx, *, workspace_id: int, api_id: int, customer: Customer, plan: str, refused: str = "") -> CallPlan:
    """Read what a call needs. `plan` is the workspace's; a missing API gives a plan that is refused."""
    api = apis.load_for_call(tx, workspace_id=workspace_id, api_id=api_id)
    if api is None:
        gone = Api(id=api_id, name=f"API {api_id}", method="GET", url="")
        return CallPlan(gone, workspace_id, customer, refused="This API was deleted. Choose another one in the block.")
    if plan == "free":
        refused = "API integration is available in paid plans only."
    if refused:
        return CallPlan(api, workspace_id, customer, refused=refused)
    caller = workspaces.caller(tx, workspace_id=workspace_id)
    names = () if api.method == "GET" else tuple(attributes.names(tx, workspace_id=workspace_id))
    return CallPlan(api, workspace_id, customer, names, caller.timezone, caller.signing_secrets)


def call_row(
    record: CallRecord,
    *,
    customer_id: int | None = None,
    conversation_id: int | None = None,
    call_key: str | None = None,
    block: str | None = None,
    test: bool = False,
    attempts: int = 1,
) -> CallRow:
    """The row of the call log for a call."""
    result = record.result
    return CallRow(
        workspace_id=record.plan.workspace_id,
        at=record.at,
        api_id=record.plan.api.id,
        api_name=record.plan.api.name,
        customer_id=customer_id,
        conversation_id=conversation_id,
        call_key=call_key,
        block=block,
        test=test,
        method=record.plan.api.method,
        url=record.shown_url(),
        outcome=record.outcome,
        http_status=record.http_status,
        ms=record.ms,
        attempts=attempts,
        message=_cause(result),
        reply_message=result.reply_message if isinstance(result, ApiFailure) else result.message,
        reply_status=result.reply_status if isinstance(result, ApiFailure) else result.status,
        notes=[asdict(note) for note in result.notes],
        request=record.request_log(),
        response=record.reply_log(),
    )


def _cause(result: ApiReply | ApiFailure) -> str:
    """What went wrong and where; "" when nothing did."""
    if isinstance(result, ApiReply):
        return ""
    return f"{result.message} ({result.where})" if result.where else result.message


async def make_call(outbound: Outbound, plan: CallPlan, *, shape: Shape | None, key: str, at: datetime) -> CallRecord:
    """Make the call and read the answer. Never raises for what the backend does."""
    if plan.refused:
        return CallRecord(plan, at, ApiFailure("not_allowed", plan.refused))
    call = build_call(
        plan.api,
        plan.customer,
        attribute_names=plan.attribute_names,
        workspace_timezone=plan.timezone,
        idempotency_key=key,
        at=at,
        signing_secrets=plan.signing_secrets,
    )
    answer = await outbound.send(call, workspace_id=plan.workspace_id, lane=f"api:{plan.api.id}")
    result = without_secrets_in_words(plan.api, read_reply(shape, answer))
    return CallRecord(plan, at, result, call, answer)
