"""Applying with a camera or album photo over HTTP: sent, judged, refused, submitted again, issued."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date, timedelta

import pytest

from liangzheng import audit, drivers, licences
from liangzheng.api.octets import from_base64url, to_base64url
from liangzheng.drivers import StandingChange
from liangzheng.kernel.classes import ORDER_162_DAY, Classes
from liangzheng.kernel.errors import Conflict, TooMany
from liangzheng.kernel.ids import ApplicationId, PersonId
from liangzheng.licences import (
    Judged,
    PhotoReason,
    PhotoSource,
    SentPhoto,
    Usable,
)
from liangzheng.licences.photo_rules import PhotoFacts
from liangzheng.standards.livecode import Verifier, open_document
from tests.api.phone import done, refused
from tests.licences.holders import Deployment
from tests.licences.photos import apply_with_own, drawn, jpeg, on_blue, picture, replace, send, usable
from tests.licences.reviewers import (
    approve,
    clean,
    officer,
    progress,
    refuse,
    reviewed,
    take,
)
from tests.licences.world import PORTRAIT_HASH

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

    simulated = False

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


async def test_a_copy_of_ones_own_data_says_which_photos_are_kept(place: Deployment) -> None:
    await place.open_city()
    holder = await place.holder()

    async def kept() -> list[tuple[str, bool]]:
        copy = done(await holder.phone.post("/holder/data-exports"), 200)
        assert "\xff" not in str(copy) and to_base64url(picture())[:60] not in str(copy), "and no picture"
        return [(photo["source"], photo["picture_kept"]) for photo in copy["photos"]]

    assert await kept() == []
    applied = await apply_with_own(holder, source="album")
    await usable(holder, 2)
    assert await kept() == [("camera", True), ("album", True)]
    await reviewed(place, applied["application_id"])
    place.clock.advance(26 * 3600)
    assert await licences.let_go_of_photos(place.world.database, place.now) == 1
    await holder.log_in()
    assert await kept() == [("camera", False), ("album", True)], "the licence's stays"


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


async def test_what_was_refused_is_not_sent_again_by_its_sender_and_is_nobody_elses_matter(
    place: Deployment,
) -> None:
    holder, other = await place.holder(), await place.holder()
    await place.open_city()
    applied = await apply_with_own(holder)
    desk = officer()
    await take(place, desk)
    assert (await send(holder))["usable"], "nobody has refused it yet"
    await refuse(place, desk, applied["application_id"])
    answer = await send(holder)
    assert [fault["code"] for fault in answer["faults"]] == ["refused_before"]
    await licences.let_go_of_photos(place.world.database, place.now + timedelta(days=31))
    assert not (await send(holder))["usable"], "also when the picture is gone"
    assert (await send(holder, picture(2)))["usable"] and (await send(other))["usable"]


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
