"""Token Status List (draft-ietf-oauth-status-list): the status of a million credentials in a few kilobytes.

Entries of 1, 2, 4 or 8 bits, packed from the least significant bit of each octet on, compressed with zlib. The
token is a CWT of the status signer, of type `application/statuslist+cwt`, with the tag of a COSE_Sign1 as the
draft shows it. Whoever holds a list asks nobody about a single credential.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass
from typing import Any, Final

from liangzheng.standards import cbor, cose
from liangzheng.standards.claims import STATUS_LIST_SIZE, check_times, is_text, is_uint
from liangzheng.standards.errors import BadSignature, Malformed
from liangzheng.standards.keys import Signer
from liangzheng.standards.trust import TrustBundle
from liangzheng.standards.x509 import Role

VALID: Final = 0
INVALID: Final = 1
SUSPENDED: Final = 2

_BITS: Final = (1, 2, 4, 8)
# No list is larger than its entries at eight bits each; more is not unpacked.
_MAX_OCTETS: Final = STATUS_LIST_SIZE
_LEVEL: Final = 9

_SUB, _EXP, _IAT, _LIST, _TTL = 2, 4, 6, 65533, 65534
_SHAPE: Final = cose.Shape("application/statuslist+cwt")
_TAG: Final = b"\xd2"


class StatusList:
    """The entries of one list, in memory."""

    __slots__ = ("_octets", "bits")

    def __init__(self, bits: int, octets: bytes | bytearray) -> None:
        """`octets` as they are after unpacking. Raises Malformed for another number of bits, or too many."""
        if bits not in _BITS or len(octets) > _MAX_OCTETS:
            raise Malformed("status list: entries have 1, 2, 4 or 8 bits, and there are at most 2^20")
        self.bits = bits
        self._octets = bytearray(octets)

    @classmethod
    def blank(cls, bits: int, size: int = STATUS_LIST_SIZE) -> StatusList:
        """`size` entries, all VALID."""
        return cls(bits, bytes((size * bits + 7) // 8))

    def __len__(self) -> int:
        return len(self._octets) * 8 // self.bits

    def __getitem__(self, index: int) -> int:
        """Raises IndexError beyond the end: a credential that names no entry must not pass as valid."""
        octet, shift = self._place(index)
        return self._octets[octet] >> shift & ((1 << self.bits) - 1)

    def __setitem__(self, index: int, value: int) -> None:
        octet, shift = self._place(index)
        mask = (1 << self.bits) - 1
        if not 0 <= value <= mask:
            raise Malformed(f"status list: {value} does not fit {self.bits} bits")
        self._octets[octet] = self._octets[octet] & ~(mask << shift) | value << shift

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StatusList) and (self.bits, self._octets) == (other.bits, other._octets)

    __hash__ = None  # type: ignore[assignment]

    def compressed(self) -> bytes:
        """The octets as they travel, zlib at its highest level."""
        return zlib.compress(self._octets, _LEVEL)

    @classmethod
    def from_compressed(cls, bits: int, octets: bytes) -> StatusList:
        """Raises Malformed for what is not one zlib stream, or unpacks to more than a list can hold."""
        unpacker = zlib.decompressobj()
        try:
            unpacked = unpacker.decompress(octets, _MAX_OCTETS + 1)
        except zlib.error:
            raise Malformed("status list: not a zlib stream") from None
        if not unpacker.eof or unpacker.unused_data:
            raise Malformed("status list: more or less than one zlib stream of a list")
        return cls(bits, unpacked)

    def as_cbor(self) -> dict[str, Any]:
        """The `status_list` member of a CWT."""
        return {"bits": self.bits, "lst": self.compressed()}

    def as_json(self) -> dict[str, Any]:
        """The `status_list` member of a JWT."""
        return {"bits": self.bits, "lst": base64.urlsafe_b64encode(self.compressed()).rstrip(b"=").decode()}

    @classmethod
    def from_member(cls, member: Any) -> StatusList:
        """From either form; `aggregation_uri` is allowed and not followed. Raises Malformed."""
        if type(member) is not dict or not {"bits", "lst"} <= set(member) <= {
            "bits",
            "lst",
            "aggregation_uri",
        }:
            raise Malformed("status list: not a status list")
        bits, lst = member["bits"], member["lst"]
        if type(lst) is str:
            try:
                lst = base64.b64decode(lst + "=" * (-len(lst) % 4), altchars=b"-_", validate=True)
            except ValueError:
                raise Malformed("status list: not base64url") from None
        if type(bits) is not int or type(lst) is not bytes:
            raise Malformed("status list: not a status list")
        return cls.from_compressed(bits, lst)

    def _place(self, index: int) -> tuple[int, int]:
        if not 0 <= index < len(self):
            raise IndexError(f"status list: no entry {index}")
        place = index * self.bits
        return place >> 3, place & 7


@dataclass(frozen=True, slots=True)
class StatusListToken:
    """A status list with what its signer says about it."""

    uri: str
    """Where the list is published; the same string a credential would name."""
    iat: int
    """Epoch seconds; so is `exp`."""
    exp: int
    ttl: int
    """Seconds after which to fetch it anew."""
    status_list: StatusList


def sign_status_list(token: StatusListToken, signer: Signer) -> bytes:
    """The token as a tagged COSE_Sign1 of the status signer."""
    check_times(token.iat, token.exp)
    payload = cbor.encode(
        {
            _SUB: token.uri,
            _EXP: token.exp,
            _IAT: token.iat,
            _LIST: token.status_list.as_cbor(),
            _TTL: token.ttl,
        }
    )
    return _TAG + cose.sign(payload, signer, _SHAPE)


def sign_again(octets: bytes, iat: int, exp: int, signer: Signer) -> bytes:
    """A token of ours with the same entries and other times: nothing is packed a second time. Raises Malformed."""
    check_times(iat, exp)
    claims = cbor.decode(cose.parse(octets[1:], _SHAPE).payload, max_octets=2 * _MAX_OCTETS)
    return _TAG + cose.sign(cbor.encode(claims | {_EXP: exp, _IAT: iat}), signer, _SHAPE)


def verify_status_list(octets: bytes, trust: TrustBundle, uri: str, at: float) -> StatusListToken:
    """The list published at `uri`, valid at `at` (epoch seconds).

    Raises Malformed for its form, BadSignature when its signer is not to be trusted, or it is another list or
    has run out.
    """
    if octets[:1] != _TAG:
        raise Malformed("status list: not a tagged COSE_Sign1")
    signed = cose.parse(octets[1:], _SHAPE)
    token = _read(cbor.decode(signed.payload, max_octets=2 * _MAX_OCTETS))
    entry = trust.find(signed.kid, Role.STATUS)
    if entry is None or signed.alg is not entry.alg:
        raise BadSignature("status list: not a status signer of the trust bundle")
    why = entry.why_not_at(token.iat)
    if why is not None:
        raise BadSignature(f"status list: {why}")
    entry.key.verify(signed.to_be_signed, signed.signature)
    if token.uri != uri:
        raise BadSignature("status list: another list than the one asked for")
    if at >= token.exp:
        raise BadSignature("status list: it has run out")
    return token


def _read(claims: Any) -> StatusListToken:
    if type(claims) is not dict or set(claims) != {_SUB, _EXP, _IAT, _LIST, _TTL}:
        raise Malformed("status list: not the claims of a status list token")
    uri, ttl = claims[_SUB], claims[_TTL]
    if not is_text(uri, 500) or not is_uint(ttl, 1 << 32):
        raise Malformed("status list: uri or ttl")
    check_times(claims[_IAT], claims[_EXP])
    return StatusListToken(uri, claims[_IAT], claims[_EXP], ttl, StatusList.from_member(claims[_LIST]))
