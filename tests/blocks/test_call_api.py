"""The Call an API Block."""

from __future__ import annotations

from backtalk.engine.messages import Text
from tests.support.bots import a_bot, text
from tests.support.script import Script, ok


def test_attributes_are_saved_and_nothing_is_shown() -> None:
    bot = a_bot({"type": "call_api", "api": 4}, text("{{city}}"))
    Script(bot).start().calls(4).replies(ok({"any": ["data"]}, city="Bonn")).bot(Text("Bonn"))


def test_a_failure_is_answered() -> None:
    bot = a_bot(
        {"type": "call_api", "api": 4, "on_failure": {"say": "Sorry", "sequence": 2}},
        text("never"),
        sequences={2: [text("two")]},
    )
    Script(bot).start().calls(4).fails("bad_status").bot(Text("Sorry"), Text("two"))
