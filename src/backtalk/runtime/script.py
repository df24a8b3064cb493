"""A conversation played on the pure engine, as a transcript: what the customer does, what the backend answers, what must come back.

    Script(bot, apis).start().bot("Order number?").user("42").calls("Order status").replies({...}).bot("On its way").end()

Strict: every message of the bot is looked at, in order, before the customer does something else, and every call is answered.
The clock is the script's own. Backends are never asked: their answers go through the same reader as real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self, get_args
from urllib.parse import parse_qsl, urlsplit

import orjson

from backtalk.backend.api import Api
from backtalk.backend.reply import read_reply
from backtalk.backend.request import build_call
from backtalk.engine.bot import Bot
from backtalk.engine.codec import state_from_json, state_to_json
from backtalk.engine.customer import TEXT_FIELDS, Customer
from backtalk.engine.effects import CallApi, HandOver, Send, SetTimer
from backtalk.engine.events import ApiAnswered, Event, HandedBack, Pressed, Said, Started, TakenOver, TimerFired
from backtalk.engine.messages import Message
from backtalk.engine.reply import ApiFailure, ApiReply, Outcome
from backtalk.engine.state import State
from backtalk.engine.step import step
from backtalk.exchange import HttpReply
from backtalk.runtime.expectation import buttons_of, described, difference, fits, in_words

BEGINS_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
OUTCOMES: tuple[str, ...] = get_args(Outcome)


class Mismatch(AssertionError):
    """What was expected is not what came."""

    def __init__(self, expected: str, came: str) -> None:
        self.expected, self.came = expected, came
        super().__init__(f"expected {expected}, but {came}")


class Script:
    """One conversation. Each method is a step and gives the script back; one that does not fit raises Mismatch."""

    def __init__(self, bot: Bot, apis: Mapping[int, Api], *, customer: Mapping[str, Any] | None = None) -> None:
        self._bot = bot
        self._apis = apis
        self._now = BEGINS_AT
        self._state = State(_customer(customer or {}))
        self._unread: list[Message] = []
        self._shown: list[Message] = []
        self._calls: dict[str, CallApi] = {}
        self._asked: CallApi | None = None
        self._timers: list[SetTimer] = []
        self._notes: list[str] = []
        self.walked: set[str] = set()
        """Ids of the blocks that were entered."""

    # --- what the customer, the backend and time do

    def start(self) -> Self:
        """The customer opens the chat."""
        return self._act(Started(self._now), "the customer opened the chat")

    def user(self, text: str) -> Self:
        """The customer writes."""
        return self._act(Said(self._now, text), f"the customer wrote “{text}”")

    def press(self, title: str, *, card: str | None = None) -> Self:
        """The customer presses the newest button of this title, on a card when one is named."""
        self._all_read("the customer could press")
        found = next((b for m in reversed(self._shown) for b in buttons_of(m, card) if b.title == title), None)
        if found is None:
            titles = [f"“{b.title}”" for m in reversed(self._shown) for b in buttons_of(m, card)]
            raise Mismatch(
                f"a button “{title}”", f"there are only {', '.join(titles[:12])}" if titles else "there is none"
            )
        return self._act(Pressed(self._now, found), f"the customer pressed “{title}”")

    def after(self, seconds: float) -> Self:
        """Time passes; delays that are over go on."""
        self._all_read("time passed")
        until = self._now + timedelta(seconds=seconds)
        while due := sorted((t for t in self._timers if t.due_at <= until), key=lambda timer: timer.due_at)[:1]:
            self._timers.remove(due[0])
            self._now = max(self._now, due[0].due_at)
            self._take(TimerFired(self._now, due[0].key))
        self._now = until
        return self

    def taken_over(self) -> Self:
        """A person takes the conversation over."""
        self._calls.clear()
        self._timers.clear()
        return self._act(TakenOver(self._now), "a person took over")

    def handed_back(self) -> Self:
        """The person gives it back to the bot."""
        return self._act(HandedBack(self._now), "it was handed back")

    def replies(self, envelope: Any, *, status: int = 200) -> Self:
        """The backend answers the call of the last `calls` step: an envelope, or a text that is sent as it is.

        In an envelope the `value` of a sequence button may be the sequence's name.
        """
        body = envelope.encode() if isinstance(envelope, str) else orjson.dumps(self._with_ids(envelope))
        call = self._answerable()
        reply = HttpReply(status, (("content-type", "application/json"),), body, 0)
        return self._answer(call, read_reply(call.shape, reply))

    def fails(self, outcome: str) -> Self:
        """The call of the last `calls` step has this outcome."""
        if outcome not in OUTCOMES or outcome == "ok":
            raise Mismatch(f"one of {', '.join(OUTCOMES[1:])}", f"the outcome is “{outcome}”")
        return self._answer(self._answerable(), ApiFailure(outcome, "as the script says"))  # type: ignore[arg-type] # checked above

    # --- what must come back

    def bot(self, expected: str | Mapping[str, Any]) -> Self:
        """The bot's next message: its text, or the fields of it that matter."""
        wanted = {"text": expected} if isinstance(expected, str) else dict(expected)
        if not self._unread:
            raise Mismatch(in_words(wanted), self._standing())
        came = self._unread.pop(0)
        seen = described(self._bot, came)
        if not fits(wanted, seen):
            raise Mismatch(in_words(wanted), f"the bot sent {difference(wanted, seen)}")
        return self

    def calls(self, name: str, *, carries: Mapping[str, Any] | None = None) -> Self:
        """The bot calls the API of this name; `carries` are keys of the body, or parameters of the address, that matter."""
        self._all_read(f"a call of “{name}”")
        call = next((c for c in self._calls.values() if self._apis[c.api].name == name), None)
        if call is None:
            raise Mismatch(f"a call of “{name}”", self._standing())
        carried = self._carried(call)
        for key, value in (carries or {}).items():
            if key not in carried or carried[key] != value:
                came = f"carries {key}={carried[key]!r}" if key in carried else f"carries no {key}"
                raise Mismatch(f"a call of “{name}” with {key}={value!r}", f"it {came}")
        self._asked = call
        return self

    def attributes(self, expected: Mapping[str, Any]) -> Self:
        """What is known of the customer; null is what is not known."""
        for name, value in expected.items():
            actual = self._state.customer.value(name)
            if actual != value:
                raise Mismatch(f"{name} to be {value!r}", f"it is {actual!r}")
        return self

    def handed_over(self, note: str) -> Self:
        """The conversation went to the inbox with this note."""
        if note not in self._notes:
            raise Mismatch(
                f"to be handed over with “{note}”", f"the notes are {self._notes}" if self._notes else "it was not"
            )
        return self

    def end(self) -> Self:
        """Nothing is left: no message unread, no call unanswered."""
        self._all_read("the end")
        if self._calls:
            raise Mismatch("the end", self._standing())
        return self

    # --- how

    def _act(self, event: Event, what: str) -> Self:
        self._all_read(what)
        self._take(event)
        return self

    def _take(self, event: Event) -> None:
        taken = step(self._bot, self._state, event)
        self._state = state_from_json(state_to_json(taken.state), taken.state.customer)
        self.walked.update(place.block for place in taken.walked)
        for effect in taken.effects:
            match effect:
                case Send(message=message):
                    self._unread.append(message)
                    self._shown.append(message)
                case CallApi(key=key):
                    self._calls[key] = effect
                case SetTimer():
                    self._timers.append(effect)
                case HandOver(note=note):
                    self._notes.append(note)
                case _:
                    pass
        now = next((t for t in self._timers if not t.typing and t.due_at <= self._now), None)
        if now:
            self._timers.remove(now)
            self._take(TimerFired(self._now, now.key))

    def _answerable(self) -> CallApi:
        if self._asked is None:
            raise Mismatch("a call to answer", "no `calls` step stands before this answer")
        return self._asked

    def _answer(self, call: CallApi, result: ApiReply | ApiFailure) -> Self:
        self._asked = None
        self._calls.pop(call.key, None)
        self._take(ApiAnswered(self._now, call.key, result, self._apis[call.api].on_failure))
        return self

    def _all_read(self, before: str) -> None:
        if self._unread:
            raise Mismatch(
                f"nothing more before {before}", f"the bot sent {in_words(described(self._bot, self._unread[0]))}"
            )

    def _standing(self) -> str:
        if self._unread:
            return f"the bot sent {in_words(described(self._bot, self._unread[0]))}"
        if self._calls:
            names = ", ".join(f"“{self._apis[call.api].name}”" for call in self._calls.values())
            return f"the bot waits for the answer of {names}; a step `calls: NAME` gives it"
        if self._timers:
            seconds = (min(timer.due_at for timer in self._timers) - self._now).total_seconds()
            return f"the bot waits; a step `after: {seconds:g} s` goes on"
        return "nothing came"

    def _carried(self, call: CallApi) -> dict[str, Any]:
        customer = self._state.customer
        request = build_call(
            self._apis[call.api],
            customer,
            attribute_names=sorted(customer.attributes),
            workspace_timezone=0.0,
            idempotency_key=call.key,
            at=self._now,
            signing_secrets=(),
        )
        if request.body:
            body: dict[str, Any] = orjson.loads(request.body)
            return body
        return dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))

    def _with_ids(self, part: Any) -> Any:
        """A part of a reply with the names of sequences replaced by their ids."""
        if isinstance(part, list):
            return [self._with_ids(item) for item in part]
        if not isinstance(part, dict):
            return part
        copy = {key: self._with_ids(value) for key, value in part.items()}
        if copy.get("type") == "sequence":
            ids = (found.id for found in self._bot.sequences.values() if found.name == copy.get("value"))
            copy["value"] = next(ids, copy.get("value"))
        return copy


def _customer(known: Mapping[str, Any]) -> Customer:
    profile = {name: value for name, value in known.items() if name in (*TEXT_FIELDS, "timezone")}
    attributes = {name: value for name, value in known.items() if name not in profile}
    return replace(Customer(id=1, channel_id=1, created_at=BEGINS_AT, attributes=attributes), **profile)
