"""A bot ready to run: a document whose shape is right, with its sequences and blocks found by id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from backtalk.engine.block import Block, Form, SequenceId
from backtalk.engine.state import Place


class Keyword(Form):
    """Words that start a sequence when a customer writes them."""

    words: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=200)]
    match: Literal["contains", "exact"] = "contains"
    """`contains`: the word begins somewhere in the message. `exact`: the message is the word."""
    sequence: SequenceId


class Triggers(Form):
    """What starts a sequence."""

    welcome: SequenceId | None = None
    """For a customer who is new."""
    default: SequenceId | None = None
    """For what nothing else answers."""
    keywords: Annotated[list[Keyword], Field(max_length=1_000)] = []


@dataclass(frozen=True, slots=True)
class BlockSequence:
    """Blocks that run one after the other."""

    id: SequenceId
    name: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Bot:
    """`number` is the published version; None for a draft."""

    name: str
    triggers: Triggers
    sequences: Mapping[SequenceId, BlockSequence]
    number: int | None = None
    _spots: dict[str, tuple[BlockSequence, int]] = field(init=False, repr=False, default_factory=dict)
    _keywords: list[tuple[str, Keyword]] = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        for keyword in self.triggers.keywords:
            wanted = [(_plain(word), keyword) for word in keyword.words]
            self._keywords.extend(pair for pair in wanted if pair[0])
        for sequence in self.sequences.values():
            for index, block in enumerate(sequence.blocks):
                self._spots[block.id] = (sequence, index)

    def spot(self, place: Place) -> tuple[BlockSequence, int] | None:
        """The sequence and index where a block stands in this version; None when it is gone."""
        return self._spots.get(place.block)

    def keyword(self, text: str) -> SequenceId | None:
        """The sequence of the first keyword that fits what a customer wrote."""
        if not self._keywords:
            return None
        written = _plain(text)
        for wanted, keyword in self._keywords:
            if written == wanted or (keyword.match == "contains" and _begins_in(written, wanted)):
                return keyword.sequence
        return None


def _plain(text: str) -> str:
    """Without what does not count: case and the kind and number of blanks."""
    return " ".join(text.casefold().split())


_SCRIPTS_WITHOUT_BLANKS = 0x0E00
"""From Thai onwards many scripts write words without blanks between them."""


def _begins_in(written: str, wanted: str) -> bool:
    """Whether `wanted` stands in the text at the beginning of a word: "order" in "my orders", not in "border"."""
    start = written.find(wanted)
    while start >= 0:
        if start == 0:
            return True
        before = written[start - 1]
        if not (before.isalnum() and wanted[0].isalnum()) or ord(before) >= _SCRIPTS_WITHOUT_BLANKS:
            return True
        start = written.find(wanted, start + 1)
    return False
