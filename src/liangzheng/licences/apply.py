"""Applying for an electronic licence: decided at once, kept durably; with the archived photo issued soon, with an own
photo after a review.

Applications that wait at the same time go to the database together (`infra/together.py`): each is decided on
its own facts, and one that the database will not take fails alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from weakref import WeakKeyDictionary

from liangzheng import accounts, audit, drivers, rollout
from liangzheng.drivers import LicenceRecord
from liangzheng.infra import idempotency, outbox
from liangzheng.infra.idempotency import Claim
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.together import Together
from liangzheng.kernel.errors import Conflict, Invalid, TooMany
from liangzheng.kernel.ids import ApplicationId, DriverId, FaceCheckId, Id, PersonId, PhoneKeyId, PhotoId
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.status import DEFAULT_POLICY, StatusLetter, StatusPolicy
from liangzheng.kernel.time import civil_day
from liangzheng.licences import as_code
from liangzheng.licences.lifecycle import ApplicationState
from liangzheng.licences.model import Application, Phone, TurnedAway
from liangzheng.licences.photo_rules import PhotoSource
from liangzheng.licences.rules import (
    MAX_PHONES,
    Accept,
    CityOpening,
    Facts,
    PhotoGiven,
    Refusal,
    Refuse,
    Review,
    decide_application,
)
from liangzheng.licences.send_to_review import UNDER_REVIEW, send_to_review
from liangzheng.licences.store import applications, reviews
from liangzheng.licences.store.applications import CONSTRAINTS, Situation, Waiting

ACT: Final = "licences.apply"

MOST: Final = 32
"""Applications in one transaction. Where tables are sharded: 1, so that a statement stays with one driver."""

AT_ONCE: Final = 2

PHOTO_USABLE_FOR: Final = timedelta(hours=24)
"""How long after it was sent an own photo may be applied with."""

REFUSED_A_DAY: Final = 20
"""Refused applications of one person within 24 hours; each is kept, so there is an end to them."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Request:
    """What the applicant asks. `key`: the idempotency key the phone made, the same at every retry.

    `photo_id`: the own photo, sent before, where `photo` is not the archived one.
    """

    photo: PhotoSource
    face_check_id: FaceCheckId
    phone_key_id: PhoneKeyId | None
    key: str
    photo_id: PhotoId | None = None

    def __post_init__(self) -> None:
        if (self.photo is PhotoSource.ARCHIVED) is not (self.photo_id is None):
            raise Invalid("photo_id", "is named with a camera or album photo, and only then")


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer: a durable id, and the decision. A refusal is kept like an acceptance."""

    application_id: ApplicationId
    decision: Accept | Review | Refuse


@dataclass(frozen=True, slots=True)
class _Submission:
    """A request and whose it is; `id` is the application's, should it become one."""

    person_id: PersonId
    request: Request
    claim: Claim
    id: ApplicationId
    authorities: Authorities
    policy: StatusPolicy
    refused_a_day: int
    now: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    """What the neighbours and our own tables say of the people of a batch."""

    assurances: Mapping[PersonId, accounts.Assurance]
    phones: Mapping[PhoneKeyId, accounts.PhoneKey]
    records: Mapping[DriverId, LicenceRecord]
    situations: Mapping[DriverId, Situation]
    turned_away: Mapping[PersonId, datetime]
    calendar: rollout.Calendar
    photos: set[PhotoId]

    def record_of(self, submission: _Submission) -> LicenceRecord | None:
        """The register's record of the applicant, None when they are not bound to one."""
        assurance = self.assurances.get(submission.person_id)
        return self.records.get(assurance.driver_id) if assurance and assurance.driver_id else None

    def quota_spent_at(self, submission: _Submission) -> datetime | None:
        """When the oldest of a full day's quota of refusals was; None while the applicant has some left."""
        record = self.record_of(submission)
        if record is None:
            return self.turned_away.get(submission.person_id)
        situation = self.situations.get(record.driver_id)
        return situation.quota_spent_at if situation else None

    def phone_of(self, submission: _Submission) -> Phone | None:
        """The applicant's own live key they named."""
        wanted = submission.request.phone_key_id
        key = self.phones.get(wanted) if wanted else None
        return (
            Phone(key.phone_key_id, key.public_key) if key and key.person_id == submission.person_id else None
        )


async def apply(
    database: Database,
    person_id: PersonId,
    request: Request,
    authorities: Authorities,
    now: datetime,
    policy: StatusPolicy = DEFAULT_POLICY,
    refused_a_day: int = REFUSED_A_DAY,
) -> Decided:
    """The application is decided and kept, with its event, when this returns; the same key again gives the
    same answer.

    Raises Invalid for a key that is none, Conflict for one used for something else, and when two applications
    of one person race; TooMany after `refused_a_day` refusals within 24 hours, and then nothing is kept.
    """
    idempotency.refuse_key(request.key)
    asked = [request.photo.value, str(request.face_check_id), str(request.phone_key_id or "")]
    if request.photo_id is not None:
        asked.append(str(request.photo_id))
    claim = Claim(person_id.uuid, request.key, idempotency.request_hash(ACT, asked))
    submission = _Submission(
        person_id, request, claim, ApplicationId.new(), authorities, policy, refused_a_day, now
    )
    answer = await _together(database).go(submission)
    if isinstance(answer, Conflict | TooMany):
        raise answer
    return answer


_Answer = Decided | Conflict | TooMany
_queues: WeakKeyDictionary[Database, Together[_Submission, _Answer]] = WeakKeyDictionary()


def _together(database: Database) -> Together[_Submission, _Answer]:
    """The queue of this database in this process. Two requests of one person never go in one transaction."""
    if database not in _queues:

        async def ask(batch: Sequence[_Submission]) -> Sequence[_Answer]:
            async with database.transaction(CONSTRAINTS) as tx:
                return await _apply_all(tx, batch)

        _queues[database] = Together(ask, lambda submission: submission.person_id, most=MOST, at_once=AT_ONCE)
    return _queues[database]


async def _apply_all(tx: Connection, batch: Sequence[_Submission]) -> Sequence[_Answer]:
    """Every submission is decided on its own facts and kept, in `tx`; answers in their order."""
    # In one order always, so that two batches never wait for each other crosswise.
    ordered = sorted(batch, key=lambda submission: submission.person_id)
    now = ordered[-1].now
    # 1. The same request twice is one application.
    before = await idempotency.claim_many(tx, ACT, [submission.claim for submission in ordered], now)
    new = [submission for submission in ordered if before[submission.claim] is None]
    told: dict[Claim, _Answer] = {
        claim: _told_before(answer) for claim, answer in before.items() if answer is not None
    }
    if new:
        told |= await _apply_new(tx, new, now)
    return [told[submission.claim] for submission in batch]


async def _apply_new(
    tx: Connection, new: Sequence[_Submission], now: datetime
) -> dict[Claim, Decided | TooMany]:
    # 2. Facts: who asks, what the register says, what is open, what is held.
    known = await _known(tx, new, now)
    # 3. Whose refusals of a day are used up is not heard, and nothing of it is kept, the key neither.
    over = _too_many(new, known, now)
    if over:
        await idempotency.release_many(tx, list(over))
    heard = [submission for submission in new if submission.claim not in over]
    if not heard:
        return dict(over)
    # 4. Face checks are used up, and the decisions.
    checks = [(submission.person_id, submission.request.face_check_id, submission.id) for submission in heard]
    verified = await accounts.consume_face_checks(tx, checks, accounts.Purpose.APPLY, now)
    decided = {submission.claim: _decide(submission, known, verified, now) for submission in heard}
    # 5. Kept with their events, told to the figures and the record, and to whoever asks the same again.
    await _keep(tx, [(submission, decided[submission.claim]) for submission in heard], known, now)
    answers = [(submission.claim, _as_answer(decided[submission.claim])) for submission in heard]
    await idempotency.record_many(tx, answers)
    return {**over, **decided}


def _too_many(new: Sequence[_Submission], known: _Known, now: datetime) -> dict[Claim, TooMany]:
    spent = {submission.claim: known.quota_spent_at(submission) for submission in new}
    return {
        claim: TooMany(
            "too many refused applications in a day; what stands against it is in the last refusal",
            retry_after_s=max(1, ceil((at + _DAY - now).total_seconds())),
        )
        for claim, at in spent.items()
        if at is not None
    }


async def _known(tx: Connection, new: Sequence[_Submission], now: datetime) -> _Known:
    assurances = await accounts.assurances(tx, [submission.person_id for submission in new])
    named = [(s.person_id, s.request.phone_key_id) for s in new if s.request.phone_key_id is not None]
    phones = await accounts.live_phone_keys(tx, named)
    ids = [assurance.driver_id for assurance in assurances.values() if assurance.driver_id is not None]
    records = await drivers.licence_records(tx, ids)
    quota = applications.Quota(new[-1].refused_a_day, now - _DAY)
    situations = await applications.situations(tx, ids, quota)
    unknown = [
        submission.person_id
        for submission in new
        if (assurance := assurances.get(submission.person_id)) is None or assurance.driver_id not in records
    ]
    turned_away = await applications.turned_away_spent(tx, unknown, quota) if unknown else {}
    photos = await reviews.usable(tx, _named_photos(new, assurances), now - PHOTO_USABLE_FOR)
    return _Known(assurances, phones, records, situations, turned_away, await rollout.calendar(tx), photos)


def _named_photos(
    new: Sequence[_Submission], assurances: Mapping[PersonId, accounts.Assurance]
) -> list[reviews.Named]:
    named = []
    for submission in new:
        assurance, photo_id = assurances.get(submission.person_id), submission.request.photo_id
        if assurance is not None and assurance.driver_id is not None and photo_id is not None:
            source = submission.request.photo
            named.append(reviews.Named(submission.person_id, assurance.driver_id, photo_id, source))
    return named


def _photo_given(submission: _Submission, known: _Known) -> PhotoGiven:
    if submission.request.photo_id is None:
        return PhotoGiven.ARCHIVED
    return PhotoGiven.OWN if submission.request.photo_id in known.photos else PhotoGiven.NOT_USABLE


def _decide(submission: _Submission, known: _Known, verified: set[FaceCheckId], now: datetime) -> Decided:
    assurance, record = known.assurances.get(submission.person_id), known.record_of(submission)
    situation = known.situations.get(record.driver_id) if record else None
    phone = known.phone_of(submission)
    facts = Facts(
        level=int(assurance.level) if assurance else 0,
        standing=as_code.standing_of(record) if record else None,
        face_verified=submission.request.face_check_id in verified,
        phone_key_bound=submission.request.phone_key_id is None or phone is not None,
        opening=_opening(submission, known, record, now),
        application_under_way=situation.under_way or situation.under_review if situation else False,
        held=situation.held if situation else None,
        phone_has_room=_has_room(phone, situation),
        on=civil_day(now),
        photo=_photo_given(submission, known),
    )
    return Decided(submission.id, decide_application(facts, submission.policy))


def _opening(
    submission: _Submission, known: _Known, record: LicenceRecord | None, now: datetime
) -> CityOpening:
    if record is None:
        return CityOpening.NOT_OPEN
    authority = submission.authorities.get(record.issuing_authority)
    match rollout.decide_opening(known.calendar, rollout.Measure.E_LICENCE, authority, civil_day(now)):
        case rollout.Open():
            return CityOpening.OPEN
        case rollout.NotPublished():
            return CityOpening.NOT_PUBLISHED
        case rollout.NotOpen():
            return CityOpening.NOT_OPEN


def _has_room(phone: Phone | None, situation: Situation | None) -> bool:
    if phone is None or situation is None or phone.key_id in situation.phones:
        return True
    return len(situation.phones) < MAX_PHONES


async def _keep(
    tx: Connection, decided: Sequence[tuple[_Submission, Decided]], known: _Known, now: datetime
) -> None:
    kept: list[tuple[Application, FaceCheckId]] = []
    told: dict[str, list[tuple[Id, Mapping[str, str | None]]]] = {}
    entries: list[audit.Entry] = []
    to_review: list[tuple[Application, str]] = []
    for submission, answer in decided:
        record = known.record_of(submission)
        refusal = answer.decision.refusal if isinstance(answer.decision, Refuse) else None
        if record is not None:
            face_check_id = submission.request.face_check_id
            application = _application(submission, record, known.phone_of(submission), answer.decision, now)
            kept.append((application, face_check_id))
            if application.state is ApplicationState.UNDER_REVIEW:
                to_review.append((application, record.issuing_authority))
        else:
            assert refusal is not None, "nobody without a driver is accepted"
            # There is no driver to keep it with.
            away = TurnedAway(submission.person_id, submission.id, refusal, now)
            await applications.add_turned_away(tx, away)
        topic = _topic(answer.decision)
        if topic != UNDER_REVIEW:  # told with its promise by send_to_review
            told.setdefault(topic, []).append(_event(submission, record, refusal))
        entries.append(_entry(topic, submission, record, refusal, now))
    if kept:
        await applications.add(tx, kept)
    waiting = [Waiting(a.driver_id, a.id, now) for a, _ in kept if a.state is ApplicationState.ACCEPTED]
    if waiting:
        await applications.enqueue(tx, waiting)
    await send_to_review(tx, to_review, now)
    for topic, happened in told.items():
        await outbox.put_many(tx, topic, happened, now)
    await audit.record_many(tx, entries)


def _topic(decision: Accept | Review | Refuse) -> str:
    match decision:
        case Accept():
            return "application.accepted"
        case Review():
            return UNDER_REVIEW
        case Refuse():
            return "application.refused"


_STATE: Final = {
    Accept: ApplicationState.ACCEPTED,
    Review: ApplicationState.UNDER_REVIEW,
    Refuse: ApplicationState.REFUSED,
}


def _application(
    submission: _Submission,
    record: LicenceRecord,
    phone: Phone | None,
    decision: Accept | Review | Refuse,
    now: datetime,
) -> Application:
    return Application(
        driver_id=record.driver_id,
        id=submission.id,
        state=_STATE[type(decision)],
        move=1,
        origin="holder",
        person_id=submission.person_id,
        phone=phone,
        refusal=decision.refusal if isinstance(decision, Refuse) else None,
        standing_version=record.standing_version,
        submitted_at=now,
        moved_at=now,
        photo=submission.request.photo,
        photo_id=submission.request.photo_id,
    )


def _event(
    submission: _Submission, record: LicenceRecord | None, refusal: Refusal | None
) -> tuple[Id, Mapping[str, str | None]]:
    return record.driver_id if record else submission.person_id, {
        "driver_id": str(record.driver_id) if record else None,
        "application_id": str(submission.id),
        "authority": record.issuing_authority if record else None,
        "refusal": refusal.value if refusal else None,
        "origin": "holder",
    }


def _entry(
    act: str, submission: _Submission, record: LicenceRecord | None, refusal: Refusal | None, now: datetime
) -> audit.Entry:
    return audit.entry_of(
        act,
        audit.Actor("person", submission.person_id),
        submission.id,
        record.driver_id if record else None,
        "applying for an electronic licence",
        {"refusal": refusal.value if refusal else None},
        now,
    )


def _as_answer(decided: Decided) -> dict[str, str | None]:
    refused = decided.decision if isinstance(decided.decision, Refuse) else None
    return {
        "application_id": str(decided.application_id),
        "review": "yes" if isinstance(decided.decision, Review) else None,
        "refusal": refused.refusal.value if refused else None,
        "letters": "".join(refused.letters) if refused else "",
    }


def _told_before(answer: dict[str, str] | Conflict) -> Decided | Conflict:
    if isinstance(answer, Conflict):
        return answer
    application_id = ApplicationId.parse(answer["application_id"])
    if answer["refusal"] is None:
        return Decided(application_id, Review() if answer.get("review") else Accept())
    letters = tuple(StatusLetter(letter) for letter in answer["letters"])
    return Decided(application_id, Refuse(Refusal(answer["refusal"]), letters))
