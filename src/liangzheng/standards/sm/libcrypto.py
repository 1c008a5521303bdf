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

# Marked as old since 3.0 and not in every build: tables.py goes without where one is missing.
_DECLARATIONS_OF_TABLES: Final = """
    typedef ... EC_GROUP; typedef ... EC_POINT; typedef ... BIGNUM; typedef ... BN_CTX;
    EC_GROUP *EC_GROUP_new_by_curve_name(int nid);
    void EC_GROUP_free(EC_GROUP *group);
    int EC_GROUP_set_generator(EC_GROUP *group, const EC_POINT *generator, const BIGNUM *order, const BIGNUM *cofactor);
    const BIGNUM *EC_GROUP_get0_order(const EC_GROUP *group);
    const BIGNUM *EC_GROUP_get0_cofactor(const EC_GROUP *group);
    int EC_GROUP_precompute_mult(EC_GROUP *group, BN_CTX *ctx);
    int EC_GROUP_have_precompute_mult(const EC_GROUP *group);
    EC_POINT *EC_POINT_new(const EC_GROUP *group);
    void EC_POINT_free(EC_POINT *point);
    int EC_POINT_oct2point(const EC_GROUP *group, EC_POINT *p, const unsigned char *buf, size_t len, BN_CTX *ctx);
    int EC_POINT_set_to_infinity(const EC_GROUP *group, EC_POINT *point);
    int EC_POINT_add(const EC_GROUP *group, EC_POINT *r, const EC_POINT *a, const EC_POINT *b, BN_CTX *ctx);
    int EC_POINTs_mul(const EC_GROUP *group, EC_POINT *r, const BIGNUM *n, size_t num, const EC_POINT *p[],
                      const BIGNUM *m[], BN_CTX *ctx);
    int EC_POINTs_make_affine(const EC_GROUP *group, size_t num, EC_POINT *points[], BN_CTX *ctx);
    int EC_POINT_get_Jprojective_coordinates_GFp(const EC_GROUP *group, const EC_POINT *p, BIGNUM *x, BIGNUM *y,
                                                 BIGNUM *z, BN_CTX *ctx);
    BIGNUM *BN_new(void);
    void BN_free(BIGNUM *n);
    BIGNUM *BN_bin2bn(const unsigned char *s, int len, BIGNUM *ret);
    int BN_bn2binpad(const BIGNUM *a, unsigned char *to, int tolen);
    BN_CTX *BN_CTX_new(void);
    void BN_CTX_free(BN_CTX *ctx);
"""

ffi: Final = FFI()
ffi.cdef(_DECLARATIONS)
ffi.cdef(_DECLARATIONS_OF_TABLES)


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
