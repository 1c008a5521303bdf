"""What a scanner hands over that is no code: told plainly, never opened, never quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.showing.reading import code_in
from liangzheng.standards import base45
from liangzheng.standards.livecode import MAX_CHARACTERS, PREFIX, NotVerifiedStep, Outcome, Step


def why(text: str) -> str:
    with pytest.raises(NotVerifiedStep) as failure:
        code_in(text)
    assert (failure.value.step, failure.value.outcome) == (Step.DECODES, Outcome.UNREADABLE)
    return failure.value.why


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing was read"),
        (" \r\n ", "nothing was read"),
        ("https://lz1.example/LZ1:ABC", "an address, which was not opened"),
        ("HTTPS://EXAMPLE.COM", "an address"),
        ("javascript://%0aalert(1)", "an address"),
        ("www.example.cn", "an address"),
        ("wxp://f2f0AbCd", "a payment code"),
        ("134567890123456789", "a payment code"),
        ("281234567890123456", "a payment code"),
        ("lz1:abc", "character 1: a small letter"),
        ("Lz1:ABC", "character 1: a small letter"),
        ("LZ1:ABcD", "character 7: a small letter"),
        ("LZ1:ABC\nDEF", "character 8: the line breaks here"),
        ("LZ1:AB\tDEF", "character 7: the line breaks here"),
        ("LZ1:ABC，DEF", "character 8: not one of the characters"),
        ("LZ1:ABCDEF0", "11 characters: cut off, or one too many"),
        ("LZ2:ABC", "another version"),
        ("HC1:6BFOXN", "begins with LZ1:"),
        ("x' OR 1=1 --", "begins with LZ1:"),
        ("LZ1:" + "A" * MAX_CHARACTERS, f"at most {MAX_CHARACTERS}"),
        ("A" * 1_000_000, "1000000 characters"),
    ],
)
def test_each_thing_that_is_no_code_is_told_what_it_is(text: str, said: str) -> None:
    assert said in why(text)


def test_line_ends_of_a_scanner_are_taken_off_and_spaces_of_the_code_are_kept() -> None:
    assert code_in("\tLZ1:AB \r\n") == "LZ1:AB "


@given(st.binary(min_size=1, max_size=40))
def test_whatever_can_be_written_in_base45_is_read_and_a_character_less_of_a_whole_pair_is_not(
    octets: bytes,
) -> None:
    code = PREFIX + base45.encode(octets)
    assert code_in(code) == code
    if len(octets) > 1 and len(octets) % 2:
        assert "cut off" in why(code[:-1])


@given(st.text(min_size=1, max_size=80))
def test_what_was_read_is_never_quoted(text: str) -> None:
    secret = f"机密{text}机密"
    assert secret not in why(secret)
