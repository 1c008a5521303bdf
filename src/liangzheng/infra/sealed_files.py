"""Files sealed with a passphrase: chunks of AES-256-GCM in the STREAM construction, keys from scrypt and HKDF.

Each chunk's nonce holds its number and whether it is the last, so chunks cannot be cut off, swapped or mixed
between files; each file has a key of its own, named by its path.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Iterable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from liangzheng.kernel.errors import Invalid

CHUNK: Final = 1 << 20
SALT_OCTETS: Final = 16
_TAG: Final = 16
_SCRYPT: Final = {"n": 1 << 15, "r": 8, "p": 1}
SHORTEST_PASSPHRASE: Final = 12


class Sealer:
    """The keys of one backup, from its passphrase and salt."""

    def __init__(self, passphrase: bytes, salt: bytes) -> None:
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise Invalid("passphrase", f"has at least {SHORTEST_PASSPHRASE} octets")
        self._master = Scrypt(salt=salt, length=32, **_SCRYPT).derive(passphrase)

    def _key(self, name: str) -> bytes:
        return HKDF(SHA256(), 32, salt=None, info=b"lz-backup-file " + name.encode()).derive(self._master)

    def mac(self, octets: bytes) -> str:
        """Over the manifest, hexadecimal."""
        return hmac.digest(self._key("manifest"), octets, "sha256").hex()

    def seal(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The sealed octets of what `pieces` make together."""
        aead, number, held = AESGCM(self._key(name)), 0, b""
        for piece in pieces:
            held += piece
            while len(held) > CHUNK:
                yield aead.encrypt(_nonce(number, last=False), held[:CHUNK], None)
                number, held = number + 1, held[CHUNK:]
        yield aead.encrypt(_nonce(number, last=True), held, None)

    def open(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The octets that were sealed. Raises Invalid for another passphrase, a changed or a shortened file."""
        aead, number, held = AESGCM(self._key(name)), 0, b""
        whole = CHUNK + _TAG
        try:
            for piece in pieces:
                held += piece
                while len(held) > whole:
                    yield aead.decrypt(_nonce(number, last=False), held[:whole], None)
                    number, held = number + 1, held[whole:]
            yield aead.decrypt(_nonce(number, last=True), held, None)
        except InvalidTag:
            raise Invalid(name, "opens with the passphrase and is as it was sealed") from None


def _nonce(number: int, *, last: bool) -> bytes:
    return struct.pack(">QxxxB", number, last)
