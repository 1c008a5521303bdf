"""What a driver consented to ends with the account, at once; and with the company that was given it."""

from __future__ import annotations

from liangzheng import relying
from liangzheng.accounts import AccountPolicy, Caller, Level, close, complete_held, owner_noticed
from liangzheng.infra.outbox import Event
from liangzheng.kernel.ids import EventId, PersonId, SessionId
from liangzheng.relying import CompanyEvent
from tests.api.phone import done, refused
from tests.relying.world import KEYS, Town, asked


async def close_account(town: Town) -> None:
    """The driver's account is closed this moment; nobody has handled the event yet."""
    policy = AccountPolicy(closing_hold_s=60)
    async with town.database.transaction() as tx:
        person = PersonId(await tx.fetchval("SELECT person_id FROM driver_person"))
        session = SessionId.new()
        act = await close(
            tx,
            Caller(person, town.world.driver_id, Level.IDENTITY_MATCHED, session, town.clock.now()),
            policy,
            town.clock.now(),
        )
        await owner_noticed(tx, person, act.held_act_id, town.clock.now())
    town.clock.advance(60)
    assert await complete_held(town.database, KEYS, town.clock.now()) == 1


async def test_a_closed_account_takes_every_consent_with_it_at_once(town: Town) -> None:
    _, company = await town.open_company()
    driver = await town.driver()
    pseudonym, _ = await town.standing(company, driver)
    made = done(await company.post("/relying/requests", asked(fields=["may_drive", "portrait"])), 201)
    done(await town.approve(driver, made["code"]), 200)
    done(await company.put("/relying/webhook", {"url": "https://hooks.example.com/lz"}), 200)
    body = {"purpose": "employment", "fields": ["may_drive"], "pseudonyms": [pseudonym]}
    assert done(await company.post("/relying/checks", body), 200)["items"][0]["outcome"] == "answered"
    async with town.database.transaction() as tx:  # a notice that waits when the account is closed
        changed = Event(
            0, EventId.new().uuid, "standing.changed", town.world.driver_id.uuid, {}, town.clock.now(), 0
        )
        await relying.follow_changes(tx, [changed], town.clock.now())

    await close_account(town)
    # Nobody has handled the event yet, and nothing is answered or sent all the same.
    assert done(await company.post("/relying/checks", body), 200)["items"][0]["outcome"] == "no_consent"
    refused(await company.post(f"/relying/requests/{made['request']}/answer"), 409, "conflict")
    refused(await company.get(f"/relying/requests/{made['request']}/portrait"), 404, "not-found")
    assert await town.send() == 1 and town.receiver.sent == []
    async with town.database.read() as tx:
        # Nor is it a fault while its event waits.
        assert [finding.rule for finding in await relying.check(tx)] == []
    # Then the consent itself is over, once and on record.
    for _ in range(2):
        await town.work()
    async with town.database.read() as tx:
        assert [row["state"] for row in await tx.fetch("SELECT state FROM standing_consent")] == ["withdrawn"]
        assert await tx.fetchval("SELECT state FROM notice") == "dropped"
    (entry,) = await town.acts("consent.withdrawn")
    assert (entry["actor_kind"], entry["detail"]["why"]) == ("person", "account_closed")


async def test_the_driver_s_list_says_that_a_suspended_company_s_consent_covers_nothing(town: Town) -> None:
    registered, company = await town.open_company()
    driver = await town.driver()
    await town.standing(company, driver)
    for event, in_force in (
        (CompanyEvent.SUSPENDED, False), (CompanyEvent.RESTORED, True), (CompanyEvent.ENDED, False),
    ):  # fmt: skip
        await town.move(registered, event)
        (consent,) = done(await driver.get("/holder/consents"), 200)["consents"]
        assert (consent["state"], consent["in_force"]) == ("active", in_force)
