"""In whose hand a review is, and who may decide it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from liangzheng.kernel.reviews import Hand, Reviewer, hand_of, may_decide_review
from tests.conftest import NOW

ONE, TWO = Reviewer("staff", UUID(int=1)), Reviewer("staff", UUID(int=2))
LATER = NOW + timedelta(seconds=1)


@pytest.mark.parametrize("hand", Hand)
@pytest.mark.parametrize("outcome", [None, "approved", "refused", "withdrawn"])
def test_only_an_open_review_in_the_own_hand_is_decided(outcome: str | None, hand: Hand) -> None:
    may = may_decide_review(outcome, hand) is None
    assert may is (outcome is None and hand is Hand.OWN)


def test_a_withdrawn_one_is_told_apart_from_a_decided_one() -> None:
    assert "withdrawn" in (may_decide_review("withdrawn", Hand.OWN) or "")
    assert "decided" in (may_decide_review("approved", Hand.OWN) or "")


@pytest.mark.parametrize(
    ("taken_by", "until", "hand"),
    [
        (None, None, Hand.NOBODYS),
        (ONE, LATER, Hand.OWN),
        (TWO, LATER, Hand.ANOTHERS),
        (ONE, NOW, Hand.NOBODYS),
        (TWO, NOW, Hand.NOBODYS),
        (Reviewer("operator", UUID(int=1)), LATER, Hand.ANOTHERS),
    ],
)
def test_a_hand_is_by_kind_and_id_and_opens_with_time(
    taken_by: Reviewer | None, until: object, hand: Hand
) -> None:
    assert hand_of(taken_by, until, ONE, NOW) is hand  # type: ignore[arg-type]
