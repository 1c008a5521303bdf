from __future__ import annotations

from liangzheng.staff.lifecycle import PROPOSAL, STAFF, ProposalEvent, ProposalState, StaffEvent, StaffState


def test_every_state_and_event_is_in_the_tables() -> None:
    assert PROPOSAL.states == set(ProposalState) and PROPOSAL.events == set(ProposalEvent)
    assert STAFF.states == set(StaffState) and STAFF.events == set(StaffEvent)


def test_what_is_decided_or_over_does_not_move() -> None:
    assert PROPOSAL.finished == {
        ProposalState.DONE, ProposalState.REFUSED, ProposalState.WITHDRAWN, ProposalState.EXPIRED,
    }  # fmt: skip
    assert STAFF.finished == {StaffState.ENDED}


def test_nothing_is_carried_out_that_was_not_agreed_to() -> None:
    ways = {(arrow.source, arrow.event) for arrow in PROPOSAL.arrows if arrow.target is ProposalState.DONE}
    assert ways == {(ProposalState.APPROVED, ProposalEvent.CARRIED_OUT)}
    agreed = [arrow.source for arrow in PROPOSAL.arrows if arrow.target is ProposalState.APPROVED]
    assert agreed == [ProposalState.PROPOSED]
