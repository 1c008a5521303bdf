"""COSE_Sign1 (RFC 9052 §4.2) in the one shape this platform signs and reads.

    COSE_Sign1 = [protected: bstr .cbor {4: kid}, unprotected: {}, payload: bstr, signature: bstr .size 64]

Untagged, as in ISO/IEC 18013-5. The header holds eight octets of key id and nothing else: no certificate, no
address to fetch a key from, nothing critical, and no algorithm, since a key has one and only the trust
bundle says which. Whatever differs is refused, and the octets that were signed are used as they came, never
written out again.

The status list token is the exception its standard asks for: its header holds algorithm and type as well.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from liangzheng.standards import cbor
from liangzheng.standards.errors import Malformed
from liangzheng.standards.keys import KID_OCTETS, Alg, Signer

_SIGN1: Final = b"\x84"
_CONTEXT: Final = b"\x84\x6aSignature1"
_NO_EXTERNAL_DATA: Final = b"\x40"
_NO_UNPROTECTED: Final = b"\xa0"
_DETACHED: Final = b"\xf6"
_SIGNATURE_HEAD: Final = b"\x58\x40"

_LABEL_ALG: Final = 1
_LABEL_CRIT: Final = 2
_LABEL_KID: Final = 4
_LABEL_TYP: Final = 16


class Shape:
    """What the octets of a kind of object are before and after the key id: the same for every key of one
    algorithm."""

    __slots__ = ("after_kid", "header_start", "start_of")

    def __init__(self, media_type: str | None = None) -> None:
        """`media_type`: what the header's `typ` (RFC 9596) says; the algorithm is then in the header too."""
        kid = cbor.encode(_LABEL_KID) + cbor.head(2, KID_OCTETS)
        self.header_start: dict[Alg, bytes]
        if media_type is None:
            self.header_start = {alg: cbor.head(5, 1) + kid for alg in Alg}
            self.after_kid = b""
        else:
            self.header_start = {
                alg: cbor.head(5, 3) + cbor.encode(_LABEL_ALG) + cbor.encode(int(alg)) + kid for alg in Alg
            }
            self.after_kid = cbor.encode(_LABEL_TYP) + cbor.encode(media_type)
        tail = KID_OCTETS + len(self.after_kid)
        starts = {
            alg: _SIGN1 + cbor.head(2, len(start) + tail) + start for alg, start in self.header_start.items()
        }
        # The header's length, in the octets before it, tells the algorithms apart where they are in it.
        self.start_of: dict[bytes, tuple[Alg | None, bytes]] = {
            start[:3]: (None if media_type is None else alg, start) for alg, start in starts.items()
        }


PLAIN: Final = Shape()

# What is in no known form is compared with a start that nothing has.
_NO_START: Final = (None, b"\xff")


class Sign1(NamedTuple):
    """A COSE_Sign1 that was read but not verified."""

    alg: Alg | None
    """As the header says; None where it does not."""
    kid: bytes
    payload: bytes
    signature: bytes
    to_be_signed: bytes


def to_be_signed(alg: Alg, kid: bytes, payload: bytes, shape: Shape = PLAIN) -> bytes:
    """The octets a signer signs: Sig_structure of RFC 9052 §4.4 with no external data. `alg` is the
    signer's; it is written where the shape has a place for it."""
    if len(kid) != KID_OCTETS:
        raise Malformed("cose: a key id has eight octets")
    protected = cbor.byte_string(shape.header_start[alg] + kid + shape.after_kid)
    return b"".join((_CONTEXT, protected, _NO_EXTERNAL_DATA, cbor.byte_string(payload)))


def seal(signed_octets: bytes, signature: bytes) -> bytes:
    """The COSE_Sign1 of what `to_be_signed` made and the signature over it. Nothing is encoded anew."""
    start = len(_CONTEXT)
    if not signed_octets.startswith(_CONTEXT) or len(signature) != 64:
        raise Malformed("cose: not octets to be signed with a raw signature")
    _, after_header = cbor.read_byte_string(signed_octets, start)
    return b"".join(
        (
            _SIGN1,
            signed_octets[start:after_header],
            _NO_UNPROTECTED,
            signed_octets[after_header + 1 :],
            _SIGNATURE_HEAD,
            signature,
        )
    )


def sign(payload: bytes, signer: Signer, shape: Shape = PLAIN) -> bytes:
    """`payload` as a COSE_Sign1 of `signer`."""
    signed_octets = to_be_signed(signer.alg, signer.kid, payload, shape)
    return seal(signed_octets, signer.sign(signed_octets))


def _detached_octets(kid: bytes, payload: bytes, external: bytes) -> bytes:
    protected = cbor.byte_string(PLAIN.header_start[Alg.ES256] + kid)  # one header for every algorithm
    return b"".join((_CONTEXT, protected, cbor.byte_string(external), cbor.byte_string(payload)))


def sign_detached(payload: bytes, signer: Signer, external: bytes) -> bytes:
    """A COSE_Sign1 of `signer` over `payload`, which travels beside it (RFC 9052 §4.1: payload nil).

    `external` (§4.3) is what both ends know and neither sends: whom the signature is meant for.
    """
    signature = signer.sign(_detached_octets(signer.kid, payload, external))
    header = cbor.byte_string(PLAIN.header_start[signer.alg] + signer.kid)
    return b"".join((_SIGN1, header, _NO_UNPROTECTED, _DETACHED, _SIGNATURE_HEAD, signature))


def parse_detached(octets: bytes, payload: bytes, external: bytes) -> Sign1:
    """What `sign_detached` made, with the payload it is said to be about. Raises Malformed."""
    _, start = PLAIN.start_of.get(octets[:3], _NO_START)
    after_kid = len(start) + KID_OCTETS
    middle = _NO_UNPROTECTED + _DETACHED + _SIGNATURE_HEAD
    if not octets.startswith(start) or octets[after_kid:-64] != middle:
        raise Malformed("cose: not a signature over a detached payload")
    kid = octets[len(start) : after_kid]
    return Sign1(None, kid, payload, octets[-64:], _detached_octets(kid, payload, external))


def parse(octets: bytes, shape: Shape = PLAIN) -> Sign1:
    """Read a COSE_Sign1 of exactly that shape; the signature is not looked at. Raises Malformed."""
    alg, start = shape.start_of.get(octets[:3], _NO_START)
    if not octets.startswith(start):
        raise Malformed(f"cose: {_why_not(octets)}")
    after_start = len(start)
    after_kid = after_start + KID_OCTETS
    after_header = after_kid + len(shape.after_kid)
    if octets[after_kid : after_header + 1] != shape.after_kid + _NO_UNPROTECTED:
        raise Malformed("cose: the unprotected header must be empty, the type the expected one")
    payload, end = cbor.read_byte_string(octets, after_header + 1)
    if octets[end:-64] != _SIGNATURE_HEAD:
        raise Malformed("cose: not one signature of 64 octets at the end")
    signed_octets = b"".join(
        (_CONTEXT, octets[1:after_header], _NO_EXTERNAL_DATA, octets[after_header + 1 : end])
    )
    return Sign1(alg, octets[after_start:after_kid], payload, octets[-64:], signed_octets)


def _why_not(octets: bytes) -> str:
    """Which rule the start of a refused object breaks, for the person who looks into it."""
    if octets[:1] != _SIGN1:
        return "not an untagged array of four"
    try:
        protected, _ = cbor.read_byte_string(octets, 1)
        header = cbor.decode(protected, max_octets=1024)
    except Malformed as fault:
        return f"protected header: {fault}"
    if not isinstance(header, dict):
        return "the protected header is no map"
    if _LABEL_CRIT in header:
        return "a critical header parameter that is not understood"
    if set(header) != {_LABEL_KID}:
        return "the header holds something other than the key id"
    return "the key id has not eight octets"
