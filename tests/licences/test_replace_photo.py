"""Another photo for a held licence, over HTTP: the first at once, the next after six civil months; the old version dead
in one step."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from liangzheng import audit, drivers, licences
from liangzheng.drivers import StandingChange
from liangzheng.kernel.errors import TooMany
from liangzheng.kernel.ids import FaceCheckId, PersonId, PhotoId
from liangzheng.kernel.status import Status
from liangzheng.kernel.time import civil_day, months_after
from liangzheng.licences import CRASH_POINTS
from tests.api.phone import done, refused
from tests.licences.holders import Deployment, Holder
from tests.licences.photos import apply_with_own, replace, usable
from tests.licences.reviewers import clean, officer, refuse, reviewed, take, topics
from tests.licences.test_crash import PowerCut, losing


async def licensed(place: Deployment, **columns: object) -> Holder:
    """A holder with a live licence and the archived photo on it."""
    holder = await place.holder(**columns)
    await holder.apply()
    assert await place.issue() == 1
    return holder


async def replaced(place: Deployment, holder: Holder, number: int = 2) -> str:
    """A replacement asked for, approved and issued."""
    asked = await replace(holder, number)
    assert asked["state"] == "under_review", asked
    await reviewed(place, asked["application_id"])
    assert await place.issue() == 1
    return str(asked["application_id"])


async def opens(holder: Holder) -> str | None:
    found = done(await holder.phone.get("/holder/licence/photo"), 200)
    return found["replaceable_from"]  # type: ignore[no-any-return]


async def test_the_first_replacement_is_possible_at_once_and_ends_the_old_version(place: Deployment) -> None:
    await place.open_city()
    holder = await licensed(place)
    before = await holder.licence()
    assert done(await holder.phone.get("/holder/licence/photo"), 200) == {
        "photo": "archived",
        "replaceable_from": None,
    }
    application = await replaced(place, holder)
    after = await holder.licence()
    assert (after["licence_id"], after["version"]) == (before["licence_id"], 2)
    assert await place.world.states("licence", holder.driver_id) == ["live", "superseded"]
    assert [credential["phone_key_id"] for credential in after["credentials"]] == [holder.phone_key]
    [photo] = await place.world.rows("photo")
    live = [row for row in await place.world.rows("licence") if row["state"] == "live"]
    assert live[0]["portrait_hash"] == photo["portrait_hash"] and str(live[0]["version"]) == "2"
    shown = done(await holder.phone.get(f"/holder/applications/{application}"), 200)
    assert (shown["origin"], shown["photo"], shown["state"]) == ("photo", "album", "issued")
    assert (await topics(place)).count("photo.replaced") == 1
    await place.drain()
    inbox = done(await holder.phone.get("/holder/messages"), 200)["messages"]
    kinds = [message["kind"] for message in inbox]
    assert kinds.count("photo-replaced") == 1 and "licence-reissued" not in kinds
    counted = {row["measure"]: row["value"] for row in await place.world.rows("figure_count")}
    assert (counted["application.accepted"], counted["replacement.accepted"]) == (1, 1)
    await clean(place)


async def test_the_second_waits_six_civil_months_and_hears_the_day(place: Deployment) -> None:
    await place.open_city()
    holder = await licensed(place)
    await replaced(place, holder)
    day = months_after(civil_day(place.now), 6)
    asked = await replace(holder, 3)
    assert (asked["state"], asked["refusal"]["code"]) == ("refused", "photo_too_soon")
    assert asked["again_from"] == await opens(holder) == day.isoformat()
    await place.drain()
    counted = {row["measure"] for row in await place.world.rows("figure_count")}
    assert "replacement.refused" in counted and "application.refused" not in counted
    assert await place.world.count("SELECT count(*) FROM photo_review WHERE outcome IS NULL") == 0


async def test_there_is_an_end_to_refused_replacements_a_day(place: Deployment) -> None:
    await place.open_city()
    holder = await licensed(place)
    asked = licences.Replacement(licences.PhotoSource.ALBUM, PhotoId.new(), FaceCheckId.new())
    database, person = place.world.database, PersonId.new()
    for _ in range(20):
        async with database.transaction() as tx:
            decided = await licences.replace_photo(tx, person, holder.driver_id, asked, place.now)
        assert isinstance(decided.decision, licences.Refuse)
    async with database.transaction() as tx:
        with pytest.raises(TooMany):
            await licences.replace_photo(tx, person, holder.driver_id, asked, place.now)
    async with database.transaction() as tx:
        await licences.replace_photo(tx, person, holder.driver_id, asked, place.now + timedelta(hours=25))
    assert await place.world.count("SELECT count(*) FROM application WHERE origin = 'photo'") == 21


async def test_a_licence_issued_with_an_own_photo_waits_too(place: Deployment) -> None:
    await place.open_city()
    holder = await place.holder()
    applied = await apply_with_own(holder)
    await reviewed(place, applied["application_id"])
    await place.issue()
    assert (await replace(holder))["refusal"]["code"] == "photo_too_soon"


async def test_a_new_version_by_itself_neither_shortens_nor_lengthens_the_wait(place: Deployment) -> None:
    await place.open_city()
    holder = await licensed(place)
    await replaced(place, holder)
    day = await opens(holder)
    place.clock.advance(timedelta(days=1).total_seconds())
    async with place.world.database.transaction() as tx:
        change = StandingChange(valid_until=date(2031, 1, 1))
        await drivers.change_standing(
            tx, holder.driver_id, change, source="test", actor=audit.Actor("operator"), now=place.now
        )
    await place.drain()
    assert await place.issue() == 1
    async with place.world.database.read() as tx:
        state = await licences.photo_state(tx, holder.driver_id, place.now)
    assert state.source.value == "album" and str(state.replaceable_from) == day


async def test_a_refused_replacement_costs_no_waiting(place: Deployment) -> None:
    await place.open_city()
    holder = await licensed(place)
    asked = await replace(holder)
    desk = officer()
    await take(place, desk)
    await refuse(place, desk, asked["application_id"])
    assert await opens(holder) is None
    assert (await replace(holder, 3))["state"] == "under_review"
    assert await place.world.states("licence", holder.driver_id) == ["live"], "the held one is not touched"
    await clean(place)


async def test_without_a_licence_or_with_a_used_face_check_nothing_is_replaced(place: Deployment) -> None:
    await place.open_city()
    holder = await place.holder()
    assert (await replace(holder))["refusal"]["code"] == "not_held"
    refused(await holder.phone.get("/holder/licence/photo"), 404, "not-found")
    await holder.apply()
    await place.issue()
    face_check = await holder.phone.pass_face_check("apply")
    for number, reason in ((3, None), (4, "face_not_verified")):
        body = {"photo": "camera", "photo_id": await usable(holder, number), "face_check": face_check}
        answer = done(await holder.phone.post("/holder/licence/photo", body, headers=place.key()), 202)
        assert (answer["refusal"] or {}).get("code") == reason


async def test_the_same_request_again_is_one_replacement(place: Deployment) -> None:
    await place.open_city()
    holder = await licensed(place)
    body = {
        "photo": "camera",
        "photo_id": await usable(holder),
        "face_check": await holder.phone.pass_face_check("apply"),
    }
    key = place.key()
    answers = [done(await holder.phone.post("/holder/licence/photo", body, headers=key), 202) for _ in "12"]
    assert answers[0] == answers[1]
    assert await place.world.count("SELECT count(*) FROM photo_review") == 1
    refused(await holder.phone.post("/holder/licence/photo", body), 422, "invalid")


async def test_two_replacements_at_once_are_one(place: Deployment) -> None:
    await place.open_city()
    holder = await licensed(place)
    bodies = [
        {
            "photo": "camera",
            "photo_id": await usable(holder, number),
            "face_check": await holder.phone.pass_face_check("apply"),
        }
        for number in (2, 3, 4)
    ]
    await asyncio.gather(
        *(holder.phone.post("/holder/licence/photo", body, headers=place.key()) for body in bodies)
    )
    assert (await place.world.states("application", holder.driver_id)).count("under_review") == 1


async def test_a_replacement_ends_with_the_licence_it_was_for(place: Deployment) -> None:
    await place.open_city()
    holder = await licensed(place)
    asked = await replace(holder)
    async with place.world.database.transaction() as tx:
        change = StandingChange(status=Status.parse("G"))
        await drivers.change_standing(
            tx, holder.driver_id, change, source="test", actor=audit.Actor("operator"), now=place.now
        )
    await place.drain()
    shown = done(await holder.phone.get(f"/holder/applications/{asked['application_id']}"), 200)
    assert (shown["state"], shown["refusal"]["code"]) == ("refused", "not_held")
    assert await take(place, officer()) is None
    await clean(place)


async def test_a_suspended_licence_waits_with_its_photo(place: Deployment) -> None:
    await place.open_city()
    holder = await licensed(place)
    await place.world.change(holder.driver_id, status="D")
    assert (await replace(holder))["refusal"]["code"] == "not_usable_now"


@pytest.mark.parametrize("point", CRASH_POINTS)
async def test_an_issuer_lost_at_any_step_leaves_one_live_licence_with_the_approved_photo(
    place: Deployment, point: str
) -> None:
    await place.open_city()
    holder = await licensed(place)
    asked = await replace(holder)
    await reviewed(place, asked["application_id"])
    with pytest.raises(PowerCut):
        await place.issuer(losing(point)).batch(place.now)
    place.clock.advance(120)
    issuer = place.issuer()
    while (await issuer.recover(place.now)).issued:
        pass
    await place.issue()
    assert await place.world.states("licence", holder.driver_id) == ["live", "superseded"]
    live = [row for row in await place.world.rows("licence") if row["state"] == "live"]
    [photo] = await place.world.rows("photo")
    assert live[0]["portrait_hash"] == photo["portrait_hash"]
    assert (await topics(place)).count("photo.replaced") == 1
    await clean(place)
