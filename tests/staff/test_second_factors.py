"""Passkeys of staff: added with a fresh second factor, used to log in and again, removed; one second factor always remains."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from liangzheng import staff
from liangzheng.infra.settings import Settings
from liangzheng.staff.rules import may_change_factors, may_remove_factor
from tests.accounts.authenticator import Authenticator
from tests.api.phone import done, refused
from tests.staff.place import OPERATOR, PASSWORD, Badge, Place

FACTORS = "/staff/second-factors"


def authenticator(settings: Settings) -> Authenticator:
    """One that stands before a page of this service."""
    return Authenticator(origin=f"http://localhost:{settings.port}", rp_id="localhost")


async def begin(badge: Badge) -> Any:
    return done(await badge.phone.post(f"{FACTORS}/passkeys/challenges"), 201)["options"]


async def add(badge: Badge, credential: dict[str, Any]) -> httpx.Response:
    return await badge.phone.post(f"{FACTORS}/passkeys", {"label": "示例钥匙", "credential": credential})


async def with_passkey(place: Place, settings: Settings) -> tuple[Badge, Authenticator, str]:
    """An officer, the authenticator, and the passkey's id."""
    badge, device = await place.on_duty("patrol"), authenticator(settings)
    added = done(await add(badge, device.create(await begin(badge))), 201)
    return badge, device, added["passkey_id"]


async def options(place: Place) -> Any:
    return done(await place.nobody.post(f"{FACTORS}/passkey-challenges"), 201)["options"]


async def log_in(badge: Badge, credential: dict[str, Any], **changed: Any) -> httpx.Response:
    body = {"number": badge.number, "password": PASSWORD, "passkey": credential} | changed
    return await badge.phone.post("/staff/sessions", body)


async def test_a_passkey_is_the_second_factor_of_a_log_in_and_is_listed(
    place: Place, settings: Settings
) -> None:
    badge, device, passkey = await with_passkey(place, settings)
    asked = await options(place)
    assert asked["userVerification"] == "required" and not asked.get("allowCredentials"), "nobody is named"
    done(await log_in(badge, device.get(asked)), 201)
    listed = done(await badge.get(FACTORS), 200)
    assert listed["one_time_codes"] is True
    (one,) = listed["passkeys"]
    assert (one["passkey_id"], one["label"]) == (passkey, "示例钥匙") and one["used_at"]
    (entry,) = await place.entries("second-factor.added")
    assert entry["actor_kind"] == "staff"


async def test_nobody_writes_a_row_by_asking_for_options(place: Place) -> None:
    for _ in range(3):
        await options(place)
    assert await place.one("SELECT count(*) FROM staff_passkey_challenge") == 0


async def test_a_passkey_without_the_password_or_of_somebody_else_opens_nothing(
    place: Place, settings: Settings
) -> None:
    badge, device, _ = await with_passkey(place, settings)
    other, theirs, _ = await with_passkey(place, settings)
    words = set()
    for credential, changed in (
        (device.get(await options(place)), {"password": "another-password"}),
        (theirs.get(await options(place)), {}),
        (theirs.get(await options(place), user_handle=device.user_handle), {}),
        (device.get(await options(place)), {"number": other.number}),
        (device.get(await options(place)), {"number": "999999"}),
    ):
        words.add(refused(await log_in(badge, credential, **changed), 401, "not-authenticated")["detail"])
        place.clock.advance(place.policy.longest_wait_s)
    assert len(words) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://lookalike.example"},
        {"rp_id": "lookalike.example"},
        {"verified": False},
        {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"},
        {"count": 0},
    ],
    ids=[
        "a page that looks like ours",
        "another domain",
        "user not verified",
        "signature",
        "counter gone back",
    ],
)
async def test_one_thing_wrong_and_nobody_is_logged_in(
    place: Place, settings: Settings, wrong: dict[str, Any]
) -> None:
    badge, device, _ = await with_passkey(place, settings)
    done(await log_in(badge, device.get(await options(place))), 201)
    refused(await log_in(badge, device.get(await options(place), **wrong)), 401, "not-authenticated")


async def test_a_challenge_serves_once_and_for_five_minutes(place: Place, settings: Settings) -> None:
    badge, device, _ = await with_passkey(place, settings)
    asked = await options(place)
    done(await log_in(badge, device.get(asked)), 201)
    refused(await log_in(badge, device.get(asked)), 401, "not-authenticated")
    late = await options(place)
    place.clock.advance(place.policy.passkey_challenge_s)
    refused(await log_in(badge, device.get(late)), 401, "not-authenticated")
    # One a holder would log in with is not for staff.
    holder_s = done(await place.nobody.post("/holder/passkeys/log-in-challenges"), 201)["options"]
    refused(await log_in(badge, device.get(holder_s)), 401, "not-authenticated")


async def test_one_second_factor_is_given_neither_none_nor_both(place: Place, settings: Settings) -> None:
    badge, device, _ = await with_passkey(place, settings)
    body = {"number": badge.number, "password": PASSWORD}
    both = {"totp": badge.next_totp(), "passkey": device.get(await options(place))}
    for factors in ({}, both):
        refused(await badge.phone.post("/staff/sessions", body | factors), 422, "invalid")


async def test_it_proves_again_and_only_a_fresh_proof_changes_second_factors(
    place: Place, settings: Settings
) -> None:
    badge, device, passkey = await with_passkey(place, settings)
    place.clock.advance(place.policy.fresh_s + 1)
    assert (await badge.phone.post(f"{FACTORS}/passkeys/challenges")).status_code == 403
    assert (await badge.phone.delete(f"{FACTORS}/passkeys/{passkey}")).status_code == 403
    assert (await badge.phone.delete(f"{FACTORS}/one-time-codes")).status_code == 403
    assert (
        await add(badge, authenticator(settings).create({"challenge": "A" * 43, "user": {"id": "AA"}}))
    ).status_code == 403
    proof = {"passkey": device.get(await options(place))}
    assert (await badge.phone.post("/staff/sessions/current/proofs", proof)).status_code == 204
    await begin(badge)


@pytest.mark.parametrize("first", ["codes", "passkey"])
async def test_either_may_go_and_the_last_stays(place: Place, settings: Settings, first: str) -> None:
    badge, device, passkey = await with_passkey(place, settings)
    codes, key = f"{FACTORS}/one-time-codes", f"{FACTORS}/passkeys/{passkey}"
    goes, stays = (codes, key) if first == "codes" else (key, codes)
    assert (await badge.phone.delete(goes)).status_code == 204
    refused(await badge.phone.delete(stays), 409, "conflict")
    if first == "codes":
        assert (await badge.phone.delete(codes)).status_code == 204, "again changes nothing"
        refused(await badge.try_to_log_in(), 401, "not-authenticated")
        done(await log_in(badge, device.get(await options(place))), 201)
        assert await place.one("SELECT count(*) FROM staff_totp") == 0
    else:
        refused(await badge.phone.delete(key), 404, "not-found")
        refused(await log_in(badge, device.get(await options(place))), 401, "not-authenticated")
        done(await badge.try_to_log_in(), 201)
    assert len(await place.entries("second-factor.removed")) == 1
    async with place.database.read() as tx:
        assert await staff.check(tx) == []
        (member,) = [one for one in await staff.members(tx) if one.number.value == badge.number]
    assert member.enrolled


async def test_another_officer_s_passkey_is_not_there(place: Place, settings: Settings) -> None:
    badge, _, _ = await with_passkey(place, settings)
    _, _, theirs = await with_passkey(place, settings)
    refused(await badge.phone.delete(f"{FACTORS}/passkeys/{theirs}"), 404, "not-found")
    assert await place.one("SELECT count(*) FROM staff_passkey") == 2


async def test_a_creation_holds_once_for_whom_it_was_begun(place: Place, settings: Settings) -> None:
    badge, other = await place.on_duty("patrol"), await place.on_duty("patrol")
    asked, device = await begin(badge), authenticator(settings)
    refused(await add(other, device.create(asked)), 400, "not-verified")
    refused(await add(badge, device.create(asked, origin="https://lookalike.example")), 400, "not-verified")
    refused(await add(badge, device.create(asked)), 400, "not-verified")
    fresh = await begin(badge)
    done(await add(badge, device.create(fresh)), 201)
    again = await begin(badge)
    assert len(again["excludeCredentials"]) == 1
    refused(await add(badge, device.create(again)), 409, "conflict")
    for _ in range(place.policy.most_passkeys - 1):
        done(await add(badge, authenticator(settings).create(await begin(badge))), 201)
    refused(await badge.phone.post(f"{FACTORS}/passkeys/challenges"), 409, "conflict")


async def test_a_reset_takes_the_passkeys_too(place: Place, settings: Settings) -> None:
    badge, device, _ = await with_passkey(place, settings)
    async with place.database.transaction() as tx:
        found = await staff.member_with_number(tx, badge.number)
        badge.code = await staff.reset_factor(tx, found.staff_id, place.policy, place.clock.now(), OPERATOR)
    await badge.enrol()
    refused(await log_in(badge, device.get(await options(place))), 401, "not-authenticated")
    assert done(await badge.get(FACTORS), 200)["passkeys"] == []


def test_the_rules_say_at_which_moment_and_which_number(place: Place) -> None:
    at = timedelta(seconds=place.policy.fresh_s)
    assert may_change_factors(at, place.policy)
    assert not may_change_factors(at + timedelta(microseconds=1), place.policy)
    assert [may_remove_factor(there) for there in (0, 1, 2)] == [False, False, True]
