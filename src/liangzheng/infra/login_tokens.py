"""Tokens of logins, 48 octets in base64url: whose it is, then 32 random ones. Only their SHA-256 is kept."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final
from uuid import UUID

from liangzheng.kernel.errors import NotAuthenticated

NOT_LOGGED_IN: Final = "the login has ended or is unknown: log in again"
_RANDOM_OCTETS: Final = 32
_LENGTH: Final = 64


def make(owner: UUID) -> tuple[str, bytes]:
    """A new token and its hash."""
    octets = owner.bytes + secrets.token_bytes(_RANDOM_OCTETS)
    return base64.urlsafe_b64encode(octets).decode(), hashlib.sha256(octets).digest()


def read(token: str) -> tuple[UUID, bytes]:
    """Whose it says it is, and its hash. Raises NotAuthenticated for what is no token."""
    try:
        octets = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        octets = b""
    if len(token) != _LENGTH or len(octets) != 16 + _RANDOM_OCTETS:
        raise NotAuthenticated(NOT_LOGGED_IN)
    return UUID(bytes=octets[:16]), hashlib.sha256(octets).digest()
