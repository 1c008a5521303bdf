"""One act: verify a code online. Live status and points, first showing and the audit entry, in one round
trip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from liangzheng import audit, drivers, licences
from liangzheng.infra.postgres import Database
from liangzheng.kernel.classes import Classes, DrivingClass
from liangzheng.kernel.errors import Invalid, NotAuthenticated
from liangzheng.kernel.ideographs import rare
from liangzheng.kernel.ids import VerificationId
from liangzheng.kernel.status import DEFAULT_POLICY, Status, StatusPolicy, may_drive
from liangzheng.kernel.time import civil_day
from liangzheng.showing import facts, store
from liangzheng.showing.look_queue import queue_of
from liangzheng.showing.model import (
    Answer,
    CredentialState,
    Facts,
    Holder,
    Knowledge,
    Turn,
    Verifier,
)
from liangzheng.showing.reading import code_in
from liangzheng.showing.rules import decide_answer, disclose, may_see_portrait, refuse_purpose
from liangzheng.standards import cose, livecode
from liangzheng.standards.claims import SnapshotClaims
from liangzheng.standards.errors import Malformed
from liangzheng.standards.livecode import Lives, NotVerifiedStep, Showing, Standing, Step, TrustBundle


@dataclass(frozen=True, slots=True, repr=False)
class Ask:
    """What a verifier asks. `request_key`, made by the verifier, makes a repeated request the same look."""

    code: str
    request_key: str
    purpose: str
    want_class: DrivingClass | None = None
    handed_in_at: datetime | None = None
    """When the holder handed the code in: for a short code, as it was fresh then and the digits have a life of their own;
    for a code an officer scanned without a network, when that was. None: now."""
    duty: str | None = None
    """Under which a member of staff asks; the record names it. None for a terminal or a company."""

    def __post_init__(self) -> None:
        if not (
            8 <= len(self.request_key) <= 64 and self.request_key.isascii() and self.request_key.isprintable()
        ):
            raise Invalid("request", "8 to 64 printable ASCII characters")


async def verify(
    db: Database,
    trust: TrustBundle,
    lives: Lives,
    verifier: Verifier,
    ask: Ask,
    now: datetime,
    policy: StatusPolicy = DEFAULT_POLICY,
) -> Answer:
    """What `verifier` may hear of the code in `ask`, from the live register and nothing older.

    Every look is recorded: in the driver's log when the code was genuine and fresh, else in the verifier's.
    The same code again is `already_shown`, but for the same verifier with the same request key, who is
    answered anew from the live register. Raises Forbidden for a purpose this kind of verifier has not,
    NotAuthenticated when it was ended a moment ago.
    """
    refuse_purpose(verifier.kind, ask.purpose)
    steps = livecode.Verifier(trust, lives)
    try:
        # 1. decodes … fresh: what needs nothing but the code. Nothing is asked about a code that is not
        # genuine.
        showing = steps.open(code_in(ask.code), ask.handed_in_at or now)
        snapshot = _peek(showing)
    except NotVerifiedStep as failure:
        await _record_refusal(db, verifier, ask, failure, now)
        return disclose(refusal(failure, now), verifier.kind)
    # 2. live standing, first showing, audit entry: one statement, on the primary.
    found, turn = await _look(db, verifier, ask, showing, now)
    if found is None or not found.as_issued or turn is Turn.TAKEN:
        return disclose(_turned_down(found, turn, now), verifier.kind)
    # 3. first showing, live standing in place of the snapshot, class.
    try:
        newer = snapshot if snapshot and _is_newer(snapshot, found) else None
        if newer:
            # The phone holds a newer status than the register, which cannot be unless the register went
            # back. Is it genuine?
            steps.conclude(showing, now, first_showing=True)
        answer = _answer(steps, verifier, ask, showing, found, turn, newer, now, policy)
    except NotVerifiedStep as failure:
        answer = refusal(failure, now)
    return await _with_font(db, disclose(answer, verifier.kind), found)


async def _with_font(db: Database, answer: Answer, found: store.Found) -> Answer:
    """The answer, and beside a name with rare characters the font that draws them: a read that hardly any name costs."""
    if answer.holder is None or not rare(answer.holder.name):
        return answer
    number = licences.LicenceNumber(found.licence_id, found.licence_version)
    async with db.read() as connection:
        font = await licences.font_of_name(connection, found.driver_id, number, answer.holder.name)
    return replace(answer, font=font)


def refusal(failure: NotVerifiedStep, now: datetime) -> Answer:
    """The answer to a code that failed a step: which step, and why; nothing of a person."""
    return Answer(decide_answer(facts.of_failure(failure)), now, step=failure.step, why=failure.why)


def _is_newer(snapshot: SnapshotClaims, found: store.Found) -> bool:
    """Whether the phone's status is of a later standing than the register's.

    A restore raised every version by a whole number of steps (drivers/store_restored.py): until the register is
    certain again a status of before it is compared as if it had not.
    """
    if not found.uncertain:
        return snapshot.standing_version > found.standing_version
    return snapshot.standing_version % drivers.RESTORE_STEP > found.standing_version % drivers.RESTORE_STEP


def _peek(showing: Showing) -> SnapshotClaims | None:
    """The snapshot read but not verified: live standing takes its place, only its version is compared.

    One of another licence is refused all the same: the phone signed it into its code, and no honest phone does.
    """
    if showing.snapshot is None:
        return None
    try:
        claims = SnapshotClaims.decode(cose.parse(showing.snapshot).payload)
    except Malformed as fault:
        raise NotVerifiedStep(Step.SNAPSHOT, str(fault)) from None
    if claims.licence_id != showing.credential.licence_id:
        raise NotVerifiedStep(Step.SNAPSHOT, "the standing is another licence's")
    return claims


async def _look(
    db: Database, verifier: Verifier, ask: Ask, showing: Showing, now: datetime
) -> tuple[store.Found | None, Turn]:
    claims = showing.credential
    mine = VerificationId.new()
    look = store.Look(
        verifier=verifier.id,
        status_list=claims.status_list,
        status_index=claims.status_index,
        credential_octets=showing.signed,
        shown_at=datetime.fromtimestamp(showing.shown_at, UTC),
        code_hash=showing.id,
        verification_id=mine,
        request_key=ask.request_key,
        purpose=ask.purpose,
        class_asked=ask.want_class,
        at=now,
        duty=ask.duty,
    )
    found = await queue_of(db).look(db, look)
    if found is store.Missing.CALLER_ENDED:
        raise NotAuthenticated("this verifier was ended")
    if isinstance(found, store.Missing):
        never = NotVerifiedStep(Step.ISSUER_SIGNATURE, "signed, but not in the issuing record")
        await _record_refusal(db, verifier, ask, never, now)
        return None, Turn.NOT_ASKED
    if found.verification_id == mine:
        return found, Turn.FIRST
    return found, Turn.AGAIN if found.same_request else Turn.TAKEN


async def _record_refusal(
    db: Database, verifier: Verifier, ask: Ask, failure: NotVerifiedStep, now: datetime
) -> None:
    async with db.transaction() as tx:
        await audit.record(
            tx,
            act="code.refused",
            actor=audit.Actor("staff" if ask.duty else "verifier", verifier.id),
            subject=verifier.id,
            purpose=ask.purpose,
            # Not `why`: it may quote a number out of the code, and what is in a forged code is the forger's.
            detail={"step": failure.step.value, "outcome": failure.outcome.value}
            | ({"duty": ask.duty} if ask.duty else {}),
            now=now,
        )


def _turned_down(found: store.Found | None, turn: Turn, now: datetime) -> Answer:
    if found is None or not found.as_issued:
        # The signature holds, and yet the issuing record has no such credential, or another one in its place.
        decision = decide_answer(Facts(credential=CredentialState.NOT_ISSUED))
        return Answer(decision, now, step=Step.ISSUER_SIGNATURE, why="signed, but not in the issuing record")
    return Answer(
        decide_answer(Facts(turn=turn)), now, step=Step.FIRST_SHOWING, why="this code was taken before"
    )


def _answer(
    steps: livecode.Verifier,
    verifier: Verifier,
    ask: Ask,
    showing: Showing,
    found: store.Found,
    turn: Turn,
    newer: SnapshotClaims | None,
    now: datetime,
    policy: StatusPolicy,
) -> Answer:
    """`newer`: a genuine snapshot with a later standing than the register's. The newest that was seen wins,
    and then nobody can say that it is the last."""
    on = civil_day(now)
    classes = facts.classes_of(found.classes, on)
    allowed, against = may_drive(Status.parse(found.status), policy)
    if newer:
        against = facts.letters_against(newer.status, policy) or ()
    live = Standing(
        licence_id=found.licence_id.uuid.bytes,
        version=found.licence_version,
        status=found.status,
        points=found.points,
        may_drive=allowed,
        standing_version=found.standing_version,
        as_of=int(now.timestamp()),
    )
    verified = steps.conclude(
        showing,
        now,
        first_showing=turn is not Turn.TAKEN,
        live=live,
        want_class=ask.want_class,
        # By the classes of the live register, not those that were signed: they may have been lost since.
        allows=lambda _signed, wanted: classes.allow(DrivingClass(wanted), on),
    )
    decision = decide_answer(
        Facts(
            credential=_credential(found),
            turn=turn,
            knowledge=Knowledge.LIVE,
            register_behind=found.uncertain or newer is not None,
            against=against,
            forbidden=newer is not None and not newer.may_drive,
            not_yet_valid=on < found.valid_from,
            validity_ended=found.valid_until is not None and on > found.valid_until,
            class_held=verified.class_allowed,
        )
    )
    return Answer(
        decision=decision,
        checked_at=now,
        verification_id=found.verification_id,
        licence_id=found.licence_id,
        licence_version=found.licence_version,
        holder=_holder(found, showing.credential.masked_number, classes),
        standing=facts.standing_of(newer or live, found.extended_until, on, policy),
        class_asked=ask.want_class,
        class_held=verified.class_allowed,
        shown_at=datetime.fromtimestamp(showing.shown_at, UTC),
        portrait_of=found.driver_id if may_see_portrait(verifier, ask.purpose) else None,
    )


_STATES = {
    "live": CredentialState.LIVE,
    "superseded": CredentialState.SUPERSEDED,
    "ended": CredentialState.ENDED,
    "withdrawn": CredentialState.WITHDRAWN,
}


def _credential(found: store.Found) -> CredentialState:
    """The worse of the credential's and its licence version's state; a state it could not have left us in
    was never issued."""
    states = [
        _STATES.get(state, CredentialState.NOT_ISSUED)
        for state in (found.credential_state, found.licence_state)
    ]
    return next((state for state in states if state is not CredentialState.LIVE), CredentialState.LIVE)


def _holder(found: store.Found, masked_number: str, classes: Classes) -> Holder:
    return Holder(
        name=found.name,
        number=found.document_number,
        masked_number=masked_number,
        sex="male" if found.sex == 1 else "female",
        classes=classes,
        valid_from=found.valid_from,
        valid_until=found.valid_until,
        authority=found.authority,
    )
