"""The tables of relying, asked what they allow."""

from __future__ import annotations

from typing import Any

import pytest

from liangzheng.kernel.machine import Machine
from liangzheng.relying import lifecycle as table
from liangzheng.relying.lifecycle import COMPANY, CONSENT_REQUEST, NOTICE, STANDING_CONSENT

ALL: list[tuple[Machine[Any, Any], Any, Any]] = [
    (COMPANY, table.CompanyState, table.CompanyEvent),
    (CONSENT_REQUEST, table.RequestState, table.RequestEvent),
    (STANDING_CONSENT, table.ConsentState, table.ConsentEvent),
    (NOTICE, table.NoticeState, table.NoticeEvent),
]


@pytest.mark.parametrize(("machine", "states", "events"), ALL)
def test_every_state_and_event_is_in_its_table(machine: Machine[Any, Any], states: Any, events: Any) -> None:
    assert machine.states == set(states)
    assert machine.events == set(events)


def test_what_is_finished_does_not_move() -> None:
    assert COMPANY.finished == {"ended"}
    assert CONSENT_REQUEST.finished == {"refused", "answered", "cancelled"}
    assert STANDING_CONSENT.finished == {"withdrawn", "replaced"}
    assert NOTICE.finished == {"delivered", "dropped"}


def test_nothing_is_answered_that_its_driver_did_not_approve() -> None:
    before = {arrow.source for arrow in CONSENT_REQUEST.arrows if arrow.target == "answered"}
    assert before == {"approved"}
    assert {arrow.event for arrow in CONSENT_REQUEST.arrows if arrow.target == "approved"} == {
        "driver_approved"
    }


def test_a_company_asks_only_after_somebody_approved_or_restored_it() -> None:
    assert {arrow.event for arrow in COMPANY.arrows if arrow.target == "approved"} == {"approved", "restored"}


def test_a_consent_never_comes_back() -> None:
    assert [arrow for arrow in STANDING_CONSENT.arrows if arrow.target == "active"] == []
