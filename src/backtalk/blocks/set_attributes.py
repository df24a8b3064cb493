"""Saves attributes of the customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from backtalk.engine.block import Block, Finding, Next, Surroundings
from backtalk.engine.customer import MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES_PER_REPLY
from backtalk.engine.fields import AttributeName, attribute_findings
from backtalk.engine.messages import storable
from backtalk.engine.run import Run

Words = Annotated[str, Field(max_length=MAX_ATTRIBUTE_BYTES), AfterValidator(storable)]
Scalar = Words | bool | int | Annotated[float, Field(allow_inf_nan=False)] | None


class SetAttributesBlock(Block):
    """Saves attributes of the customer."""

    title: ClassVar[str] = "Set attributes"
    example: ClassVar[dict[str, object]] = {"id": "b1", "type": "set_attributes", "attributes": {"vip": True}}

    type: Literal["set_attributes"] = "set_attributes"
    attributes: Annotated[dict[AttributeName, Scalar], Field(max_length=MAX_ATTRIBUTES_PER_REPLY)] = {}
    """Names and values; `{{attribute}}` is filled in a text, null takes the attribute away."""

    def run(self, run: Run) -> Next:
        changes: dict[str, Any] = {
            name: run.text(value) if isinstance(value, str) else value for name, value in self.attributes.items()
        }
        run.save(changes, "set_attributes")
        return Next.ON

    def findings(self, around: Surroundings) -> Iterator[Finding]:  # noqa: ARG002 - names alone are judged
        if not self.attributes:
            yield Finding("empty", "attributes", "No attribute is set.", "Add a name and a value.")
        for name in self.attributes:
            yield from attribute_findings("attributes", name)
