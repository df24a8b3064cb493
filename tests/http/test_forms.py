"""What requests have in common."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from pydantic import TypeAdapter, ValidationError

from backtalk.http.forms import Name, RowId, page_of

_name, _id = TypeAdapter(Name), TypeAdapter(RowId)


def test_a_name_is_one_line_without_blanks_around() -> None:
    assert _name.validate_python("  Größe 😀 ") == "Größe 😀"
    for wrong in ("", "  ", "a\nb", "a\x1b[31mb", "x" * 81, 5, None):
        with pytest.raises(ValidationError):
            _name.validate_python(wrong)


def test_an_id_in_a_body_is_a_number_that_a_row_can_have() -> None:
    assert _id.validate_python(2**63 - 1) == 2**63 - 1
    for wrong in (0, -1, 2**63, "7", 7.0, True, None):
        with pytest.raises(ValidationError):
            _id.validate_python(wrong)


def test_a_full_page_has_a_next_one() -> None:
    items = [SimpleNamespace(id=number) for number in (4, 9)]
    assert page_of(items, 2) == {"items": items, "next": 9}
    assert page_of(items, 3) == {"items": items, "next": None}
    assert page_of([], 3) == {"items": [], "next": None}
