"""SM3 (GB/T 32905-2016), a hash of 32 octets."""

from __future__ import annotations

from functools import cache
from typing import Any

from liangzheng.standards.errors import LibraryUnavailable
from liangzheng.standards.sm.libcrypto import ffi, libcrypto


def sm3(octets: bytes) -> bytes:
    """SM3 of `octets`, 32 octets."""
    digest = ffi.new("unsigned char[32]")
    if libcrypto().EVP_Digest(octets, len(octets), digest, ffi.NULL, _method(), ffi.NULL) != 1:
        raise LibraryUnavailable("libcrypto refused SM3")
    return bytes(ffi.buffer(digest))


@cache
def _method() -> Any:
    return libcrypto().EVP_MD_fetch(ffi.NULL, b"SM3", ffi.NULL)
