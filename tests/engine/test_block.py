"""What every block type inherits."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from backtalk.engine.block import MAX_TEXT_CHARS, Block, Template

template: TypeAdapter[str] = TypeAdapter(Template)


class PlainBlock(Block):
    """Does nothing of its own."""


def test_a_block_asks_nothing_calls_nothing_and_has_no_findings_unless_it_says_so() -> None:
    block = PlainBlock(id="b", type="plain")
    run: Any = None
    assert block.apis() == ()
    assert block.hear(run, "x") is None
    around: Any = None
    assert list(block.findings(around)) == []
    with pytest.raises(NotImplementedError):
        block.run(run)


@pytest.mark.parametrize("name", ["b1", "a-b_c.d", "x" * 64, "~!"])
def test_ids(name: str) -> None:
    assert PlainBlock(id=name, type="plain").id == name


@pytest.mark.parametrize("name", ["", " ", "a b", "x" * 65, "\u00e4", "a\n", "a\x00", 5, None])
def test_what_is_no_id(name: Any) -> None:
    with pytest.raises(ValidationError):
        PlainBlock(id=name, type="plain")


def test_forms_are_frozen_strict_and_know_their_fields() -> None:
    block = PlainBlock(id="b", type="plain")
    with pytest.raises(ValidationError):
        block.id = "c"
    with pytest.raises(ValidationError):
        PlainBlock.model_validate({"id": "b", "type": "plain", "other": 1})


def test_p4_an_authors_text_is_bounded_and_storable() -> None:
    assert template.validate_python("a\x00b") == "a\ufffdb"
    assert template.validate_python("x" * MAX_TEXT_CHARS)
    for wrong in ("x" * (MAX_TEXT_CHARS + 1), "\ud800", 5, None):
        with pytest.raises(ValidationError):
            template.validate_python(wrong)
