"""Calls an API for its effects: the attributes that it gives are saved, nothing is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from backtalk.engine.block import Finding, Next, Surroundings
from backtalk.engine.fields import ApiBlock
from backtalk.engine.run import Run


class CallApiBlock(ApiBlock):
    """Calls an API and saves the attributes that it gives."""

    title: ClassVar[str] = "Call an API"
    example: ClassVar[dict[str, object]] = {"id": "b1", "type": "call_api", "api": 1}

    type: Literal["call_api"] = "call_api"
    api: int
    """The API to call."""

    def api_places(self) -> Iterator[tuple[str, int]]:
        yield "api", self.api

    def run(self, run: Run) -> Next:  # noqa: ARG002 - the call was all there is to do
        return Next.ON

    def findings(self, around: Surroundings) -> Iterator[Finding]:
        yield from self.api_findings(around)
