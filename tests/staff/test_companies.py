"""Companies over HTTP: registered by one, approved by another, each with a fresh second factor and on record."""

from __future__ import annotations

import itertools
from typing import Any

import httpx

from tests.accounts.people import MADE_UP
from tests.api.phone import done, refused
from tests.staff.place import Badge, Place

COUNT = itertools.count(1)
BODY = {
    "name": "样本租车",
    "credit_code": "91350100M000100Y43",  # the example of GB 32100-2015
    "purposes": [{"purpose": "rental", "fields": ["may_drive", "valid_until"]}],
}


async def administrator(place: Place) -> Badge:
    return await place.on_duty("system", region="nationwide")


async def test_another_person_than_who_registered_it_approves_a_company(place: Place) -> None:
    one, other = await administrator(place), await administrator(place)
    made = done(await one.post("/staff/companies", BODY), 201)
    assert made["state"] == "registered" and len(made["secret"]) > 30
    path = f"/staff/companies/{made['company']}"
    approve = {"event": "approved", "reason": "documents seen"}
    refused(await one.post(f"{path}/moves", approve), 403, "forbidden")
    assert done(await one.get(path), 200)["state"] == "registered"
    assert done(await other.post(f"{path}/moves", approve), 201)["state"] == "approved"
    # A suspension waits for nobody.
    done(await one.post(f"{path}/moves", {"event": "suspended", "reason": "complaint"}), 201)
    whole = done(await one.get(path), 200)
    assert [each["event"] for each in whole["moves"]] == ["approved", "suspended"]
    assert "secret" not in whole


async def test_one_person_under_two_staff_numbers_approves_nothing_of_their_own(place: Place) -> None:
    one, other = await administrator(place), await administrator(place)
    for badge in (one, other):
        await badge.link(MADE_UP[1].identity)
    made = done(await one.post("/staff/companies", BODY), 201)
    moves = f"/staff/companies/{made['company']}/moves"
    approve = {"event": "approved", "reason": "documents seen"}
    assert refused(await other.post(moves, approve), 403, "forbidden")["rule"] == "own-proposal"
    assert (await place.entries("companies.refused"))[-1]["detail"]["reason"] == "own-proposal"
    await other.link(MADE_UP[2].identity)
    assert done(await other.post(moves, approve), 201)["state"] == "approved"


async def test_where_it_is_demanded_who_is_not_linked_approves_no_company(place: Place) -> None:
    place.change_policy(demands_links=True)
    one, other = await administrator(place), await administrator(place)
    made = done(await one.post("/staff/companies", BODY), 201)
    moves = f"/staff/companies/{made['company']}/moves"
    approve = {"event": "approved", "reason": "documents seen"}
    assert refused(await other.post(moves, approve), 403, "forbidden")["rule"] == "not-linked"


async def test_without_the_duty_or_a_fresh_factor_nothing_is_done(place: Place) -> None:
    patrol = await place.on_duty("patrol")
    refused(await patrol.post("/staff/companies", BODY), 403, "forbidden")
    refused(await patrol.get("/staff/companies"), 403, "forbidden")
    one = await administrator(place)
    place.clock.advance(400)
    refused(await one.post("/staff/companies", BODY), 403, "forbidden")
    assert done(await one.get("/staff/companies"), 200)["companies"] == []


async def test_a_wrong_code_and_a_field_of_another_purpose_are_named(place: Place) -> None:
    one = await administrator(place)
    wrong = await one.post("/staff/companies", BODY | {"credit_code": "91350100M000100Y44"})
    assert refused(wrong, 422, "invalid")["place"] == "credit_code"
    unknown = [{"purpose": "rental", "fields": ["everything"]}]
    assert (
        refused(await one.post("/staff/companies", BODY | {"purposes": unknown}), 422, "invalid")["place"]
        == "fields"
    )


async def suspended(place: Place) -> tuple[Badge, Badge, str]:
    """Two of the administration and the path of a company one registered, the other approved and the first suspended."""
    one, other = await administrator(place), await administrator(place)
    path = f"/staff/companies/{done(await one.post('/staff/companies', BODY), 201)['company']}"
    done(await other.post(f"{path}/moves", {"event": "approved", "reason": "documents seen"}), 201)
    done(await one.post(f"{path}/moves", {"event": "suspended", "reason": "wants more"}), 201)
    return one, other, path


async def change(who: Badge, path: str, move: int, **changed: Any) -> httpx.Response:
    body = {"move": move, "purposes": BODY["purposes"], "per_minute": 600, "per_day": 20_000} | changed
    headers = who.phone.headers | {"Idempotency-Key": f"change-{who.number}-{next(COUNT)}"}
    return await who.phone.client.put(f"{path}/registration", json=body, headers=headers)


RESTORE = {"event": "restored", "reason": "looked at"}
MORE = [{"purpose": "employment", "fields": ["may_drive"], "bulk": True}]


async def test_who_changed_what_a_company_may_ask_does_not_restore_it(place: Place) -> None:
    one, other, path = await suspended(place)
    changed = done(await change(one, path, 2, purposes=MORE, per_minute=900), 200)
    assert changed["state"] == "suspended" and changed["per_minute"] == 900
    refused(await one.post(f"{path}/moves", RESTORE), 403, "forbidden")
    assert done(await other.post(f"{path}/moves", RESTORE), 201)["state"] == "approved"
    whole = done(await other.get(path), 200)
    assert [each["purpose"] for each in whole["purposes"]] == ["employment"]
    assert [each["event"] for each in whole["moves"]] == [
        "approved", "suspended", "changed", "changed", "changed", "restored",
    ]  # fmt: skip
    assert whole["moves"][2]["reason"] == "purpose rental removed"
    # What somebody approved is nobody's change any more: a suspension is lifted by whoever made it.
    done(await one.post(f"{path}/moves", {"event": "suspended", "reason": "complaint"}), 201)
    assert done(await one.post(f"{path}/moves", RESTORE), 201)["state"] == "approved"


async def test_two_who_changed_it_need_a_third(place: Place) -> None:
    one, other, path = await suspended(place)
    third = await administrator(place)
    done(await change(one, path, 2, purposes=MORE), 200)
    move = done(await other.get(path), 200)["move"]
    done(await change(other, path, move, purposes=MORE, per_day=30_000), 200)
    for each in (one, other):
        refused(await each.post(f"{path}/moves", RESTORE), 403, "forbidden")
    done(await third.post(f"{path}/moves", RESTORE), 201)


async def test_an_approved_company_gets_no_more_by_one_person(place: Place) -> None:
    one, other, path = await suspended(place)
    done(await one.post(f"{path}/moves", RESTORE), 201)
    for changed in ({"purposes": MORE}, {"per_minute": 601}, {"per_day": 20_001}):
        assert refused(await change(other, path, 3, **changed), 409, "conflict")["rule"] == "suspend-first"
    answer = await other.post(f"{path}/secrets", {"older": "for-a-week"})
    assert refused(answer, 409, "conflict")["rule"] == "suspend-first"
    whole = done(await other.get(path), 200)
    assert (whole["per_minute"], whole["per_day"], whole["move"]) == (600, 20_000, 3)
    # Less of it waits for nobody.
    assert done(await change(other, path, 3, per_minute=10), 200)["per_minute"] == 10


async def test_a_change_of_an_older_reading_is_not_made(place: Place) -> None:
    one, other, path = await suspended(place)
    done(await change(one, path, 2, purposes=MORE), 200)
    assert refused(await change(other, path, 2, per_minute=700), 409, "conflict")["rule"] == "stale"
    unseen = await other.post(f"{path}/moves", RESTORE | {"move": 2})
    assert refused(unseen, 409, "conflict")["rule"] == "stale", "nobody approves what they have not read"
    none = await change(other, path, done(await other.get(path), 200)["move"], purposes=MORE * 2)
    assert refused(none, 422, "invalid")["place"] == "purposes"


async def test_a_renewed_secret_opens_nothing_before_another_person_restored_the_company(
    place: Place,
) -> None:
    one, other, path = await suspended(place)
    made = done(await one.post(f"{path}/secrets", {"older": "ends-now"}), 201)
    assert made["older_ends_at"] == place.clock.now().isoformat().replace("+00:00", "Z")
    refused(await one.post(f"{path}/moves", RESTORE), 403, "forbidden")
    done(await other.post(f"{path}/moves", RESTORE), 201)
    assert made["secret"] not in str(done(await other.get(path), 200))


async def test_where_a_company_hears_of_changes_is_told(place: Place) -> None:
    one, _, path = await suspended(place)
    assert done(await one.get(path), 200)["webhook"] == {
        "url": None, "waiting": 0, "delivered": 0, "dropped": 0, "given_up": 0, "last_error": None,
    }  # fmt: skip
