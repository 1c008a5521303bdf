"""Who may act, look up, propose and decide. Facts in, decision out: no clock, no database."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from liangzheng.kernel.ids import LookUpId, StaffId
from liangzheng.staff.lifecycle import ProposalState
from liangzheng.staff.model import (
    ADMINISTRATIONS,
    AUDIT_PURPOSES,
    DUTIES,
    FRESH_ACTS,
    KINDS,
    PURPOSES,
    Act,
    CaseKind,
    CaseNumber,
    Duty,
    HeldDuty,
    Kind,
    Proposal,
    Purpose,
    SampledLookUp,
    StaffPolicy,
    StaffSession,
)


class Refusal(StrEnum):
    """Why a member of staff may not, in order of precedence: when several hold, the first is heard."""

    DUTY_NOT_HELD = "duty-not-held"
    NOT_HERE = "not-here"
    SECOND_FACTOR_NOT_FRESH = "second-factor-not-fresh"
    NOT_LINKED = "not-linked"
    PURPOSE_UNKNOWN = "purpose-unknown"
    CASE_MISSING = "case-missing"
    CASE_OF_OTHER_KIND = "case-of-other-kind"
    CASE_ELSEWHERE = "case-elsewhere"
    CASE_IN_FUTURE = "case-in-future"
    OWN_LOOK_UP = "own-look-up"
    OVER_BUDGET = "over-budget"
    REASON_UNKNOWN = "reason-unknown"
    ABOUT_ONESELF = "about-oneself"
    OWN_PROPOSAL = "own-proposal"
    NOT_OWN_PROPOSAL = "not-own-proposal"
    ALREADY_DECIDED = "already-decided"
    RAN_OUT = "ran-out"
    NOT_VERIFIED_BY_YOU = "not-verified-by-you"
    ALREADY_RETAINED = "already-retained"


# --- logging in -------------------------------------------------------------------------------------


def may_use_session(session: StaffSession, policy: StaffPolicy, now: datetime) -> bool:
    """Whether a staff login still holds: not ended, used within the idle time, younger than the absolute time."""
    idle = timedelta(seconds=policy.idle_s)
    return session.ended_at is None and now < session.expires_at and now - session.seen_at < idle


def may_change_factors(proved_ago: timedelta, policy: StaffPolicy) -> bool:
    """Whether second factors may be added and removed: one was proved minutes ago, so that a console left open gives no way in
    that lasts."""
    return proved_ago <= timedelta(seconds=policy.fresh_s)


def may_remove_factor(there: int) -> bool:
    """Whether one of so many second factors may go: never the last. Source: GB/T 22239-2019, level 3 (two factors)."""
    return there > 1


# --- duties -----------------------------------------------------------------------------------------


def may_hold(duty: Duty, held: Collection[Duty]) -> bool:
    """Whether somebody who holds `held` may be given `duty`: of the three administrations only one.

    Source: GB/T 22239-2019, level 3 (system, security and audit administrators are different people).
    """
    return duty not in ADMINISTRATIONS or not (ADMINISTRATIONS & set(held))


@dataclass(frozen=True, slots=True)
class ActFacts:
    """What an act is judged on. `division`: where the subject is, six digits; None where the act has no place."""

    act: Act
    held: tuple[HeldDuty, ...]
    on: date
    proved_ago: timedelta
    division: str | None = None


def may_act(facts: ActFacts, policy: StaffPolicy) -> HeldDuty | Refusal:
    """The duty under which somebody may act here and today, or why they may not.

    Source: threat of insider browsing (need-to-know region); GB/T 22239-2019 (access by duty).
    """
    able = [held for held in facts.held if facts.act in DUTIES[held.duty] and held.holds_on(facts.on)]
    if not able:
        return Refusal.DUTY_NOT_HELD
    here = [held for held in able if facts.division is None or held.region.covers(facts.division)]
    if not here:
        return Refusal.NOT_HERE
    if facts.act in FRESH_ACTS and facts.proved_ago > timedelta(seconds=policy.fresh_s):
        return Refusal.SECOND_FACTOR_NOT_FRESH
    return here[0]


# --- looking up by number ---------------------------------------------------------------------------


def purpose_of(code: str) -> Purpose | None:
    """The purpose of the catalogue with this code."""
    return next((purpose for purpose in PURPOSES if purpose.code == code), None)


@dataclass(frozen=True, slots=True)
class AskFacts:
    """What a look-up is judged on before anything is looked for."""

    held: tuple[HeldDuty, ...]
    purpose: Purpose | None
    case: CaseNumber | None
    on: date


def may_look_up(facts: AskFacts) -> HeldDuty | Refusal:
    """The duty under which a driver may be looked for by number, or why not: a purpose of a duty that is held, and a case of
    the purpose's kind, in the duty's region, not of tomorrow.

    Source: docs/reference.md §4.6 (police query by number); per-query purpose and case are our choice.
    """
    if facts.purpose is None:
        return Refusal.PURPOSE_UNKNOWN
    able = [held for held in facts.held if held.duty is facts.purpose.duty and held.holds_on(facts.on)]
    if not able:
        return Refusal.DUTY_NOT_HELD
    if facts.case is None:
        return Refusal.CASE_MISSING
    if facts.case.kind is not facts.purpose.case:
        return Refusal.CASE_OF_OTHER_KIND
    here = [held for held in able if held.region.covers(facts.case.division)]
    if not here:
        return Refusal.CASE_ELSEWHERE
    if facts.case.day > facts.on:
        return Refusal.CASE_IN_FUTURE
    return here[0]


def may_see(held: HeldDuty, case: CaseNumber, division: str) -> bool:
    """Whether a driver of a division is within reach: in the duty's region, or stopped on its roads from anywhere."""
    return held.region.covers(division) or case.kind is CaseKind.ROADSIDE


# --- four eyes --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ProposeFacts:
    """What a proposal is judged on, besides `may_act`."""

    kind: Kind
    reason: str
    case: CaseNumber
    held: HeldDuty
    on: date
    about_oneself: bool = False


def may_propose(facts: ProposeFacts) -> Refusal | None:
    """Why a proposal is not taken, or None: a case of a fitting kind, place and day, a reason of the catalogue, and somebody
    else whom it is about."""
    rules = KINDS[facts.kind]
    if facts.case.kind not in rules.cases:
        return Refusal.CASE_OF_OTHER_KIND
    if not facts.held.region.covers(facts.case.division):
        return Refusal.CASE_ELSEWHERE
    if facts.case.day > facts.on:
        return Refusal.CASE_IN_FUTURE
    if facts.reason not in rules.reasons:
        return Refusal.REASON_UNKNOWN
    if facts.about_oneself:
        return Refusal.ABOUT_ONESELF
    return None


def may_decide(proposal: Proposal, decider: StaffId, now: datetime) -> Refusal | None:
    """Why this person may not decide a proposal, or None. Two people, whatever duties either of them holds, and neither is
    the one it is about."""
    if proposal.about == decider:
        return Refusal.ABOUT_ONESELF
    if proposal.proposed_by == decider:
        return Refusal.OWN_PROPOSAL
    if proposal.state is not ProposalState.PROPOSED:
        return Refusal.ALREADY_DECIDED
    if now >= proposal.expires_at:
        return Refusal.RAN_OUT
    return None


def may_take_back(proposal: Proposal, who: StaffId, now: datetime) -> Refusal | None:
    """Why this person may not take a proposal back, or None: the proposer, while nobody has decided."""
    if proposal.proposed_by != who:
        return Refusal.NOT_OWN_PROPOSAL
    if proposal.state is not ProposalState.PROPOSED:
        return Refusal.ALREADY_DECIDED
    if now >= proposal.expires_at:
        return Refusal.RAN_OUT
    return None


@dataclass(frozen=True, slots=True)
class RetainFacts:
    """What retaining at the roadside is judged on, besides `may_act` and `may_propose`."""

    verified_by_officer: bool
    already_retained: bool


def may_retain(facts: RetainFacts) -> Refusal | None:
    """Why a licence is not retained on the spot, or None: the officer has this driver before them, by a code just verified.

    Source: docs/reference.md §3.1 (U: retained on the spot by police), §4.6 (how it is checked).
    """
    if not facts.verified_by_officer:
        return Refusal.NOT_VERIFIED_BY_YOU
    if facts.already_retained:
        return Refusal.ALREADY_RETAINED
    return None


# --- auditors ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """What reading the audit record is judged on, besides `may_act`."""

    purpose: str
    case: CaseNumber
    held: HeldDuty
    on: date


def may_read_audit(facts: AuditFacts) -> Refusal | None:
    """Why the audit record is not opened, or None: a purpose of the catalogue, and a case about a complaint or security.

    Source: threat of insider browsing: who watches has a purpose and a case too (our choice).
    """
    if facts.purpose not in AUDIT_PURPOSES:
        return Refusal.PURPOSE_UNKNOWN
    if facts.case.kind not in (CaseKind.COMPLAINT, CaseKind.SECURITY):
        return Refusal.CASE_OF_OTHER_KIND
    if not facts.held.region.covers(facts.case.division):
        return Refusal.CASE_ELSEWHERE
    if facts.case.day > facts.on:
        return Refusal.CASE_IN_FUTURE
    return None


def drawn(look_ups: Iterable[LookUpId], seed: bytes, most: int) -> list[LookUpId]:
    """Which look-ups of one member of staff are drawn: the first `most` in the order of SHA-256 over seed and id.

    Source: threat of sold look-ups (weekly sample); number and order are our choice.
    """
    return sorted(look_ups, key=lambda each: hashlib.sha256(seed + each.uuid.bytes).digest())[:most]


def may_review_look_up(look: SampledLookUp, reviewer: StaffId) -> Refusal | None:
    """Why this person does not review a look-up, or None: nobody reviews their own."""
    return Refusal.OWN_LOOK_UP if look.staff_id == reviewer else None
