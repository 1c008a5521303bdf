"""What the signed halves of a 亮码 say, and their octets: the credential and the status snapshot.

Each is a CWT (RFC 8392) with the registered claims iss 1, exp 4, iat 6, cnf 8 (RFC 8747) where they apply,
and one private claim whose number says what it is: no object can be read as another. Inside it the items
stand in a fixed order in an array. `docs/live-code.md` has the same as CDDL; the licence document is in
document.py.

Reading is decoding, checking every item, and comparing with what `encode` would have written: one value, one
form.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import cbor2

from liangzheng.standards import cbor
from liangzheng.standards.errors import Malformed

# Private claims are below −65536 (RFC 8392 §9.1): −65537 is the credential's, −65538 the snapshot's.

# Heads and values in turn. {1: iss, 4: exp, 6: iat, 8: {1: COSE_Key}, -65537: [licence id, ten more
# items]}, the key EC2 on P-256 with x and the parity of y (RFC 9053 §7.1.1).
_CREDENTIAL: Final = struct.Struct(">3s 5s 2s I 2s I 11s 32s c B 7s 16s")
_CREDENTIAL_HEADS: Final = (
    b"\xa5\x01\x65",
    b"\x04\x1a",
    b"\x06\x1a",
    b"\x08\xa1\x01\xa4\x01\x02\x20\x01\x21\x58\x20",
    b"\x22",
    b"\x3a\x00\x01\x00\x00\x8b\x50",
)
_Y_IS_ODD: Final = {2: 0xF4, 3: 0xF5}
_COMPRESSED: Final = {0xF4: b"\x02", 0xF5: b"\x03"}
_HASH_HEAD: Final = 0x50

# {4: exp, 6: iat, -65538: [licence id, five more items]}
_SNAPSHOT: Final = struct.Struct(">3s I 2s I 7s 16s")
_SNAPSHOT_HEADS: Final = (b"\xa3\x04\x1a", b"\x06\x1a", b"\x3a\x00\x01\x00\x01\x86\x50")

_BOOLEAN: Final = {0xF4: False, 0xF5: True}
_NULL: Final = 0xF6

# A status list never has more entries; list and index travel as one number, list × 2^20 + index.
STATUS_LIST_SIZE: Final = 1 << 20

_EPOCH: Final = date(1970, 1, 1)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()
# Times take exactly four octets after their head: from 1970-01-02 to 2106.
_FIRST_SECOND: Final = 1 << 16
_LAST_SECOND: Final = (1 << 32) - 1

SEX_NUMBER: Final = {"male": 1, "female": 2}  # GB/T 2261.1
SEX_WORD: Final = {number: word for word, number in SEX_NUMBER.items()}

ISSUERS: Final = frozenset(f"CN-{number:02}" for number in range(100))
# Control characters, zero-width and bidirectional marks, lone surrogates: they make a name look like
# another on a verifier's screen.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufff9-\ufffb]"
)

# A resident's masked number is three characters, eleven stars, four characters: the stars are not carried.
_STARS: Final = "*" * 11


def is_text(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most and _UNSAFE.search(value) is None


def is_codes(value: object, most: int) -> bool:
    """Capital letters and digits with at least one letter: driving classes, status letters."""
    return (
        isinstance(value, str)
        and len(value) <= most
        and value.isascii()
        and value.isalnum()
        and value.isupper()
    )


def is_uint(value: object, below: int) -> bool:
    return type(value) is int and 0 <= value < below


def is_octets(value: object, length: int) -> bool:
    return type(value) is bytes and len(value) == length


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialClaims:
    """The issuer-signed half of a 亮码, bound to one phone's key. Raises Malformed for a value out of its
    form."""

    issuer: str
    """Province of the document signer, `CN-` and the first two digits of its division code."""
    authority: str
    """Short code of the issuing authority, such as 苏E."""
    licence_id: bytes
    """16 octets."""
    version: int
    status_list: int
    status_index: int
    name: str = field(repr=False)
    masked_number: str = field(repr=False)
    """As a person sees it, `320***********1234`; never the whole number."""
    sex: str
    """`male` or `female`."""
    classes: str
    """Codes run together in canonical order, such as `A1A2D`."""
    valid_from: date
    valid_until: date | None
    """Last day, in force to its end; None is 长期."""
    portrait_hash: bytes
    """First 16 octets of SHA-256 of the portrait."""
    phone_key: bytes
    """P-256, compressed, 33 octets."""
    iat: int
    """Epoch seconds; so is `exp`."""
    exp: int

    def __post_init__(self) -> None:
        if self.issuer not in ISSUERS:
            raise Malformed("claims: issuer is not a province")
        if not is_text(self.authority, 8):
            raise Malformed("claims: issuing authority")
        if not is_octets(self.licence_id, 16):
            raise Malformed("claims: licence id has not 16 octets")
        if not is_uint(self.version, 1 << 32):
            raise Malformed("claims: version")
        if not is_uint(self.status_list, 1 << 31) or not is_uint(self.status_index, STATUS_LIST_SIZE):
            raise Malformed("claims: status list or index")
        if not is_text(self.name, 50):
            raise Malformed("claims: name: 1 to 50 characters, none of them invisible")
        if not is_text(self.masked_number, 18) or "*" not in self.masked_number:
            raise Malformed("claims: number is not masked")
        if self.sex not in SEX_NUMBER:
            raise Malformed("claims: sex")
        if not is_codes(self.classes, 34):
            raise Malformed("claims: classes")
        check_validity(self.valid_from, self.valid_until)
        if self.valid_from < _EPOCH:
            raise Malformed("claims: in force before 1970")
        if not is_octets(self.portrait_hash, 16):
            raise Malformed("claims: portrait hash has not 16 octets")
        if not is_octets(self.phone_key, 33) or self.phone_key[0] not in (2, 3):
            raise Malformed("claims: phone key is not compressed")
        check_times(self.iat, self.exp)

    def encode(self) -> bytes:
        """The CWT claims set, deterministic."""
        key = self.phone_key
        until = self.valid_until
        map_head, exp_head, iat_head, key_head, y_head, items_head = _CREDENTIAL_HEADS
        fixed = _CREDENTIAL.pack(
            map_head,
            self.issuer.encode(),
            exp_head,
            self.exp,
            iat_head,
            self.iat,
            key_head,
            key[1:],
            y_head,
            _Y_IS_ODD[key[0]],
            items_head,
            self.licence_id,
        )
        return fixed + _items(
            [
                self.version,
                self.name,
                _without_stars(self.masked_number),
                SEX_NUMBER[self.sex],
                self.classes,
                day_number(self.valid_from),
                None if until is None else day_number(until),
                self.authority,
                self.status_list * STATUS_LIST_SIZE + self.status_index,
                self.portrait_hash,
            ]
        )

    @classmethod
    def decode(cls, payload: bytes) -> CredentialClaims:
        """Raises Malformed unless `payload` is exactly what `encode` of some claims gives."""
        try:
            fixed = _CREDENTIAL.unpack_from(payload)
            if fixed[::2] != _CREDENTIAL_HEADS:
                raise Malformed("claims: not those of a credential")
            issuer, exp, iat, x, y_is_odd, licence_id = fixed[1::2]
            version, at = _read_uint(payload, _CREDENTIAL.size)
            name, at = _read_text(payload, at)
            number, at = _read_text(payload, at)
            sex = SEX_WORD[payload[at]]
            classes, at = _read_text(payload, at + 1)
            start, at = _read_uint(payload, at)
            until, at = (None, at + 1) if payload[at] == _NULL else _read_uint(payload, at)
            authority, at = _read_text(payload, at)
            status, at = _read_uint(payload, at)
            if payload[at] != _HASH_HEAD or _without_stars(number) != number:
                raise Malformed("claims: credential is not in its one form")
            return cls(
                issuer=issuer.decode(),
                authority=authority,
                licence_id=licence_id,
                version=version,
                status_list=status // STATUS_LIST_SIZE,
                status_index=status % STATUS_LIST_SIZE,
                name=name,
                masked_number=number if "*" in number else number[:3] + _STARS + number[3:],
                sex=sex,
                classes=classes,
                valid_from=day_of(start),
                valid_until=None if until is None else day_of(until),
                portrait_hash=payload[at + 1 :],
                phone_key=_COMPRESSED[y_is_odd] + x,
                iat=iat,
                exp=exp,
            )
        except (KeyError, ValueError, IndexError, struct.error) as fault:
            raise as_malformed(fault, "credential") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotClaims:
    """The standing of a licence at one moment, signed by the status signer; the phone carries it for some
    hours."""

    licence_id: bytes
    version: int
    """Of the licence."""
    status: str
    """Status letters, canonical order, such as `A` or `BDJ`."""
    points: int
    may_drive: bool
    standing_version: int
    """Grows with every change of standing; a verifier never goes back to a lower one."""
    as_of: int
    """Epoch seconds; so is `exp`."""
    exp: int

    def __post_init__(self) -> None:
        if not is_octets(self.licence_id, 16):
            raise Malformed("claims: licence id has not 16 octets")
        if not is_uint(self.version, 1 << 32):
            raise Malformed("claims: version")
        if not is_codes(self.status, 16):
            raise Malformed("claims: status letters")
        if not is_uint(self.points, 1000):
            raise Malformed("claims: points")
        if type(self.may_drive) is not bool:
            raise Malformed("claims: may_drive")
        if not is_uint(self.standing_version, 1 << 53):
            raise Malformed("claims: standing version")
        check_times(self.as_of, self.exp)

    def encode(self) -> bytes:
        """The CWT claims set, deterministic."""
        map_head, iat_head, items_head = _SNAPSHOT_HEADS
        fixed = _SNAPSHOT.pack(map_head, self.exp, iat_head, self.as_of, items_head, self.licence_id)
        return fixed + _items([self.version, self.status, self.points, self.may_drive, self.standing_version])

    @classmethod
    def decode(cls, payload: bytes) -> SnapshotClaims:
        """Raises Malformed unless `payload` is exactly what `encode` of some claims gives."""
        try:
            fixed = _SNAPSHOT.unpack_from(payload)
            if fixed[::2] != _SNAPSHOT_HEADS:
                raise Malformed("claims: not those of a snapshot")
            exp, as_of, licence_id = fixed[1::2]
            version, at = _read_uint(payload, _SNAPSHOT.size)
            status, at = _read_text(payload, at)
            points, at = _read_uint(payload, at)
            may_drive = _BOOLEAN[payload[at]]
            standing_version, at = _read_uint(payload, at + 1)
            if len(payload) != at:
                raise Malformed("claims: snapshot is not in its one form")
            return cls(
                licence_id=licence_id,
                version=version,
                status=status,
                points=points,
                may_drive=may_drive,
                standing_version=standing_version,
                as_of=as_of,
                exp=exp,
            )
        except (KeyError, ValueError, IndexError, struct.error) as fault:
            raise as_malformed(fault, "snapshot") from None


def _items(items: list[Any]) -> bytes:
    """The items one after the other, each in its shortest form, without the head of their array."""
    encoded: bytes = cbor2.dumps(items)
    return encoded[1:]


def _read_uint(payload: bytes, at: int) -> tuple[int, int]:
    """The unsigned integer that begins at `at`, and the place after it."""
    first = payload[at]
    return (first, at + 1) if first < 24 else cbor.read_argument(payload, at, 0)


def _read_text(payload: bytes, at: int) -> tuple[str, int]:
    """The text string that begins at `at`, and the place after it, which may lie beyond the end."""
    length = payload[at] - 0x60
    if 0 <= length < 24:
        start = at + 1
    else:
        length, start = cbor.read_argument(payload, at, 3)
    end = start + length
    return payload[start:end].decode(), end


def _without_stars(masked: str) -> str:
    """`320***********1234` as `3201234`; a number masked in another way as it is."""
    if masked[3:14] == _STARS and masked.count("*") == len(_STARS):
        return masked[:3] + masked[14:]
    return masked


def day_number(day: date) -> int:
    """Days since 1970-01-01; below nought before it."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_of(number: int) -> date:
    """The calendar day `number` days after 1970-01-01. Raises Malformed."""
    try:
        return date.fromordinal(_EPOCH_ORDINAL + number)
    except (TypeError, ValueError, OverflowError):
        raise Malformed("claims: a day outside the calendar") from None


def check_validity(start: date, until: date | None) -> None:
    """Raises Malformed unless both are days in their order; no last day is 长期."""
    if type(start) is not date or (until is not None and type(until) is not date):
        raise Malformed("claims: validity is not in days")
    if until is not None and start > until:
        raise Malformed("claims: validity ends before it begins")


def check_times(start: int, end: int) -> None:
    """Raises Malformed unless both are epoch seconds in their order."""
    if type(start) is not int or type(end) is not int:
        raise Malformed("claims: a time is not in epoch seconds")
    if not _FIRST_SECOND <= start < end <= _LAST_SECOND:
        raise Malformed("claims: expires before it is made, or is of another age")


def as_malformed(fault: Exception, what: str) -> Malformed:
    """`fault` itself, or one without its text: that may quote a value, and the value may be a name."""
    return (
        fault
        if isinstance(fault, Malformed)
        else Malformed(f"claims: {what} holds something of a wrong kind")
    )
