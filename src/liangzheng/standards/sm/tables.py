"""Whether sG + tP has the x of a signature, for a key P that is met often: from multiples of G and P made once.

libcrypto doubles 256 times to get tP of a key it knows nothing about. With its own tables for both points (half a
millisecond, 70 kB a key) it adds about a hundred times and doubles sixteen: two and a half times as many checks a second.
Wide tables (25 ms, 3.5 MB) have every multiple of a point by an octet at its place in a number: 64 points are added and none
is doubled, which is half as much again. Public values only: nothing here hides how long it takes. Where libcrypto is built
without one of these functions (some are marked as old) there are no tables.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from itertools import repeat
from threading import Lock
from typing import Any, Final
from weakref import WeakSet

from liangzheng.standards.errors import BadKey, LibraryUnavailable
from liangzheng.standards.sm.curve import G, N, P
from liangzheng.standards.sm.libcrypto import ffi, libcrypto

_NID_SM2: Final = 1172
_OCTETS: Final = 32
_UNCOMPRESSED: Final = 4
_G: Final = b"\x04" + G[0].to_bytes(_OCTETS, "big") + G[1].to_bytes(_OCTETS, "big")

MOST_WIDE: Final = 32
"""Keys of a process that have wide tables at one time: 110 MB."""

Rows = list[list[Any]]


class Sums(ABC):
    """One sum at a time, its point and numbers made once."""

    __slots__ = ("__weakref__", "_context", "_lock", "_octets", "_sum", "_x", "_z")

    def __init__(self) -> None:
        library = libcrypto()
        self._context = ffi.gc(library.BN_CTX_new(), library.BN_CTX_free)
        self._sum, self._x, self._z = _point(_plain()), _number(), _number()
        self._octets = ffi.new("unsigned char[]", _OCTETS)
        self._lock = Lock()

    def fits(self, s: int, t: int, x: int) -> bool:
        """Whether the x of sG + tP is `x` modulo n, for s and t of 1 to n − 1. The point at infinity has no x."""
        library = libcrypto()
        with self._lock:
            self._add_up(s, t)
            _must(
                library.EC_POINT_get_Jprojective_coordinates_GFp(
                    _plain(), self._sum, self._x, ffi.NULL, self._z, self._context
                )
            )
            found, z = self._read(self._x), self._read(self._z)
        # The sum is (found / z², …): asked in this way it needs no inverse. An x of the curve may be n or more.
        zz, least = z * z % P, x % N
        return z != 0 and any(found == each * zz % P for each in (least, least + N) if each < P)

    def _try(self) -> None:
        """What is missing is missing now, and not when a signature waits for its answer."""
        self.fits(1, 1, 0)

    @abstractmethod
    def _add_up(self, s: int, t: int) -> None:
        """The sum is sG + tP."""

    def _read(self, number: Any) -> int:
        _must(libcrypto().BN_bn2binpad(number, self._octets, _OCTETS) == _OCTETS)
        return int.from_bytes(ffi.buffer(self._octets), "big")


class Tables(Sums):
    """libcrypto's tables for one key."""

    __slots__ = ("_group", "_multiplier", "_one", "_plus", "_with_g")

    def __init__(self, point: bytes) -> None:
        """`point`: uncompressed, 65 octets. Raises BadKey for what is no point of the curve, AttributeError where
        libcrypto has no such functions, LibraryUnavailable where they make no tables."""
        super().__init__()
        self._group = _group_around(point)
        self._multiplier = _number()
        one = ffi.gc(libcrypto().BN_bin2bn(b"\x01", 1, ffi.NULL), libcrypto().BN_free)
        g = _point_of(_plain(), _G)
        # cffi keeps what is in an array only as long as somebody else does.
        self._plus, self._one = (
            (ffi.new("EC_POINT *[1]", [self._sum]), self._sum),
            (ffi.new("BIGNUM *[1]", [one]), one),
        )
        self._with_g = (ffi.new("EC_POINT *[1]", [g]), g)
        self._try()

    def _add_up(self, s: int, t: int) -> None:
        # Asked for a multiple of its own point alone, libcrypto takes the slow way that hides the number: hence
        # tP + G first, and (s − 1)G + that.
        self._multiply(self._group, t, self._with_g[0])
        self._multiply(_around_g(), s - 1, self._plus[0])

    def _multiply(self, group: Any, number: int, plus: Any) -> None:
        """The sum is `number` times the group's point, and `plus`."""
        library = libcrypto()
        library.BN_bin2bn(number.to_bytes(_OCTETS, "big"), _OCTETS, self._multiplier)
        _must(library.EC_POINTs_mul(group, self._sum, self._multiplier, 1, plus, self._one[0], self._context))


class WideTables(Sums):
    """Wide tables of one key."""

    __slots__ = ("_rows",)

    def __init__(self, point: bytes) -> None:
        """As `Tables`. Raises LibraryUnavailable also where as many keys as may have wide tables already."""
        if len(_WIDE) >= MOST_WIDE:
            raise LibraryUnavailable("wide tables of enough keys")
        super().__init__()
        self._rows = _rows_of_g() + _rows_of(point)
        self._try()
        _WIDE.add(self)

    def _add_up(self, s: int, t: int) -> None:
        library, curve, total = libcrypto(), _plain(), self._sum
        octets = s.to_bytes(_OCTETS, "little") + t.to_bytes(_OCTETS, "little")
        points = [row[octet] for row, octet in zip(self._rows, octets, strict=True) if octet]
        begun = library.EC_POINT_set_to_infinity(curve, total)
        # Sixty-four calls in a row: `map` makes them without a step of Python between.
        added = map(
            library.EC_POINT_add, repeat(curve), repeat(total), repeat(total), points, repeat(self._context)
        )
        _must(begun and all(added))


_WIDE: Final[WeakSet[WideTables]] = WeakSet()


@cache
def _rows_of_g() -> Rows:
    return _rows_of(_G)


def _rows_of(octets: bytes) -> Rows:
    """Row i holds 0 (None) to 255 times 256^i times the point, as x and y."""
    library, curve = libcrypto(), _plain()
    context = ffi.gc(library.BN_CTX_new(), library.BN_CTX_free)
    start, rows, good = _point_of(curve, octets), [], True
    for _ in range(_OCTETS):
        row = [start]
        while len(row) < 256:
            row.append(_point(curve))
            good &= library.EC_POINT_add(curve, row[-1], row[-2], start, context)
        start = row.pop()
        rows.append(row)
    every = [point for row in rows for point in row]
    # What has a z of one is added for two thirds of the work.
    _must(good and library.EC_POINTs_make_affine(curve, len(every), ffi.new("EC_POINT *[]", every), context))
    return [[None, *row] for row in rows]


@cache
def _plain() -> Any:
    """The curve."""
    library = libcrypto()
    return ffi.gc(library.EC_GROUP_new_by_curve_name(_NID_SM2), library.EC_GROUP_free)


@cache
def _around_g() -> Any:
    return _group_around(_G)


def _group_around(point: bytes) -> Any:
    """The curve, with `point` for its generator, and libcrypto's tables of that."""
    library = libcrypto()
    context = ffi.gc(library.BN_CTX_new(), library.BN_CTX_free)
    group = ffi.gc(library.EC_GROUP_new_by_curve_name(_NID_SM2), library.EC_GROUP_free)
    order, cofactor = library.EC_GROUP_get0_order(group), library.EC_GROUP_get0_cofactor(group)
    good = (
        library.EC_GROUP_set_generator(group, _point_of(group, point), order, cofactor) == 1
        and library.EC_GROUP_precompute_mult(group, context) == 1
        and library.EC_GROUP_have_precompute_mult(group) == 1
    )
    if not good:
        library.ERR_clear_error()
        raise LibraryUnavailable("libcrypto makes no tables")
    return group


def _point_of(group: Any, octets: bytes) -> Any:
    point = _point(group)
    good = libcrypto().EC_POINT_oct2point(group, point, octets, len(octets), ffi.NULL) == 1
    if not good or octets[0] != _UNCOMPRESSED:
        libcrypto().ERR_clear_error()
        raise BadKey("not a point of its curve")
    return point


def _point(group: Any) -> Any:
    library = libcrypto()
    return ffi.gc(library.EC_POINT_new(group), library.EC_POINT_free)


def _number() -> Any:
    library = libcrypto()
    return ffi.gc(library.BN_new(), library.BN_free)


def _must(good: object) -> None:
    """libcrypto adds points of its curve unless there is no memory for it."""
    if not good:
        libcrypto().ERR_clear_error()
        raise LibraryUnavailable("libcrypto could not add points of its curve")
