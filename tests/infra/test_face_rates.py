"""Rates and their limits, computed by hand and by counting."""

from __future__ import annotations

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng.infra.face_rates import (
    THRESHOLDS,
    Measured,
    Rate,
    Thresholds,
    lower_limit,
    rates_at,
    thresholds_for,
    upper_limit,
)

# 300 pairs of one person, 400 of two; see the tests for what follows by hand.
SAME = [0.10] * 200 + [0.30] * 98 + [0.70] * 2
OTHERS = [0.25] + [0.50] * 399
MEASURED = [Measured(d, True) for d in SAME] + [Measured(d, False) for d in OTHERS]


def chance_of_at_most(errors: int, tried: int, rate: float) -> float:
    return sum(comb(tried, n) * rate**n * (1 - rate) ** (tried - n) for n in range(errors + 1))


@pytest.mark.parametrize(
    ("errors", "tried", "upper"),
    [
        (0, 300, 1 - 0.05 ** (1 / 300)),
        (0, 1, 0.95),
        (1, 2, 0.974679),
        (299, 300, 0.95 ** (1 / 300)),
        (300, 300, 1.0),
    ],
)
def test_upper_limits_known_by_hand(errors: int, tried: int, upper: float) -> None:
    assert upper_limit(errors, tried) == pytest.approx(upper, abs=1e-5)


@given(st.integers(1, 200).flatmap(lambda tried: st.tuples(st.integers(0, tried), st.just(tried))))
def test_each_limit_leaves_five_percent(counted: tuple[int, int]) -> None:
    errors, tried = counted
    low, high = lower_limit(errors, tried), upper_limit(errors, tried)
    assert 0 <= low <= errors / tried <= high <= 1
    if errors < tried:
        assert chance_of_at_most(errors, tried, high) == pytest.approx(0.05, abs=1e-6)
    if errors > 0:
        assert 1 - chance_of_at_most(errors - 1, tried, low) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(
    ("threshold", "matched", "missed"),
    [(0.09, 0, 300), (0.10, 0, 100), (0.24, 0, 100), (0.25, 1, 100), (0.30, 1, 2), (0.49, 1, 2), (0.50, 400, 2), (0.70, 400, 0)],
)  # fmt: skip
def test_rates_at_a_threshold_count_it_as_alike(threshold: float, matched: int, missed: int) -> None:
    rates = rates_at(MEASURED, threshold)
    assert (rates.false_matches.errors, rates.false_matches.tried) == (matched, 400)
    assert (rates.false_non_matches.errors, rates.false_non_matches.tried) == (missed, 300)
    assert rates.false_matches.value == matched / 400


def test_thresholds_follow_from_the_limits_and_not_from_the_counts() -> None:
    # One of 400 is 0.25 %, its limit 1.18 %: the pass ends below it. Two of 300 have 2.1 %, none of 300 0.99 %.
    assert thresholds_for(MEASURED, 0.01, 0.01) == Thresholds(0.24, 0.70)
    assert thresholds_for(MEASURED, 0.012, 0.01) == Thresholds(0.49, 0.70)
    assert thresholds_for(MEASURED, 0.01, 0.05) == Thresholds(0.24, 0.30)
    # Told apart so well that what may pass reaches beyond what must fail: nothing is left for a person.
    assert thresholds_for(MEASURED, 0.012, 0.05) == Thresholds(0.49, 0.49)


def test_an_engine_that_tells_nobody_apart_has_no_thresholds() -> None:
    blind = [Measured(0.005, same) for same in (True, False) for _ in range(300)]
    assert thresholds_for(blind, 0.01, 0.01) is None
    few = [Measured(0.1 if same else 0.9, same) for same in (True, False) for _ in range(200)]
    assert thresholds_for(few, 0.01, 0.01) is None, "no error in 200 bounds nothing at 1 %"


def test_whoever_is_always_missed_leaves_nobody_failed() -> None:
    far = [Measured(2.5, True)] * 300 + [Measured(2.5, False)] * 300
    assert thresholds_for(far, 0.01, 0.01) == Thresholds(THRESHOLDS[-1], THRESHOLDS[-1])


def test_a_rate_carries_both_its_limits() -> None:
    rate = Rate.of(1, 400)
    assert (rate.low, rate.high) == (lower_limit(1, 400), upper_limit(1, 400))
