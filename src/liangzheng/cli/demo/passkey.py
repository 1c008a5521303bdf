"""A security key in software, for the demonstration alone: what a browser would send of one (WebAuthn §5, §6)."""

from __future__ import annotations

import hashlib
import json
import secrets
from copy import copy
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from liangzheng.api.octets import to_base64url

_PRESENT_AND_VERIFIED: Final = 0x05
_ATTESTED: Final = 0x40


class SoftwarePasskey:
    """One credential of one page."""

    def __init__(self, origin: str, rp_id: str) -> None:
        self._origin, self._rp_hash = origin, hashlib.sha256(rp_id.encode()).digest()
        self._id, self._key, self._count = secrets.token_bytes(32), ec.generate_private_key(ec.SECP256R1()), 0
        self._user: str | None = None

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.create()` would give, by `toJSON()`."""
        point = self._key.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        data = (
            self._data(_ATTESTED) + bytes(16) + len(self._id).to_bytes(2, "big") + self._id + cbor2.dumps(key)
        )
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        self._user = options["user"]["id"]
        client = self._client("webauthn.create", options)
        return self._credential({"clientDataJSON": client, "attestationObject": attestation})

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """What `navigator.credentials.get()` would give, by `toJSON()`."""
        self._count += 1
        data, client = self._data(0), self._client("webauthn.get", options)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        made = self._credential({"clientDataJSON": client, "authenticatorData": data, "signature": signature})
        made["response"]["userHandle"] = self._user
        return made

    def elsewhere(self, origin: str) -> SoftwarePasskey:
        """The same key on a page of that origin: what a look-alike would get out of it."""
        there = copy(self)
        there._origin = origin
        return there

    def _data(self, flags: int) -> bytes:
        return self._rp_hash + bytes([flags | _PRESENT_AND_VERIFIED]) + self._count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self._origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _credential(self, response: dict[str, bytes]) -> dict[str, Any]:
        own = to_base64url(self._id)
        return {
            "id": own, "rawId": own, "type": "public-key", "clientExtensionResults": {},
            "response": {name: to_base64url(octets) for name, octets in response.items()},
        }  # fmt: skip
