"""Figures over HTTP: for everybody as JSON, CSV and a page without a script; for staff with small counts and queues."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from liangzheng import figures
from liangzheng.api.faces import FACES, Faces
from liangzheng.api.figures_told import REASONS, WORDS
from liangzheng.figures import Counted
from liangzheng.licences.rules import Refusal
from liangzheng.wiring import Part, wire
from liangzheng.worker.schedule import JOBS, Schedule
from tests.api.phone import done
from tests.licences.holders import Deployment


async def count(place: Deployment, *authorities: str) -> None:
    looks = [(authority, place.now) for authority in authorities]
    async with place.world.database.transaction() as tx:
        await figures.count_looks(tx, looks, place.wiring.reference.authorities, place.now)


def test_every_measure_and_every_reason_has_its_words() -> None:
    assert set(WORDS) == set(Counted)
    assert set(REASONS) == set(Refusal)


async def test_a_city_with_few_is_not_told_and_its_province_is(place: Deployment) -> None:
    await count(place, *["苏E"] * 13, *["苏A"] * 4)
    found = done(await place.phone.get("/open/figures"), 200)
    cities = {each["name"]: each["value"] for each in found["cities"]}
    assert cities == {"苏州市": 10, "南京市": None}
    (province,) = found["provinces"]
    assert (province["name"], province["en"], province["value"]) == ("江苏省", "Jiangsu", 17)
    assert {each["en"] for each in found["cities"]} == {None}, "the reference has no English name for a city"
    assert next(each["value"] for each in found["totals"] if each["measure"] == "code.verified") == 17


async def test_csv_says_the_same_by_its_address_and_by_what_is_accepted(place: Deployment) -> None:
    await count(place, *["苏E"] * 7, "苏A")
    for path, headers in (("/open/figures.csv", {}), ("/open/figures", {"Accept": "text/csv"})):
        answer = await place.phone.client.get(path, headers=headers)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert [row["value"] for row in rows if row["table"] == "city"] == ["<5", "5"]
        assert {row["table"] for row in rows} == {"total", "day", "province", "city"}


@pytest.mark.parametrize(
    "query", ["from=2026-11-20&to=2026-11-19", "from=2024-01-01&to=2026-01-01", "measure=x", "to=0001-01-01"]
)
async def test_a_period_or_measure_there_is_not_is_refused(place: Deployment, query: str) -> None:
    assert (await place.phone.get(f"/open/figures?{query}")).status_code == 422


async def test_what_a_verification_was_is_counted_by_the_schedule_once(place: Deployment) -> None:
    await place.open_city("320500")
    holder = await place.holder()
    await holder.apply()
    assert await place.issue() == 1
    await place.drain()
    issued = done(await place.phone.get("/open/figures?measure=licence.issued"), 200)
    assert [each["value"] for each in issued["days"]] == [1]
    async with place.world.database.statement() as tx:
        await tx.execute(
            "INSERT INTO verification (driver_id, shown_at, code_hash, verification_id, verifier_id, request_key, at, "
            "licence_id, licence_version, purpose, credential_state, standing_version, status, points) "
            "SELECT driver_id, $1, '\\x00112233445566778899aabbccddeeff', driver_id, driver_id, 'request1', $1, driver_id, 1, "
            "'roadside', 'live', 1, 'A', 0 FROM driver WHERE driver_id = $2",
            place.now, holder.driver_id.uuid,
        )  # fmt: skip
    wiring = wire(place.wiring.settings, Part.QUEUE, place.world.database, place.clock)
    job = tuple(job for job in JOBS if job.name == "count-looks")
    for later in (31, 62, 93):
        await Schedule(wiring, job).run_due(place.now + timedelta(seconds=later))
    found = done(await place.phone.get("/open/figures?measure=code.verified"), 200)
    assert [each["value"] for each in found["days"]] == [1]


async def test_counts_of_before_replacements_were_apart_say_so(place: Deployment) -> None:
    async def page() -> str:
        return (await place.phone.client.get("/open/figures.html")).text

    assert done(await place.phone.get("/open/figures"), 200)["together_until"] is None
    assert "含更换照片" not in await page()
    async with place.world.database.statement() as tx:
        await tx.execute("INSERT INTO figure_mark VALUES ('replacement.accepted', '2026-11-20T15:59:59Z')")
    assert done(await place.phone.get("/open/figures"), 200)["together_until"] == "2026-11-20"
    assert "2026-11-20 及以前的受理申领、未受理申领含更换照片" in await page()


async def test_the_public_page_has_the_table_in_it_before_any_script(
    place: Deployment, tmp_path: Path
) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "index.html").write_text(
        '<html><body><div id="app"></div><script src="/a.js"></script></body></html>'
    )
    await count(place, "苏E")
    app = place.phone.client._transport.app  # type: ignore[attr-defined]
    transport = httpx.ASGITransport(Faces(app, {"open": "open.localhost"}, tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://open.localhost") as browser:
        answer = await browser.get("/")
        assert (
            answer.status_code == 200
            and "江苏省" in answer.text
            and "Jiangsu" in answer.text
            and "/a.js" in answer.text
        )
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        (folder / "index.html").unlink()
        alone = await browser.get("/")
        assert "江苏省" in alone.text and "<script" not in alone.text
    assert FACES["open"].begins_with == "/open/figures.html"
