"""An auditor reads entries about somebody or by somebody, for a purpose and a case, page by page, and is read of in turn."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
import pytest

from tests.api.phone import done
from tests.staff.place import ELSEWHERE, Badge, Place

COMPLAINT = "P-320900-20261120-0001"


async def _read(badge: Badge, **query: object) -> httpx.Response:
    asked = {"purpose": "complaint", "case_number": COMPLAINT} | query
    return await badge.get(
        "/staff/audit-entries?" + urlencode({k: v for k, v in asked.items() if v is not None})
    )


async def test_what_was_done_to_a_driver_is_read_page_by_page_and_the_reading_recorded(place: Place) -> None:
    patrol, auditor = await place.on_duty("patrol"), await place.on_duty("audit")
    for _ in range(3):
        await patrol.look_up()
    driver = str(place.world.driver_id)
    first = done(await _read(auditor, subject=driver, limit=2), 200)
    assert [(each["act"], each["actor"], each["purpose"]) for each in first["entries"]] == [
        ("driver.looked-up", patrol.staff_id, "roadside-check")
    ] * 2
    second = done(await _read(auditor, subject=driver, limit=2, before=first["next"]), 200)["entries"]
    assert {each["entry"] for each in second}.isdisjoint({each["entry"] for each in first["entries"]})
    assert second[0]["act"] == "driver.looked-up"
    [one, two] = await place.entries("audit.read")
    assert one["scope"] == place.world.driver_id.uuid
    assert (one["purpose"], one["detail"]["case"], one["detail"]["entries"]) == ("complaint", COMPLAINT, 2)
    assert two["detail"]["duty"] == "audit"
    # The next reading shows the readings before it.
    again = done(await _read(auditor, subject=driver), 200)["entries"]
    assert [each["act"] for each in again[:2]] == ["audit.read", "audit.read"]


async def test_what_a_member_of_staff_did_is_read_by_a_nationwide_auditor_only(place: Place) -> None:
    patrol = await place.on_duty("patrol")
    await patrol.look_up()
    await patrol.look_up(case_number=None)
    local, nationwide = await place.on_duty("audit"), await place.on_duty("audit", region="nationwide")
    assert (await _read(local, by=patrol.staff_id)).status_code == 404
    found = done(await _read(nationwide, by=patrol.staff_id), 200)["entries"]
    assert [each["act"] for each in found[:2]] == ["look-up.refused", "driver.looked-up"]
    assert {each["actor"] for each in found} == {patrol.staff_id}
    both = done(await _read(nationwide, by=patrol.staff_id, subject=str(place.world.driver_id)), 200)
    assert [each["act"] for each in both["entries"]] == ["driver.looked-up"]
    none = done(await _read(nationwide, by=patrol.staff_id, until="2026-11-19T00:00:00Z"), 200)
    assert none == {"entries": [], "next": None}


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [({"purpose": "curiosity"}, 422, "purpose-unknown"), ({"case_number": "R-320900-20261120-0001"}, 422, "case-of-other-kind"),
     ({"case_number": "P-320500-20261120-0001"}, 422, "case-elsewhere"),
     ({"case_number": "P-320900-20261121-0001"}, 422, "case-in-future")],
)  # fmt: skip
async def test_without_a_purpose_and_a_case_nothing_is_read(
    place: Place, query: dict[str, str], status: int, reason: str
) -> None:
    auditor = await place.on_duty("audit")
    answer = await _read(auditor, subject=str(place.world.driver_id), **query)
    assert answer.status_code == status
    assert (await place.entries("audit.refused"))[-1]["detail"]["reason"] == reason
    assert await place.entries("audit.read") == []


async def test_nobody_reads_everything_elsewhere_or_without_the_duty(place: Place) -> None:
    auditor = await place.on_duty("audit")
    assert (await _read(auditor)).status_code == 422
    driver = str(place.world.driver_id)
    there = await place.on_duty("audit", region=ELSEWHERE)
    assert (await _read(there, subject=driver, case_number="P-320500-20261120-0001")).status_code == 404
    for duty in ("system", "keys", "penalty"):
        assert (await _read(await place.on_duty(duty), subject=driver)).status_code == 403
