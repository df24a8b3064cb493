"""An HTTP exchange as values."""

from __future__ import annotations

import pytest

from backtalk.exchange import HttpReply

REPLY = HttpReply(200, (("Content-Type", "application/json"), ("X-Two", "first"), ("x-two", "second")), b"{}", 3)


@pytest.mark.parametrize(
    ("name", "value"), [("content-type", "application/json"), ("X-TWO", "first"), ("Location", ""), ("", "")]
)
def test_a_header_is_found_whatever_its_case(name: str, value: str) -> None:
    assert REPLY.header(name) == value
