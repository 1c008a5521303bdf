"""Applying with a camera or album photo over HTTP: sent, judged, reviewed, refused, submitted again, issued."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from liangzheng import audit, drivers, licences
from liangzheng.api.octets import from_base64url, to_base64url
from liangzheng.drivers import StandingChange
from liangzheng.infra import blobs, checks
from liangzheng.kernel.classes import ORDER_162_DAY, Classes
from liangzheng.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from liangzheng.kernel.ids import ApplicationId, PersonId, VerifierId
from liangzheng.kernel.time import CHINA, FixedClock
from liangzheng.licences import (
    Judged,
    PhotoReason,
    PhotoSource,
    ReviewDesk,
    SentPhoto,
    Usable,
    review,
)
from liangzheng.licences.photo_rules import PhotoFacts
from liangzheng.licences.send_to_review import promised
from liangzheng.licences.store import findings
from liangzheng.standards.livecode import Verifier, open_document
from tests.api.phone import done, refused
from tests.licences.holders import Deployment, Holder
from tests.licences.photos import apply_with_own, drawn, jpeg, on_blue, picture, replace, send, usable
from tests.licences.world import PORTRAIT_HASH


def officer(*authorities: str) -> ReviewDesk:
    """A reviewer of their own; any id stands for one until there are members of staff."""
    return ReviewDesk(audit.Actor("staff", VerifierId(uuid4())), frozenset(authorities) or None)


async def take(place: Deployment, desk: ReviewDesk, application: str | None = None) -> str | None:
    """The application in hand."""
    named = ApplicationId.parse(application) if application else None
    async with place.world.database.transaction() as tx:
        found = await licences.take_review(tx, desk, place.now, named)
    return str(found.application_id) if found else None


async def approve(place: Deployment, desk: ReviewDesk, application: str) -> None:
    async with place.world.database.transaction(licences.REVIEW_CONSTRAINTS) as tx:
        await licences.approve_photo(tx, desk, ApplicationId.parse(application), place.now)


async def refuse(place: Deployment, desk: ReviewDesk, application: str, *reasons: PhotoReason) -> None:
    async with place.world.database.transaction(licences.REVIEW_CONSTRAINTS) as tx:
        named = reasons or (PhotoReason.BACKGROUND,)
        await licences.refuse_photo(tx, desk, ApplicationId.parse(application), named, place.now)


async def reviewed(place: Deployment, application: str) -> None:
    """Taken and approved by somebody."""
    desk = officer()
    assert await take(place, desk, application) == application
    await approve(place, desk, application)


async def clean(place: Deployment) -> None:
    async with place.world.database.read() as tx:
        assert await checks.find(tx, findings.CHECKS) == []


async def progress(holder: Holder, application: str) -> list[str]:
    shown = done(await holder.phone.get(f"/holder/applications/{application}"), 200)
    return [step["event"] for step in shown["progress"]]


async def topics(place: Deployment) -> list[str]:
    rows = await place.world.rows("outbox")
    return [
        str(row["topic"])
        for row in rows
        if str(row["topic"]).split(".")[0] in ("application", "review", "photo", "licence")
    ]


# --- sending ------------------------------------------------------------------------------------------


async def test_a_good_picture_is_kept_as_made_anew_and_the_file_is_not(place: Deployment) -> None:
    holder = await place.holder()
    sent = picture()
    answer = await send(holder, sent)
    assert answer["usable"] and answer["faults"] == []
    assert [doubt["code"] for doubt in answer["doubts"]] == ["face_not_checked"]
    [row] = await place.world.rows("photo")
    assert row["picture"] != sent and hashlib.sha256(row["picture"]).digest() == row["portrait_hash"]  # type: ignore[arg-type]
    assert await place.world.count("SELECT count(*) FROM blob WHERE bytes = $1", sent) == 0


@pytest.mark.parametrize(
    ("octets", "faults"),
    [
        (b"\x00" * 20_000, ["not_a_picture"]),
        (b"tiny", ["too_few_octets"]),
        (jpeg(on_blue(drawn())), ["ground_not_white"]),
        (jpeg(drawn().resize((900, 756))), ["wrong_shape"]),
        (jpeg(drawn(), date(2020, 1, 1)), ["taken_too_long_ago"]),
    ],
)
async def test_a_picture_with_a_fault_is_turned_away_with_its_words_and_nothing_is_kept(
    place: Deployment, octets: bytes, faults: list[str]
) -> None:
    holder = await place.holder()
    answer = await send(holder, octets)
    assert (answer["usable"], answer["photo_id"]) == (False, None)
    assert [fault["code"] for fault in answer["faults"]] == faults
    assert all(fault["zh"] and fault["en"] for fault in answer["faults"])
    assert await place.world.rows("photo") == []


async def test_the_same_picture_with_the_same_key_is_one_photo(place: Deployment) -> None:
    holder = await place.holder()

    body, key = {"source": "album", "picture": to_base64url(picture())}, place.key()
    first = done(await holder.phone.post("/holder/photos", body, headers=key), 200)
    again = done(await holder.phone.post("/holder/photos", body, headers=key), 200)
    assert first == again and len(await place.world.rows("photo")) == 1
    other = body | {"picture": to_base64url(picture(2))}
    refused(await holder.phone.post("/holder/photos", other, headers=key), 409, "conflict")
    refused(await holder.phone.post("/holder/photos", body), 422, "invalid")
    refused(
        await holder.phone.post("/holder/photos", body | {"taken_on": "2026-02-30"}, headers=place.key()),
        422,
        "invalid",
    )


async def test_a_picture_of_a_mebibyte_is_taken_and_a_larger_one_is_not(place: Deployment) -> None:
    holder = await place.holder()
    body = jpeg(drawn())
    large = body[:-2] + bytes(1024 * 1024 - len(body)) + body[-2:]
    answer = await send(holder, large)
    assert answer["usable"], "what stands behind the picture is dropped with the file"
    assert [fault["code"] for fault in (await send(holder, large + b"\x00"))["faults"]] == ["too_many_octets"]
    too_large = {"source": "camera", "picture": to_base64url(bytes(1_200_000))}
    refused(await holder.phone.post("/holder/photos", too_large, headers=place.key()), 413, "too-large")


async def test_there_is_an_end_to_photos_a_day(place: Deployment) -> None:
    holder = await place.holder()
    made = Judged(
        PhotoFacts(PhotoSource.CAMERA, 20_000, readable=True), Usable(()), b"\xff\xd8 a fictional photo"
    )
    person = PersonId.new()
    async with place.world.database.transaction() as tx:
        for _ in range(20):
            await licences.add_photo(tx, person, holder.driver_id, made, place.now)
        with pytest.raises(TooMany):
            await licences.add_photo(tx, person, holder.driver_id, made, place.now)
        await licences.add_photo(tx, person, holder.driver_id, made, place.now + timedelta(hours=25))


class Engine:
    """Finds what the test says."""

    def __init__(self, found: tuple[int, bool | None] | None) -> None:
        self.found = found

    async def faces(self, jpeg: bytes) -> tuple[int, bool | None] | None:
        assert jpeg.startswith(b"\xff\xd8"), "it sees the picture made anew"
        return self.found


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ((1, True), None),
        ((2, True), "not_one_face"),
        ((0, None), "not_one_face"),
        ((1, False), "not_frontal"),
        ((1, None), "face_not_checked"),
        (None, "face_not_checked"),
    ],
)
async def test_where_an_engine_looks_it_must_see_one_frontal_face(
    place: Deployment, found: tuple[int, bool | None] | None, code: str | None
) -> None:
    sent = SentPhoto(PhotoSource.CAMERA, picture())
    wiring = place.wiring
    judged = await licences.judge_photo(
        sent, wiring.photo_process, Engine(found), wiring.photo_policy, place.now
    )
    told = judged.decision.doubts if isinstance(judged.decision, Usable) else judged.decision.faults
    assert [each.value for each in told] == ([code] if code else [])
    assert isinstance(judged.decision, Usable) is (code in (None, "face_not_checked"))


async def test_pictures_nobody_applied_with_are_let_go_after_a_day(place: Deployment) -> None:
    holder = await place.holder()
    await usable(holder)
    assert await licences.let_go_of_photos(place.world.database, place.now + timedelta(hours=24)) == 0
    assert await licences.let_go_of_photos(place.world.database, place.now + timedelta(hours=26)) == 1
    [row] = await place.world.rows("photo")
    assert row["picture"] is None


# --- from the application to the licence --------------------------------------------------------------


async def test_a_refused_photo_is_told_with_its_reason_and_the_next_one_is_issued(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    first = await apply_with_own(holder)
    assert (first["state"], first["refusal"]) == ("under_review", None)
    assert await place.issue() == 0, "nothing is made before somebody looked"
    desk = officer()
    assert await take(place, desk) == first["application_id"]
    async with place.world.database.transaction() as tx:
        seen = await licences.review_pictures(
            tx, desk, ApplicationId.parse(first["application_id"]), place.now
        )
    assert hashlib.sha256(seen.archived or b"").digest() == PORTRAIT_HASH and seen.new != seen.archived
    await refuse(place, desk, first["application_id"], PhotoReason.GLASSES, PhotoReason.BACKGROUND)
    shown = done(await holder.phone.get(f"/holder/applications/{first['application_id']}"), 200)
    assert (shown["state"], shown["refusal"]["code"]) == ("refused", "photo_refused")
    assert [reason["code"] for reason in shown["review"]["reasons"]] == ["glasses", "background"]
    await place.drain()
    inbox = done(await holder.phone.get("/holder/messages"), 200)["messages"]
    told = next(message for message in inbox if message["kind"] == "application-refused")
    assert "白色背景" in str(told) and "眼镜" in str(told)
    # At once again, with another picture.
    second = await apply_with_own(holder, 2, "album")
    assert second["state"] == "under_review"
    await reviewed(place, second["application_id"])
    assert await place.issue() == 1
    assert await progress(holder, second["application_id"]) == [
        "photo_is_new", "photo_approved", "draft_recorded", "signed",
    ]  # fmt: skip
    await clean(place)


async def test_the_licence_and_its_codes_carry_the_approved_photo_and_the_archive_stays(
    place: Deployment,
) -> None:

    holder = await place.holder()
    await place.open_city()
    applied = await apply_with_own(holder)
    await reviewed(place, applied["application_id"])
    await place.issue()
    [photo] = await place.world.rows("photo")
    assert photo["picture"] is None, "it is a blob now"
    found = await holder.licence()
    opened = open_document(from_base64url(found["file"], "file"), place.wiring.trust())
    assert opened.claims.portrait_sha256 == photo["portrait_hash"]
    assert hashlib.sha256(opened.portrait).digest() == photo["portrait_hash"]
    [driver] = await place.world.rows("driver", holder.driver_id)
    assert driver["portrait_hash"] == PORTRAIT_HASH
    # A renewed or further phone gets the licence's photo, and not the archive's.
    [credential] = found["credentials"]

    checked = Verifier(place.wiring.trust()).check_credential(
        from_base64url(credential["credential"], "credential"), place.now
    )
    assert checked.portrait_hash == opened.claims.portrait_sha256[:16]


async def test_a_new_version_by_itself_keeps_the_own_photo(place: Deployment) -> None:

    holder = await place.holder(portrait_hash=None)
    await place.open_city()
    applied = await apply_with_own(holder)
    await reviewed(place, applied["application_id"])
    await place.issue()
    async with place.world.database.transaction() as tx:
        change = StandingChange(classes=Classes.parse("C1D", ORDER_162_DAY))
        await drivers.change_standing(
            tx, holder.driver_id, change, source="test", actor=audit.Actor("operator"), now=place.now
        )
    await place.drain()
    assert await place.issue() == 1
    versions = await place.world.rows("licence", holder.driver_id)
    assert len({bytes(row["portrait_hash"]) for row in versions}) == 1 and len(versions) == 2  # type: ignore[call-overload]
    await clean(place)


async def test_classes_that_change_do_not_wait_for_a_photo(place: Deployment) -> None:
    """A held licence is made anew beside a review; the approval then waits a moment, and counts."""

    holder = await place.holder()
    await place.open_city()
    await holder.apply()
    await place.issue()
    asked = await replace(holder)
    desk = officer()
    await take(place, desk)
    async with place.world.database.transaction() as tx:
        change = StandingChange(classes=Classes.parse("C1D", ORDER_162_DAY))
        await drivers.change_standing(
            tx, holder.driver_id, change, source="test", actor=audit.Actor("operator"), now=place.now
        )
    await place.drain()
    with pytest.raises(Conflict, match="new version"):
        await approve(place, desk, asked["application_id"])
    assert await place.issue() == 1
    await approve(place, desk, asked["application_id"])
    assert await place.issue() == 1
    live = [row for row in await place.world.rows("licence", holder.driver_id) if row["state"] == "live"]
    assert [row["classes"] for row in live] == ["C1D"]
    [photo] = await place.world.rows("photo")
    assert live[0]["portrait_hash"] == photo["portrait_hash"]
    await clean(place)


async def test_a_photo_serves_one_application_of_its_sender(place: Deployment) -> None:
    holder, other = await place.holder(), await place.holder()
    await place.open_city()
    photo_id = await usable(holder)
    assert (await other.apply(photo="camera", photo_id=photo_id))["refusal"]["code"] == "photo_not_usable"
    assert (await holder.apply(photo="album", photo_id=photo_id))["refusal"]["code"] == "photo_not_usable"
    first = await holder.apply(photo="camera", photo_id=photo_id)
    assert first["state"] == "under_review", "what was not used is not spent"
    done(await holder.phone.delete(f"/holder/applications/{first['application_id']}"), 200)
    again = await holder.apply(photo="camera", photo_id=photo_id)
    assert again["refusal"]["code"] == "photo_not_usable"
    late = await usable(holder, 2)
    async with place.world.database.transaction() as tx:  # as if it had been sent a day ago
        await tx.execute("UPDATE photo SET added_at = added_at - interval '25 hours'")
    assert (await holder.apply(photo="camera", photo_id=late))["refusal"]["code"] == "photo_not_usable"


async def test_a_photo_is_named_with_an_own_photo_and_only_then(place: Deployment) -> None:
    holder = await place.holder()
    for body in (await holder.body(photo="camera"), await holder.body(photo_id=await usable(holder))):
        answer = await holder.phone.post("/holder/applications", body, headers=place.key())
        assert refused(answer, 422, "invalid")["place"] == "photo_id"


async def test_a_holder_has_one_application_open_whatever_it_waits_for(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    await apply_with_own(holder)
    assert (await apply_with_own(holder, 2))["refusal"]["code"] == "application_under_way"
    assert (await holder.apply())["refusal"]["code"] == "application_under_way"


async def test_two_at_once_with_an_own_and_the_archived_photo_leave_one_open(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    bodies = [await holder.body(photo="camera", photo_id=await usable(holder)), await holder.body()]
    await asyncio.gather(
        *(holder.phone.post("/holder/applications", body, headers=place.key()) for body in bodies)
    )
    states = await place.world.states("application")
    assert len([state for state in states if state in ("accepted", "under_review")]) == 1


# --- the promise --------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("submitted", "due"),
    [
        ("2026-11-19 09:00", date(2026, 11, 20)),
        ("2026-11-20 23:59", date(2026, 11, 23)),
        ("2026-11-21 00:00", date(2026, 11, 23)),
        ("2026-09-30 12:00", date(2026, 10, 8)),
        ("2026-02-13 12:00", date(2026, 2, 14)),  # a Saturday worked for the Spring Festival
    ],
)
def test_a_review_is_promised_for_the_next_working_day(submitted: str, due: date) -> None:
    promise = promised(at(submitted))
    assert (promise.due_day, promise.provisional) == (due, False)
    assert promise.due_at == at(f"{due} 00:00") + timedelta(days=1)


def test_past_the_announced_years_the_promise_is_provisional() -> None:
    promise = promised(at("2051-01-02 12:00"))
    assert promise.provisional and promise.due_day == date(2051, 1, 3)


async def test_what_is_late_is_escalated_once_and_stays_in_the_queue(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    applied = await apply_with_own(holder)
    due = promised(place.now).due_at
    database = place.world.database
    assert await licences.escalate_reviews(database, due - timedelta(seconds=1)) == 0
    counts = await asyncio.gather(*(licences.escalate_reviews(database, due) for _ in range(3)))
    assert sum(counts) == 1
    assert (await topics(place)).count("review.escalated") == 1
    async with database.read() as tx:
        figures = await licences.review_figures(tx, due)
    assert (figures.waiting, figures.late, figures.escalated) == (1, 1, 1)
    assert figures.oldest_s == int((due - place.now).total_seconds())
    assert await take(place, officer()) == applied["application_id"]
    await place.drain()


async def test_fsck_names_a_late_review_nobody_heard_of(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    await apply_with_own(holder)
    due_day = promised(place.now).due_day
    async with place.world.database.read() as tx:
        assert await findings.late_unheard(tx, due_day, 20) == []
        assert len(await findings.late_unheard(tx, due_day + timedelta(days=1), 20)) == 1
    await licences.escalate_reviews(place.world.database, promised(place.now).due_at)
    async with place.world.database.read() as tx:
        assert await findings.late_unheard(tx, due_day + timedelta(days=1), 20) == []


# --- the reviewers ------------------------------------------------------------------------------------


async def waiting(place: Deployment, count: int, **columns: object) -> list[tuple[Holder, str]]:
    """Holders whose photos wait, in order."""
    found = []
    for _ in range(count):
        holder = await place.holder(**columns)
        applied = await apply_with_own(holder)
        assert applied["state"] == "under_review", applied
        found.append((holder, applied["application_id"]))
    return found


async def test_two_reviewers_never_have_the_same_photo_in_hand(place: Deployment) -> None:
    await place.open_city()
    cases = await waiting(place, 3)
    desks = [officer() for _ in range(4)]
    taken = await asyncio.gather(*(take(place, desk) for desk in desks))
    assert sorted(filter(None, taken)) == sorted(application for _, application in cases)
    assert taken.count(None) == 1
    mine = desks[taken.index(cases[0][1])]
    assert await take(place, mine) == cases[0][1], "the one in hand comes again"
    with pytest.raises(Conflict, match="another reviewer"):
        await take(place, officer(), cases[0][1])
    with pytest.raises(Conflict, match="another reviewer"):
        await approve(place, officer(), cases[0][1])


async def test_of_two_deciding_at_once_one_hears_conflict(place: Deployment) -> None:
    await place.open_city()
    [(holder, application)] = await waiting(place, 1)
    operator = ReviewDesk(audit.Actor("operator"))  # two terminals of one operator
    await take(place, operator, application)
    answers = await asyncio.gather(
        approve(place, operator, application),
        refuse(place, operator, application),
        approve(place, operator, application),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "Conflict", "NoneType"]
    [review] = await place.world.rows("photo_review")
    [state] = await place.world.states("application", holder.driver_id)
    assert (review["outcome"], state) in (("approved", "accepted"), ("refused", "refused"))
    assert len(await topics(place)) == 2, "under review, and one outcome"
    await clean(place)


async def test_a_decision_after_the_withdrawal_hears_so(place: Deployment) -> None:
    await place.open_city()
    [(holder, application)] = await waiting(place, 1)
    desk = officer()
    await take(place, desk)
    shown = done(await holder.phone.delete(f"/holder/applications/{application}"), 200)
    assert shown["state"] == "withdrawn"
    for decide in (approve, refuse):
        with pytest.raises(Conflict, match="withdrawn"):
            await decide(place, desk, application)
    assert await take(place, officer()) is None
    with pytest.raises(Conflict, match="withdrawn"):
        await take(place, officer(), application)
    assert await progress(holder, application) == ["photo_is_new", "withdrew"]
    await clean(place)


async def test_withdrawal_and_decision_at_once_leave_one_outcome(place: Deployment) -> None:
    await place.open_city()
    for holder, application in await waiting(place, 4):
        desk = officer()
        await take(place, desk, application)
        withdrawal, decision = await asyncio.gather(
            holder.phone.delete(f"/holder/applications/{application}"),
            approve(place, desk, application),
            return_exceptions=True,
        )
        [state] = await place.world.states("application", holder.driver_id)
        if decision is None:  # type: ignore[comparison-overlap]
            # The approval came first; an accepted application may still be taken back.
            assert state in ("accepted", "withdrawn")
        else:
            assert isinstance(decision, Conflict) and state == "withdrawn", (withdrawal, decision)
    await clean(place)


async def test_a_hand_opens_again_when_its_time_is_over_or_it_is_put_back(place: Deployment) -> None:
    await place.open_city()
    [(_, application)] = await waiting(place, 1)
    first, second = officer(), officer()
    await take(place, first)
    place.clock.advance(15 * 60)
    with pytest.raises(Conflict, match="take"):
        await approve(place, first, application)
    assert await take(place, second) == application
    with pytest.raises(Conflict, match="another"):
        await approve(place, first, application)
    async with place.world.database.transaction() as tx:
        await licences.put_back(tx, second, ApplicationId.parse(application), place.now)
    assert await take(place, first) == application


async def test_a_region_sees_its_own_photos_only(place: Deployment) -> None:
    await place.open_city("320500", "320100")
    [(_, here)] = await waiting(place, 1)
    [(_, there)] = await waiting(place, 1, issuing_authority="苏A")
    nanjing = officer("苏A")
    async with place.world.database.read() as tx:
        queue = await licences.review_queue(tx, nanjing)
    assert [str(review.application_id) for review in queue] == [there]
    assert await take(place, nanjing) == there
    assert await take(place, nanjing) == there
    with pytest.raises(NotFound):
        await take(place, nanjing, here)
    with pytest.raises(NotFound):
        await approve(place, nanjing, here)
    async with place.world.database.transaction() as tx:
        with pytest.raises(NotFound):
            await licences.review_pictures(tx, nanjing, ApplicationId.parse(here), place.now)


async def test_the_queue_is_by_deadline_and_comes_in_pages(place: Deployment) -> None:
    await place.open_city()
    later = await waiting(place, 2)
    async with place.world.database.transaction() as tx:
        await tx.execute("UPDATE photo_review SET due_at = due_at + interval '3 days'")
    sooner = await waiting(place, 1)
    async with place.world.database.read() as tx:
        first = await licences.review_queue(tx, officer(), limit=2)
        rest = await licences.review_queue(tx, officer(), first[-1].application_id, 2)
    listed = [str(review.application_id) for review in (*first, *rest)]
    assert listed == [sooner[0][1], *(application for _, application in later)]


async def test_pictures_are_seen_by_whoever_has_them_in_hand_and_the_look_is_recorded(
    place: Deployment,
) -> None:
    await place.open_city()
    [(_holder, application)] = await waiting(place, 1)
    desk, asked = officer(), ApplicationId.parse(application)
    async with place.world.database.transaction() as tx:
        with pytest.raises(Conflict, match="take"):
            await licences.review_pictures(tx, desk, asked, place.now)
    await take(place, desk)
    async with place.world.database.transaction() as tx:
        seen = await licences.review_pictures(tx, desk, asked, place.now)
    assert seen.new.startswith(b"\xff\xd8") and "xff" not in repr(seen)
    entries = [row for row in await place.world.rows("audit_entry") if row["act"] == "photo.viewed"]
    assert [(row["actor_kind"], row["subject"]) for row in entries] == [("staff", asked.uuid)]


async def test_only_staff_and_operators_review_and_a_refusal_has_reasons(place: Deployment) -> None:
    await place.open_city()
    [(_, application)] = await waiting(place, 1)
    with pytest.raises(Forbidden):
        await take(place, ReviewDesk(audit.Actor("person", PersonId.new())), application)
    desk = officer()
    await take(place, desk)
    async with place.world.database.transaction() as tx:
        with pytest.raises(Invalid):
            await licences.refuse_photo(tx, desk, ApplicationId.parse(application), (), place.now)
        with pytest.raises(Invalid):
            await licences.refuse_photo(
                tx, desk, ApplicationId.parse(application), list(PhotoReason)[:6], place.now
            )
    assert await place.world.states("application") == ["under_review"]


class PowerCut(BaseException):
    """The process is gone before its transaction is kept."""


@pytest.mark.parametrize("decide", [approve, refuse])
async def test_a_decision_lost_before_it_was_kept_never_happened(
    place: Deployment, decide: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut at the last statement of the act: everything before it is undone with it."""

    await place.open_city()
    [(_holder, application)] = await waiting(place, 1)
    desk = officer()
    await take(place, desk)

    async def cut(*_: object, **__: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(review, "_record", cut)
        with pytest.raises(PowerCut):
            await decide(place, desk, application)  # type: ignore[operator]
    assert await place.world.states("application") == ["under_review"]
    assert await topics(place) == ["application.under-review"]
    assert await place.world.count("SELECT count(*) FROM issue_queue") == 0
    await clean(place)
    await decide(place, desk, application)  # type: ignore[operator]
    with pytest.raises(Conflict, match="decided"):  # its answer was lost: asked again
        await decide(place, desk, application)  # type: ignore[operator]
    assert len(await topics(place)) == 2
    await clean(place)


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        ("UPDATE photo_review SET outcome = NULL, decided_at = NULL, decided_by_kind = NULL",
         "every application with an own photo that was accepted has its approved review"),
        ("DELETE FROM blob WHERE hash = (SELECT portrait_hash FROM photo)",
         "every approved photo is kept under its hash"),
        ("UPDATE photo SET portrait_hash = sha256('x')", "a version with an own photo has that photo"),
        ("UPDATE application SET state = 'under_review'",
         "every application under review has an open review with its picture, and every open review its application"),
    ],
)  # fmt: skip
async def test_fsck_sees_what_does_not_agree(place: Deployment, damage: str, rule: str) -> None:
    holder = await place.holder()
    await place.open_city()
    applied = await apply_with_own(holder)
    await reviewed(place, applied["application_id"])
    await place.issue()
    await clean(place)
    async with place.world.database.transaction() as tx:
        await tx.execute(damage)
    async with place.world.database.read() as tx:
        assert rule in {finding.rule for finding in await checks.find(tx, findings.CHECKS)}


async def test_a_picture_refused_a_month_ago_is_let_go_and_its_decision_stays(place: Deployment) -> None:
    await place.open_city()
    [(_, application)] = await waiting(place, 1)
    desk = officer()
    await take(place, desk)
    await refuse(place, desk, application)
    database = place.world.database
    assert await licences.let_go_of_photos(database, place.now + timedelta(days=30)) == 0
    assert await licences.let_go_of_photos(database, place.now + timedelta(days=31)) == 1
    [review] = await place.world.rows("photo_review")
    assert review["outcome"] == "refused"
    await clean(place)


async def test_the_picture_of_an_open_review_is_never_let_go(place: Deployment) -> None:
    await place.open_city()
    await waiting(place, 1)
    assert await licences.let_go_of_photos(place.world.database, place.now + timedelta(days=90)) == 0


async def test_an_approved_photo_stays_a_blob(place: Deployment, clock: FixedClock) -> None:
    await place.open_city()
    [(_, application)] = await waiting(place, 1)
    await reviewed(place, application)
    [photo] = await place.world.rows("photo")
    await licences.let_go_of_photos(place.world.database, place.now + timedelta(days=90))
    async with place.world.database.read() as tx:
        assert await blobs.has(tx, bytes(photo["portrait_hash"]))  # type: ignore[call-overload]
