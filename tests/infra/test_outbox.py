"""The queue: everything put is handled, its effect once, whoever fails."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from liangzheng.infra import outbox
from liangzheng.infra.outbox import ATTEMPTS, Drained, Event
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import DriverId

TOPIC = "standing.changed"


class Book:
    """A handler that writes what it was given into a table, in the handling transaction."""

    def __init__(self, *broken: int) -> None:
        self.broken = set(broken)
        self.sizes: list[int] = []

    async def __call__(self, tx: Connection, events: Sequence[Event]) -> None:
        self.sizes.append(len(events))
        for event in events:
            await tx.execute("INSERT INTO seen (n) VALUES ($1)", event.body["n"])
        if any(event.body["n"] in self.broken for event in events):
            raise RuntimeError("this one is broken: 320500199001011234")


@pytest.fixture
async def seen(database: Database) -> Database:
    """The database, with the table a Book writes into: writing an event's number twice breaks its key."""
    async with database.transaction() as tx:
        await tx.execute("CREATE TABLE seen (n int PRIMARY KEY, row bigserial)")
    return database


async def _put(database: Database, numbers: Sequence[int], now: datetime, *drivers: DriverId) -> None:
    subjects = drivers or (DriverId.new(),)
    async with database.transaction() as tx:
        for number in numbers:
            await outbox.put(tx, TOPIC, subjects[number % len(subjects)], {"n": number}, now)


async def _seen(database: Database) -> list[int]:
    async with database.read() as tx:
        return [row["n"] for row in await tx.fetch("SELECT n FROM seen ORDER BY row")]


async def _waiting(database: Database) -> dict[str, int]:
    async with database.read() as tx:
        return await outbox.depth(tx)


async def test_events_are_handled_once_and_in_the_order_they_were_put(seen: Database, now: datetime) -> None:
    await _put(seen, range(20), now)
    book = Book()

    assert await outbox.drain(seen, {TOPIC: book}, now) == Drained(20, 0, 0)
    assert not await outbox.drain(seen, {TOPIC: book}, now)
    assert await _seen(seen) == list(range(20))
    assert book.sizes == [20]


async def test_an_event_is_part_of_its_transaction(seen: Database, now: datetime) -> None:
    with pytest.raises(ZeroDivisionError):
        async with seen.transaction() as tx:
            await outbox.put(tx, TOPIC, DriverId.new(), {"n": 1}, now)
            raise ZeroDivisionError
    assert await _waiting(seen) == {"parked": 0}


async def test_one_bad_event_does_not_hold_up_its_neighbours(seen: Database, now: datetime) -> None:
    await _put(seen, range(10), now)

    assert await outbox.drain(seen, {TOPIC: Book(4)}, now) == Drained(9, 1, 0)

    assert await _seen(seen) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert await _waiting(seen) == {TOPIC: 1, "parked": 0}


async def test_a_failing_event_waits_longer_each_time_and_is_parked_after_twelve(
    seen: Database, now: datetime
) -> None:
    await _put(seen, [1], now)
    at, waits = now, []
    for _ in range(ATTEMPTS - 1):
        assert await outbox.drain(seen, {TOPIC: Book(1)}, at) == Drained(0, 1, 0)
        async with seen.read() as tx:
            row = await tx.fetchrow("SELECT due_at, last_error FROM outbox")
        assert row is not None
        assert row["last_error"] == "RuntimeError", "the error's text may quote anything"
        waits.append((row["due_at"] - at).total_seconds())
        just_before = row["due_at"] - timedelta(microseconds=1)
        assert not await outbox.drain(seen, {TOPIC: Book(1)}, just_before)
        at = row["due_at"]
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048]
    assert await outbox.drain(seen, {TOPIC: Book(1)}, at) == Drained(0, 0, 1)
    assert await _waiting(seen) == {"parked": 1}
    assert await _seen(seen) == []


async def test_a_parked_event_can_be_put_back_and_is_then_handled(seen: Database, now: datetime) -> None:
    await _put(seen, [1], now)
    async with seen.transaction() as tx:
        await tx.execute("UPDATE outbox SET attempts = $1", ATTEMPTS - 1)
    await outbox.drain(seen, {TOPIC: Book(1)}, now)
    async with seen.transaction() as tx:
        assert await outbox.unpark(tx, now, topic="something.else") == 0
        assert await outbox.unpark(tx, now) == 1
    assert await outbox.drain(seen, {TOPIC: Book()}, now) == Drained(1, 0, 0)
    assert await _seen(seen) == [1]


async def test_topics_without_a_handler_here_are_left_alone(seen: Database, now: datetime) -> None:
    await _put(seen, [1], now)
    assert not await outbox.drain(seen, {"licence.issued": Book()}, now)
    assert await _waiting(seen) == {TOPIC: 1, "parked": 0}


async def test_an_event_due_later_waits(seen: Database, now: datetime) -> None:
    async with seen.transaction() as tx:
        await outbox.put(tx, TOPIC, DriverId.new(), {"n": 1}, now, due_at=now + timedelta(hours=1))
    assert not await outbox.drain(seen, {TOPIC: Book()}, now)
    assert await outbox.drain(seen, {TOPIC: Book()}, now + timedelta(hours=1))


async def test_a_batch_takes_no_more_than_its_limit(seen: Database, now: datetime) -> None:
    await _put(seen, range(7), now)
    book = Book()
    assert await outbox.drain(seen, {TOPIC: book}, now, limit=5) == Drained(5, 0, 0)
    assert await outbox.drain(seen, {TOPIC: book}, now, limit=5) == Drained(2, 0, 0)
    assert await _seen(seen) == list(range(7))


async def test_many_put_in_one_statement_are_the_same_events(seen: Database, now: datetime) -> None:
    drivers = [DriverId.new() for _ in range(50)]
    async with seen.transaction() as tx:
        await outbox.put_many(tx, TOPIC, [(driver, {"n": n}) for n, driver in enumerate(drivers)], now)
        await outbox.put_many(tx, TOPIC, [], now)
    assert (await outbox.drain(seen, {TOPIC: Book()}, now)).handled == 50
    assert sorted(await _seen(seen)) == list(range(50))


async def test_a_drain_of_some_buckets_leaves_the_others(seen: Database, now: datetime) -> None:
    drivers = [DriverId.new() for _ in range(40)]
    await _put(seen, range(40), now, *drivers)
    even = [bucket for bucket in range(64) if bucket % 2 == 0]
    done = await outbox.drain(seen, {TOPIC: Book()}, now, buckets=even)
    assert done.handled == sum(1 for driver in drivers if driver.bucket % 2 == 0)


@pytest.mark.parametrize("seed", range(3))
async def test_drains_side_by_side_with_failures_apply_every_event_exactly_once(
    seen: Database, now: datetime, seed: int
) -> None:
    luck = random.Random(seed)
    drivers = [DriverId.new() for _ in range(12)]
    await _put(seen, range(200), now, *drivers)

    async def flaky(tx: Connection, events: Sequence[Event]) -> None:
        for event in events:
            await tx.execute("INSERT INTO seen (n) VALUES ($1)", event.body["n"])
            if luck.random() < 0.02:
                raise RuntimeError("bad luck")

    for round_ in range(60):
        at = now + timedelta(hours=round_)
        await asyncio.gather(*(outbox.drain(seen, {TOPIC: flaky}, at, limit=20) for _ in range(4)))
        if not (await _waiting(seen)).get(TOPIC):
            break
    # `seen` has a key: an event applied twice would have failed for ever and be parked.
    assert await _waiting(seen) == {"parked": 0}
    assert sorted(await _seen(seen)) == list(range(200))


async def test_an_effect_outside_the_transaction_would_be_seen_twice(seen: Database, now: datetime) -> None:
    # Negative control of the test above: the effect in a transaction of its own, the failure after it.
    await _put(seen, [1], now)
    effects = []

    async def leaky(tx: Connection, events: Sequence[Event]) -> None:
        effects.append(events[0].body["n"])
        if len(effects) == 1:
            raise RuntimeError

    await outbox.drain(seen, {TOPIC: leaky}, now)
    await outbox.drain(seen, {TOPIC: leaky}, now + timedelta(hours=1))
    assert effects == [1, 1]


async def test_a_neighbour_out_of_reach_stops_the_drain_and_counts_as_no_attempt(
    seen: Database, now: datetime
) -> None:
    await _put(seen, [1], now)

    async def away(tx: Connection, events: Sequence[Event]) -> None:
        raise Unavailable("the signer is out of reach")

    with pytest.raises(Unavailable):
        await outbox.drain(seen, {TOPIC: away}, now)
    async with seen.read() as tx:
        assert await tx.fetchval("SELECT attempts FROM outbox") == 0


class Neighbour:
    """Somebody outside who answers for these events, and not for the others."""

    def __init__(self, *dead: int) -> None:
        self.dead = set(dead)
        self.asked: list[int] = []

    async def __call__(self, tx: Connection, events: Sequence[Event]) -> None:
        for event in events:
            self.asked.append(event.body["n"])
            await tx.execute("INSERT INTO seen (n) VALUES ($1)", event.body["n"])
            if event.body["n"] in self.dead:
                raise Unavailable("no answer")


async def _attempts(database: Database) -> dict[int, int]:
    async with database.read() as tx:
        return {
            row["body"]["n"]: row["attempts"] for row in await tx.fetch("SELECT body, attempts FROM outbox")
        }


async def test_an_event_its_neighbour_does_not_answer_for_holds_up_no_other_of_any_bucket(
    seen: Database, now: datetime
) -> None:
    drivers = sorted((DriverId.new() for _ in range(6)), key=lambda driver: driver.bucket)
    await _put(seen, range(12), now, *drivers)

    assert await outbox.drain(seen, {TOPIC: Neighbour(0, 7)}, now) == Drained(10, 2, 0)

    assert sorted(await _seen(seen)) == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11]
    assert await _attempts(seen) == {0: 1, 7: 1}
    assert not await outbox.drain(seen, {TOPIC: Neighbour()}, now), "they wait as any that failed"
    assert await outbox.drain(seen, {TOPIC: Neighbour()}, now + timedelta(seconds=2)) == Drained(2, 0, 0)
    assert sorted(await _seen(seen)) == list(range(12))


async def test_a_neighbour_that_is_away_is_asked_little_and_parks_nothing_however_long(
    seen: Database, now: datetime
) -> None:
    await _put(seen, range(40), now, *(DriverId.new() for _ in range(20)))
    at = now
    for _ in range(ATTEMPTS * 3):
        away = Neighbour(*range(40))
        with pytest.raises(Unavailable):
            await outbox.drain(seen, {TOPIC: away}, at)
        assert len(away.asked) <= 6
        at += timedelta(minutes=10)
    assert set((await _attempts(seen)).values()) == {0}
    assert await _waiting(seen) == {TOPIC: 40, "parked": 0}
    assert await outbox.drain(seen, {TOPIC: Neighbour()}, at) == Drained(40, 0, 0)


async def test_the_neighbour_of_one_topic_holds_up_no_other_topic(seen: Database, now: datetime) -> None:
    drivers = [DriverId.new() for _ in range(8)]
    await _put(seen, range(8), now, *drivers)
    async with seen.transaction() as tx:
        await outbox.put_many(
            tx, "other.done", [(driver, {"n": 100 + n}) for n, driver in enumerate(drivers)], now
        )
    with pytest.raises(Unavailable):
        await outbox.drain(seen, {TOPIC: Neighbour(*range(8)), "other.done": Neighbour()}, now)
    assert sorted(await _seen(seen)) == list(range(100, 108))
    assert await _attempts(seen) == dict.fromkeys(range(8), 0)


async def test_events_without_an_answer_at_the_head_give_way_to_those_behind(
    seen: Database, now: datetime
) -> None:
    """As many as make a neighbour seem away, in the first bucket, for ever: the rest is handled all the same."""
    await _put(seen, range(9), now)
    at = now
    for _ in range(6):
        with contextlib.suppress(Unavailable):
            await outbox.drain(seen, {TOPIC: Neighbour(0, 1, 2, 3, 4)}, at)
        at += timedelta(seconds=1)
    assert sorted(await _seen(seen)) == [5, 6, 7, 8]
