"""Look-ups drawn every week for review: so many of each person, repeatable from the seed, reviewed once and by somebody else."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liangzheng import staff
from liangzheng.kernel.ids import LookUpId, StaffId
from liangzheng.staff import store_sample
from liangzheng.staff.rules import drawn
from liangzheng.staff.sample import last_week
from tests.accounts.people import MADE_UP
from tests.api.phone import done, refused
from tests.staff.place import ELSEWHERE, Badge, Place

SEED = bytes(range(32))
A_WEEK = timedelta(days=7)


@pytest.mark.parametrize(
    ("now", "monday"),
    [(datetime(2026, 11, 22, 15, 59, tzinfo=UTC), date(2026, 11, 9)),
     (datetime(2026, 11, 22, 16, 0, tzinfo=UTC), date(2026, 11, 16))],
)  # fmt: skip
def test_a_week_is_over_at_midnight_in_china(now: datetime, monday: date) -> None:
    assert last_week(now) == monday


@given(count=st.integers(0, 30), most=st.integers(0, 10), seed=st.binary(min_size=32, max_size=32))
def test_a_drawing_does_not_depend_on_the_order_and_takes_no_more_than_it_may(
    count: int, most: int, seed: bytes
) -> None:
    looks = [LookUpId.new() for _ in range(count)]
    chosen = drawn(looks, seed, most)
    assert chosen == drawn(reversed(looks), seed, most)
    assert len(set(chosen)) == min(count, most)


async def test_a_week_is_drawn_from_an_hour_after_its_end(place: Place) -> None:
    for hour, monday in ((0, date(2026, 11, 9)), (1, date(2026, 11, 16))):
        now = datetime(2026, 11, 22, 16 + hour, 0, tzinfo=UTC)
        assert await staff.draw_sample(place.database, place.policy, now) == 0
        assert await place.one("SELECT max(week) FROM look_up_draw") == monday


async def _looked(badge: Badge, times: int) -> list[LookUpId]:
    return [LookUpId.parse(done(await badge.look_up(), 201)["look_up"]) for _ in range(times)]


async def _drawn(place: Place, seed: bytes = SEED) -> int | None:
    return await staff.draw_sample(place.database, place.policy, place.clock.now() + A_WEEK, seed)


async def test_the_database_draws_what_the_seed_says_of_each_person_and_once(place: Place) -> None:
    place.change_policy(look_ups_reviewed=3)
    one, two = await place.on_duty("patrol"), await place.on_duty("patrol")
    looks = {one.staff_id: await _looked(one, 7), two.staff_id: await _looked(two, 2)}
    assert await _drawn(place) == 5
    assert await _drawn(place, bytes(32)) is None
    auditor = await place.on_duty("audit")
    listed = done(await auditor.get("/staff/look-up-reviews"), 200)["look_ups"]
    for badge in (one, two):
        found = {each["look_up"] for each in listed if each["staff"] == badge.staff_id}
        assert found == {str(each) for each in drawn(looks[badge.staff_id], SEED, 3)}
    [entry] = await place.entries("look-ups.drawn")
    assert entry["detail"] == {"week": "2026-11-16", "seed": SEED.hex(), "looked": 9, "drawn": 5, "each": 3}


async def test_of_a_week_not_over_what_was_looked_up_until_now_is_drawn_and_later_looks_harm_no_check(
    place: Place,
) -> None:
    officer, monday = await place.on_duty("patrol"), last_week(place.clock.now()) + A_WEEK
    await _looked(officer, 1)
    place.clock.advance(1)
    assert await staff.draw_sample(place.database, place.policy, place.clock.now(), SEED, monday) == 1
    await _looked(officer, 1)
    async with place.database.read() as tx:
        assert await staff.check(tx) == []


async def test_samples_of_a_whole_week_past_are_pruned_so_many_at_a_time_and_its_drawing_stays(
    place: Place,
) -> None:
    place.change_policy(look_ups_reviewed=3)
    await _looked(await place.on_duty("patrol"), 3)
    await _drawn(place)
    left = []
    for today, limit in ((date(2026, 11, 22), 9), (date(2026, 11, 23), 2), (date(2026, 11, 23), 9)):
        async with place.database.transaction() as tx:
            await store_sample.prune(tx, today, limit)
        left.append(await place.one("SELECT count(*) FROM look_up_sample"))
    assert left == [3, 1, 0]
    assert await place.one("SELECT looked FROM look_up_draw") == 3


async def test_several_workers_at_once_draw_once(place: Place) -> None:
    await _looked(await place.on_duty("patrol"), 2)
    done_by = await asyncio.gather(*(_drawn(place, bytes([n]) * 32) for n in range(4)))
    assert sorted(done_by, key=str) == [2, None, None, None]
    assert await place.one("SELECT count(*) FROM look_up_sample") == 2


async def test_one_person_reviews_and_the_second_hears_conflict(place: Place) -> None:
    [look] = await _looked(await place.on_duty("patrol"), 1)
    await _drawn(place)
    auditors = [await place.on_duty("audit") for _ in range(2)]
    path = f"/staff/look-up-reviews/{look}"
    answers = await asyncio.gather(
        *(
            each.post(path, {"outcome": what})
            for each, what in zip(auditors, ("in-order", "improper"), strict=True)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    [entry] = await place.entries("look-up.reviewed")
    assert (entry["subject"], entry["scope"]) == (look.uuid, place.world.driver_id.uuid)
    assert entry["detail"]["outcome"] in ("in-order", "improper")
    assert done(await auditors[0].get("/staff/look-up-reviews"), 200)["look_ups"] == []


async def test_each_page_of_the_drawn_is_recorded_and_a_refused_one_shows_nothing(place: Place) -> None:
    looks = await _looked(await place.on_duty("patrol"), 3)
    await _drawn(place)
    auditor = await place.on_duty("audit")
    for page in ("?limit=2", f"?limit=2&after={sorted(looks, key=str)[1]}"):
        done(await auditor.get(f"/staff/look-up-reviews{page}"), 200)
    refused(await (await place.on_duty("patrol")).get("/staff/look-up-reviews"), 403, "forbidden")
    entries = await place.entries("look-up-reviews.listed")
    assert [(str(each["actor"]), each["detail"]["duty"], each["detail"]["count"]) for each in entries] == [
        (str(StaffId.parse(auditor.staff_id).uuid), "audit", 2),
        (str(StaffId.parse(auditor.staff_id).uuid), "audit", 1),
    ]


async def test_nobody_reviews_their_own_or_elsewhere(place: Place) -> None:
    both = await place.on_duty("patrol", "audit")
    [look] = await _looked(both, 1)
    await _drawn(place)
    path = f"/staff/look-up-reviews/{look}"
    assert done(await both.get("/staff/look-up-reviews"), 200)["look_ups"] == []
    refused(await both.post(path, {"outcome": "in-order"}), 403, "forbidden")
    assert (await place.entries("look-up-review.refused"))[-1]["detail"]["reason"] == "own-look-up"
    number = await place.on_duty("audit")
    for badge in (both, number):  # one person under two staff numbers
        await badge.link(MADE_UP[1].identity)
    refused(await number.post(path, {"outcome": "in-order"}), 403, "forbidden")
    assert (await place.entries("look-up-review.refused"))[-1]["detail"]["reason"] == "own-look-up"
    there = await place.on_duty("audit", region=ELSEWHERE)
    assert done(await there.get("/staff/look-up-reviews"), 200)["look_ups"] == []
    refused(await there.post(path, {"outcome": "in-order"}), 404, "not-found")
    clerk = await place.on_duty("penalty")
    assert (await clerk.get("/staff/look-up-reviews")).status_code == 403
    with pytest.raises(asyncpg.CheckViolationError, match="look_up_sample_other_person"):
        async with place.database.transaction() as tx:
            await tx.execute(
                "UPDATE look_up_sample SET outcome = 'in-order', reviewed_by = staff_id, reviewed_at = now()"
            )
