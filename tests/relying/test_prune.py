"""What is forgotten when, and what stays."""

from __future__ import annotations

from datetime import timedelta

from liangzheng import relying
from tests.api.phone import done
from tests.relying.world import Town, asked

TABLES = (
    "consent_code",
    "company_token",
    "company_usage",
    "company_look",
    "consent_request",
    "standing_consent",
    "notice",
)


async def counts(town: Town) -> dict[str, int]:
    async with town.database.read() as tx:
        return {table: await tx.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}


async def prune(town: Town, after: timedelta) -> dict[str, int]:
    async with town.database.transaction() as tx:
        await relying.prune(tx, town.clock.now() + after, 100)
    return await counts(town)


async def test_what_is_over_goes_and_what_proves_a_consent_stays(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    done(await company.post("/relying/requests", asked()), 201)
    await town.standing(company, driver)
    before = await counts(town)
    assert (before["consent_request"], before["consent_code"], before["company_look"]) == (2, 1, 1)
    assert await prune(town, timedelta(seconds=599)) == before
    soon = await prune(town, timedelta(seconds=600))
    assert (soon["consent_code"], soon["company_token"]) == (0, 0)
    month = await prune(town, timedelta(days=31))
    assert (month["company_usage"], month["consent_request"]) == (0, 2)
    late = await prune(town, timedelta(days=401))
    assert (late["company_look"], late["consent_request"], late["standing_consent"]) == (0, 1, 1)
    async with town.database.read() as tx:
        assert await relying.check(tx) == []
