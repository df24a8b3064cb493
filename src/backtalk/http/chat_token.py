"""The tokens of web chat visitors: a signed ticket, nothing stored. They name a conversation of one channel and nothing else."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct

from backtalk.errors import SignInRequired

_FIELDS = Struct(">QQ")
_SIGNATURE_BYTES = 16
_LENGTH = _FIELDS.size + _SIGNATURE_BYTES


@dataclass(frozen=True, slots=True)
class Ticket:
    """Whose conversation a visitor may read and write."""

    workspace_id: int
    conversation_id: int


class ChatTokens:
    """Issues and reads tokens with one key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, ticket: Ticket, channel_key: str) -> str:
        """48 URL-safe characters or so; good for this channel only."""
        fields = _FIELDS.pack(ticket.workspace_id, ticket.conversation_id)
        return urlsafe_b64encode(fields + self._signature(fields, channel_key)).rstrip(b"=").decode()

    def read(self, token: str, channel_key: str) -> Ticket:
        """Raises SignInRequired for anything that this key did not issue for this channel."""
        try:
            data = urlsafe_b64decode(token.encode("ascii") + b"==")
        except ValueError:
            data = b""
        fields, signature = data[: _FIELDS.size], data[_FIELDS.size :]
        if len(data) != _LENGTH or not hmac.compare_digest(signature, self._signature(fields, channel_key)):
            raise SignInRequired(
                "This chat needs a new session.", hint="POST to …/sessions and use the token it gives."
            )
        return Ticket(*_FIELDS.unpack(fields))

    def _signature(self, fields: bytes, channel_key: str) -> bytes:
        return hmac.new(self._key, fields + channel_key.encode(), sha256).digest()[:_SIGNATURE_BYTES]
