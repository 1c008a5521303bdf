"""Keys and signatures of the two algorithms: ES256 (P-256 with SHA-256) and SM2 with SM3.

Signatures are raw r‖s, 64 octets (RFC 9053 §2.1), never DER. One algorithm per key, fixed when the key is
read.

ECDSA is malleable: with (r, s) also (r, n − s) is valid, and browsers make either. Both are accepted, so
nothing may take the octets of a signature, or of something signed, for the identity of what was signed:
showings are told apart by phone key, time and nonce, licences by id and version. SM2 signatures do not have
this weakness.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from liangzheng.standards import sm
from liangzheng.standards.errors import BadKey, BadSignature

KID_OCTETS: Final = 8

# SubjectPublicKeyInfo of a P-256 key up to its 64 octets x‖y (RFC 5480 §2), uncompressed.
_P256_SPKI_PREFIX: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
_P256: Final = ec.SECP256R1()
_ECDSA_SHA256: Final = ec.ECDSA(hashes.SHA256())


class Alg(IntEnum):
    """COSE algorithm numbers. SM2 has none registered: the first of the private range (RFC 9053 §8, below
    −65536)."""

    ES256 = -7
    SM2 = -65537


class Signer(Protocol):
    """Something that signs with one key: a file, a token, a remote module."""

    @property
    def alg(self) -> Alg: ...

    @property
    def kid(self) -> bytes: ...

    @property
    def public_key(self) -> PublicKey: ...

    def sign(self, message: bytes) -> bytes:
        """Raw signature over `message`: r‖s, 64 octets, for both algorithms.

        Hashes inside (SM2: SM3 with the Z prefix of GB/T 32918.2 §5.5).
        """
        ...


class PublicKey:
    """A public key of one algorithm, on its curve for certain. Built by `from_spki` or `from_compressed`."""

    __slots__ = ("_native", "alg", "spki")

    alg: Alg
    spki: bytes
    _native: ec.EllipticCurvePublicKey | sm.PublicKey

    def __init__(self, alg: Alg, spki: bytes) -> None:
        """`spki`: SubjectPublicKeyInfo in DER, named curve, uncompressed point, 91 octets. Raises BadKey."""
        self.alg = alg
        self.spki = spki
        if alg is Alg.SM2:
            self._native = sm.PublicKey(spki)
        else:
            self._native = _read_p256(spki)

    @classmethod
    def from_spki(cls, spki: bytes) -> PublicKey:
        """The key in `spki`, of whichever of the two curves it names. Raises BadKey."""
        return cls(Alg.SM2 if spki.startswith(sm.SM2_SPKI_PREFIX) else Alg.ES256, spki)

    @classmethod
    def from_point(cls, alg: Alg, point: bytes) -> PublicKey:
        """From an uncompressed point, 65 octets beginning with 04 (SEC 1 §2.3.3). Raises BadKey."""
        if point[:1] != b"\x04":
            raise BadKey("not an uncompressed point")
        return cls(alg, (sm.SM2_SPKI_PREFIX if alg is Alg.SM2 else _P256_SPKI_PREFIX) + point[1:])

    @classmethod
    def from_compressed(cls, alg: Alg, compressed: bytes) -> PublicKey:
        """From 33 octets beginning with 02 or 03. The point is worked out here. Raises BadKey."""
        if alg is Alg.SM2:
            x, y = sm.decompress(compressed)
            return cls.from_point(alg, b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big"))
        point = _p256_point(compressed).public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return cls.from_point(alg, point)

    @property
    def compressed(self) -> bytes:
        """33 octets: 02 or 03 for the parity of y, then x."""
        return bytes((2 | self.spki[-1] & 1,)) + self.spki[27:59]

    @property
    def kid(self) -> bytes:
        """First eight octets of SHA-256 of the SubjectPublicKeyInfo."""
        return hashlib.sha256(self.spki).digest()[:KID_OCTETS]

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the SubjectPublicKeyInfo, 32 octets: what a verifier pins."""
        return hashlib.sha256(self.spki).digest()

    def verify(self, message: bytes, signature: bytes) -> None:
        """Nothing, when `signature` (r‖s, 64 octets) is this key's over `message`; else raises
        BadSignature."""
        if isinstance(self._native, sm.PublicKey):
            self._native.verify(message, signature)
        else:
            _verify_es256(self._native, message, signature)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and self.spki == other.spki

    def __hash__(self) -> int:
        return hash(self.spki)

    def __repr__(self) -> str:
        return f"PublicKey({self.alg.name}, kid={self.kid.hex()})"


class SoftwareSigner:
    """A key in this process's memory: for files and tests."""

    __slots__ = ("_native", "alg", "kid", "public_key")

    def __init__(self, native: ec.EllipticCurvePrivateKey | sm.PrivateKey) -> None:
        self._native = native
        if isinstance(native, sm.PrivateKey):
            self.alg = Alg.SM2
            self.public_key = PublicKey(Alg.SM2, native.public.spki)
        else:
            self.alg = Alg.ES256
            self.public_key = PublicKey(Alg.ES256, _spki_of(native.public_key()))
        self.kid = self.public_key.kid

    @classmethod
    def generate(cls, alg: Alg) -> SoftwareSigner:
        """A new key; randomness from OpenSSL."""
        return cls(sm.generate() if alg is Alg.SM2 else ec.generate_private_key(_P256))

    @classmethod
    def from_pkcs8(cls, der: bytes) -> SoftwareSigner:
        """From PKCS#8 DER, unencrypted, with nothing after it. Raises BadKey."""
        try:
            native = serialization.load_der_private_key(der, None)
        except Exception:
            # `cryptography` knows no SM2: what it cannot read is SM2 or nothing.
            return cls(sm.PrivateKey.from_pkcs8(der))
        if not isinstance(native, ec.EllipticCurvePrivateKey) or not isinstance(native.curve, ec.SECP256R1):
            raise BadKey("neither a P-256 nor an SM2 key")
        return cls(native)

    def to_pkcs8(self) -> bytes:
        """PKCS#8 DER, unencrypted: the caller keeps it from others' eyes."""
        if isinstance(self._native, sm.PrivateKey):
            return self._native.to_pkcs8()
        return self._native.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def sign(self, message: bytes) -> bytes:
        """Raw r‖s, 64 octets."""
        if isinstance(self._native, sm.PrivateKey):
            return self._native.sign(message)
        r, s = decode_dss_signature(self._native.sign(message, _ECDSA_SHA256))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def __repr__(self) -> str:
        return f"SoftwareSigner({self.alg.name}, kid={self.kid.hex()})"


def verify_compressed_es256(compressed: bytes, message: bytes, signature: bytes) -> None:
    """Check a P-256 signature under a key given as 33 octets. Raises BadKey, BadSignature.

    For keys met once, such as a phone's: goes from the octets to the check without writing the key out again.
    """
    _verify_es256(_p256_point(compressed), message, signature)


def _verify_es256(key: ec.EllipticCurvePublicKey, message: bytes, signature: bytes) -> None:
    if len(signature) != 64:
        raise BadSignature("a raw signature has 64 octets")
    # OpenSSL refuses r or s of nought, of n and above, before it does anything else.
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        key.verify(der, message, _ECDSA_SHA256)
    except InvalidSignature:
        raise BadSignature("not this key's signature") from None


def _p256_point(compressed: bytes) -> ec.EllipticCurvePublicKey:
    # With this length only 02 and 03 can stand in front: OpenSSL refuses the rest.
    if len(compressed) != 33:
        raise BadKey("not a compressed point")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_P256, compressed)
    except ValueError:
        raise BadKey("not a point of P-256") from None


def _read_p256(spki: bytes) -> ec.EllipticCurvePublicKey:
    if not spki.startswith(_P256_SPKI_PREFIX):
        raise BadKey("not an uncompressed P-256 key in its one DER form")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_P256, spki[26:])
    except ValueError:
        raise BadKey("not a point of P-256") from None


def _spki_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
