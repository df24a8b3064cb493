"""Asks a question and keeps the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from backtalk.engine.block import Block, Finding, Next, Surroundings, Template
from backtalk.engine.fields import AttributeName, attribute_findings
from backtalk.engine.messages import Text, phone_number
from backtalk.engine.run import Run

_EMAIL = re.compile(r"[^@\s<>\"',;]{1,64}@[^@\s<>\"',;]{1,190}\.[^@\s<>\"',;.]{2,63}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")


class AskBlock(Block):
    """Asks a question, waits for the answer and saves it as an attribute."""

    title: ClassVar[str] = "Ask"
    example: ClassVar[dict[str, object]] = {
        "id": "b1",
        "type": "ask",
        "text": "What is your order number?",
        "save_as": "order_number",
        "input": "number",
        "retry": "Please send only the number.",
    }

    type: Literal["ask"] = "ask"
    text: Template = ""
    """The question."""
    save_as: AttributeName | Literal[""] = ""
    """The attribute that takes the answer."""
    input: Literal["text", "number", "email", "phone", "any"] = "text"
    """What is accepted. `any` takes what comes, blank or not."""
    retry: Template = ""
    """What is said when the answer is not accepted; empty repeats the question."""

    def run(self, run: Run) -> Next:
        question = run.text(self.text)
        if question.strip():
            run.say(Text(question))
        return run.ask()

    def hear(self, run: Run, text: str) -> Next:
        value = self._accepted(text)
        if value is None:
            again = run.text(self.retry or self.text)
            if again.strip():
                run.say(Text(again))
            return run.ask()
        if self.save_as:
            run.save({self.save_as: value}, "ask")
        return Next.ON

    def findings(self, around: Surroundings) -> Iterator[Finding]:  # noqa: ARG002 - it refers to nothing
        if not self.text.strip():
            yield Finding("blank", "text", "The question is empty.", "Write what the customer is asked.")
        if not self.save_as:
            yield Finding("blank", "save_as", "The answer is not kept.", "Name the attribute that takes it.")
        else:
            yield from attribute_findings("save_as", self.save_as)

    def _accepted(self, text: str) -> Any:
        """The answer as it is saved; None when it is not what was asked for."""
        bare = text.strip()
        match self.input:
            case "any":
                return text
            case "text":
                return bare or None
            case "email":
                return bare if _EMAIL.fullmatch(bare) else None
            case "phone":
                return phone_number(bare)
            case "number":
                number = bare.replace(",", ".") if bare.count(",") == 1 and "." not in bare else bare
                if not number.isascii() or not _NUMBER.fullmatch(number):
                    return None
                return float(number) if "." in number else int(number)
