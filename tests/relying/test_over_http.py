"""A company asks, the driver decides, the answer is minimal: over HTTP, on a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from liangzheng import accounts
from liangzheng.kernel.time import civil_day
from liangzheng.relying import CompanyEvent, Grant, Quota
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.accounts.people import MADE_UP, PASSWORD
from tests.api.phone import b64, done, refused, unb64
from tests.relying.world import EMPLOYMENT, KEYS, RENTAL, F, Town, asked, shown
from tests.showing.world import PORTRAIT

NAME = "样本甲"


async def test_a_driver_approves_on_the_phone_and_the_company_hears_the_least(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked(reference="desk 4")), 201)
    assert made["qr"] == "LZR1:" + made["code"].replace("-", "")
    opened = done(await driver.get(f"/holder/consents/requests/{made['code']}"), 200)
    assert (opened["company_name"], opened["purpose_words"]["zh"]) == ("样本租车", "汽车租赁")
    assert [field["field"] for field in opened["fields"]] == ["may_drive", "valid_until"]
    assert all(field["words"]["zh"] and field["words"]["en"] for field in opened["fields"])
    assert (opened["class_asked"], opened["standing_until"]) == ("C1", None)
    (key,) = done(await driver.get("/holder/phone-keys"), 200)["phone_keys"]
    assert key["used_on"] is None
    assert done(await town.approve(driver, made["code"]), 200)["state"] == "approved"
    (key,) = done(await driver.get("/holder/phone-keys"), 200)["phone_keys"]
    assert key["used_on"] == str(civil_day(town.clock.now())), "the phone signed today"

    request = f"/relying/requests/{made['request']}"
    seen = done(await company.get(request), 200)
    assert (seen["state"], seen["reference"]) == ("approved", "desk 4")
    answered = done(await company.post(f"{request}/answer"), 200)
    assert answered["driver"] == {
        "may_drive": {"class_asked": "C1", "allowed": True},
        "valid_until": {"day": "2030-01-01", "long_term": False},
    }
    assert done(await company.get(request), 200)["state"] == "answered"


async def test_the_code_may_be_typed_in_any_way_people_do(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    code = made["code"]
    for typed in (code.lower(), code.replace("-", ""), made["qr"], code.replace("0", "o").replace("1", "l")):
        assert done(await driver.get(f"/holder/consents/requests/{typed}"), 200)["request"] == made["request"]
    refused(await driver.get("/holder/consents/requests/ABC"), 422, "invalid")


async def test_the_answer_is_of_the_moment_it_is_fetched(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    done(await town.approve(driver, made["code"]), 200)
    await town.world.change(status="D")
    answered = done(await company.post(f"/relying/requests/{made['request']}/answer"), 200)
    assert answered["driver"]["may_drive"]["allowed"] is False


async def test_what_was_answered_is_kept_nowhere_that_it_was_is_where_the_driver_reads_it(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(
        await company.post("/relying/requests", asked(fields=["name", "valid_until"], **{"class": None})), 201
    )
    done(await town.approve(driver, made["code"]), 200)
    answered = done(await company.post(f"/relying/requests/{made['request']}/answer"), 200)
    assert answered["driver"]["name"] == NAME
    kept = await town.everything_kept()
    assert NAME not in kept and "2030-01-01" not in kept and MADE_UP[0].identity.value not in kept
    assert made["request"] in kept  # the audit entry names the request: the search would find something
    (look,) = done(await driver.get("/holder/showings"), 200)["looks"]
    assert (look["verifier"], look["verifier_kind"], look["purpose"]) == ("样本租车", "company", "rental")
    assert look["fields"] == ["valid_until", "name"]
    (entry,) = await town.acts("request.answered")
    assert (entry["actor_kind"], entry["detail"]["fields"]) == ("company", ["valid_until", "name"])


async def test_an_answer_is_fetched_once_and_again_only_for_a_lost_connection(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    path = f"/relying/requests/{made['request']}/answer"
    assert refused(await company.post(path), 409, "conflict")["rule"] == "asked"
    done(await town.approve(driver, made["code"]), 200)
    done(await company.post(path), 200)
    town.clock.advance(119)
    done(await company.post(path), 200)
    town.clock.advance(1)
    assert refused(await company.post(path), 409, "conflict")["rule"] == "answered"
    assert len(done(await driver.get("/holder/showings"), 200)["looks"]) == 2


async def test_an_approved_request_nobody_fetched_runs_out(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    done(await town.approve(driver, made["code"]), 200)
    town.clock.advance(600)
    renewed = await company.post(f"/relying/requests/{made['request']}/answer")
    # The token has run out with it: ten minutes each.
    refused(renewed, 401, "not-authenticated")


async def test_a_code_is_good_for_some_minutes_and_one_decision(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    first = done(await company.post("/relying/requests", asked()), 201)
    second = done(await company.post("/relying/requests", asked()), 201)
    done(await town.approve(driver, first["code"]), 200)
    refused(await driver.get(f"/holder/consents/requests/{first['code']}"), 404, "not-found")
    refused(await driver.post(f"/holder/consents/requests/{first['code']}/refusal"), 404, "not-found")
    town.clock.advance(600)
    refused(await driver.get(f"/holder/consents/requests/{second['code']}"), 404, "not-found")


async def test_the_same_approval_sent_twice_is_one(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    path = f"/holder/consents/requests/{made['code']}"
    opened = done(await driver.get(path), 200)
    body = {"phone_key": town.phone_key, "signature": b64(town.signer.sign(unb64(opened["to_be_signed"])))}
    headers = {"Idempotency-Key": "my-approval-1"}
    first, again = [done(await driver.post(f"{path}/approval", body, headers=headers), 200) for _ in range(2)]
    assert first == again
    assert len(await town.acts("consent.given")) == 1


async def test_the_same_request_sent_twice_is_one(town: Town) -> None:
    _, company = await town.open_company()
    headers = {"Idempotency-Key": "my-request-1"}
    first, again = [
        done(await company.post("/relying/requests", asked(), headers=headers), 201) for _ in range(2)
    ]
    assert first == again
    refused(await company.post("/relying/requests", asked("employment"), headers=headers), 409, "conflict")
    kept = await town.everything_kept()
    assert first["request"] in kept
    assert first["code"] not in kept and first["code"].replace("-", "") not in kept
    other = done(await company.post("/relying/requests", asked()), 201)
    assert other["code"] != first["code"]


async def test_a_refusal_tells_the_company_that_and_nothing_else(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    done(await driver.post(f"/holder/consents/requests/{made['code']}/refusal"), 200)
    seen = done(await company.get(f"/relying/requests/{made['request']}"), 200)
    assert seen["state"] == "refused"
    assert "psn_" not in str(seen) and "drv_" not in str(seen) and "per_" not in str(seen)
    refused(await company.post(f"/relying/requests/{made['request']}/answer"), 409, "conflict")


async def test_a_request_taken_back_cannot_be_approved(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    for _ in range(2):
        assert done(await company.delete(f"/relying/requests/{made['request']}"), 200)["state"] == "cancelled"
    assert (
        refused(await driver.get(f"/holder/consents/requests/{made['code']}"), 409, "conflict")["rule"]
        == "decided"
    )


# --- the phone's signature -------------------------------------------------------------------------------


async def test_a_login_alone_approves_nothing(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    other = done(await company.post("/relying/requests", asked(fields=["name"], **{"class": None})), 201)
    path = f"/holder/consents/requests/{made['code']}"
    message = unb64(done(await driver.get(path), 200)["to_be_signed"])
    elsewhere = unb64(
        done(await driver.get(f"/holder/consents/requests/{other['code']}"), 200)["to_be_signed"]
    )
    stranger = SoftwareSigner.generate(Alg.ES256)
    for signature in (stranger.sign(message), town.signer.sign(elsewhere), bytes(64), b""):
        body = {"phone_key": town.phone_key, "signature": b64(signature)}
        problem = refused(await driver.post(f"{path}/approval", body), 400, "not-verified")
        assert problem["place"] == "consent signature"
    assert done(await company.get(f"/relying/requests/{made['request']}"), 200)["state"] == "asked"


async def test_an_ended_or_foreign_phone_key_approves_nothing(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    mine = town.phone_key
    made = done(await company.post("/relying/requests", asked()), 201)
    stranger = await town.driver(MADE_UP[1])
    refused(await town.approve(stranger, made["code"], phone_key=mine), 400, "not-verified")
    done(await driver.delete(f"/holder/phone-keys/{mine}"), 200)
    refused(await town.approve(driver, made["code"], phone_key=mine), 400, "not-verified")


async def test_somebody_the_register_does_not_know_is_not_asked(town: Town) -> None:
    _, company = await town.open_company()
    made = done(await company.post("/relying/requests", asked()), 201)
    unknown = await town.driver(MADE_UP[1])
    async with town.database.transaction() as tx:
        await tx.execute("UPDATE person SET driver_id = NULL, level = 0, real_name_checked_at = NULL")
    refused(await unknown.get(f"/holder/consents/requests/{made['code']}"), 403, "forbidden")


# --- outside the registration ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        (asked("insurance"), "purpose_not_registered"),
        (asked("marketing"), "purpose_not_registered"),
        (asked(fields=["may_drive", "masked_number"]), "field_not_registered"),
        (asked(fields=["*"], **{"class": None}), "field_not_registered"),
        (asked(fields=["may_drive", "points", "status", "address"]), "field_not_registered"),
        (
            asked(
                fields=[
                    "may_drive",
                    "valid_until",
                    "classes",
                    "first_issue_date",
                    "name",
                    "masked_number",
                    "portrait",
                ]
            ),
            "field_not_registered",
        ),
        # Badly put besides, without the class: outside the registration all the same.
        (asked(fields=["may_drive", "may_drive", "points"], **{"class": None}), "field_not_registered"),
        (asked(standing_until="2027-01-01"), "standing_not_registered"),
        (asked("employment", standing_until="2028-01-01"), "standing_too_long"),
    ],
)
async def test_a_company_that_asks_for_too_much_is_refused_as_a_whole_and_the_record_says_so(
    town: Town, question: dict[str, Any], rule: str
) -> None:
    _, company = await town.open_company()
    assert refused(await company.post("/relying/requests", question), 403, "forbidden")["rule"] == rule
    (entry,) = await town.acts("request.refused")
    assert (entry["actor_kind"], entry["detail"]["refusal"]) == ("company", rule)
    assert "marketing" not in str(entry) and "points" not in str(
        entry
    )  # what is unknown is counted, not quoted
    async with town.database.read() as tx:
        assert await tx.fetchval("SELECT count(*) FROM consent_request") == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"fields": []}, {"fields": ["name", "name"], "class": None}, {"class": None}, {"class": "C7"},
        {"fields": ["name"]}, {"purpose": "employment", "standing_until": "2026-11-19"}, {"standing_until": "2026-13-01"},
        {"reference": "桌"}, {"driver": "drv_x"}, {"fields": "name"}, {"purpose": ""}, {"fields": ["a"] * 21},
    ],
    ids=str,
)  # fmt: skip
async def test_a_question_that_makes_no_sense_is_told_so(town: Town, changed: dict[str, Any]) -> None:
    _, company = await town.open_company()
    refused(await company.post("/relying/requests", asked() | changed), 422, "invalid")


async def test_what_is_no_longer_registered_is_no_longer_answered(town: Town) -> None:
    from liangzheng import relying

    registered, company = await town.open_company()
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    done(await town.approve(driver, made["code"]), 200)
    await town.move(registered, CompanyEvent.SUSPENDED)
    refused(await company.get(f"/relying/requests/{made['request']}"), 401, "not-authenticated")
    async with town.database.transaction() as tx:
        narrower = Grant("rental", frozenset({F.MAY_DRIVE}))
        await relying.set_grant(tx, registered.id, narrower, town.clock.now())
    await town.move(registered, CompanyEvent.RESTORED)
    answered = done(await company.post(f"/relying/requests/{made['request']}/answer"), 200)
    assert set(answered["driver"]) == {"may_drive"}


async def test_an_answer_outside_the_registration_of_today_is_refused_and_recorded(town: Town) -> None:
    from liangzheng import relying

    registered, secret = await town.register()
    await town.move(registered, CompanyEvent.APPROVED)
    company, driver = await town.with_token(registered, secret), await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    done(await town.approve(driver, made["code"]), 200)
    path = f"/relying/requests/{made['request']}"
    # A token for another purpose fetches nothing of this one.
    form = "grant_type=client_credentials&scope=employment"
    granted = done(await town.ask_token(str(registered.id), secret, form), 200)["access_token"]
    other = company.another()
    other.headers = {"Authorization": f"Bearer {granted}"}
    problem = refused(await other.post(f"{path}/answer"), 403, "forbidden")
    assert problem["rule"] == "token_without_purpose"
    # Nor does anybody once the purpose is taken out of the registration.
    await town.move(registered, CompanyEvent.SUSPENDED)
    async with town.database.transaction() as tx:
        await relying.remove_grant(tx, registered.id, "rental", town.clock.now())
    await town.move(registered, CompanyEvent.RESTORED)
    problem = refused(await company.post(f"{path}/answer"), 403, "forbidden")
    assert problem["rule"] == "purpose_not_registered"
    refused(await company.get(f"{path}/portrait"), 404, "not-found")
    assert [entry["detail"]["refusal"] for entry in await town.acts("request.refused")] == [
        "token_without_purpose", "purpose_not_registered", "purpose_not_registered",
    ]  # fmt: skip
    assert done(await driver.get("/holder/showings"), 200)["looks"] == []


async def test_one_company_sees_nothing_of_another_s(town: Town) -> None:
    _, company = await town.open_company()
    _, other = await town.open_company(name="样本货运")
    driver = await town.driver()
    made = done(await company.post("/relying/requests", asked()), 201)
    done(await town.approve(driver, made["code"]), 200)
    path = f"/relying/requests/{made['request']}"
    refused(await other.get(path), 404, "not-found")
    refused(await other.delete(path), 404, "not-found")
    refused(await other.post(f"{path}/answer"), 404, "not-found")
    refused(await other.get(f"{path}/portrait"), 404, "not-found")


async def test_a_holder_s_login_a_verifier_s_token_and_a_company_s_are_three_things(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    refused(await driver.get("/relying/registration"), 401, "not-authenticated")
    refused(await company.get("/holder/consents"), 401, "not-authenticated")


# --- the portrait ------------------------------------------------------------------------------------------


async def test_the_portrait_comes_with_a_request_that_named_it_for_some_minutes(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    without = done(await company.post("/relying/requests", asked()), 201)
    named = done(await company.post("/relying/requests", asked(fields=["may_drive", "portrait"])), 201)
    for made in (without, named):
        refused(await company.get(f"/relying/requests/{made['request']}/portrait"), 404, "not-found")
        done(await town.approve(driver, made["code"]), 200)
    refused(await company.get(f"/relying/requests/{without['request']}/portrait"), 404, "not-found")
    # Asked for all the same, and on record: twice for the one that never named it, not for the one that came too early.
    tried = [entry["detail"] for entry in await town.acts("request.refused")]
    assert [(detail["refusal"], detail["fields"]) for detail in tried] == [
        ("portrait_not_agreed", ["portrait"])
    ] * 2
    picture = await company.get(f"/relying/requests/{named['request']}/portrait")
    assert (picture.status_code, picture.content) == (200, PORTRAIT)
    assert picture.headers["cache-control"] == "no-store"
    (look,) = done(await driver.get("/holder/showings"), 200)["looks"]
    assert look["fields"] == ["portrait"]


async def test_no_portrait_under_a_standing_consent(town: Town) -> None:
    lasting = Grant("rental", RENTAL.fields, bulk=True)
    _, company = await town.open_company(lasting)
    question = asked(fields=["may_drive", "portrait"], standing_until="2027-01-01")
    problem = refused(await company.post("/relying/requests", question), 403, "forbidden")
    assert problem["rule"] == "portrait_never_standing"


# --- the code shown by the driver -----------------------------------------------------------------------------


async def test_a_company_verifies_a_code_with_its_token_and_hears_its_registered_fields(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    body = shown(town, purpose="rental") | {"class": "C1"}
    verdict = done(await company.post("/verifier/verifications", body), 200)
    assert (verdict["outcome"], verdict["class"]) == ("valid", {"asked": "C1", "allowed": True})
    assert verdict["holder"] == {"name": NAME, "valid_until": "2030-01-01"}
    assert verdict["licence"] is None  # an id two companies could compare
    assert str(town.world.driver_id) not in str(verdict)
    (look,) = done(await driver.get("/holder/showings"), 200)["looks"]
    assert (look["verifier"], look["purpose"], look["fields"]) == ("样本租车", "rental", None)


async def test_a_code_under_a_purpose_not_registered_is_refused_and_recorded(town: Town) -> None:
    # A verdict always says whether the holder may drive: who did not register that hears none, with a class or without.
    names_only = Grant("employment", frozenset({F.NAME}))
    _, company = await town.open_company(names_only, RENTAL)
    for body in (shown(town, purpose="freight"), shown(town, purpose="employment"),
                 shown(town, purpose="employment") | {"class": "C1"}):  # fmt: skip
        refused(await company.post("/verifier/verifications", body), 403, "forbidden")
    entries = await town.acts("request.refused")
    assert [(entry["purpose"], entry["detail"]["refusal"]) for entry in entries] == [
        ("freight", "purpose_not_registered"),
        ("employment", "field_not_registered"),
        ("employment", "field_not_registered"),
    ]
    assert await town.acts("code.verified") == []
    me = done(await company.get("/verifier/me"), 200)
    assert (me["kind"], me["purposes"]) == ("company", ["rental"])
    assert done(await company.post("/verifier/verifications", shown(town)), 200)["outcome"] == "valid"


async def test_a_registration_that_changed_is_of_this_moment_for_a_shown_code_too(town: Town) -> None:
    from liangzheng import relying

    registered, company = await town.open_company(RENTAL)
    verdict = done(await company.post("/verifier/verifications", shown(town)), 200)
    assert set(verdict["holder"]) == {"name", "valid_until"}
    # Suspended, and the event that ends its verifier is still in the queue: nothing is heard all the same.
    async with town.database.transaction() as tx:
        await relying.move(tx, registered.id, CompanyEvent.SUSPENDED, "test", town.clock.now())
        narrower = Grant("rental", frozenset({F.MAY_DRIVE}))
        await relying.set_grant(tx, registered.id, narrower, town.clock.now())
    refused(await company.post("/verifier/verifications", shown(town, "request-2")), 401, "not-authenticated")
    await town.move(registered, CompanyEvent.RESTORED)
    town.clock.advance(1)
    verdict = done(await company.post("/verifier/verifications", shown(town, "request-3")), 200)
    assert verdict["holder"] == {}


async def test_a_suspended_company_verifies_nothing_though_its_token_is_remembered(town: Town) -> None:
    registered, company = await town.open_company()
    done(await company.post("/verifier/verifications", shown(town)), 200)
    await town.move(registered, CompanyEvent.SUSPENDED)
    refused(await company.post("/verifier/verifications", shown(town, "request-2")), 401, "not-authenticated")
    await town.move(registered, CompanyEvent.RESTORED)
    done(await company.post("/verifier/verifications", shown(town, "request-3")), 200)


# --- standing consents -----------------------------------------------------------------------------------------


async def test_under_a_standing_consent_many_are_checked_until_it_is_withdrawn(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    pseudonym, consent = await town.standing(company, driver)
    unknown = "psn_" + "0" * 26
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": [unknown, pseudonym]}
    items = done(await company.post("/relying/checks", body), 200)["items"]
    assert items == [
        {"pseudonym": unknown, "outcome": "no_consent", "driver": None},
        {
            "pseudonym": pseudonym,
            "outcome": "answered",
            "driver": {"may_drive": {"class_asked": "C1", "allowed": True}},
        },
    ]
    looks = done(await driver.get("/holder/showings"), 200)["looks"]
    assert [look["fields"] for look in looks] == [["may_drive"], ["may_drive", "valid_until"]] or len(
        looks
    ) == 2

    for _ in range(2):
        assert done(await driver.delete(f"/holder/consents/{consent}"), 200)["state"] == "withdrawn"
    items = done(await company.post("/relying/checks", body), 200)["items"]
    assert [(item["outcome"], item["driver"]) for item in items] == [("no_consent", None)] * 2
    assert len(await town.acts("consent.withdrawn")) == 1


async def test_a_closed_account_consents_to_nothing_any_more_and_others_still_do(town: Town) -> None:
    town.wired.account_policy = replace(town.wired.account_policy, closing_hold_s=60)
    _, company = await town.open_company()
    driver = await town.driver()
    pseudonym, _ = await town.standing(company, driver)
    done(await driver.post("/holder/account-closings", {"password": PASSWORD}), 202)
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": [pseudonym]}
    await town.work()
    await town.let_texts_go()
    assert done(await company.post("/relying/checks", body), 200)["items"][0]["outcome"] == "answered"

    town.clock.advance(60)
    assert await accounts.complete_held(town.database, KEYS, town.clock.now()) == 1
    await town.work()
    assert done(await company.post("/relying/checks", body), 200)["items"][0]["outcome"] == "no_consent"
    assert len(await town.acts("consent.withdrawn")) == 1


async def test_no_consent_reads_the_same_whatever_is_behind_it(town: Town) -> None:
    """Unknown, another company's, run out, another purpose: one answer."""
    both = Grant("freight", frozenset({F.MAY_DRIVE}), bulk=True)
    _, company = await town.open_company(EMPLOYMENT, both)
    _, other = await town.open_company(EMPLOYMENT, name="样本货运")
    driver = await town.driver()
    mine, _ = await town.standing(company, driver, until="2026-11-20")
    theirs, _ = await town.standing(other, driver)
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": ["psn_" + "0" * 26, theirs]}
    nobody, foreign = done(await company.post("/relying/checks", body), 200)["items"]
    assert nobody | {"pseudonym": ""} == foreign | {"pseudonym": ""}
    for purpose in ("freight", "employment"):
        if purpose == "employment":  # the day after its last day has begun in China
            town.clock.advance(14 * 3600)
            async with town.database.transaction() as tx:
                await tx.execute(
                    "UPDATE company_token SET expires_at = $1", town.clock.now() + timedelta(hours=1)
                )
        (item,) = done(
            await company.post("/relying/checks", body | {"purpose": purpose, "pseudonyms": [mine]}), 200
        )["items"]
        assert item | {"pseudonym": ""} == nobody | {"pseudonym": ""}


async def test_a_check_answers_what_was_consented_not_what_is_asked(town: Town) -> None:
    wide = Grant("employment", frozenset({F.MAY_DRIVE, F.NAME, F.CLASSES}), bulk=True)
    _, company = await town.open_company(wide)
    driver = await town.driver()
    question = asked("employment", fields=["may_drive"], standing_until="2027-01-01")
    made = done(await company.post("/relying/requests", question), 201)
    done(await town.approve(driver, made["code"]), 200)
    pseudonym = done(await company.post(f"/relying/requests/{made['request']}/answer"), 200)["pseudonym"]
    body = {"purpose": "employment", "fields": ["may_drive", "name", "classes"], "pseudonyms": [pseudonym]}
    (item,) = done(await company.post("/relying/checks", body), 200)["items"]
    assert set(item["driver"]) == {"may_drive"}
    (item,) = done(await company.post("/relying/checks", body | {"fields": ["name"]}), 200)["items"]
    assert item["outcome"] == "no_consent"


async def test_bulk_checks_are_for_those_who_registered_them(town: Town) -> None:
    _, company = await town.open_company(RENTAL, Grant("employment", frozenset({F.MAY_DRIVE}), notices=True))
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": ["psn_" + "0" * 26]}
    for asks in (
        body,
        body | {"pseudonyms": ["x"]},
    ):  # badly put besides: outside the registration all the same
        problem = refused(await company.post("/relying/checks", asks), 403, "forbidden")
        assert problem["rule"] == "bulk_not_registered"
    assert len(await town.acts("request.refused")) == 2


@pytest.mark.parametrize(
    "pseudonyms", [[], ["psn_" + "0" * 26] * 2, ["drv_" + "0" * 26], ["x"], ["psn_" + "0" * 26] * 1001]
)
async def test_a_list_that_is_none_is_refused(town: Town, pseudonyms: list[str]) -> None:
    _, company = await town.open_company()
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": pseudonyms}
    refused(await company.post("/relying/checks", body), 422, "invalid")


async def test_a_thousand_at_once(town: Town) -> None:
    from liangzheng.kernel.ids import PseudonymId

    _, company = await town.open_company(quota=Quota(per_minute=1000, per_day=1000))
    many = [str(PseudonymId.new()) for _ in range(1000)]
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": many}
    items = done(await company.post("/relying/checks", body), 200)["items"]
    assert [item["pseudonym"] for item in items] == many


async def test_a_new_consent_takes_the_place_of_the_old(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    first, old = await town.standing(company, driver)
    again, new = await town.standing(company, driver, until="2027-06-01")
    assert first == again  # the same driver, the same company: the same pseudonym
    listed = done(await driver.get("/holder/consents"), 200)["consents"]
    assert [(one["consent"], one["state"], one["in_force"]) for one in listed] == [
        (new, "active", True),
        (old, "replaced", False),
    ]
    page = done(await driver.get("/holder/consents", params={"before": new, "limit": 1}), 200)["consents"]
    assert [one["consent"] for one in page] == [old]
    refused(await driver.delete("/holder/consents/cns_" + "0" * 26), 404, "not-found")


async def test_nobody_sees_or_withdraws_another_s_consent(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    _, consent = await town.standing(company, driver)
    stranger = await town.driver(MADE_UP[1])
    assert done(await stranger.get("/holder/consents"), 200) == {"consents": []}
    refused(await stranger.delete(f"/holder/consents/{consent}"), 404, "not-found")
    assert done(await driver.get("/holder/consents"), 200)["consents"][0]["state"] == "active"


async def test_two_companies_know_one_driver_by_names_that_have_nothing_in_common(town: Town) -> None:
    _, company = await town.open_company()
    _, other = await town.open_company(name="样本货运")
    driver = await town.driver()
    one, _ = await town.standing(company, driver)
    two, _ = await town.standing(other, driver)
    assert one != two
    assert str(town.world.driver_id)[4:] not in (one + two)
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": [one]}
    assert done(await other.post("/relying/checks", body), 200)["items"][0]["outcome"] == "no_consent"
