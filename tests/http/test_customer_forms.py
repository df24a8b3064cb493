"""What may be changed of a customer is typed and bounded."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from backtalk.errors import Invalid
from backtalk.http.customer_forms import CustomerChange, SequenceToSend, TextToSend


@pytest.mark.parametrize(
    "change",
    [
        {"uid": 7},
        {"id": 7},
        {"workspace_id": 7},
        {"created_at": "2026-01-01T00:00:00Z"},
        {"first_name": 7},
        {"timezone": 99},
        {"bot_enabled": "perhaps"},
        {"attributes": []},
        {"attributes": {str(number): 1 for number in range(101)}},
    ],
)
def test_a15_what_is_not_to_be_changed_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((ValidationError, Invalid)):
        CustomerChange.model_validate(change)


@pytest.mark.parametrize("text", ["", "x" * 10_001])
def test_a_text_to_send_has_words_and_a_bound(text: str) -> None:
    with pytest.raises(ValidationError):
        TextToSend(text=text)


def test_a_sequence_to_send_is_an_id() -> None:
    assert SequenceToSend(sequence_id=3).sequence_id == 3
    with pytest.raises(ValidationError):
        SequenceToSend(sequence_id=0)
