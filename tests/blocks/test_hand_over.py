"""The Hand over Block."""

from __future__ import annotations

from backtalk.engine.messages import Text
from tests.support.bots import a_bot, text
from tests.support.script import Script


def test_the_note_is_filled_in_and_never_shown() -> None:
    bot = a_bot(
        text("One moment"), {"type": "hand_over", "note": "{{first_name}}: {{last_message_text}}"}, text("never")
    )
    Script(bot).user("help").hands_over("Ada: help").bot(Text("One moment"))


def test_what_waited_for_a_call_is_left_to_the_person() -> None:
    bot = a_bot(text("<<api:1>>"), {"type": "hand_over"})
    script = Script(bot).start().calls(1).user("hello?").replies(ok_text()).bot(Text("x"))
    assert not script.state.customer.bot_enabled
    assert script.state.customer.last_message_text == "hello?"
    script.handed_back().user("again").calls(1)


def ok_text() -> dict[str, object]:
    return {"data": "x", "success": True}
