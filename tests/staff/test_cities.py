"""Opening cities: one of the rollout proposes, another agrees, and the calendar has it; within the region, never for yesterday."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest

from liangzheng import figures, rollout
from liangzheng.infra.reference import load_reference
from liangzheng.rollout import Measure, NotOpen
from liangzheng.staff.what import common_division
from tests.api.phone import done, refused
from tests.staff.place import ELSEWHERE, Place

WAVE = {"measure": "e-licence", "wave": "样本批次", "places": ["320900"], "opens_on": "2026-12-01"}


@pytest.mark.parametrize(
    ("codes", "division"),
    [(["320900"], "320900"), (["320000"], "320000"), (["320900", "320500"], "320000"), (["320900", "330100"], "000000"),
     (["320981", "320982"], "320900"), (["3209"], "320900"), (["32"], "320000"), ([""], "000000"), ([], "000000"),
     (["3210"], "321000"), (["321000", "321100"], "320000")],
)  # fmt: skip
def test_the_smallest_place_that_holds_all(codes: list[str], division: str) -> None:
    assert common_division(codes) == division


async def test_a_city_opens_when_two_have_agreed(place: Place) -> None:
    one, two = await place.on_duty("rollout"), await place.on_duty("rollout")
    proposal = done(await one.propose("open-wave"), 201)
    assert done(await one.get("/staff/waves"), 200)["waves"] == []
    refused(await one.decide(proposal), 403, "forbidden")
    assert done(await two.decide(proposal), 201)["state"] == "done"
    [wave] = done(await two.get("/staff/waves"), 200)["waves"]
    assert (wave["wave"], wave["places"]) == ("样本批次", {"320900": "2026-12-01"})
    [entry] = await place.entries("rollout.wave-opened")
    assert entry["actor_kind"] == "staff"
    async with place.database.read() as tx:
        opening = await rollout.opening(
            tx, Measure.E_LICENCE, load_reference().authorities.get("苏J"), date(2026, 11, 30)
        )
    assert opening == NotOpen(opens_on=date(2026, 12, 1))


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"places": ["320500"]}, 404), ({"places": ["320000"]}, 404), ({"places": ["320900", "320500"]}, 404),
     ({"places": "nationwide"}, 404), ({"places": ["329900"]}, 404), ({"places": []}, 422), ({"places": [1]}, 422),
     ({"opens_on": "2026-11-19"}, 422), ({"opens_on": "soon"}, 422), ({"measure": "x"}, 422), ({"more": 1}, 422),
     ({"wave": ""}, 422)],
)  # fmt: skip
async def test_a_wave_elsewhere_or_of_no_sense_is_refused(
    place: Place, changed: dict[str, Any], status: int
) -> None:
    one = await place.on_duty("rollout")
    assert (await one.propose("open-wave", what=WAVE | changed)).status_code == status


async def test_only_the_rollout_opens_and_sees_the_calendar(place: Place) -> None:
    clerk, there = (
        await place.on_duty("penalty", "system"),
        await place.on_duty("rollout", region=ELSEWHERE),
    )
    assert (await clerk.propose("open-wave")).status_code == 403
    assert (await clerk.get("/staff/waves")).status_code == 403
    assert (await there.propose("open-wave")).status_code == 404


async def test_of_two_proposals_of_one_name_one_opens_and_what_is_late_does_not(place: Place) -> None:
    one, two = await place.on_duty("rollout"), await place.on_duty("rollout")
    same = [done(await one.propose("open-wave"), 201) for _ in range(2)]
    late = done(await one.propose("open-wave", what=WAVE | {"wave": "夜班", "opens_on": "2026-11-20"}), 201)
    answers = await asyncio.gather(*(two.decide(each) for each in same))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    place.clock.advance(86400)
    await two.log_in()
    refused(await two.decide(late), 409, "conflict")
    assert len(done(await two.get("/staff/waves"), 200)["waves"]) == 1


async def test_a_dry_run_counts_cities_not_open_yet_and_their_drivers(place: Place) -> None:
    one, two = await place.on_duty("rollout"), await place.on_duty("rollout")
    path = "/staff/waves/dry-run?opens_on=2026-12-01&place=320900&place=320500"
    async with place.database.transaction() as tx:
        await tx.execute("UPDATE driver SET issuing_authority = '苏J'")
        there = await tx.fetchval("SELECT count(*) FROM driver")
    before = done(await one.get(path), 200)
    assert before == {"cities": 2, "already_open": 0, "drivers": there, "exact": True} and there > 0
    done(await two.decide(done(await one.propose("open-wave"), 201)), 201)
    assert done(await one.get(path), 200) == {"cities": 1, "already_open": 1, "drivers": 0, "exact": True}
    # The day before it opens it is not open.
    assert done(await one.get(path.replace("12-01", "11-30")), 200)["cities"] == 2
    refused(await one.get("/staff/waves/dry-run?opens_on=2026-12-01&place=999999"), 422, "invalid")
    everywhere = done(await one.get("/staff/waves/dry-run?opens_on=2026-12-01"), 200)
    assert everywhere["cities"] + everywhere["already_open"] > 300


async def test_places_say_since_when_they_are_open(place: Place) -> None:
    one = await place.on_duty("rollout")
    found = done(await one.get("/staff/waves/places"), 200)["places"]
    assert {"code": "320500", "name": "苏州市", "province": "江苏省", "open_since": None} in found
    assert done(await place.nobody.get("/open/rollout/waves"), 200)["waves"] == []


async def test_small_counts_of_cities_are_told_in_the_duty_s_region_only(place: Place) -> None:
    async with place.database.transaction() as tx:
        looks = [("苏J", place.clock.now()), ("苏E", place.clock.now())]
        await figures.count_looks(tx, looks, load_reference().authorities, place.clock.now())
    here = await place.on_duty("rollout")
    cities = done(await here.get("/staff/figures"), 200)["cities"]
    assert {each["code"]: each["value"] for each in cities} == {"320500": None, "320900": 1}
    refused(await (await place.on_duty("patrol")).get("/staff/figures"), 403, "forbidden")
