"""Showings that are no code, or a code, header or claims in a second form, however rightly signed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from liangzheng.standards import cbor, cose
from liangzheng.standards.verdict import Outcome, Step
from tests.standards.making import AT, Deployment
from tests.standards.showings.frame import (
    Make,
    Shown,
    cases,
    changed_cose,
    code_of,
    device_signed,
    octets_of,
    other,
    spliced,
    under_header,
    with_credential,
)

# decodes.

cases(
    Step.DECODES,
    Outcome.UNREADABLE,
    "not a code",
    {
        "nothing": lambda place: Shown(""),
        "the prefix alone": lambda place: Shown("LZ1:"),
        "an address": lambda place: Shown("https://example.org/LZ1:"),
        "another country's certificate": lambda place: Shown("HC1:" + place.code()[4:]),
        "a later version": lambda place: Shown("LZ2:" + place.code()[4:]),
        "no prefix": lambda place: Shown(place.code()[4:]),
        "small letters": lambda place: Shown(place.code().lower()),
        "a small prefix": lambda place: Shown("lz1:" + place.code()[4:]),
        "a space before": lambda place: Shown(" " + place.code()),
        "a line end after": lambda place: Shown(place.code() + "\n"),
        "the first half": lambda place: Shown(place.code()[: len(place.code()) // 2]),
        "the second half": lambda place: Shown("LZ1:" + place.code()[len(place.code()) // 2 :]),
        "one character short": lambda place: Shown(place.code()[:-1]),
        "one octet short": lambda place: Shown(code_of(octets_of(place.code())[:-1])),
        "one octet more": lambda place: Shown(code_of(octets_of(place.code()) + b"\0")),
        "twice": lambda place: Shown(place.code() * 2),
        "a code in a code": lambda place: Shown(place.code() + place.code()[4:]),
        "too long": lambda place: Shown("LZ1:" + "0" * 1600),
        "overlong with a code in front": lambda place: Shown(place.code() + "000" * 600),
        "nothing but noughts": lambda place: Shown(code_of(bytes(300))),
        "its first octet alone": lambda place: Shown(code_of(b"\x85")),
        "an empty array": lambda place: Shown(code_of(b"\x80")),
        "a depth bomb": lambda place: Shown(code_of(b"\x85" + b"\x81" * 900)),
        "a length bomb": lambda place: Shown(code_of(b"\x85\x5b" + b"\xff" * 100)),
        "an endless array": lambda place: Shown(code_of(b"\x9f" + octets_of(place.code())[1:] + b"\xff")),
        "a tag before": lambda place: Shown(code_of(b"\xc1" + octets_of(place.code()))),
        "an array of six": lambda place: Shown(code_of(b"\x86" + octets_of(place.code())[1:] + b"\xf6")),
        "an array of four": lambda place: Shown(code_of(b"\x84" + octets_of(place.code())[1:])),
        "a map": lambda place: Shown(code_of(b"\xa5" + octets_of(place.code())[1:])),
        "no credential": lambda place: Shown(device_signed(place, None, None, AT, bytes(8))),
        "an empty credential": lambda place: Shown(device_signed(place, b"", None, AT, bytes(8))),
        "a credential as text": lambda place: Shown(device_signed(place, "x" * 228, None, AT, bytes(8))),
        "a snapshot as text": lambda place: Shown(
            device_signed(place, place.credential(), "x", AT, bytes(8))
        ),
        "false for no snapshot": lambda place: Shown(
            device_signed(place, place.credential(), False, AT, bytes(8))
        ),
        "a nonce of seven octets": lambda place: Shown(
            device_signed(place, place.credential(), None, AT, bytes(7))
        ),
        "a nonce of nine octets": lambda place: Shown(
            device_signed(place, place.credential(), None, AT, bytes(9))
        ),
        "a nonce as text": lambda place: Shown(
            device_signed(place, place.credential(), None, AT, "12345678")
        ),
        "a time of the first day": lambda place: Shown(
            device_signed(place, place.credential(), None, 65535, bytes(8))
        ),
        "a time in eight octets": lambda place: Shown(
            device_signed(place, place.credential(), None, AT << 32, bytes(8))
        ),
        "a time before 1970": lambda place: Shown(
            device_signed(place, place.credential(), None, -AT, bytes(8))
        ),
        "a short device signature": lambda place: Shown(spliced(place.code(), signature=bytes(63))),
        "a long device signature": lambda place: Shown(spliced(place.code(), signature=bytes(65))),
        "a device signature as text": lambda place: Shown(spliced(place.code(), signature="x" * 64)),
    },
)


def _long_time(place: Deployment) -> Shown:
    """A time below 65536 written in four octets, signed by the phone as written."""
    credential = cbor.byte_string(place.credential())
    signed = credential + b"\xf6\x1a\x00\x00\x12\x34\x48" + bytes(8)
    signature = place.phone.sign(b"\x85\x63LZ1" + signed)
    return Shown(code_of(b"\x85" + signed + b"\x58\x40" + signature), now=datetime(1970, 1, 1, 1, tzinfo=UTC))


def _long_length(place: Deployment) -> Shown:
    """The credential's length in two octets where one will do, signed by the phone as written."""
    credential = place.credential()
    assert len(credential) < 256
    signed = b"\x59" + len(credential).to_bytes(2, "big") + credential + b"\xf6"
    signed += cbor.head(0, AT) + b"\x48" + bytes(8)
    signature = place.phone.sign(b"\x85\x63LZ1" + signed)
    return Shown(code_of(b"\x85" + signed + b"\x58\x40" + signature))


def _two_snapshots(place: Deployment) -> Shown:
    snapshot = cbor.byte_string(place.snapshot())
    signed = cbor.byte_string(place.credential()) + snapshot + snapshot
    signed += cbor.head(0, AT) + b"\x48" + bytes(8)
    signature = place.phone.sign(b"\x85\x63LZ1" + signed)
    return Shown(code_of(b"\x85" + signed + b"\x58\x40" + signature))


def _snapshot_missing(place: Deployment) -> Shown:
    signed = cbor.byte_string(place.credential()) + cbor.head(0, AT) + b"\x48" + bytes(8)
    signature = place.phone.sign(b"\x85\x63LZ1" + signed)
    return Shown(code_of(b"\x85" + signed + b"\x58\x40" + signature))


cases(
    Step.DECODES,
    Outcome.UNREADABLE,
    "a second form that the phone itself signed",
    {
        "a time longer than needed": _long_time,
        "a length longer than needed": _long_length,
        "two snapshots": _two_snapshots,
        "neither snapshot nor null": _snapshot_missing,
    },
)


def _header(change: Callable[[dict[Any, Any], Deployment], Any]) -> Make:
    """A credential under another header, rightly signed over it by the right key."""

    def make(place: Deployment) -> Shown:
        header: dict[Any, Any] = {4: place.jiangsu.kid}
        changed = change(header, place)
        payload = place.claims().encode()
        return with_credential(
            place, under_header(header if changed is None else changed, place.jiangsu, payload)
        )

    return make


cases(
    Step.DECODES,
    Outcome.UNREADABLE,
    "another header that the right key signed",
    {
        "no key id": _header(lambda header, place: header.pop(4) and None),
        "nothing at all": _header(lambda header, place: b""),
        "an empty map": _header(lambda header, place: {}),
        "the right algorithm": _header(lambda header, place: header.update({1: int(place.alg)})),
        "the other algorithm": _header(lambda header, place: header.update({1: int(other(place).alg)})),
        "algorithm none": _header(lambda header, place: header.update({1: 0})),
        "EdDSA": _header(lambda header, place: header.update({1: -8})),
        "ES384": _header(lambda header, place: header.update({1: -35})),
        "an HMAC": _header(lambda header, place: header.update({1: 5})),
        "RS256": _header(lambda header, place: header.update({1: -257})),
        "an algorithm by name": _header(lambda header, place: header.update({1: "ES256"})),
        "a critical parameter": _header(lambda header, place: header.update({2: [4]})),
        "an empty list of critical parameters": _header(lambda header, place: header.update({2: []})),
        "a content type": _header(lambda header, place: header.update({3: 16})),
        "a type": _header(lambda header, place: header.update({16: "application/cwt"})),
        "an x5chain": _header(
            lambda header, place: header.update({33: place.entry(place.jiangsu).certificate})
        ),
        "an x5u": _header(lambda header, place: header.update({35: "https://example.org/key"})),
        "an x5t": _header(lambda header, place: header.update({34: [-16, bytes(32)]})),
        "claims in the header": _header(lambda header, place: header.update({15: {1: "CN-32"}})),
        "a jku": _header(lambda header, place: header.update({"jku": "https://example.org/keys"})),
        "a private parameter": _header(lambda header, place: header.update({-70000: 1})),
        "a key id of seven octets": _header(lambda header, place: header.update({4: header[4][:7]})),
        "a key id of nine octets": _header(lambda header, place: header.update({4: header[4] + b"\0"})),
        "a key id as text": _header(lambda header, place: header.update({4: "12345678"})),
        "the key id twice": _header(
            lambda header, place: b"\xa2\x04" + cbor.encode(header[4]) + cbor.encode(header)[1:]
        ),
        "a map longer than needed": _header(lambda header, place: b"\xb8\x01" + cbor.encode(header)[1:]),
        "a key id longer than needed": _header(lambda header, place: b"\xa1\x04\x58\x08" + header[4]),
        "an endless map": _header(lambda header, place: b"\xbf" + cbor.encode(header)[1:] + b"\xff"),
        "something after the map": _header(lambda header, place: cbor.encode(header) + b"\0"),
        "no map": _header(lambda header, place: cbor.encode([1, 2])),
    },
)


cases(
    Step.DECODES,
    Outcome.UNREADABLE,
    "another shape of a COSE_Sign1",
    {
        "tagged": changed_cose(lambda parts, place: b"\xd2" + cbor.encode(parts)),
        "tagged as a CWT": changed_cose(lambda parts, place: b"\xd8\x3d\xd2" + cbor.encode(parts)),
        "tagged as a MAC": changed_cose(lambda parts, place: b"\xd1" + cbor.encode(parts)),
        "with a key id outside the signature": changed_cose(
            lambda parts, place: parts.__setitem__(1, {4: place.jiangsu.kid})
        ),
        "with a certificate outside the signature": changed_cose(
            lambda parts, place: parts.__setitem__(1, {33: place.entry(place.jiangsu).certificate})
        ),
        "with an address outside the signature": changed_cose(
            lambda parts, place: parts.__setitem__(1, {35: "x"})
        ),
        "with an array for the unprotected header": changed_cose(
            lambda parts, place: parts.__setitem__(1, [])
        ),
        "with null for the unprotected header": changed_cose(lambda parts, place: parts.__setitem__(1, None)),
        "with its payload elsewhere": changed_cose(lambda parts, place: parts.__setitem__(2, None)),
        "with an empty payload": changed_cose(lambda parts, place: parts.__setitem__(2, b"")),
        "with text for a payload": changed_cose(lambda parts, place: parts.__setitem__(2, "x")),
        "with a short signature": changed_cose(lambda parts, place: parts.__setitem__(3, bytes(63))),
        "with a DER signature": changed_cose(lambda parts, place: parts.__setitem__(3, bytes(70))),
        "without a signature": changed_cose(lambda parts, place: parts.pop() and None),
        "with two signatures": changed_cose(lambda parts, place: parts.append(parts[3])),
        "with something after it": changed_cose(lambda parts, place: cbor.encode(parts) + b"\0"),
        "cut short": changed_cose(lambda parts, place: cbor.encode(parts)[:-1]),
        "as a document": changed_cose(lambda parts, place: place.snapshot()),
    },
)


def _payload(change: Callable[[bytes], bytes]) -> Make:
    """A payload changed before the right key signed it."""

    def make(place: Deployment) -> Shown:
        payload = change(place.claims().encode())
        assert payload != place.claims().encode()
        return with_credential(place, cose.sign(payload, place.jiangsu))

    return make


cases(
    Step.DECODES,
    Outcome.UNREADABLE,
    "another form of the claims that the right key signed",
    {
        "something after them": _payload(lambda payload: payload + b"\0"),
        "cut short": _payload(lambda payload: payload[:-1]),
        "a claim more": _payload(lambda payload: b"\xa6" + payload[1:] + b"\x3a\x00\x01\x00\x01\x00"),
        "the issuer twice": _payload(lambda payload: b"\xa6\x01\x65CN-33" + payload[1:]),
        "claims in another order": _payload(
            lambda payload: payload[:8] + payload[14:20] + payload[8:14] + payload[20:]
        ),
        "another private claim": _payload(lambda payload: payload.replace(b"\x3a\x00\x01\x00\x00", b"\x3a\x00\x01\x00\x01")),
        "a time as a float": _payload(lambda payload: payload.replace(b"\x04\x1a", b"\x04\xfa")),
        "an invisible character in the name": _payload(
            lambda payload: payload.replace("张示例".encode(), "张\u202e例".encode())
        ),
        "an unmasked number": _payload(
            lambda payload: payload.replace(b"\x673201234", b"\x72320500199001011234")
        ),
        "a third sex": _payload(lambda payload: payload.replace(b"3201234\x01", b"3201234\x03")),
        "true for a sex": _payload(lambda payload: payload.replace(b"3201234\x01", b"3201234\xf5")),
        "small letters for a class": _payload(lambda payload: payload.replace(b"\x62C1", b"\x62c1")),
        "a phone key on another curve": _payload(lambda payload: payload.replace(b"\x20\x01\x21", b"\x20\x02\x21")),
        "null for the parity of the phone key": _payload(
            lambda payload: payload.replace(b"\x22\xf4", b"\x22\xf6").replace(b"\x22\xf5", b"\x22\xf6")
        ),
    },
)  # fmt: skip
