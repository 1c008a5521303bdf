"""Octets in JSON: base64url without padding (RFC 4648 §5), in one canonical form."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Final

from pydantic import StringConstraints

from liangzheng.kernel.errors import Invalid

OCTETS: Final[dict[str, Any]] = {"type": "string", "format": "binary"}
"""OpenAPI's schema of an answer that is no JSON."""

JPEG: Final[dict[str, Any]] = {"description": "A picture", "content": {"image/jpeg": {"schema": OCTETS}}}
"""OpenAPI's words for an answer that is a picture."""

RULE = "base64url without padding"

Base64Url = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]*$", max_length=200_000)]
"""A field of octets; `from_base64url` reads it."""


def to_base64url(octets: bytes) -> str:
    """Text without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def from_base64url(text: str, place: str) -> bytes:
    """The octets. Raises Invalid at `place` for padding, other alphabets and bits that stand for nothing."""
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Invalid(place, RULE) from None
    if to_base64url(octets) != text:
        raise Invalid(place, RULE)
    return octets
