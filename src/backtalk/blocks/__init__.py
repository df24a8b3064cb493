"""The block types. This folder is the registry: one file is one type, its name is the type's name, and it holds one `Block` class.

A file that breaks this rule stops the start with its name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, ValidationError

from backtalk.engine.block import ApiSummary, Block, Form, Surroundings
from backtalk.engine.bot import BlockSequence, Bot, Triggers
from backtalk.errors import Invalid, Problem, Where

MAX_SEQUENCES = 2_000
MAX_BLOCKS_IN_SEQUENCE = 1_000
MAX_PROBLEMS = 100
MAX_SHOWN_CHARS = 60


def _load() -> dict[str, type[Block]]:
    types: dict[str, type[Block]] = {}
    for module in iter_modules(__path__):
        found = [
            member
            for member in vars(import_module(f"{__name__}.{module.name}")).values()
            if isinstance(member, type)
            and issubclass(member, Block)
            and member.__module__ == f"{__name__}.{module.name}"
        ]
        if len(found) != 1 or found[0].model_fields["type"].default != module.name:
            raise ImportError(f"blocks/{module.name}.py must hold one Block class whose type is {module.name!r}")
        types[module.name] = found[0]
    return types


TYPES: Mapping[str, type[Block]] = _load()

if TYPE_CHECKING:
    AnyBlock = Block
else:
    AnyBlock = Annotated[reduce(or_, TYPES.values()), Field(discriminator="type")]


class SequenceForm(Form):
    """Blocks that run one after the other."""

    id: Annotated[int, Field(ge=1, le=2**53)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    blocks: Annotated[list[AnyBlock], Field(max_length=MAX_BLOCKS_IN_SEQUENCE)] = []


class Document(Form):
    """A whole bot as it is edited, published, exported and imported."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    triggers: Triggers = Triggers()
    sequences: Annotated[list[SequenceForm], Field(max_length=MAX_SEQUENCES)] = []


def read_document(document: Any) -> Document:
    """The typed document; raises Invalid with a problem for each field whose shape is wrong."""
    try:
        read = Document.model_validate(document)
    except ValidationError as error:
        raise Invalid(
            "This is not a bot document.",
            hint="Mend the fields that are named.",
            problems=_shape_problems(error, document),
        ) from None
    doubles = _doubles(read)
    if doubles:
        raise Invalid("An id is used twice.", hint="Give each sequence and each block its own id.", problems=doubles)
    return read


def to_bot(document: Document, *, number: int | None = None) -> Bot:
    """The bot of a typed document, ready to run. `number` is its published version."""
    return Bot(
        name=document.name,
        triggers=document.triggers,
        sequences={item.id: BlockSequence(item.id, item.name, tuple(item.blocks)) for item in document.sequences},
        number=number,
    )


def read_bot(document: Any, *, number: int | None = None) -> Bot:
    """`read_document` and `to_bot` in one."""
    return to_bot(read_document(document), number=number)


def problems_of(bot: Bot, *, apis: Mapping[int, ApiSummary]) -> list[Problem]:
    """What keeps a bot from working as its author means it, in the order of the document."""
    around = Surroundings(bot.sequences.keys(), apis)
    problems = list(_trigger_problems(bot))
    for sequence in bot.sequences.values():
        for block in sequence.blocks:
            problems.extend(
                Problem(
                    found.code,
                    found.message,
                    found.hint,
                    Where(sequence=sequence.id, block=block.id, field=found.field),
                    found.severity,
                )
                for found in block.findings(around)
            )
    return problems


def _trigger_problems(bot: Bot) -> list[Problem]:
    problems = []
    triggers = bot.triggers
    if not any(sequence.blocks for sequence in bot.sequences.values()):
        problems.append(
            Problem("empty", "The bot has no blocks.", "Add a block to a sequence.", Where(field="sequences"))
        )
    for name, target, meaning in (
        ("welcome", triggers.welcome, "Customers who open the chat are not greeted."),
        ("default", triggers.default, "A text that nothing else answers gets no answer."),
    ):
        field = f"triggers.{name}"
        if target is None:
            hint = f"Choose a sequence for “{name}”."
            problems.append(Problem(f"no_{name}", meaning, hint, Where(field=field), "warning"))
        elif target not in bot.sequences:
            problems.append(_unknown_target(field))
    for index, keyword in enumerate(triggers.keywords):
        field = f"triggers.keywords.{index}"
        if not any(word.strip() for word in keyword.words):
            problems.append(Problem("blank", "A keyword has no words.", "Write a word.", Where(field=f"{field}.words")))
        if keyword.sequence not in bot.sequences:
            problems.append(_unknown_target(f"{field}.sequence"))
    return problems


def _unknown_target(field: str) -> Problem:
    return Problem(
        "unknown_sequence",
        "It starts a sequence that does not exist.",
        "Choose one of this bot's sequences.",
        Where(field=field),
    )


def _doubles(document: Document) -> tuple[Problem, ...]:
    problems = []
    sequences: set[int] = set()
    blocks: set[str] = set()
    for index, sequence in enumerate(document.sequences):
        if sequence.id in sequences:
            where = Where(sequence=sequence.id, field="id", path=f"$.sequences[{index}].id")
            problems.append(
                Problem("double_id", f"Sequence {sequence.id} is there twice.", "Give it another id.", where)
            )
        sequences.add(sequence.id)
        for place, block in enumerate(sequence.blocks):
            if block.id in blocks:
                where = Where(sequence.id, block.id, "id", f"$.sequences[{index}].blocks[{place}].id")
                problems.append(Problem("double_id", f"Block {block.id} is there twice.", "Give it another id.", where))
            blocks.add(block.id)
    return tuple(problems[:MAX_PROBLEMS])


_TAGS = frozenset({"own", "api", "test", "group"})
"""What pydantic puts into a place for the members of our unions."""


def _shape_problems(error: ValidationError, document: Any) -> tuple[Problem, ...]:
    """The findings of pydantic with the sequence, block and field that they are about; one for each place."""
    problems: dict[str, Problem] = {}
    for found in error.errors(include_url=False, include_context=False):
        path, fields, ids = _place(found["loc"], document)
        depth = 4 if ids[1] is not None else 2 if ids[0] is not None else 0
        where = Where(*ids, ".".join(fields[depth:]) or None, path)
        message, hint = f"{found['msg']}.", _hint(found["type"])
        if (
            found["type"] in ("union_tag_invalid", "union_tag_not_found")
            and fields[2:3] == ["blocks"]
            and depth == len(fields)
        ):
            message = _unknown_type(reduce(_inside, found["loc"], document))
        if found["type"] == "extra_forbidden":
            message, hint = _unknown_field(found["loc"])
        if path in problems:
            message = f"{problems[path].message} Or: {message}"
        elif len(problems) == MAX_PROBLEMS:
            break
        problems[path] = Problem(found["type"], message, hint, where)
    return tuple(problems.values())


def _unknown_type(block: Any) -> str:
    given = block.get("type") if isinstance(block, dict) else None
    return "A block needs a type." if given is None else f"There is no block of type “{str(given)[:MAX_SHOWN_CHARS]}”."


def _unknown_field(loc: tuple[int | str, ...]) -> tuple[str, str]:
    """What to say of a field that means nothing, and which fields a block does have where it stands in one."""
    name = str(loc[-1])[:MAX_SHOWN_CHARS]
    message = f"“{name}” is not a field here."
    if len(loc) != len(("sequences", 0, "blocks", 0, "TYPE", "field")) or loc[2] != "blocks":
        return message, "Take this field away, or check how it is spelled."
    fields = [field for field in TYPES[str(loc[4])].model_fields if field not in ("id", "type")]
    return (
        f"“{name}” is not a field of this block.",
        f"Its fields are {', '.join(fields)}.",
    )


def _place(loc: tuple[int | str, ...], document: Any) -> tuple[str, list[str], tuple[int | None, str | None]]:
    """A place of pydantic as JSON path, as the names on the way, and the ids of the sequence and block it is in.

    The tags that pydantic adds for the members of unions are no steps into the document.
    """
    sequence = block = None
    path, fields, node = "$", [], document
    for index, part in enumerate(loc):
        before = loc[index - 1] if index else None
        tag_of_block = index == 4 and loc[0] == "sequences" and loc[2] == "blocks"  # noqa: PLR2004 - sequences.N.blocks.N.TYPE
        tag_of_item = part in _TAGS and (isinstance(before, int) or before == "media")
        if tag_of_block or tag_of_item or not isinstance(node, dict if isinstance(part, str) else list):
            continue
        path += f".{part}" if str(part).isidentifier() else f"[{json.dumps(part, ensure_ascii=False)}]"
        fields.append(str(part))
        node = _inside(node, part)
        if len(fields) == 2 and fields[0] == "sequences":  # noqa: PLR2004 - sequences.N
            sequence = _id_of(node, int)
        if len(fields) == 4 and fields[0] == "sequences" and fields[2] == "blocks":  # noqa: PLR2004 - sequences.N.blocks.N
            block = _id_of(node, str)
    return path, fields, (sequence, block)


def _inside(node: Any, part: int | str) -> Any:
    try:
        return node[part]
    except (KeyError, IndexError):
        return None


def _id_of(node: Any, kind: type) -> Any:
    value = node.get("id") if isinstance(node, dict) else None
    return value if isinstance(value, kind) else None


def _hint(code: str) -> str:
    match code:
        case "missing":
            return "Add this field."
        case "union_tag_invalid" | "union_tag_not_found":
            return f"Set type to one of {', '.join(TYPES)}."
        case _:
            return "Correct this field."
