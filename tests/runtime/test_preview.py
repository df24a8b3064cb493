from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest

from backtalk.blocks import read_bot
from backtalk.engine.customer import Customer
from backtalk.engine.effects import CallApi
from backtalk.engine.events import Event, Pressed, Said, Started
from backtalk.engine.messages import Button
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure
from backtalk.engine.state import State
from backtalk.errors import Invalid
from backtalk.runtime.preview import MAX_CALLS, Answered, Preview, preview, state_for, state_json
from tests.support.bots import T0, a_customer, a_document

SAY = {"type": "text", "text": "Hello {{first_name}}"}


class Calls:
    """Stands for the door out; remembers what was asked."""

    def __init__(
        self, answers: dict[int, ApiReply | ApiFailure] | None = None, default: OnFailure | None = None
    ) -> None:
        self.answers = answers or {}
        self.default = default
        self.made: list[int] = []
        self.customers: list[Customer] = []
        self.under_way = self.most = 0

    async def __call__(self, effect: CallApi, customer: Customer, only_default: bool) -> Answered:
        if only_default:
            return Answered(ApiReply(), self.default)
        self.made.append(effect.api)
        self.customers.append(customer)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return Answered(self.answers.get(effect.api, ApiReply("text")), self.default, 7, 41)


async def run(
    blocks: Sequence[dict[str, Any]],
    event: Event | None = None,
    state: State | None = None,
    calls: Calls | None = None,
    forced: dict[int, Any] | None = None,
    **more: Any,
) -> Preview:
    bot = read_bot(a_document(*blocks, **more))
    return await preview(
        bot, state or State(a_customer()), event or Started(T0), call=calls or Calls(), forced=forced or {}
    )


def texts(seen: Preview) -> list[str]:
    return [message["text"] for message in seen.messages]


def kinds(seen: Preview) -> list[str]:
    return [entry["kind"] for entry in seen.trace]


async def test_messages_have_the_form_of_the_chat_and_name_their_block() -> None:
    seen = await run([SAY])
    assert seen.messages == [
        {"seq": 1, "at": T0.isoformat(), "from": "bot", "block": "1.0", "type": "text", "text": "Hello Ada"}
    ]
    assert seen.trace == [{"kind": "block", "sequence": 1, "block": "1.0"}]


async def test_a_call_is_made_for_the_customer_and_traced() -> None:
    calls = Calls({5: ApiReply("in stock", {"stock": 3})})
    seen = await run([{"type": "text", "text": "It is <<api:5>>, {{stock}}"}], calls=calls)
    assert texts(seen) == ["It is in stock, 3"]
    assert calls.made == [5]
    assert seen.state.customer.attributes == {"stock": 3}
    called = next(entry for entry in seen.trace if entry["kind"] == "call")
    assert called == {
        "kind": "call",
        "api": 5,
        "block": "1.0",
        "outcome": "ok",
        "message": "",
        "where": "",
        "notes": [],
        "ms": 7,
        "forced": False,
        "call_id": 41,
    }
    assert {"kind": "save_attributes", "changes": {"stock": 3}, "source": "api:5"} in seen.trace


async def test_apis_of_one_block_are_called_at_once() -> None:
    calls = Calls()
    await run([{"type": "text", "text": "<<api:5>> <<api:6>> <<api:7>>"}], calls=calls)
    assert (sorted(calls.made), calls.most) == ([5, 6, 7], 3)


@pytest.mark.parametrize("outcome", ["timeout", "declined", "bad_status", "circuit_open"])
async def test_a_forced_outcome_calls_nobody_and_takes_the_fallback(outcome: str) -> None:
    calls = Calls(default=OnFailure("Sorry, {{first_name}}"))
    seen = await run([{"type": "text", "text": "<<api:5>>"}], calls=calls, forced={5: outcome})
    assert texts(seen) == ["Sorry, Ada"]
    assert calls.made == []
    called = next(entry for entry in seen.trace if entry["kind"] == "call")
    assert (called["outcome"], called["forced"]) == (outcome, True)


async def test_a_forced_ok_shows_nothing_of_the_api() -> None:
    assert texts(await run([{"type": "text", "text": "a<<api:5>>b"}], forced={5: "ok"})) == ["ab"]


async def test_a_forced_reply_is_read_like_a_real_one() -> None:
    envelope = {"success": True, "data": "a\\nb", "attributes": {"x": 1}}
    seen = await run([{"type": "text", "text": "<<api:5>>{{x}}"}], forced={5: envelope})
    assert texts(seen) == ["a\nb1"]
    seen = await run([{"type": "text", "text": "x<<api:5>>"}], forced={5: {"success": True, "data": []}})
    assert seen.messages == [] or texts(seen) == ["x"]
    seen = await run([{"type": "text", "text": "x<<api:5>>"}], forced={5: {"data": "no success"}})
    called = next(entry for entry in seen.trace if entry["kind"] == "call")
    assert (called["outcome"], called["where"]) == ("bad_shape", "$.success")


async def test_delays_are_skipped_and_said_so() -> None:
    seen = await run([{"type": "delay", "seconds": 30}, SAY])
    assert texts(seen) == ["Hello Ada"]
    assert seen.messages[0]["at"] == (T0 + timedelta(seconds=30)).isoformat()
    assert {"kind": "delay", "seconds": 30.0, "skipped": True} in seen.trace


async def test_a_conversation_goes_on_with_the_state_that_came_back() -> None:
    blocks = [{"type": "ask", "text": "Name?", "save_as": "name"}, {"type": "text", "text": "Hi {{name}}"}]
    first = await run(blocks)
    kept = orjson.loads(orjson.dumps(state_json(first.state)))
    second = await run(blocks, Said(T0, "Ann"), state_for(a_customer(), kept))
    assert texts(second) == ["Hi Ann"]
    assert second.state.customer.attributes == {"name": "Ann"}


async def test_a_press_sends_its_button_back() -> None:
    button = {"title": "Go", "type": "sequence", "value": 2, "extra": "from=menu"}
    blocks = [{"type": "buttons", "text": "?", "buttons": [button]}]
    seen = await run(blocks, sequences={2: [{"type": "text", "text": "{{from}}"}]})
    (shown,) = seen.messages[0]["buttons"]
    assert shown == button
    seen = await run(
        blocks, Pressed(T0, Button(**shown)), seen.state, sequences={2: [{"type": "text", "text": "{{from}}"}]}
    )
    assert texts(seen) == ["menu"]


async def test_hand_over_and_notes_are_in_the_trace() -> None:
    seen = await run([{"type": "hand_over", "note": "Please help"}])
    assert {"kind": "hand_over", "block": "1.0", "note": "Please help"} in seen.trace
    assert seen.state.customer.bot_enabled is False
    seen = await run([{"type": "go_to", "sequence": 2}], sequences={2: [{"type": "go_to", "sequence": 1}]})
    assert [entry["code"] for entry in seen.trace if entry["kind"] == "note"] == ["block_budget"]  # N01


async def test_a_preview_makes_a_bounded_number_of_calls() -> None:
    calls = Calls()
    seen = await run([{"type": "call_api", "api": number} for number in range(1, 51)], calls=calls)
    assert len(calls.made) == MAX_CALLS
    outcomes = [entry["outcome"] for entry in seen.trace if entry["kind"] == "call"]
    assert outcomes == ["ok"] * MAX_CALLS + ["busy"] * (50 - MAX_CALLS)


async def test_what_was_under_way_in_a_sent_state_is_dropped() -> None:
    kept = state_json(State(a_customer()))
    kept["conversation"]["calling"] = {"place": {"sequence": 1, "block": "1.0"}, "calls": {"call-1": 5}}
    kept["conversation"]["greeted"] = True
    seen = await run([SAY], Said(T0, "x"), state_for(a_customer(), kept))
    assert texts(seen) == ["Hello Ada"]


def test_a_sent_state_cannot_change_who_the_customer_is() -> None:
    kept = state_json(State(a_customer(id=999, channel_id=999)))
    customer = state_for(a_customer(), kept).customer
    assert (customer.id, customer.channel_id) == (7, 3)


@pytest.mark.parametrize(
    "kept",
    [
        {},
        [],
        "x",
        7,
        {"conversation": {}, "customer": {}},
        {"conversation": [], "customer": state_json(State(a_customer()))["customer"]},
        {"conversation": {"counter": "x"}, "customer": state_json(State(a_customer()))["customer"]},
        {"conversation": {}, "customer": {"id": 1, "channel_id": 1, "created_at": "yesterday"}},
    ],
)
def test_what_is_not_a_state_is_refused(kept: Any) -> None:
    with pytest.raises(Invalid) as caught:
        state_for(a_customer(), kept)
    assert caught.value.problems[0].where.path == "$.state"
