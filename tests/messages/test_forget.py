"""Messages end with time: what was read, what counts looks, and everything of an account that is closed; nothing else."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from liangzheng import accounts, messages
from liangzheng.infra import outbox
from liangzheng.kernel.ids import MessageId, PersonId
from liangzheng.messages import Kind, Message, SmsState, forget, rules, store
from liangzheng.messages.model import NOTICES, OF_LOOKS
from tests.licences.holders import Deployment

KEPT = timedelta(days=400)
READ, UNREAD = True, False


async def tell(
    place: Deployment, kind: Kind, read: bool, sms: SmsState = SmsState.NONE, person: PersonId | None = None
) -> None:
    message = Message(person or PersonId.new(), MessageId.new(), kind, place.now, {}, sms=sms)
    async with place.world.database.transaction() as tx:
        await store.add(tx, [message])
        if read:
            await store.mark_read(tx, message.person_id, message.id, place.now)


async def left(place: Deployment) -> list[str]:
    return sorted(row["kind"] for row in await place.world.rows("message"))


async def prune(place: Deployment, after: timedelta) -> int:
    return await messages.prune(place.world.database, place.now + after - KEPT)


async def test_a_message_that_was_read_goes_when_its_time_is_over_and_not_before(place: Deployment) -> None:
    await tell(place, Kind.LICENCE_ISSUED, READ)
    assert (await prune(place, KEPT), await left(place)) == (0, ["licence-issued"])
    assert (await prune(place, KEPT + timedelta(seconds=1)), await left(place)) == (1, [])


async def test_what_nobody_has_read_stays_but_for_what_counts_looks(place: Deployment) -> None:
    for kind in Kind:
        await tell(place, kind, UNREAD)
    assert await prune(place, KEPT) == 0
    assert await prune(place, 10 * KEPT) == len(OF_LOOKS)
    assert await left(place) == sorted(set(Kind) - OF_LOOKS)


async def test_the_notice_of_a_held_act_stays_until_it_was_sent(place: Deployment) -> None:
    for kind in (*NOTICES, Kind.PASSKEY_ADDED):
        await tell(place, kind, READ, SmsState.WANTED)
    assert await prune(place, 10 * KEPT) == 1
    assert await left(place) == sorted(NOTICES)
    async with place.world.database.transaction() as tx:
        rows = await tx.fetch("SELECT person_id, id FROM message")
        asked = [(PersonId(row["person_id"]), MessageId(row["id"])) for row in rows]
        for waiting in await store.awaiting_sms(tx, asked):
            await store.sms_ended(tx, waiting, SmsState.SENT, place.now)
    assert await prune(place, 10 * KEPT) == len(NOTICES)


def test_the_notices_are_the_kinds_that_name_a_held_act() -> None:
    assert {kind for kind, kept in rules._KEPT.items() if "held_act_id" in kept} == NOTICES


async def test_they_go_in_batches_the_oldest_first_and_no_more_than_is_asked(
    place: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forget, "_AT_ONCE", 2)
    batches: list[int] = []

    async def counted(tx: object, before: datetime, limit: int) -> int:
        batches.append(limit)
        return await taken(tx, before, limit)  # type: ignore[arg-type]

    taken = store.forget
    monkeypatch.setattr(store, "forget", counted)
    for _ in range(7):
        await tell(place, Kind.PASSKEY_ADDED, READ)
        place.clock.advance(1)
    until = place.now + timedelta(days=1)
    assert await messages.prune(place.world.database, until, at_most=3) == 3
    assert batches == [2, 1]
    kept = sorted(row["at"] for row in await place.world.rows("message"))
    assert kept[0] == place.now - timedelta(seconds=4)
    assert await messages.prune(place.world.database, until) == 4
    assert await messages.prune(place.world.database, until) == 0


async def test_of_a_closed_account_everything_goes_with_its_time_and_of_nobody_else(
    place: Deployment,
) -> None:
    holder, other = await place.holder(), await place.holder()
    await place.drain()
    async with place.world.database.transaction() as tx:
        await tx.execute("DELETE FROM message")
        people = await accounts.people_of(tx, [holder.driver_id, other.driver_id])
    for person in people.values():
        await tell(place, Kind.LICENCE_ISSUED, UNREAD, person=person)
    async with place.world.database.transaction() as tx:
        await outbox.put(tx, "account.closed", people[holder.driver_id], {}, place.now)
    await place.drain()
    assert await prune(place, KEPT) == 0
    assert await prune(place, KEPT + timedelta(seconds=1)) == 1
    (stays,) = await place.world.rows("message")
    assert stays["person_id"] == people[other.driver_id].uuid


async def test_the_index_knows_exactly_what_may_go_and_serves_the_forgetting(place: Deployment) -> None:
    async with place.world.database.transaction() as tx:
        said = await tx.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = 'message_over'")
        assert set(re.findall(r"'([a-z-]+)'", said)) == {*OF_LOOKS, *NOTICES, SmsState.WANTED}
        await tx.execute("SET LOCAL enable_seqscan = off")
        plan = await tx.fetch(
            f"EXPLAIN SELECT id FROM message WHERE at < now() AND {store._MAY_GO} ORDER BY at LIMIT 5"
        )
    assert "message_over" in str(plan)
