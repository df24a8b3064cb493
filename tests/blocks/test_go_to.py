"""The Go to Block."""

from __future__ import annotations

from backtalk.blocks import problems_of
from backtalk.engine.messages import Text
from tests.support.bots import a_bot, text
from tests.support.script import Script


def test_it_goes_on_with_the_other_sequence_and_does_not_come_back() -> None:
    bot = a_bot(text("a"), {"type": "go_to", "sequence": 2}, text("never"), sequences={2: [text("b")]})
    Script(bot).start().bot(Text("a"), Text("b"))


def test_a_sequence_that_is_gone_ends_the_run() -> None:
    Script(a_bot({"type": "go_to", "sequence": 9}, text("never"))).start().noted("unknown_sequence").silent()


def test_findings() -> None:
    found = problems_of(a_bot({"type": "go_to", "sequence": 9}), apis={})
    assert [(one.code, one.where.field) for one in found] == [("unknown_sequence", "sequence")]
