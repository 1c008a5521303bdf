"""How much a company may ask: every way of asking, together, exactly, in the database."""

from __future__ import annotations

import asyncio

import pytest

from liangzheng import relying
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import PseudonymId
from liangzheng.relying import CompanyEvent, Quota
from tests.api.phone import done, refused
from tests.relying.world import EMPLOYMENT, Town, asked, shown


async def test_a_quota_of_a_minute_refills_and_one_of_a_day_holds_until_midnight_in_china(town: Town) -> None:
    _, company = await town.open_company(quota=Quota(per_minute=2, per_day=3))
    for _ in range(2):
        done(await company.post("/relying/requests", asked()), 201)
    assert refused(await company.post("/relying/requests", asked()), 429, "too-many")["retry_after_s"] == 60
    town.clock.advance(60)
    done(await company.post("/relying/requests", asked()), 201)
    problem = refused(await company.post("/relying/requests", asked()), 429, "too-many")
    # 10:01 in China: fourteen hours less a minute.
    assert problem["retry_after_s"] == 14 * 3600 - 60


async def test_what_is_refused_counts_too(town: Town) -> None:
    _, company = await town.open_company(quota=Quota(per_minute=2, per_day=100))
    for _ in range(2):
        refused(await company.post("/relying/requests", asked("insurance")), 403, "forbidden")
    refused(await company.post("/relying/requests", asked("insurance")), 429, "too-many")
    assert len(await town.acts("request.refused")) == 2


async def test_every_way_of_asking_counts_in_one_quota(town: Town) -> None:
    _, company = await town.open_company(quota=Quota(per_minute=100, per_day=6))
    driver = await town.driver()
    pseudonym, _ = await town.standing(company, driver)  # asked: 1, answer fetched: 2
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": [pseudonym]}
    done(await company.post("/relying/checks", body), 200)  # 3
    done(await company.post("/verifier/verifications", shown(town, purpose="rental")), 200)  # 4
    digits = {"request": "request-2", "short_code": "00000000", "purpose": "rental"}
    refused(await company.post("/verifier/verifications", digits), 404, "not-found")  # 5
    refused(
        await company.post("/verifier/verifications", shown(town, purpose="freight")), 403, "forbidden"
    )  # 6
    for path, asks in (
        ("/verifier/verifications", shown(town, "request-3", purpose="rental")),
        ("/relying/checks", body),
        ("/relying/requests", asked()),
    ):
        problem = refused(await company.post(path, asks), 429, "too-many")
        assert problem["retry_after_s"] > 3600, "the day's, not a minute's"
    async with town.database.read() as tx:
        used = await tx.fetchval("SELECT used FROM company_usage WHERE span = 'day'")
    assert used == 6
    seen = done(await company.get("/relying/registration"), 200)["quota"]
    assert seen == {"per_minute": 100, "per_day": 6, "used_this_minute": 6, "used_today": 6}
    assert len(await town.acts("code.verified")) == 1, "over the quota nothing is verified"


async def test_the_quota_is_exact_however_many_ask_at_once(town: Town) -> None:
    _, company = await town.open_company(quota=Quota(per_minute=100, per_day=5))
    asks = [
        company.post("/relying/requests", asked())
        if number % 2
        else company.post("/verifier/verifications", shown(town, f"request-{number}", purpose="rental"))
        for number in range(16)
    ]
    statuses = [answer.status_code for answer in await asyncio.gather(*asks)]
    assert sorted(statuses)[-11:] == [429] * 11 and 429 not in sorted(statuses)[:5]


async def test_a_quota_that_is_changed_counts_from_the_next_question_on(town: Town) -> None:
    registered, company = await town.open_company(quota=Quota(per_minute=1, per_day=100))
    done(await company.post("/relying/requests", asked()), 201)
    refused(await company.post("/relying/requests", asked()), 429, "too-many")
    async with town.database.transaction() as tx:
        await relying.set_quota(tx, registered.id, Quota(2, 2), town.clock.now())
    done(await company.post("/relying/requests", asked()), 201)
    refused(await company.post("/relying/requests", asked()), 429, "too-many")
    (entry,) = await town.acts("company.quota-set")
    assert (entry["actor_kind"], entry["detail"]) == ("operator", {"per_minute": 2, "per_day": 2})
    await town.move(registered, CompanyEvent.ENDED)
    async with town.database.transaction() as tx:
        with pytest.raises(Conflict):
            await relying.set_quota(tx, registered.id, Quota(3, 3), town.clock.now())


async def test_one_company_s_quota_is_not_another_s(town: Town) -> None:
    _, company = await town.open_company(quota=Quota(per_minute=1, per_day=100))
    _, other = await town.open_company(quota=Quota(per_minute=1, per_day=100), name="样本货运")
    for caller in (company, other):
        done(await caller.post("/relying/requests", asked()), 201)
        refused(await caller.post("/relying/requests", asked()), 429, "too-many")


async def test_a_check_of_many_that_does_not_fit_counts_nothing(town: Town) -> None:
    _, company = await town.open_company(EMPLOYMENT, quota=Quota(per_minute=3, per_day=100))
    four = [str(PseudonymId.new()) for _ in range(4)]
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": four}
    refused(await company.post("/relying/checks", body), 429, "too-many")
    done(await company.post("/relying/checks", body | {"pseudonyms": four[:3]}), 200)
    refused(await company.post("/relying/checks", body | {"pseudonyms": four[:1]}), 429, "too-many")
