"""What blocks can do to a step that is under way."""

from __future__ import annotations

from typing import Any

from backtalk.engine.block import Next
from backtalk.engine.effects import HandOver, Note, SaveAttributes, Send, SetTimer
from backtalk.engine.events import Said
from backtalk.engine.fields import ApiItem, ButtonForm
from backtalk.engine.messages import Button, Text
from backtalk.engine.reply import ApiFailure, ApiReply, ReplyNote
from backtalk.engine.run import Run
from backtalk.engine.state import Answer, Asking, Calling, Pausing, Place, State
from tests.support.bots import T0, a_bot, a_customer, a_state, at, text


def a_run(*, state: State | None = None, **fields: Any) -> Run:
    run = Run.of(a_bot(text("x")), state or a_state(), T0)
    for name, value in {"place": Place(1, "1.0"), **fields}.items():
        setattr(run, name, value)
    return run


def test_text_knows_customer_and_answers() -> None:
    run = a_run(
        answers={
            1: Answer("call-1", ApiReply("one")),
            2: Answer("call-2", ApiFailure("timeout", "")),
            3: Answer("call-3", ApiReply(())),
        }
    )
    assert run.text("{{first_name}} <<api:1>><<api:2>><<api:3>><<api:4>>") == "Ada one"
    assert a_run().text("<<api:1>>x") == "x"


def test_texts_use_up_the_room_of_the_step_and_say_so_once() -> None:
    run = a_run(room=5)
    assert [run.text("{{first_name}}") for _ in range(3)] == ["Ada", "Ad", ""]
    assert [effect.code for effect in run.effects if isinstance(effect, Note)] == ["too_long"]


def test_an_address_is_whole_or_nothing() -> None:
    assert a_run(room=21).url("https://x.example/{{first_name}}") == ""
    assert a_run(room=22).url("https://x.example/{{first_name}}") == "https://x.example/Ada"


def test_answered_gives_what_there_is_to_show() -> None:
    run = a_run(answers={1: Answer("c", ApiReply("one")), 2: Answer("d", ApiFailure("tls", ""))})
    assert [run.answered(api) for api in (1, 2, 3)] == ["one", None, None]


def test_choices_keep_the_order_of_the_block() -> None:
    own, given = ButtonForm(title="Own", type="sequence", value=1), Button("Given", "basic")
    run = a_run(answers={1: Answer("c", ApiReply((given, given))), 2: Answer("d", ApiFailure("tls", ""))})
    shown = list(run.choices([ApiItem(api=1), own, ApiItem(api=2), own]))
    assert [button.title for button in shown] == ["Given", "Given", "Own", "Own"]


def test_buttons_that_lead_nowhere_or_have_no_title_are_noted() -> None:
    run = a_run()
    dead = [ButtonForm(title="x", type="sequence", value=9), ButtonForm(title="{{nothing}} ", type="sequence", value=1)]
    assert list(run.shown_buttons(dead)) == []
    assert [effect.code for effect in run.effects if isinstance(effect, Note)] == ["dead_button", "dead_button"]


def test_say_names_the_block() -> None:
    run, outside = a_run(), a_run(place=None)
    run.say(Text("x"))
    outside.say(Text("x"))
    assert run.effects + outside.effects == [Send(Text("x"), "1.0"), Send(Text("x"), None)]


def test_save_changes_the_customer_at_once() -> None:
    run = a_run()
    run.save({"a": 1, "uid": 5}, "api:7", call="call-1")
    assert run.customer.attributes == {"a": 1}
    refused = "“uid” is kept by Backtalk and never changes."
    assert run.effects == [
        Note("refused_attribute", refused, "1.0", "call-1", ReplyNote(refused, path="$.attributes.uid")),
        SaveAttributes({"a": 1}, "api:7"),
    ]


def test_save_of_nothing_asks_for_nothing() -> None:
    run = a_run()
    run.save({}, "ask")
    run.save({"uid": 1}, "button")
    assert not [effect for effect in run.effects if isinstance(effect, SaveAttributes)]
    assert run.state() == a_state()


def test_ask_and_pause_wait() -> None:
    run = a_run()
    assert run.ask() is Next.WAIT
    assert run.asking == Asking(Place(1, "1.0"))
    run = a_run()
    assert run.pause(2.5) is Next.WAIT
    assert run.pausing == Pausing(Place(1, "1.0"), "timer-1")
    assert run.effects == [SetTimer("timer-1", at(2.5))]


def test_hand_over_turns_the_bot_off() -> None:
    run = a_run()
    run.hand_over("help")
    assert run.customer == a_customer(bot_enabled=False)
    assert run.effects == [HandOver("help", "1.0")]


def test_keys_count_up() -> None:
    run = a_run()
    assert [run.new_key("call"), run.new_key("timer"), run.new_key("call")] == ["call-1", "timer-2", "call-3"]
    assert run.counter == 3


def test_a_run_that_does_nothing_leaves_the_state_as_it_was() -> None:
    parts: dict[str, Any] = {
        "version": 3,
        "greeted": True,
        "calling": Calling(Place(1, "a"), {"call-1": 1}),
        "asking": Asking(Place(1, "b")),
        "pausing": Pausing(Place(1, "c"), "timer-2"),
        "backlog": (Said(T0, "x"),),
        "resuming": "backlog-3",
        "counter": 4,
        "left": {"call-9": 2},
        "blocks": 5,
    }
    state = a_state(customer=a_customer(attributes={"a": 1}), **parts)
    assert set(parts) | {"customer", "format"} == set(State.__dataclass_fields__)
    assert a_run(state=state).state() == state
