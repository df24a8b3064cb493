"""The outcomes and shapes are those of CONTRACT.md."""

from __future__ import annotations

from typing import get_args

from backtalk.engine.reply import ApiFailure, ApiReply, OnFailure, Outcome, Shape


def test_contract_4_the_outcomes() -> None:
    assert set(get_args(Outcome)) == {
        "ok", "declined", "timeout", "unreachable", "blocked_address", "tls", "redirect", "bad_status", "too_large", "encoding",
        "invalid_json", "bad_shape", "busy", "circuit_open", "not_allowed",
    }  # fmt: skip


def test_contract_1_the_outputs() -> None:
    assert set(get_args(Shape)) == {"text", "image", "gallery", "buttons", "quick_replies"}


def test_nothing_is_shared_between_two_replies() -> None:
    assert ApiReply().attributes is not ApiReply().attributes
    assert ApiFailure("tls", "").attributes is not ApiFailure("tls", "").attributes
    assert OnFailure() == OnFailure(None, None)
