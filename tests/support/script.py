"""Conversations as transcripts: what the customer does, what the bot must say, what the backend answers.

    Script(bot).start().bot(Text("Order number?")).user("42").calls(1).replies(ok("On its way")).bot(Text("On its way"))

A transcript is whole: a message or a call that it does not mention fails it. Between two steps everything goes through JSON.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Any, Self

import orjson
from pydantic import TypeAdapter

from backtalk.backend.reply import read_reply
from backtalk.engine import codec
from backtalk.engine.bot import Bot
from backtalk.engine.customer import Customer
from backtalk.engine.effects import CallApi, Effect, HandOver, Note, SaveAttributes, Send, SetTimer
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
from backtalk.engine.messages import Button, Buttons, Gallery, Message, QuickReplies
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure, Outcome
from backtalk.engine.state import State
from backtalk.engine.step import Step, step, version_for
from backtalk.exchange import HttpReply
from tests.support.bots import T0, a_customer

_customer = TypeAdapter(Customer)


def through_json(state: State) -> State:
    """The state as it is after a night in the database."""
    customer = _customer.validate_json(_customer.dump_json(state.customer))
    return codec.state_from_json(codec.state_to_json(state), customer)


def owed_through_json(effect: Effect) -> Effect:
    """The same for what a step asks for, as far as it is stored."""
    match effect:
        case CallApi() | SetTimer():
            return codec.owed_from_json(codec.owed_to_json(effect))
        case Send(message=message, block=block):
            return Send(codec.message_from_json(codec.message_to_json(message)), block)
        case _:
            return effect


def ok(data: Any, **attributes: Any) -> dict[str, Any]:
    """The envelope of a backend that has an answer."""
    return {"data": data, "success": True, "message": "Successful", "attributes": attributes, "status": 200}


class Script:
    """One conversation. Each method is a line of the transcript and gives the script back."""

    def __init__(self, bot: Bot, customer: Customer | None = None) -> None:
        self.state = State(customer or a_customer())
        self.at: datetime = T0
        self.steps: list[Step] = []
        self._versions = {bot.number: bot}
        self._live = bot.number
        self._sent: deque[Message] = deque()
        self._shown: list[Button] = []
        self._new_calls: deque[CallApi] = deque()
        self._open_calls: list[CallApi] = []
        self._timers: list[SetTimer] = []

    # --- what happens

    def start(self) -> Self:
        return self.happens(Started(self.at))

    def user(self, text: str) -> Self:
        return self.happens(Said(self.at, text))

    def press(self, title: str) -> Self:
        """Press the last button shown that has this title."""
        found = [button for button in self._shown if button.title == title]
        assert found, f"no button {title!r} was shown"
        return self.happens(Pressed(self.at, found[-1]))

    def replies(self, body: dict[str, Any] | bytes | ApiReply | ApiFailure, **more: Any) -> Self:
        """The backend answers the oldest call that is open; `api=` names another, `default=` is the API's on_failure."""
        self._whole()
        api = more.get("api", self._open_calls[0].api if self._open_calls else None)
        call = next(call for call in self._open_calls if call.api == api)
        self._open_calls.remove(call)
        if isinstance(body, dict | bytes):
            data = body if isinstance(body, bytes) else orjson.dumps(body)
            body = read_reply(call.shape, HttpReply(200, (("Content-Type", "application/json"),), data, 5))
        return self.happens(ApiAnswered(self.at, call.key, body, more.get("default")))

    def fails(self, outcome: Outcome = "timeout", *, api: int | None = None, default: OnFailure | None = None) -> Self:
        more: dict[str, Any] = {"default": default} if api is None else {"default": default, "api": api}
        return self.replies(ApiFailure(outcome, "It did not work."), **more)

    def after(self, seconds: float) -> Self:
        """Time goes by; timers that are due fire, in their order."""
        until = self.at + timedelta(seconds=seconds)
        while self._timers and min(timer.due_at for timer in self._timers) <= until:
            timer = min(self._timers, key=lambda timer: timer.due_at)
            self._timers.remove(timer)
            self.at = max(self.at, timer.due_at)
            self._take(TimerFired(self.at, timer.key))
        self.at = until
        return self

    def taken_over(self) -> Self:
        return self.happens(TakenOver(self.at))

    def handed_back(self) -> Self:
        return self.happens(HandedBack(self.at))

    def send_text(self, text: str) -> Self:
        return self.happens(TextSent(self.at, text))

    def send_sequence(self, sequence: int) -> Self:
        return self.happens(SequenceSent(self.at, sequence))

    def publish(self, bot: Bot) -> Self:
        """A new version goes live; the older ones are kept for those who are inside them."""
        assert bot.number not in self._versions
        self._versions[bot.number] = bot
        self._live = bot.number
        return self

    def happens(self, event: Event) -> Self:
        """Any event, then the timers that are due at once."""
        self._whole()
        self._take(event)
        return self.after(0)

    # --- what must come of it

    def bot(self, *messages: Message) -> Self:
        """These messages come next, in this order."""
        for message in messages:
            assert self._sent, f"the bot said nothing more; awaited {message}"
            assert self._sent.popleft() == message
        return self

    def silent(self) -> Self:
        """Nothing is said or called."""
        self._whole()
        return self

    def calls(self, *apis: int) -> Self:
        """These APIs are called now, all at once."""
        assert [call.api for call in self._new_calls] == list(apis)
        self._open_calls.extend(self._new_calls)
        self._new_calls.clear()
        return self

    def attributes(self, expected: dict[str, Any]) -> Self:
        """All attributes of the customer."""
        found = self.state.customer.attributes
        assert found == expected
        assert {name: type(value) for name, value in found.items()} == {
            name: type(value) for name, value in expected.items()
        }
        return self

    def noted(self, *codes: str) -> Self:
        """The last step noted just this."""
        assert [effect.code for effect in self.last(Note)] == list(codes)
        return self

    def hands_over(self, note: str) -> Self:
        assert [effect.note for effect in self.last(HandOver)] == [note]
        assert not self.state.customer.bot_enabled
        return self

    def saved(self, changes: dict[str, Any], source: str) -> Self:
        assert SaveAttributes(changes, source) in self.last(SaveAttributes)
        return self

    def last(self, kind: type[Any]) -> list[Any]:
        """What the last step asked for, of one kind."""
        return [effect for effect in self.steps[-1].effects if isinstance(effect, kind)]

    def now(self) -> State:
        """The state after the last line."""
        return self.state

    @property
    def waits(self) -> list[float]:
        """Seconds until each timer that runs."""
        return [(timer.due_at - self.at).total_seconds() for timer in self._timers]

    # --- inside

    def _whole(self) -> None:
        assert not self._sent, f"the bot also said {list(self._sent)}"
        assert not self._new_calls, f"the bot also called {list(self._new_calls)}"

    def _take(self, event: Event) -> None:
        bot = self._versions[version_for(self.state, self._live)]
        self.steps.append(step(bot, self.state, codec.event_from_json(codec.event_to_json(event))))
        self.state = through_json(self.steps[-1].state)
        assert self.state == self.steps[-1].state
        for effect in map(owed_through_json, self.steps[-1].effects):
            match effect:
                case Send(message=message):
                    self._sent.append(message)
                    self._shown.extend(buttons_of(message))
                case CallApi():
                    self._new_calls.append(effect)
                case SetTimer():
                    self._timers.append(effect)


def buttons_of(message: Message) -> list[Button]:
    match message:
        case Buttons(buttons=buttons):
            return list(buttons)
        case QuickReplies(replies=replies):
            return list(replies)
        case Gallery(items=items):
            return [button for card in items for button in card.buttons]
    return []
