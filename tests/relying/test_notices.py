"""Change notices: who is told, what is said, how it is signed, tried again and given up."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from liangzheng import drivers, relying
from liangzheng.drivers import StandingChange
from liangzheng.kernel.ids import DriverId, NoticeId
from liangzheng.kernel.status import Status
from liangzheng.relying import CompanyEvent, Grant, NoticeState
from liangzheng.relying.pseudonyms import pseudonym, webhook_key
from liangzheng.standards import httpsig
from tests.api.phone import Phone as Caller
from tests.api.phone import done, refused, unb64
from tests.relying.world import EMPLOYMENT, KEYS, Town

URL = "https://hooks.example.com/lz"


async def change(town: Town, status: str) -> None:
    """The register says something new of the driver, and the queue is worked off."""
    async with town.database.transaction() as tx:
        change = StandingChange(status=Status.parse(status))
        await drivers.change_standing(tx, town.world.driver_id, change, "test", town.clock.now())
    await town.work()


async def told(town: Town, grant: Grant = EMPLOYMENT) -> tuple[Caller, Caller, str, str]:
    """A company with a webhook and a driver's standing consent: company, driver, pseudonym, consent."""
    _, company = await town.open_company(grant)
    await put(company, URL)
    driver = await town.driver()
    name, consent = await town.standing(company, driver)
    return company, driver, name, consent


async def put(company: Caller, url: str, status: int = 200) -> dict[str, Any]:
    answer = await company.client.put("/relying/webhook", json={"url": url}, headers=company.headers)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(company: Caller) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done(await company.get("/relying/notices"), 200)["notices"]
    return found


async def test_a_change_is_told_by_name_of_the_company_s_own_and_never_what_it_was(town: Town) -> None:
    company, _, name, _ = await told(town)
    await change(town, "D")
    ((url, _, body),) = town.receiver.sent
    said = json.loads(body)
    assert url == URL
    assert set(said) == {"notice", "event", "pseudonym", "purpose", "at"}
    assert (said["event"], said["pseudonym"], said["purpose"]) == ("changed", name, "employment")
    (notice,) = await listed(company)
    assert (notice["notice"], notice["state"], notice["attempts"]) == (said["notice"], "delivered", 1)


async def test_a_receiver_verifies_it_with_the_key_it_was_given_once(town: Town) -> None:
    _, company = await town.open_company(EMPLOYMENT)
    given = await put(company, URL)
    await town.standing(company, await town.driver())
    await change(town, "D")
    ((url, fields, body),) = town.receiver.sent
    request = httpsig.Request("POST", url, {key.lower(): [value] for key, value in fields.items()})
    keys = {given["key_id"]: unb64(given["key"])}
    covered = ("@method", "@target-uri", "content-type", "content-digest")
    now = int(town.clock.now().timestamp())
    assert httpsig.verify(request, body, keys, covered, now, 300).tag == "lz-notice-1"
    with pytest.raises(Exception, match="signature"):
        httpsig.verify(request, body, {given["key_id"]: bytes(32)}, covered, now, 300)


async def test_each_webhook_set_has_a_key_of_its_own(town: Town) -> None:
    registered, company = await town.open_company(EMPLOYMENT)
    _, other = await town.open_company(EMPLOYMENT, name="样本货运")
    first, second, foreign = await put(company, URL), await put(company, URL), await put(other, URL)
    assert len({first["key"], second["key"], foreign["key"]}) == 3
    assert unb64(second["key"]) == webhook_key(KEYS, registered.id, 2)
    async with town.database.read() as tx:
        kept = str(await tx.fetch("SELECT c::text FROM company AS c"))
    assert second["key"] not in kept and unb64(second["key"]).hex() not in kept


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/", "https://127.0.0.1/", "https://10.0.0.1/hooks", "https://169.254.169.254/latest",
        "https://localhost/", "https://db.internal/", "https://[::1]/", "https://2130706433/", "https://hooks.example.com:5432/",
        "https://user:pw@hooks.example.com/", "",
    ],
)  # fmt: skip
async def test_a_webhook_inside_our_own_network_is_not_taken(town: Town, url: str) -> None:
    _, company = await town.open_company(EMPLOYMENT)
    problem = await put(company, url, 422)
    assert problem["place"] == "url"
    assert done(await company.get("/relying/registration"), 200)["webhook"] is None
    (entry,) = await town.acts("webhook.refused")
    assert (entry["actor_kind"], set(entry["detail"])) == ("company", {"rule"}), (
        "the rule, not what was typed"
    )
    assert await town.acts("company.webhook-set") == []


@pytest.mark.parametrize(
    "missing", ["no webhook", "no notices", "withdrawn", "suspended", "run out", "another driver"]
)
async def test_nobody_else_is_told(town: Town, missing: str) -> None:
    grant = Grant("employment", EMPLOYMENT.fields, bulk=True) if missing == "no notices" else EMPLOYMENT
    registered, company = await town.open_company(grant)
    await put(company, URL)
    driver = await town.driver()
    _, consent = await town.standing(
        company, driver, until="2026-11-20" if missing == "run out" else "2027-01-01"
    )
    if missing == "no webhook":
        await company.delete("/relying/webhook")
    if missing == "withdrawn":
        done(await driver.delete(f"/holder/consents/{consent}"), 200)
    if missing == "suspended":
        await town.move(registered, CompanyEvent.SUSPENDED)
    if missing == "run out":
        town.clock.advance(14 * 3600)
    if missing == "another driver":
        async with town.database.transaction() as tx:
            await tx.execute("UPDATE standing_consent SET driver_id = $1", DriverId.new().uuid)
    await change(town, "D")
    assert town.receiver.sent == []


async def test_changes_that_come_together_are_told_once(town: Town) -> None:
    company, *_ = await told(town)
    for status in ("D", "A", "D"):
        async with town.database.transaction() as tx:
            change_ = StandingChange(status=Status.parse(status))
            await drivers.change_standing(tx, town.world.driver_id, change_, "test", town.clock.now())
    await town.work()
    assert len(town.receiver.sent) == 1
    await change(town, "A")
    assert len(town.receiver.sent) == 2
    assert len(await listed(company)) == 2


async def test_a_change_while_a_notice_is_on_its_way_is_told_again(town: Town) -> None:
    """The receiver may have asked already, before the second change: it must hear of that one too."""
    company, *_ = await told(town)
    town.receiver.answers = ["too-slow"]
    await change(town, "D")
    await change(town, "A")
    assert sorted(notice["state"] for notice in await listed(company)) == ["delivered", "waiting"]


async def test_a_receiver_that_fails_is_tried_again_with_the_same_words(town: Town) -> None:
    company, *_ = await told(town)
    town.receiver.answers = [500, 302, "unreachable", 200]
    await change(town, "D")
    for error, wait in (("status-500", 10), ("status-302", 40), ("unreachable", 160)):
        (notice,) = await listed(company)
        assert (notice["state"], notice["last_error"]) == ("waiting", error)
        town.clock.advance(wait - 1)
        assert await town.send() == 0
        town.clock.advance(1)
        assert await town.send() == 1
        async with town.database.transaction() as tx:  # tokens run out meanwhile
            await tx.execute(
                "UPDATE company_token SET expires_at = $1", town.clock.now() + timedelta(hours=1)
            )
    (notice,) = await listed(company)
    assert (notice["state"], notice["attempts"], notice["due_at"]) == ("delivered", 4, None)
    assert len({body for _, _, body in town.receiver.sent}) == 1


async def test_after_ten_times_it_is_given_up_until_the_company_asks(town: Town) -> None:
    company, *_ = await told(town)
    town.receiver.answers = [503] * 10
    await change(town, "D")
    for _ in range(9):
        town.clock.advance(6 * 3600)
        assert await town.send() == 1
    town.clock.advance(24 * 3600)
    assert await town.send() == 0
    async with town.database.transaction() as tx:
        await tx.execute("UPDATE company_token SET expires_at = $1", town.clock.now() + timedelta(hours=1))
    (notice,) = await listed(company)
    assert (notice["state"], notice["attempts"], notice["last_error"]) == ("parked", 10, "status-503")
    async with town.database.read() as tx:
        (registered,) = await relying.every_company(tx)
        assert await relying.webhook_state(tx, registered.id) == ({NoticeState.PARKED: 1}, "status-503")
    path = f"/relying/notices/{notice['notice']}/attempts"
    _, other = await town.open_company(name="样本货运")
    refused(await other.post(path), 404, "not-found")
    assert (await company.post(path)).status_code == 202
    refused(await company.post(path), 404, "not-found")
    assert await town.send() == 1
    assert (await listed(company))[0]["state"] == "delivered"
    async with town.database.read() as tx:
        assert await relying.webhook_state(tx, registered.id) == ({NoticeState.DELIVERED: 1}, None)


async def test_a_consent_withdrawn_while_its_notice_waits_drops_it(town: Town) -> None:
    company, driver, _, consent = await told(town)
    town.receiver.answers = [500]
    await change(town, "D")
    done(await driver.delete(f"/holder/consents/{consent}"), 200)
    town.clock.advance(10)
    assert await town.send() == 1
    assert len(town.receiver.sent) == 1
    assert (await listed(company))[0]["state"] == "dropped"


async def test_a_sender_that_dies_leaves_its_notice_to_the_next(town: Town) -> None:
    await told(town)

    class Dies(Exception):
        pass

    async def post(url: str, fields: Any, body: bytes) -> int:
        raise Dies

    kept = town.receiver.post
    town.receiver.post = post  # type: ignore[method-assign]
    with pytest.raises(Dies):
        await change(town, "D")
    town.receiver.post = kept  # type: ignore[method-assign]
    assert await town.send() == 0  # leased
    town.clock.advance(60)
    assert await town.send() == 1
    assert len(town.receiver.sent) == 1


async def test_what_others_delivered_beside_a_sender_s_fault_is_written_down(town: Town) -> None:
    """Their notices do not come twice, and the one that failed is left to the next sender."""
    _, faulty = await town.open_company(EMPLOYMENT)
    _, sound = await town.open_company(EMPLOYMENT, name="样本货运")
    driver = await town.driver()
    for company, url in ((faulty, URL + "/faulty"), (sound, URL)):
        await put(company, url)
        await town.standing(company, driver)
    taken = town.receiver.post

    async def post(url: str, fields: Any, body: bytes) -> int:
        if url.endswith("/faulty"):
            raise RuntimeError("nobody foresaw this")
        await asyncio.sleep(0)  # after the other has failed
        return await taken(url, fields, body)

    town.receiver.post = post  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="nobody foresaw"):
        await change(town, "D")
    town.receiver.post = taken  # type: ignore[method-assign]
    assert [(each["state"], each["attempts"]) for each in await listed(sound)] == [("delivered", 1)]
    assert [(each["state"], each["attempts"]) for each in await listed(faulty)] == [("waiting", 1)]
    town.clock.advance(60)
    assert await town.send() == 1
    assert [each["state"] for each in await listed(faulty)] == ["delivered"]


async def test_one_company_s_slow_receiver_takes_a_few_places_of_a_batch_only(town: Town) -> None:
    _, company = await town.open_company(EMPLOYMENT)
    await put(company, URL)
    await town.standing(company, await town.driver())
    await change(town, "D")
    async with town.database.transaction() as tx:
        await tx.execute(
            "INSERT INTO notice SELECT company_id, gen_random_uuid(), driver_id, consent_id, pseudonym, purpose, 'waiting', "
            "1, $1, made_at, NULL, NULL FROM notice, generate_series(1, 50)",
            town.clock.now(),
        )
    assert await town.send() == 4


async def test_companies_with_long_queues_keep_nobody_s_single_notice_waiting(town: Town) -> None:
    _, many = await town.open_company(EMPLOYMENT)
    _, single = await town.open_company(EMPLOYMENT, name="样本货运")
    driver = await town.driver()
    for company in (many, single):
        await put(company, URL)
        await town.standing(company, driver)
    await change(town, "D")
    (before,) = await listed(single)
    async with town.database.transaction() as tx:
        # Nine with more than a batch between them, one of them with thousands, all due before the single one is.
        await tx.execute(
            """
            INSERT INTO company
            SELECT (jsonb_populate_record(c, jsonb_build_object('company_id', gen_random_uuid(), 'name', '样本多多'))).*
              FROM company AS c, generate_series(1, 8) WHERE c.name = '样本租车'
            """
        )
        await tx.execute(
            """
            INSERT INTO notice
            SELECT c.company_id, gen_random_uuid(), driver_id, consent_id, pseudonym, purpose, 'waiting', 1,
                   $1::timestamptz, made_at, NULL::timestamptz, NULL
              FROM company AS c, notice AS n,
                   generate_series(1, CASE c.name WHEN '样本租车' THEN 3000 ELSE 10 END)
             WHERE c.name <> '样本货运' AND n.notice_id = $2
            """,
            town.clock.now() - timedelta(hours=1),
            NoticeId.parse(before["notice"]).uuid,
        )
        await tx.execute(
            "UPDATE notice SET state = 'waiting', attempts = 1, ended_at = NULL, due_at = $2 WHERE notice_id = $1",
            NoticeId.parse(before["notice"]).uuid,
            town.clock.now(),
        )
    assert await town.send() == 32
    (after,) = await listed(single)
    assert (after["state"], after["attempts"]) == ("delivered", 2)


async def test_the_list_of_notices_pages(town: Town) -> None:
    company, *_ = await told(town)
    for status in ("D", "A", "D"):
        await change(town, status)
    newest, *rest = await listed(company)
    page = done(await company.get("/relying/notices", params={"before": newest["notice"], "limit": 1}), 200)[
        "notices"
    ]
    assert page == rest[:1]


def test_a_pseudonym_tells_nothing_without_the_secret() -> None:
    from liangzheng.infra.keyindex import KeyIndex
    from liangzheng.kernel.ids import CompanyId

    company, driver = CompanyId.new(), DriverId.new()
    name = pseudonym(KEYS, company, driver)
    assert name == pseudonym(KEYS, company, driver)
    others = {pseudonym(KEYS, CompanyId.new(), driver), pseudonym(KEYS, company, DriverId.new())}
    others.add(pseudonym(KeyIndex(b"j" * 32), company, driver))
    assert name not in others and len(others) == 3
