"""Gives the conversation to a person."""

from __future__ import annotations

from typing import ClassVar, Literal

from backtalk.engine.block import Block, Next, Template
from backtalk.engine.run import Run


class HandOverBlock(Block):
    """Pauses the bot for this customer and puts the conversation into the inbox."""

    title: ClassVar[str] = "Hand over"
    example: ClassVar[dict[str, object]] = {"id": "b1", "type": "hand_over", "note": "Wants to talk about an order."}

    type: Literal["hand_over"] = "hand_over"
    note: Template = ""
    """What the person who takes over reads; the customer never sees it."""

    def run(self, run: Run) -> Next:
        run.hand_over(run.text(self.note))
        return Next.STOP
