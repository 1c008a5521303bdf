"""Codes changed at random, but the same for the same seed: by their characters, by their octets, and in what issuer,
status signer and phone then signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from liangzheng.standards import base45, cbor, cose
from liangzheng.standards.keys import SoftwareSigner
from tests.standards.making import AT, DAY, HOUR, LICENCE_ID, SNAPSHOT, Deployment
from tests.standards.showings.frame import P256_N, code_of, device_signed, octets_of, parts_of

Splice = tuple[int, int, str]
"""Where, how many are taken out, and what is put in."""

# First octets of CBOR items with something peculiar about them: long forms, indefinite lengths, tags, floats.
_HEADS = bytes.fromhex(
    "00 17 18 19 1a 1b 1c 1f 20 38 40 58 5b 5f 60 78 7b 7f 80 9f a0 bf c0 d2 f4 f5 f6 f7 f8 fb ff"
)
_CHARACTERS = "09AZ $%*+-./:az_é\n\u0661\U00020000"

_TEXTS = (
    "",
    "A",
    "a",
    "C1",
    "张" * 50,
    "张" * 51,
    "张\u200b",
    "\ufeff张",
    "\u061c",
    "\U00020bb7",
    "\x7f",
    "1",
    "C1 ",
    "*",
)
_NUMBERS = (
    "320***********1234",
    "3201234",
    "320**********1234",
    "",
    "1",
    "*" * 11,
    "320" + "*" * 11,
    "张*" * 9,
)
_UINTS = (
    0,
    1,
    2,
    3,
    23,
    24,
    255,
    256,
    999,
    1000,
    65535,
    65536,
    2**32 - 1,
    2**32,
    2**51 - 1,
    2**51,
    2**53 - 1,
    2**53,
)
_DAYS = (0, 18787, 20613, 2932896, 2932897, 2**32, -1)
_ODD: tuple[Any, ...] = (None, True, False, -1, b"", b"\0" * 16, "x", [], {}, 2**64 - 1)


def text_splices(random: Random, code: str) -> Iterator[Splice]:
    """Changes of the characters of `code`, without end."""
    while True:
        at = random.randrange(len(code))
        yield random.choice(
            (
                (at, 1, random.choice(_CHARACTERS)),
                (at, 1, code[at].swapcase()),
                (at, 0, random.choice(_CHARACTERS)),
                (at, 1, ""),
                (at, 3, ""),
                (at, len(code), ""),
                (0, at, ""),
                (at, 2, code[at : at + 2][::-1]),
            )
        )


def octet_splices(random: Random, octets: bytes) -> Iterator[Splice]:
    """Changes of `octets`, without end; what is put in is hex."""
    while True:
        at = random.randrange(len(octets))
        some = octets[at : at + random.randrange(1, 9)]
        yield random.choice(
            (
                (at, 1, bytes((octets[at] ^ 1 << random.randrange(8),)).hex()),
                (at, 1, random.randbytes(1).hex()),
                (at, 1, bytes((random.choice(_HEADS),)).hex()),
                (at, 0, random.randbytes(1).hex()),
                (at, 0, some.hex()),
                (at, len(some), ""),
                (at, len(some), random.randbytes(len(some)).hex()),
            )
        )


def applied(octets: bytes, splice: Splice) -> bytes:
    at, taken, put = splice
    return octets[:at] + bytes.fromhex(put) + octets[at + taken :]


def applied_to_text(text: str, splice: Splice) -> str:
    at, taken, put = splice
    return text[:at] + put + text[at + taken :]


def signed_anew(random: Random, place: Deployment) -> Iterator[str]:
    """Codes whose signatures hold, around claims, headers and parts that may not, without end."""
    ways: tuple[Callable[[Random, Deployment], str], ...] = (
        _changed_claims,
        _changed_claims,
        _other_claims,
        _other_claims,
        _changed_snapshot,
        _other_snapshot,
        _other_snapshot,
        _changed_parts,
        _other_parts,
        _other_signature,
    )
    while True:
        yield random.choice(ways)(random, place)


def _some(random: Random, splices: Iterator[Splice], octets: bytes) -> bytes:
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        splice = next(splices)
        octets = applied(octets, splice) if octets else octets
    return octets


def _shown(random: Random, place: Deployment, credential: bytes, snapshot: bytes | None) -> str:
    return device_signed(place, credential, snapshot, AT - 5, random.randbytes(8))


def _snapshot(random: Random, place: Deployment) -> bytes | None:
    return random.choice((None, place.snapshot()))


def _sealed(signer: SoftwareSigner, payload: bytes) -> bytes:
    return cose.sign(payload, signer)


def _changed_claims(random: Random, place: Deployment) -> str:
    payload = place.claims().encode()
    changed = _some(random, octet_splices(random, payload), payload)
    return _shown(random, place, _sealed(place.jiangsu, changed), _snapshot(random, place))


def _other_claims(random: Random, place: Deployment) -> str:
    """Claims in their one encoding, an item or two of another value."""
    claims = cbor.decode(place.claims().encode())
    items = claims[-65537]
    kinds = (_UINTS, _TEXTS, _NUMBERS, (0, 1, 2, 3), _TEXTS, _DAYS, (None, *_DAYS), _TEXTS, _UINTS)
    for _ in range(random.choice((1, 1, 2))):
        at = random.randrange(len(kinds))
        items[1 + at] = random.choice(kinds[at] if random.random() < 0.85 else _ODD)
    if random.random() < 0.3:
        claims[4] = random.choice((AT - 1, AT, AT + 1, AT + 1000 * DAY, 65536, 2**32 - 1))
    if random.random() < 0.3:
        claims[6] = random.choice((AT, AT + 60, AT + 61, AT - 45 * DAY, AT - 45 * DAY - 1, 65535))
    if random.random() < 0.1:
        claims[1] = random.choice(("CN-33", "CN-3a", "CN-٣٢", "US-32", "CN-99"))
    if random.random() < 0.1:
        claims[8][1][-2] = random.choice((random.randbytes(32), b"\xff" * 32, bytes(32)))
    return _shown(random, place, _sealed(place.jiangsu, cbor.encode(claims)), _snapshot(random, place))


def _changed_snapshot(random: Random, place: Deployment) -> str:
    payload = SNAPSHOT.encode()
    changed = _some(random, octet_splices(random, payload), payload)
    return _shown(random, place, place.credential(), _sealed(place.status, changed))


def _other_snapshot(random: Random, place: Deployment) -> str:
    claims = cbor.decode(SNAPSHOT.encode())
    kinds: tuple[tuple[Any, ...], ...] = (
        (LICENCE_ID, bytes(16)),
        (0, 1, 1, 2, 2**32 - 1, 2**32),
        ("A", "B", "BDJ", "JDB", "X", "AB", "1", "", "AA", "HI", "N", "A" * 17, "ABCDEFGHIJKLMNOP"),
        (0, 12, 999, 1000),
        (True, False, None),
        _UINTS,
    )
    for _ in range(random.choice((1, 1, 2))):
        at = random.randrange(len(kinds))
        claims[-65538][at] = random.choice(kinds[at] if random.random() < 0.9 else _ODD)
    if random.random() < 0.4:
        claims[6], claims[4] = random.choice(
            (
                (AT - 72 * HOUR, AT),
                (AT - 25 * HOUR, AT + HOUR),
                (AT + 60, AT + HOUR),
                (AT + 61, AT + HOUR),
                (AT - HOUR, AT + 71 * HOUR + 1),
                (AT - 100 * HOUR, AT - HOUR),
                (AT, AT),
                (AT - 46 * DAY, AT - 45 * DAY),
            )
        )
    signer = random.choice((place.status,) * 8 + (place.jiangsu, place.root, place.phone))
    return _shown(random, place, place.credential(), _sealed(signer, cbor.encode(claims)))


def _changed_parts(random: Random, place: Deployment) -> str:
    """Octets of a sealed credential or snapshot changed; the phone signs whatever it is."""
    credential, snapshot = place.credential(), place.snapshot()
    if random.random() < 0.5:
        credential = _some(random, octet_splices(random, credential), credential)
    else:
        snapshot = _some(random, octet_splices(random, snapshot), snapshot)
    return _shown(random, place, credential, snapshot)


def _other_parts(random: Random, place: Deployment) -> str:
    parts: list[Any] = [place.credential(), _snapshot(random, place), AT - 5, random.randbytes(8)]
    at = random.randrange(4)
    parts[at] = random.choice(
        (
            (*_ODD, place.snapshot(), place.credential() + b"\0"),
            (*_ODD, place.credential(), b"\xf6"),
            (*_ODD, *_UINTS, AT, AT + 60, AT + 61, AT - 90, AT - 91),
            (*_ODD, b"1234567", b"123456789"),
        )[at]
    )
    return device_signed(place, *parts)


def _other_signature(random: Random, place: Deployment) -> str:
    parts = parts_of(place.code(snapshot=_snapshot(random, place)))
    r, s = parts[4][:32], parts[4][32:]
    high = (P256_N - int.from_bytes(s, "big")).to_bytes(32, "big")
    order = P256_N.to_bytes(32, "big")
    parts[4] = random.choice(
        (r + high, s + r, r + bytes(32), bytes(32) + s, order + s, r + order, b"\xff" * 64)
    )
    return code_of(cbor.encode(parts))


def bases(place: Deployment) -> list[str]:
    """Codes to be changed: without and with a snapshot, a suspended one, and a long name."""
    long_name = place.credential(name="\U00020bb7" * 50)
    return [
        place.code(),
        place.code(snapshot=place.snapshot()),
        place.code(snapshot=place.snapshot(status="D", may_drive=False)),
        place.code(long_name, place.snapshot()),
    ]


def changed_codes(random: Random, place: Deployment, each: int) -> Iterator[str]:
    """`each` codes of every kind of change."""
    for base in bases(place):
        splices = text_splices(random, base)
        yield from (applied_to_text(base, next(splices)) for _ in range(each))
        octets = octets_of(base)
        octet = octet_splices(random, octets)
        yield from ("LZ1:" + base45.encode(applied(octets, next(octet))) for _ in range(each))
    anew = signed_anew(random, place)
    yield from (next(anew) for _ in range(4 * each))
