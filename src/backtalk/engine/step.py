"""The engine: `step(bot, state, event)` gives the new state and what is to be done about it.

Rules
- A pure function: no clock, no input or output, no randomness. The same arguments give the same result, always.
- No event raises. A failed call is an event like any other; a late, repeated or unknown result changes nothing.
- A customer's event takes at most MAX_BLOCKS blocks, its calls and delays included.

Theory of operation
A *run* begins with something a person did: opening the chat, a text, a press, a sequence sent by the company. It walks blocks
until one waits. A block whose APIs must answer first is left in `state.calling` with a CallApi for each of them; when the last has
answered, the block runs with the answers and the walk goes on below it. A delay leaves `state.pausing`, a question
`state.asking`. While a call or a delay is under way, what else happens is kept in `state.backlog` and taken afterwards, one event
a step, each by a timer that is due at once.

While something is under way the conversation stays on the version of the bot that began it (`version_for`). A customer's next
event takes the live version; an open question is found there by the id of its block, and is dropped when that block is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import unquote_plus

from backtalk.engine.block import Block, Jump, Next
from backtalk.engine.bot import Bot
from backtalk.engine.customer import MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTE_NAME_CHARS, MAX_ATTRIBUTES_PER_REPLY
from backtalk.engine.effects import CallApi, Effect, Note, SetTimer
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
from backtalk.engine.fields import ApiBlock
from backtalk.engine.messages import Button, Text, storable
from backtalk.engine.reply import ApiFailure, OnFailure
from backtalk.engine.run import Run
from backtalk.engine.state import MAX_BACKLOG, Answer, Calling, Place, State, Waiting

MAX_BLOCKS = 100


@dataclass(frozen=True, slots=True)
class Step:
    """`effects` in the order in which they are owed; `walked` are the blocks that were entered."""

    state: State
    effects: tuple[Effect, ...] = ()
    walked: tuple[Place, ...] = ()


def version_for(state: State, event: Event, live: int | None) -> int | None:
    """The version of the bot that must be given to `step` for this event."""
    under_way = state.calling is not None or state.pausing is not None
    return state.version if under_way and isinstance(event, ApiAnswered | TimerFired) else live


def step(bot: Bot, state: State, event: Event) -> Step:
    """Take one event. `bot` is the version that `version_for` names."""
    run = Run(bot=bot, state=state, at=event.at, effects=[], place=None, answers={}, walked=[])
    match event:
        case ApiAnswered():
            _take_answer(run, event)
        case TimerFired():
            _take_timer(run, event.timer)
        case TakenOver():
            run.state = replace(
                state,
                customer=replace(state.customer, bot_enabled=False),
                calling=None,
                asking=None,
                pausing=None,
                resuming=None,
                backlog=(),
            )
        case HandedBack():
            run.state = replace(state, customer=replace(state.customer, bot_enabled=True))
        case _ if state.busy:
            _keep(run, event)
        case _:
            _begin(run, event)
    _settle(run)
    return Step(run.state, tuple(run.effects), tuple(run.walked))


# --- events


def _begin(run: Run, event: Waiting) -> None:
    """Start a run with something that a person did."""
    greeted = run.state.greeted
    run.state = replace(run.state, greeted=True, blocks=0)
    match event:
        case Started():
            if not greeted and run.bot.triggers.welcome is not None and run.state.customer.bot_enabled:
                _start(run, run.bot.triggers.welcome)
        case Said(text=text):
            _heard(run, text)
            if run.state.customer.bot_enabled:
                _take_text(run, text, greeted=greeted)
        case Pressed(button=None):
            run.note("stale_press", "A press named a button that was never shown here; it was ignored.")
        case Pressed(button=Button() as button):
            _heard(run, button.title)
            if run.state.customer.bot_enabled and button.type == "sequence":
                _take_press(run, button.value, button.extra)
        case SequenceSent(sequence=sequence):
            run.state = replace(run.state, asking=None)
            _start(run, sequence)
        case TextSent(text=text):
            run.say(Text(text))


def _heard(run: Run, text: str) -> None:
    customer = replace(run.state.customer, last_message_text=text, last_message_at=run.at)
    run.state = replace(run.state, customer=customer)


def _take_text(run: Run, text: str, *, greeted: bool) -> None:
    asking = run.state.asking
    if asking:
        run.state = replace(run.state, asking=None)
        spot = run.bot.spot(asking.place)
        if spot:
            sequence, index = spot
            run.place = Place(sequence.id, asking.place.block)
            _walk(run, sequence.blocks[index].hear(run, text) if _enter(run, run.place) else Next.STOP)
            return
        run.note("question_gone", "The question that was open is no longer in the bot; the text was taken afresh.")
    target = run.bot.keyword(text)
    if target is None:
        target = run.bot.triggers.default if greeted else run.bot.triggers.welcome or run.bot.triggers.default
    if target is None:
        run.note("unanswered", "Nothing answers this text: the bot has no default sequence.")
    else:
        _start(run, target)


def _take_press(run: Run, value: int | str | None, extra: str | None) -> None:
    run.state = replace(run.state, asking=None)
    if extra:
        run.save(read_extra(extra), "button")
    if isinstance(value, int) and value in run.bot.sequences:
        _start(run, value)
        return
    run.note("unknown_sequence", f"The pressed button leads to sequence {value}, which is gone; the default answers.")
    if run.bot.triggers.default is not None:
        _start(run, run.bot.triggers.default)


def _take_answer(run: Run, event: ApiAnswered) -> None:
    calling = run.state.calling
    if calling is None or event.call not in calling.calls or any(a.call == event.call for a in calling.answers):
        return
    answers = (*calling.answers, Answer(event.call, event.result, event.on_failure))
    if len(answers) < len(calling.calls):
        run.state = replace(run.state, calling=replace(calling, answers=answers))
        return
    run.state = replace(run.state, calling=None)
    spot = run.bot.spot(calling.place)
    if spot is None:
        run.note("block_gone", "The block that waited for this reply is no longer in the bot.")
        return
    sequence, index = spot
    run.place = Place(sequence.id, calling.place.block)
    by_call = {answer.call: answer for answer in answers}
    for call, api in calling.calls.items():
        run.answers[api] = by_call[call]
        run.save(by_call[call].result.attributes, f"api:{api}", call=call)
    block = sequence.blocks[index]
    shown = block.run(run)
    failed = _fall_back(run, block, [by_call[call] for call in calling.calls])
    run.answers = {}
    _walk(run, failed or shown)


def _take_timer(run: Run, timer: str) -> None:
    state = run.state
    if state.resuming == timer:
        run.state = replace(state, resuming=None, backlog=state.backlog[1:])
        if state.backlog:
            run.at = state.backlog[0].at
            _begin(run, state.backlog[0])
    elif state.pausing and state.pausing.timer == timer:
        run.state = replace(state, pausing=None)
        run.place = state.pausing.place
        _walk(run, Next.ON)


def _keep(run: Run, event: Waiting) -> None:
    if len(run.state.backlog) < MAX_BACKLOG:
        run.state = replace(run.state, backlog=(*run.state.backlog, event))
    else:
        run.note("backlog_full", "Too much happened while a call was under way; this was recorded but not answered.")


# --- walking


def _start(run: Run, sequence: int) -> None:
    run.place = None
    _walk(run, Jump(sequence))


def _walk(run: Run, then: Next | Jump) -> None:
    """Go on from `run.place` until a block waits, the sequence ends or the budget is used up."""
    while then is Next.ON or isinstance(then, Jump):
        block = _block_after(run, then)
        if block is None or not _enter(run, run.place):
            return
        apis = block.apis()
        if apis and run.place:
            _call(run, run.place, block, apis)
            return
        then = block.run(run)


def _block_after(run: Run, then: Next | Jump) -> Block | None:
    """Move `run.place` to the block that comes next; None at the end of a sequence."""
    if isinstance(then, Jump):
        sequence, index = run.bot.sequences.get(then.sequence), 0
        if sequence is None:
            run.note("unknown_sequence", f"Sequence {then.sequence} does not exist in this bot.")
            return None
    else:
        spot = run.bot.spot(run.place) if run.place else None
        if spot is None:
            return None
        sequence, index = spot[0], spot[1] + 1
    if index >= len(sequence.blocks):
        return None
    block = sequence.blocks[index]
    run.place = Place(sequence.id, block.id)
    return block


def _enter(run: Run, place: Place | None) -> bool:
    """Count a block against the budget."""
    if run.state.blocks >= MAX_BLOCKS or place is None:
        run.effects.append(
            Note(
                "block_budget",
                f"The bot ran {MAX_BLOCKS} blocks without the customer doing anything and was stopped. "
                "Look for sequences that lead back to each other without a question between them.",
                place.block if place else None,
                severity="error",
            )
        )
        return False
    run.state = replace(run.state, blocks=run.state.blocks + 1)
    run.walked.append(place)
    return True


def _call(run: Run, place: Place, block: Block, apis: tuple[int, ...]) -> None:
    calls = {run.new_key("call"): api for api in apis}
    run.state = replace(run.state, calling=Calling(place, calls))
    run.effects.extend(CallApi(key, api, block.shape, block.id) for key, api in calls.items())


def _fall_back(run: Run, block: Block, answers: list[Answer]) -> Jump | None:
    """Say what is to be said about the failures, each text once; the first sequence named is gone to."""
    own = block.on_failure.to_value() if isinstance(block, ApiBlock) and block.on_failure else None
    plans: list[OnFailure] = []
    for answer in answers:
        plan = own or answer.on_failure
        if isinstance(answer.result, ApiFailure) and plan and plan not in plans:
            plans.append(plan)
    for said in dict.fromkeys(run.text(plan.say) for plan in plans if plan.say):
        if said.strip():
            run.say(Text(said))
    targets = [plan.sequence for plan in plans if plan.sequence is not None]
    return Jump(targets[0]) if targets else None


def _settle(run: Run) -> None:
    """Pin the version while something is open, and take the backlog up again when nothing is under way."""
    state = run.state
    if state.backlog and not state.busy:
        key = run.new_key("backlog")
        state = replace(run.state, resuming=key)
        run.effects.append(SetTimer(key, run.at, typing=False))
    pinned = run.bot.number if state.busy or state.asking else None
    run.state = state if state.version == pinned else replace(state, version=pinned)


def read_extra(extra: str) -> dict[str, str]:
    """The attributes in a button's `extra`, `name=value&name=value`; a segment without `=` is none (CONTRACT.md section 6)."""
    pairs: dict[str, str] = {}
    for segment in extra.split("&"):
        name, equals, value = segment.partition("=")
        name = storable(unquote_plus(name)).strip()
        value = storable(unquote_plus(value))
        if (
            equals
            and 0 < len(name) <= MAX_ATTRIBUTE_NAME_CHARS
            and len(value.encode()) <= MAX_ATTRIBUTE_BYTES
            and len(pairs) < MAX_ATTRIBUTES_PER_REPLY
        ):
            pairs[name] = value
    return pairs
