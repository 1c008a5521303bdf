"""A key that is checked often gets tables: the same answers as libcrypto's own check, and as sums worked out here."""

from __future__ import annotations

import json
import os
import threading
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liangzheng.standards import sm
from liangzheng.standards.errors import BadKey, BadSignature
from liangzheng.standards.sm import sm2, tables
from liangzheng.standards.sm.curve import A, G, N, P

SM2 = json.loads((Path(__file__).parents[1] / "vectors" / "gbt-sm.json").read_text())["sm2"]
POINT = bytes.fromhex(SM2["x"] + SM2["y"])
SIGNATURE = bytes.fromhex(SM2["r"] + SM2["s"])
MESSAGE = SM2["message"].encode()

Point = tuple[int, int] | None


def add(a: Point, b: Point) -> Point:
    """The sum, as schools teach it; None is infinity."""
    if a is None or b is None:
        return a or b
    (x, y), (u, v) = a, b
    if x == u and (y + v) % P == 0:
        return None
    slope = (3 * x * x + A) * pow(2 * y, -1, P) if a == b else (v - y) * pow(u - x, -1, P)
    z = (slope * slope - x - u) % P
    return z, (slope * (x - z) - y) % P


def times(number: int, point: Point) -> Point:
    total: Point = None
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def octets(point: Point) -> bytes:
    assert point is not None
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def with_tables(key: sm.PublicKey) -> sm.PublicKey:
    """The key after as many checks as give it tables."""
    for _ in range(sm2.OFTEN):
        with pytest.raises(BadSignature):
            key.verify(b"", b"\x01" * 64)
    assert key._tables is not None
    return key


# Keys are small multiples of G, so that sums meet, double and vanish.
EDGES = (1, 2, 3, 7, 8, N // 2, N - 3, N - 2, N - 1)


@given(
    st.sampled_from((1, 2, 5, N - 1)) | st.integers(1, N - 1),
    st.sampled_from(EDGES) | st.integers(1, N - 1),
    st.sampled_from(EDGES) | st.integers(1, N - 1),
)
@settings(max_examples=40, deadline=None)
def test_the_sum_is_that_of_the_curve(private: int, s: int, t: int) -> None:
    key = times(private, G)
    wanted = add(times(s, G), times(t, key))
    found = tables.Tables(octets(key)).x_of_sum(s, t)
    assert found == (None if wanted is None else wanted[0])


def test_a_sum_that_is_infinity_has_no_x() -> None:
    assert tables.Tables(octets(times(2, G))).x_of_sum(N - 2, 1) is None
    assert tables.Tables(octets(times(2, G))).x_of_sum(N - 2, 2) is not None


def test_what_is_no_point_gets_no_tables() -> None:
    with pytest.raises(BadKey):
        tables.Tables(b"\x04" + bytes(63) + b"\x01")


@cache
def standard_key() -> sm.PublicKey:
    return with_tables(sm.PublicKey(sm.SM2_SPKI_PREFIX + POINT))


def test_the_signature_of_the_standard_verifies_with_tables_too() -> None:
    standard_key().verify(MESSAGE, SIGNATURE)


def test_a_signature_whose_sum_is_infinity_is_refused_with_and_without_tables() -> None:
    spki = sm.SM2_SPKI_PREFIX + octets(times(2, G))[1:]
    signature = (3).to_bytes(32, "big") + (N - 2).to_bytes(
        32, "big"
    )  # t = r + s = 1, and (n − 2)G + 2G is infinity
    for key in (sm.PublicKey(spki), with_tables(sm.PublicKey(spki))):
        with pytest.raises(BadSignature):
            key.verify(MESSAGE, signature)


@given(st.integers(0, 511))
@settings(max_examples=40, deadline=None)
def test_with_any_bit_changed_it_does_not(bit: int) -> None:
    changed = (int.from_bytes(SIGNATURE, "big") ^ 1 << bit).to_bytes(64, "big")
    with pytest.raises(BadSignature):
        standard_key().verify(MESSAGE, changed)


def test_signatures_of_another_key_and_another_message_do_not_verify_with_tables() -> None:
    mine, other = sm.generate(), sm.generate()
    key = with_tables(mine.public)
    for number in range(20):
        message = os.urandom(number)
        key.verify(message, mine.sign(message))
        for signature in (other.sign(message), mine.sign(message + b"!")):
            with pytest.raises(BadSignature):
                key.verify(message, signature)


def test_threads_share_a_key_with_tables() -> None:
    private = sm.generate()
    key = with_tables(private.public)
    signed = [(message, private.sign(message)) for message in (os.urandom(40) for _ in range(20))]
    wrong: list[int] = []

    def check(number: int) -> None:
        for _ in range(10):
            for message, signature in signed:
                try:
                    key.verify(message, signature)
                except BadSignature:
                    wrong.append(number)

    threads = [threading.Thread(target=check, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_where_libcrypto_has_no_such_functions_it_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such(point: bytes) -> object:
        raise AttributeError("function/symbol 'EC_POINTs_mul' not found")

    monkeypatch.setattr(sm2, "Tables", no_such)
    private = sm.generate()
    for number in range(2 * sm2.OFTEN):
        message = os.urandom(number)
        private.public.verify(message, private.sign(message))
        with pytest.raises(BadSignature):
            private.public.verify(message + b"!", private.sign(message))
    assert private.public._tables is None
