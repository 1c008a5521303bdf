from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.api.octets import from_base64url, to_base64url
from liangzheng.kernel.errors import Invalid


@given(st.binary(max_size=80))
def test_octets_come_back_from_their_text(octets: bytes) -> None:
    assert from_base64url(to_base64url(octets), "x") == octets


@pytest.mark.parametrize(
    "text", ["A", "AA==", "AB", "AAB", "A+/A", "A A", "AA\n", "é", "AAAAA", "====", "AA=A", "\ud800"]
)
def test_octets_have_one_text_only(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        from_base64url(text, "signature")
    assert (refusal.value.place, refusal.value.rule) == ("signature", "base64url without padding")


@given(st.text(alphabet="ABab01-_+/= ", max_size=12))
def test_a_text_that_is_read_is_the_text_that_would_be_written(text: str) -> None:
    try:
        octets = from_base64url(text, "x")
    except Invalid:
        return
    assert to_base64url(octets) == text
