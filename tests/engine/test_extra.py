"""`extra` is read as a query string; see test_contract for what comes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtalk.engine.customer import MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTE_NAME_CHARS, MAX_ATTRIBUTES_PER_REPLY
from backtalk.engine.extra import read_extra
from backtalk.engine.messages import storable
from tests.support.naughty import NAUGHTY


@pytest.mark.parametrize(
    ("extra", "pairs"),
    [
        ("", {}),
        ("payload", {}),
        ("a=1", {"a": "1"}),
        (" a =1", {"a": "1"}),
        ("a=1;b=2", {"a": "1;b=2"}),
        ("?a=1", {"?a": "1"}),
    ],
)
def test_pairs(extra: str, pairs: dict[str, str]) -> None:
    assert read_extra(extra) == pairs


@given(st.text())
def test_n07_anything_is_read_within_the_limits(extra: str) -> None:
    pairs = read_extra(extra)
    assert len(pairs) <= MAX_ATTRIBUTES_PER_REPLY
    for name, value in pairs.items():
        assert 0 < len(name) <= MAX_ATTRIBUTE_NAME_CHARS
        assert len(value.encode()) <= MAX_ATTRIBUTE_BYTES


def test_n07_any_encoded_text_is_kept() -> None:
    for text in NAUGHTY:
        kept = storable(text)
        encoded = "".join(f"%{byte:02x}" for byte in kept.encode())
        assert read_extra(f"a={encoded}") == ({"a": kept} if len(kept.encode()) <= MAX_ATTRIBUTE_BYTES else {})
