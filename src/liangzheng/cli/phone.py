"""A phone without a screen: a key made in memory, a licence kept, codes made without the server. For the
demo and the tests.

It stands for the driver's phone, and is no simulation of what is checked: its signatures and codes are the
real ones.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from liangzheng.kernel.errors import NotFound
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.livecode import build_code


class Phone:
    """One phone. `clock_off_s`: by how many seconds its clock is wrong, positive when it is ahead."""

    def __init__(self, key: SoftwareSigner | None = None, *, clock_off_s: int = 0) -> None:
        self._key = key or SoftwareSigner.generate(Alg.ES256)
        self.clock_off_s = clock_off_s
        self.credential: bytes | None = None
        self.snapshot: bytes | None = None
        self.document: bytes | None = None

    @property
    def public_key(self) -> bytes:
        """33 octets, compressed: what is bound."""
        return self._key.public_key.compressed

    def prove(self, to_be_signed: bytes) -> bytes:
        """r‖s over the challenge of a binding: this phone holds the key."""
        return self._key.sign(to_be_signed)

    def keep(self, credential: bytes, snapshot: bytes | None = None, document: bytes | None = None) -> None:
        """What the server gave for this phone's key, from now on shown."""
        self.credential, self.snapshot, self.document = credential, snapshot, document

    def show(self, at: datetime, *, nonce: bytes | None = None) -> str:
        """A 亮码 made at `at` by a right clock. Raises NotFound while no licence is kept."""
        if self.credential is None:
            raise NotFound("this phone keeps no licence")
        shown_at = int(at.timestamp()) + self.clock_off_s
        return build_code(
            self.credential, self.snapshot, shown_at, nonce or secrets.token_bytes(8), self._key
        )
