"""A driver thinks better of it: an approval taken back, a consent withdrawn, before anything was answered."""

from __future__ import annotations

from tests.accounts.people import MADE_UP
from tests.api.phone import Phone as Caller
from tests.api.phone import done, refused
from tests.relying.world import EMPLOYMENT, Town, asked


async def test_an_approval_for_this_once_is_taken_back_until_the_answer_was_fetched(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked(fields=["may_drive", "portrait"])), 201)
    code, path = f"/holder/consents/requests/{made['code']}", f"/relying/requests/{made['request']}"
    refused(await driver.delete(f"{code}/approval"), 404, "not-found")  # nothing was approved yet
    done(await town.approve(driver, made["code"]), 200)
    for _ in range(2):  # again changes nothing
        assert done(await driver.delete(f"{code}/approval"), 200)["state"] == "refused"
    assert refused(await company.post(f"{path}/answer"), 409, "conflict")["rule"] == "refused"
    refused(await company.get(f"{path}/portrait"), 404, "not-found")
    shown = done(await company.get(path), 200)
    assert (shown["state"], "pseudonym" in shown) == ("refused", False)
    assert done(await driver.get("/holder/showings"), 200)["looks"] == []
    refused(await town.approve_blindly(driver, made["code"]), 404, "not-found")
    (entry,) = await town.acts("consent.taken-back")
    assert entry["actor_kind"] == "person"


async def test_what_was_fetched_cannot_be_taken_back(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    done(await town.approve(driver, made["code"]), 200)
    done(await company.post(f"/relying/requests/{made['request']}/answer"), 200)
    path = f"/holder/consents/requests/{made['code']}/approval"
    assert refused(await driver.delete(path), 409, "conflict")["rule"] == "answered"
    done(
        await company.post(f"/relying/requests/{made['request']}/answer"), 200
    )  # for a connection that was lost


async def test_the_taking_back_is_the_driver_s_who_approved_and_ends_with_the_answer_s_time(
    town: Town,
) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    stranger = await Caller(town.client).arrive(MADE_UP[1])
    made = done(await company.post("/relying/requests", asked()), 201)
    town.clock.advance(599)  # the code's own time is all but over, the answer's begins
    done(await town.approve(driver, made["code"]), 200)
    path = f"/holder/consents/requests/{made['code']}/approval"
    refused(await stranger.delete(path), 404, "not-found")
    town.clock.advance(599)
    done(await driver.delete(path), 200)
    town.clock.advance(1)
    refused(await driver.delete(path), 404, "not-found")


async def test_a_consent_withdrawn_before_its_answer_was_fetched_answers_nothing(town: Town) -> None:
    _, company = await town.open_company(EMPLOYMENT)
    driver = await town.driver()
    question = asked("employment", standing_until="2027-05-01")
    made = done(await company.post("/relying/requests", question), 201)
    consent = done(await town.approve(driver, made["code"]), 200)["consent"]
    refused(await driver.delete(f"/holder/consents/requests/{made['code']}/approval"), 404, "not-found")
    done(await driver.delete(f"/holder/consents/{consent}"), 200)
    path = f"/relying/requests/{made['request']}/answer"
    assert refused(await company.post(path), 409, "conflict")["rule"] == "ended"
    assert done(await driver.get("/holder/showings"), 200)["looks"] == []
