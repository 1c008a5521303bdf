"""Companies over HTTP: registered by one, approved by another, each with a fresh second factor and on record."""

from __future__ import annotations

from tests.api.phone import done, refused
from tests.staff.place import Badge, Place

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
