"""What a driver hears of companies: consents given and withdrawn, and each answer, once a day for each company."""

from __future__ import annotations

from typing import Any

from liangzheng import messages
from liangzheng.messages.look_around import SETTLED
from tests.api.phone import Phone, done
from tests.relying.world import Town


async def inbox(driver: Phone) -> dict[str, list[Any]]:
    """Words in Chinese, by kind, oldest first."""
    found: dict[str, list[Any]] = {}
    for message in reversed(done(await driver.get("/holder/messages"), 200)["messages"]):
        found.setdefault(message["kind"], []).append(message["words"]["zh"])
    return found


async def check(company: Phone, *pseudonyms: str) -> None:
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": list(pseudonyms)}
    done(await company.post("/relying/checks", body), 200)


async def test_a_consent_given_and_withdrawn_is_told_with_the_company_s_name(town: Town) -> None:
    _, company = await town.open_company(name="样本物流")
    driver = await town.driver()
    _, consent = await town.standing(company, driver)
    for _ in range(2):
        done(await driver.delete(f"/holder/consents/{consent}"), 200)
    await town.work()
    told = await inbox(driver)
    assert len(told["consent-given"]) == len(told["consent-withdrawn"]) == 1
    assert "“样本物流”" in told["consent-given"][0] and "“样本物流”" in told["consent-withdrawn"][0]
    async with town.database.read() as tx:
        kept = str([row["text"] for row in await tx.fetch("SELECT m::text AS text FROM message AS m")])
    assert "样本物流" not in kept, "a message holds codes; words are made when it is read"


async def test_each_answer_is_told_once_a_day_and_company_and_counts_up(town: Town) -> None:
    town.clock.advance(14 * 3600 - 60)  # a minute to midnight in China
    _, company = await town.open_company(name="样本物流")
    _, other = await town.open_company(name="样本货运")
    driver = await town.driver()
    await messages.tell_looks(town.database, town.clock.now())  # sets the marks
    mine, _ = await town.standing(company, driver)  # an answer under the request
    theirs, _ = await town.standing(other, driver)
    for _ in range(2):
        await check(company, mine, "psn_" + "0" * 26)
    town.clock.advance(SETTLED.total_seconds())
    assert await messages.tell_looks(town.database, town.clock.now()) == 4
    assert await messages.tell_looks(town.database, town.clock.now()) == 0
    told = (await inbox(driver))["company-answered"]
    assert sorted(told) == [
        "2026-11-20，“样本物流”依据您的同意获得答复3次，可在“谁看过”中查看。",
        "2026-11-20，“样本货运”依据您的同意获得答复1次，可在“谁看过”中查看。",
    ]
    # The same day counts up, the next day is a message of its own; a pseudonym that means nobody tells nobody.
    await check(company, mine)
    await check(other, "psn_" + "0" * 26)
    town.clock.advance(60)  # the next day has begun
    await check(other, theirs)
    town.clock.advance(SETTLED.total_seconds())
    assert await messages.tell_looks(town.database, town.clock.now()) == 2
    told = (await inbox(driver))["company-answered"]
    assert len(told) == 3 and any("“样本物流”依据您的同意获得答复4次" in text for text in told)
    assert any(text.startswith("2026-11-21，“样本货运”") for text in told)


async def test_what_goes_by_text_message_is_the_driver_s_choice(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    usual = done(await driver.get("/holder/messages/choices"), 200)["sms"]
    assert not any(
        usual[kind] for kind in ("company-answered", "consent-given", "consent-withdrawn", "looked-up")
    )
    assert all(usual[kind] for kind in ("licence-retained", "licence-suspended", "licence-restored"))
    done(await driver.put("/holder/messages/choices", {"sms": {"consent-given": True}}), 200)
    await town.standing(company, driver)
    await town.work()
    (state,) = [
        message["sms"]
        for message in done(await driver.get("/holder/messages"), 200)["messages"]
        if message["kind"] == "consent-given"
    ]
    assert state == "wanted"
