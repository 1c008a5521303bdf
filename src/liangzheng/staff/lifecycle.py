"""The lifecycles of a member of staff and of a proposal."""

from __future__ import annotations

from enum import StrEnum

from liangzheng.kernel.machine import Arrow, Machine


class StaffState(StrEnum):
    """Where a member of staff stands."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class StaffEvent(StrEnum):
    """What can happen to a member of staff."""

    STOPPED = "stopped"
    RESUMED = "resumed"
    LEFT = "left"


STAFF = Machine(
    name="staff",
    start=StaffState.ACTIVE,
    arrows=(
        Arrow(StaffState.ACTIVE, StaffEvent.STOPPED, StaffState.SUSPENDED),
        Arrow(StaffState.SUSPENDED, StaffEvent.RESUMED, StaffState.ACTIVE),
        Arrow(StaffState.ACTIVE, StaffEvent.LEFT, StaffState.ENDED),
        Arrow(StaffState.SUSPENDED, StaffEvent.LEFT, StaffState.ENDED),
    ),
)


class ProposalState(StrEnum):
    """Where a proposal stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class ProposalEvent(StrEnum):
    """What can happen to a proposal."""

    AGREED = "agreed"
    TURNED_DOWN = "turned_down"
    TAKEN_BACK = "taken_back"
    RAN_OUT = "ran_out"
    CARRIED_OUT = "carried_out"


PROPOSAL = Machine(
    name="proposal",
    start=ProposalState.PROPOSED,
    arrows=(
        Arrow(ProposalState.PROPOSED, ProposalEvent.AGREED, ProposalState.APPROVED),
        Arrow(ProposalState.PROPOSED, ProposalEvent.TURNED_DOWN, ProposalState.REFUSED),
        Arrow(ProposalState.PROPOSED, ProposalEvent.TAKEN_BACK, ProposalState.WITHDRAWN),
        Arrow(ProposalState.PROPOSED, ProposalEvent.RAN_OUT, ProposalState.EXPIRED),
        # About a driver: in the transaction of the decision. About a key: when the ceremony begins.
        Arrow(ProposalState.APPROVED, ProposalEvent.CARRIED_OUT, ProposalState.DONE),
        Arrow(ProposalState.APPROVED, ProposalEvent.RAN_OUT, ProposalState.EXPIRED),
    ),
)
