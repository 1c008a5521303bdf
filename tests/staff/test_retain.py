"""扣留 at the roadside: at once, by who has just verified the driver, confirmed by a second person or lifted."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from drivers.feeding import line
from liangzheng import drivers, staff
from liangzheng.kernel.ids import VerificationId
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.api.phone import done, refused
from tests.showing.world import World, signers
from tests.staff.place import CASE, ELSEWHERE, Badge, Place


async def _retained(place: Place) -> tuple[Badge, dict[str, Any]]:
    officer = await place.on_duty("patrol")
    verdict = await officer.verify()
    return officer, done(await officer.retain(verdict["verification"]), 201)


async def test_the_next_verification_refuses(place: Place) -> None:
    officer, retained = await _retained(place)
    assert (retained["kind"], retained["state"]) == ("retain", "proposed")
    verdict = await officer.verify()
    assert (verdict["outcome"], verdict["tone"]) == ("may_not_drive", "red")
    assert verdict["reasons"][0]["status_letter"] == "U"
    assert await place.events() == ["standing.changed", "licence.retained"]
    assert await place.told_by() == ["licence.retained"], "one act is told once"
    [entry] = await place.entries("standing.changed")
    assert entry["actor_kind"] == "staff" and CASE in entry["purpose"]
    [made] = await place.entries("proposal.made")
    assert made["detail"] == {"kind": "retain", "duty": "patrol", "case": CASE, "state": "proposed"}


async def test_a_second_person_confirms_and_it_stays(place: Place) -> None:
    _officer, retained = await _retained(place)
    colleague = await place.on_duty("penalty")
    decided = done(await colleague.decide(retained), 201)
    assert (decided["state"], decided["decided_by"]) == ("done", colleague.staff_id)
    assert await staff.run_out(place.database, place.clock.now() + timedelta(days=2)) == 0
    assert await place.status() == "U"
    assert (await place.events())[-1] == "retention.ended"


async def test_the_same_person_confirms_nothing_also_under_another_duty(place: Place) -> None:
    officer = await place.on_duty("patrol", "penalty")
    retained = done(await officer.retain((await officer.verify())["verification"]), 201)
    answer = refused(await officer.decide(retained), 403, "forbidden")
    assert "somebody else" in answer["detail"]


async def test_a_second_person_who_does_not_agree_lifts_it(place: Place) -> None:
    _, retained = await _retained(place)
    colleague = await place.on_duty("patrol")
    assert done(await colleague.decide(retained, "refuse"), 201)["state"] == "refused"
    assert await place.status() == "A"
    assert (await colleague.verify())["outcome"] == "valid"


async def test_nobody_confirmed_within_a_day_and_it_is_lifted_and_recorded(place: Place) -> None:
    _, retained = await _retained(place)
    day = place.clock.now() + timedelta(days=1)
    assert await staff.run_out(place.database, day - timedelta(microseconds=1)) == 0
    assert await place.status() == "U"
    assert await staff.run_out(place.database, day) == 1
    assert await place.status() == "A"
    [entry] = await place.entries("proposal.ran-out")
    assert (entry["actor_kind"], entry["detail"]["case"]) == ("worker", CASE)
    assert await staff.run_out(place.database, day) == 0, "again changes nothing"
    place.clock.advance(86400)
    late = await place.on_duty("patrol")
    refused(await late.decide(retained), 409, "conflict")


async def test_two_workers_lift_it_once(place: Place) -> None:
    await _retained(place)
    day = place.clock.now() + timedelta(days=1)
    done_by = await asyncio.gather(*(staff.run_out(place.database, day) for _ in range(4)))
    assert sum(done_by) == 1
    assert len(await place.entries("proposal.ran-out")) == 1


async def test_a_confirmation_and_the_end_of_its_day_at_once_leave_one_of_the_two(place: Place) -> None:
    _, retained = await _retained(place)
    colleague = await place.on_duty("patrol")
    day = place.clock.now() + timedelta(days=1)
    answer, over = await asyncio.gather(colleague.decide(retained), staff.run_out(place.database, day))
    assert (answer.status_code, over) in ((201, 0), (409, 1))
    assert await place.status() == ("U" if over == 0 else "A")


@pytest.mark.parametrize(
    ("says", "after"), [(("U",), "U"), (("A",), "A"), (("A", "U"), "U"), (("U", "A"), "A")]
)
async def test_what_the_register_has_said_since_is_not_lifted_with_the_retention(
    place: Place, says: tuple[str, ...], after: str
) -> None:
    await _retained(place)
    signer, now = SoftwareSigner.generate(Alg.ES256), place.clock.now() + timedelta(seconds=1)
    source = await drivers.add_source(place.database, "示例登记", ["32"], signer.public_key, now)
    told = b"".join(
        line(n, "status", {"status": letters}, {"identity_kind": "A", "document_number": place.identity},
             occurred_at=now.isoformat()) + b"\n"
        for n, letters in enumerate(says, 1)
    )  # fmt: skip
    answer = await drivers.take_feed(
        place.database, place.wiring.key_index, drivers.code_tables(), source.id, told, now
    )
    assert (answer.applied, answer.refused) == (len(says), ())
    assert await staff.run_out(place.database, now + timedelta(days=1)) == 1
    assert await place.status() == after


async def test_other_letters_stay_as_they_were(place: Place) -> None:
    await place.world.change(status="BD")
    _, retained = await _retained(place)
    assert await place.status() == "BDU"
    await (await place.on_duty("patrol")).decide(retained, "refuse")
    assert await place.status() == "BD"


async def test_the_officer_takes_it_back(place: Place) -> None:
    officer, retained = await _retained(place)
    colleague = await place.on_duty("patrol")
    path = f"/staff/proposals/{retained['proposal']}"
    refused(await colleague.phone.delete(path), 404, "not-found")
    assert done(await officer.phone.delete(path), 200)["state"] == "withdrawn"
    assert await place.status() == "A"
    refused(await officer.phone.delete(path), 409, "conflict")
    refused(await colleague.decide(retained), 409, "conflict")


# --- what it needs ----------------------------------------------------------------------------------


async def test_an_identifier_alone_retains_nothing(place: Place) -> None:
    officer = await place.on_duty("patrol")
    await officer.look_up()
    refused(await officer.retain(str(VerificationId.new())), 403, "forbidden")
    assert await place.status() == "A"


async def test_a_colleague_s_verification_is_not_one_s_own(place: Place) -> None:
    officer, colleague = await place.on_duty("patrol"), await place.on_duty("patrol")
    verdict = await officer.verify()
    refused(await colleague.retain(verdict["verification"]), 403, "forbidden")


async def test_a_verification_of_another_driver_retains_nobody_else(place: Place) -> None:
    officer = await place.on_duty("patrol")
    verdict = await officer.verify()
    other = World(place.database, signers(), list_index=78)
    refused(await officer.retain(verdict["verification"], subject=str(other.driver_id)), 403, "forbidden")


@pytest.mark.parametrize(("later_s", "status"), [(590, 201), (601, 403)])
async def test_ten_minutes_after_the_code_was_shown_it_is_too_late(
    place: Place, later_s: int, status: int
) -> None:
    officer = await place.on_duty("patrol")
    verdict = await officer.verify()
    place.clock.advance(later_s)
    assert (await officer.retain(verdict["verification"])).status_code == status


async def test_a_credential_that_is_not_live_is_no_ground(place: Place) -> None:
    officer = await place.on_duty("patrol")
    await place.world.set_credential("superseded")
    verdict = await officer.verify()
    assert verdict["outcome"] == "not_in_force"
    refused(await officer.retain(verdict["verification"]), 403, "forbidden")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"case_number": "R-320500-20261120-0001"}, 404),
        ({"case_number": "V-320900-20261120-0001"}, 422),
        ({"case_number": "none"}, 422),
        ({"reason": "a hunch"}, 422),
        ({"verification": "vrf_x"}, 422),
    ],
)
async def test_case_and_reason_are_of_the_catalogue(
    place: Place, changed: dict[str, Any], status: int
) -> None:
    officer = await place.on_duty("patrol")
    verdict = await officer.verify()
    assert (await officer.retain(verdict["verification"], **changed)).status_code == status
    assert await place.status() == "A"


@pytest.mark.parametrize("duty", ["counter", "penalty"])
async def test_only_a_patrol_retains(place: Place, duty: str) -> None:
    other = await place.on_duty(duty)
    refused(await other.retain(str(VerificationId.new())), 403, "forbidden")


async def test_who_patrols_elsewhere_finds_no_such_proposal(place: Place) -> None:
    _, retained = await _retained(place)
    stranger = await place.on_duty("patrol", region=ELSEWHERE)
    refused(await stranger.decide(retained), 404, "not-found")
    refused(await stranger.get(f"/staff/proposals/{retained['proposal']}"), 404, "not-found")


async def test_it_is_retained_once(place: Place) -> None:
    officer, _ = await _retained(place)
    again = await officer.verify()
    refused(await officer.retain(again["verification"]), 409, "conflict")


async def test_two_officers_at_once_retain_it_once(place: Place) -> None:
    officers = [await place.on_duty("patrol") for _ in range(3)]
    verdicts = [await officer.verify() for officer in officers]
    answers = await asyncio.gather(
        *(officer.retain(v["verification"]) for officer, v in zip(officers, verdicts, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert await place.status() == "U"
    assert await place.one("SELECT count(*) FROM proposal") == 1


async def test_the_same_request_again_is_the_same_retention(place: Place) -> None:
    officer = await place.on_duty("patrol")
    verdict = await officer.verify()
    body = {
        "verification": verdict["verification"], "subject": str(place.world.driver_id),
        "reason": "speeding", "case_number": CASE,
    }  # fmt: skip
    key = {"Idempotency-Key": "the-same-request"}
    first = done(await officer.phone.post("/staff/retentions", body, headers=key), 201)
    assert done(await officer.phone.post("/staff/retentions", body, headers=key), 201) == first
    refused(await officer.phone.post("/staff/retentions", body), 422, "invalid")


async def test_a_retention_whose_letter_is_gone_is_not_confirmed(place: Place) -> None:
    _officer, retained = await _retained(place)
    await place.world.change(status="A")
    refused(await (await place.on_duty("penalty")).decide(retained), 409, "conflict")
    assert (await place.events())[-1] == "licence.retained"
