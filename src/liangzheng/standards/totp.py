"""Time-based one-time codes (RFC 6238 over RFC 4226): six digits every thirty seconds, SHA-1.

SHA-1 and six digits are what authenticator applications agree on; HMAC does not need collision resistance.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Final
from urllib.parse import quote

STEP_S: Final = 30
DIGITS: Final = 6
SECRET_OCTETS: Final = 20
"""The length of the hash, as RFC 4226 §4 R6 recommends."""
SKEW_STEPS: Final = 1
"""One step either way for a clock that is off (RFC 6238 §5.2)."""


def code_at(secret: bytes, step: int, digits: int = DIGITS, algorithm: str = "sha1") -> str:
    """The code of one time step (RFC 4226 §5.3: dynamic truncation)."""
    mac = hmac.digest(secret, step.to_bytes(8, "big"), getattr(hashlib, algorithm))
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_of(at: datetime) -> int:
    """The time step of an instant."""
    return int(at.timestamp()) // STEP_S


def matching_step(secret: bytes, code: str, at: datetime, after: int = 0) -> int | None:
    """The step `code` belongs to: the present one or a neighbour, and later than `after`; None when none does.

    Every candidate is compared, so that the time does not tell which.
    """
    now = step_of(at)
    fitting = [
        step
        for step in range(now - SKEW_STEPS, now + SKEW_STEPS + 1)
        if hmac.compare_digest(code_at(secret, max(step, 0)).encode(), code.encode()) and step > after
    ]
    return max(fitting, default=None)


def to_base32(secret: bytes) -> str:
    """The secret as people type it into an authenticator."""
    return base64.b32encode(secret).decode().rstrip("=")


def from_base32(text: str) -> bytes:
    """The secret behind `to_base32`."""
    return base64.b32decode(text + "=" * (-len(text) % 8))


def otpauth_uri(secret: bytes, issuer: str, account: str) -> str:
    """What an authenticator application reads from a QR code (the key URI format in use)."""
    return (
        f"otpauth://totp/{quote(issuer)}:{quote(account)}?secret={to_base32(secret)}&issuer={quote(issuer)}"
    )
