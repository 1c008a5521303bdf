"""Looking up by number: what it needs, what it gives, what it never gives, and who reads of it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import Any

import pytest

from tests.accounts.people import MADE_UP, citizen
from tests.api.phone import Phone, done, refused
from tests.showing.world import PORTRAIT
from tests.staff.place import CASE, Place


async def test_the_record_is_seen_and_the_look_is_everywhere_it_belongs(place: Place) -> None:
    officer = await place.on_duty("patrol")
    seen = done(await officer.look_up(), 201)
    assert (seen["record"]["name"], seen["record"]["status"], seen["record"]["points"]) == ("样本甲", "A", 3)
    assert seen["record"]["driver"] == str(place.world.driver_id)
    [entry] = await place.entries("driver.looked-up")
    assert (entry["actor_kind"], entry["purpose"], entry["scope"]) == (
        "staff", "roadside-check", place.world.driver_id.uuid,
    )  # fmt: skip
    assert entry["detail"] == {"duty": "patrol", "case": CASE}
    assert "driver.looked-up" in await place.events()


async def test_the_holder_reads_unit_and_purpose_and_no_officer_s_name(place: Place) -> None:
    officer = await place.on_duty("patrol", unit="样本路面中队")
    await officer.look_up()
    await officer.verify()
    holder = place.nobody.another()
    await holder.arrive(MADE_UP[0])
    answer = await holder.get("/holder/showings")
    newest, before = done(answer, 200)["looks"]
    assert (newest["verifier"], newest["verifier_kind"], newest["purpose"]) == (
        "样本路面中队", "police", "roadside-check",
    )  # fmt: skip
    assert before["look_up"].startswith("lkp_") and before["verification"] is None
    assert (before["verifier"], before["verifier_kind"], before["purpose"]) == (
        "样本路面中队", "staff", "roadside-check",
    )  # fmt: skip
    assert "样本警员" not in answer.text and officer.number not in answer.text and CASE not in answer.text


async def test_the_pages_of_the_holder_s_list_go_through_both_kinds(place: Place) -> None:
    officer = await place.on_duty("patrol")
    for _ in range(3):
        await officer.look_up()
        place.clock.advance(20)
        await officer.verify()
        place.clock.advance(20)
    holder = place.nobody.another()
    await holder.arrive(MADE_UP[0])
    seen = await _paged(holder, 2)
    assert [look["look_up"] is None for look in seen] == [True, False] * 3
    earlier = done(await holder.get("/holder/showings", params={"before": seen[2]["shown_at"]}), 200)["looks"]
    assert earlier == seen[3:], "a page may also begin at an instant"
    refused(await holder.get("/holder/showings", params={"after": seen[2]["shown_at"]}), 422, "invalid")


async def _paged(holder: Phone, limit: int) -> list[dict[str, Any]]:
    """The whole list, page by page."""
    seen: list[dict[str, Any]] = []
    query = {"limit": str(limit)}
    while True:
        page = done(await holder.get("/holder/showings", params=query), 200)
        seen += page["looks"]
        if page["next"] is None:
            return seen
        query["after"] = page["next"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
async def test_looks_of_one_instant_are_all_listed_and_each_once(place: Place, limit: int) -> None:
    officer, register = await place.on_duty("patrol"), await place.on_duty("penalty")
    proposal = done(await register.propose("suspend"), 201)["proposal"]
    for _ in range(4):  # the clock stands still
        done(await officer.look_up(), 201)
        done(await register.get(f"/staff/proposals/{proposal}"), 200)
    await officer.verify()
    holder = place.nobody.another()
    await holder.arrive(MADE_UP[0])
    seen = await _paged(holder, limit)
    names = [look["look_up"] or look["entry"] or look["verification"] for look in seen]
    assert len(names) == len(set(names)) == 9
    assert len({look["shown_at"] for look in seen}) <= 2


async def test_a_file_number_finds_the_same_record(place: Place) -> None:
    officer = await place.on_duty("patrol")
    seen = done(await officer.look_up(identity_number=None, file_number="320900000001"), 201)
    assert seen["record"]["driver"] == str(place.world.driver_id)
    both = await officer.look_up(file_number="320900000001")
    refused(both, 422, "invalid")


REFUSED: list[tuple[dict[str, Any], int, str, str]] = [
    ({"case_number": None}, 422, "invalid", "case-missing"),
    ({"case_number": "my case"}, 422, "invalid", "case-missing"),
    ({"case_number": "A-320900-20261120-0001"}, 422, "invalid", "case-of-other-kind"),
    ({"case_number": "R-320500-20261120-0001"}, 422, "invalid", "case-elsewhere"),
    ({"case_number": "R-320900-20261121-0001"}, 422, "invalid", "case-in-future"),
    ({"purpose": "curiosity"}, 422, "invalid", "purpose-unknown"),
    (
        {"purpose": "licence-business", "case_number": "B-320900-20261120-0001"},
        403,
        "forbidden",
        "duty-not-held",
    ),
    ({"identity_number": citizen(77)}, 404, "not-found", "not-here"),
]


@pytest.mark.parametrize(
    ("changed", "status", "code", "reason"), REFUSED, ids=[f"{r[3]} {r[0]}" for r in REFUSED]
)
async def test_what_is_missing_is_refused_and_the_refusal_recorded(
    place: Place, changed: dict[str, Any], status: int, code: str, reason: str
) -> None:
    officer = await place.on_duty("patrol")
    refused(await officer.look_up(**changed), status, code)
    [entry] = await place.entries("look-up.refused")
    assert (entry["actor_kind"], entry["detail"]["reason"]) == ("staff", reason)
    assert "my case" not in json.dumps(entry["detail"]) and "curiosity" not in entry["purpose"]
    assert await place.one("SELECT count(*) FROM look_up") == 0


async def test_a_driver_of_another_region_is_not_there(place: Place) -> None:
    officer = await place.on_duty("penalty", region="3205")
    there = await officer.look_up(purpose="violation-handling", case_number="V-320500-20261120-0001")
    nobody = await officer.look_up(
        purpose="violation-handling", case_number="V-320500-20261120-0001", identity_number=citizen(77)
    )
    assert refused(there, 404, "not-found")["detail"] == refused(nobody, 404, "not-found")["detail"]
    assert [entry["detail"]["reason"] for entry in await place.entries("look-up.refused")] == ["not-here"] * 2


async def test_a_driver_stopped_on_the_road_is_seen_wherever_the_licence_is_from(place: Place) -> None:
    officer = await place.on_duty("patrol", region="3205")
    done(await officer.look_up(case_number="R-320500-20261120-0001"), 201)


async def test_the_budget_of_a_day_is_used_up_by_guesses_too(place: Place) -> None:
    place.change_policy(budgets=dict.fromkeys(place.policy.budgets, 3))
    officer, colleague = await place.on_duty("patrol"), await place.on_duty("patrol")
    await officer.look_up(identity_number=citizen(77))
    await officer.look_up(case_number=None)  # never got as far as a number: not counted
    done(await officer.look_up(), 201)
    done(await officer.look_up(), 201)
    refused(await officer.look_up(), 429, "too-many")
    refused(await officer.look_up(), 429, "too-many")
    assert [entry["detail"]["reason"] for entry in await place.entries("look-up.refused")][-2:] == [
        "over-budget"
    ] * 2
    done(await colleague.look_up(), 201)
    place.clock.advance(86400)
    await officer.log_in()
    done(await officer.look_up(), 201)


async def test_many_at_once_get_no_more_than_the_budget(place: Place) -> None:
    place.change_policy(budgets=dict.fromkeys(place.policy.budgets, 3))
    officer = await place.on_duty("patrol")
    answers = await asyncio.gather(*(officer.look_up() for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 5
    assert await place.one("SELECT count(*) FROM look_up") == 3


async def test_a_duty_without_a_budget_looks_nobody_up(place: Place) -> None:
    place.change_policy(budgets={})
    refused(await (await place.on_duty("patrol")).look_up(), 429, "too-many")


async def test_no_portrait_comes_of_a_number(place: Place) -> None:
    officer = await place.on_duty("patrol")
    answer = await officer.look_up()
    digest = hashlib.sha256(PORTRAIT).digest()
    for picture in (
        PORTRAIT.hex(),
        base64.b64encode(PORTRAIT).decode()[:16],
        digest.hex(),
        digest.hex()[:32],
    ):
        assert picture not in answer.text
    assert "portrait" not in answer.text
    seen = done(answer, 201)
    # What a look-up gives leads nowhere either: neither its id nor the driver's opens the picture.
    for verification in (
        seen["look_up"],
        "vrf_" + seen["look_up"][4:],
        "vrf_" + seen["record"]["driver"][4:],
    ):
        path = f"/staff/verifications/{verification}/portrait?of={seen['record']['driver']}"
        assert (await officer.get(path)).status_code in (404, 422)


async def test_what_is_left_of_the_day_is_shown_by_duty(place: Place) -> None:
    officer, other = await place.on_duty("patrol", "photo-review"), await place.on_duty("photo-review")
    path = "/staff/look-ups/budgets"
    before = done(await officer.get(path), 200)["budgets"]
    assert before == [{"duty": "patrol", "used": 0, "of": 100}]
    done(await officer.look_up(), 201)
    refused(await officer.look_up(identity_number=citizen(7)), 404, "not-found")  # guessing costs as much
    assert done(await officer.get(path), 200)["budgets"] == [{"duty": "patrol", "used": 2, "of": 100}]
    assert done(await other.get(path), 200)["budgets"] == []
    place.clock.advance(86400)
    await officer.log_in()
    assert done(await officer.get(path), 200)["budgets"] == before
