"""Police and staff: duties with a region, log-in with a second factor, look-ups by number, and what needs four eyes.

What somebody may do is one table (`DUTIES`) read by one rule (`rules.may_act`). A driver is looked up by number only for a
purpose, with a case, within a day's budget, and the holder reads the unit and the purpose; no portrait comes of it. Suspension,
restoration, correction and keys are proposed by one person and decided by another of the duty and region, in the transaction
that carries them out. A licence retained on the spot has its effect at once and loses it unless a second person confirms.

Events: `driver.looked-up`, `licence.retained`, `retention.ended`, `licence.suspended`, `licence.restored` (subject: the driver).
"""

from __future__ import annotations

from liangzheng.staff.acting import actor_of, division_of, permit
from liangzheng.staff.approvals import use_approval
from liangzheng.staff.carry_out import RESTORED, RETAINED, RETENTION_ENDED, SUSPENDED
from liangzheng.staff.check import check
from liangzheng.staff.counter_check import AtCounter, decide_at_counter
from liangzheng.staff.decide import SecondOpinion, decide, events_of, list_proposals, read_proposal, run_out
from liangzheng.staff.enrol import enrol, show_secret
from liangzheng.staff.factors import (
    add_passkey,
    begin_passkey,
    give_up_codes,
    remove_passkey,
    second_factors,
)
from liangzheng.staff.lifecycle import ProposalState, StaffEvent, StaffState
from liangzheng.staff.log_in import OfficerLoggedIn, log_in, log_out, officer_of, prove_again
from liangzheng.staff.look_up import LOOKED_UP, AskByNumber, Seen, look_up, look_ups_at
from liangzheng.staff.members import (
    Invited,
    add_member,
    give_duty,
    member_with_number,
    members,
    move_member,
    reset_factor,
    take_duty,
    verifier_of,
)
from liangzheng.staff.model import (
    DEFAULT_BUDGETS,
    DUTIES,
    KINDS,
    PURPOSES,
    Act,
    CaseNumber,
    Duty,
    HeldDuty,
    Kind,
    LookUp,
    Member,
    Officer,
    Proposal,
    Region,
    StaffNumber,
    StaffPasskey,
    StaffPolicy,
)
from liangzheng.staff.passkey_factor import PasskeyFactor
from liangzheng.staff.ports import SecondFactor
from liangzheng.staff.propose import ProposalDraft, propose, retain, take_back
from liangzheng.staff.prune import prune
from liangzheng.staff.store import CONSTRAINTS as MEMBER_CONSTRAINTS
from liangzheng.staff.store_casework import CONSTRAINTS
from liangzheng.staff.totp_factor import TotpFactor

__all__ = [
    "CONSTRAINTS",
    "DEFAULT_BUDGETS",
    "DUTIES",
    "KINDS",
    "LOOKED_UP",
    "MEMBER_CONSTRAINTS",
    "PURPOSES",
    "RESTORED",
    "RETAINED",
    "RETENTION_ENDED",
    "SUSPENDED",
    "Act",
    "AskByNumber",
    "AtCounter",
    "CaseNumber",
    "Duty",
    "HeldDuty",
    "Invited",
    "Kind",
    "LookUp",
    "Member",
    "Officer",
    "OfficerLoggedIn",
    "PasskeyFactor",
    "Proposal",
    "ProposalDraft",
    "ProposalState",
    "Region",
    "SecondFactor",
    "SecondOpinion",
    "Seen",
    "StaffEvent",
    "StaffNumber",
    "StaffPasskey",
    "StaffPolicy",
    "StaffState",
    "TotpFactor",
    "actor_of",
    "add_member",
    "add_passkey",
    "begin_passkey",
    "check",
    "decide",
    "decide_at_counter",
    "division_of",
    "enrol",
    "events_of",
    "give_duty",
    "give_up_codes",
    "list_proposals",
    "log_in",
    "log_out",
    "look_up",
    "look_ups_at",
    "member_with_number",
    "members",
    "move_member",
    "officer_of",
    "permit",
    "propose",
    "prove_again",
    "prune",
    "read_proposal",
    "remove_passkey",
    "reset_factor",
    "retain",
    "run_out",
    "second_factors",
    "show_secret",
    "take_back",
    "take_duty",
    "use_approval",
    "verifier_of",
]
