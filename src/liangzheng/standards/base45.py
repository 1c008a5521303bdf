"""Base45 (RFC 9285): octets as QR alphanumeric characters, two octets in three characters.

All pairs are worked at once, each in a lane of one big integer, so that the arithmetic runs in C.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from liangzheng.standards.errors import Malformed

ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

_BAD: Final = 0xFF
_VALUE_OF: Final = bytes(ALPHABET.index(c) if c in ALPHABET else _BAD for c in range(256))
_CHARACTER_OF: Final = ALPHABET + bytes(256 - len(ALPHABET))

# n // 45 == (n * 11651) >> 19 for every n < 65536; the product stays below 2^30: no lane of 32 bits spills
# over.
_FACTOR: Final = 11651
_SHIFT: Final = 19


def decode(text: str) -> bytes:
    """The octets that `text` stands for. Raises Malformed for a foreign character (small letters are
    foreign), a length that cannot be, or three characters worth 65536 or more."""
    try:
        values = text.encode("ascii").translate(_VALUE_OF)
    except UnicodeEncodeError:
        raise Malformed("base45: a character outside the alphabet") from None
    if _BAD in values:
        raise Malformed("base45: a character outside the alphabet")
    rest = len(values) % 3
    if rest == 1:
        raise Malformed("base45: the length cannot be")
    tail = b""
    if rest:
        last = values[-2] + 45 * values[-1]
        if last > 0xFF:
            raise Malformed("base45: the last two characters are worth more than an octet")
        tail = bytes((last,))
        values = values[:-2]
    pairs = len(values) // 3
    mask = _low_octets(pairs)
    groups = int.from_bytes(values, "big")
    total = ((groups >> 16) & mask) + 45 * ((groups >> 8) & mask) + 2025 * (groups & mask)
    octets = bytearray(total.to_bytes(3 * pairs, "big"))
    if octets[0::3].count(0) != pairs:
        raise Malformed("base45: three characters are worth more than two octets")
    del octets[0::3]
    return bytes(octets) + tail


def encode(octets: bytes) -> str:
    """`octets` in base45; always ASCII, three characters for each pair and two for a last single octet."""
    even = len(octets) & ~1
    pairs = even // 2
    total = _lanes(octets[1:even:2]) | (_lanes(octets[0:even:2]) << 8)
    # What is shifted in from the lane above stays outside these eleven bits; a quotient needs no more.
    mask = int.from_bytes(b"\xff\x07\0\0" * pairs, "little")
    quotient = (total * _FACTOR >> _SHIFT) & mask
    third = (quotient * _FACTOR >> _SHIFT) & mask
    second = quotient - 45 * third
    first = total - 45 * quotient
    values = bytearray(3 * pairs)
    for place, lane in enumerate((first, second, third)):
        values[place::3] = lane.to_bytes(4 * pairs, "little")[0::4]
    if len(octets) & 1:
        values += bytes((octets[-1] % 45, octets[-1] // 45))
    return values.translate(_CHARACTER_OF).decode("ascii")


@lru_cache(maxsize=1024)
def _low_octets(pairs: int) -> int:
    """The lowest octet of each of `pairs` lanes of three octets."""
    return int.from_bytes(b"\0\0\xff" * pairs, "big")


def _lanes(small: bytes) -> int:
    spread = bytearray(4 * len(small))
    spread[0::4] = small
    return int.from_bytes(spread, "little")
