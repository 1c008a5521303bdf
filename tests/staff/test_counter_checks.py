"""A face check decided at a counter: by the duty, with a case, for whoever hands over the document, and for nobody else."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from liangzheng.kernel.ids import DriverId, FaceCheckId, PersonId
from liangzheng.staff import Duty
from tests.accounts.people import MADE_UP, PASSWORD
from tests.api.phone import Phone, done, refused
from tests.staff.place import ELSEWHERE, Badge, Place

CASE = "B-320900-20261120-0001"


async def registered(place: Place) -> tuple[Phone, str, str]:
    """A holder whose name was checked, with their id and a check that waits at the counter; they agreed to nothing."""
    person = MADE_UP[0]
    body = {
        "mobile": person.mobile.value, "identity_number": person.identity.value, "name": person.name.value,
        "password": PASSWORD,
    }  # fmt: skip
    phone = place.nobody.another()
    account = done(await phone.post("/holder/accounts", body), 201)
    login = {"mobile": person.mobile.value, "password": PASSWORD}
    phone.headers = {
        "Authorization": f"Bearer {done(await phone.post('/holder/sessions', login), 201)['token']}"
    }
    begun = await phone.post("/holder/face-checks", {"purpose": "bind-phone-key", "at_counter": True})
    check = done(begun, 201)
    assert (check["state"], check["engine"], check["steps"]) == ("in_review", "counter", [])
    return phone, account["person_id"], check["face_check_id"]


async def decide(badge: Badge, person: str, check: str, **changed: Any) -> httpx.Response:
    body = {
        "person": person, "face_check": check, "identity_number": MADE_UP[0].identity.value,
        "decision": "approve", "case_number": CASE,
    }  # fmt: skip
    return await badge.phone.post("/staff/counter-checks/decisions", body | changed)


async def test_who_was_looked_at_is_at_level_three_and_may_bind_a_phone(place: Place) -> None:
    phone, person, check = await registered(place)
    officer = await place.on_duty("counter")
    assert done(await decide(officer, person, check), 200)["state"] == "passed"
    assert done(await phone.get("/holder/sessions/current"), 200)["level"] == 3
    assert done(await phone.get(f"/holder/face-checks/{check}"), 200)["usable_until"]
    done(await phone.post("/holder/phone-keys/challenges"), 201)
    (entry,) = await place.entries("face-check.decided")
    assert (entry["actor_kind"], entry["detail"]["case"]) == ("staff", CASE)
    refused(await decide(officer, person, check), 409, "conflict")


async def test_who_is_not_the_document_s_is_turned_down(place: Place) -> None:
    phone, person, check = await registered(place)
    decided = await decide(await place.on_duty("counter"), person, check, decision="reject")
    assert done(decided, 200)["state"] == "failed"
    assert done(await phone.get("/holder/sessions/current"), 200)["level"] == 1


async def test_another_document_and_no_such_check_are_answered_alike_and_recorded(place: Place) -> None:
    _, person, check = await registered(place)
    officer, details = await place.on_duty("counter"), set()
    nobody = str(PersonId.new())
    for changed in (
        {"identity_number": MADE_UP[1].identity.value},
        {"person": nobody},
        {"face_check": str(FaceCheckId.new())},
    ):
        answer = await decide(officer, **({"person": person, "check": check} | _renamed(changed)))
        details.add(refused(answer, 404, "not-found")["detail"])
    assert len(details) == 1
    refusals = await place.entries("face-check.refused")
    assert [entry["detail"]["reason"] for entry in refusals] == ["not-found"] * 3
    assert MADE_UP[1].identity.value not in str(refusals)
    assert await place.one("SELECT level FROM person") == 1


def _renamed(changed: dict[str, str]) -> dict[str, str]:
    return {"check" if name == "face_check" else name: value for name, value in changed.items()}


@pytest.mark.parametrize(
    ("duty", "region", "changed", "status"),
    [
        ("patrol", "3209", {}, 403),
        ("counter", ELSEWHERE, {}, 404),
        ("counter", "3209", {"case_number": "R-320900-20261120-0001"}, 422),
        ("counter", "3209", {"case_number": "B-320900-20991231-0001"}, 422),
        ("counter", "3209", {"case_number": "none"}, 422),
    ],
    ids=["another duty", "a case elsewhere", "a case of another kind", "a case of tomorrow", "no case"],
)
async def test_without_the_duty_or_a_case_nothing_is_decided(
    place: Place, duty: str, region: str, changed: dict[str, str], status: int
) -> None:
    _, person, check = await registered(place)
    officer = await place.on_duty(duty, region=region)
    assert (await decide(officer, person, check, **changed)).status_code == status
    assert await place.one("SELECT state FROM face_check") == "in_review"


async def test_guesses_are_counted_with_the_look_ups_of_the_day(place: Place) -> None:
    _, person, check = await registered(place)
    place.change_policy(budgets={Duty.COUNTER: 2})
    officer = await place.on_duty("counter")
    for _ in range(2):
        wrong = await decide(officer, person, check, identity_number=MADE_UP[1].identity.value)
        refused(wrong, 404, "not-found")
    assert (await decide(officer, person, check)).status_code == 429
    assert await place.one("SELECT state FROM face_check") == "in_review"


async def test_nobody_decides_about_themselves_whatever_account_they_made(place: Place) -> None:
    _, person, check = await registered(place)
    officer, colleague = await place.on_duty("counter"), await place.on_duty("counter")
    await officer.link()
    refused(await decide(officer, person, check), 403, "forbidden")
    assert await place.one("SELECT state FROM face_check") == "in_review"
    [entry] = await place.entries("face-check.refused")
    assert (entry["detail"]["reason"], entry["detail"]["case"]) == ("about-oneself", CASE)
    done(await decide(colleague, person, check), 200)


async def test_refusals_before_anybody_was_asked_about_are_recorded_too(place: Place) -> None:
    _, person, check = await registered(place)
    place.change_policy(budgets={Duty.COUNTER: 0})
    assert (await decide(await place.on_duty("counter"), person, check)).status_code == 429
    refused(await decide(await place.on_duty("patrol"), person, check), 403, "forbidden")
    reasons = {entry["detail"]["reason"] for entry in await place.entries("face-check.refused")}
    assert reasons == {"over-budget", "duty-not-held"}


async def test_where_it_is_demanded_who_is_not_linked_decides_nothing(place: Place) -> None:
    _, person, check = await registered(place)
    place.change_policy(demands_links=True)
    officer = await place.on_duty("counter")
    refused(await decide(officer, person, check), 403, "forbidden")
    await officer.link(MADE_UP[1].identity)
    done(await decide(officer, person, check), 200)


async def test_a_live_code_just_verified_opens_the_case_of_its_own_driver(place: Place) -> None:
    phone, person, first = await registered(place)
    officer = await place.on_duty("counter")
    subject = str(place.world.driver_id)
    seen = (await officer.verify())["verification"]
    path = f"/staff/counter-checks?verification={seen}&subject={subject}"
    assert (
        done(await officer.get(path), 200)["checks"] == []
    )  # no face was shown yet: whose driver it is is not known
    done(await decide(officer, person, first), 200)
    begun = done(await phone.post("/holder/face-checks", {"purpose": "apply", "at_counter": True}), 201)
    [waiting] = done(await officer.get(path), 200)["checks"]
    assert (waiting["person"], waiting["face_check"]) == (person, begun["face_check_id"])
    assert waiting["purpose"] == "apply"
    done(await decide(officer, waiting["person"], waiting["face_check"]), 200)
    assert done(await officer.get(path), 200)["checks"] == []
    listed = await place.entries("face-check.waiting-listed")
    assert [entry["detail"]["checks"] for entry in listed] == [0, 1, 0]


async def test_nobody_s_case_opens_without_their_code(place: Place) -> None:
    officer, colleague, patrol = [await place.on_duty(duty) for duty in ("counter", "counter", "patrol")]
    subject, seen = str(place.world.driver_id), (await officer.verify())["verification"]
    path = f"/staff/counter-checks?verification={seen}&subject={subject}"
    refused(await colleague.get(path), 403, "forbidden")  # who did not verify
    refused(await patrol.get(path), 403, "forbidden")  # who identifies nobody
    elsewhere = path.replace(subject, str(DriverId.new()))
    refused(await officer.get(elsewhere), 403, "forbidden")  # another driver than the code's
    done(await officer.get(path), 200)
    place.clock.advance(601)
    refused(await officer.get(path), 403, "forbidden")  # ten minutes later
    reasons = [entry["detail"]["reason"] for entry in await place.entries("face-check.refused")]
    assert sorted(reasons) == ["duty-not-held", *["not-verified-by-you"] * 3]
