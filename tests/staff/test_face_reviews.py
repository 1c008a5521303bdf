"""Face checks left open, over HTTP: reviewed by who holds the duty of a counter in the region, never about themselves."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from liangzheng import accounts
from liangzheng.infra.face_simulated import Behaviour, played_frames
from tests.accounts.people import MADE_UP
from tests.api.phone import Phone, done, refused, submission, unb64
from tests.staff.place import ELSEWHERE, Badge, Place

QUEUE = "/staff/face-reviews"


async def left_open(place: Place, *, agreed: bool = True) -> tuple[Phone, str]:
    """A holder whose check an engine left open."""
    phone = place.nobody.another()
    await phone.register(MADE_UP[0])
    await phone.log_in(MADE_UP[0])
    if agreed:
        await phone.agree("face-review")
    challenge = done(await phone.post("/holder/face-checks", {"purpose": "bind-phone-key"}), 201)
    frames = played_frames(len(challenge["steps"]), say=Behaviour.REVIEW)
    path = f"/holder/face-checks/{challenge['face_check_id']}/frames"
    assert done(await phone.post(path, submission(challenge, frames)), 200)["state"] == "in_review"
    return phone, challenge["face_check_id"]


async def taken(officer: Badge, check: str) -> dict[str, Any]:
    return done(await officer.post(f"{QUEUE}/take", {"face_check_id": check}), 200)


async def decide(officer: Badge, check: str, *reasons: str) -> httpx.Response:
    body = {"decision": "refuse" if reasons else "approve", "reasons": list(reasons)}
    return await officer.post(f"{QUEUE}/{check}/decision", body)


async def test_a_reviewer_takes_looks_and_approves_and_the_holder_goes_on_and_reads_who_looked(
    place: Place,
) -> None:
    phone, check = await left_open(place)
    officer = await place.on_duty("counter", unit="样本车管所窗口")
    [waiting] = done(await officer.get(QUEUE), 200)["reviews"]
    assert (waiting["face_check_id"], waiting["found"], waiting["late"]) == (check, ["simulated"], False)
    stands = done(await phone.get(f"/holder/face-checks/{check}"), 200)
    assert (stands["state"], stands["review_due_day"]) == ("in_review", waiting["due_day"])
    assert MADE_UP[0].identity.value not in str(waiting) and MADE_UP[0].name.value not in str(waiting)
    assert (await taken(officer, check))["in_hand_until"]
    seen = await officer.get(f"{QUEUE}/{check}/pictures")
    assert seen.headers["cache-control"] == "no-store"
    pictures = done(seen, 200)
    assert len(pictures["frames"]) == 8
    assert all(unb64(frame["jpeg"]).startswith(b"\xff\xd8") for frame in pictures["frames"])
    assert unb64(pictures["archived_portrait"]).startswith(b"\xff\xd8")
    decided = done(await decide(officer, check), 200)
    assert (decided["outcome"], decided["in_hand_until"] is not None) == ("approved", True)
    stands = done(await phone.get(f"/holder/face-checks/{check}"), 200)
    assert stands["usable_until"] and stands["review_due_day"] is None
    assert done(await phone.get("/holder/sessions/current"), 200)["level"] == 2
    done(await phone.post("/holder/phone-keys/challenges"), 201)
    [look] = done(await phone.get("/holder/showings"), 200)["looks"]
    assert (look["verifier"], look["purpose"]) == ("样本车管所窗口", "face-review")
    refused(await decide(officer, check), 409, "conflict")
    refused(await officer.get(f"{QUEUE}/{check}/pictures"), 409, "conflict")


async def test_refused_for_reasons_of_the_catalogue_and_for_nothing_else(place: Place) -> None:
    phone, check = await left_open(place)
    officer = await place.on_duty("counter")
    await taken(officer, check)
    for body in (
        {"decision": "refuse"},
        {"decision": "approve", "reasons": ["not-live"]},
        {"decision": "refuse", "reasons": ["ugly"]},
    ):
        refused(await officer.post(f"{QUEUE}/{check}/decision", body), 422, "invalid")
    catalogue = done(await officer.get(f"{QUEUE}/reasons"), 200)["reasons"]
    assert {each["code"] for each in catalogue} == set(accounts.FaceReason)
    [reason] = done(await decide(officer, check, "not-live"), 200)["reasons"]
    assert reason["zh"] and reason["en"]
    stands = done(await phone.get(f"/holder/face-checks/{check}"), 200)
    assert (stands["state"], "not-live" in stands["reasons"]) == ("failed", True)
    assert done(await phone.get("/holder/sessions/current"), 200)["level"] == 1


@pytest.mark.parametrize("duty", ["patrol", "penalty", "register", "photo-review", "audit"])
async def test_no_other_duty_sees_the_queue_and_it_is_on_record(place: Place, duty: str) -> None:
    _, check = await left_open(place)
    officer = await place.on_duty(duty)
    refused(await officer.get(QUEUE), 403, "forbidden")
    refused(await officer.post(f"{QUEUE}/take", {"face_check_id": check}), 403, "forbidden")
    reasons = {entry["detail"]["reason"] for entry in await place.entries("face-check.refused")}
    assert reasons == {"duty-not-held"}


async def test_a_counter_elsewhere_has_no_such_review(place: Place) -> None:
    _, check = await left_open(place)
    officer = await place.on_duty("counter", region=ELSEWHERE)
    assert done(await officer.get(QUEUE), 200)["reviews"] == []
    refused(await officer.post(f"{QUEUE}/take", {"face_check_id": check}), 404, "not-found")
    refused(await officer.get(f"{QUEUE}/{check}/pictures"), 404, "not-found")
    refused(await officer.post(f"{QUEUE}/take", {}), 404, "not-found")
    assert len(await place.entries("face-check.refused")) == 2, "that nothing waits is no refusal"


async def test_nobody_decides_about_themselves_and_that_they_tried_is_on_record(place: Place) -> None:
    _, check = await left_open(place)
    officer, colleague = await place.on_duty("counter"), await place.on_duty("counter")
    await officer.link()
    refused(await officer.post(f"{QUEUE}/take", {}), 404, "not-found")
    answer = refused(await officer.post(f"{QUEUE}/take", {"face_check_id": check}), 403, "forbidden")
    assert answer["rule"] == "own-check"
    [entry] = await place.entries("face-check.refused")
    assert entry["detail"]["reason"] == "own-check"
    await taken(colleague, check)
    refused(await officer.get(f"{QUEUE}/{check}/pictures"), 403, "forbidden")
    refused(await decide(officer, check), 403, "forbidden")
    done(await decide(colleague, check), 200)


async def test_two_officers_and_one_hand(place: Place) -> None:
    _, check = await left_open(place)
    one, two = await place.on_duty("counter"), await place.on_duty("counter")
    await taken(one, check)
    refused(await two.post(f"{QUEUE}/take", {"face_check_id": check}), 409, "conflict")
    refused(await decide(two, check), 409, "conflict")
    assert (await one.post(f"{QUEUE}/{check}/put-back", {})).status_code == 204
    await taken(two, check)
    refused(await decide(one, check, "not-live"), 409, "conflict")
    done(await decide(two, check), 200)


async def test_the_same_decision_with_the_same_key_is_answered_alike(place: Place) -> None:
    _, check = await left_open(place)
    officer = await place.on_duty("counter")
    await taken(officer, check)
    key, body = {"Idempotency-Key": "face-decision-1"}, {"decision": "approve"}
    answers = [
        done(await officer.phone.post(f"{QUEUE}/{check}/decision", body, headers=key), 200) for _ in range(2)
    ]
    assert answers[0] == answers[1]


async def test_without_that_agreement_the_counter_is_the_way_and_withdrawing_it_deletes(place: Place) -> None:
    officer = await place.on_duty("counter")
    phone, check = await left_open(place)
    await taken(officer, check)
    assert await place.one("SELECT count(*) FROM face_capture") == 8
    assert done(await phone.post("/holder/data-exports"), 200)["face_pictures_kept"] == 8
    assert (await phone.post("/holder/agreements/withdrawals", {"kind": "face-review"})).status_code == 204
    assert await place.one("SELECT count(*) FROM face_capture") == 0
    refused(await officer.get(f"{QUEUE}/{check}/pictures"), 409, "conflict")
    assert done(await officer.get(QUEUE), 200)["reviews"] == []
    person = done(await phone.get("/holder/account"), 200)["person_id"]
    body = {
        "person": person, "face_check": check, "identity_number": MADE_UP[0].identity.value, "decision": "approve",
        "case_number": "B-320900-20261120-0001",
    }  # fmt: skip
    assert done(await officer.post("/staff/counter-checks/decisions", body), 200)["state"] == "passed"


async def test_where_it_is_demanded_who_is_not_linked_reviews_nothing(place: Place) -> None:
    _, check = await left_open(place)
    place.change_policy(demands_links=True)
    officer = await place.on_duty("counter")
    refused(await officer.post(f"{QUEUE}/take", {"face_check_id": check}), 403, "forbidden")
    await officer.link(MADE_UP[1].identity)
    await taken(officer, check)
