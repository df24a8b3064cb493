"""Says a text with buttons below it; an API's buttons may stand among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from backtalk.engine.block import Finding, Next, Surroundings, Template
from backtalk.engine.fields import MAX_ITEMS, ApiBlock, ButtonItem, api_items, choice_findings
from backtalk.engine.messages import Buttons, Text
from backtalk.engine.run import Run


class ButtonsBlock(ApiBlock):
    """Says a text with buttons below it."""

    title: ClassVar[str] = "Buttons"
    shape: ClassVar[Literal["buttons"]] = "buttons"
    example: ClassVar[dict[str, object]] = {
        "id": "b1",
        "type": "buttons",
        "text": "What would you like?",
        "buttons": [{"title": "Start again", "type": "sequence", "value": 1}, {"api": 1}],
    }

    type: Literal["buttons"] = "buttons"
    text: Template = ""
    """What is said above the buttons."""
    buttons: Annotated[list[ButtonItem], Field(max_length=MAX_ITEMS)] = []
    """Buttons of your own and APIs that give buttons, in the order in which they are shown."""

    def api_places(self) -> Iterator[tuple[str, int]]:
        return api_items("buttons", self.buttons)

    def run(self, run: Run) -> Next:
        text, buttons = run.text(self.text), tuple(run.choices(self.buttons))
        if buttons:
            run.say(Buttons(text, buttons))
        elif text.strip():
            run.say(Text(text))
        return Next.ON

    def findings(self, around: Surroundings) -> Iterator[Finding]:
        yield from choice_findings("buttons", self.buttons, around, shape=self.shape)
        yield from self.api_findings(around)
