"""SM2 signatures with SM3 (GB/T 32918.2-2016), signer identity 1234567812345678 (GB/T 35276), raw r‖s.

What is signed is e = SM3(Z ‖ message), and Z (§5.5) holds the identity, the curve and the key. Z is made here,
once for each key, and libcrypto signs and checks e: so the identity is always ours, where OpenSSL left alone takes
an empty one, and a key in a hardware module (GM/T 0018, which signs e) is used in the same way.

Unlike ECDSA, SM2 signatures cannot be turned into a second valid one by taking n − s: t = r + s enters the check.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from liangzheng.standards.errors import BadKey, BadSignature, LibraryUnavailable
from liangzheng.standards.sm.curve import SM2_SPKI_PREFIX, A, B, G, N
from liangzheng.standards.sm.hash import sm3
from liangzheng.standards.sm.libcrypto import ffi, libcrypto
from liangzheng.standards.sm.tables import Sums, Tables, WideTables

SIGNER_ID: Final = b"1234567812345678"

# Z = SM3(length of the identity in bits ‖ identity ‖ a ‖ b ‖ G ‖ the key's point), GB/T 32918.2 §5.5.
_Z_START: Final = (
    (8 * len(SIGNER_ID)).to_bytes(2, "big")
    + SIGNER_ID
    + b"".join(number.to_bytes(32, "big") for number in (A, B, *G))
)
_MAX_DER_SIGNATURE: Final = 72

OFTEN: Final = 8
"""The check from which on a key has tables, which cost what two checks do and 70 kB."""

VERY_OFTEN: Final = 1_000
"""The check from which on it has wide tables, which have paid for their 25 ms after a thousand more."""


class PublicKey:
    """An SM2 public key held by libcrypto."""

    __slots__ = ("_checked", "_context", "_key", "_library", "_lock", "_tables", "_z", "spki")

    def __init__(self, spki: bytes) -> None:
        """From the one DER form that is read: uncompressed, named curve, 91 octets. Raises BadKey."""
        if not spki.startswith(SM2_SPKI_PREFIX):
            raise BadKey("not an uncompressed SM2 key in its one DER form")
        library = libcrypto()
        self.spki = spki
        self._z = sm3(_Z_START + spki[27:])
        self._library = library
        self._key = _read_key(library.d2i_PUBKEY, spki)
        self._context = _context(self._key, library.EVP_PKEY_verify_init)
        self._lock = Lock()
        self._checked = 0
        self._tables: Sums | None = None

    def digest(self, message: bytes) -> bytes:
        """e: what a signer with this key signs for `message`, 32 octets."""
        return sm3(self._z + message)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Nothing, when `signature` (r‖s, 64 octets) is this key's over `message`; else raises
        BadSignature."""
        if len(signature) != 64:
            raise BadSignature("a raw signature has 64 octets")
        r = int.from_bytes(signature[:32], "big")
        s = int.from_bytes(signature[32:], "big")
        if not (0 < r < N and 0 < s < N) or r + s == N:
            raise BadSignature("r or s outside its range")
        e = sm3(self._z + message)
        if self._checked < VERY_OFTEN:
            self._count()
        if self._tables is not None:
            # GB/T 32918.2 §7.1, B5 to B7: r − e is the x of sG + tP.
            if not self._tables.fits(s, (r + s) % N, r - int.from_bytes(e, "big")):
                raise BadSignature("not this key's signature")
            return
        der = encode_dss_signature(r, s)
        # libcrypto's context may be used by one thread at a time.
        with self._lock:
            good = self._library.EVP_PKEY_verify(self._context, der, len(der), e, len(e)) == 1
        if not good:
            self._library.ERR_clear_error()
            raise BadSignature("not this key's signature")

    def _count(self) -> None:
        """One check more, and the tables that come with it. Threads may count past one another; whoever comes to a number
        makes its tables."""
        self._checked = count = self._checked + 1
        kind = {OFTEN: Tables, VERY_OFTEN: WideTables}.get(count)
        if kind is not None:
            # Without them it goes as before.
            with suppress(AttributeError, LibraryUnavailable):
                self._tables = kind(self.spki[len(SM2_SPKI_PREFIX) - 1 :])


class PrivateKey:
    """An SM2 private key held by libcrypto; its number never becomes a Python value except in `to_pkcs8`."""

    __slots__ = ("_context", "_key", "_lock", "public")

    def __init__(self, key: Any) -> None:
        library = libcrypto()
        self._key = key
        self._context = _context(key, library.EVP_PKEY_sign_init)
        self._lock = Lock()
        self.public = PublicKey(_written(library.i2d_PUBKEY, key))

    @classmethod
    def from_pkcs8(cls, der: bytes) -> PrivateKey:
        """From PKCS#8 DER with nothing after it. Raises BadKey for another curve or a damaged key."""
        read = cls(_read_key(libcrypto().d2i_AutoPrivateKey, der))
        try:
            # libcrypto does not ask whether number and point belong together.
            read.public.verify(b"", read.sign(b""))
        except BadSignature:
            raise BadKey("private and public key do not belong together") from None
        return read

    def to_pkcs8(self) -> bytes:
        """PKCS#8 DER, unencrypted."""
        library = libcrypto()
        wrapped = ffi.gc(library.EVP_PKEY2PKCS8(self._key), library.PKCS8_PRIV_KEY_INFO_free)
        return _written(library.i2d_PKCS8_PRIV_KEY_INFO, wrapped)

    def sign(self, message: bytes) -> bytes:
        """Raw r‖s, 64 octets, over SM3(Z ‖ message). The random number is libcrypto's."""
        library = libcrypto()
        e = self.public.digest(message)
        signature = ffi.new("unsigned char[]", _MAX_DER_SIGNATURE)
        length = ffi.new("size_t *", _MAX_DER_SIGNATURE)
        with self._lock:
            good = library.EVP_PKEY_sign(self._context, signature, length, e, len(e)) == 1
        if not good:
            library.ERR_clear_error()
            raise LibraryUnavailable("libcrypto could not sign with SM2")
        r, s = decode_dss_signature(ffi.buffer(signature, length[0])[:])
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def generate() -> PrivateKey:
    """A new key from libcrypto's own random generator."""
    library = libcrypto()
    return PrivateKey(ffi.gc(library.EVP_PKEY_Q_keygen(ffi.NULL, ffi.NULL, b"SM2"), library.EVP_PKEY_free))


def _context(key: Any, initialise: Any) -> Any:
    library = libcrypto()
    context = ffi.gc(library.EVP_PKEY_CTX_new(key, ffi.NULL), library.EVP_PKEY_CTX_free)
    if initialise(context) != 1:
        library.ERR_clear_error()
        raise LibraryUnavailable("libcrypto refused SM2")
    return context


def _read_key(read: Any, der: bytes) -> Any:
    """The key in `der`, which has nothing after it. That the curve is SM2's is seen by its public key."""
    library = libcrypto()
    octets = ffi.from_buffer("unsigned char[]", der)
    place = ffi.new("const unsigned char **", octets)
    key = ffi.gc(read(ffi.NULL, place, len(der)), library.EVP_PKEY_free)
    library.ERR_clear_error()
    if key == ffi.NULL or place[0] - octets != len(der):
        raise BadKey("not a point of its curve, or not a key with nothing after it")
    return key


def _written(write: Any, value: Any) -> bytes:
    length = write(value, ffi.NULL)
    octets = ffi.new("unsigned char[]", length)
    write(value, ffi.new("unsigned char **", octets))
    return bytes(ffi.buffer(octets))
