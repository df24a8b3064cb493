"""Standard Webhooks signatures (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and the exact body bytes.

A secret is `whsec_` and base64. While a secret is being replaced there are several; each makes a signature, and a
receiver accepts a body when one of its own secrets fits one of them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix of every secret
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_S = 300

_VERSION = "v1"


def sign(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> tuple[tuple[str, str], ...]:
    """The three headers; none when there is no secret. `message_id` holds no full stop."""
    if not secrets:
        return ()
    timestamp = str(int(at.timestamp()))
    signatures = " ".join(_signature(secret, message_id, timestamp, body) for secret in secrets)
    return ((ID, message_id), (TIMESTAMP, timestamp), (SIGNATURE, signatures))


def fault(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, *, now: datetime) -> str | None:
    """Why a request is not to be trusted, as a sentence; None when it was signed with one of the secrets, lately.

    Header names may be in any case. Whatever an attacker puts into the headers is a fault, never an exception.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (given.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
    if not (message_id and timestamp and signatures):
        return f"The headers {ID}, {TIMESTAMP} and {SIGNATURE} are needed."
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("253402300799")):
        return f"{TIMESTAMP} is not a number of seconds."
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        return f"{TIMESTAMP} is more than {TOLERANCE_S} seconds away from now; is a clock wrong?"
    candidates = [candidate.encode() for candidate in signatures.split(" ") if candidate.isascii()]
    for secret in secrets:
        expected = _signature(secret, message_id, timestamp, body).encode()
        if any(hmac.compare_digest(expected, candidate) for candidate in candidates):
            return None
    return "No signature fits the body and the secret."


def _signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    content = f"{message_id}.{timestamp}.".encode(errors="replace") + body
    digest = hmac.digest(_key(secret), content, "sha256")
    return f"{_VERSION},{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX) + "==")
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"A signing secret is `{SECRET_PREFIX}` and base64.") from error
    if not key:
        raise ValueError("A signing secret must not be empty.")
    return key
