"""Failures: one stable code each, and the rule instead of the value."""

from __future__ import annotations

import pytest

from liangzheng.kernel import errors
from liangzheng.kernel.errors import Failure, Invalid, NotVerified, TooMany, Unavailable


def test_every_failure_has_its_own_code() -> None:
    codes = {kind.__name__: kind.code for kind in Failure.__subclasses__()}
    assert codes == {
        "NotFound": "not-found",
        "Conflict": "conflict",
        "NotVerified": "not-verified",
        "NotAuthenticated": "not-authenticated",
        "Forbidden": "forbidden",
        "Invalid": "invalid",
        "TooLarge": "too-large",
        "TooMany": "too-many",
        "Unavailable": "unavailable",
        "AgreementNeeded": "agreement-needed",
    }


def test_a_failure_carries_place_and_rule() -> None:
    failure = errors.Conflict("the application has moved on", place="application", rule="version 3")
    assert (str(failure), failure.place, failure.rule) == (
        "the application has moved on",
        "application",
        "version 3",
    )


def test_invalid_is_a_value_error_and_knows_where() -> None:
    fault = Invalid("name", "1 to 50 characters")
    assert isinstance(fault, ValueError)
    assert isinstance(fault, Failure)
    assert str(fault) == "name: 1 to 50 characters"
    moved = fault.at("line 7, column 姓名")
    assert str(moved) == "line 7, column 姓名: 1 to 50 characters"


def test_a_verification_that_stopped_names_its_step() -> None:
    failure = NotVerified("fresh", "opened 41 s ago")
    assert (failure.step, failure.why, str(failure)) == ("fresh", "opened 41 s ago", "fresh: opened 41 s ago")


@pytest.mark.parametrize("kind", [TooMany, Unavailable])
def test_what_passes_may_say_when(kind: type[TooMany] | type[Unavailable]) -> None:
    assert kind("wait", retry_after_s=5).retry_after_s == 5
    assert kind("wait").retry_after_s is None
