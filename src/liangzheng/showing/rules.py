"""Facts in, answer out: which of the things a verifier can hear, and who may hear how much of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from liangzheng.kernel.errors import Forbidden
from liangzheng.kernel.purposes import AskedField
from liangzheng.showing.model import (
    NOTES,
    PURPOSES,
    Answer,
    Because,
    CredentialState,
    Decision,
    Facts,
    Knowledge,
    Reason,
    Turn,
    Verifier,
    VerifierKind,
)
from liangzheng.standards.livecode import Outcome, Step

_OUTCOME = {
    Because.NOT_DECODED: Outcome.UNREADABLE,
    Because.UNKNOWN_ISSUER: Outcome.FORGED,
    Because.ISSUER_SIGNATURE: Outcome.FORGED,
    Because.AGAINST_THE_FORMAT: Outcome.FORGED,
    Because.NOT_ISSUED: Outcome.FORGED,
    Because.DEVICE_SIGNATURE: Outcome.FORGED,
    Because.SNAPSHOT_FORGED: Outcome.FORGED,
    Because.CLOCK_AHEAD: Outcome.CLOCK_AHEAD,
    Because.TOO_OLD: Outcome.TOO_OLD,
    Because.ALREADY_SHOWN: Outcome.ALREADY_SHOWN,
    Because.STATUS: Outcome.MAY_NOT_DRIVE,
    Because.NOT_IN_FORCE: Outcome.NOT_IN_FORCE,
    Because.NOT_YET_VALID: Outcome.NOT_IN_FORCE,
    Because.VALIDITY_ENDED: Outcome.NOT_IN_FORCE,
    Because.CREDENTIAL_SUPERSEDED: Outcome.NOT_IN_FORCE,
    Because.CREDENTIAL_ENDED: Outcome.NOT_IN_FORCE,
    Because.LICENCE_WITHDRAWN: Outcome.NOT_IN_FORCE,
    Because.CLASS_NOT_HELD: Outcome.MAY_NOT_DRIVE,
    Because.STATUS_SUPERSEDED: Outcome.STATUS_SUPERSEDED,
    Because.REGISTER_BEHIND: Outcome.STATUS_NOT_CHECKED,
    Because.NO_SNAPSHOT: Outcome.STATUS_NOT_CHECKED,
    Because.SNAPSHOT_EXPIRED: Outcome.STATUS_NOT_CHECKED,
}

_OF_CREDENTIAL = {
    CredentialState.NOT_ISSUED: Because.NOT_ISSUED,
    CredentialState.SUPERSEDED: Because.CREDENTIAL_SUPERSEDED,
    CredentialState.ENDED: Because.CREDENTIAL_ENDED,
    CredentialState.WITHDRAWN: Because.LICENCE_WITHDRAWN,
}

_OF_KNOWLEDGE = {
    Knowledge.NONE: Because.NO_SNAPSHOT,
    Knowledge.SNAPSHOT_EXPIRED: Because.SNAPSHOT_EXPIRED,
    Knowledge.SNAPSHOT_AGED: Because.SNAPSHOT_AGED,
}

_FAILED = {
    (Step.DECODES, Outcome.UNREADABLE): Because.NOT_DECODED,
    (Step.TRUSTED_ISSUER, Outcome.FORGED): Because.UNKNOWN_ISSUER,
    (Step.ISSUER_SIGNATURE, Outcome.FORGED): Because.ISSUER_SIGNATURE,
    (Step.IN_FORCE, Outcome.FORGED): Because.AGAINST_THE_FORMAT,
    (Step.IN_FORCE, Outcome.NOT_IN_FORCE): Because.NOT_IN_FORCE,
    (Step.DEVICE_SIGNATURE, Outcome.FORGED): Because.DEVICE_SIGNATURE,
    (Step.FRESH, Outcome.TOO_OLD): Because.TOO_OLD,
    (Step.FRESH, Outcome.CLOCK_AHEAD): Because.CLOCK_AHEAD,
    (Step.FIRST_SHOWING, Outcome.ALREADY_SHOWN): Because.ALREADY_SHOWN,
    (Step.SNAPSHOT, Outcome.FORGED): Because.SNAPSHOT_FORGED,
    (Step.SNAPSHOT, Outcome.STATUS_SUPERSEDED): Because.STATUS_SUPERSEDED,
}


def reason_of(step: Step, outcome: Outcome) -> Because:
    """Why a step of standards/livecode.py failed. A pair that is not known is a forgery: deny by default."""
    return _FAILED.get((step, outcome), Because.AGAINST_THE_FORMAT)


_PRECEDENCE = {because: place for place, because in enumerate(Because)}


def decide_answer(facts: Facts) -> Decision:
    """What the verifier hears: the most important reason decides, the others stand behind it.

    A no that the issuer signed (validity, class) stands although the status could not be asked; a yes does
    not: without a known status the answer is never valid. A failed step says nothing of the driver, so only
    that step is a reason.
    Source: docs/live-code.md (order of the steps); docs/reference.md §3.2 (may drive), §4.6 (what a verifier
    hears).
    """
    if facts.failed in _NOTHING_ELSE_IS_KNOWN:
        return Decision(_OUTCOME[facts.failed], (Reason(facts.failed),))
    reasons = sorted(_reasons(facts), key=lambda reason: _PRECEDENCE[reason.because])
    if not reasons or reasons[0].because in NOTES:
        return Decision(Outcome.VALID, tuple(reasons))
    first = reasons[0].because
    if _OUTCOME[first] in (Outcome.FORGED, Outcome.ALREADY_SHOWN):
        reasons = reasons[:1]
    return Decision(_OUTCOME[first], tuple(reasons))


_NOTHING_ELSE_IS_KNOWN = frozenset(
    because
    for because, outcome in _OUTCOME.items()
    if outcome in (Outcome.UNREADABLE, Outcome.FORGED, Outcome.TOO_OLD, Outcome.CLOCK_AHEAD)
)


def _reasons(facts: Facts) -> Iterator[Reason]:
    """Everything that stands against a plain yes, in no order but that of the letters."""
    if facts.failed is not None:
        yield Reason(facts.failed)
    if facts.credential in _OF_CREDENTIAL:
        yield Reason(_OF_CREDENTIAL[facts.credential])
    if facts.turn is Turn.TAKEN:
        yield Reason(Because.ALREADY_SHOWN)
    yield from (Reason(Because.STATUS, letter) for letter in facts.against)
    if facts.forbidden and not facts.against:
        yield Reason(Because.STATUS)
    if facts.not_yet_valid:
        yield Reason(Because.NOT_YET_VALID)
    if facts.validity_ended:
        yield Reason(Because.VALIDITY_ENDED)
    if facts.class_held is False:
        yield Reason(Because.CLASS_NOT_HELD)
    if facts.register_behind:
        yield Reason(Because.REGISTER_BEHIND)
    if facts.knowledge in _OF_KNOWLEDGE:
        yield Reason(_OF_KNOWLEDGE[facts.knowledge])
    if facts.trust_aged:
        yield Reason(Because.TRUST_AGED)


def refuse_purpose(kind: VerifierKind, purpose: str) -> None:
    """The last step, `purpose`: raises Forbidden for one this kind of verifier may not verify for. Source:
    model.PURPOSES."""
    if purpose not in PURPOSES[kind]:
        raise Forbidden(
            f"purpose: a {kind.value} verifier may ask for {', '.join(PURPOSES[kind])}",
            place="purpose",
            rule="purpose",
        )


def may_see_portrait(verifier: Verifier, purpose: str) -> bool:
    """Whether a verifier may fetch the portrait of whoever showed a code for a purpose: police, to compare the face; a registered
    company, where the purpose has it, because the holder opened the code before it a moment ago.

    Source: docs/reference.md §4.5; kernel/purposes.py (rental); PIPL art. 6.
    """
    if verifier.kind is VerifierKind.POLICE:
        return True
    return verifier.grants is not None and AskedField.PORTRAIT in verifier.grants.get(purpose, frozenset())


_HOLDER_IS_SHOWN = frozenset(
    {Outcome.VALID, Outcome.MAY_NOT_DRIVE, Outcome.STATUS_NOT_CHECKED, Outcome.STATUS_SUPERSEDED}
)


def disclose(answer: Answer, kind: VerifierKind) -> Answer:
    """What a verifier of `kind` may see of an answer; nothing is added, only taken away.

    Police see all of it, and may fetch the portrait, once a code proved genuine, fresh and first shown; of
    one no longer in force they see whose it was. Companies and the public see what the code itself
    discloses, no status letters and no points; a company the portrait too, where `may_see_portrait` gave it.
    """
    if kind is VerifierKind.POLICE:
        if answer.outcome in _HOLDER_IS_SHOWN:
            return answer
        if answer.outcome is Outcome.NOT_IN_FORCE:
            return replace(answer, portrait_of=None)
        return _bare(answer)
    if answer.outcome not in _HOLDER_IS_SHOWN:
        return _bare(answer)
    # Which letter forbids driving is between the driver and the authority: one nameless status reason is
    # left.
    reasons = tuple(dict.fromkeys(replace(reason, letter=None) for reason in answer.decision.reasons))
    standing = answer.standing and replace(answer.standing, status=None, points=None)
    return replace(
        answer,
        decision=replace(answer.decision, reasons=reasons),
        holder=answer.holder and replace(answer.holder, number=answer.holder.masked_number),
        standing=standing,
        portrait_of=answer.portrait_of if kind is VerifierKind.COMPANY else None,
    )


def _bare(answer: Answer) -> Answer:
    return replace(
        answer,
        holder=None,
        standing=None,
        licence_id=None,
        licence_version=None,
        class_held=None,
        portrait_of=None,
    )
