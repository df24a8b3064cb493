"""`verify` raises for whatever is not a fresh request signed with one of the secrets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backtalk.backend.signing import sign
from backtalk.sdk import SignatureError, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_" + "b2xkIHNlY3JldA=="


def headers(*secrets: str, at: datetime | None = None) -> dict[str, str]:
    return dict(sign(secrets, "key-1", at or datetime.now(UTC), b"{}"))


def test_one_secret_or_several() -> None:
    verify(SECRET, headers(SECRET), b"{}")
    verify([OLD, SECRET], headers(SECRET), b"{}")
    verify(SECRET, headers(OLD, SECRET), b"{}")
    verify(SECRET, {name.title(): value for name, value in headers(SECRET).items()}, b"{}")


@pytest.mark.parametrize(
    ("given", "body", "words"),
    [
        (headers(SECRET), b"{ }", "No signature fits"),
        (headers(OLD), b"{}", "No signature fits"),
        ({}, b"{}", "are needed"),
        (headers(SECRET) | {"webhook-timestamp": "soon"}, b"{}", "not a number"),
        (headers(SECRET, at=datetime.now(UTC) - timedelta(hours=1)), b"{}", "clock"),
    ],
)
def test_anything_else_is_refused(given: dict[str, str], body: bytes, words: str) -> None:
    with pytest.raises(SignatureError, match=words):
        verify(SECRET, given, body)


def test_an_old_request_is_fine_at_its_own_time() -> None:
    at = datetime(2024, 2, 29, tzinfo=UTC)
    verify(SECRET, headers(SECRET, at=at), b"{}", now=at)
