"""Says a text; the replies of APIs may stand in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from backtalk.engine.block import Finding, Next, Surroundings, Template
from backtalk.engine.fields import ApiBlock
from backtalk.engine.messages import Text
from backtalk.engine.run import Run
from backtalk.engine.template import apis


class TextBlock(ApiBlock):
    """Says a text."""

    title: ClassVar[str] = "Text"
    shape: ClassVar[Literal["text"]] = "text"
    example: ClassVar[dict[str, object]] = {"id": "b1", "type": "text", "text": "Hello {{first_name}}! <<api:1>>"}

    type: Literal["text"] = "text"
    text: Template = ""
    """What to say. `{{attribute}}` is filled in; type `<<` to choose an API whose text stands there."""

    def api_places(self) -> Iterator[tuple[str, int]]:
        return (("text", api) for api in apis(self.text))

    def run(self, run: Run) -> Next:
        text = run.text(self.text)
        if text.strip():
            run.say(Text(text))
        return Next.ON

    def findings(self, around: Surroundings) -> Iterator[Finding]:
        if not self.text.strip():
            yield Finding("blank", "text", "This text is empty, so nothing is said.", "Write a text.")
        yield from self.api_findings(around)
