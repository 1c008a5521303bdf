"""sG + tP for a key P that is met often, from tables of multiples of G and P made once (half a millisecond, 70 kB).

libcrypto doubles 256 times to get tP of a key it knows nothing about. With its tables for both points it adds about a
hundred times and doubles sixteen: two and a half times as many checks a second. Public values only: nothing here hides
how long it takes. Where libcrypto is built without these functions (they are marked as old) there are no tables.
"""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any, Final

from liangzheng.standards.errors import BadKey, LibraryUnavailable
from liangzheng.standards.sm.curve import G
from liangzheng.standards.sm.libcrypto import ffi, libcrypto

_NID_SM2: Final = 1172
_UNCOMPRESSED: Final = 4


class Tables:
    """Tables of one key."""

    __slots__ = ("_context", "_group", "_lock", "_number", "_octets", "_one", "_plus", "_sum", "_with_g")

    def __init__(self, point: bytes) -> None:
        """`point`: uncompressed, 65 octets. Raises BadKey for what is no point of the curve, AttributeError where
        libcrypto has no such functions, LibraryUnavailable where they make no tables."""
        library = libcrypto()
        self._context = ffi.gc(library.BN_CTX_new(), library.BN_CTX_free)
        self._group = _group_around(point, self._context)
        self._sum, self._number = _point(self._group), ffi.gc(library.BN_new(), library.BN_free)
        self._octets = ffi.new("unsigned char[65]")
        one = ffi.gc(library.BN_bin2bn(b"\x01", 1, ffi.NULL), library.BN_free)
        g = _read(_curve(), _G, self._context)
        # cffi keeps what is in an array only as long as somebody else does.
        self._plus, self._one = (
            (ffi.new("EC_POINT *[1]", [self._sum]), self._sum),
            (ffi.new("BIGNUM *[1]", [one]), one),
        )
        self._with_g = (ffi.new("EC_POINT *[1]", [g]), g)
        self._lock = Lock()

    def x_of_sum(self, s: int, t: int) -> int | None:
        """The x of sG + tP, for s and t of 1 to n − 1; None when the sum is the point at infinity."""
        library = libcrypto()
        with self._lock:
            # Asked for a multiple of its own point alone, libcrypto takes the slow way that hides the number: hence
            # tP + G first, and (s − 1)G + that.
            self._multiply(self._group, t, self._with_g[0])
            self._multiply(_curve(), s - 1, self._plus[0])
            count = library.EC_POINT_point2oct(
                _curve(), self._sum, _UNCOMPRESSED, self._octets, 65, self._context
            )
            # Infinity is one octet.
            return int.from_bytes(ffi.buffer(self._octets)[1:33], "big") if count == 65 else None

    def _multiply(self, group: Any, number: int, plus: Any) -> None:
        """The sum is `number` times the group's point, and `plus`."""
        library = libcrypto()
        library.BN_bin2bn(number.to_bytes(32, "big"), 32, self._number)
        done = library.EC_POINTs_mul(group, self._sum, self._number, 1, plus, self._one[0], self._context)
        assert done == 1, "libcrypto adds points of its curve"


_G: Final = b"\x04" + G[0].to_bytes(32, "big") + G[1].to_bytes(32, "big")


@cache
def _curve() -> Any:
    """The curve with tables of G."""
    return _group_around(_G, ffi.gc(libcrypto().BN_CTX_new(), libcrypto().BN_CTX_free))


def _group_around(point: bytes, context: Any) -> Any:
    """The curve, with `point` for its generator, and tables of that."""
    library = libcrypto()
    group = ffi.gc(library.EC_GROUP_new_by_curve_name(_NID_SM2), library.EC_GROUP_free)
    order, cofactor = library.EC_GROUP_get0_order(group), library.EC_GROUP_get0_cofactor(group)
    good = (
        library.EC_GROUP_set_generator(group, _read(group, point, context), order, cofactor) == 1
        and library.EC_GROUP_precompute_mult(group, context) == 1
        and library.EC_GROUP_have_precompute_mult(group) == 1
    )
    if not good:
        library.ERR_clear_error()
        raise LibraryUnavailable("libcrypto makes no tables")
    return group


def _read(group: Any, octets: bytes, context: Any) -> Any:
    point = _point(group)
    if libcrypto().EC_POINT_oct2point(group, point, octets, len(octets), context) != 1:
        libcrypto().ERR_clear_error()
        raise BadKey("not a point of its curve")
    return point


def _point(group: Any) -> Any:
    library = libcrypto()
    return ffi.gc(library.EC_POINT_new(group), library.EC_POINT_free)
