"""Credential and snapshot claims: one form, checked at birth, and nothing personal in what they print."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.standards.claims import CredentialClaims, SnapshotClaims
from liangzheng.standards.errors import Malformed
from tests.standards.making import AT, CLAIMS, SNAPSHOT

NAMES = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "Co"]), min_size=1, max_size=50
) | st.sampled_from(["欧阳·娜娜", "𠮷野", "䶮", "阿卜杜拉·买买提", "A" * 23, "A" * 24, "张" * 50, "𠀀" * 50])
DAYS = st.dates(date(1970, 1, 1), date(9999, 12, 31))
SECONDS = st.integers(1 << 16, (1 << 32) - 2)


@st.composite
def credentials(draw: st.DrawFn) -> CredentialClaims:
    start, end = sorted((draw(DAYS), draw(DAYS)))
    made, ends = sorted((draw(SECONDS), draw(SECONDS)))
    return CredentialClaims(
        issuer=f"CN-{draw(st.integers(0, 99)):02}",
        authority=draw(st.sampled_from(["苏E", "京A", "新A", "x"])),
        licence_id=draw(st.binary(min_size=16, max_size=16)),
        version=draw(st.integers(0, (1 << 32) - 1)),
        status_list=draw(st.integers(0, (1 << 31) - 1)),
        status_index=draw(st.integers(0, (1 << 20) - 1)),
        name=draw(NAMES),
        masked_number=draw(
            st.sampled_from(["320***********123X", "H12****01", "*", "***************678", "1*2"])
        ),
        sex=draw(st.sampled_from(["male", "female"])),
        classes=draw(st.sampled_from(["C1", "A1A2D", "A1A2A3B1B2C1C2C3C4C5C6DEFMNP"])),
        valid_from=start,
        valid_until=draw(st.sampled_from([end, None])),
        portrait_hash=draw(st.binary(min_size=16, max_size=16)),
        phone_key=bytes((draw(st.integers(2, 3)),)) + draw(st.binary(min_size=32, max_size=32)),
        iat=made,
        exp=ends + 1,
    )


@st.composite
def snapshots(draw: st.DrawFn) -> SnapshotClaims:
    made, ends = sorted((draw(SECONDS), draw(SECONDS)))
    return SnapshotClaims(
        licence_id=draw(st.binary(min_size=16, max_size=16)),
        version=draw(st.integers(0, (1 << 32) - 1)),
        status="".join(draw(st.lists(st.sampled_from(string.ascii_uppercase), min_size=1, max_size=16))),
        points=draw(st.integers(0, 999)),
        may_drive=draw(st.booleans()),
        standing_version=draw(st.integers(0, (1 << 53) - 1)),
        as_of=made,
        exp=ends + 1,
    )


@given(credentials() | snapshots())
def test_claims_come_back_and_their_octets_are_deterministic_cbor(claims: Any) -> None:
    octets = claims.encode()
    assert type(claims).decode(octets) == claims
    value = cbor2.loads(octets)
    assert cbor2.dumps(value) == octets
    # RFC 8949 §4.2.1: keys in the order of their encodings.
    assert list(value) == sorted(value, key=cbor2.dumps)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", "A" * length) for length in (1, 23, 24, 50)),
        ("name", "𠀀" * 50),
        ("classes", "A1" * 17),
        *(("version", number) for number in (0, 23, 24, 255, 256, 65535, 65536, (1 << 32) - 1)),
        ("valid_from", date(1970, 1, 1)),
        ("valid_until", date(9999, 12, 31)),
        ("valid_until", CLAIMS.valid_from),
        ("iat", 1 << 16),
        ("exp", (1 << 32) - 1),
        ("exp", CLAIMS.iat + 1),
        *(
            ("masked_number", number)
            for number in (
                "320***********123X", "***********3201234", "320***********12*4", "320***********123", "H12****01",
                "320***********", "3201**********1234", "*",
            )
        ),
    ],
)  # fmt: skip
def test_a_value_at_the_edge_of_its_form_comes_back(field: str, value: Any) -> None:
    claims = replace(CLAIMS, **{field: value})
    assert CredentialClaims.decode(claims.encode()) == claims


@pytest.mark.parametrize("number", [3652059 - 719163 + 1, 1 << 31, 1 << 63])
def test_a_day_outside_the_calendar_is_refused(number: int) -> None:
    start = cbor2.dumps((date(2021, 6, 9) - date(1970, 1, 1)).days)
    octets = CLAIMS.encode()
    assert octets.count(start) == 1
    with pytest.raises(Malformed, match="calendar"):
        CredentialClaims.decode(octets.replace(start, cbor2.dumps(number)))


def test_a_credential_is_a_cwt_with_the_phones_key_as_its_confirmation() -> None:
    claims = cbor2.loads(CLAIMS.encode())
    assert claims[1] == "CN-32"
    assert (claims[4], claims[6]) == (CLAIMS.exp, CLAIMS.iat)
    assert claims[8] == {1: {1: 2, -1: 1, -2: CLAIMS.phone_key[1:], -3: False}}
    assert list(claims) == [1, 4, 6, 8, -65537]
    assert claims[-65537][0] == CLAIMS.licence_id
    assert claims[-65537][9] == CLAIMS.status_list * 2**20 + CLAIMS.status_index


@pytest.mark.parametrize("claims", [CLAIMS, SNAPSHOT], ids=["credential", "snapshot"])
def test_whatever_octets_are_taken_are_those_that_would_be_written(claims: Any) -> None:
    """Every octet of the payload changed to every other value: taken only where it says something else."""
    octets = claims.encode()
    taken = 0
    for at in range(len(octets)):
        for value in range(256):
            changed = octets[:at] + bytes((value,)) + octets[at + 1 :]
            try:
                read = type(claims).decode(changed)
            except Malformed:
                continue
            taken += 1
            assert read.encode() == changed
    assert taken > 1000


@pytest.mark.parametrize("claims", [CLAIMS, SNAPSHOT], ids=["credential", "snapshot"])
@given(st.integers(0, 400), st.binary(max_size=6), st.integers(0, 6))
def test_octets_put_in_or_taken_out_are_not_taken_in_a_second_form(
    claims: Any, at: int, put_in: bytes, taken_out: int
) -> None:
    octets = claims.encode()
    changed = octets[:at] + put_in + octets[at + taken_out :]
    try:
        read = type(claims).decode(changed)
    except Malformed:
        return
    assert read.encode() == changed


@pytest.mark.parametrize("claims", [CLAIMS, SNAPSHOT], ids=["credential", "snapshot"])
def test_half_a_payload_is_refused_wherever_it_ends(claims: Any) -> None:
    octets = claims.encode()
    for end in range(len(octets)):
        with pytest.raises(Malformed):
            type(claims).decode(octets[:end])
    with pytest.raises(Malformed):
        type(claims).decode(octets + b"\0")


def test_the_stars_of_a_citizens_number_are_not_carried() -> None:
    octets = CLAIMS.encode()
    assert b"*" not in octets
    assert b"3201234" in octets
    carried = octets.replace(b"\x673201234", b"\x72320***********1234")
    with pytest.raises(Malformed):
        CredentialClaims.decode(carried)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", "CN-3"), ("issuer", "CN-320"), ("issuer", "cn-32"), ("issuer", "US-CA"), ("issuer", ""),
        ("issuer", "CN-３２"), ("issuer", None),
        ("authority", ""), ("authority", "苏" * 9), ("authority", "苏\nE"),
        ("licence_id", bytes(15)), ("licence_id", bytes(17)), ("licence_id", "0" * 16), ("licence_id", bytearray(16)),
        ("version", -1), ("version", 1 << 32), ("version", True), ("version", 1.0),
        ("status_list", -1), ("status_list", 1 << 31), ("status_index", -1), ("status_index", 1 << 20),
        ("name", ""), ("name", "张" * 51), ("name", "张\u202e三"), ("name", "张\u200b三"), ("name", "张\0三"),
        ("name", "\ud800"), ("name", "a\u2028b"), ("name", None),
        ("masked_number", "320500199001011234"), ("masked_number", ""), ("masked_number", "*" * 19),
        ("sex", "m"), ("sex", 1), ("sex", ""),
        ("classes", ""), ("classes", "c1"), ("classes", "C 1"), ("classes", "１"), ("classes", "C" * 35),
        ("classes", "12"), ("classes", "Ｃ1"),
        ("valid_from", date(1969, 12, 31)), ("valid_from", date(2028, 1, 1)), ("valid_from", "2021-06-09"),
        ("valid_from", None), ("valid_until", date(2021, 6, 8)), ("valid_until", 20000),
        ("portrait_hash", bytes(32)), ("portrait_hash", b""),
        ("phone_key", bytes(33)), ("phone_key", b"\x04" + bytes(32)), ("phone_key", b"\x02" + bytes(31)),
        ("phone_key", b"\x02" + bytes(64)),
        ("iat", (1 << 16) - 1), ("iat", AT + 400 * 86400), ("iat", float(AT)), ("iat", None),
        ("exp", 1 << 32), ("exp", CLAIMS.iat), ("exp", True), ("exp", float(CLAIMS.exp)),
    ],
)  # fmt: skip
def test_a_value_out_of_its_form_is_never_signed(field: str, value: Any) -> None:
    with pytest.raises(Malformed):
        replace(CLAIMS, **{field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("licence_id", bytes(8)), ("version", -1), ("version", False),
        ("status", ""), ("status", "a"), ("status", "A B"), ("status", "A" * 17), ("status", "1"), ("status", None),
        ("points", -1), ("points", 1000), ("points", 1.5), ("points", True),
        ("may_drive", 1), ("may_drive", None),
        ("standing_version", -1), ("standing_version", 1 << 53),
        ("as_of", SNAPSHOT.exp), ("as_of", -5), ("exp", 1 << 33),
    ],
)  # fmt: skip
def test_a_snapshot_value_out_of_its_form_is_never_signed(field: str, value: Any) -> None:
    with pytest.raises(Malformed):
        replace(SNAPSHOT, **{field: value})


def test_one_object_is_never_read_as_the_other() -> None:
    with pytest.raises(Malformed):
        CredentialClaims.decode(SNAPSHOT.encode())
    with pytest.raises(Malformed):
        SnapshotClaims.decode(CLAIMS.encode())


def test_what_is_printed_holds_neither_name_nor_number() -> None:
    printed = repr(CLAIMS)
    assert "张示例" not in printed
    assert "320" not in printed.replace("CN-32", "")
    assert "C1" in printed


def test_no_error_holds_a_name_or_number() -> None:
    octets = CLAIMS.encode()
    name = "张示例".encode()
    faults = []
    for at in range(octets.index(name) - 1, len(octets)):
        for value in (0x00, 0xFF, 0x61, octets[at] ^ 1):
            try:
                CredentialClaims.decode(octets[:at] + bytes((value,)) + octets[at + 1 :])
            except Malformed as fault:
                faults.append(str(fault) + repr(fault))
    assert len(faults) > 50
    assert not [text for text in faults if "示例" in text or "1234" in text or "张" in text]
