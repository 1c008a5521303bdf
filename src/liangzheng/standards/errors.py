"""What can go wrong in a codec, a key or a check. None of these texts ever holds a person's name or
number."""

from __future__ import annotations


class Malformed(ValueError):
    """Octets or characters that are not in the one form the format allows."""


class BadSignature(Exception):
    """The signature is not that key's signature over that message."""


class BadKey(ValueError):
    """A key that cannot be used: not on its curve, another curve, another encoding than the one allowed."""


class BadCertificate(ValueError):
    """A certificate that does not stand under its root, or says something other than what it must say."""


class BadTrust(ValueError):
    """A trust bundle that must not be used: not the root's, older than one seen, or at odds with itself."""


class LibraryUnavailable(RuntimeError):
    """The system's libcrypto is missing or cannot do SM2; the text says which path was tried."""
