"""What a chat request must carry."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from backtalk.errors import Invalid, SignInRequired
from backtalk.http import chat_access
from backtalk.http.chat_token import ChatTokens, Ticket

TOKENS = ChatTokens(b"k" * 32)
TOKEN = TOKENS.issue(Ticket(1, 2), "key")


def request(query: str = "", authorization: str = "") -> Request:
    app = Starlette()
    app.state.chat_tokens = TOKENS
    headers = [(b"authorization", authorization.encode())] if authorization else []
    scope = {"type": "http", "query_string": query.encode(), "headers": headers, "app": app}
    return Request({**scope, "path_params": {"channel_key": "key"}})


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_ticket_is_in_the_bearer_token(scheme: str) -> None:
    assert chat_access.ticket(request(authorization=f"{scheme} {TOKEN}")) == Ticket(1, 2)


@pytest.mark.parametrize("authorization", ["", TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer x", f"Bearer {TOKEN}x"])
def test_anything_else_asks_for_a_session(authorization: str) -> None:
    with pytest.raises(SignInRequired):
        chat_access.ticket(request(authorization=authorization))


@pytest.mark.parametrize(("query", "value"), [("", 0), ("after=0", 0), ("after=25", 25)])
def test_a_number_of_the_query(query: str, value: int) -> None:
    assert chat_access.number(request(query), "after", 0, 25) == value


@pytest.mark.parametrize("text", ["-1", "26", "x", "1.0", "+1", "٣", "1" * 20, " 1", ""])
def test_a_number_out_of_bounds_is_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid, match="after must be a whole number from 0 to 25"):
        chat_access.number(request(f"after={text}".replace("+", "%2B").replace(" ", "%20")), "after", 0, 25)
