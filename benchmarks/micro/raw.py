"""The limits of the micro benchmarks: one bare signature or check by the library that the platform uses.

ES256: `sign` and `verify` of `cryptography` on keys already read. SM2: the calls `openssl speed` makes
(context, init, identity, one-shot sign or verify), on keys already read, from the same libcrypto through cffi.
"""

from __future__ import annotations

import ctypes.util
import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from cffi import FFI
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from liangzheng.standards.keys import Alg, PublicKey, SoftwareSigner
from liangzheng.standards.sm.libcrypto import ENVIRONMENT_NAME
from liangzheng.standards.sm.sm2 import SIGNER_ID

_ECDSA = ec.ECDSA(hashes.SHA256())

ffi = FFI()
ffi.cdef("""
    typedef ... EVP_PKEY; typedef ... EVP_PKEY_CTX; typedef ... EVP_MD_CTX; typedef ... EVP_MD;
    typedef ... ENGINE;
    const EVP_MD *EVP_sm3(void);
    EVP_PKEY *d2i_PUBKEY(EVP_PKEY **a, const unsigned char **pp, long length);
    EVP_PKEY *d2i_AutoPrivateKey(EVP_PKEY **a, const unsigned char **pp, long length);
    void EVP_PKEY_free(EVP_PKEY *pkey);
    EVP_MD_CTX *EVP_MD_CTX_new(void);
    void EVP_MD_CTX_free(EVP_MD_CTX *ctx);
    int EVP_PKEY_CTX_set1_id(EVP_PKEY_CTX *ctx, const void *id, size_t length);
    int EVP_DigestSignInit(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const EVP_MD *type,
                           ENGINE *e, EVP_PKEY *pkey);
    int EVP_DigestSign(EVP_MD_CTX *ctx, unsigned char *sig, size_t *siglen,
                       const unsigned char *tbs, size_t tbslen);
    int EVP_DigestVerifyInit(EVP_MD_CTX *ctx, EVP_PKEY_CTX **pctx, const EVP_MD *type,
                             ENGINE *e, EVP_PKEY *pkey);
    int EVP_DigestVerify(EVP_MD_CTX *ctx, const unsigned char *sig, size_t siglen,
                         const unsigned char *tbs, size_t tbslen);
""")


@cache
def libcrypto() -> Any:
    """The library the platform takes, with the calls it does not need."""
    return ffi.dlopen(os.environ.get(ENVIRONMENT_NAME) or ctypes.util.find_library("crypto"))


def sign(signer: SoftwareSigner, messages: Sequence[bytes]) -> Callable[[int], object]:
    """Signs message number i."""
    if signer.alg is Alg.ES256:
        key = load_der_private_key(signer.to_pkcs8(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return lambda i: key.sign(messages[i], _ECDSA)
    return _sm2_sign(signer, messages)


def verify(key: PublicKey, messages: Sequence[bytes], signatures: Sequence[bytes]) -> Callable[[int], object]:
    """Checks signature number i over message number i."""
    ders = [
        encode_dss_signature(int.from_bytes(s[:32], "big"), int.from_bytes(s[32:], "big")) for s in signatures
    ]
    if key.alg is Alg.ES256:
        native = load_der_public_key(key.spki)
        assert isinstance(native, ec.EllipticCurvePublicKey)
        return lambda i: native.verify(ders[i], messages[i], _ECDSA)
    return _sm2_verify(key, messages, ders)


def _sm2_sign(signer: SoftwareSigner, messages: Sequence[bytes]) -> Callable[[int], object]:
    library = libcrypto()
    key = _read(library.d2i_AutoPrivateKey, signer.to_pkcs8())
    signature = ffi.new("unsigned char[72]")

    def one(i: int) -> None:
        length = ffi.new("size_t *", 72)
        context = _begun(library.EVP_DigestSignInit, key)
        good = library.EVP_DigestSign(context, signature, length, messages[i], len(messages[i]))
        library.EVP_MD_CTX_free(context)
        assert good == 1

    return one


def _sm2_verify(key: PublicKey, messages: Sequence[bytes], ders: Sequence[bytes]) -> Callable[[int], object]:
    library = libcrypto()
    native = _read(library.d2i_PUBKEY, key.spki)

    def one(i: int) -> None:
        context = _begun(library.EVP_DigestVerifyInit, native)
        good = library.EVP_DigestVerify(context, ders[i], len(ders[i]), messages[i], len(messages[i]))
        library.EVP_MD_CTX_free(context)
        assert good == 1

    return one


def _begun(initialise: Any, key: Any) -> Any:
    library = libcrypto()
    context = library.EVP_MD_CTX_new()
    parameters = ffi.new("EVP_PKEY_CTX **")
    assert initialise(context, parameters, library.EVP_sm3(), ffi.NULL, key) == 1
    assert library.EVP_PKEY_CTX_set1_id(parameters[0], SIGNER_ID, len(SIGNER_ID)) == 1
    return context


def _read(read: Any, der: bytes) -> Any:
    place = ffi.new("const unsigned char **", ffi.from_buffer("unsigned char[]", der))
    return ffi.gc(read(ffi.NULL, place, len(der)), libcrypto().EVP_PKEY_free)
