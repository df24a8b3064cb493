"""Goes on with another sequence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from backtalk.engine.block import Block, Finding, Jump, SequenceId, Surroundings
from backtalk.engine.fields import sequence_findings
from backtalk.engine.run import Run


class GoToBlock(Block):
    """Goes on with another sequence."""

    title: ClassVar[str] = "Go to"
    example: ClassVar[dict[str, object]] = {"id": "b1", "type": "go_to", "sequence": 1}

    type: Literal["go_to"] = "go_to"
    sequence: SequenceId
    """The sequence to go on with."""

    def run(self, run: Run) -> Jump:  # noqa: ARG002 - it needs nothing of the run
        return Jump(self.sequence)

    def findings(self, around: Surroundings) -> Iterator[Finding]:
        yield from sequence_findings("sequence", self.sequence, around)
