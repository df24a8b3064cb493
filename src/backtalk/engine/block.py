"""What every block type has in common: its identity, the APIs it needs, and what it does when its turn comes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from backtalk.engine.messages import storable
from backtalk.engine.reply import Shape
from backtalk.errors import Severity

if TYPE_CHECKING:
    from backtalk.engine.run import Run

MAX_TEXT_CHARS = 20_000

Template = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS), AfterValidator(storable)]
"""A text in which `{{attribute}}` is filled in."""

SequenceId = int


class Form(BaseModel):
    """A part of a bot document that an author fills in."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class Next(Enum):
    """Where a conversation goes after a block."""

    ON = "on"
    """To the block below."""
    WAIT = "wait"
    """Nowhere, until the customer answers or a timer fires."""
    STOP = "stop"
    """The run ends here."""


@dataclass(frozen=True, slots=True)
class Jump:
    """To the first block of another sequence."""

    sequence: SequenceId


@dataclass(frozen=True, slots=True)
class ApiSummary:
    """What a check of a document needs to know of an API."""

    name: str
    output: Shape | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the fields of a block may refer to."""

    sequences: Collection[SequenceId]
    apis: Mapping[int, ApiSummary]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of one field; the caller adds sequence and block."""

    code: str
    field: str
    message: str
    hint: str
    severity: Severity = "error"


class Block(Form):
    """One step of a sequence. A subclass is the whole of a block type: fields, behaviour, example."""

    title: ClassVar[str]
    """What the author sees it called."""
    example: ClassVar[dict[str, object]]
    """A document of this type that is complete and without problems in a bot that has sequence 1 and API 1."""
    shape: ClassVar[Shape | None] = None
    """What the replies of this block's APIs must hold."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$")]
    """Stable and unique in the bot."""
    type: str

    def apis(self) -> tuple[int, ...]:
        """The APIs that must have answered before `run`, each once, in the order of the fields."""
        return ()

    def run(self, run: Run) -> Next | Jump:
        """Do what the block does, by the methods of `run`."""
        raise NotImplementedError

    def hear(self, run: Run, text: str) -> Next | Jump | None:  # noqa: ARG002 - for subclasses
        """Take the answer that `Run.ask` waited for; None from a block that asks nothing."""
        return None

    def findings(self, around: Surroundings) -> Iterator[Finding]:  # noqa: ARG002 - for subclasses
        """What keeps this block from working, field by field."""
        yield from ()
