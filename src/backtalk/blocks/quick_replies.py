"""Says a text with floating choices that go away once the customer has answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from backtalk.engine.block import Finding, Next, Surroundings, Template
from backtalk.engine.fields import MAX_ITEMS, ApiBlock, ButtonItem, api_items, choice_findings
from backtalk.engine.messages import QuickReplies, Text
from backtalk.engine.run import Run


class QuickRepliesBlock(ApiBlock):
    """Says a text with floating choices."""

    title: ClassVar[str] = "Quick replies"
    shape: ClassVar[Literal["quick_replies"]] = "quick_replies"
    example: ClassVar[dict[str, object]] = {
        "id": "b1",
        "type": "quick_replies",
        "text": "When shall we come?",
        "replies": [{"title": "Start again", "type": "sequence", "value": 1}, {"api": 1}],
    }

    type: Literal["quick_replies"] = "quick_replies"
    text: Template = ""
    """What is said above the choices."""
    replies: Annotated[list[ButtonItem], Field(max_length=MAX_ITEMS)] = []
    """Choices of your own and APIs that give choices, in the order in which they are shown."""

    def api_places(self) -> Iterator[tuple[str, int]]:
        return api_items("replies", self.replies)

    def run(self, run: Run) -> Next:
        text, replies = run.text(self.text), tuple(run.choices(self.replies))
        if replies:
            run.say(QuickReplies(text, replies))
        elif text.strip():
            run.say(Text(text))
        return Next.ON

    def findings(self, around: Surroundings) -> Iterator[Finding]:
        yield from choice_findings("replies", self.replies, around, shape=self.shape)
        yield from self.api_findings(around)
