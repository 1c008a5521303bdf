"""Police and staff: duties with a region, log-in with a second factor, look-ups by number, and what needs four eyes.

What somebody may do is one table (`DUTIES`) read by one rule (`rules.may_act`). A driver is looked up by number only for a
purpose, with a case, within a day's budget, and the holder reads the unit and the purpose; no portrait comes of it. Suspension,
restoration, correction, keys, waves, duties and new enrolment codes are proposed by one person and decided by another of the
duty and region, in the transaction that carries them out. What is refused stays in the audit record. A licence retained on the
spot has its effect at once and loses it unless a second person confirms.

Events: `driver.looked-up`, `licence.retained`, `retention.ended`, `licence.suspended`, `licence.restored` (subject: the driver).
"""

from __future__ import annotations

from liangzheng.staff.acting import Attempt, actor_of, division_of, permit, permit_still, refusals_recorded
from liangzheng.staff.administer import end_duty, move, take_on, within_reach
from liangzheng.staff.approvals import use_approval
from liangzheng.staff.carry_out import RESTORED, RETAINED, RETENTION_ENDED, SUSPENDED
from liangzheng.staff.check import check, probes
from liangzheng.staff.corrections import (
    CorrectionReply,
    WaitingRequest,
    answer_request,
    correction_requests,
)
from liangzheng.staff.counter_check import AtCounter, checks_at_counter, decide_at_counter
from liangzheng.staff.decide import SecondOpinion, decide, events_of, list_proposals, read_proposal, run_out
from liangzheng.staff.enrol import enrol, show_secret
from liangzheng.staff.enrolments import hand_over
from liangzheng.staff.factors import (
    add_passkey,
    begin_passkey,
    give_up_codes,
    remove_passkey,
    second_factors,
)
from liangzheng.staff.lifecycle import ProposalState, StaffEvent, StaffState
from liangzheng.staff.link import demand_link, demand_second_person, is_driver, link_person, linked_members
from liangzheng.staff.log_in import OfficerLoggedIn, log_in, log_out, officer_of, prove_again
from liangzheng.staff.look_up import LOOKED_UP, AskByNumber, Budget, Seen, budgets, look_up, look_ups_at
from liangzheng.staff.members import (
    Invited,
    add_member,
    give_duty,
    member,
    member_with_number,
    members,
    move_member,
    reset_factor,
    take_duty,
    verifier_of,
)
from liangzheng.staff.model import (
    AUDIT_PURPOSES,
    DEFAULT_BUDGETS,
    DUTIES,
    KINDS,
    NATIONWIDE_DIVISION,
    PURPOSES,
    Act,
    CaseNumber,
    Duty,
    HeldDuty,
    Kind,
    LookUp,
    Member,
    Officer,
    Outcome,
    Proposal,
    Region,
    SampledLookUp,
    StaffNumber,
    StaffPasskey,
    StaffPolicy,
)
from liangzheng.staff.passkey_factor import PasskeyFactor
from liangzheng.staff.ports import SecondFactor
from liangzheng.staff.propose import ProposalDraft, propose, proposing, retain, take_back
from liangzheng.staff.prune import prune
from liangzheng.staff.read_audit import AskAudit, read_audit, reading
from liangzheng.staff.record_looks import RecordLook, record_looks_at, show_record
from liangzheng.staff.sample import draw_sample, review_look_up, sample_to_review
from liangzheng.staff.store import CONSTRAINTS as MEMBER_CONSTRAINTS
from liangzheng.staff.store_casework import CONSTRAINTS as CASEWORK_CONSTRAINTS
from liangzheng.staff.store_restored import end_logins
from liangzheng.staff.totp_factor import TotpFactor

CONSTRAINTS = {**CASEWORK_CONSTRAINTS, **MEMBER_CONSTRAINTS}
"""For the transactions in which proposals are made and carried out."""

__all__ = [
    "AUDIT_PURPOSES",
    "CONSTRAINTS",
    "DEFAULT_BUDGETS",
    "DUTIES",
    "KINDS",
    "LOOKED_UP",
    "MEMBER_CONSTRAINTS",
    "NATIONWIDE_DIVISION",
    "PURPOSES",
    "RESTORED",
    "RETAINED",
    "RETENTION_ENDED",
    "SUSPENDED",
    "Act",
    "AskAudit",
    "AskByNumber",
    "AtCounter",
    "Attempt",
    "Budget",
    "CaseNumber",
    "CorrectionReply",
    "Duty",
    "HeldDuty",
    "Invited",
    "Kind",
    "LookUp",
    "Member",
    "Officer",
    "OfficerLoggedIn",
    "Outcome",
    "PasskeyFactor",
    "Proposal",
    "ProposalDraft",
    "ProposalState",
    "RecordLook",
    "Region",
    "SampledLookUp",
    "SecondFactor",
    "SecondOpinion",
    "Seen",
    "StaffEvent",
    "StaffNumber",
    "StaffPasskey",
    "StaffPolicy",
    "StaffState",
    "TotpFactor",
    "WaitingRequest",
    "actor_of",
    "add_member",
    "add_passkey",
    "answer_request",
    "begin_passkey",
    "budgets",
    "check",
    "checks_at_counter",
    "correction_requests",
    "decide",
    "decide_at_counter",
    "demand_link",
    "demand_second_person",
    "division_of",
    "draw_sample",
    "end_duty",
    "end_logins",
    "enrol",
    "events_of",
    "give_duty",
    "give_up_codes",
    "hand_over",
    "is_driver",
    "link_person",
    "linked_members",
    "list_proposals",
    "log_in",
    "log_out",
    "look_up",
    "look_ups_at",
    "member",
    "member_with_number",
    "members",
    "move",
    "move_member",
    "officer_of",
    "permit",
    "permit_still",
    "probes",
    "propose",
    "proposing",
    "prove_again",
    "prune",
    "read_audit",
    "read_proposal",
    "reading",
    "record_looks_at",
    "refusals_recorded",
    "remove_passkey",
    "reset_factor",
    "retain",
    "review_look_up",
    "run_out",
    "sample_to_review",
    "second_factors",
    "show_record",
    "show_secret",
    "take_back",
    "take_duty",
    "take_on",
    "use_approval",
    "verifier_of",
    "within_reach",
]
