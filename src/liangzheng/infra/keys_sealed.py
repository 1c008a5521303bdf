"""Small secrets kept in the database, sealed with a key derived from the deployment's index secret.

AES-256-GCM with a fresh nonce; bound to the row it stands in, so that a sealed secret copied to another row
does not open.
"""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from liangzheng.infra.keyindex import KeyIndex
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import Id

_NONCE_OCTETS: Final = 12


class Seal:
    """Seals and opens for one purpose."""

    __slots__ = ("_aead",)

    def __init__(self, keys: KeyIndex, purpose: str) -> None:
        self._aead = AESGCM(keys.derive(purpose, b"seal"))

    def close(self, secret: bytes, owner: Id) -> bytes:
        """Nonce and sealed octets."""
        nonce = os.urandom(_NONCE_OCTETS)
        return nonce + self._aead.encrypt(nonce, secret, owner.uuid.bytes)

    def open(self, sealed: bytes, owner: Id) -> bytes:
        """The secret. Raises Unavailable when it was sealed with another key, for another owner, or altered."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_OCTETS], sealed[_NONCE_OCTETS:], owner.uuid.bytes)
        except InvalidTag:
            raise Unavailable(
                "a sealed secret does not open: is this the index secret it was sealed under?"
            ) from None

    def __repr__(self) -> str:
        return "Seal(…)"
