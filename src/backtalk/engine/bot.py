"""A bot ready to run: a document whose shape is right, with its sequences and blocks found by id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


Ranked = tuple[int, SequenceId]
"""Where a keyword stands among all, and what it starts."""


class Keywords:
    """Every word by its first letter and its length, so that finding one costs what the text is long, however many there are."""

    __slots__ = ("_anywhere", "_whole")

    def __init__(self) -> None:
        self._whole: dict[str, Ranked] = {}
        self._anywhere: dict[str, dict[int, dict[str, Ranked]]] = {}

    def add(self, word: str, target: Ranked, *, anywhere: bool) -> None:
        """Targets are added in the order of their rank; of two for the same word the first one counts."""
        wanted = _plain(word)
        if not wanted:
            return
        self._whole.setdefault(wanted, target)
        if anywhere:
            self._anywhere.setdefault(wanted[0], {}).setdefault(len(wanted), {}).setdefault(wanted, target)

    def find(self, text: str) -> SequenceId | None:
        """The sequence of the word with the lowest rank that fits the text."""
        if not self._whole:
            return None
        written = _plain(text)
        first = self._whole.get(written)
        for at in _beginnings(written):
            for length, words in self._anywhere.get(written[at], {}).items():
                target = words.get(written[at : at + length])
                if target and (first is None or target < first):
                    first = target
        return first[1] if first else None


@dataclass(frozen=True, slots=True)
class Bot:
    """`number` is the published version; None for a draft."""

    name: str
    triggers: Triggers
    sequences: Mapping[SequenceId, BlockSequence]
    number: int | None = None
    _spots: dict[str, tuple[BlockSequence, int]] = field(init=False, repr=False, default_factory=dict)
    _keywords: Keywords = field(init=False, repr=False, compare=False, default_factory=Keywords)

    def __post_init__(self) -> None:
        for rank, keyword in enumerate(self.triggers.keywords):
            for word in keyword.words:
                self._keywords.add(word, (rank, keyword.sequence), anywhere=keyword.match == "contains")
        for sequence in self.sequences.values():
            for index, block in enumerate(sequence.blocks):
                self._spots[block.id] = (sequence, index)

    def spot(self, place: Place) -> tuple[BlockSequence, int] | None:
        """The sequence and index where a block stands in this version; None when it is gone."""
        return self._spots.get(place.block)

    def keyword(self, text: str) -> SequenceId | None:
        """The sequence of the first keyword that fits what a customer wrote."""
        return self._keywords.find(text)


def _plain(text: str) -> str:
    """Without what does not count: case and the kind and number of blanks."""
    return " ".join(text.casefold().split())


_SCRIPTS_WITHOUT_BLANKS = 0x0E00
"""From Thai onwards many scripts write words without blanks between them."""


def _beginnings(written: str) -> Iterator[int]:
    """Where a keyword may stand: at the beginning of a word, "order" in "my orders", not in "border"."""
    before = " "
    for at, letter in enumerate(written):
        if not (before.isalnum() and letter.isalnum()) or ord(before) >= _SCRIPTS_WITHOUT_BLANKS:
            yield at
        before = letter
