"""The system's libcrypto through cffi, in ABI mode: no compiler at install, security updates of the
distribution.

`LZ_LIBCRYPTO` names another library (Tongsuo, a newer OpenSSL), which may be several times faster at SM2.
"""

from __future__ import annotations

import ctypes.util
import os
from functools import cache
from typing import Any, Final

from cffi import FFI

from liangzheng.standards.errors import LibraryUnavailable

ENVIRONMENT_NAME: Final = "LZ_LIBCRYPTO"
_COMMON_NAMES: Final = ("libcrypto.so.3", "libcrypto.so", "libcrypto.3.dylib", "libcrypto.dylib")

_DECLARATIONS: Final = """
    typedef ... EVP_PKEY; typedef ... EVP_PKEY_CTX; typedef ... EVP_MD;
    typedef ... PKCS8_PRIV_KEY_INFO; typedef ... ENGINE; typedef ... OSSL_LIB_CTX;
    unsigned long OpenSSL_version_num(void);
    void ERR_clear_error(void);
    EVP_MD *EVP_MD_fetch(OSSL_LIB_CTX *libctx, const char *algorithm, const char *properties);
    int EVP_Digest(const void *octets, size_t count, unsigned char *md, unsigned int *size,
                   const EVP_MD *type, ENGINE *impl);
    EVP_PKEY *EVP_PKEY_Q_keygen(OSSL_LIB_CTX *libctx, const char *propq, const char *type, ...);
    EVP_PKEY *d2i_PUBKEY(EVP_PKEY **a, const unsigned char **pp, long length);
    int i2d_PUBKEY(EVP_PKEY *a, unsigned char **pp);
    EVP_PKEY *d2i_AutoPrivateKey(EVP_PKEY **a, const unsigned char **pp, long length);
    PKCS8_PRIV_KEY_INFO *EVP_PKEY2PKCS8(const EVP_PKEY *pkey);
    int i2d_PKCS8_PRIV_KEY_INFO(PKCS8_PRIV_KEY_INFO *a, unsigned char **pp);
    void PKCS8_PRIV_KEY_INFO_free(PKCS8_PRIV_KEY_INFO *a);
    void EVP_PKEY_free(EVP_PKEY *pkey);
    EVP_PKEY_CTX *EVP_PKEY_CTX_new(EVP_PKEY *pkey, ENGINE *e);
    void EVP_PKEY_CTX_free(EVP_PKEY_CTX *ctx);
    int EVP_PKEY_sign_init(EVP_PKEY_CTX *ctx);
    int EVP_PKEY_sign(EVP_PKEY_CTX *ctx, unsigned char *sig, size_t *siglen,
                      const unsigned char *tbs, size_t tbslen);
    int EVP_PKEY_verify_init(EVP_PKEY_CTX *ctx);
    int EVP_PKEY_verify(EVP_PKEY_CTX *ctx, const unsigned char *sig, size_t siglen,
                        const unsigned char *tbs, size_t tbslen);
"""

ffi: Final = FFI()
ffi.cdef(_DECLARATIONS)


@cache
def libcrypto() -> Any:
    """The library, loaded once. Raises LibraryUnavailable naming every path that was tried."""
    named = os.environ.get(ENVIRONMENT_NAME)
    found = ctypes.util.find_library("crypto")
    candidates = (named,) if named else tuple(name for name in (found, *_COMMON_NAMES) if name)
    faults = []
    for name in candidates:
        try:
            library = ffi.dlopen(name)
            _check(library)
        except (OSError, AttributeError, LibraryUnavailable) as fault:
            faults.append(f"{name}: {fault}")
        else:
            return library
    raise LibraryUnavailable(
        f"SM2 and SM3 need OpenSSL 3.0 or later as a shared library; set {ENVIRONMENT_NAME} to its path. "
        f"Tried {'; '.join(faults)}"
    )


def _check(library: Any) -> None:
    if library.OpenSSL_version_num() < 0x30000000:
        raise LibraryUnavailable("older than 3.0")
    key = library.EVP_PKEY_Q_keygen(ffi.NULL, ffi.NULL, b"SM2")
    if key == ffi.NULL:
        library.ERR_clear_error()
        raise LibraryUnavailable("built without SM2")
    library.EVP_PKEY_free(key)
