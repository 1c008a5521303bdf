"""Status lists: every entry where it belongs, and a token only its signer can make."""

from __future__ import annotations

import random
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.standards import cbor, cose
from liangzheng.standards.claims import STATUS_LIST_SIZE
from liangzheng.standards.errors import BadSignature, Malformed
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.statuslist import (
    StatusList,
    StatusListToken,
    sign_again,
    sign_status_list,
    verify_status_list,
)
from liangzheng.standards.x509 import Role
from tests.standards.making import AT, DAY, HOUR, deployment

URI = "urn:example:status:3"


def a_list() -> StatusList:
    made = StatusList.blank(2, 1000)
    made[7] = 2
    return made


def a_token(**changes: Any) -> StatusListToken:
    return StatusListToken(
        **{"uri": URI, "iat": AT - HOUR, "exp": AT + HOUR, "ttl": 600, "status_list": a_list(), **changes}
    )


@given(st.sampled_from([1, 2, 4, 8]), st.dictionaries(st.integers(0, 499), st.integers(0, 255), max_size=30))
def test_every_entry_is_read_as_it_was_set_and_no_other_is_touched(
    bits: int, entries: dict[int, int]
) -> None:
    made = StatusList.blank(bits, 504)
    expected = [0] * 504
    for index, value in entries.items():
        made[index] = expected[index] = value % (1 << bits)
    read = StatusList.from_compressed(bits, made.compressed())
    assert [read[index] for index in range(len(read))] == expected


def test_an_entry_can_be_set_back() -> None:
    made = a_list()
    made[7] = 1
    made[7] = 0
    assert made == StatusList.blank(2, 1000)


def test_lists_are_the_same_when_bits_and_entries_are() -> None:
    assert a_list() == a_list()
    assert a_list() != StatusList.blank(2, 1000)
    assert StatusList.blank(1, 16) != StatusList.blank(2, 8)
    assert a_list() != a_list().as_cbor()


@pytest.mark.parametrize("index", [-1, 1000, STATUS_LIST_SIZE])
def test_there_is_no_entry_beyond_the_end(index: int) -> None:
    with pytest.raises(IndexError):
        a_list()[index]
    with pytest.raises(IndexError):
        a_list()[index] = 1


@pytest.mark.parametrize(("bits", "most"), [(1, 1), (2, 3), (4, 15), (8, 255)])
def test_the_largest_value_that_fits_is_set(bits: int, most: int) -> None:
    made = StatusList.blank(bits, 16)
    made[5] = most
    assert [made[4], made[5], made[6]] == [0, most, 0]


@pytest.mark.parametrize("value", [-1, 4, 256])
def test_a_value_that_does_not_fit_is_not_set(value: int) -> None:
    with pytest.raises(Malformed):
        a_list()[3] = value


@pytest.mark.parametrize("bits", [0, 3, 5, 16, -1])
def test_another_number_of_bits_is_refused(bits: int) -> None:
    with pytest.raises(Malformed):
        StatusList(bits, bytes(10))


def test_a_bomb_is_not_unpacked() -> None:
    for size in (STATUS_LIST_SIZE + 1, 20 << 20):
        with pytest.raises(Malformed):
            StatusList.from_compressed(1, zlib.compress(bytes(size), 9))
    StatusList.from_compressed(8, zlib.compress(bytes(STATUS_LIST_SIZE), 9))


def test_what_is_wrong_with_a_member_is_said() -> None:
    with pytest.raises(Malformed, match="not a zlib"):
        StatusList.from_compressed(2, b"not zlib")
    with pytest.raises(Malformed, match="base64url"):
        StatusList.from_member({"bits": 2, "lst": "!!"})


def test_an_address_of_all_lists_is_allowed_and_not_followed() -> None:
    member = {**a_list().as_json(), "aggregation_uri": "https://example.org/lists"}
    assert StatusList.from_member(member) == a_list()


def test_a_token_that_ends_before_it_begins_is_not_signed() -> None:
    with pytest.raises(Malformed):
        sign_status_list(a_token(exp=AT - HOUR), deployment(Alg.ES256).status)


def test_only_one_whole_stream_is_taken() -> None:
    stream = a_list().compressed()
    for octets in (stream[:-1], stream + b"\0", b"", stream * 2, b"not zlib", stream[2:-4]):
        with pytest.raises(Malformed):
            StatusList.from_compressed(2, octets)


@pytest.mark.parametrize(
    "member",
    [None, [], {}, {"bits": 2}, {"bits": True, "lst": a_list().compressed()}, {"bits": 2, "lst": 5}, {"bits": 2, "lst": "!!"},
     {"bits": 2, "lst": b"", "more": 1}],
)  # fmt: skip
def test_what_is_no_status_list_is_refused(member: Any) -> None:
    with pytest.raises(Malformed):
        StatusList.from_member(member)


@pytest.mark.parametrize("alg", list(Alg))
def test_a_token_of_the_status_signer_is_taken(alg: Alg) -> None:
    place = deployment(alg)
    octets = sign_status_list(a_token(), place.status)
    assert verify_status_list(octets, place.trust, URI, AT) == a_token()
    # As the draft shows it: tagged, with a type in the header.
    assert octets[0] == 0xD2
    assert b"application/statuslist+cwt" in octets[:60]


def test_a_list_is_signed_again_as_it_is() -> None:
    place, other = deployment(Alg.ES256), deployment(Alg.SM2)
    # Noise does not shrink: the largest list there can be.
    noise = StatusList(8, random.Random(3).randbytes(STATUS_LIST_SIZE))
    for status_list in (a_list(), noise):
        octets = sign_status_list(a_token(status_list=status_list, iat=AT - DAY, exp=AT - HOUR), other.status)
        again = sign_again(octets, AT - HOUR, AT + HOUR, place.status)
        assert verify_status_list(again, place.trust, URI, AT) == a_token(status_list=status_list)
    with pytest.raises(Malformed):
        sign_again(octets, AT, AT, place.status)


@pytest.mark.parametrize("alg", list(Alg))
def test_a_token_of_anybody_else_is_not(alg: Alg) -> None:
    place = deployment(alg)
    for signer in (place.jiangsu, place.root, SoftwareSigner.generate(alg)):
        with pytest.raises(BadSignature):
            verify_status_list(sign_status_list(a_token(), signer), place.trust, URI, AT)


def test_a_token_that_names_another_algorithm_than_its_keys_is_not_taken() -> None:
    """Even from its own signer: what stands in a signed header is true or the token is refused."""
    place = deployment(Alg.ES256)
    shape = cose.Shape("application/statuslist+cwt")
    payload = cose.parse(sign_status_list(a_token(), place.status)[1:], shape).payload
    signed = cose.to_be_signed(Alg.SM2, place.status.kid, payload, shape)
    with pytest.raises(BadSignature, match="not a status signer"):
        verify_status_list(b"\xd2" + cose.seal(signed, place.status.sign(signed)), place.trust, URI, AT)


def test_a_token_that_ran_out_or_is_another_list_is_not_taken() -> None:
    place = deployment(Alg.ES256)
    octets = sign_status_list(a_token(), place.status)
    verify_status_list(octets, place.trust, URI, AT + HOUR - 1)
    with pytest.raises(BadSignature, match="run out"):
        verify_status_list(octets, place.trust, URI, AT + HOUR)
    with pytest.raises(BadSignature, match="another list"):
        verify_status_list(octets, place.trust, URI + "0", AT)


def test_a_token_signed_outside_its_keys_window_is_not_taken() -> None:
    place = deployment(Alg.ES256)
    octets = sign_status_list(a_token(iat=AT - 60 * DAY), place.status)
    with pytest.raises(BadSignature, match="window"):
        verify_status_list(octets, place.trust, URI, AT)
    compromised = place.trusting(place.entry(place.status, compromised_at=AT - 2 * HOUR))
    with pytest.raises(BadSignature, match="compromised"):
        verify_status_list(sign_status_list(a_token(), place.status), compromised, URI, AT)


def test_a_changed_token_is_not_taken() -> None:
    place = deployment(Alg.ES256)
    octets = sign_status_list(a_token(), place.status)
    for place_of_change in range(len(octets)):
        changed = bytearray(octets)
        changed[place_of_change] ^= 1
        with pytest.raises((BadSignature, Malformed)):
            verify_status_list(bytes(changed), place.trust, URI, AT)
    for cut in (octets[1:], octets[:-1], octets + b"\0", b""):
        with pytest.raises(Malformed):
            verify_status_list(cut, place.trust, URI, AT)


def test_a_snapshot_or_bundle_is_not_a_status_list() -> None:
    place = deployment(Alg.ES256)
    for octets in (place.snapshot(), place.bundle(place.entries)):
        with pytest.raises(Malformed):
            verify_status_list(b"\xd2" + octets, place.trust, URI, AT)


def test_a_token_without_its_type_is_not_taken() -> None:
    place = deployment(Alg.ES256)
    token = a_token()
    payload = cbor.encode(
        {2: token.uri, 4: token.exp, 6: token.iat, 65533: token.status_list.as_cbor(), 65534: token.ttl}
    )
    assert place.entry(place.status).role is Role.STATUS
    with pytest.raises(Malformed):
        verify_status_list(b"\xd2" + cose.sign(payload, place.status), place.trust, URI, AT)


@pytest.mark.parametrize(
    "claims",
    [5, [2, 4, 6, 65533, 65534], [], {},
     {2: URI, 4: AT + 1, 6: AT, 65533: {}, 65534: 1, 7: 1}, {2: 5, 4: AT + 1, 6: AT, 65533: {}, 65534: 1},
     {2: 5, 4: AT + 1, 6: AT, 65533: a_list().as_cbor(), 65534: 1},
     {2: URI, 4: AT, 6: AT, 65533: a_list().as_cbor(), 65534: 1},
     {2: URI, 4: AT + 1, 6: AT, 65533: a_list().as_cbor(), 65534: -1}],
)  # fmt: skip
def test_other_claims_are_refused(claims: Any) -> None:
    place = deployment(Alg.ES256)
    shape = cose.Shape("application/statuslist+cwt")
    octets = b"\xd2" + cose.sign(cbor.encode(claims), place.status, shape)
    with pytest.raises(Malformed):
        verify_status_list(octets, place.trust, URI, AT)
