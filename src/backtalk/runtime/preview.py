"""Trying a bot out: the real engine on a draft, with a state that the caller keeps. Nothing of it is stored but the calls, marked `test`.

Rules
- The state that comes back is the caller's to keep and is judged anew when it is sent in. Nothing is under way in it: a preview runs until
  the bot waits for its customer.
- Delays are not waited for; the trace says how long they would have been.
- An API answers as the caller forces it to, or really. One preview makes at most MAX_CALLS real calls within MAX_S seconds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from time import monotonic
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from backtalk.backend.reply import read_reply
from backtalk.engine.bot import Bot
from backtalk.engine.codec import message_to_json, state_from_json, state_to_json
from backtalk.engine.customer import Customer
from backtalk.engine.effects import CallApi, Effect, HandOver, Note, SaveAttributes, Send, SetTimer
from backtalk.engine.events import ApiAnswered, Event, TimerFired
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure, Outcome, Shape
from backtalk.engine.state import State
from backtalk.engine.step import step
from backtalk.errors import Invalid, Problem, Where
from backtalk.exchange import HttpReply
from backtalk.runtime.calls import CallPlan, call_row, make_call, plan_call
from backtalk.runtime.services import Services
from backtalk.storage import calls, customers, workspaces
from backtalk.storage.database import Tx

MAX_CALLS = 25
MAX_S = 30.0
MAX_STEPS = 200

Forced = Mapping[int, Outcome | dict[str, Any]]
"""By API: the name of an outcome, or the envelope that the backend is to have answered."""

_customer = TypeAdapter(Customer)


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call gave, forced or real. `default` is the API's own plan for failures; `log_id` the row of a real call."""

    result: ApiReply | ApiFailure
    default: OnFailure | None = None
    ms: int = 0
    log_id: int | None = None


Call = Callable[[CallApi, Customer, bool], Awaitable[Answered]]
"""Makes one call for a customer as they are now; the flag says that only its default is wanted, the result is forced."""


@dataclass(slots=True)
class Preview:
    """What one event led to. `messages` hold the targets of buttons: a press is sent back as its button."""

    state: State
    messages: list[dict[str, Any]] = field(default_factory=list)
    trace: list[dict[str, Any]] = field(default_factory=list)


async def preview(bot: Bot, state: State, event: Event, *, call: Call, forced: Forced) -> Preview:
    """Take an event and everything that follows from it until the bot waits for its customer."""
    seen = Preview(state)
    ends, calls, now = monotonic() + MAX_S, 0, event.at
    queue: deque[Event] = deque([event])
    for _ in range(MAX_STEPS):
        if not queue:
            return seen
        taken = step(bot, seen.state, queue.popleft())
        seen.state = taken.state
        seen.trace += [{"kind": "block", "sequence": place.sequence, "block": place.block} for place in taken.walked]
        wanted: list[CallApi] = []
        for effect in taken.effects:
            _show(seen, effect, now)
            if isinstance(effect, CallApi):
                wanted.append(effect)
            elif isinstance(effect, SetTimer):
                now = max(now, effect.due_at)
                queue.append(TimerFired(now, effect.key))
        began = monotonic()
        allowed = max(0, MAX_CALLS - calls) if began < ends else 0
        calls += sum(effect.api not in forced for effect in wanted)
        answers = await asyncio.gather(
            *(
                _answer(effect, taken.state.customer, call, forced, refused=index >= allowed)
                for index, effect in enumerate(wanted)
            )
        )
        if wanted:
            now += timedelta(seconds=monotonic() - began)
        for effect, answer in zip(wanted, answers, strict=True):
            seen.trace.append(_traced(effect, answer, forced=effect.api in forced))
            queue.append(ApiAnswered(now, effect.key, answer.result, answer.default))
    if queue:
        message = f"The preview was stopped after {MAX_STEPS} steps."
        seen.trace.append({"kind": "note", "code": "preview_stopped", "message": message, "severity": "error"})
    return seen


def state_for(customer: Customer, kept: Any) -> State:
    """The state to go on with: a new one, or the one that `kept` gave back. Raises Invalid for anything else."""
    if kept is None:
        return State(customer)
    try:
        own = _customer.validate_python(kept["customer"])
        state = state_from_json(orjson.dumps(kept["conversation"]), own)
    except (ValidationError, KeyError, TypeError):
        hint = "Send the state of the last preview unchanged, or leave it out to begin anew."
        problem = Problem("bad_state", "This is not a state that a preview gave.", hint, Where(path="$.state"))
        raise Invalid(problem.message, hint=hint, problems=(problem,)) from None
    own = replace(own, id=customer.id, channel_id=customer.channel_id)
    return replace(state, customer=own, version=None, calling=None, pausing=None, resuming=None, backlog=())


def with_customer(state: State, customer: Customer) -> State:
    """The same conversation of a customer of whom more is known."""
    return replace(state, customer=customer)


def real_calls(services: Services, *, workspace_id: int, customer_id: int | None) -> Call:
    """Calls over the one door out, logged as `test`. `customer_id` names a stored customer who plays along."""

    async def call(effect: CallApi, customer: Customer, only_default: bool) -> Answered:  # noqa: FBT001 - the type's form
        def load(tx: Tx) -> CallPlan:
            plan = workspaces.get(tx, workspace_id).plan
            return plan_call(tx, workspace_id=workspace_id, api_id=effect.api, customer=customer, plan=plan)

        plan = await services.database.read(load)
        if only_default:
            return Answered(ApiReply(), plan.api.on_failure)
        key = f"preview-{token_hex(12)}"
        record = await make_call(services.outbound, plan, shape=effect.shape, key=key, at=datetime.now(UTC))

        def log(tx: Tx) -> int | None:
            if customer_id is not None and not customers.exists(tx, workspace_id, customer_id):
                return None  # erased meanwhile: nothing of the person may come back
            return calls.record(tx, call_row(record, customer_id=customer_id, block=effect.block, test=True))

        log_id = await services.database.write(log)
        return Answered(record.result, plan.api.on_failure, record.ms, log_id)

    return call


def state_json(state: State) -> dict[str, Any]:
    """A state for the caller to keep."""
    kept: dict[str, Any] = {
        "conversation": orjson.loads(state_to_json(state)),
        "customer": _customer.dump_python(state.customer, mode="json"),
    }
    return kept


async def _answer(effect: CallApi, customer: Customer, call: Call, forced: Forced, *, refused: bool) -> Answered:
    wanted = forced.get(effect.api)
    if wanted is None and refused:
        message = f"A preview makes at most {MAX_CALLS} calls in {MAX_S:g} seconds."
        return Answered(ApiFailure("busy", message))
    answer = await call(effect, customer, wanted is not None)
    return answer if wanted is None else replace(answer, result=_forced(wanted, effect.shape))


def _forced(wanted: Outcome | dict[str, Any], shape: Shape | None) -> ApiReply | ApiFailure:
    if isinstance(wanted, dict):
        headers = (("content-type", "application/json"),)
        return read_reply(shape, HttpReply(200, headers, orjson.dumps(wanted), 0))
    return ApiReply() if wanted == "ok" else ApiFailure(wanted, "This outcome was forced in the preview.")


def _show(seen: Preview, effect: Effect, now: datetime) -> None:
    match effect:
        case Send(message=message, block=block):
            body = orjson.loads(message_to_json(message))
            number = len(seen.messages) + 1
            seen.messages.append({"seq": number, "at": now.isoformat(), "from": "bot", "block": block, **body})
        case SaveAttributes(changes=changes, source=source):
            seen.trace.append({"kind": "save_attributes", "changes": changes, "source": source})
        case SetTimer(due_at=due_at, typing=True):
            seconds = max(0.0, (due_at - now).total_seconds())
            seen.trace.append({"kind": "delay", "seconds": seconds, "skipped": True})
        case HandOver(note=note, block=block):
            seen.trace.append({"kind": "hand_over", "block": block, "note": note})
        case Note(code=code, message=message, block=block, severity=severity):
            noted = {"kind": "note", "code": code, "message": message, "block": block, "severity": severity}
            seen.trace.append(noted)
        case _:
            pass


def _traced(effect: CallApi, answer: Answered, *, forced: bool) -> dict[str, Any]:
    result = answer.result
    failure = result if isinstance(result, ApiFailure) else None
    return {
        "kind": "call",
        "api": effect.api,
        "block": effect.block,
        "outcome": failure.outcome if failure else "ok",
        "message": failure.message if failure else "",
        "where": failure.where if failure else "",
        "notes": [note.message for note in result.notes],
        "ms": answer.ms,
        "forced": forced,
        "call_id": answer.log_id,
    }
