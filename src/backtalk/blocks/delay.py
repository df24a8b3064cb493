"""Waits for a while, as a person who types would."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from backtalk.engine.block import Block, Next
from backtalk.engine.run import Run


class DelayBlock(Block):
    """Waits for a while; the customer sees that somebody is typing."""

    title: ClassVar[str] = "Delay"
    example: ClassVar[dict[str, object]] = {"id": "b1", "type": "delay", "seconds": 2}

    type: Literal["delay"] = "delay"
    seconds: Annotated[float, Field(ge=0.1, le=86_400, allow_inf_nan=False)] = 2
    """How long to wait, 0.1 seconds to a day. A customer who writes meanwhile ends the wait."""

    def run(self, run: Run) -> Next:
        return run.pause(self.seconds)
