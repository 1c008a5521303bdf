"""What two people do: suspension, restoration, correction. The second decides and it is done; of two at once, one."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from liangzheng import staff
from liangzheng.drivers import code_tables
from liangzheng.drivers.columns import columns
from liangzheng.drivers.correct import CORRECTABLE
from liangzheng.kernel.errors import Forbidden
from liangzheng.kernel.ids import ProposalId, StaffId
from liangzheng.staff import Duty, Region, StaffEvent
from tests.accounts.people import MADE_UP
from tests.api.phone import done, refused
from tests.staff.place import CORRECTION_CASE, ELSEWHERE, HERE, OPERATOR, PENALTY_CASE, Badge, Place


async def _two(place: Place, *duties: str) -> tuple[Badge, Badge]:
    return await place.on_duty(*duties), await place.on_duty(*duties)


async def _proposed(badge: Badge, kind: str = "suspend", **changed: Any) -> dict[str, Any]:
    return done(await badge.propose(kind, **changed), 201)


async def test_a_suspension_proposed_changes_nothing_and_agreed_to_is_done(place: Place) -> None:
    one, two = await _two(place, "penalty")
    proposal = await _proposed(one)
    assert (await place.status(), proposal["state"]) == ("A", "proposed")
    decided = done(await two.decide(proposal), 201)
    assert (decided["state"], decided["proposed_by"], decided["decided_by"]) == (
        "done",
        one.staff_id,
        two.staff_id,
    )
    assert await place.status() == "D"
    assert await place.events() == ["standing.changed", "licence.suspended"]
    assert await place.told_by() == ["licence.suspended"], "one act is told once"
    [entry] = await place.entries("proposal.decided")
    assert entry["detail"] == {"kind": "suspend", "duty": "penalty", "case": PENALTY_CASE, "state": "done"}
    patrol = await place.on_duty("patrol")
    assert (await patrol.verify())["outcome"] == "may_not_drive"


async def test_whoever_decides_reads_whom_it_is_about_and_who_proposed_it_masked(place: Place) -> None:
    one, two = await _two(place, "penalty")
    shown = done(await two.get(f"/staff/proposals/{(await _proposed(one))['proposal']}"), 200)
    about = shown["about"]
    assert about["identity_number"] == MADE_UP[0].identity.masked and "*" in about["identity_number"]
    assert (about["name"], about["status"]) == ("样**", "A")
    assert shown["proposed_by_number"] == one.number
    three, four = [await place.on_duty("keys", region="nationwide") for _ in range(2)]
    of_keys = await _proposed(three, "rotate-key")
    assert done(await four.get(f"/staff/proposals/{of_keys['proposal']}"), 200)["about"] is None


async def test_a_restoration_takes_the_letters_it_names_away(place: Place) -> None:
    await place.world.change(status="BDU")
    one, two = await _two(place, "penalty")
    await two.decide(await _proposed(one, "restore", what={"letters": "UD"}))
    assert await place.status() == "B"
    assert (await place.events())[-1] == "licence.restored"


@pytest.mark.parametrize(
    ("what", "status"),
    [({"letters": "D"}, 409), ({"letters": "F"}, 422), ({"letters": ""}, 422), ({"letters": "DD"}, 422), ({}, 422),
     ({"letters": "D", "more": 1}, 422), ({"letters": ["D"]}, 422)],
)  # fmt: skip
async def test_a_restoration_of_other_letters_is_refused(
    place: Place, what: dict[str, Any], status: int
) -> None:
    one = await place.on_duty("penalty")
    assert (await one.propose("restore", what=what)).status_code == status


async def test_nobody_agrees_with_themselves(place: Place) -> None:
    one = await place.on_duty("penalty", "register")
    refused(await one.decide(await _proposed(one)), 403, "forbidden")
    assert await place.status() == "A"


async def test_the_database_itself_wants_two_people(place: Place) -> None:
    one = await place.on_duty("penalty")
    await _proposed(one)
    with pytest.raises(asyncpg.CheckViolationError, match="proposal_four_eyes"):
        async with place.database.transaction() as tx:
            await tx.execute(
                "UPDATE proposal SET decided_by = proposed_by, decided_at = now() WHERE province = '32'"
            )


async def test_of_two_who_decide_at_once_one_hears_conflict(place: Place) -> None:
    one, two = await _two(place, "penalty")
    three = await place.on_duty("penalty")
    proposal = await _proposed(one)
    answers = await asyncio.gather(two.decide(proposal), three.decide(proposal, "refuse"))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    agreed = answers[0].status_code == 201
    assert await place.status() == ("D" if agreed else "A")
    assert len(await place.entries("proposal.decided")) == 1
    moves = await place.one("SELECT count(*) FROM proposal_event WHERE province = '32'")
    assert moves == (2 if agreed else 1)


async def test_ten_at_once_decide_it_once(place: Place) -> None:
    one = await place.on_duty("penalty")
    others = [await place.on_duty("penalty") for _ in range(10)]
    proposal = await _proposed(one)
    answers = await asyncio.gather(*(other.decide(proposal) for other in others))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert len(await place.entries("standing.changed")) == 1


async def test_taking_back_and_agreeing_at_once_leave_one_of_the_two(place: Place) -> None:
    one, two = await _two(place, "penalty")
    proposal = await _proposed(one)
    path = f"/staff/proposals/{proposal['proposal']}"
    back, agreed = await asyncio.gather(one.phone.delete(path), two.decide(proposal))
    assert sorted((back.status_code, agreed.status_code)) in ([200, 409], [201, 409])
    assert await place.status() == ("D" if agreed.status_code == 201 else "A")


async def test_who_read_an_older_one_hears_conflict(place: Place) -> None:
    one, two = await _two(place, "penalty")
    refused(await two.decide(await _proposed(one), move=2), 409, "conflict")


async def test_the_same_decision_again_is_answered_alike(place: Place) -> None:
    one, two = await _two(place, "penalty")
    proposal = await _proposed(one)
    path, body = f"/staff/proposals/{proposal['proposal']}/decisions", {"decision": "agree", "move": 1}
    key = {"Idempotency-Key": "the-same-request"}
    first = done(await two.phone.post(path, body, headers=key), 201)
    assert done(await two.phone.post(path, body, headers=key), 201) == first
    refused(await two.phone.post(path, body | {"decision": "refuse"}, headers=key), 409, "conflict")
    assert len(await place.entries("standing.changed")) == 1


async def test_a_proposal_nobody_decides_is_over_after_a_week(place: Place) -> None:
    one, two = await _two(place, "penalty")
    proposal = await _proposed(one)
    place.clock.advance(7 * 86400)
    await two.log_in()
    refused(await two.decide(proposal), 409, "conflict")
    assert await staff.run_out(place.database, place.clock.now()) == 1
    assert done(await two.get(f"/staff/proposals/{proposal['proposal']}"), 200)["state"] == "expired"
    assert await place.status() == "A"


async def test_the_same_is_not_proposed_twice_while_it_waits(place: Place) -> None:
    one, two = await _two(place, "penalty")
    answers = await asyncio.gather(one.propose("suspend"), two.propose("suspend"))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    waiting = next(answer.json() for answer in answers if answer.status_code == 201)
    proposer, other = (one, two) if waiting["proposed_by"] == one.staff_id else (two, one)
    await other.decide(waiting, "refuse")
    done(await proposer.propose("suspend"), 201)


async def test_who_is_suspended_is_not_suspended_again(place: Place) -> None:
    await place.world.change(status="D")
    refused(await (await place.on_duty("penalty")).propose("suspend"), 409, "conflict")


async def test_another_region_has_neither_the_driver_nor_the_proposal(place: Place) -> None:
    one = await place.on_duty("penalty")
    stranger = await place.on_duty("penalty", region=ELSEWHERE)
    there = {"case_number": "V-320500-20261120-0001"}
    nobody = refused(await stranger.propose("suspend", subject="drv_" + "0" * 26, **there), 404, "not-found")
    assert refused(await stranger.propose("suspend", **there), 404, "not-found")["detail"] == nobody["detail"]
    proposal = await _proposed(one)
    refused(await stranger.decide(proposal), 404, "not-found")
    assert done(await stranger.get("/staff/proposals"), 200)["proposals"] == []
    assert len(done(await one.get("/staff/proposals"), 200)["proposals"]) == 1
    # Each page read is on record, with the duties it was shown under; the empty one too.
    empty, full = await place.entries("proposals.listed")
    assert (empty["actor"], empty["detail"]["count"]) == (StaffId.parse(stranger.staff_id).uuid, 0)
    assert (full["actor"], full["detail"]["count"]) == (StaffId.parse(one.staff_id).uuid, 1)
    assert full["detail"]["duties"] == ["penalty"]


async def test_a_duty_of_another_kind_has_no_such_proposal_either(place: Place) -> None:
    one = await place.on_duty("penalty")
    clerk = await place.on_duty("register")
    refused(await clerk.decide(await _proposed(one)), 404, "not-found")
    refused(await clerk.propose("suspend"), 403, "forbidden")


async def test_a_factor_proved_hours_ago_does_not_do(place: Place) -> None:
    one, two = await _two(place, "penalty")
    proposal = await _proposed(one)
    place.clock.advance(301)
    answer = refused(await two.decide(proposal), 403, "forbidden")
    assert "second factor" in answer["detail"]
    refused(await one.propose("suspend"), 403, "forbidden")
    assert (await two.prove()).status_code == 204
    done(await two.decide(proposal), 201)


@pytest.mark.parametrize("stop", ["member", "duty"])
async def test_who_was_stopped_between_reading_and_deciding_decides_nothing(place: Place, stop: str) -> None:
    one, two = await _two(place, "penalty")
    proposal, now = await _proposed(one), place.clock.now()
    token = two.phone.headers["Authorization"].split()[1]
    officer = await staff.officer_of(place.database, token, place.policy, now)
    async with place.database.transaction() as tx:
        if stop == "member":
            await staff.move_member(tx, officer.staff_id, StaffEvent.STOPPED, now, OPERATOR)
        else:
            await staff.take_duty(tx, officer.staff_id, Duty.PENALTY, Region("3209"), now, OPERATOR)
    opinion = staff.SecondOpinion(ProposalId.parse(proposal["proposal"]), 1, agrees=True)
    with pytest.raises(Forbidden):
        async with place.database.transaction() as tx:
            await staff.decide(
                tx, place.wiring.reference, place.wiring.key_index, officer, opinion, place.policy, now
            )
    assert await place.status() == "A"


# --- corrections ------------------------------------------------------------------------------------


async def _version(place: Place) -> int:
    return int(
        await place.one("SELECT record_version FROM driver WHERE driver_id = $1", place.world.driver_id.uuid)
    )


async def test_a_correction_shows_before_and_after_and_is_done_by_the_second(place: Place) -> None:
    one, two = await _two(place, "register")
    fields = {"name": "样本乙", "notes": "更正", "accumulated_points": "0"}
    version = await _version(place)
    proposal = await _proposed(one, "correct", what={"record_version": version, "fields": fields})
    shown = done(await two.get(f"/staff/proposals/{proposal['proposal']}"), 200)["what"]
    assert shown["before"] == {"name": "样本甲", "notes": "", "points": 3}
    assert shown["after"] == {"name": "样本乙", "notes": "更正", "points": 0}
    done(await two.decide(proposal), 201)
    row = await place.one(
        "SELECT (name, name_key, points, record_version, notes)::text FROM driver WHERE driver_id = $1",
        place.world.driver_id.uuid,
    )
    assert row == f'(样本乙,"yang4 ben3 yi3",0,{version + 1},更正)'
    assert {"standing.changed", "record.corrected"} <= set(await place.events())
    [read] = await place.entries("proposal.read")
    assert read["detail"]["case"] == CORRECTION_CASE
    for entry in await place.world.audit_entries():
        assert "样本" not in str(entry["detail"]) + str(entry["purpose"]), (
            "no values in the record of who did what"
        )


async def test_a_correction_of_a_record_that_has_changed_since_is_a_conflict(place: Place) -> None:
    one, two = await _two(place, "register")
    version = await _version(place)
    refused(
        await one.propose("correct", what={"record_version": version - 1, "fields": {"notes": "x"}}),
        409,
        "conflict",
    )
    proposal = await _proposed(one, "correct", what={"record_version": version, "fields": {"notes": "x"}})
    await place.world.change(record_version=version + 1, notes="y")
    refused(await two.decide(proposal), 409, "conflict")
    assert await place.one("SELECT notes FROM driver WHERE driver_id IS NOT NULL") == "y"
    shown = done(await two.get(f"/staff/proposals/{proposal['proposal']}"), 200)
    assert shown["state"] == "proposed", "nothing of the decision was kept"
    done(await two.decide(proposal, "refuse"), 201)


@pytest.mark.parametrize(
    "what",
    [
        {}, {"record_version": "1", "fields": {"notes": "x"}}, {"record_version": True, "fields": {"notes": "x"}},
        {"record_version": 1, "fields": {}}, {"record_version": 1, "fields": {"status": "A"}},
        {"record_version": 1, "fields": {"portrait": "ab" * 32}}, {"record_version": 1, "fields": {"document_number": "1"}},
        {"record_version": 1, "fields": {"sex": "3"}}, {"record_version": 1, "fields": {"sex": 1}},
        {"record_version": 1, "fields": {"name": "样本甲"}}, {"record_version": 1, "fields": {"name": "\u202e"}},
        {"record_version": 1, "fields": {"address_division": "000001"}}, {"record_version": 1, "fields": [], "x": 1},
    ],
)  # fmt: skip
async def test_only_these_fields_and_only_what_they_may_hold(place: Place, what: dict[str, Any]) -> None:
    one = await place.on_duty("register")
    if what.get("record_version") == 1 and type(what["record_version"]) is int:
        what = what | {"record_version": await _version(place)}
    refused(await one.propose("correct", what=what), 422, "invalid")


def test_numbers_classes_validity_authority_and_status_have_procedures_of_their_own() -> None:
    """What two of the register's staff may put right is this list and nothing else."""
    assert set(CORRECTABLE) == {
        "name", "sex", "nationality", "resident_address", "address_division", "hearing_aid_condition", "notes",
        "accumulated_points",
    }  # fmt: skip
    assert set(CORRECTABLE) < {column.header for column in columns(code_tables())}


# --- lists and bodies -------------------------------------------------------------------------------


async def test_the_list_goes_on_page_by_page(place: Place) -> None:
    one, two = await _two(place, "penalty")
    made = []
    for _ in range(3):
        proposal = await _proposed(one)
        made.append(proposal["proposal"])
        await two.decide(proposal, "refuse")
    seen, path = [], "/staff/proposals?state=refused&limit=2"
    page = done(await two.get(path), 200)
    seen += [each["proposal"] for each in page["proposals"]]
    page = done(await two.get(f"{path}&before={page['next']}"), 200)
    seen += [each["proposal"] for each in page["proposals"]]
    assert (seen, page["next"]) == (made[::-1], None)


@pytest.mark.parametrize(
    "changed",
    [{"kind": "retain"}, {"kind": "revoke"}, {"subject": None}, {"subject": "per_" + "0" * 26}, {"reason": "a hunch"},
     {"case_number": "none"}, {"what": {"x": 1}}, {"extra": 1}],
)  # fmt: skip
async def test_a_body_that_says_something_else_is_refused(place: Place, changed: dict[str, Any]) -> None:
    refused(await (await place.on_duty("penalty")).propose("suspend", **changed), 422, "invalid")


async def test_a_write_without_a_key_is_refused(place: Place) -> None:
    one = await place.on_duty("penalty")
    body = {
        "kind": "suspend", "subject": str(place.world.driver_id), "reason": "drink-driving", "case_number": PENALTY_CASE,
    }  # fmt: skip
    refused(await one.phone.post("/staff/proposals", body), 422, "invalid")


async def test_what_waits_for_long_is_pruned_and_the_record_stays(place: Place) -> None:
    officer = await place.on_duty("patrol")
    await officer.look_up()
    kept = place.clock.now() + timedelta(days=400)
    async with place.database.transaction() as tx:
        assert await staff.prune(tx, place.clock.now(), 100) == 0
        assert await staff.prune(tx, kept, 100) >= 1
    assert await place.one("SELECT count(*) FROM look_up") == 1
    async with place.database.transaction() as tx:
        assert await staff.prune(tx, kept + timedelta(seconds=1), 100) >= 1
    assert await place.one("SELECT count(*) FROM look_up") == 0
    assert len(await place.entries("driver.looked-up")) == 1


# --- which person somebody is -----------------------------------------------------------------------


async def test_nobody_proposes_or_decides_about_the_driver_they_are(place: Place) -> None:
    one, two = await _two(place, "penalty")
    await one.link()
    assert refused(await one.propose("suspend"), 403, "forbidden")["rule"] == "about-oneself"
    proposal = await _proposed(two)
    assert refused(await one.decide(proposal), 403, "forbidden")["rule"] == "about-oneself"
    assert await place.status() == "A"
    third = await place.on_duty("penalty")
    done(await third.decide(proposal), 201)


ANOTHER = MADE_UP[1].identity
THIRD = MADE_UP[2].identity


async def _about(place: Place, kind: str) -> dict[str, Any]:
    """What makes a proposal of the kind whole in this place."""
    if kind == "restore":
        await place.world.change(status="D")
    if kind == "correct":
        return {"what": {"record_version": await _version(place), "fields": {"notes": "x"}}}
    return {}


@pytest.mark.parametrize(
    ("kind", "duty", "region"),
    [
        ("suspend", "penalty", HERE),
        ("restore", "penalty", HERE),
        ("correct", "register", HERE),
        ("rotate-key", "keys", "nationwide"),
        ("open-wave", "rollout", HERE),
    ],
)
@pytest.mark.parametrize("decision", ["agree", "refuse"])
async def test_where_it_is_demanded_who_is_not_linked_proposes_and_decides_nothing(
    place: Place, kind: str, duty: str, region: str, decision: str
) -> None:
    place.change_policy(demands_links=True)
    one, two = [await place.on_duty(duty, region=region) for _ in range(2)]
    about = await _about(place, kind)
    assert refused(await one.propose(kind, **about), 403, "forbidden")["rule"] == "not-linked"
    await one.link(ANOTHER)
    proposal = await _proposed(one, kind, **about)
    assert refused(await two.decide(proposal, decision), 403, "forbidden")["rule"] == "not-linked"
    reasons = [
        (await place.entries(f"{act}.refused"))[-1]["detail"]["reason"] for act in ("proposal", "decision")
    ]
    assert reasons == ["not-linked"] * 2
    await two.link(THIRD)
    assert done(await two.decide(proposal, decision), 201)["decided_by"] == two.staff_id


async def test_one_person_under_two_staff_numbers_is_not_two_people(place: Place) -> None:
    one, two = await _two(place, "penalty")
    await one.link(ANOTHER)
    await two.link(ANOTHER)
    proposal = await _proposed(one)
    assert refused(await two.decide(proposal), 403, "forbidden")["rule"] == "own-proposal"
    assert await place.status() == "A"
    await two.link(THIRD)
    done(await two.decide(proposal), 201)


async def test_who_retained_and_who_confirms_are_two_people_who_are_known(place: Place) -> None:
    place.change_policy(demands_links=True)
    one, two = await _two(place, "patrol")
    retained = done(await one.retain((await one.verify())["verification"]), 201)
    assert refused(await two.decide(retained), 403, "forbidden")["rule"] == "not-linked"
    await one.link(ANOTHER)
    await two.link(ANOTHER)
    assert refused(await two.decide(retained), 403, "forbidden")["rule"] == "own-proposal"
    await two.link(THIRD)
    done(await two.decide(retained), 201)
