"""CBOR in its one deterministic form (RFC 8949 §4.2.1), on cbor2, and nothing else.

Everything signed here is hashed as it arrived, so a value must have one encoding only: lengths and integers
are minimal, maps are sorted by their encoded keys, no key stands twice, nothing follows the value. Tags,
floats, `undefined`, indefinite lengths and integers beyond 64 bits are refused; so are size and depth
beyond the limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

import cbor2

from liangzheng.standards.errors import Malformed

MAX_OCTETS: Final = 1 << 20
MAX_DEPTH: Final = 8


class _NoTags(Mapping[int, Any]):
    """Handed to cbor2 as its table of tags: whatever tag is looked up is refused, so that none is ever
    decoded."""

    def __getitem__(self, tag: int) -> NoReturn:
        raise Malformed(f"cbor: tag {tag} is not allowed")

    def __iter__(self) -> Iterator[int]:
        return iter(())

    def __len__(self) -> int:
        return 0


_NO_TAGS: Final = _NoTags()


def decode(octets: bytes, *, max_octets: int = MAX_OCTETS, max_depth: int = MAX_DEPTH) -> Any:
    """The value in `octets`: int, bytes, str, list, dict, bool or None. Raises Malformed unless the octets
    are its deterministic encoding and nothing more."""
    value = decode_unchecked(octets, max_octets=max_octets, max_depth=max_depth)
    if encode(value) != octets:
        raise Malformed("cbor: not the deterministic encoding of one value")
    return value


def decode_unchecked(octets: bytes, *, max_octets: int = MAX_OCTETS, max_depth: int = MAX_DEPTH) -> Any:
    """As `decode`, without the comparison. For callers that encode what they made of the value and compare that
    with `octets`: it is the comparison that refuses trailing octets, long forms and unsorted maps."""
    if len(octets) > max_octets:
        raise Malformed(f"cbor: {len(octets)} octets, at most {max_octets} are read")
    try:
        return cbor2.loads(
            octets,
            semantic_decoders=_NO_TAGS,
            max_depth=max_depth,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
    except Exception as fault:
        # cbor2 raises its own errors and, for hostile input, TypeError, MemoryError or OverflowError.
        if isinstance(fault.__cause__, Malformed):
            raise fault.__cause__ from None
        raise Malformed(f"cbor: {_first_words(fault)}") from None


def encode(value: Any) -> bytes:
    """The deterministic encoding of `value`. Raises Malformed for a type CBOR has here no place for."""
    parts: list[bytes] = []
    _encode(value, parts, MAX_DEPTH + 8)
    return b"".join(parts)


def _encode(value: Any, parts: list[bytes], depth: int) -> None:
    if depth == 0:
        raise Malformed("cbor: nested too deep")
    kind = type(value)
    if kind is int:
        parts.append(head(0, value) if value >= 0 else head(1, -1 - value))
    elif kind is bytes:
        parts += (head(2, len(value)), value)
    elif kind is str:
        octets = value.encode()
        parts += (head(3, len(octets)), octets)
    elif kind is list:
        parts.append(head(4, len(value)))
        for item in value:
            _encode(item, parts, depth - 1)
    elif kind is dict:
        parts.append(head(5, len(value)))
        for key in sorted(value, key=_encoded_key):
            parts.append(_encoded_key(key))
            _encode(value[key], parts, depth - 1)
    elif value is True or value is False or value is None:
        parts.append(b"\xf6" if value is None else b"\xf5" if value else b"\xf4")
    else:
        raise Malformed(f"cbor: a {kind.__name__} has no place here")


def _encoded_key(key: Any) -> bytes:
    # Nothing but these two: True == 1 in Python, so a map could otherwise hold two keys that look the same
    # to us.
    if type(key) is not int and type(key) is not str:
        raise Malformed(f"cbor: a {type(key).__name__} is no key of a map")
    return encode(key)


def head(major: int, argument: int) -> bytes:
    """First octets of an item: major type 0–7 and its shortest argument. Raises Malformed beyond 64 bits."""
    top = major << 5
    if argument < 24:
        return bytes((top | argument,))
    if argument < 0x100:
        return bytes((top | 24, argument))
    if argument < 0x10000:
        return bytes((top | 25,)) + argument.to_bytes(2, "big")
    if argument < 0x100000000:
        return bytes((top | 26,)) + argument.to_bytes(4, "big")
    if argument < 0x10000000000000000:
        return bytes((top | 27,)) + argument.to_bytes(8, "big")
    raise Malformed("cbor: an integer beyond 64 bits")


def byte_string(octets: bytes) -> bytes:
    """`octets` as a CBOR byte string."""
    return head(2, len(octets)) + octets


def read_argument(octets: bytes, at: int, major: int) -> tuple[int, int]:
    """Argument of the item of type `major` that begins at `at`, and the place after its head.

    Raises Malformed for another type, a longer form than needed, or an end too soon.
    """
    try:
        low = octets[at] - (major << 5)
    except IndexError:
        raise Malformed("cbor: ends too soon") from None
    if 0 <= low < 24:
        return low, at + 1
    if not 24 <= low <= 27:
        raise Malformed(f"cbor: not an item of major type {major}")
    end = at + 1 + (1 << (low - 24))
    argument = int.from_bytes(octets[at + 1 : end], "big")
    if end > len(octets):
        raise Malformed("cbor: ends too soon")
    if argument < (24, 0x100, 0x10000, 0x100000000)[low - 24]:
        raise Malformed("cbor: a longer form than needed")
    return argument, end


def read_byte_string(octets: bytes, at: int) -> tuple[bytes, int]:
    """The byte string that begins at `at`, and the place after it. Raises Malformed as `read_argument`."""
    length, start = read_argument(octets, at, 2)
    end = start + length
    if end > len(octets):
        raise Malformed("cbor: ends too soon")
    return octets[start:end], end


def _first_words(fault: Exception) -> str:
    """What kind of fault, without its text: that may quote the input, and the input may hold a name."""
    return {"CBORDecodeEOF": "ends too soon"}.get(type(fault).__name__, "not well-formed or not allowed")
