"""CBOR: one form for every value, and whatever is in another is refused without harm."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.standards import cbor
from liangzheng.standards.errors import Malformed

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 64), (1 << 64) - 1)
    | st.binary(max_size=40)
    | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-70000, 70000) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_a_value_comes_back_from_its_one_form(value: Any) -> None:
    octets = cbor.encode(value)
    assert cbor.decode(octets, max_depth=32) == value
    assert cbor2.loads(octets) == cbor2.loads(cbor2.dumps(value))


@given(st.binary(max_size=40))
def test_what_is_taken_is_the_one_form_of_its_value(octets: bytes) -> None:
    try:
        value = cbor.decode(octets)
    except Malformed:
        return
    assert cbor.encode(value) == octets


@pytest.mark.parametrize(
    ("octets", "what"),
    [
        ("1800", "an integer longer than needed"),
        ("190017", "an integer longer than needed"),
        ("1a00000018", "an integer longer than needed"),
        ("1b0000000000010000", "an integer longer than needed"),
        ("3800", "a negative integer longer than needed"),
        ("5800", "a length longer than needed"),
        ("780161", "a length longer than needed"),
        ("980100", "an array's length longer than needed"),
        ("b8010000", "a map's length longer than needed"),
        ("5f4100ff", "a byte string of indefinite length"),
        ("7f6161ff", "a text of indefinite length"),
        ("9f00ff", "an array of indefinite length"),
        ("bf0000ff", "a map of indefinite length"),
        ("0000", "something after the value"),
        ("a0ff", "something after the value"),
        ("", "nothing"),
        ("61", "an end too soon"),
        ("8200", "an end too soon"),
        ("a100", "an end too soon"),
        ("a201020103", "a key twice"),
        ("a2616101616102", "a key twice"),
        ("a2020101020000", "keys in another order"),
        ("a220010102", "a negative key before a positive one"),
        ("a2616201616101", "keys in another order"),
        ("a26161011801 02", "an integer key after a text"),
        ("a1f501", "true as a key"),
        ("a1f601", "null as a key"),
        ("a1410001", "octets as a key"),
        ("a1800001", "an array as a key"),
        ("f93c00", "a float"),
        ("fa3f800000", "a float"),
        ("fb3ff0000000000000", "a float"),
        ("f97e00", "not a number"),
        ("f7", "undefined"),
        ("f0", "a simple value"),
        ("f818", "a simple value"),
        ("f814", "false in two octets"),
        ("ff", "a break"),
        ("1c", "a reserved form"),
        ("62c328", "text that is not UTF-8"),
        ("63eda080", "a lone surrogate"),
        ("c074323032362d31312d32305430303a30303a30305a", "a date and time as text"),
        ("c11a514b67b0", "an epoch time"),
        ("c2490100000000000000 00", "a big integer"),
        ("c240", "a big integer of nothing"),
        ("c34101", "a big negative integer"),
        ("c48221196ab3", "a decimal fraction"),
        ("c5821a7fffffff01", "a big float of a huge exponent"),
        ("d81c80", "a shared value"),
        ("d81d00", "a reference"),
        ("d8238a", "a regular expression"),
        ("d823633f2a2b", "a regular expression"),
        ("d818420102", "encoded CBOR"),
        ("d81e820102", "a fraction"),
        ("d82550000102030405060708090a0b0c0d0e0f", "a UUID"),
        ("d9010283010203", "a set"),
        ("d90100 8161 61", "string references"),
        ("d9d9f700", "the self-describing tag"),
        ("d28440a04040", "a COSE tag"),
        ("d903ec6a323032362d31312d3230", "a date"),
        ("dbffffffffffffffff00", "the largest tag"),
    ],
)
def test_a_second_form_or_a_foreign_kind_is_refused(octets: str, what: str) -> None:
    with pytest.raises(Malformed):
        cbor.decode(bytes.fromhex(octets))


@pytest.mark.parametrize("head", ["9b", "5b", "7b", "bb", "9a", "5a", "7a", "ba"])
def test_a_length_without_its_octets_costs_nothing(head: str) -> None:
    width = 8 if head.endswith("b") else 4
    for length in (
        b"\xff" * width,
        b"\x7f" + b"\xff" * (width - 1),
        b"\0" * (width - 4) + b"\x3f\xff\xff\xff",
    ):
        with pytest.raises(Malformed):
            cbor.decode(bytes.fromhex(head) + length)


def test_depth_is_limited() -> None:
    assert cbor.decode(b"\x81" * 7 + b"\x00") == [[[[[[[0]]]]]]]
    for bomb in (b"\x81" * 9 + b"\x00", b"\x81" * 100_000, b"\xa1\x00" * 100_000, b"\xc1" * 100_000):
        with pytest.raises(Malformed):
            cbor.decode(bomb)


def test_size_is_limited_before_anything_is_read() -> None:
    with pytest.raises(Malformed, match="at most 10"):
        cbor.decode(b"\xff" * 11, max_octets=10)
    assert cbor.decode(b"\x49" + bytes(9), max_octets=10) == bytes(9)


def test_many_equal_keys_do_not_take_long_to_refuse() -> None:
    with pytest.raises(Malformed):
        cbor.decode(b"\xb9\xff\xff" + b"\x00\x00" * 0xFFFF)


@pytest.mark.parametrize(
    "value", [1.0, (1, 2), {1, 2}, object(), {b"k": 1}, {True: 1}, {1.5: 1}, bytearray(b"a")]
)
def test_a_kind_of_value_that_is_never_signed_is_not_written(value: Any) -> None:
    with pytest.raises(Malformed):
        cbor.encode(value)


def test_the_keys_of_a_map_are_integers_and_texts_in_the_order_of_their_octets() -> None:
    assert cbor.encode({"a": 1, -1: 2, 3: 4}) == bytes.fromhex("a3 03 04 20 02 61 61 01")


def test_an_integer_beyond_64_bits_is_not_written() -> None:
    assert cbor.encode((1 << 64) - 1) == b"\x1b" + b"\xff" * 8
    assert cbor.encode(-(1 << 64)) == b"\x3b" + b"\xff" * 8
    for number in (1 << 64, -(1 << 64) - 1):
        with pytest.raises(Malformed):
            cbor.encode(number)


def test_no_error_quotes_what_was_read() -> None:
    for octets in (b"\x66secre", b"\xa2\x61A\x01\x61A\x02", b"\x82\x66secret", b"\xc0\x66secret"):
        with pytest.raises(Malformed) as fault:
            cbor.decode(octets)
        assert "secre" not in str(fault.value)


@given(st.integers(0, (1 << 64) - 1), st.integers(0, 7))
def test_a_head_is_read_as_it_was_written(argument: int, major: int) -> None:
    octets = b"!" + cbor.head(major, argument)
    assert cbor.read_argument(octets, 1, major) == (argument, len(octets))
    with pytest.raises(Malformed):
        cbor.read_argument(octets[:-1], 1, major)
    with pytest.raises(Malformed):
        cbor.read_argument(octets, 1, (major + 1) % 8)


@pytest.mark.parametrize(
    "octets", ["1800", "1817", "190000", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1c", "1f"]
)
def test_a_head_longer_than_needed_is_not_read(octets: str) -> None:
    with pytest.raises(Malformed):
        cbor.read_argument(bytes.fromhex(octets), 0, 0)


EDGES = [0, 23, 24, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32, (1 << 64) - 1]


@pytest.mark.parametrize("argument", EDGES)
def test_a_head_at_the_edge_of_a_form_is_the_shortest(argument: int) -> None:
    octets = cbor.head(0, argument)
    assert octets == cbor2.dumps(argument)
    assert cbor.read_argument(octets, 0, 0) == (argument, len(octets))


@pytest.mark.parametrize("octets", ["", "18", "19ff", "1affffff", "1bffffffffffffff"])
def test_a_head_that_ends_too_soon_is_not_read(octets: str) -> None:
    with pytest.raises(Malformed, match="too soon"):
        cbor.read_argument(bytes.fromhex(octets), 0, 0)


@pytest.mark.parametrize(
    ("value", "octets"), [(False, b"\xf4"), (True, b"\xf5"), (None, b"\xf6"), (1, b"\x01")]
)
def test_the_simple_values_are_what_they_are(value: Any, octets: bytes) -> None:
    assert cbor.encode(value) == octets
    assert cbor.decode(octets) is value


def test_what_is_not_well_formed_is_called_so() -> None:
    with pytest.raises(Malformed, match="not well-formed"):
        cbor.decode(b"\xff")


def test_a_refused_tag_is_named() -> None:
    with pytest.raises(Malformed, match="tag 1 is not allowed"):
        cbor.decode(bytes.fromhex("c100"))


def test_a_value_nested_without_end_is_not_written() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(Malformed, match="deep"):
        cbor.encode(value)


def test_a_byte_string_is_read_whole_or_not_at_all() -> None:
    assert cbor.read_byte_string(b"\x42ab!", 0) == (b"ab", 3)
    assert cbor.read_byte_string(b"\x42ab", 0) == (b"ab", 3)
    for octets in (b"", b"\x42a", b"\x58\x18" + bytes(23), b"\x62ab", b"\x5b" + b"\xff" * 8):
        with pytest.raises(Malformed):
            cbor.read_byte_string(octets, 0)
