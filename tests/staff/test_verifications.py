"""An officer verifies: the same act as a terminal's, recorded with person and duty; the portrait only after it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from starlette.routing import Route

from liangzheng import staff
from liangzheng.api.app import create_app, routes_of
from liangzheng.api.table import RESOURCES
from liangzheng.staff import StaffEvent
from tests.api.phone import refused
from tests.showing.world import PORTRAIT, World, signers
from tests.staff.place import OPERATOR, Place


async def test_the_answer_is_an_officer_s_and_the_record_names_person_and_duty(place: Place) -> None:
    officer = await place.on_duty("patrol")
    verdict = await officer.verify()
    assert (verdict["outcome"], verdict["holder"]["number"]) == ("valid", place.identity)
    [entry] = await place.entries("code.verified")
    assert (entry["actor_kind"], entry["purpose"]) == ("staff", "roadside-check")
    assert entry["detail"]["duty"] == "patrol"
    assert f"stf_{officer.staff_id[4:]}" == officer.staff_id and str(entry["actor"]) == str(
        await place.one("SELECT staff_id FROM staff_number WHERE number = $1", officer.number)
    )


async def test_a_forged_code_is_recorded_with_person_and_duty_too(place: Place) -> None:
    officer = await place.on_duty("counter")
    stranger = World(place.database, signers(name="stranger"))
    stranger.phone.keep(stranger.sign()[1])
    verdict = await officer.verify(code=stranger.phone.show(place.clock.now()))
    assert verdict["outcome"] == "forged"
    [entry] = await place.entries("code.refused")
    assert (entry["actor_kind"], entry["detail"]["duty"]) == ("staff", "counter")


async def test_a_code_scanned_without_a_network_is_answered_later_by_the_standing_of_then(
    place: Place,
) -> None:
    officer = await place.on_duty("patrol")
    scanned_at = place.clock.now()
    code = place.world.phone.show(scanned_at)
    place.clock.advance(600)
    said = {"code": code, "scanned_at": scanned_at.isoformat()}
    verdict = await officer.verify(**said)
    assert (verdict["outcome"], verdict["standing"]["as_of"][:16]) == (
        "valid", place.clock.now().isoformat()[:16],
    )  # fmt: skip
    assert (await officer.verify(**said))["outcome"] == "already_shown"


@pytest.mark.parametrize("ahead_s", [-90, 300])
async def test_a_code_that_was_not_fresh_when_scanned_is_too_old_later_too(
    place: Place, ahead_s: int
) -> None:
    officer = await place.on_duty("patrol")
    code = place.world.phone.show(place.clock.now())
    place.clock.advance(600)
    at = place.clock.now() - timedelta(seconds=600 - ahead_s)
    outcome = (await officer.verify(code=code, scanned_at=at.isoformat()))["outcome"]
    assert outcome == ("clock_ahead" if ahead_s < 0 else "too_old")


@pytest.mark.parametrize("hours", [-25, 1])
async def test_a_scan_of_long_ago_or_to_come_is_no_scan(place: Place, hours: int) -> None:
    officer = await place.on_duty("patrol")
    at = place.clock.now() + timedelta(hours=hours)
    body = {"code": place.world.phone.show(at), "request": "request-x", "scanned_at": at.isoformat()}
    refused(await officer.phone.post("/staff/verifications", body), 422, "invalid")


async def test_digits_have_a_time_of_their_own(place: Place) -> None:
    officer = await place.on_duty("patrol")
    body = {"short_code": "12345678", "request": "request-x", "scanned_at": place.clock.now().isoformat()}
    refused(await officer.phone.post("/staff/verifications", body), 422, "invalid")


@pytest.mark.parametrize("duty", ["penalty", "register", "photo-review", "audit"])
async def test_a_duty_that_does_not_verify_is_refused(place: Place, duty: str) -> None:
    other = await place.on_duty(duty)
    body = {"request": "request-x", "code": place.world.phone.show(place.clock.now())}
    refused(await other.phone.post("/staff/verifications", body), 403, "forbidden")
    assert await place.entries("code.verified") == []


async def test_the_portrait_is_the_verifying_officer_s_for_five_minutes(place: Place) -> None:
    officer, colleague = await place.on_duty("patrol"), await place.on_duty("patrol")
    path = (await officer.verify())["portrait"]
    assert path.startswith("/staff/verifications/")
    picture = await officer.get(path)
    assert (picture.status_code, picture.content) == (200, PORTRAIT)
    [entry] = await place.entries("portrait.viewed")
    assert (entry["actor_kind"], entry["detail"]) == ("staff", {"duty": "patrol"})
    refused(await colleague.get(path), 404, "not-found")
    place.clock.advance(300)
    refused(await officer.get(path), 404, "not-found")


async def test_who_was_stopped_sees_no_portrait_any_more(place: Place) -> None:
    officer = await place.on_duty("patrol")
    path = (await officer.verify())["portrait"]
    async with place.database.transaction() as tx:
        found = await staff.member_with_number(tx, officer.number)
        await staff.move_member(tx, found.staff_id, StaffEvent.STOPPED, place.clock.now(), OPERATOR)
    refused(await officer.get(path), 401, "not-authenticated")


async def test_no_other_route_of_the_staff_answers_with_a_picture(place: Place) -> None:
    """By what the routes promise: octets come from the one route and from a review of a photo or a face check in the
    reviewer's hand, and nothing but a verdict names a portrait. None of them takes a number."""
    app = create_app(place.wiring)  # type: ignore[arg-type]
    described = app.openapi()
    with_picture = set()
    for path, methods in described["paths"].items():
        if not path.startswith("/staff/"):
            continue
        for method, operation in methods.items():
            text = repr(list(operation["responses"].values()))
            if "image/" in text or "octet" in text or _names_portrait(described, text, set()):
                with_picture.add(f"{method.upper()} {path}")
    assert with_picture <= {
        "POST /staff/verifications", "GET /staff/verifications/{verification}/portrait",
        "GET /staff/photo-reviews/{application_id}/new", "GET /staff/photo-reviews/{application_id}/archived",
        "GET /staff/face-reviews/{face_check_id}/pictures",
    }  # fmt: skip
    assert "POST /staff/verifications" in with_picture, "the net catches what names one"
    assert sum(isinstance(r, Route) and r.path.startswith("/staff/") for r in routes_of(RESOURCES)) >= 14


def _names_portrait(described: dict[str, Any], text: str, seen: set[str]) -> bool:
    """Whether a field is called so, at any depth; descriptions may use the word."""
    if re.search(r"'\w*portrait\w*': \{", text):
        return True
    for name in set(re.findall(r"#/components/schemas/(\w+)", text)) - seen:
        seen.add(name)
        if _names_portrait(described, repr(described["components"]["schemas"][name]), seen):
            return True
    return False
