"""What a chat client may send is typed and bounded."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from backtalk.http.chat_forms import NewMessage, NewSession, PressForm


def test_a_press_names_a_place() -> None:
    assert PressForm(seq=3, index=1).place() == (1,)
    assert PressForm(seq=3, index=[0, 2]).place() == (0, 2)


@pytest.mark.parametrize(
    "profile",
    [
        {"uid": 1},
        {"bot_enabled": False},
        {"first_name": 7},
        {"first_name": "x" * 501},
        {"timezone": 15},
        {"timezone": "5,75"},
        {"timezone": float("nan")},
    ],
)
def test_a15_a_profile_holds_profile_fields_only(profile: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NewSession.model_validate({"profile": profile})


def test_n12_a_timezone_may_be_a_fraction() -> None:
    assert NewSession.model_validate({"profile": {"timezone": 5.75}}).profile.timezone == 5.75


@pytest.mark.parametrize("client_id", ["", "a b", "ü", "x" * 65, "a\n"])
def test_a_client_id_is_short_and_plain(client_id: str) -> None:
    with pytest.raises(ValidationError):
        NewMessage(client_id=client_id, text="x")
