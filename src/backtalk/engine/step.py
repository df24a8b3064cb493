"""The engine: `step(bot, state, event)` gives the new state and what is to be done about it.

Rules
- A pure function: no clock, no input or output, no randomness. The same arguments give the same result, always.
- No event raises. A failed call is an event like any other; a late, repeated or unknown result changes nothing.
- A customer's event takes at most `walk.MAX_BLOCKS` blocks, its calls and delays included.

Theory of operation
A *run* begins with something a person did: opening the chat, a text, a press, a sequence sent by the company. It walks blocks
until one waits. A block whose APIs must answer first is left in `state.calling` with a CallApi for each of them; when the last has
answered, the block runs with the answers and the walk goes on below it. A delay leaves `state.pausing`, a question
`state.asking`. While a call is under way, what else happens is kept in `state.backlog` and taken afterwards, one event a step,
each by a timer that is due at once. A customer who writes during a delay ends it: the rest of the run is said at once, its further
delays are passed over, and then the text is taken; so that nothing is lost, nothing is out of order and nobody waits.

While something is under way the conversation stays on the version of the bot that began it (`version_for`). A customer's next
event takes the live version; an open question is found there by the id of its block, and is dropped when that block is gone
or asks no more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from backtalk.engine.block import Block, Jump, Next
from backtalk.engine.bot import Bot
from backtalk.engine.effects import Effect, SetTimer
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
from backtalk.engine.extra import read_extra
from backtalk.engine.fields import ApiBlock
from backtalk.engine.messages import Button, Text
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure
from backtalk.engine.run import Run
from backtalk.engine.state import MAX_BACKLOG, MAX_BACKLOG_CHARS, Answer, Place, State, Waiting
from backtalk.engine.usable import usable
from backtalk.engine.walk import enter, walk


@dataclass(frozen=True, slots=True)
class Step:
    """`effects` in the order in which they are owed; `walked` are the blocks that were entered."""

    state: State
    effects: tuple[Effect, ...] = ()
    walked: tuple[Place, ...] = ()


def version_for(state: State, live: int | None) -> int | None:
    """The version of the bot that must be given to the next `step`."""
    return live if state.version is None else state.version


def step(bot: Bot, state: State, event: Event) -> Step:
    """Take one event. `bot` is the version that `version_for` names."""
    run = Run.of(bot, state, event.at)
    match event:
        case ApiAnswered():
            _take_answer(run, event)
        case TimerFired():
            _take_timer(run, event.timer)
        case TakenOver():
            run.customer = replace(run.customer, bot_enabled=False)
            _leave_calls(run)
            run.calling = run.asking = run.pausing = run.resuming = None
            run.backlog = tuple(kept for kept in run.backlog if not isinstance(kept, SequenceSent))
        case HandedBack():
            run.customer = replace(run.customer, bot_enabled=True)
        case Said() | Pressed() if run.pausing and run.customer.bot_enabled:
            _keep(run, event)
            _take_timer(run, run.pausing.timer)  # nobody who writes is kept waiting: the delay is over
        case _ if state.busy:
            _keep(run, event)
        case _:
            _begin(run, event)
    _settle(run)
    return Step(run.state(), tuple(run.effects), tuple(run.walked))


# --- events


def _begin(run: Run, event: Waiting) -> None:
    """Start a run with something that a person did."""
    greeted = run.greeted
    run.greeted = greeted or isinstance(event, Started | Said | Pressed)
    run.blocks = 0
    match event:
        case Started():
            if not greeted and run.bot.triggers.welcome is not None and run.customer.bot_enabled:
                walk(run, Jump(run.bot.triggers.welcome))
        case Said(text=text):
            _heard(run, text, event.at)
            if run.customer.bot_enabled:
                _take_text(run, text, greeted=greeted)
        case Pressed(button=None):
            run.note("stale_press", "A press named a button that was never shown here; it was ignored.")
        case Pressed(button=Button() as button):
            _heard(run, button.title, event.at)
            if run.customer.bot_enabled and button.type == "sequence":
                _take_press(run, button.value, button.extra)
        case SequenceSent(sequence=sequence):
            run.asking = None
            walk(run, Jump(sequence))
        case TextSent(text=text):
            run.say(Text(text))


def _heard(run: Run, text: str, at: datetime) -> None:
    run.customer = replace(run.customer, last_message_text=text, last_message_at=at)


def _take_text(run: Run, text: str, *, greeted: bool) -> None:
    asking, run.asking = run.asking, None
    if asking:
        then = _hear(run, asking.place, text)
        if then is not None:
            walk(run, then)
            return
        run.note("question_gone", "The question that was open is no longer in the bot; the text was taken afresh.")
    target = run.bot.keyword(text)
    if target is None:
        target = run.bot.triggers.default if greeted else run.bot.triggers.welcome or run.bot.triggers.default
    if target is None:
        run.note("unanswered", "Nothing answers this text: the bot has no default sequence.")
    else:
        walk(run, Jump(target))


def _hear(run: Run, place: Place, text: str) -> Next | Jump | None:
    """What the block with the open question makes of a text; None when it is gone or asks no more."""
    spot = run.bot.spot(place)
    if spot is None:
        return None
    sequence, index = spot
    run.place = Place(sequence.id, place.block)
    then = sequence.blocks[index].hear(run, text)
    if then is None:
        run.place = None
    else:
        enter(run, run.place)
    return then


def _take_press(run: Run, value: int | str | None, extra: str | None) -> None:
    run.asking = None
    if extra:
        run.save(read_extra(extra), "button")
    if isinstance(value, int) and value in run.bot.sequences:
        walk(run, Jump(value))
        return
    run.note("unknown_sequence", f"The pressed button leads to sequence {value}, which is gone; the default answers.")
    if run.bot.triggers.default is not None:
        walk(run, Jump(run.bot.triggers.default))


def _leave_calls(run: Run) -> None:
    """End a run that waits for calls: what they answered, or will, is saved all the same (CONTRACT.md section 5)."""
    if run.calling is None:
        return
    for answer in run.calling.answers:
        run.save(answer.result.attributes, f"api:{run.calling.calls[answer.call]}", call=answer.call)
    answered = {answer.call for answer in run.calling.answers}
    run.left = run.left | {call: api for call, api in run.calling.calls.items() if call not in answered}


def _take_answer(run: Run, event: ApiAnswered) -> None:
    if event.call in run.left:
        api = run.left[event.call]
        run.left = {call: of for call, of in run.left.items() if call != event.call}
        run.save(event.result.attributes, f"api:{api}", call=event.call)
        run.note("taken_over", "A person had taken over; the reply was not shown.", call=event.call)
        return
    calling = run.calling
    if calling is None or event.call not in calling.calls or any(a.call == event.call for a in calling.answers):
        return
    answers = (*calling.answers, Answer(event.call, event.result, event.on_failure))
    if len(answers) < len(calling.calls):
        run.calling = replace(calling, answers=answers)
        return
    run.calling = None
    spot = run.bot.spot(calling.place)
    if spot is None:
        run.note("block_gone", "The block that waited for this reply is no longer in the bot.")
        return
    sequence, index = spot
    run.place = Place(sequence.id, calling.place.block)
    block = sequence.blocks[index]
    by_call = {answer.call: answer for answer in answers}
    for call, api in calling.calls.items():
        run.answers[api] = _judged(run, block, by_call[call])
        run.save(run.answers[api].result.attributes, f"api:{api}", call=call)
    shown = block.run(run)
    failed = [answer for answer in run.answers.values() if isinstance(answer.result, ApiFailure)]
    run.answers = {}
    walk(run, _fall_back(run, block, failed) or shown)


def _judged(run: Run, block: Block, answer: Answer) -> Answer:
    """The answer with what this bot can show of it; what it cannot is noted with the call."""
    if not isinstance(answer.result, ApiReply):
        return answer
    result, dropped = usable(run.bot, block.shape, answer.result)
    for button in dropped:
        run.note(
            "unknown_sequence",
            f"The button “{button.title}” names sequence {button.value}, which this bot does not have; it was left out.",
            call=answer.call,
            path="$.data",
        )
    if isinstance(result, ApiFailure):
        run.note(result.outcome, result.message, call=answer.call, path=result.where)
    return answer if result is answer.result else replace(answer, result=result)


def _take_timer(run: Run, timer: str) -> None:
    if run.resuming == timer:
        run.resuming = None
        if run.backlog:
            first, *rest = run.backlog
            run.backlog = tuple(rest)
            _begin(run, first)
    elif run.pausing and run.pausing.timer == timer:
        run.place, run.pausing = run.pausing.place, None
        walk(run, Next.ON)


def _keep(run: Run, event: Waiting) -> None:
    longer = (*run.backlog, event)
    if len(longer) <= MAX_BACKLOG and sum(map(_length, longer)) <= MAX_BACKLOG_CHARS:
        run.backlog = longer
    else:
        run.note("backlog_full", "Too much happened while a call was under way; this was recorded but not answered.")


def _length(event: Waiting) -> int:
    return len(event.text) if isinstance(event, Said | TextSent) else 0


def _fall_back(run: Run, block: Block, failed: list[Answer]) -> Jump | None:
    """Say what is to be said about the failures, each text once; the first sequence that this bot has is gone to."""
    own = block.on_failure.to_value() if isinstance(block, ApiBlock) and block.on_failure else None
    plans = (
        [own]
        if own and failed and own != OnFailure()
        else [answer.on_failure for answer in failed if answer.on_failure]
    )
    for said in dict.fromkeys(run.text(plan.say) for plan in plans if plan.say):
        if said.strip():
            run.say(Text(said))
    for target in dict.fromkeys(plan.sequence for plan in plans if plan.sequence is not None):
        if target in run.bot.sequences:
            return Jump(target)
        run.note(
            "unknown_sequence", f"After a failed call this bot should go to sequence {target}, which it does not have."
        )
    return None


def _settle(run: Run) -> None:
    """Pin the version while something is under way, and take the backlog up again when nothing is."""
    if run.backlog and not run.under_way and not run.resuming:
        run.resuming = run.new_key("backlog")
        run.effects.append(SetTimer(run.resuming, run.at, typing=False))
    run.version = run.bot.number if run.under_way else None
