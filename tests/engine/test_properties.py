"""What holds for any bot and any list of events."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backtalk.blocks import read_bot
from backtalk.engine import codec
from backtalk.engine.block import MAX_TEXT_CHARS
from backtalk.engine.bot import Bot
from backtalk.engine.effects import CallApi, Send, SetTimer
from backtalk.engine.events import (
    ApiAnswered,
    Event,
    HandedBack,
    Pressed,
    Said,
    SequenceSent,
    Started,
    TakenOver,
    TextSent,
    TimerFired,
)
from backtalk.engine.messages import Button, Buttons, Card, Media, QuickReplies, Text, storable, web_url
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure
from backtalk.engine.state import MAX_BACKLOG, State
from backtalk.engine.step import Step, step, version_for
from backtalk.engine.walk import MAX_BLOCKS
from backtalk.errors import Invalid
from tests.support.bots import T0, a_bot, a_customer, a_state, text
from tests.support.naughty import NAUGHTY
from tests.support.script import buttons_of, owed_through_json, through_json

# --- bots

IDS = st.sampled_from([1, 2, 3])
SEQUENCES = st.sampled_from([1, 2, 3, 9])
NAMES = st.sampled_from(["a", "b", "first_name", "timezone", "uid", "last_message_text"])
WORDS = st.one_of(
    st.sampled_from(
        [
            "",
            "hi",
            "{{a}}",
            "{{first_name}} {{b}}",
            "<<api:1>>",
            "a <<api:2>><<api:1>> {{a}}",
            "{{a}}{{a}}{{b}}",
            "42",
            "7.5",
        ]
    ),
    st.sampled_from([storable(words) for words in NAUGHTY if len(words) <= 200]),
)
ON_FAILURE = st.none() | st.fixed_dictionaries({}, optional={"say": WORDS, "sequence": SEQUENCES})
API = IDS.map(lambda api: {"api": api})
OWN_BUTTONS = st.one_of(
    st.fixed_dictionaries(
        {"title": WORDS, "type": st.just("sequence"), "value": SEQUENCES},
        optional={"extra": st.sampled_from(["a=1&b=2", "uid=3", "x"])},
    ),
    st.fixed_dictionaries(
        {"title": WORDS, "type": st.just("url"), "value": st.sampled_from(["https://x.example/{{a}}", "javascript:x"])}
    ),
    st.fixed_dictionaries(
        {"title": WORDS, "type": st.just("phone"), "value": st.sampled_from(["+49123", "{{a}}", 112])}
    ),
)
BUTTON_LISTS = st.lists(API | OWN_BUTTONS, max_size=3)
CARDS = st.fixed_dictionaries(
    {"title": WORDS},
    optional={"image": st.just("https://x.example/{{b}}"), "buttons": st.lists(OWN_BUTTONS, max_size=2)},
)
TESTS = st.fixed_dictionaries(
    {"attribute": NAMES, "op": st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge", "contains", "is_set", "is_empty"])},
    optional={"value": WORDS | st.booleans() | st.integers() | st.none()},
)


CONDITION = {
    "if": st.fixed_dictionaries({"any": st.lists(TESTS, max_size=2)}),
    "then": SEQUENCES | st.none(),
    "else": SEQUENCES | st.none(),
}


def _block(kind: str, **fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


BLOCKS = st.one_of(
    _block("text", text=WORDS, on_failure=ON_FAILURE),
    _block("image", media=API | st.just({"type": "image", "url": "https://x.example/{{a}}"}), on_failure=ON_FAILURE),
    _block("gallery", items=st.lists(API | CARDS, max_size=3), on_failure=ON_FAILURE),
    _block("buttons", text=WORDS, buttons=BUTTON_LISTS, on_failure=ON_FAILURE),
    _block("quick_replies", text=WORDS, replies=BUTTON_LISTS, on_failure=ON_FAILURE),
    _block(
        "ask",
        text=WORDS,
        save_as=NAMES | st.just(""),
        input=st.sampled_from(["text", "number", "email", "phone", "any"]),
        retry=WORDS,
    ),
    _block(
        "condition",
        **{
            "if": st.fixed_dictionaries({"any": st.lists(TESTS, max_size=2)}),
            "then": SEQUENCES | st.none(),
            "else": SEQUENCES | st.none(),
        },
    ),
    _block("go_to", sequence=SEQUENCES),
    _block("delay", seconds=st.sampled_from([0.1, 2, 86_400])),
    _block(
        "set_attributes",
        attributes=st.dictionaries(NAMES, WORDS | st.integers(-20, 20) | st.none() | st.booleans(), max_size=3),
    ),
    _block("call_api", api=IDS, on_failure=ON_FAILURE),
    _block("hand_over", note=WORDS),
)


@st.composite
def bots(draw: st.DrawFn, number: int) -> Bot:
    """A bot of up to three sequences; block ids are few, so that versions share them."""
    sequences = []
    ids = iter(draw(st.permutations([f"b{index}" for index in range(12)])))
    for sequence in (1, 2, 3):
        blocks = draw(st.lists(BLOCKS, max_size=4))
        sequences.append({"id": sequence, "name": "s", "blocks": [{"id": next(ids), **block} for block in blocks]})
    keyword = {"words": ["hi", "42"], "sequence": draw(SEQUENCES)}
    triggers = {"welcome": draw(SEQUENCES | st.none()), "default": draw(SEQUENCES | st.none()), "keywords": [keyword]}
    return read_bot({"name": "b", "triggers": triggers, "sequences": sequences}, number=number)


# --- events

BUTTONS = st.builds(
    Button,
    title=WORDS,
    type=st.sampled_from(["sequence", "url", "phone", "basic"]),
    value=SEQUENCES | st.none() | st.just("3"),
    extra=st.sampled_from([None, "a=1", "uid=1&b", "timezone=5"]),
)
VALUES = st.none() | st.booleans() | st.integers() | st.floats(-20, 20) | WORDS | st.lists(st.integers(), max_size=2)
ATTRIBUTES = st.dictionaries(NAMES, VALUES, max_size=3)
DATA = st.one_of(
    st.none(),
    WORDS,
    st.just(Media("audio", "https://x.example/a")),
    st.lists(BUTTONS, max_size=3).map(tuple),
    st.lists(st.builds(Card, title=WORDS, buttons=st.lists(BUTTONS, max_size=2).map(tuple)), max_size=2).map(tuple),
)
RESULTS = st.builds(ApiReply, data=DATA, attributes=ATTRIBUTES) | st.builds(
    ApiFailure, outcome=st.sampled_from(["declined", "timeout", "bad_shape"]), message=WORDS, attributes=ATTRIBUTES
)
DEFAULTS = st.none() | st.builds(OnFailure, say=st.none() | WORDS, sequence=st.none() | SEQUENCES)
MOVES = st.one_of(
    st.tuples(st.just("said"), WORDS),
    st.tuples(st.just("press"), st.integers(0, 5)),
    st.tuples(st.just("forged"), BUTTONS),
    st.tuples(st.just("answer"), st.tuples(st.integers(0, 5), RESULTS, DEFAULTS)),
    st.tuples(st.just("timer"), st.integers(0, 5)),
    st.tuples(st.just("again"), st.integers(0, 20)),
    st.tuples(st.sampled_from(["start", "take over", "hand back", "publish"]), st.none()),
    st.tuples(st.just("send text"), WORDS),
    st.tuples(st.just("send sequence"), SEQUENCES),
)


@dataclass
class World:
    """One conversation with what its runtime would know."""

    versions: dict[int, Bot]
    stored: bool
    state: State = field(default_factory=a_state)
    live: int = 1
    seconds: int = 0
    owed: list[CallApi | SetTimer] = field(default_factory=list)
    shown: list[Button] = field(default_factory=list)
    past: list[Event] = field(default_factory=list)

    def event(self, kind: str, given: Any) -> Event | None:  # noqa: C901 - one table of moves
        """The event that a move means here."""
        self.seconds += 1
        now = T0 + timedelta(seconds=self.seconds)
        calls = [effect for effect in self.owed if isinstance(effect, CallApi)]
        timers = [effect for effect in self.owed if isinstance(effect, SetTimer)]
        match kind, given:
            case "said", words:
                return Said(now, words)
            case "press", index:
                return Pressed(now, self.shown[index] if index < len(self.shown) else None)
            case "forged", button:
                return Pressed(now, button)
            case "answer", (index, result, default):
                return ApiAnswered(now, calls[index % len(calls)].key if calls else "call-unknown", result, default)
            case "timer", index:
                return TimerFired(now, timers[index % len(timers)].key if timers else "timer-unknown")
            case "again", index:
                late = [event for event in self.past if isinstance(event, ApiAnswered | TimerFired)]
                return replace(late[index % len(late)], at=now) if late else None
            case "publish", _:
                self.live = max(self.versions)
                return None
            case "send text", words:
                return TextSent(now, words)
            case "send sequence", sequence:
                return SequenceSent(now, sequence)
            case "start", _:
                return Started(now)
            case "take over", _:
                return TakenOver(now)
        return HandedBack(now)

    def take(self, event: Event) -> Step:
        bot = self.versions[version_for(self.state, self.live) or self.live]
        if self.stored:
            self.state = through_json(self.state)
            event = codec.event_from_json(codec.event_to_json(event))
        taken = step(bot, self.state, event)
        self.state = taken.state
        self.past.append(event)
        for effect in taken.effects:
            if isinstance(effect, CallApi | SetTimer):
                self.owed.append(effect)
            elif isinstance(effect, Send):
                self.shown = [*buttons_of(effect.message), *self.shown]
        return taken


STRATEGY = st.tuples(bots(1), bots(2), st.lists(MOVES, min_size=1, max_size=25))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(STRATEGY)
def test_any_events_on_any_bots(given_world: tuple[Bot, Bot, list[tuple[str, Any]]]) -> None:
    """No event raises; a state that was stored does the same; budgets and invariants hold after every step."""
    first, second, moves = given_world
    kept, stored = World({1: first, 2: second}, stored=False), World({1: first, 2: second}, stored=True)
    for kind, given_move in [("start", None), *moves]:
        event, same = kept.event(kind, given_move), stored.event(kind, given_move)
        assert event == same
        if event is None or same is None:
            continue
        before = kept.state
        repeated = isinstance(event, ApiAnswered | TimerFired) and not awaited(before, event)
        taken = kept.take(event)
        assert taken == stored.take(same), "the state through JSON does the same"
        assert tuple(map(owed_through_json, taken.effects)) == taken.effects
        if repeated:
            assert (taken.state, taken.effects) == (before, ()), "late, repeated and unknown results change nothing"
        if isinstance(event, ApiAnswered) and event.call in before.left:
            assert event.call not in taken.state.left, "a second answer changes nothing"
            assert not [effect for effect in taken.effects if isinstance(effect, Send | CallApi)], "saved, not shown"
        check_invariants(before, event, taken)


def awaited(state: State, event: ApiAnswered | TimerFired) -> bool:
    if isinstance(event, TimerFired):
        return event.timer == state.resuming or (state.pausing is not None and event.timer == state.pausing.timer)
    calling = state.calling
    return event.call in state.left or (
        calling is not None
        and event.call in calling.calls
        and all(answer.call != event.call for answer in calling.answers)
    )


def check_invariants(before: State, event: Event, taken: Step) -> None:
    state = taken.state
    assert len(taken.walked) <= MAX_BLOCKS
    assert 0 <= state.blocks <= MAX_BLOCKS
    assert len(state.backlog) <= MAX_BACKLOG
    assert state.counter >= before.counter
    waiting = [part for part in (state.calling, state.pausing, state.asking) if part is not None]
    assert len(waiting) <= 1, "one thing at a time is waited for"
    assert (state.version is None) == (state.calling is None and state.pausing is None)
    assert not (state.backlog and not state.busy), "the backlog is never forgotten"
    assert not (state.resuming and not state.backlog)
    owed = {effect.key for effect in taken.effects if isinstance(effect, CallApi | SetTimer)}
    if state.calling and state.calling != before.calling and not state.calling.answers:
        assert set(state.calling.calls) <= owed, "what is waited for was asked for"
    if state.pausing and state.pausing != before.pausing:
        assert state.pausing.timer in owed
    if state.resuming and state.resuming != before.resuming:
        assert state.resuming in owed
    for effect in taken.effects:
        if isinstance(effect, Send):
            if not isinstance(event, ApiAnswered):
                own = [button for button in buttons_of(effect.message) if button.type == "url"]
                assert all(web_url(button.value) for button in own)
            if isinstance(effect.message, Text):
                assert effect.message.text.strip() or isinstance(event, TextSent | TimerFired)


@settings(max_examples=40, deadline=None)
@given(bots(1), st.lists(st.one_of(MOVES), max_size=15))
def test_n09_after_a_takeover_only_the_company_speaks(bot: Bot, moves: list[tuple[str, Any]]) -> None:
    world = World({1: bot}, stored=False)
    for move in [("start", None), *moves, ("take over", None)]:
        event = world.event(*move)
        if event and not isinstance(event, TextSent | HandedBack):
            world.take(event)
    for move in moves:
        event = world.event(*move)
        if event and not isinstance(event, TextSent | SequenceSent | HandedBack):
            taken = world.take(event)
            assert not [effect for effect in taken.effects if isinstance(effect, Send | CallApi)]


def test_n07_naughty_texts_are_shown_and_kept_as_they_are() -> None:
    ask = {"type": "ask", "text": "?", "save_as": "a", "input": "any"}
    go = {"title": "{{a}}", "type": "sequence", "value": 1}
    choose = {"type": "buttons", "text": "{{first_name}}{{a}}", "buttons": [go, {"api": 1}]}
    bot = a_bot(ask, text("{{a}}<<api:1>>"), choose, {"type": "quick_replies", "text": "x", "replies": [{"api": 1}]})
    for naughty in NAUGHTY:
        words = storable(naughty)
        world = World({1: bot}, stored=True, state=a_state(customer=a_customer(first_name=words)))
        world.take(Started(T0))
        world.take(Said(T0, words))
        customer = world.state.customer
        assert customer.last_message_text == words
        kept = customer.attributes.get("a", "")
        assert kept == words or len(words.encode()) > 8_192
        shown = messages(world.take(ApiAnswered(T0, "call-1", ApiReply(words, {words[:128] or "n": words}))))
        assert shown == ([Text(kept + words)] if (kept + words).strip() else [])
        given_button = Button(words, "sequence", 1, words)
        shown = messages(world.take(ApiAnswered(T0, "call-2", ApiReply((given_button,)))))
        own = [Button(kept, "sequence", 1)] if kept.strip() else []
        assert shown == [Buttons(words + kept, (*own, given_button))]
        shown = messages(world.take(ApiAnswered(T0, "call-3", ApiReply((given_button,)))))
        assert shown == [QuickReplies("x", (given_button,))]
        world.take(Pressed(T0, given_button))
        assert world.state.customer.last_message_text == words


def test_n07_naughty_texts_in_a_document_are_kept_or_refused() -> None:
    for words in NAUGHTY:
        blocks = [text(words), {"type": "ask", "text": words, "save_as": "a", "retry": words}]
        if len(words) > MAX_TEXT_CHARS or words.encode(errors="ignore").decode() != words:
            with pytest.raises(Invalid):
                a_bot(*blocks)
        else:
            assert messages(step(a_bot(*blocks), a_state(), Started(T0)))[:1] != [Text("")]


def messages(taken: Step) -> list[Any]:
    return [effect.message for effect in taken.effects if isinstance(effect, Send)]


def test_n01_a_step_of_the_whole_budget_takes_less_than_50_ms() -> None:
    blocks = [
        text("{{a}} {{first_name}} {{b}}"),
        {"type": "set_attributes", "attributes": {"b": "{{a}}"}},
        {"type": "go_to", "sequence": 1},
    ]
    bot, state = a_bot(*blocks), a_state(customer=a_customer(attributes={"a": "x" * 1_000}))
    began = time.perf_counter()
    taken = step(bot, state, Started(T0))
    assert time.perf_counter() - began < 0.05
    assert len(taken.walked) == MAX_BLOCKS
