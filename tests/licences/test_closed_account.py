"""What was applied for and is not made ends with the account: nobody looks at a face whose owner has left, and the next
account of the same driver applies."""

from __future__ import annotations

import time
from dataclasses import replace
from importlib.resources import files

import pytest

from liangzheng.accounts import AccountPolicy, Caller, Level, close, complete_held, owner_noticed
from liangzheng.kernel.errors import Conflict
from liangzheng.kernel.ids import PersonId, SessionId
from liangzheng.kernel.people import Mobile
from liangzheng.licences.store import applications
from liangzheng.standards.keys import Alg, SoftwareSigner
from tests.api.phone import done
from tests.licences.holders import Deployment, Holder
from tests.licences.photos import apply_with_own
from tests.licences.reviewers import approve, clean, officer, take


async def close_account(holder: Holder, *, told: bool = True) -> None:
    """The holder's account is closed, and, when told, the queue worker has heard of it."""
    place, policy = holder.place, AccountPolicy(closing_hold_s=60)
    async with place.world.database.transaction() as tx:
        person = await tx.fetchval(
            "SELECT person_id FROM driver_person WHERE driver_id = $1", holder.driver_id.uuid
        )
        caller = Caller(
            PersonId(person), holder.driver_id, Level.FACE_VERIFIED, SessionId.new(), place.clock.now()
        )
        act = await close(tx, caller, policy, place.now)
        await owner_noticed(tx, caller.person_id, act.held_act_id, place.now)
    place.clock.advance(60)
    assert await complete_held(place.world.database, place.wiring.key_index, place.now) == 1
    if told:
        await place.drain()


async def arrived_anew(holder: Holder) -> Holder:
    """The same driver with another account, on another phone."""
    person = replace(holder.person, mobile=Mobile("13911110000"))
    phone = await holder.place.phone.another().arrive(person)
    signer = SoftwareSigner.generate(Alg.ES256)
    bound = await phone.bind(signer=signer)
    return Holder(holder.place, phone, person, holder.driver_id, signer, bound["phone_key_id"])


@pytest.mark.parametrize("own_photo", [True, False], ids=["under review", "accepted"])
async def test_a_closed_account_takes_what_it_applied_for_with_it(place: Deployment, own_photo: bool) -> None:
    holder = await place.holder()
    await place.open_city()
    made = await (apply_with_own(holder) if own_photo else holder.apply())
    desk = officer()
    if own_photo:
        assert await take(place, desk) == made["application_id"]

    await close_account(holder)

    assert await place.world.states("application", holder.driver_id) == ["withdrawn"]
    if own_photo:
        with pytest.raises(Conflict, match="withdrawn"):
            await approve(place, desk, made["application_id"])
        assert await take(place, officer()) is None
    assert await place.issue() == 0
    [entry] = [row for row in await place.world.rows("audit_entry") if row["act"] == "application.withdrawn"]
    assert (entry["actor_kind"], entry["scope"]) == ("person", holder.driver_id.uuid)
    await clean(place)

    again = await arrived_anew(holder)
    assert (await again.apply())["state"] == "accepted"
    assert await place.issue() == 1
    assert (await again.licence())["version"] == 1


def swept() -> str:
    """What the upgrade does for accounts that were closed before what they had begun ended with them."""
    sql = files("liangzheng.migrations").joinpath("0031_messages_end.sql").read_text(encoding="utf-8")
    return sql[sql.index("INSERT INTO outbox") :]


async def test_what_was_left_open_before_the_upgrade_ends_once_and_nobody_elses(place: Deployment) -> None:
    left, other = await place.holder(), await place.holder()
    await place.open_city()
    for holder in (left, other):
        await holder.apply()
        done(await holder.phone.post("/holder/corrections", {"wish": "住址有误"}), 201)
    await place.drain()
    await close_account(left, told=False)
    async with place.world.database.transaction() as tx:
        # As it was left by the version before: the closing handled, the request still open.
        [event] = await tx.fetch("DELETE FROM outbox WHERE topic = 'account.closed' RETURNING *")
        await tx.execute(
            "UPDATE correction_request SET state = 'open', answered_at = NULL WHERE state = 'withdrawn'"
        )
        await tx.execute(swept())
        # The database's clock is not that of this place.
        [again] = await tx.fetch(
            "UPDATE outbox SET due_at = $1 WHERE topic = 'account.closed' RETURNING *", place.now
        )
    assert (again["subject"], again["bucket"]) == (event["subject"], event["bucket"])
    assert again["body"] == {"driver_id": event["body"]["driver_id"]} == {"driver_id": str(left.driver_id)}
    assert again["id"].version == 7 and abs((again["id"].int >> 80) / 1000 - time.time()) < 3600
    await place.drain()
    assert await place.world.states("application", left.driver_id) == ["withdrawn"]
    assert await place.world.states("application", other.driver_id) == ["accepted"]
    requests = {row["person_id"]: row["state"] for row in await place.world.rows("correction_request")}
    assert requests.pop(event["subject"]) == "withdrawn" and [*requests.values()] == ["open"]
    acts = [row["act"] for row in await place.world.rows("audit_entry")]
    assert acts.count("application.withdrawn") == 1
    async with place.world.database.transaction() as tx:
        await tx.execute(swept())
        assert await tx.fetchval("SELECT count(*) FROM outbox WHERE topic = 'account.closed'") == 0


async def test_what_another_account_applied_for_stays(place: Deployment) -> None:
    """An event that comes late or twice, when the driver has a new account already, ends nothing of that one's."""
    holder = await place.holder()
    await place.open_city()
    await close_account(holder)
    again = await arrived_anew(holder)
    made = await again.apply()
    async with place.world.database.read() as tx:
        left = await tx.fetchval("SELECT person_id FROM account WHERE closed_at IS NOT NULL")
        assert await applications.withdrawable(tx, holder.driver_id, PersonId(left)) == []
    shown = done(await again.phone.get(f"/holder/applications/{made['application_id']}"), 200)
    assert shown["state"] == "accepted"
