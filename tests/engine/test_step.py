"""One event, one step: routing, waiting, versions, takeover."""

from __future__ import annotations

from typing import Any

import pytest

from backtalk.blocks import read_bot
from backtalk.engine.effects import CallApi, Note, Send, SetTimer
from backtalk.engine.events import (
    ApiAnswered,
    HandedBack,
    Pressed,
    Said,
    SequenceSent,
    Started,
    TakenOver,
    TextSent,
    TimerFired,
)
from backtalk.engine.messages import Button, Buttons, Text
from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure
from backtalk.engine.state import MAX_BACKLOG, MAX_BACKLOG_CHARS, Asking, Calling, Pausing, Place
from backtalk.engine.step import step, version_for
from backtalk.engine.walk import MAX_BLOCKS
from tests.support.bots import T0, a_bot, a_customer, a_document, a_state, at, text
from tests.support.script import Script, ok, through_json

CALL = {"type": "text", "text": "<<api:1>>"}
ASK = {"type": "ask", "text": "Order number?", "save_as": "order", "input": "number", "retry": "Only digits, please."}
SHOP = a_bot(
    sequences={
        1: [text("Welcome")],
        2: [text("Pardon?")],
        3: [ASK, text("Looking for {{order}}")],
        4: [text("Before"), CALL, text("After")],
        5: [text("Wait"), {"type": "delay", "seconds": 10}, text("Done")],
    },
    default=2,
    keywords=[
        {"words": ["order"], "sequence": 3},
        {"words": ["call"], "sequence": 4},
        {"words": ["wait"], "sequence": 5},
    ],
)


# --- routing of what a customer writes


def test_opening_the_chat_greets_a_new_customer_once() -> None:
    Script(SHOP).start().bot(Text("Welcome")).start().silent()


def test_the_very_first_message_gets_the_welcome_and_later_ones_the_default() -> None:
    Script(SHOP).user("hm").bot(Text("Welcome")).user("hm").bot(Text("Pardon?"))


def test_who_was_greeted_by_opening_the_chat_gets_the_default() -> None:
    Script(SHOP).start().bot(Text("Welcome")).user("hm").bot(Text("Pardon?"))


def test_a_text_from_the_company_does_not_make_a_new_customer_an_old_one() -> None:
    Script(SHOP).send_text("News!").bot(Text("News!")).user("hm").bot(Text("Welcome"))


def test_a_keyword_comes_before_welcome_and_default() -> None:
    Script(SHOP).user("My ORDER?").bot(Text("Order number?"))


def test_an_open_question_comes_before_a_keyword() -> None:
    Script(SHOP).user("order").bot(Text("Order number?")).user("wait").bot(Text("Only digits, please."))


def test_a_bot_without_welcome_answers_the_first_message_with_the_default() -> None:
    bot = a_bot(sequences={2: [text("Pardon?")]}, welcome=None, default=2)
    Script(bot).start().silent().user("hm").bot(Text("Pardon?"))
    Script(bot).user("hm").bot(Text("Pardon?"))


def test_a_bot_that_has_no_answer_notes_it() -> None:
    Script(a_bot(text("Welcome"), default=None)).start().bot(Text("Welcome")).user("hm").noted("unanswered").silent()


def test_a_trigger_of_a_sequence_that_is_gone_is_noted() -> None:
    Script(a_bot(text("Hi"), welcome=9)).start().noted("unknown_sequence").silent()


# --- questions


def test_the_answer_is_saved_and_the_sequence_goes_on() -> None:
    script = Script(SHOP).user("order").bot(Text("Order number?"))
    assert script.now().asking == Asking(Place(3, "3.0"))
    script.user("no idea").bot(Text("Only digits, please."))
    assert script.now().asking == Asking(Place(3, "3.0"))
    script.user(" 42 ").bot(Text("Looking for 42")).attributes({"order": 42}).saved({"order": 42}, "ask")
    assert script.now().asking is None
    script.user("thanks").bot(Text("Pardon?"))


def test_a_press_of_a_sequence_button_closes_the_question() -> None:
    script = Script(SHOP).user("order").bot(Text("Order number?"))
    script.happens(Pressed(script.at, Button("Hi", "sequence", 1))).bot(Text("Welcome"))
    script.user("order 7").bot(Text("Order number?"))


def test_a_sequence_from_the_company_closes_the_question() -> None:
    script = Script(SHOP).user("order").bot(Text("Order number?")).send_sequence(1).bot(Text("Welcome"))
    assert script.now().asking is None


def test_a_text_from_the_company_leaves_the_question_open() -> None:
    script = Script(SHOP).user("order").bot(Text("Order number?")).send_text("PS").bot(Text("PS"))
    script.user("7").bot(Text("Looking for 7"))


def test_other_buttons_leave_the_question_open() -> None:
    script = Script(SHOP).user("order").bot(Text("Order number?"))
    for button in (Button("Shop", "url", "https://shop.example"), Button("Ring", "phone", "+49"), Button("x", "basic")):
        script.happens(Pressed(script.at, button)).silent()
    script.user("7").bot(Text("Looking for 7"))


# --- the customer's last message


def test_the_last_message_is_what_began_the_run() -> None:
    script = Script(SHOP).after(5).user("hm").bot(Text("Welcome"))
    assert (script.now().customer.last_message_text, script.now().customer.last_message_at) == ("hm", at(5))
    script.after(5).happens(Pressed(script.at, Button("Hi", "sequence", 1))).bot(Text("Welcome"))
    assert (script.now().customer.last_message_text, script.now().customer.last_message_at) == ("Hi", at(10))


def test_n08_of_two_messages_at_once_the_second_sees_the_state_that_the_first_left() -> None:
    bot = a_bot(sequences={1: [ASK, text("Looking for {{order}}")], 2: [text("You had {{order}}")]}, default=2)
    Script(bot).start().bot(Text("Order number?")).user("42").bot(Text("Looking for 42")).user("and?").bot(
        Text("You had 42")
    )


def test_n08_a_message_during_a_call_waits_and_then_sees_what_the_call_saved() -> None:
    bot = a_bot(sequences={1: [CALL], 2: [text("{{city}}: {{last_message_text}}")]}, default=2)
    script = Script(bot).user("first").calls(1).after(1).user("second").silent()
    assert script.now().customer.last_message_text == "first"
    script.after(1).replies(ok("Hello", city="Bonn")).bot(Text("Hello"), Text("Bonn: second"))
    assert script.now().customer.last_message_at == at(1), "when it was written, not when its turn came"


# --- backlog


def test_the_backlog_is_taken_in_order_one_event_a_step() -> None:
    bot = a_bot(sequences={1: [CALL], 2: [text("{{last_message_text}}")]}, default=2)
    script = Script(bot).start().calls(1)
    for number in range(5):
        script.user(str(number)).silent()
    assert len(script.now().backlog) == 5
    before = len(script.steps)
    script.replies(ok("")).bot(*(Text(str(number)) for number in range(5)))
    assert len(script.steps) - before == 6
    assert script.now().backlog == ()
    assert script.now().resuming is None


def test_the_timer_of_the_backlog_is_due_at_once_and_shows_no_typing() -> None:
    bot = a_bot(sequences={1: [CALL], 2: [text("x")]}, default=2)
    state = step(bot, a_state(greeted=True, calling=Calling(Place(1, "1.0"), {"call-1": 1})), Said(at(1), "hm")).state
    taken = step(bot, state, ApiAnswered(at(3), "call-1", ApiReply()))
    assert taken.effects == (SetTimer("backlog-1", at(3), typing=False),)
    assert taken.state.resuming == "backlog-1"


def test_what_happens_between_the_backlog_and_its_timer_waits_too() -> None:
    bot = a_bot(sequences={1: [CALL], 2: [text("{{last_message_text}}")]}, default=2)
    state = a_state(greeted=True, calling=Calling(Place(1, "1.0"), {"call-1": 1}))
    for event in (Said(at(1), "a"), ApiAnswered(at(2), "call-1", ApiReply())):
        state = step(bot, state, event).state
    taken = step(bot, state, Said(at(3), "b"))
    state = taken.state
    assert taken.effects == ()
    assert [event.text for event in state.backlog if isinstance(event, Said)] == ["a", "b"]
    script = Script(bot)
    script.state, script.at = state, at(4)
    script.happens(TimerFired(at(4), state.resuming or "")).bot(Text("a"), Text("b"))


def test_a_delay_that_begins_in_the_backlog_counts_from_its_turn() -> None:
    bot = a_bot(sequences={1: [CALL], 2: [{"type": "delay", "seconds": 10}, text("Late")]}, default=2)
    script = Script(bot).start().calls(1).user("hm").silent().after(60).replies(ok("")).silent()
    assert script.waits == [10]
    script.after(9).silent().after(1).bot(Text("Late"))


def test_p3_backlog_of_long_texts_is_bounded_too() -> None:
    """The state is written with every event: a thousand texts of 10,000 characters would be 40 MB, each time."""
    state = step(a_bot(sequences={1: [CALL]}), a_state(), Started(T0)).state
    for number in range(30):
        state = step(a_bot(sequences={1: [CALL]}), state, Said(at(number), "\U0001f600" * 10_000)).state
    assert len(state.backlog) == MAX_BACKLOG_CHARS // 10_000
    assert len(step(a_bot(sequences={1: [CALL]}), state, Pressed(at(50), None)).state.backlog) == len(state.backlog) + 1


def test_backlog_keeps_up_to_1000_events_in_order_and_notes_the_rest() -> None:
    bot = a_bot(sequences={1: [CALL], 2: [text("{{last_message_text}}")]}, default=2)
    state = step(bot, a_state(), Started(T0)).state
    for number in range(MAX_BACKLOG):
        state = step(bot, state, Said(at(number), str(number))).state
    full = step(bot, state, Said(at(5_000), "one more"))
    assert [effect.code for effect in full.effects if isinstance(effect, Note)] == ["backlog_full"]
    state = through_json(full.state)
    assert len(state.backlog) == MAX_BACKLOG == 1_000
    taken = step(bot, state, ApiAnswered(at(6_000), "call-1", ApiReply()))
    said: list[str] = []
    while taken.state.resuming:
        taken = step(bot, taken.state, TimerFired(at(7_000), taken.state.resuming))
        said.extend(
            effect.message.text
            for effect in taken.effects
            if isinstance(effect, Send) and isinstance(effect.message, Text)
        )
    assert said == [str(number) for number in range(MAX_BACKLOG)]
    assert not taken.state.busy


def test_everything_a_person_does_waits_for_a_call() -> None:
    bot = a_bot(sequences={1: [CALL], 2: [text("two")], 3: [text("three")]}, default=2)
    script = Script(bot).start().calls(1).send_text("company").start()
    script.happens(Pressed(script.at, Button("x", "sequence", 3))).send_sequence(2).silent()
    script.replies(ok("one")).bot(Text("one"), Text("company"), Text("three"), Text("two"))


# --- calls and timers that are late, repeated or unknown


@pytest.mark.parametrize(
    "event",
    [
        ApiAnswered(at(9), "call-9", ApiReply("x", {"a": 1})),
        ApiAnswered(at(9), "", ApiFailure("timeout", "")),
        TimerFired(at(9), "timer-9"),
        TimerFired(at(9), ""),
    ],
)
@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"asking": Asking(Place(3, "3.0"))},
        {"calling": Calling(Place(4, "4.1"), {"call-1": 1}), "version": 1},
        {"pausing": Pausing(Place(5, "5.1"), "timer-1"), "version": 1, "backlog": (Said(T0, "x"),)},
        {"resuming": "backlog-1", "backlog": (Said(T0, "x"),)},
    ],
)
def test_unknown_results_change_nothing(event: ApiAnswered | TimerFired, parts: dict[str, Any]) -> None:
    state = a_state(greeted=True, counter=5, **parts)
    bot = read_bot(a_document(sequences={1: [], 3: [ASK], 4: [text("x"), CALL], 5: [text("x"), text("y")]}), number=1)
    taken = step(bot, state, event)
    assert (taken.state, taken.effects, taken.walked) == (state, (), ())


def test_repeated_results_change_nothing() -> None:
    script = Script(SHOP).user("call").bot(Text("Before")).calls(1)
    answer = ApiAnswered(at(1), "call-1", ApiReply("Here"))
    script._open_calls.clear()
    script.happens(answer).bot(Text("Here"), Text("After")).happens(answer).silent()
    script.user("wait").bot(Text("Wait"))
    fired = TimerFired(at(10), "timer-2")
    script._timers.clear()
    script.happens(fired).bot(Text("Done")).happens(fired).silent()


def test_a_repeated_answer_does_not_count_for_another_api_of_the_block() -> None:
    bot = a_bot(text("<<api:1>> <<api:2>>"))
    script = Script(bot).start().calls(1, 2)
    for _ in range(3):
        script.happens(ApiAnswered(at(1), "call-1", ApiReply("one"))).silent()
    script.happens(ApiAnswered(at(1), "call-2", ApiReply("two"))).bot(Text("one two"))


def test_keys_are_never_used_twice() -> None:
    bot = a_bot(CALL, {"type": "delay", "seconds": 1}, CALL, CALL)
    script = Script(bot)
    for _ in range(3):
        script.user("x")
        for _ in range(3):
            script.calls(1).replies(ok("")).after(1)
    effects = [effect for taken in script.steps for effect in taken.effects]
    keys = [effect.key for effect in effects if isinstance(effect, CallApi | SetTimer)]
    assert len(keys) == len(set(keys)) == 12


# --- delays


def test_a_delay_shows_typing_and_goes_on_below() -> None:
    script = Script(SHOP).user("wait").bot(Text("Wait"))
    assert script.last(SetTimer) == [SetTimer("timer-1", at(10), typing=True)]
    script.after(9.9).silent().after(0.1).bot(Text("Done"))


def test_whoever_writes_during_a_delay_is_not_kept_waiting() -> None:
    Script(SHOP).user("wait").bot(Text("Wait")).after(3).user("hm").bot(Text("Done"), Text("Pardon?")).after(7).silent()


def test_further_delays_are_passed_over_while_the_customer_waits() -> None:
    drip = [
        text("one"),
        {"type": "delay", "seconds": 3600},
        text("two"),
        {"type": "delay", "seconds": 3600},
        text("three"),
    ]
    bot = a_bot(sequences={1: drip, 2: [text("Yes?")]}, default=2)
    script = Script(bot).start().bot(Text("one")).user("hello").bot(Text("two"), Text("three"), Text("Yes?"))
    script.after(7200).silent()


def test_a_delay_is_not_cut_by_what_a_person_takes_care_of() -> None:
    bot = a_bot(text("one"), {"type": "delay", "seconds": 10}, text("two"))
    script = Script(bot).taken_over().send_sequence(1).bot(Text("one")).user("hello").silent()
    script.after(10).bot(Text("two"))


def test_a_delay_at_the_end_ends_the_run() -> None:
    script = Script(a_bot({"type": "delay", "seconds": 1})).start().after(1).silent()
    assert not script.now().busy


# --- budget


def test_n01_a_flow_that_loops_without_input_stops_with_its_cause() -> None:
    bot = a_bot(sequences={1: [text("a"), {"type": "go_to", "sequence": 2}], 2: [{"type": "go_to", "sequence": 1}]})
    taken = step(bot, a_state(), Started(T0))
    assert len(taken.walked) == MAX_BLOCKS == 100
    (note,) = [effect for effect in taken.effects if isinstance(effect, Note)]
    assert (note.code, note.severity, note.block) == ("block_budget", "error", "1.1")
    assert "100 blocks" in note.message
    assert not taken.state.busy


def test_n01_the_budget_holds_across_calls_and_delays() -> None:
    bot = a_bot(CALL, {"type": "delay", "seconds": 1}, {"type": "go_to", "sequence": 1})
    script = Script(bot).start()
    calls = 0
    while script._new_calls:
        script.calls(1).replies(ok("")).after(1)
        calls += 1
    assert calls == 34
    assert script.last(Note)[0].code == "block_budget"
    assert not script.now().busy


def test_n01_a_failure_that_leads_back_to_its_call_is_bounded_too() -> None:
    bot = a_bot({**CALL, "on_failure": {"sequence": 1}})
    script = Script(bot).start()
    calls = 0
    while script._new_calls:
        script.calls(1).fails()
        calls += 1
    assert calls == MAX_BLOCKS


def test_n01_the_budget_is_new_for_each_thing_the_customer_does() -> None:
    bot = a_bot(*[text("x")] * 60)
    script = Script(bot)
    for _ in range(3):
        script.user("go").noted().bot(*[Text("x")] * 60)


def test_exactly_the_budget_is_no_problem() -> None:
    Script(a_bot(*[text("x")] * MAX_BLOCKS)).start().noted().bot(*[Text("x")] * MAX_BLOCKS)
    Script(a_bot(*[text("x")] * (MAX_BLOCKS + 1))).start().noted("block_budget").bot(*[Text("x")] * MAX_BLOCKS)


# --- publishing in the middle


def version(number: int, *blocks: dict[str, Any]) -> Any:
    return read_bot(a_document(*blocks), number=number)


def test_n02_a_run_under_way_stays_on_the_version_that_began_it() -> None:
    script = Script(version(1, CALL, text("old"))).start().calls(1)
    assert script.now().version == 1
    script.publish(version(2, text("new"))).replies(ok("x")).bot(Text("x"), Text("old"))
    assert script.now().version is None
    script.user("again").bot(Text("new"))


def test_n02_what_is_said_during_a_call_does_not_move_it_to_the_new_version() -> None:
    script = Script(version(1, CALL, text("old"))).start().calls(1).publish(version(2, text("new")))
    script.user("hm").silent()
    assert script.now().version == 1
    script.replies(ok("x")).bot(Text("x"), Text("old"), Text("new"))


def test_n02_a_delay_stays_on_the_version_that_began_it() -> None:
    script = Script(version(1, {"type": "delay", "seconds": 5}, text("old"))).start().publish(version(2, text("new")))
    script.user("hm").bot(Text("old"), Text("new")).after(5).silent()


def test_n02_an_open_question_is_found_in_the_new_version_by_the_id_of_its_block() -> None:
    moved = a_document(sequences={1: [{**text("x"), "id": "x"}], 2: [{**ASK, "id": "1.0"}, text("new {{order}}")]})
    script = Script(version(1, ASK, text("old {{order}}"))).start().bot(Text("Order number?"))
    script.publish(read_bot(moved, number=2)).user("42").bot(Text("new 42"))


@pytest.mark.parametrize("blocks", [[text("Something else")], [], [{"type": "delay", "seconds": 1, "id": "1.0"}]])
def test_n02_a_question_that_is_gone_or_asks_no_more_is_dropped_and_the_text_taken_afresh(blocks: list[Any]) -> None:
    new = a_document(sequences={1: blocks, 2: [text("default")]}, default=2)
    script = Script(version(1, ASK)).start().bot(Text("Order number?")).publish(read_bot(new, number=2))
    script.user("42").noted("question_gone").bot(Text("default"))
    assert script.now().asking is None


def test_n02_version_for() -> None:
    assert version_for(a_state(), 4) == 4
    assert version_for(a_state(asking=Asking(Place(1, "a"))), 4) == 4
    assert version_for(a_state(resuming="backlog-1", backlog=(Said(T0, "x"),)), 4) == 4
    assert version_for(a_state(version=2, calling=Calling(Place(1, "a"), {})), 4) == 2
    assert version_for(a_state(version=2, pausing=Pausing(Place(1, "a"), "t")), 4) == 2


def test_n02_a_draft_that_changes_under_a_call_is_no_crash() -> None:
    calling = a_state(calling=Calling(Place(1, "1.0"), {"call-1": 1}), greeted=True)
    buttons = ApiReply((Button("x", "sequence", 1),), {"a": 1})
    shown: dict[str, list[dict[str, Any]]] = {
        "text": [{"type": "text", "text": "<<api:1>>"}],
        "image": [{"type": "image", "media": {"api": 1}}],
        "gallery": [{"type": "gallery", "items": [{"api": 1}]}],
        "other API": [{"type": "buttons", "text": "t", "buttons": [{"api": 2}]}],
        "no API": [text("plain")],
        "ask": [ASK],
    }
    for blocks in shown.values():
        step(a_bot(*blocks), calling, ApiAnswered(T0, "call-1", buttons))
    taken = step(a_bot(sequences={1: []}), calling, ApiAnswered(T0, "call-1", buttons))
    assert [effect.code for effect in taken.effects if isinstance(effect, Note)] == ["block_gone"]
    assert not taken.state.busy


def test_a_delay_whose_block_is_gone_ends_the_run() -> None:
    pausing = a_state(pausing=Pausing(Place(1, "gone"), "timer-1"))
    taken = step(SHOP, pausing, TimerFired(T0, "timer-1"))
    assert taken.effects == ()
    assert not taken.state.busy


# --- a person takes over


def test_n09_after_a_takeover_nothing_of_the_bot_comes_any_more() -> None:
    script = Script(SHOP).user("call").bot(Text("Before")).calls(1).taken_over().silent()
    assert not script.now().customer.bot_enabled
    script.replies(ok("Too late", city="Bonn")).silent().attributes({"city": "Bonn"}).noted("taken_over")
    assert script.now().left == {}
    script.user("hello?").silent()
    assert script.now().customer.last_message_text == "hello?"


def test_n09_what_one_of_two_apis_had_answered_is_saved_too() -> None:
    bot = a_bot(text("<<api:1>> <<api:2>>"))
    taken = step(bot, a_state(), Started(T0))
    for event in (
        ApiAnswered(at(1), "call-1", ApiReply("a", {"one": 1})),
        TakenOver(at(2)),
        ApiAnswered(at(3), "call-2", ApiReply("b", {"two": 2})),
        ApiAnswered(at(4), "call-2", ApiReply("b", {"two": 3})),
    ):
        taken = step(bot, through_json(taken.state), event)
        assert not [effect for effect in taken.effects if isinstance(effect, Send)]
    assert taken.state.customer.attributes == {"one": 1, "two": 2}
    assert taken.state.left == {}


def test_n09_a_takeover_drops_question_and_delay() -> None:
    script = Script(SHOP).user("order").bot(Text("Order number?")).taken_over().handed_back()
    script.user("42").bot(Text("Pardon?"))
    script = Script(SHOP).user("wait").bot(Text("Wait")).taken_over().after(60).silent()
    assert not script.now().busy


def test_n09_what_the_company_sent_during_the_call_is_not_lost_but_no_sequence_begins() -> None:
    script = Script(SHOP).user("call").bot(Text("Before")).calls(1)
    script.user("hm").send_text("Your parcel").send_sequence(1).silent().taken_over().bot(Text("Your parcel"))
    assert script.now().customer.last_message_text == "hm"
    assert script.now().backlog == ()


def test_n09_a_takeover_between_the_backlog_and_its_timer() -> None:
    state = a_state(resuming="backlog-1", backlog=(Said(T0, "x"),), greeted=True, counter=1)
    taken = step(SHOP, state, TakenOver(at(1)))
    assert taken.effects == (SetTimer("backlog-2", at(1), typing=False),)
    assert step(SHOP, taken.state, TimerFired(at(2), "backlog-1")).state == taken.state
    heard = step(SHOP, taken.state, TimerFired(at(2), "backlog-2"))
    assert heard.effects == ()
    assert heard.state.customer.last_message_text == "x"


def test_while_a_person_answers_presses_do_nothing_but_company_sequences_run() -> None:
    script = Script(SHOP, a_customer(bot_enabled=False)).start().silent().user("order").silent()
    script.happens(Pressed(script.at, Button("Hi", "sequence", 1, "a=1"))).silent().attributes({})
    script.send_sequence(4).bot(Text("Before")).calls(1).replies(ok("x")).bot(Text("x"), Text("After"))


def test_handed_back_the_bot_answers_again() -> None:
    script = Script(SHOP).start().bot(Text("Welcome")).taken_over().user("hm").silent().handed_back().silent()
    script.user("hm").bot(Text("Pardon?"))


def test_hand_over_block_stops_the_run_and_the_bot() -> None:
    bot = a_bot(text("One moment"), {"type": "hand_over", "note": "{{first_name}} needs help"}, text("never"))
    Script(bot).start().hands_over("Ada needs help").bot(Text("One moment")).user("hm").silent()


# --- presses


def test_n10_a_press_of_nothing_that_was_shown_is_ignored() -> None:
    script = Script(SHOP).start().bot(Text("Welcome")).happens(Pressed(T0, None)).noted("stale_press").silent()
    assert script.now().customer.last_message_text == ""


@pytest.mark.parametrize("value", [99, -1, 0, "3", "", None, 2**70, "1 OR 1=1"])
def test_n10_a_press_that_leads_nowhere_gets_the_default(value: Any) -> None:
    script = Script(SHOP).start().bot(Text("Welcome"))
    script.happens(Pressed(T0, Button("x", "sequence", value))).noted("unknown_sequence").bot(Text("Pardon?"))


def test_n10_a_press_that_leads_nowhere_is_silent_without_default() -> None:
    script = Script(a_bot(text("Welcome"), default=None)).start().bot(Text("Welcome"))
    script.happens(Pressed(T0, Button("x", "sequence", 99))).noted("unknown_sequence").silent()


def test_a_press_of_a_shown_button_starts_its_sequence() -> None:
    more = {"type": "buttons", "text": "More?", "buttons": [{"title": "Yes", "type": "sequence", "value": 2}]}
    bot = a_bot(sequences={1: [more], 2: [text("Here")]})
    Script(bot).start().bot(Buttons("More?", (Button("Yes", "sequence", 2),))).press("Yes").bot(Text("Here"))


# --- failures


def test_each_failure_text_is_said_once_and_the_first_sequence_that_exists_is_gone_to() -> None:
    bot = a_bot(
        sequences={1: [text("<<api:1>><<api:2>><<api:3>>"), text("below")], 2: [text("two")], 3: [text("three")]}
    )
    script = Script(bot).start().calls(1, 2, 3)
    script.fails(default=OnFailure("Sorry", 99)).fails("busy", default=OnFailure("Sorry", 3))
    script.fails("tls", default=OnFailure("Oh", 2)).noted("unknown_sequence").bot(
        Text("Sorry"), Text("Oh"), Text("three")
    )


def test_a_failure_that_leads_to_an_unknown_sequence_goes_on_below() -> None:
    bot = a_bot(CALL, text("below"))
    Script(bot).start().calls(1).fails(default=OnFailure(None, 99)).noted("unknown_sequence").bot(Text("below"))


def test_an_on_failure_that_says_nothing_leaves_it_to_the_api() -> None:
    bot = a_bot({**CALL, "on_failure": {}})
    Script(bot).start().calls(1).fails(default=OnFailure("From the API")).bot(Text("From the API"))


def test_what_failed_is_said_after_what_the_block_shows() -> None:
    bot = a_bot({"type": "text", "text": "Your order: <<api:1>>", "on_failure": {"say": "Sorry, {{first_name}}."}})
    Script(bot).start().calls(1).fails().bot(Text("Your order: "), Text("Sorry, Ada."))


def test_only_the_text_block_itself_shows_what_its_apis_answered() -> None:
    failing = {"type": "text", "text": "<<api:1>><<api:2>>", "on_failure": {"say": "Sorry <<api:2>>"}}
    press = {"type": "buttons", "text": "More <<api:2>>", "buttons": [{"title": "Go", "type": "sequence", "value": 1}]}
    script = Script(a_bot(failing, press)).start().calls(1, 2).fails(api=1).replies(ok("two"))
    script.bot(Text("two"), Text("Sorry "), Buttons("More ", (Button("Go", "sequence", 1),)))


def test_what_is_to_be_said_after_a_failure_is_not_said_when_it_is_blank() -> None:
    Script(a_bot({**CALL, "on_failure": {"say": "{{nothing}} "}}, text("on"))).start().calls(1).fails().bot(Text("on"))


# --- texts without end


def test_p3_an_attribute_cannot_double_itself_without_end() -> None:
    bot = a_bot(*[{"type": "set_attributes", "attributes": {"a": "{{a}}{{a}}"}}] * 60, text("{{a}}"))
    script = Script(bot, a_customer(attributes={"a": "x"})).start()
    assert len(script.now().customer.attributes["a"]) == 8_192
    script.bot(Text("x" * 8_192))


def test_p3_a_step_writes_a_bounded_number_of_characters() -> None:
    bot = a_bot(*[text("{{a}}" * 3_000)] * 10, text("end {{a}}"), text("static"))
    taken = step(bot, a_state(customer=a_customer(attributes={"a": "x" * 8_000})), Started(T0))
    said = [
        effect.message.text for effect in taken.effects if isinstance(effect, Send) and isinstance(effect.message, Text)
    ]
    assert sum(map(len, said)) == 4_000_000 + len("static")
    assert [effect.code for effect in taken.effects if isinstance(effect, Note)] == ["too_long"]


def test_a_step_is_a_function_of_its_arguments() -> None:
    state = a_state(greeted=True)
    for event in (Said(T0, "call"), Said(T0, "wait"), SequenceSent(T0, 3), TextSent(T0, "x"), HandedBack(T0)):
        assert step(SHOP, state, event) == step(SHOP, state, event)
    assert state == a_state(greeted=True)
