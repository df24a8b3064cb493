"""Secrets at rest: sealed with a key of this installation and bound to the row that holds them.

A sealed value is a format byte, the id of its key, a nonce and AES-256-GCM ciphertext; table, workspace, row and column are
authenticated with it, so that a value moved elsewhere does not open.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backtalk.errors import Invalid

FORMAT = 1
MIN_KEY_CHARS = 16
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_HEAD = 1 + _KEY_ID_BYTES + _NONCE_BYTES


class KeyMismatch(Invalid):
    """The secret key does not open what is stored."""

    code = "key_mismatch"
    hint = "Start with the key that this database was made with: its `secret.key` in the data folder, or BACKTALK_SECRET_KEY."


class Sealer:
    """The first key seals; every key opens, so that a new key can be put in front of the old one."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or any(len(key.strip()) < MIN_KEY_CHARS for key in keys):
            raise Invalid(
                f"BACKTALK_SECRET_KEY must have at least {MIN_KEY_CHARS} characters.",
                hint="Take the one that `backtalk serve` makes on a first local start, or 32 random bytes in Base64.",
            )
        self._keys = tuple(key.encode() for key in keys)
        self._ciphers = {_key_id(key): AESGCM(_derive(key, "seal")) for key in self._keys}
        self._first = _key_id(self._keys[0])

    def seal(self, data: bytes, *, table: str, workspace_id: int, row_id: int, column: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        place = _place(table, workspace_id, row_id, column)
        return bytes([FORMAT]) + self._first + nonce + self._ciphers[self._first].encrypt(nonce, data, place)

    def unseal(self, sealed: bytes, *, table: str, workspace_id: int, row_id: int, column: str) -> bytes:
        """Raises KeyMismatch for a value of another key, of another place, or one that was changed."""
        cipher = self._ciphers.get(sealed[1 : 1 + _KEY_ID_BYTES])
        if cipher is None or len(sealed) <= _HEAD or sealed[0] != FORMAT:
            raise KeyMismatch
        place = _place(table, workspace_id, row_id, column)
        try:
            return cipher.decrypt(sealed[1 + _KEY_ID_BYTES : _HEAD], sealed[_HEAD:], place)
        except InvalidTag:
            raise KeyMismatch from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether the first key sealed it."""
        return sealed[1 : 1 + _KEY_ID_BYTES] == self._first

    def derive(self, purpose: str) -> bytes:
        """32 bytes of the oldest key for another use; they stay the same when a key is put in front."""
        return _derive(self._keys[-1], purpose)


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=b"backtalk", info=purpose.encode()).derive(key)


def _key_id(key: bytes) -> bytes:
    return sha256(b"key id" + _derive(key, "id")).digest()[:_KEY_ID_BYTES]


def _place(table: str, workspace_id: int, row_id: int, column: str) -> bytes:
    return f"{table}|{workspace_id}|{row_id}|{column}".encode()
