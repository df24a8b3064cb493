"""The check that a request comes from Backtalk and was not changed or stored on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from backtalk.backend import signing


class SignatureError(Exception):
    """The request is not from Backtalk, was changed, or is too old: answer 401."""


def verify(
    secrets: str | Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime | None = None
) -> None:
    """Raise `SignatureError` unless the raw body was signed with one of the workspace's secrets in the last 5 minutes.

    `secrets` are of the form `whsec_…`; give the old and the new one while they are being replaced. `body` is what
    arrived, before any parsing; it is empty for GET. Header names may be in any case.
    """
    known = [secrets] if isinstance(secrets, str) else secrets
    fault = signing.fault(known, headers, body, now=now or datetime.now(UTC))
    if fault:
        raise SignatureError(fault)
