"""How often an engine is wrong, told from measured distances: rates, their confidence limits, and thresholds. Pure.

A *false match* is two people at most the threshold apart, a *false non-match* one person twice and further apart
(ISO/IEC 19795-1). Limits are exact for a binomial (Clopper and Pearson, 1934), each side by itself at 95 %.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, log1p
from typing import Final

CONFIDENCE: Final = 0.95
THRESHOLDS: Final = tuple(n / 100 for n in range(1, 200))
"""Where rates are told: every hundredth of the distances there are, without both ends."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The distance of one pair of pictures, and whether they show one person."""

    distance: float
    same: bool


@dataclass(frozen=True, slots=True)
class Rate:
    """`errors` of `tried`, with the limits that hold with 95 % confidence each."""

    errors: int
    tried: int
    low: float
    high: float

    @classmethod
    def of(cls, errors: int, tried: int) -> Rate:
        """The rate with its limits."""
        return cls(errors, tried, lower_limit(errors, tried), upper_limit(errors, tried))

    @property
    def value(self) -> float:
        """What was counted."""
        return self.errors / self.tried


@dataclass(frozen=True, slots=True)
class RatesAt:
    """Both rates were everything up to `threshold` taken for one person."""

    threshold: float
    false_matches: Rate
    false_non_matches: Rate


@dataclass(frozen=True, slots=True)
class Thresholds:
    """At most `pass_at_most` passes, above `fail_above` fails; what lies between a person decides."""

    pass_at_most: float
    fail_above: float


def upper_limit(errors: int, tried: int) -> float:
    """The rate so high that as few errors as these would come with 5 % chance. No error in `tried`: about 3/`tried`."""
    if errors >= tried:
        return 1.0
    return _bisected(lambda rate: _at_most(errors, tried, rate) > 1 - CONFIDENCE)


def lower_limit(errors: int, tried: int) -> float:
    """The rate so low that as many errors as these would come with 5 % chance."""
    if errors <= 0:
        return 0.0
    return _bisected(lambda rate: 1 - _at_most(errors - 1, tried, rate) < 1 - CONFIDENCE)


def rates_at(measured: Sequence[Measured], threshold: float) -> RatesAt:
    """Both rates at a threshold. There is a pair of each sort."""
    same = [one.distance for one in measured if one.same]
    other = [one.distance for one in measured if not one.same]
    matched = sum(distance <= threshold for distance in other)
    missed = sum(distance > threshold for distance in same)
    return RatesAt(threshold, Rate.of(matched, len(other)), Rate.of(missed, len(same)))


def thresholds_for(
    measured: Sequence[Measured], most_false_matches: float, most_false_non_matches: float
) -> Thresholds | None:
    """The widest pass and the narrowest review these pairs allow, or None where nobody could be passed.

    Passes: the largest threshold whose false matches are, by their upper limit, at most `most_false_matches`. Fails: above
    the smallest one whose false non-matches are, by theirs, at most `most_false_non_matches`, and never below the first.
    """
    same = [one.distance for one in measured if one.same]
    other = [one.distance for one in measured if not one.same]
    pass_at_most = fail_above = None
    for threshold in THRESHOLDS:
        matched = sum(distance <= threshold for distance in other)
        if upper_limit(matched, len(other)) > most_false_matches:
            break
        pass_at_most = threshold
    if pass_at_most is None:
        return None
    for threshold in reversed(THRESHOLDS):
        missed = sum(distance > threshold for distance in same)
        if upper_limit(missed, len(same)) > most_false_non_matches:
            break
        fail_above = threshold
    return Thresholds(pass_at_most, max(pass_at_most, fail_above or THRESHOLDS[-1]))


def _at_most(errors: int, tried: int, rate: float) -> float:
    """The chance of at most so many errors, 0 < rate < 1: the incomplete beta function (Abramowitz and Stegun 26.5.24)."""
    return _incomplete_beta(tried - errors, errors + 1, 1 - rate)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    before = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return before * _fraction(a, b, x) / a
    return 1 - before * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (A&S 26.5.8), from the front (Lentz)."""
    c, d = 1.0, 1 / _not_nought(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 300):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _not_nought(1 + factor * d)
            c = _not_nought(1 + factor / c)
            value *= c * d
        if abs(c * d - 1) < 1e-12:
            break
    return value


def _not_nought(value: float) -> float:
    return value if abs(value) > 1e-300 else 1e-300


def _bisected(still_low: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if still_low(middle) else (low, middle)
    return high
