"""Messages over HTTP: made from what happens, read by their person alone, by text message where wanted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest

from liangzheng import accounts, drivers, messages
from liangzheng.accounts import HeldAct, HeldKind, store_held
from liangzheng.accounts.lifecycle import HELD_ACT
from liangzheng.drivers import StandingChange
from liangzheng.infra import outbox
from liangzheng.infra.sms import NoSms
from liangzheng.infra.sms_simulated import FILE, Fault, SimulatedSms, delivered
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import DriverId, HeldActId, PersonId, VerificationId, VerifierId
from liangzheng.kernel.people import Mobile
from liangzheng.kernel.status import Status
from liangzheng.kernel.time import civil_day
from liangzheng.messages.look_around import SETTLED
from liangzheng.wiring import Part, wire
from liangzheng.worker.drain import queue_batch, sms_batch
from liangzheng.worker.handlers import handlers, sms_handlers
from tests.accounts.people import PASSWORD
from tests.api.phone import done, refused
from tests.licences.holders import Deployment, Holder


async def told(holder: Holder, **query: Any) -> list[str]:
    found = done(await holder.phone.get("/holder/messages", params=query), 200)
    return [message["kind"] for message in found["messages"]]


async def issued(place: Deployment, **columns: object) -> Holder:
    holder = await place.holder(**columns)
    await place.drain()
    async with place.world.database.transaction() as tx:  # what binding the phone told is another story
        await tx.execute("DELETE FROM message")
        await tx.execute("DELETE FROM outbox WHERE topic = 'message.sms-due'")
    await place.open_city()
    await holder.apply()
    assert await place.issue() == 1
    await place.drain()
    return holder


async def send(place: Deployment) -> outbox.Drained:
    table = sms_handlers(place.wiring.sms, place.wiring.key_index, place.clock.now)
    return await outbox.drain(place.world.database, table, place.now)


async def change(place: Deployment, holder: Holder, wanted: StandingChange) -> None:
    async with place.world.database.transaction() as tx:
        await drivers.change_standing(tx, holder.driver_id, wanted, "test", place.now)
    await place.drain()


def sent(place: Deployment) -> list[str]:
    return [message.text for message in delivered(place.wiring.settings.data_dir / FILE)]


async def test_a_holder_hears_of_progress_and_result_once_each(place: Deployment) -> None:
    holder = await issued(place)
    found = done(await holder.phone.get("/holder/messages"), 200)
    assert [message["kind"] for message in found["messages"]] == ["licence-issued", "application-accepted"]
    assert found["unread"] == 2
    assert found["messages"][0]["words"]["en"].startswith("Your electronic licence")
    # The same events once more, as after a crash between effect and deletion, tell nothing twice.
    async with place.world.database.transaction() as tx:
        rows = await tx.fetch("SELECT * FROM message")
        events = [
            outbox.Event(
                0, row["id"], "licence.issued", holder.driver_id.uuid, {"origin": "holder"}, place.now, 0
            )
            for row in rows
        ]
        await messages.tell(tx, events, place.now)
    assert len(await told(holder)) == 2


async def test_a_refusal_is_told_with_its_reason_also_to_who_is_no_driver(place: Deployment) -> None:
    holder = await place.holder(status="D")
    await place.open_city()
    await holder.apply()
    await place.drain()
    found = done(await holder.phone.get("/holder/messages"), 200)["messages"]
    assert found[0]["kind"] == "application-refused"
    assert "申领未通过" in found[0]["words"]["zh"]


async def test_a_change_of_standing_is_told_without_saying_what_it_is_now(place: Deployment) -> None:
    holder = await issued(place)
    await change(place, holder, StandingChange(status=Status.parse("D"), points=9))
    newest = done(await holder.phone.get("/holder/messages"), 200)["messages"][0]
    assert newest["kind"] == "standing-changed"
    assert "暂扣" not in str(newest) and "9" not in newest["words"]["zh"]


async def test_a_message_is_read_once_and_only_by_its_person(place: Deployment) -> None:
    holder, other = await issued(place), await place.holder()
    message = done(await holder.phone.get("/holder/messages"), 200)["messages"][0]
    path = f"/holder/messages/{message['message_id']}/read"
    refused(await other.phone.put(path), 404, "not-found")
    assert (await holder.phone.put(path)).status_code == 204
    first = done(await holder.phone.get("/holder/messages"), 200)
    place.clock.advance(60)
    assert (await holder.phone.put(path)).status_code == 204
    again = done(await holder.phone.get("/holder/messages"), 200)
    assert first["unread"] == again["unread"] == 1
    assert first["messages"][0]["read_at"] == again["messages"][0]["read_at"] is not None
    assert await told(other) == []


@pytest.mark.parametrize("apart_s", [60, 0])
async def test_pages_follow_one_another_without_a_gap(place: Deployment, apart_s: int) -> None:
    holder = await issued(place)
    for points in range(1, 6):
        place.clock.advance(apart_s)
        await change(place, holder, StandingChange(points=points))
    whole = done(await holder.phone.get("/holder/messages"), 200)
    page = done(await holder.phone.get("/holder/messages", params={"limit": 3}), 200)
    rest = done(await holder.phone.get("/holder/messages", params={"after": page["next"]}), 200)
    assert page["messages"] + rest["messages"] == whole["messages"]
    assert (len(whole["messages"]), whole["next"], rest["next"]) == (7, None, None)
    last = whole["messages"][2]["at"]
    earlier = done(await holder.phone.get("/holder/messages", params={"before": last}), 200)["messages"]
    assert earlier == [each for each in whole["messages"] if each["at"] < last]


async def test_text_messages_go_where_they_are_wanted_and_hold_nothing_personal(place: Deployment) -> None:
    holder = await issued(place)
    assert (await send(place)).handled == 1
    assert len(sent(place)) == 1
    assert sent(place)[0].startswith("【亮证】您的电子驾驶证已签发")
    states = {m["kind"]: m["sms"] for m in done(await holder.phone.get("/holder/messages"), 200)["messages"]}
    assert states == {"licence-issued": "sent", "application-accepted": "none"}
    # The other way round by choice.
    chosen = {"sms": {"standing-changed": True, "licence-issued": False}}
    after = done(await holder.phone.put("/holder/messages/choices", chosen), 200)["sms"]
    assert after["standing-changed"] and not after["licence-issued"] and after["licence-expiring"]
    assert done(await holder.phone.get("/holder/messages/choices"), 200)["sms"] == after
    await change(place, holder, StandingChange(points=7))
    await send(place)
    assert len(sent(place)) == 2
    assert "7" not in sent(place)[1]


async def test_a_kind_there_is_none_of_is_refused_with_those_there_are(place: Deployment) -> None:
    holder = await place.holder()
    body = {"sms": {"good-morning": True}}
    problem = refused(await holder.phone.put("/holder/messages/choices", body), 422, "invalid")
    assert "looked-at" in str(problem)


@pytest.mark.parametrize("fault", [Fault.OUT_OF_REACH, Fault.ANSWER_LOST])
async def test_a_gateway_out_of_reach_is_tried_again_and_nothing_comes_twice(
    place: Deployment, fault: Fault
) -> None:
    await issued(place)
    gateway = place.wiring.sms
    assert isinstance(gateway, SimulatedSms)
    gateway.will(fault)
    for _ in range(2):
        try:
            await send(place)
        except Unavailable:
            place.clock.advance(5)
    assert len(sent(place)) == 1
    assert await place.world.count("SELECT count(*) FROM message WHERE sms = 'sent'") == 1


async def test_one_message_the_gateway_does_not_take_now_holds_up_no_other_person_s(
    place: Deployment,
) -> None:
    for _ in range(3):  # each binds a phone, which is told
        await place.holder()
    await place.drain()
    assert await place.world.count("SELECT count(*) FROM outbox WHERE topic = 'message.sms-due'") == 3
    gateway = place.wiring.sms
    assert isinstance(gateway, SimulatedSms)
    gateway.will(Fault.OUT_OF_REACH)
    assert await send(place) == outbox.Drained(2, 1, 0)
    assert len(sent(place)) == 2
    place.clock.advance(2)
    assert await send(place) == outbox.Drained(1, 0, 0)
    assert await place.world.count("SELECT count(*) FROM message WHERE sms = 'wanted'") == 0


async def test_a_number_the_gateway_never_serves_is_given_up_and_said(place: Deployment) -> None:
    holder = await issued(place)
    gateway = place.wiring.sms
    assert isinstance(gateway, SimulatedSms)
    gateway.will(Fault.NUMBER_REFUSED)
    assert (await send(place)).handled == 1
    assert "refused" in {m["sms"] for m in done(await holder.phone.get("/holder/messages"), 200)["messages"]}


async def test_the_notice_of_a_closing_carries_its_stop_word_in_the_text_message_alone(
    place: Deployment,
) -> None:
    holder = await place.holder()
    asked = done(await holder.phone.post("/holder/account-closings", {"password": PASSWORD}), 202)
    await place.drain()
    await send(place)
    text = next(text for text in sent(place) if "注销" in text)
    word = text.partition("停止码：")[2].removesuffix("。")
    read = done(await holder.phone.get("/holder/messages"), 200)
    assert word and word not in str(read), "whoever sits in the account reads the app too"
    mobile = delivered(place.wiring.settings.data_dir / FILE)[-1].mobile
    path = "/holder/mobile-change-stops"
    for body in ({}, {"stop_word": word, "mobile_proof": "x" * 43}):
        assert refused(await holder.phone.post(path, {"mobile": mobile} | body), 422, "invalid")
    assert (await holder.phone.post(path, {"mobile": mobile, "stop_word": word[::-1]})).status_code == 400
    assert (await holder.phone.post(path, {"mobile": mobile, "stop_word": word})).status_code == 204
    assert asked["state"] == "waiting"
    assert await place.world.count("SELECT count(*) FROM held_act WHERE state = 'stopped'") == 1


async def closing(place: Deployment, holder: Holder) -> None:
    done(await holder.phone.post("/holder/account-closings", {"password": PASSWORD}), 202)
    await place.drain()


async def complete(place: Deployment) -> int:
    return await accounts.complete_held(place.world.database, place.wiring.key_index, place.now)


async def test_a_gateway_away_over_the_holding_time_lets_nothing_be_done_unannounced(
    place: Deployment,
) -> None:
    holder, hold_s = await place.holder(), place.wiring.account_policy.closing_hold_s
    await place.drain()
    await send(place)
    await closing(place, holder)
    gateway = place.wiring.sms
    assert isinstance(gateway, SimulatedSms)
    for _ in range(4):
        gateway.will(Fault.OUT_OF_REACH)
        with pytest.raises(Unavailable):
            await send(place)
        place.clock.advance(hold_s)
        assert await complete(place) == 0
    before = len(sent(place))
    assert (await send(place)).handled == 1
    assert "停止码：" in sent(place)[before]
    place.clock.advance(hold_s - 1)
    assert await complete(place) == 0
    place.clock.advance(1)
    assert await complete(place) == 1


async def test_the_notice_of_a_change_goes_to_the_old_mobile_however_late(place: Deployment) -> None:
    holder, new = await place.holder(), Mobile("13711112222")
    await place.drain()
    await send(place)
    hold = timedelta(seconds=place.wiring.account_policy.mobile_change_hold_s)
    async with place.world.database.transaction() as tx:  # as accounts.change_mobile leaves it
        person_id = PersonId(await tx.fetchval("SELECT person_id FROM account"))
        act = HeldAct(
            person_id,
            HeldActId.new(),
            HeldKind.MOBILE,
            HELD_ACT.start,
            place.now,
            place.now + hold,
            None,
            1,
            new,
        )
        await store_held.add(tx, act)
        told = {"held_act_id": str(act.held_act_id)}
        await outbox.put(tx, "mobile-change.asked", person_id, told, place.now)
    await place.drain()
    place.clock.advance(3 * hold.total_seconds())
    assert await complete(place) == 0
    assert (await send(place)).handled == 1
    file = place.wiring.settings.data_dir / FILE
    assert "停止码：" in delivered(file, holder.person.mobile)[-1].text
    assert delivered(file, new) == []
    place.clock.advance(hold.total_seconds())
    assert await complete(place) == 1


async def test_what_waits_at_the_upgrade_is_noticed_where_its_text_message_went(place: Deployment) -> None:
    told, untold = await place.holder(), await place.holder()
    await place.drain()
    await send(place)
    await closing(place, told)
    place.clock.advance(100)
    await send(place)
    await closing(place, untold)
    sql = files("liangzheng.migrations").joinpath("0024_notices_sent.sql").read_text(encoding="utf-8")
    moved = sql.partition("noticed_at timestamptz;")[2].partition("ALTER TABLE")[0]
    async with place.world.database.transaction() as tx:
        await tx.execute(
            "UPDATE held_act SET noticed_at = NULL, due_at = asked_at + make_interval(secs => $1)",
            float(place.wiring.account_policy.closing_hold_s),
        )
        await tx.execute(moved)
        rows = await tx.fetch("SELECT asked_at, noticed_at, due_at FROM held_act ORDER BY asked_at")
    hold = timedelta(seconds=place.wiring.account_policy.closing_hold_s)
    assert [row["noticed_at"] for row in rows] == [place.now, None]
    assert [row["due_at"] for row in rows] == [place.now + hold, place.now + hold]


@pytest.mark.parametrize("fault", [None, Fault.NUMBER_REFUSED])
async def test_the_gateway_s_last_word_on_a_notice_begins_the_holding_time(
    place: Deployment, fault: Fault | None
) -> None:
    """Also that the number is out of service: whoever lost it could never change it."""
    holder = await place.holder()
    await place.drain()
    await send(place)
    await closing(place, holder)
    gateway = place.wiring.sms
    assert isinstance(gateway, SimulatedSms)
    gateway.will(*([fault] if fault else []))
    assert (await send(place)).handled == 1
    place.clock.advance(place.wiring.account_policy.closing_hold_s)
    assert await complete(place) == 1


async def test_the_notice_of_what_was_stopped_meanwhile_goes_to_no_mobile(place: Deployment) -> None:
    holder = await place.holder()
    await place.drain()
    await send(place)
    await closing(place, holder)
    async with place.world.database.transaction() as tx:
        (row,) = await tx.fetch("SELECT person_id, id FROM held_act")
        await accounts.stop_held(tx, PersonId(row["person_id"]), HeldActId(row["id"]), place.now)
    before = sent(place)
    assert (await send(place)).handled == 1
    assert sent(place) == before
    found = done(await holder.phone.get("/holder/messages"), 200)["messages"]
    assert {m["sms"] for m in found if m["kind"] == "account-closing-asked"} == {"none"}


@pytest.mark.parametrize("gateway", [True, False])
async def test_without_a_gateway_the_message_in_the_app_is_the_notice(
    place: Deployment, gateway: bool
) -> None:
    holder = await place.holder()
    await place.drain()
    done(await holder.phone.post("/holder/account-closings", {"password": PASSWORD}), 202)
    place.clock.advance(place.wiring.account_policy.closing_hold_s)
    assert await complete(place) == 0, "the queue was away: it is not in the app yet"
    wiring = wire(place.wiring.settings, Part.QUEUE, place.world.database, place.clock)
    away = SimulatedSms("test", place.wiring.settings.data_dir / FILE)
    away.will(*[Fault.OUT_OF_REACH] * 9)
    assert await queue_batch(wiring)()
    if gateway:
        with pytest.raises(Unavailable):
            await sms_batch(replace(wiring, sms=away))()
    else:
        assert await sms_batch(replace(wiring, sms=NoSms()))()
    assert await complete(place) == 0
    place.clock.advance(place.wiring.account_policy.closing_hold_s)
    assert await complete(place) == (0 if gateway else 1)
    left = "SELECT count(*) FROM outbox WHERE topic = 'message.sms-due'"
    assert (await place.world.count(left) > 0) is gateway, "nothing waits for a gateway that is not there"


async def test_the_queue_does_not_wait_for_the_gateway(place: Deployment) -> None:
    assert set(handlers(place.wiring.reference.authorities, place.clock.now)).isdisjoint(
        sms_handlers(place.wiring.sms, place.wiring.key_index, place.clock.now)
    )


async def test_looks_are_told_once_a_day_and_count_up(place: Deployment) -> None:
    holder = await issued(place)
    database = place.world.database
    assert await messages.tell_looks(database, place.now) == 0, "the first run only sets the mark"

    async def look(at_s: float) -> None:
        at = place.now + timedelta(seconds=at_s)
        async with database.transaction() as tx:
            await tx.execute(
                "INSERT INTO verification (driver_id, shown_at, code_hash, verification_id, verifier_id, request_key, at, "
                "licence_id, licence_version, purpose, credential_state, standing_version, status, points) "
                "VALUES ($1, $2, $3, $4, $5, 'request-1', $2, $6, 1, 'roadside', 'live', 1, 'A', 0)",
                holder.driver_id.uuid, at, VerificationId.new().uuid.bytes, VerificationId.new().uuid,
                VerifierId.new().uuid, DriverId.new().uuid,
            )  # fmt: skip

    for at_s in (1, 2, 3):
        await look(at_s)
    await look(100)  # still being recorded elsewhere when the job runs
    place.clock.advance(60)
    assert await messages.tell_looks(database, place.now) == 3
    assert await messages.tell_looks(database, place.now) == 0
    newest = done(await holder.phone.get("/holder/messages"), 200)["messages"][0]
    assert newest["kind"] == "looked-at"
    assert newest["words"]["en"].startswith("Your licence was verified 3 time(s)")
    assert (await holder.phone.put(f"/holder/messages/{newest['message_id']}/read")).status_code == 204
    place.clock.advance(40 + SETTLED.total_seconds())
    assert await messages.tell_looks(database, place.now) == 1
    after = done(await holder.phone.get("/holder/messages"), 200)["messages"][0]
    assert after["message_id"] == newest["message_id"]
    assert "4 time(s)" in after["words"]["en"]
    assert after["read_at"] is None


async def test_the_end_of_a_licence_is_announced_once(place: Deployment) -> None:
    last = civil_day(place.now) + timedelta(days=90)
    holder = await issued(place, valid_until=last, valid_from=date(last.year - 6, 1, 1))
    later = await issued(place, valid_until=last + timedelta(days=1))
    for _ in range(2):
        await messages.tell_expiry(place.world.database, place.now)
    assert (await told(holder)).count("licence-expiring") == 1
    assert "licence-expiring" not in await told(later)
    await messages.tell_expiry(place.world.database, place.now + timedelta(days=1))
    assert (await told(holder)).count("licence-expiring") == 1
