"""Base45: the examples of RFC 9285, its arithmetic against the plain one, and everything it must refuse."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from liangzheng.standards import base45
from liangzheng.standards.errors import Malformed


def plainly_encoded(octets: bytes) -> str:
    """RFC 9285 §4.1 word by word."""
    text = ""
    for at in range(0, len(octets), 2):
        pair = octets[at : at + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, 45)
            text += chr(base45.ALPHABET[digit])
    return text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
        (b"", ""),
    ],
)
def test_the_examples_of_the_standard(octets: bytes, text: str) -> None:
    assert base45.encode(octets) == text
    assert base45.decode(text) == octets


def test_every_pair_of_octets_is_written_as_the_standard_says() -> None:
    everything = b"".join(number.to_bytes(2, "big") for number in range(1 << 16))
    assert base45.encode(everything) == plainly_encoded(everything)
    assert base45.decode(base45.encode(everything)) == everything


@given(st.binary(max_size=700))
@example(b"\xff" * 700)
def test_octets_come_back(octets: bytes) -> None:
    assert base45.decode(base45.encode(octets)) == octets


@pytest.mark.parametrize("text", ["A", "BB8A", "BB8BB8A"])
def test_a_length_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="length"):
        base45.decode(text)


@pytest.mark.parametrize("text", ["GGW", ":::", "BB8GGW", "BB8:::BB8", "GGWBB8BB8"])
def test_three_characters_worth_more_than_two_octets_are_refused(text: str) -> None:
    with pytest.raises(Malformed, match="two octets"):
        base45.decode(text)


def test_the_last_pair_of_octets_that_fits_is_taken() -> None:
    assert base45.decode("FGW") == b"\xff\xff"


@pytest.mark.parametrize("text", ["V5", "::", "BB8V5"])
def test_two_characters_worth_more_than_an_octet_are_refused(text: str) -> None:
    with pytest.raises(Malformed, match="an octet"):
        base45.decode(text)


def test_the_last_octet_that_fits_is_taken() -> None:
    assert base45.decode("U5") == b"\xff"


@pytest.mark.parametrize(
    "character", [*"abz!\"#&'(),;<=>?@[\\]^_`{|}~\n\t\0\x7f", "é", "Ａ", "亮", "\ud800", "٣"]
)
def test_a_character_outside_the_alphabet_is_refused_wherever_it_stands(character: str) -> None:
    for text in (character + "B8", "B" + character + "8", "BB" + character, "BB8BB8" + character + "0"):
        with pytest.raises(Malformed, match="alphabet"):
            base45.decode(text)


@given(st.text(alphabet=base45.ALPHABET.decode(), max_size=60))
def test_a_text_that_is_taken_is_the_only_one_for_its_octets(text: str) -> None:
    try:
        octets = base45.decode(text)
    except Malformed:
        return
    assert base45.encode(octets) == text
