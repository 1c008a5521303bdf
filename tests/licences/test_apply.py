"""Applying over HTTP: decided at once, durable when answered, done once whatever is repeated."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from liangzheng import drivers
from liangzheng.drivers import StandingChange
from liangzheng.kernel.ids import DriverId, FaceCheckId, PhoneKeyId
from liangzheng.kernel.people import IdentityKind, IdentityNumber, Mobile, PersonName
from liangzheng.licences.apply import REFUSED_A_DAY
from tests.accounts.people import MadeUp
from tests.api.phone import Phone, done, refused
from tests.licences.holders import Deployment, Holder
from tests.licences.world import citizen


async def apply(holder: Holder, **changed: Any) -> str:
    """The state, or the reason of a refusal."""
    answer = await holder.apply(**changed)
    return str(answer["refusal"]["code"]) if answer["refusal"] else str(answer["state"])


async def test_an_application_is_accepted_and_issued_and_the_licence_is_on_the_phone(
    place: Deployment,
) -> None:
    holder = await place.holder()
    await place.open_city()
    answer = await holder.apply()
    assert (answer["state"], answer["refusal"]) == ("accepted", None)
    assert await place.issue() == 1
    found = await holder.licence()
    [credential] = found["credentials"]
    assert (credential["state"], credential["phone_key_id"]) == ("live", holder.phone_key)
    shown = done(await holder.phone.get(f"/holder/applications/{answer['application_id']}"), 200)
    assert shown["state"] == "issued"
    assert [step["event"] for step in shown["progress"]] == ["facts_held", "draft_recorded", "signed"]


async def test_where_nothing_is_open_the_refusal_says_so_in_both_languages(place: Deployment) -> None:
    holder = await place.holder()
    answer = await holder.apply()
    assert answer["state"] == "refused"
    assert answer["refusal"]["code"] == "not_open_here_yet"
    assert "启用" in answer["refusal"]["zh"] and "not open" in answer["refusal"]["en"]
    assert await place.issue() == 0


async def test_the_city_that_counts_is_the_one_that_issued_the_licence(place: Deployment) -> None:
    await place.open_city("320100")
    elsewhere, here = await place.holder(), await place.holder(issuing_authority="苏A")
    assert await apply(elsewhere) == "not_open_here_yet"
    assert await apply(here) == "accepted"


async def test_an_issued_licence_goes_on_where_nothing_is_open_any_more(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    await holder.apply()
    async with place.world.database.transaction() as tx:  # as if the calendar had been lost
        await tx.execute("TRUNCATE rollout_wave CASCADE")
    assert await place.issue() == 1, "closing strands no accepted application"
    assert done(await holder.phone.post("/holder/licence/snapshot"), 200)["snapshot"]


@pytest.mark.parametrize(
    ("status", "reason"), [("D", "not_usable_now"), ("F", "licence_ended"), ("J", "status_abnormal")]
)
async def test_a_status_that_forbids_applying_is_told(place: Deployment, status: str, reason: str) -> None:
    await place.open_city()
    assert await apply(await place.holder(status=status)) == reason


async def test_without_a_photo_on_file_there_is_no_licence(place: Deployment) -> None:
    await place.open_city()
    assert await apply(await place.holder(portrait_hash=None)) == "no_photo_on_file"
    assert await apply(await place.holder(portrait_hash=bytes(32))) == "no_photo_on_file", (
        "named but not kept"
    )


async def test_who_is_in_no_register_is_refused_and_can_read_it(place: Deployment) -> None:
    await place.open_city()
    stranger = MadeUp(
        Mobile("13900009999"),
        IdentityNumber(IdentityKind.RESIDENT_CARD, citizen(90_000)),
        PersonName("样本外人"),
        DriverId.new(),
    )
    phone = place.phone.another()
    await phone.register(stranger)
    await phone.log_in(stranger)
    body = {"photo": "archived", "face_check": str(FaceCheckId.new())}
    answer = done(await phone.post("/holder/applications", body, headers=place.key()), 202)
    assert answer["refusal"]["code"] in ("real_name_too_low", "not_in_register")
    listed = done(await phone.get("/holder/applications"), 200)["applications"]
    assert [entry["application_id"] for entry in listed] == [answer["application_id"]]
    one = done(await phone.get(f"/holder/applications/{answer['application_id']}"), 200)
    assert (one["state"], one["progress"]) == ("refused", [])


async def test_the_same_request_again_is_one_application_with_one_answer(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    body, key = await holder.body(), place.key()
    answers = [
        done(await holder.phone.post("/holder/applications", body, headers=key), 202) for _ in range(3)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert await place.world.count("SELECT count(*) FROM application") == 1
    assert await place.world.count("SELECT count(*) FROM outbox WHERE topic = 'application.accepted'") == 1
    assert await place.world.count("SELECT count(*) FROM issue_queue") == 1


async def test_a_refusal_is_repeated_too_and_keeps_its_reason(place: Deployment) -> None:
    holder = await place.holder(status="D")
    await place.open_city()
    body, key = await holder.body(), place.key()
    first = done(await holder.phone.post("/holder/applications", body, headers=key), 202)
    await place.world.change(holder.driver_id, status="A")
    again = done(await holder.phone.post("/holder/applications", body, headers=key), 202)
    assert first == again and first["refusal"]["code"] == "not_usable_now"
    assert await apply(holder) == "accepted", "a new request is a new decision"


# --- too many refusals ------------------------------------------------------------------------------


async def refuse(place: Deployment, phone: Phone, times: int) -> None:
    """So many refusals, a minute apart: no face check was made for them."""
    for _ in range(times):
        body = {"photo": "archived", "face_check": str(FaceCheckId.new())}
        answer = done(await phone.post("/holder/applications", body, headers=place.key()), 202)
        assert answer["state"] == "refused"
        place.clock.advance(60)


async def test_one_refusal_short_of_the_quota_an_application_is_heard(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    await refuse(place, holder.phone, REFUSED_A_DAY - 1)
    assert await apply(holder) == "accepted"


async def test_when_the_quota_of_refusals_is_used_up_nothing_more_is_heard_nor_kept(
    place: Deployment,
) -> None:
    holder = await place.holder()
    await place.open_city()
    first = {"photo": "archived", "face_check": str(FaceCheckId.new())}, place.key()
    told = done(await holder.phone.post("/holder/applications", first[0], headers=first[1]), 202)
    place.clock.advance(60)
    await refuse(place, holder.phone, REFUSED_A_DAY - 1)
    kept = await place.world.count("SELECT count(*) FROM idempotency")
    body = await holder.body()
    answer = await holder.phone.post("/holder/applications", body, headers=place.key())
    problem = refused(answer, 429, "too-many")
    # The oldest of the twenty was made twenty minutes ago.
    assert answer.headers["retry-after"] == str(86400 - 20 * 60) == str(problem["retry_after_s"])
    assert await place.world.count("SELECT count(*) FROM application") == REFUSED_A_DAY
    assert await place.world.count("SELECT count(*) FROM outbox WHERE topic = 'application.refused'") == (
        REFUSED_A_DAY
    )
    assert await place.world.count("SELECT count(*) FROM face_check WHERE state = 'consumed'") == 1, (
        "the one the phone was bound with"
    )
    assert await place.world.count("SELECT count(*) FROM idempotency WHERE answer IS NULL") == 0
    assert await place.world.count("SELECT count(*) FROM idempotency") == kept
    again = done(await holder.phone.post("/holder/applications", first[0], headers=first[1]), 202)
    assert again == told, "what was answered before is still answered"


async def test_when_the_oldest_refusal_is_a_day_old_the_same_request_is_heard(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    await refuse(place, holder.phone, REFUSED_A_DAY)
    body, key = await holder.body(), place.key()
    answer = await holder.phone.post("/holder/applications", body, headers=key)
    wait = int(answer.headers["retry-after"])
    for seconds, status in ((wait - 1, 429), (1, 202)):
        place.clock.advance(seconds)
        await holder.log_in()
        answer = await holder.phone.post("/holder/applications", body, headers=key)
        assert answer.status_code == status, answer.text
    assert answer.json()["refusal"]["code"] == "face_not_verified", "that check was made a day ago"


async def test_the_quota_is_each_persons_own(place: Deployment) -> None:
    holder, other = await place.holder(), await place.holder()
    await place.open_city()
    await refuse(place, holder.phone, REFUSED_A_DAY)
    assert await apply(other) == "accepted"


async def test_who_is_in_no_register_has_the_same_quota(place: Deployment) -> None:
    stranger = MadeUp(
        Mobile("13900009998"),
        IdentityNumber(IdentityKind.RESIDENT_CARD, citizen(90_001)),
        PersonName("样本外人"),
        DriverId.new(),
    )
    phone = place.phone.another()
    await phone.register(stranger)
    await phone.log_in(stranger)
    await refuse(place, phone, REFUSED_A_DAY)
    body = {"photo": "archived", "face_check": str(FaceCheckId.new())}
    answer = await phone.post("/holder/applications", body, headers=place.key())
    refused(answer, 429, "too-many")
    assert await place.world.count("SELECT count(*) FROM application_turned_away") == REFUSED_A_DAY


def test_the_quota_without_a_setting_is_the_settings_default(place: Deployment) -> None:
    assert place.wiring.settings.refused_a_day == REFUSED_A_DAY


async def test_a_key_that_served_another_request_is_refused(place: Deployment) -> None:
    holder = await place.holder()
    body, key = await holder.body(), place.key()
    done(await holder.phone.post("/holder/applications", body, headers=key), 202)
    other = await holder.body()
    refused(await holder.phone.post("/holder/applications", other, headers=key), 409, "conflict")


async def test_without_an_idempotency_key_nothing_happens(place: Deployment) -> None:
    holder = await place.holder()
    answer = await holder.phone.post("/holder/applications", await holder.body())
    assert refused(answer, 422, "invalid")["place"] == "Idempotency-Key"
    assert await place.world.rows("application") == []


async def test_a_face_check_serves_one_application(place: Deployment) -> None:
    holder = await place.holder(status="D")
    await place.open_city()
    body = await holder.body()
    first = done(await holder.phone.post("/holder/applications", body, headers=place.key()), 202)
    assert first["refusal"]["code"] == "not_usable_now"
    second = done(await holder.phone.post("/holder/applications", body, headers=place.key()), 202)
    assert second["refusal"]["code"] == "face_not_verified"


async def test_a_face_check_made_for_something_else_or_by_somebody_else_does_not_count(
    place: Deployment,
) -> None:
    holder, other = await place.holder(), await place.holder()
    await place.open_city()
    binding = await holder.phone.pass_face_check("bind-phone-key")
    foreign = await other.phone.pass_face_check("apply")
    for face_check in (binding, foreign, str(FaceCheckId.new())):
        assert await apply(holder, face_check=face_check) == "face_not_verified"
    assert await apply(other, face_check=foreign) == "accepted", "the attempt did not use it up"


async def test_a_face_check_that_is_too_old_does_not_count(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    body = await holder.body()
    place.clock.advance(timedelta(minutes=11).total_seconds())
    answer = done(await holder.phone.post("/holder/applications", body, headers=place.key()), 202)
    assert answer["refusal"]["code"] == "face_not_verified"


async def test_a_phone_key_that_is_not_the_callers_is_not_served(place: Deployment) -> None:
    holder, other = await place.holder(), await place.holder()
    await place.open_city()
    for phone_key in (other.phone_key, str(PhoneKeyId.new())):
        assert await apply(holder, phone_key=phone_key) == "phone_key_not_bound"


async def test_a_second_application_while_one_is_under_way_is_refused(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    assert [await apply(holder), await apply(holder)] == ["accepted", "application_under_way"]
    await place.issue()
    assert await apply(holder) == "already_held"


async def test_two_applications_at_the_same_moment_leave_one_under_way(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    bodies = [await holder.body() for _ in range(4)]
    answers = await asyncio.gather(
        *(holder.phone.post("/holder/applications", body, headers=place.key()) for body in bodies)
    )
    assert {answer.status_code for answer in answers} <= {202, 409}
    states = await place.world.states("application", holder.driver_id)
    assert states.count("accepted") == 1
    assert await place.issue() == 1


async def test_changed_terms_are_issued_anew_without_anybody_asking(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    await holder.apply()
    await place.issue()
    async with place.world.database.transaction() as tx:
        await drivers.change_standing(
            tx, holder.driver_id, StandingChange(authority="苏A"), "test", place.now
        )
    await place.drain()
    assert await place.issue() == 1
    assert (await holder.licence())["version"] == 2
    listed = done(await holder.phone.get("/holder/applications"), 200)["applications"]
    assert [entry["origin"] for entry in listed] == ["reissue", "holder"]


async def test_nobody_reads_the_application_of_another(place: Deployment) -> None:
    holder, other = await place.holder(), await place.holder()
    mine = (await holder.apply())["application_id"]
    refused(await other.phone.get(f"/holder/applications/{mine}"), 404, "not-found")
    assert done(await other.phone.get("/holder/applications"), 200)["applications"] == []


@pytest.mark.parametrize(
    "changed",
    [
        {"photo": "camera"},
        {"photo": "album"},
        {"person": "per_0"},
        {"face_check": "fch_0"},
        {"face_check": 7},
        {"phone_key": ""},
    ],
)
async def test_a_body_out_of_form_is_refused_and_nothing_is_kept(
    place: Deployment, changed: dict[str, Any]
) -> None:
    holder = await place.holder()
    body = await holder.body(**changed)
    answer = await holder.phone.post("/holder/applications", body, headers=place.key())
    assert answer.status_code == 422, answer.text
    assert await place.world.rows("application") == []


async def test_what_was_decided_is_counted_once_and_recorded(place: Deployment) -> None:
    accepted, turned_down = await place.holder(), await place.holder(status="D")
    await place.open_city()
    await accepted.apply()
    await turned_down.apply()
    await place.issue()
    await place.drain()
    await place.drain()
    counted = {
        (row["measure"], row["division"]): row["value"] for row in await place.world.rows("figure_count")
    }
    assert counted == {
        ("application.accepted", "32"): 1,
        ("application.refused", "32"): 1,
        ("licence.issued", "32"): 1,
    }
    acts = await place.world.count(
        "SELECT count(*) FROM audit_entry WHERE act IN ('application.accepted', 'application.refused')"
    )
    assert acts == 2


async def test_an_application_can_be_taken_back_until_it_is_drafted(place: Deployment) -> None:
    holder, other = await place.holder(), await place.holder()
    await place.open_city()
    path = f"/holder/applications/{(await holder.apply())['application_id']}"
    refused(await other.phone.delete(path), 404, "not-found")
    for _ in range(2):
        assert done(await holder.phone.delete(path), 200)["state"] == "withdrawn"
    assert await place.world.count("SELECT count(*) FROM issue_queue") == 0
    assert await place.issue() == 0
    assert await apply(holder) == "accepted", "and another one made"


async def test_an_issued_application_cannot_be_taken_back(place: Deployment) -> None:
    holder = await place.holder()
    await place.open_city()
    path = f"/holder/applications/{(await holder.apply())['application_id']}"
    await place.issue()
    refused(await holder.phone.delete(path), 409, "conflict")
    assert (await holder.licence())["version"] == 1
