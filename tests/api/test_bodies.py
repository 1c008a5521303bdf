from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.api.bodies import decode_json

SECRET = "320200180001010013"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(values)
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert decode_json(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")) == value


@pytest.mark.parametrize(
    "text",
    [
        "NaN", "Infinity", "-Infinity", "[1, NaN]", '{"a": 1, "a": 1}', '[{"b": {"a": 1, "a": 2}}]', "{} {}", "",
        "'a'", "[1,]", "01", "[" * 100_000, "9" * 5000, f'{{"{SECRET}": }}', f'"{SECRET}',
    ],
    ids=range(15),
)  # fmt: skip
def test_what_is_no_strict_json_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as refusal:
        decode_json(text.encode())
    assert SECRET not in str(refusal.value)
    assert refusal.value.doc == ""


@pytest.mark.parametrize(
    "octets", [b'"\xff"', b'\xef\xbb\xbf"a"', '"a"'.encode("utf-16")], ids=["latin", "mark", "wide"]
)
def test_only_utf8_without_a_mark_is_read(octets: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        decode_json(octets)
