"""Goes one of two ways, by what is known of the customer."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from backtalk.engine.block import Block, Finding, Form, Jump, Next, SequenceId, Surroundings
from backtalk.engine.fields import sequence_findings
from backtalk.engine.run import Run
from backtalk.engine.template import as_text

MAX_NESTING = 5
MAX_TESTS = 200
"""Comparisons of one block: each may read an attribute of 8 KiB, and a run may come by a hundred times (P8)."""
Op = Literal["eq", "ne", "lt", "le", "gt", "ge", "contains", "is_set", "is_empty"]
Scalar = Annotated[str, Field(max_length=2_000)] | bool | int | Annotated[float, Field(allow_inf_nan=False)] | None


class Test(Form):
    """One comparison."""

    __test__: ClassVar[bool] = False  # not a test of pytest's

    attribute: Annotated[str, Field(min_length=1, max_length=128)]
    """The attribute or profile field that is looked at."""
    op: Op
    """How it is compared: equal, not equal, less, less or equal, greater, greater or equal, contains, has a value, has none.
    Comparison is loose: 1 equals "1", and case does not count."""
    value: Scalar = None
    """What it is compared with; `{{attribute}}` is filled in. Not needed by `is_set` and `is_empty`."""

    def holds(self, run: Run) -> bool:
        actual = run.customer.value(self.attribute)
        wanted = run.text(self.value) if isinstance(self.value, str) else self.value
        empty = _empty(actual)
        match self.op:
            case "is_set":
                return not empty
            case "is_empty":
                return empty
            case "eq":
                return _same(actual, wanted)
            case "ne":
                return not _same(actual, wanted)
            case "contains":
                if isinstance(actual, list):
                    return any(_same(item, wanted) for item in actual)
                return bool(as_text(wanted)) and as_text(wanted).casefold() in as_text(actual).casefold()
            case _:
                return not empty and not _empty(wanted) and _ordered(self.op, actual, wanted)


class Group(Form):
    """Comparisons that must hold all, or of which one must."""

    all: Annotated[list[Node], Field(max_length=50)] | None = None
    """Comparisons, or such lists again, that must hold every one."""
    any: Annotated[list[Node], Field(max_length=50)] | None = None
    """Comparisons, or such lists again, of which at least one must hold."""

    def holds(self, run: Run) -> bool:
        return (self.all is None or all(node.holds(run) for node in self.all)) and (
            self.any is None or any(node.holds(run) for node in self.any)
        )

    def nodes(self) -> list[Node]:
        return [*(self.all or ()), *(self.any or ())]

    def depth(self) -> int:
        return 1 + max((node.depth() for node in self.nodes() if isinstance(node, Group)), default=0)

    def tests(self) -> int:
        """How many comparisons it holds, those of its lists included."""
        return sum(node.tests() if isinstance(node, Group) else 1 for node in self.nodes())


def _test_or_group(value: Any) -> str:
    if isinstance(value, dict):
        return "group" if "all" in value or "any" in value else "test"
    return "group" if isinstance(value, Group) else "test"


Node = Annotated[Annotated[Test, Tag("test")] | Annotated[Group, Tag("group")], Discriminator(_test_or_group)]
Group.model_rebuild()


def _bounded(group: Group) -> Group:
    if group.depth() > MAX_NESTING:
        raise PydanticCustomError("too_deep", "Lists may stand {most} deep in each other", {"most": MAX_NESTING})
    if group.tests() > MAX_TESTS:
        raise PydanticCustomError("too_long", "A condition holds at most {most} comparisons", {"most": MAX_TESTS})
    return group


class ConditionBlock(Block):
    """Goes one of two ways, by what is known of the customer."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    title: ClassVar[str] = "Condition"
    example: ClassVar[dict[str, object]] = {
        "id": "b1",
        "type": "condition",
        "if": {"all": [{"attribute": "vip", "op": "eq", "value": True}]},
        "then": 1,
        "else": None,
    }

    type: Literal["condition"] = "condition"
    when: Annotated[Group, AfterValidator(_bounded), Field(alias="if")] = Group()
    """What must hold: `all` or `any` of a list of comparisons, which may hold such lists again."""
    then: SequenceId | None = None
    """The sequence to go to when it holds; null goes on below."""
    otherwise: Annotated[SequenceId | None, Field(alias="else")] = None
    """The sequence to go to when it does not hold; null goes on below."""

    def run(self, run: Run) -> Next | Jump:
        target = self.then if self.when.holds(run) else self.otherwise
        return Next.ON if target is None else Jump(target)

    def findings(self, around: Surroundings) -> Iterator[Finding]:
        if not self.when.nodes():
            yield Finding("empty", "if", "There is nothing to compare.", "Add a comparison.")
        for field, target in (("then", self.then), ("else", self.otherwise)):
            if target is not None:
                yield from sequence_findings(field, target, around)


def _empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _same(left: Any, right: Any) -> bool:
    first, second = _number(left), _number(right)
    return first == second if first is not None and second is not None else _plain(left) == _plain(right)


def _ordered(op: Op, left: Any, right: Any) -> bool:
    """Numbers as numbers; anything else, such as dates, as text."""
    first, second = _number(left), _number(right)
    one, other = (first, second) if first is not None and second is not None else (_plain(left), _plain(right))
    order = (one > other) - (one < other)  # type: ignore[operator] # both are numbers or both are texts
    return {"lt": order < 0, "le": order <= 0, "gt": order > 0, "ge": order >= 0}[op]


def _plain(value: Any) -> str:
    return as_text(value).strip().casefold()


def _number(value: Any) -> Decimal | None:
    """The exact number that a value or a text is, so that two long order numbers are not taken for one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or (isinstance(value, str) and "_" in value):
        return None
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
