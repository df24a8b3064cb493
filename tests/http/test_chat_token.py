"""Tokens open what they were issued for and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtalk.errors import SignInRequired
from backtalk.http.chat_token import ChatTokens, Ticket

TOKENS = ChatTokens(b"k" * 32)
IDS = st.integers(min_value=1, max_value=2**63 - 1)


@given(IDS, IDS)
def test_a_token_reads_as_what_was_issued(workspace_id: int, conversation_id: int) -> None:
    ticket = Ticket(workspace_id, conversation_id)
    assert TOKENS.read(TOKENS.issue(ticket, "channel"), "channel") == ticket


def test_a06_another_channel_or_another_key_refuses_it() -> None:
    token = TOKENS.issue(Ticket(1, 2), "channel")
    for tokens, channel in ((TOKENS, "other"), (ChatTokens(b"j" * 32), "channel")):
        with pytest.raises(SignInRequired):
            tokens.read(token, channel)


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(SignInRequired):
        TOKENS.read(text, "channel")


@given(st.integers(0, 31), st.integers(1, 255))
def test_a_changed_token_is_refused(place: int, change: int) -> None:
    from base64 import urlsafe_b64decode, urlsafe_b64encode

    data = bytearray(urlsafe_b64decode(TOKENS.issue(Ticket(1, 2), "channel") + "=="))
    data[place] ^= change
    with pytest.raises(SignInRequired):
        TOKENS.read(urlsafe_b64encode(bytes(data)).rstrip(b"=").decode(), "channel")
