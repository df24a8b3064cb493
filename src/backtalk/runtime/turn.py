"""Decide, save, do: one event of one conversation in one transaction.

Rules
- What was acknowledged is durable: `take` returns after the commit, and only then is anything performed or shown.
- An event is taken once. Its external id is unique in the conversation; a repetition changes nothing and gets the same answer.
- The outcome of an effect counts only when its row, with the fence of the claim, is removed in the same transaction.
- No transaction is open while anything is waited for.

Theory of operation
The function given to `Database.write` does it all: it loads the conversation with customer, bot and plan, runs the engine's step
(microseconds), and stores state, event, messages, attributes and what is owed. Transactions of one process run one after
the other, so that a conversation is serial without further locks; another process would wait at the row. After the commit, on the event
loop, listeners get the news and the performer gets what is owed; both may be lost with the process, for the log and the
effects table bring them back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backtalk.engine.codec import owed_from_json, owed_to_json
from backtalk.engine.customer import Customer
from backtalk.engine.effects import CallApi, HandOver, Note, SaveAttributes, SetTimer
from backtalk.engine.events import ApiAnswered, Event, HandedBack, Pressed, Said, TimerFired
from backtalk.engine.step import Step, step, version_for
from backtalk.errors import Conflict, Invalid
from backtalk.runtime.bots import Bots
from backtalk.runtime.calls import CallPlan, CallRecord, call_row, plan_call
from backtalk.runtime.live import Live
from backtalk.runtime.transcript import button_at, lines_of, notes_of
from backtalk.storage import calls, conversations, effects, events, messages
from backtalk.storage.conversations import Conversation
from backtalk.storage.database import Database, Tx
from backtalk.storage.effects import Owed
from backtalk.storage.messages import Line
from backtalk.storage.schema import time_us

LEASE_S = 30
"""How much longer than its own deadline an effect stays claimed."""
TIMER_HELD_S = 60
"""A timer that is due sooner is kept by the process that set it; the sweeper finds the others."""
_LEASE_US = LEASE_S * 1_000_000


@dataclass(frozen=True, slots=True)
class Press:
    """A customer pressed a button: the message's seq and the button's index, or the card's and the button's."""

    at: datetime
    seq: int
    index: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """`seq` is the message that the event became in the log, if it became one."""

    seq: int | None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Debt:
    """An effect to be performed now, with what its call needs."""

    owed: Owed
    plan: CallPlan | None = None
    effect: CallApi | SetTimer | None = None
    """What `owed.body` holds, when it has just been made."""


@dataclass(slots=True)
class _Done:
    """What a transaction did and what is to follow it."""

    taken: Taken
    lines: Sequence[Line] = ()
    debts: Sequence[Debt] = ()
    typing: bool | None = None


class Turns:
    """Takes events. `perform` is set by the performer."""

    def __init__(self, database: Database, live: Live, *, owner: str) -> None:
        self._database = database
        self._live = live
        self._bots = Bots()
        self._owner = owner
        self.perform: Callable[[Sequence[Debt]], None] = lambda _: None

    async def take(
        self,
        *,
        workspace_id: int,
        conversation_id: int,
        event: Event | Press,
        external_id: str,
        client_id: str | None = None,
    ) -> Taken:
        """Take an event from outside. Raises NotFound; Conflict when the channel is disconnected; Invalid for a press
        of what is not there; Unavailable when it could not be made durable (then nothing was stored).
        """

        def work(tx: Tx) -> _Done:
            known = events.known(
                tx, workspace_id=workspace_id, conversation_id=conversation_id, external_id=external_id
            )
            if known:
                return _Done(Taken(known.seq, repeated=True))
            conversation = conversations.load(tx, workspace_id=workspace_id, conversation_id=conversation_id)
            happened = _pressed(tx, conversation, event) if isinstance(event, Press) else event
            if isinstance(happened, Said | Pressed) and not conversation.connected:
                raise Conflict("This chat is closed.", hint="Connect the channel again in Channels.")
            return self._step(tx, conversation, happened, external_id=external_id, client_id=client_id)

        # whoever asked may be gone before the commit; what it committed is performed and shown all the same
        return await asyncio.shield(asyncio.ensure_future(self._run(conversation_id, work)))

    async def answered(self, owed: Owed, record: CallRecord) -> None:
        """A call is over: log it and go on, unless the claim was lost meanwhile."""

        def work(tx: Tx) -> _Done:
            if not effects.settle(tx, owed):
                return _Done(Taken(None, repeated=True))
            conversation = conversations.load(tx, workspace_id=owed.workspace_id, conversation_id=owed.conversation_id)
            calls.record(tx, _row(conversation, owed, record))
            event = ApiAnswered(datetime.now(UTC), owed.key, record.result, record.plan.api.on_failure)
            return self._step(tx, conversation, event, external_id=f"call:{owed.key}")

        await self._run(owed.conversation_id, work)

    async def fired(self, owed: Owed) -> None:
        """A timer is due."""

        def work(tx: Tx) -> _Done:
            if not effects.settle(tx, owed):
                return _Done(Taken(None, repeated=True))
            conversation = conversations.load(tx, workspace_id=owed.workspace_id, conversation_id=owed.conversation_id)
            event = TimerFired(datetime.now(UTC), owed.key)
            return self._step(tx, conversation, event, external_id=f"timer:{owed.key}")

        await self._run(owed.conversation_id, work)

    async def plan(self, owed: Owed, *, api_id: int) -> CallPlan:
        """What a call needs that this process did not itself ask for."""

        def work(tx: Tx) -> CallPlan:
            conversation = conversations.load(tx, workspace_id=owed.workspace_id, conversation_id=owed.conversation_id)
            return _plan(tx, conversation, conversation.state.customer, api_id)

        return await self._database.read(work)

    async def _run(self, conversation_id: int, work: Callable[[Tx], _Done]) -> Taken:
        done = await self._database.write(work)
        if done.lines or done.typing is not None:
            self._live.tell(conversation_id, done.lines, typing=done.typing)
        if done.debts:
            self.perform(done.debts)
        return done.taken

    def _step(
        self, tx: Tx, conversation: Conversation, event: Event, *, external_id: str, client_id: str | None = None
    ) -> _Done:
        state = conversation.state
        bot = self._bots.get(
            tx,
            workspace_id=conversation.workspace_id,
            bot_id=conversation.bot_id,
            number=version_for(state, conversation.live_version),
        )
        taken = step(bot, state, event)
        lines = lines_of(event, taken.effects, after=conversation.last_seq, client_id=client_id)
        seq = lines[0].seq if lines and lines[0].sender == "customer" else None
        notes, call_notes = notes_of(taken.effects)
        events.add(tx, conversation, event, external_id=external_id, seq=seq, notes=notes)
        if lines:
            messages.add(tx, conversation, lines)
        for call_key, found in call_notes.items():
            calls.add_notes(tx, conversation.workspace_id, conversation.id, call_key, found)
        for note in taken.effects:
            if isinstance(note, Note) and note.call and note.code == "bad_shape":
                calls.set_outcome(
                    tx, conversation.workspace_id, conversation.id, note.call, outcome=note.code, message=note.message
                )
        sources = {
            name: effect.source
            for effect in taken.effects
            if isinstance(effect, SaveAttributes)
            for name in effect.changes
        }
        last_seq = conversation.last_seq + len(lines)
        conversations.save(tx, conversation, taken.state, last_seq=last_seq, at=event.at, sources=sources)
        self._save_inbox(tx, conversation, event, taken)
        debts = self._owe(tx, conversation, taken)
        waiting = taken.state.calling is not None or taken.state.pausing is not None
        was_waiting = state.calling is not None or state.pausing is not None
        typing = waiting if waiting or was_waiting else None
        return _Done(Taken(seq), lines, debts, typing)

    @staticmethod
    def _save_inbox(tx: Tx, conversation: Conversation, event: Event, taken: Step) -> None:
        for effect in taken.effects:
            if isinstance(effect, HandOver):
                conversations.set_hand_over(tx, conversation, effect.note)
        if isinstance(event, HandedBack):
            conversations.set_hand_over(tx, conversation, None)

    def _owe(self, tx: Tx, conversation: Conversation, taken: Step) -> list[Debt]:
        debts: list[Debt] = []
        now = datetime.now(UTC)
        for effect in taken.effects:
            match effect:
                case CallApi(api=api_id):
                    plan = _plan(tx, conversation, taken.state.customer, api_id)
                    until = time_us(now) + int(plan.api.timeout_s * 1_000_000) + _LEASE_US
                    debts.append(Debt(self._add(tx, conversation, effect, due_at=now, until=until), plan, effect))
                case SetTimer(due_at=due_at):
                    held = due_at - now < timedelta(seconds=TIMER_HELD_S)
                    until = time_us(max(due_at, now)) + _LEASE_US
                    owed = self._add(tx, conversation, effect, due_at=due_at, until=until if held else None)
                    if held:
                        debts.append(Debt(owed))
                case _:
                    pass
        return debts

    def _add(
        self, tx: Tx, conversation: Conversation, effect: CallApi | SetTimer, *, due_at: datetime, until: int | None
    ) -> Owed:
        return effects.add(
            tx,
            workspace_id=conversation.workspace_id,
            conversation_id=conversation.id,
            kind=effect.kind,
            key=effect.key,
            body=owed_to_json(effect).decode(),
            due_at=time_us(due_at),
            owner=self._owner if until is not None else None,
            claimed_until=until,
        )


def _row(conversation: Conversation, owed: Owed, record: CallRecord) -> calls.CallRow:
    effect = owed_from_json(owed.body)
    return call_row(
        record,
        customer_id=conversation.state.customer.id,
        conversation_id=conversation.id,
        call_key=owed.key,
        block=effect.block if isinstance(effect, CallApi) else None,
        attempts=owed.attempts,
    )


def _plan(tx: Tx, conversation: Conversation, customer: Customer, api_id: int) -> CallPlan:
    return plan_call(
        tx,
        workspace_id=conversation.workspace_id,
        api_id=api_id,
        customer=customer,
        plan=conversation.plan,
        refused="" if conversation.connected else "The channel is disconnected; connect it in Channels.",
    )


def _pressed(tx: Tx, conversation: Conversation, press: Press) -> Pressed:
    """The button that a press means, from the message as it was sent."""
    line = messages.at_seq(tx, workspace_id=conversation.workspace_id, conversation_id=conversation.id, seq=press.seq)
    button = button_at(line.body, press.index) if line and line.sender == "bot" else None
    if button is None:
        raise Invalid("There is no such button in this conversation.", hint="Press a button of a message that you got.")
    return Pressed(press.at, button)
