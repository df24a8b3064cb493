"""What web chat requests carry, and the parts of the application that they need."""

from __future__ import annotations

from starlette.requests import HTTPConnection, Request

from backtalk.errors import Invalid, SignInRequired
from backtalk.http.chat_rates import ChatRates
from backtalk.http.chat_token import ChatTokens, Ticket
from backtalk.runtime.services import Services

MAX_DIGITS = 12


def services(connection: HTTPConnection) -> Services:
    found: Services = connection.app.state.services
    return found


def tokens(connection: HTTPConnection) -> ChatTokens:
    found: ChatTokens = connection.app.state.chat_tokens
    return found


def rates(connection: HTTPConnection) -> ChatRates:
    found: ChatRates = connection.app.state.chat_rates
    return found


def ticket(request: Request) -> Ticket:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise SignInRequired("This chat needs a session.", hint="Send `Authorization: Bearer <token>`.")
    return tokens(request).read(token.strip(), request.path_params["channel_key"])


def number(connection: HTTPConnection, name: str, least: int, most: int) -> int:
    text = connection.query_params.get(name, "0")
    if not text.isascii() or not text.isdigit() or len(text) > MAX_DIGITS or not least <= int(text) <= most:
        raise Invalid(f"{name} must be a whole number from {least} to {most}.", hint=f"?{name}=0")
    return int(text)
