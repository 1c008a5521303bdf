"""The portrait by a scanned code: where the company's purpose has it, and nowhere else."""

from __future__ import annotations

from liangzheng.relying import pseudonym
from tests.api.phone import Phone as Caller
from tests.api.phone import done, refused
from tests.relying.world import EMPLOYMENT, KEYS, Town, shown
from tests.showing.world import PORTRAIT


async def test_a_scanned_code_brings_the_portrait_where_the_purpose_has_it(town: Town) -> None:
    """The driver opened the code a moment ago; the address names them as this company knows them."""
    registered, company = await town.open_company()
    driver = await town.driver()
    verdict = done(await company.post("/verifier/verifications", shown(town, purpose="rental")), 200)
    path = verdict["portrait"]
    assert path.endswith(f"?of={pseudonym(KEYS, registered.id, town.world.driver_id)}")
    before = await used(company)
    picture = await company.get(path)
    assert (picture.status_code, picture.content) == (200, PORTRAIT)
    assert await used(company) == before + 1, "it counts in the quota"
    (look,) = done(await driver.get("/holder/showings"), 200)["looks"]
    assert look["portrait_seen"] is True
    (entry,) = await town.acts("portrait.viewed")
    assert (entry["actor"], entry["purpose"]) == (registered.id.uuid, "rental")
    town.clock.advance(301)
    refused(await company.get(path), 404, "not-found")


async def test_no_portrait_of_a_scanned_code_without_a_right_to_it(town: Town) -> None:
    _, company = await town.open_company()
    _, other = await town.open_company(name="样本货运")
    plain, bare = await town.open_company(EMPLOYMENT, name="样本用工")
    path = done(await company.post("/verifier/verifications", shown(town, purpose="rental")), 200)["portrait"]
    # 1. Another purpose, of a company that has one with a photo; and its address made up.
    said = shown(town, "request-2", purpose="employment")
    verdict = done(await company.post("/verifier/verifications", said), 200)
    assert verdict["portrait"] is None
    name = path.partition("=")[2]
    made_up = f"/verifier/verifications/{verdict['verification']}/portrait?of={name}"
    refused(await company.get(made_up), 404, "not-found")
    # 2. Another company, and the driver's own id instead of its name.
    refused(await other.get(path), 404, "not-found")
    refused(await company.get(path.replace(name, str(town.world.driver_id))), 422, "invalid")
    # 3. A company without a photo in anything it registered: on record.
    refused(await bare.get(path), 403, "forbidden")
    (entry,) = await town.acts("request.refused")
    assert (entry["scope"], entry["detail"]["fields"]) == (plain.id.uuid, ["portrait"])
    # 4. A code shown a second time.
    again = shown(town, purpose="rental")
    done(await company.post("/verifier/verifications", again), 200)
    replayed = done(await company.post("/verifier/verifications", again | {"request": "request-3"}), 200)
    assert (replayed["outcome"], replayed["portrait"]) == ("already_shown", None)
    assert await town.acts("portrait.viewed") == []


async def used(company: Caller) -> int:
    found: int = done(await company.get("/relying/registration"), 200)["quota"]["used_today"]
    return found
