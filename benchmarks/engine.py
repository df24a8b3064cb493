"""How many steps a second the engine takes: a small bot, one conversation, its state through JSON between two steps.

    .venv/bin/python benchmarks/engine.py

Prints the median of five runs, with and without the JSON, and the time of each kind of event; all in CPU time of one core.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from backtalk.blocks import read_bot
from backtalk.engine.bot import Bot
from backtalk.engine.codec import state_from_json, state_to_json
from backtalk.engine.customer import Customer
from backtalk.engine.effects import CallApi
from backtalk.engine.events import ApiAnswered, Event, Pressed, Said
from backtalk.engine.messages import Button
from backtalk.engine.reply import ApiReply
from backtalk.engine.state import State
from backtalk.engine.step import step

RUNS = 5
RUN_S = 1.0
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
GOAL, STRETCH = 20_000, 40_000

BOT = read_bot(
    {
        "name": "Shop",
        "triggers": {
            "welcome": 1,
            "default": 2,
            "keywords": [{"words": ["order", "delivery"], "sequence": 3}, {"words": ["offer"], "sequence": 4}],
        },
        "sequences": [
            {"id": 1, "name": "Welcome", "blocks": [{"id": "w1", "type": "text", "text": "Hello {{first_name}}!"}]},
            {
                "id": 2,
                "name": "Default",
                "blocks": [{"id": "d1", "type": "text", "text": "Sorry, I did not get that."}],
            },
            {
                "id": 3,
                "name": "Order",
                "blocks": [
                    {"id": "o1", "type": "ask", "text": "Your order number?", "save_as": "order", "input": "number"},
                    {"id": "o2", "type": "text", "text": "Order {{order}}: <<api:1>>"},
                ],
            },
            {
                "id": 4,
                "name": "Offers",
                "blocks": [
                    {
                        "id": "f1",
                        "type": "buttons",
                        "text": "What would you like, {{first_name}}?",
                        "buttons": [{"title": "Hello again", "type": "sequence", "value": 1}, {"api": 2}],
                    }
                ],
            },
        ],
    },
    number=1,
)

ATTRIBUTES = {"plan": "gold", "points": 120, "city": "Bonn", "order": 7, "newsletter": True}
CUSTOMER = Customer(7, 3, AT, first_name="Ada", last_name="Byron", locale="en_GB", timezone=0.0, attributes=ATTRIBUTES)

SHIPPED = ApiReply("It was shipped yesterday.", {"order_status": "shipped"})
OFFERS = ApiReply(
    (Button("Apples", "sequence", 1, "item=apples"), Button("Open the shop", "url", "https://shop.example/"))
)
TALK: list[Event | ApiReply] = [
    Said(AT, "hm"),
    Said(AT, "Where is my order?"),
    Said(AT, "42"),
    SHIPPED,
    Said(AT, "any offers today?"),
    OFFERS,
    Pressed(AT, Button("Apples", "sequence", 1, "item=apples")),
]
"""A reply answers the call that is open."""


def kept(state: State) -> State:
    return state


def stored(state: State) -> State:
    return state_from_json(state_to_json(state), state.customer)


def talk(bot: Bot, state: State, through: Callable[[State], State]) -> State:
    """The whole conversation once."""
    for happened in TALK:
        event = happened
        if isinstance(event, ApiReply):
            event = ApiAnswered(AT, next(iter(state.calling.calls)) if state.calling else "", event)
        state = through(step(bot, state, event).state)
    return state


def rate(through: Callable[[State], State]) -> float:
    """Steps a second of one run."""
    state, steps, began = State(CUSTOMER, greeted=True), 0, time.process_time()
    while time.process_time() - began < RUN_S:
        for _ in range(100):
            state = replace(talk(BOT, state, through), customer=CUSTOMER)
        steps += 100 * len(TALK)
    return steps / (time.process_time() - began)


def cost_us(state: State, event: Event) -> float:
    """Microseconds of one step, the best of some rounds."""
    best = float("inf")
    for _ in range(20):
        began = time.process_time()
        for _ in range(500):
            step(BOT, state, event)
        best = min(best, (time.process_time() - began) / 500)
    return best * 1_000_000


def main() -> None:
    gc.freeze()
    gc.set_threshold(50_000)  # as the server does
    state = State(CUSTOMER, greeted=True)
    talk(BOT, state, stored)
    rates: dict[str, list[float]] = {"through JSON": [], "kept": []}
    for _ in range(RUNS):
        rates["through JSON"].append(rate(stored))
        rates["kept"].append(rate(kept))
    for name, found in rates.items():
        print(f"{name:>14}: {statistics.median(found):>8,.0f} steps/s   ({min(found):,.0f} to {max(found):,.0f})")
    print(f"{'goal':>14}: {GOAL:>8,} steps/s through JSON, stretch {STRETCH:,}")
    for happened in TALK:
        event = happened
        if isinstance(event, ApiReply):
            event = ApiAnswered(AT, next(iter(state.calling.calls)) if state.calling else "", event)
        taken = step(BOT, state, event)
        calls = sum(isinstance(effect, CallApi) for effect in taken.effects)
        what = f"{event.kind}, {len(taken.walked)} blocks, {calls} calls"
        print(f"{what:>36}: {cost_us(state, event):5.1f} us, state to JSON {len(state_to_json(taken.state))} bytes")
        state = taken.state


if __name__ == "__main__":
    main()
