"""The way in: enrolment once, both factors always, a time step once, waits, ends."""

from __future__ import annotations

import asyncio

import pytest

from liangzheng import staff
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Conflict, NotAuthenticated
from liangzheng.kernel.time import civil_day
from liangzheng.staff import Duty, HeldDuty, Region, StaffEvent
from liangzheng.standards import totp
from tests.api.phone import done, refused
from tests.staff.place import OPERATOR, PASSWORD, Badge, Place


async def test_an_enrolment_makes_both_factors_and_logs_in(place: Place) -> None:
    badge = await place.invite("patrol")
    answer = await badge.enrol()
    assert (answer["unit"], answer["duties"][0]["duty"], answer["duties"][0]["region"]) == (
        "样本交警大队", "patrol", "3209",
    )  # fmt: skip
    assert done(await badge.get("/staff/sessions/current"), 200)["number"] == badge.number
    assert [entry["actor_kind"] for entry in await place.entries("staff.enrolled")] == ["staff"]


async def test_an_enrolment_code_serves_once_and_only_its_own_number(place: Place) -> None:
    badge, other = await place.invite("patrol"), await place.invite("patrol")
    wrong = {"number": other.number, "enrolment_code": badge.code}
    refused(await place.nobody.post("/staff/enrolments", wrong), 401, "not-authenticated")
    await badge.enrol()
    mine = {"number": badge.number, "enrolment_code": badge.code}
    refused(await place.nobody.post("/staff/enrolments", mine), 401, "not-authenticated")


@pytest.mark.parametrize("number", ["\0", "A\0B", "警号", " ", ""])
async def test_what_is_no_staff_number_is_nobody_s(place: Place, number: str) -> None:
    log_in = {"number": number, "password": PASSWORD, "totp": "123456"}
    refused(await place.nobody.post("/staff/sessions", log_in), 401, "not-authenticated")
    enrol = {"number": number, "enrolment_code": "AAAA"}
    refused(await place.nobody.post("/staff/enrolments", enrol), 401, "not-authenticated")


async def test_an_enrolment_code_is_over_after_three_days(place: Place) -> None:
    badge = await place.invite("patrol")
    place.clock.advance(place.policy.enrolment_s)
    body = {"number": badge.number, "enrolment_code": badge.code}
    refused(await place.nobody.post("/staff/enrolments", body), 401, "not-authenticated")


async def test_a_secret_shown_earlier_does_not_confirm(place: Place) -> None:
    badge = await place.invite("patrol")
    body = {"number": badge.number, "enrolment_code": badge.code}
    first = totp.from_base32(done(await place.nobody.post("/staff/enrolments", body), 201)["secret"])
    await place.nobody.post("/staff/enrolments", body)
    badge.secret = first
    confirm = body | {"password": PASSWORD, "totp": badge.totp}
    refused(await place.nobody.post("/staff/enrolments/confirmations", confirm), 401, "not-authenticated")


async def test_the_secret_is_not_in_the_database(place: Place) -> None:
    badge = await place.on_duty("patrol")
    sealed = await place.one("SELECT sealed FROM staff_totp WHERE staff_id IS NOT NULL")
    assert len(badge.secret) == 20 and badge.secret not in bytes(sealed)


async def test_number_password_and_code_together_open_and_nothing_less(place: Place) -> None:
    badge = await place.on_duty("patrol")
    words = set()
    for changed in ({"password": "another-password"}, {"totp": "000000"}, {"number": "999999"}):
        answer = refused(await badge.try_to_log_in(**changed), 401, "not-authenticated")
        words.add(answer["detail"])
    assert len(words) == 1, "nobody learns which of them was wrong"
    assert (await badge.log_in())["token"]


async def test_a_time_step_serves_once_also_for_another_purpose(place: Place) -> None:
    badge = await place.on_duty("patrol")
    used = badge.totp  # by the enrolment
    refused(await badge.try_to_log_in(totp=used), 401, "not-authenticated")
    code = badge.next_totp()
    done(await badge.phone.post("/staff/sessions", _body(badge, code)), 201)
    refused(await badge.phone.post("/staff/sessions", _body(badge, code)), 401, "not-authenticated")
    refused(
        await badge.phone.post("/staff/sessions/current/proofs", {"totp": code}), 401, "not-authenticated"
    )


async def test_of_two_log_ins_with_one_code_at_once_one_opens(place: Place) -> None:
    badge = await place.on_duty("patrol")
    code = badge.next_totp()
    answers = await asyncio.gather(
        *(badge.phone.post("/staff/sessions", _body(badge, code)) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


async def test_a_wrong_password_uses_no_code_up(place: Place) -> None:
    badge = await place.on_duty("patrol")
    code = badge.next_totp()
    await badge.phone.post("/staff/sessions", _body(badge, code) | {"password": "not-the-password"})
    done(await badge.phone.post("/staff/sessions", _body(badge, code)), 201)


@pytest.mark.parametrize("known", [True, False])
async def test_failures_make_a_wait_whether_or_not_the_number_is_anybody_s(place: Place, known: bool) -> None:
    badge = await place.on_duty("patrol")
    wrong = _body(badge, "000000") | ({} if known else {"number": "999999"})
    seen = [(await badge.phone.post("/staff/sessions", wrong)).status_code for _ in range(6)]
    assert seen == [401] * 5 + [429]
    right = _body(badge, totp.code_at(badge.secret, totp.step_of(place.clock.now()) + 1))
    if known:
        refused(await badge.phone.post("/staff/sessions", right), 429, "too-many")
        place.clock.advance(60)
        await badge.log_in()


async def test_proving_again_is_counted_like_logging_in(place: Place) -> None:
    badge = await place.on_duty("patrol")
    path, wrong = "/staff/sessions/current/proofs", {"totp": "000000"}
    seen = [(await badge.phone.post(path, wrong)).status_code for _ in range(6)]
    assert seen == [401] * 5 + [429]


async def test_who_fails_on_purpose_with_a_number_keeps_its_officer_neither_out_nor_from_proving(
    place: Place,
) -> None:
    badge, other = await place.on_duty("patrol"), await place.on_duty("patrol")
    mark, other_mark = [(await each.log_in())["known_mark"] for each in (badge, other)]
    wrong = _body(badge, "000000")
    for marked in ({}, {"X-Known-Mark": other_mark}, {"X-Known-Mark": "A" * 44}):
        while (await place.nobody.post("/staff/sessions", wrong, headers=marked)).status_code != 429:
            pass
    refused(await badge.try_to_log_in(), 429, "too-many")
    assert (await badge.prove()).status_code == 204
    body, marked = _body(badge, badge.next_totp()), {"X-Known-Mark": mark}
    done(await badge.phone.post("/staff/sessions", body, headers=marked), 201)
    # A mark makes nobody's tries more than theirs.
    seen = [(await place.nobody.post("/staff/sessions", wrong, headers=marked)).status_code for _ in range(6)]
    assert seen == [401] * 5 + [429]


async def test_a_login_ends_when_idle_and_after_a_shift(place: Place) -> None:
    badge = await place.on_duty("patrol")
    place.clock.advance(899)
    done(await badge.get("/staff/sessions/current"), 200)
    place.clock.advance(900)
    refused(await badge.get("/staff/sessions/current"), 401, "not-authenticated")
    await badge.log_in()
    for _ in range(8 * 3600 // 800):
        done(await badge.get("/staff/sessions/current"), 200)
        place.clock.advance(800)
    refused(await badge.get("/staff/sessions/current"), 401, "not-authenticated")


async def test_logging_out_ends_the_token(place: Place) -> None:
    badge = await place.on_duty("patrol")
    assert (await badge.phone.delete("/staff/sessions/current")).status_code == 204
    refused(await badge.get("/staff/sessions/current"), 401, "not-authenticated")


async def test_at_most_two_logins_stay(place: Place) -> None:
    badge = await place.on_duty("patrol")
    first = dict(badge.phone.headers)
    await badge.log_in()
    await badge.log_in()
    refused(await place.nobody.get("/staff/sessions/current", headers=first), 401, "not-authenticated")


@pytest.mark.parametrize("event", [StaffEvent.STOPPED, StaffEvent.LEFT])
async def test_who_is_stopped_is_out_at_once_and_stays_out(place: Place, event: StaffEvent) -> None:
    badge = await place.on_duty("patrol")
    await _move(place, badge, event)
    refused(await badge.get("/staff/sessions/current"), 401, "not-authenticated")
    refused(await badge.try_to_log_in(), 401, "not-authenticated")
    active = "SELECT state FROM verifier WHERE verifier_id = $1"
    async with place.database.read() as tx:
        found = await staff.member_with_number(tx, badge.number)
    assert await place.one(active, staff.verifier_of(found.staff_id).uuid) == "ended"


async def test_who_is_resumed_logs_in_again_and_who_left_never(place: Place) -> None:
    badge = await place.on_duty("patrol")
    await _move(place, badge, StaffEvent.STOPPED)
    await _move(place, badge, StaffEvent.RESUMED)
    await badge.log_in()
    await _move(place, badge, StaffEvent.LEFT)
    with pytest.raises(Conflict):
        await _move(place, badge, StaffEvent.RESUMED)


async def test_a_reset_ends_everything_and_the_new_code_begins_anew(place: Place) -> None:
    badge = await place.on_duty("patrol")
    async with place.database.transaction() as tx:
        found = await staff.member_with_number(tx, badge.number)
        badge.code = await staff.reset_factor(tx, found.staff_id, place.policy, place.clock.now(), OPERATOR)
    refused(await badge.get("/staff/sessions/current"), 401, "not-authenticated")
    refused(await badge.try_to_log_in(), 401, "not-authenticated")
    await badge.enrol()
    done(await badge.get("/staff/sessions/current"), 200)


async def test_a_duty_counts_from_its_first_day_to_its_last(place: Place) -> None:
    badge = await place.on_duty("patrol")
    today = civil_day(place.clock.now())
    async with place.database.transaction(staff.MEMBER_CONSTRAINTS) as tx:
        found = await staff.member_with_number(tx, badge.number)
        held = HeldDuty(Duty.COUNTER, Region("3209"), today, today)
        await staff.give_duty(tx, found.staff_id, held, place.clock.now(), OPERATOR)
    shown = done(await badge.get("/staff/sessions/current"), 200)["duties"]
    assert [each["duty"] for each in shown] == ["patrol", "counter"]
    place.clock.advance(86400)
    await badge.log_in()
    shown = done(await badge.get("/staff/sessions/current"), 200)["duties"]
    assert [each["duty"] for each in shown] == ["patrol"]


async def test_a_duty_taken_away_is_gone_with_the_next_request(place: Place) -> None:
    badge = await place.on_duty("patrol")
    async with place.database.transaction() as tx:
        found = await staff.member_with_number(tx, badge.number)
        await staff.take_duty(tx, found.staff_id, Duty.PATROL, Region("3209"), place.clock.now(), OPERATOR)
    assert done(await badge.get("/staff/sessions/current"), 200)["duties"] == []


@pytest.mark.parametrize("at_once", [False, True])
async def test_two_administrations_are_never_one_person_s(place: Place, at_once: bool) -> None:
    badge = await place.invite()
    three = (Duty.SYSTEM, Duty.KEYS, Duty.AUDIT)

    async def give(duty: Duty) -> None:
        async with place.database.transaction(staff.MEMBER_CONSTRAINTS) as tx:
            found = await staff.member_with_number(tx, badge.number)
            held = HeldDuty(duty, Region(""), civil_day(place.clock.now()))
            await staff.give_duty(tx, found.staff_id, held, place.clock.now(), OPERATOR)

    if at_once:
        given = await asyncio.gather(*map(give, three), return_exceptions=True)
    else:
        given = [(await asyncio.gather(give(duty), return_exceptions=True))[0] for duty in three]
    refused_ones = [each for each in given if isinstance(each, Conflict)]
    assert len(refused_ones) == 2 and given.count(None) == 1
    assert all("three people" in each.message for each in refused_ones)


async def test_the_database_itself_refuses_a_second_administration(place: Place) -> None:
    badge = await place.invite("audit", region="nationwide")
    staff_id = await place.one("SELECT staff_id FROM staff_number WHERE number = $1", badge.number)
    with pytest.raises(Conflict, match="three people"):
        async with place.database.transaction(staff.MEMBER_CONSTRAINTS) as tx:
            await tx.execute(
                "INSERT INTO staff_duty (staff_id, id, given_at, from_day, duty, region) "
                "VALUES ($1, $1, now(), '2026-01-01', 'keys', '')",
                staff_id,
            )


async def test_a_number_is_never_given_again(place: Place) -> None:
    badge = await place.invite("patrol")
    await _move(place, badge, StaffEvent.LEFT)
    with pytest.raises(Conflict, match="given already"):
        await staff.add_member(
            place.database, badge.number, "样本乙", "样本大队", (), place.policy, place.clock.now(), OPERATOR
        )


async def test_a_holder_s_token_is_nobody_s_on_the_staff_s_side(database: Database, place: Place) -> None:
    for token in ("A" * 64, "not base64 at all", ""):
        with pytest.raises(NotAuthenticated):
            await staff.officer_of(database, token, place.policy, place.clock.now())


def _body(badge: Badge, code: str) -> dict[str, str]:
    return {"number": badge.number, "password": PASSWORD, "totp": code}


async def _move(place: Place, badge: Badge, event: StaffEvent) -> None:
    async with place.database.transaction() as tx:
        found = await staff.member_with_number(tx, badge.number)
        await staff.move_member(tx, found.staff_id, event, place.clock.now(), OPERATOR)
