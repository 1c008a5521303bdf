"""A key that is checked often gets tables: the same answers as libcrypto's own check, and as sums worked out here."""

from __future__ import annotations

import gc
import json
import os
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liangzheng.standards import sm
from liangzheng.standards.errors import BadKey, BadSignature, LibraryUnavailable
from liangzheng.standards.sm import sm2, tables
from liangzheng.standards.sm.curve import A, B, G, N, P
from liangzheng.standards.sm.libcrypto import libcrypto

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


def checked(key: sm.PublicKey, times: int) -> sm.PublicKey:
    """The key after so many checks."""
    key._checked = times - 1
    with pytest.raises(BadSignature):
        key.verify(b"", b"\x01" * 64)
    return key


def with_tables(key: sm.PublicKey) -> sm.PublicKey:
    """The key after as many checks as give it tables."""
    assert type(checked(key, sm2.OFTEN)._tables) is tables.Tables
    return key


def with_wide_tables(key: sm.PublicKey) -> sm.PublicKey:
    """The key after as many checks as give it wide tables."""
    assert type(checked(key, sm2.VERY_OFTEN)._tables) is tables.WideTables
    return key


KINDS = [tables.Tables, tables.WideTables]
WITH = [with_tables, with_wide_tables]
Made = Callable[[sm.PublicKey], sm.PublicKey]


# Keys are small multiples of G, so that sums meet, double and vanish.
KEYS = (1, 2, 5, N - 1, 0x1234567890ABCDEF << 190)
EDGES = (1, 2, 3, 7, 8, 255, 256, 257, 1 << 248, (1 << 255) + 255, N // 2, N - 256, N - 3, N - 2, N - 1)


@cache
def made(kind: type[tables.Sums], private: int) -> tables.Sums:
    return kind(octets(times(private, G)))


def xs(point: Point) -> list[int]:
    """What of 0 to n − 1 is the point's x modulo n."""
    return [] if point is None else [point[0] % N]


@pytest.mark.parametrize("kind", KINDS)
@given(
    st.sampled_from(KEYS),
    st.sampled_from(EDGES) | st.integers(1, N - 1),
    st.sampled_from(EDGES) | st.integers(1, N - 1),
)
@settings(max_examples=60, deadline=None)
def test_the_sum_is_that_of_the_curve(kind: type[tables.Sums], private: int, s: int, t: int) -> None:
    """Against additions as schools teach them; another x never fits."""
    mine = made(kind, private)
    right = xs(add(times(s, G), times(t, times(private, G))))
    near = {(x + step) % N for x in right for step in (1, -1, P - N, N - P)}
    for x in {*right, *near, 0, 1, N - 1, *(N - x for x in right)}:
        assert mine.fits(s, t, x) == mine.fits(s, t, x - N) == mine.fits(s, t, x + 2 * N) == (x in right)
    assert not any(mine.fits(s, t, x - P) for x in right)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("private", [5, KEYS[-1]])
def test_every_octet_at_every_place_has_its_multiple(kind: type[tables.Sums], private: int) -> None:
    """One octet at a time, in s and in t."""
    mine, key = made(kind, private), times(private, G)
    of_g, of_key = G, key
    for place in range(32):
        for octet in (1, 127, 128, 254 if place == 31 else 255):
            number = octet << 8 * place
            in_s, in_t = add(times(octet, of_g), key), add(G, times(octet, of_key))
            assert [x for x in {*xs(in_s), *xs(in_t)} if mine.fits(number, 1, x)] == xs(in_s)
            assert [x for x in {*xs(in_s), *xs(in_t)} if mine.fits(1, number, x)] == xs(in_t)
        of_g, of_key = times(256, of_g), times(256, of_key)


@pytest.mark.parametrize("kind", KINDS)
def test_the_point_at_infinity_fits_nothing(monkeypatch: pytest.MonkeyPatch, kind: type[tables.Sums]) -> None:
    """(n − 2)G + 2G has no x; libcrypto gives its coordinates as noughts, or as whatever they were."""
    mine = made(kind, 2)
    assert not any(mine.fits(N - 2, 1, x) for x in (0, 1, N - 1, G[0] % N))
    assert mine.fits(N - 2, 2, times(2, G)[0])  # type: ignore[index]
    monkeypatch.setattr(tables.Sums, "_read", lambda self, number: 0)
    assert not mine.fits(N - 2, 1, 5)


@pytest.mark.parametrize("kind", KINDS)
def test_an_x_of_n_and_above_is_taken_modulo_n(kind: type[tables.Sums]) -> None:
    """One in 2^128 points has such an x, and nobody knows s and t for one: the tables are told of one."""
    x = next(x for x in range(N, P) if pow(x**3 + A * x + B, (P - 1) // 2, P) == 1)
    y = pow(x**3 + A * x + B, (P + 1) // 4, P)
    # That point less G, and G.
    less = kind(octets(add((x, y), times(N - 1, G))))
    assert less.fits(1, 1, x - N)
    assert not less.fits(1, 1, x - N + 1)


@pytest.mark.parametrize("kind", KINDS)
def test_an_x_of_nought_is_not_taken_for_p(kind: type[tables.Sums]) -> None:
    """The curve has a point there; p − n and n more is p, which is nought again."""
    less = kind(octets(add((0, pow(B, (P + 1) // 4, P)), times(N - 1, G))))
    assert less.fits(1, 1, 0)
    assert not less.fits(1, 1, P - N)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_point_gets_no_tables(kind: type[tables.Sums]) -> None:
    for point in (b"\x04" + bytes(63) + b"\x01", b"\x00", octets(G)[:-1], octets(G) + b"\0"):
        with pytest.raises(BadKey):
            kind(point)


@cache
def standard_key(with_those: Made) -> sm.PublicKey:
    return with_those(sm.PublicKey(sm.SM2_SPKI_PREFIX + POINT))


def test_tables_come_with_the_checks_that_are_said_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2, "VERY_OFTEN", 20)
    private = sm.generate()
    kinds = []
    for number in range(25):
        message = os.urandom(number)
        private.public.verify(message, private.sign(message))
        kinds.append(type(private.public._tables).__name__)
    assert kinds == ["NoneType"] * 7 + ["Tables"] * 12 + ["WideTables"] * 6


@pytest.mark.parametrize("with_those", WITH)
def test_the_signature_of_the_standard_verifies_with_tables_too(with_those: Made) -> None:
    standard_key(with_those).verify(MESSAGE, SIGNATURE)


def test_a_signature_whose_sum_is_infinity_is_refused_with_and_without_tables() -> None:
    spki = sm.SM2_SPKI_PREFIX + octets(times(2, G))[1:]
    signature = (3).to_bytes(32, "big") + (N - 2).to_bytes(
        32, "big"
    )  # t = r + s = 1, and (n − 2)G + 2G is infinity
    for key in (sm.PublicKey(spki), *(make(sm.PublicKey(spki)) for make in WITH)):
        with pytest.raises(BadSignature):
            key.verify(MESSAGE, signature)


@pytest.mark.parametrize("with_those", WITH)
def test_with_any_bit_changed_it_does_not(with_those: Made) -> None:
    for bit in range(512):
        changed = (int.from_bytes(SIGNATURE, "big") ^ 1 << bit).to_bytes(64, "big")
        with pytest.raises(BadSignature):
            standard_key(with_those).verify(MESSAGE, changed)


def _judged(key: sm.PublicKey, message: bytes, signature: bytes) -> str:
    try:
        key.verify(message, signature)
    except BadSignature as fault:
        return str(fault)
    return "good"


def _altered(signature: bytes) -> Iterator[bytes]:
    """What is near a good signature, and what stands at the ends of the ranges."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    ends = (0, 1, 2, N - 1, N, N + 1, 2**256 - 1)
    pairs = [
        (r, s), (s, r), (r, N - s), (N - r, s), (r, N - r), (N - s, s), (r + 1, s), (r, s + 1), (r - 1, s + 1),
        *((r, end) for end in ends), *((end, s) for end in ends), *((a, b) for a in ends for b in ends),
    ]  # fmt: skip
    if r + N < 2**256:
        pairs.append((r + N, s))
    for each in pairs:
        yield b"".join((number % 2**256).to_bytes(32, "big") for number in each)
    yield from (b"", signature[:-1], signature + b"\0", b"\0" + signature[:63])
    yield from (os.urandom(64) for _ in range(8))


def test_every_way_of_checking_gives_libcryptos_answer() -> None:
    """Three thousand signatures: good, altered, of another key or message, and at the ends of the ranges."""
    mine, other = sm.generate(), sm.generate()
    ways = [make(sm.PublicKey(mine.public.spki)) for make in WITH]
    plain = sm.PublicKey(mine.public.spki)
    plain._checked = sm2.VERY_OFTEN
    counted = {"good": 0}
    for number in range(36):
        message = os.urandom(number)
        signatures = [mine.sign(message) for _ in range(4)] + [other.sign(message), mine.sign(message + b"!")]
        for signature in (*signatures, *_altered(signatures[0])):
            wanted = _judged(plain, message, signature)
            assert [_judged(way, message, signature) for way in ways] == [wanted] * 2
            counted[wanted] = counted.get(wanted, 0) + 1
    assert plain._tables is None
    assert counted.pop("good") == 5 * 36
    assert len(counted) == 3
    assert sum(counted.values()) > 2500


@pytest.mark.parametrize("with_those", WITH)
def test_threads_share_a_key_with_tables(with_those: Made) -> None:
    private = sm.generate()
    key = with_those(private.public)
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


NEEDED = {
    "EC_POINTs_mul": [tables.Tables],
    "EC_GROUP_precompute_mult": [tables.Tables],
    "EC_POINTs_make_affine": [tables.WideTables],
    "EC_POINT_add": [tables.WideTables],
    "EC_POINT_get_Jprojective_coordinates_GFp": KINDS,
}


@pytest.mark.parametrize("missing", NEEDED)
def test_where_libcrypto_has_no_such_function_it_goes_without(
    monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Built without what is marked as old: each kind of tables by itself, and the checks go on."""

    class Without:
        def __getattr__(self, name: str) -> object:
            if name == missing:
                raise AttributeError(f"function/symbol '{name}' not found")
            return getattr(libcrypto(), name)

    monkeypatch.setattr(tables, "libcrypto", Without)
    monkeypatch.setattr(sm2, "VERY_OFTEN", 20)
    for kept in (tables._rows_of_g, tables._around_g, tables._plain):
        kept.cache_clear()
    private = sm.generate()
    for number in range(25):
        message = os.urandom(number)
        private.public.verify(message, private.sign(message))
        with pytest.raises(BadSignature):
            private.public.verify(message + b"!", private.sign(message))
    left = [kind for kind in KINDS if kind not in NEEDED[missing]]
    assert type(private.public._tables) is (left[0] if left else type(None))


def test_no_more_keys_than_said_have_wide_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others keep libcrypto's; a place is free again when a key is forgotten."""
    monkeypatch.setattr(tables, "MOST_WIDE", len(tables._WIDE) + 1)
    first, second, third = (sm.generate().public for _ in range(3))
    with_wide_tables(first)
    with_tables(second)
    assert type(checked(second, sm2.VERY_OFTEN)._tables) is tables.Tables
    del first
    gc.collect()
    with_wide_tables(third)


def test_a_sum_that_libcrypto_could_not_make_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """No memory: neither good nor bad."""

    class Failing:
        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> object:
            return (lambda *_: 0) if name == self._name else getattr(libcrypto(), name)

    names = (
        "EC_POINT_add",
        "EC_POINT_set_to_infinity",
        "EC_POINT_get_Jprojective_coordinates_GFp",
        "BN_bn2binpad",
    )
    for name in names:
        with monkeypatch.context() as here:
            key = standard_key(with_wide_tables)
            here.setattr(tables, "libcrypto", lambda name=name: Failing(name))
            with pytest.raises(LibraryUnavailable):
                key.verify(MESSAGE, SIGNATURE)
        key.verify(MESSAGE, SIGNATURE)
    key = standard_key(with_tables)
    monkeypatch.setattr(tables, "libcrypto", lambda: Failing("EC_POINTs_mul"))
    with pytest.raises(LibraryUnavailable):
        key.verify(MESSAGE, SIGNATURE)
