"""Places in a status list are given out in an order that only its secret tells (docs/reference.md §4.8)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from liangzheng.licences import places
from liangzheng.licences.places import LIST_SIZE, place_of

SECRET, ANOTHER = bytes(range(16)), bytes(range(1, 17))
MANY = range(20_000)


def test_a_list_has_two_to_the_twentieth_places() -> None:
    assert LIST_SIZE == 2**20 == 1 << 2 * places._HALF_BITS


@pytest.mark.parametrize("secret", [SECRET, ANOTHER, bytes(16)])
def test_over_a_whole_list_each_place_is_given_once(secret: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of 2¹⁰ places by the same network: the whole of the real one takes seconds."""
    monkeypatch.setattr(places, "_HALF_BITS", 5)
    monkeypatch.setattr(places, "_HALF_MASK", 31)
    assert sorted(place_of(secret, counter) for counter in range(1024)) == list(range(1024))


def test_of_a_real_list_no_place_is_given_twice_at_either_end() -> None:
    taken = [place_of(SECRET, counter) for counter in (*MANY, *range(LIST_SIZE - len(MANY), LIST_SIZE))]
    assert len(set(taken)) == len(taken)
    assert min(taken) >= 0 and max(taken) < LIST_SIZE


def test_neighbours_in_time_are_no_neighbours_in_the_list() -> None:
    """By chance two of a million places lie within a thousand of each other about twice in a thousand times."""
    taken = [place_of(SECRET, counter) for counter in MANY]
    near = sum(abs(after - before) <= 1000 for before, after in pairwise(taken))
    assert near < len(taken) / 250
    later = sum(after > before for before, after in pairwise(taken))
    assert 0.45 < later / len(taken) < 0.55, "the order in time does not show in the list"


def test_another_secret_is_another_order() -> None:
    same = sum(place_of(SECRET, counter) == place_of(ANOTHER, counter) for counter in MANY)
    assert same < 10
