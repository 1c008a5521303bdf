"""The system administration over HTTP: one takes on, stops and takes away; giving a duty and a new code take two."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from liangzheng.audit import Actor
from liangzheng.kernel.ids import StaffId
from liangzheng.kernel.time import civil_day
from liangzheng.staff import Duty, HeldDuty, Region
from liangzheng.staff.members import give_duty, take_duty
from tests.api.phone import done, refused
from tests.staff.place import ELSEWHERE, HERE, Badge, Place


async def _two(place: Place) -> tuple[Badge, Badge]:
    return await place.on_duty("system"), await place.on_duty("system")


def _duty(staff_id: str, **changed: Any) -> dict[str, Any]:
    return {
        "staff": staff_id, "duty": "patrol", "region": HERE, "from_day": "2026-11-20", "until_day": None,
    } | changed  # fmt: skip


async def test_a_new_member_can_do_nothing_until_two_have_given_a_duty(place: Place) -> None:
    one, two = await _two(place)
    body = {"number": "200001", "name": "样本新人", "unit": "样本交警大队"}
    made = done(await one.post("/staff/members", body), 201)
    new = Badge(place, place.nobody.another(), "200001", made["enrolment_code"])
    assert (await new.enrol())["duties"] == []
    proposal = done(await one.propose("give-duty", what=_duty(made["staff"])), 201)
    refused(await one.decide(proposal), 403, "forbidden")
    assert (await new.look_up()).status_code == 403
    assert done(await two.decide(proposal), 201)["state"] == "done"
    assert (await new.look_up()).status_code == 201
    [entry] = [each for each in await place.entries("duty.given") if each["actor_kind"] == "staff"]
    assert entry["detail"] == {"duty": "system", "given": "patrol", "region": HERE}
    ended = await two.post(f"/staff/members/{made['staff']}/duty-endings", {"duty": "patrol", "region": HERE})
    assert done(ended, 201)["duties"] == []
    assert (await new.look_up()).status_code == 403
    refused(await one.post("/staff/members", body), 409, "conflict")


async def test_nobody_proposes_or_decides_what_is_about_themselves(place: Place) -> None:
    one, two = await _two(place)
    refused(await one.propose("give-duty", what=_duty(one.staff_id)), 403, "forbidden")
    proposal = done(await one.propose("give-duty", what=_duty(two.staff_id)), 201)
    refused(await two.decide(proposal), 403, "forbidden")
    assert (await place.entries("decision.refused"))[-1]["detail"]["reason"] == "about-oneself"
    stopped = await one.post(f"/staff/members/{one.staff_id}/moves", {"event": "stopped"})
    refused(stopped, 403, "forbidden")


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"duty": "audit"}, 409), ({"region": ELSEWHERE}, 404), ({"region": "nationwide"}, 404), ({"duty": "king"}, 422),
     ({"until_day": "2026-11-19"}, 422), ({"staff": "stf_00000000000000000000000000"}, 404), ({"more": 1}, 422)],
)  # fmt: skip
async def test_a_duty_elsewhere_or_of_no_sense_is_refused(
    place: Place, changed: dict[str, Any], status: int
) -> None:
    one, two = await _two(place)
    answer = await one.propose("give-duty", what=_duty(two.staff_id, **changed))
    assert answer.status_code == status


async def test_two_administrations_agreed_to_at_once_leave_one(place: Place) -> None:
    one, two = await _two(place)
    badge = await place.on_duty("patrol")
    both = [
        done(await one.propose("give-duty", what=_duty(badge.staff_id, duty=duty)), 201)
        for duty in ("keys", "audit")
    ]
    answers = await asyncio.gather(*(two.decide(each) for each in both))
    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_who_is_stopped_is_logged_out_and_comes_back(place: Place) -> None:
    one = await place.on_duty("system")
    badge = await place.on_duty("patrol")
    path = f"/staff/members/{badge.staff_id}/moves"
    assert done(await one.post(path, {"event": "stopped"}), 201)["state"] == "suspended"
    assert (await badge.get("/staff/sessions/current")).status_code == 401
    refused(await one.post(path, {"event": "stopped"}), 409, "conflict")
    assert done(await one.post(path, {"event": "resumed"}), 201)["state"] == "active"
    await badge.log_in()


async def test_a_member_of_another_region_is_not_there(place: Place) -> None:
    one, there = await place.on_duty("system"), await place.on_duty("patrol", region=ELSEWHERE)
    refused(await one.post(f"/staff/members/{there.staff_id}/moves", {"event": "stopped"}), 404, "not-found")
    listed = done(await one.get("/staff/members?limit=200"), 200)["members"]
    assert {each["staff"] for each in listed} == {one.staff_id}
    assert (await place.entries("staff.listed"))[-1]["detail"] == {
        "duty": "system",
        "count": 1,
        "after": None,
    }
    clerk = await place.on_duty("patrol")
    assert (await clerk.get("/staff/members")).status_code == 403
    assert len(await place.entries("staff.listed")) == 1, "a refused listing is on record as a refusal"
    assert (await place.entries("staff-change.refused"))[-1]["detail"]["reason"] == "not-here"


async def test_a_new_code_is_handed_over_once_by_one_of_the_two(place: Place) -> None:
    one, two = await _two(place)
    three, badge = await place.on_duty("system"), await place.on_duty("patrol")
    proposal = done(await one.propose("new-enrolment", what={"staff": badge.staff_id}), 201)
    approval = {"approval": proposal["proposal"]}
    refused(await one.post("/staff/members/enrolment-codes", approval), 409, "conflict")
    assert done(await two.decide(proposal), 201)["state"] == "approved"
    assert (await badge.get("/staff/sessions/current")).status_code == 200
    refused(await three.post("/staff/members/enrolment-codes", approval), 403, "forbidden")
    answers = await asyncio.gather(
        *(each.post("/staff/members/enrolment-codes", approval) for each in (one, two))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    [code] = [answer.json()["enrolment_code"] for answer in answers if answer.status_code == 201]
    assert (await badge.get("/staff/sessions/current")).status_code == 401
    assert (await badge.try_to_log_in()).status_code == 401
    badge.code = code
    await badge.enrol()


async def test_a_code_is_not_handed_over_for_duties_given_since_out_of_reach(place: Place) -> None:
    one, two = await _two(place)
    badge = await place.on_duty("patrol")
    proposal = done(await one.propose("new-enrolment", what={"staff": badge.staff_id}), 201)
    assert done(await two.decide(proposal), 201)["state"] == "approved"
    elsewhere = HeldDuty(Duty.PENALTY, Region.parse(ELSEWHERE), civil_day(place.clock.now()))
    approval = {"approval": proposal["proposal"]}
    async with place.database.transaction() as tx:
        await give_duty(tx, StaffId.parse(badge.staff_id), elsewhere, place.clock.now(), Actor("operator"))
    refused(await one.post("/staff/members/enrolment-codes", approval), 404, "not-found")
    assert (await badge.get("/staff/sessions/current")).status_code == 200, "nothing of theirs was touched"
    async with place.database.transaction() as tx:
        staff_id = StaffId.parse(badge.staff_id)
        await take_duty(tx, staff_id, elsewhere.duty, elsewhere.region, place.clock.now(), Actor("operator"))
    done(await one.post("/staff/members/enrolment-codes", approval), 201)


async def test_a_second_factor_of_hours_ago_changes_nobody(place: Place) -> None:
    one = await place.on_duty("system")
    place.clock.advance(600)
    body = {"number": "200002", "name": "样本新人", "unit": "样本交警大队"}
    refused(await one.post("/staff/members", body), 403, "forbidden")
    assert (await one.get("/staff/members")).status_code == 200
    assert (await one.prove()).status_code == 204
    assert (await one.post("/staff/members", body)).status_code == 201
