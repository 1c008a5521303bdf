"""Every queue of reviews: the promise of one working day, one review in one hand, one decision, whatever happens at once."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import pytest

from liangzheng import audit, reviewing
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.errors import Conflict, Forbidden, NotFound
from liangzheng.kernel.ids import DriverId, PersonId
from liangzheng.kernel.time import CHINA
from liangzheng.reviewing import OwnReview, ReviewDesk, promised
from tests.licences.reviewers import clean
from tests.reviewing.kinds import AUTHORITY, Bench, desk

# --- the promise --------------------------------------------------------------------------------------


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


@pytest.mark.parametrize(
    ("submitted", "due"),
    [
        ("2026-11-19 09:00", date(2026, 11, 20)),
        ("2026-11-20 23:59", date(2026, 11, 23)),
        ("2026-11-21 00:00", date(2026, 11, 23)),
        ("2026-09-30 12:00", date(2026, 10, 8)),
        ("2026-02-13 12:00", date(2026, 2, 14)),  # a Saturday worked for the Spring Festival
    ],
)
def test_a_review_is_promised_for_the_next_working_day(submitted: str, due: date) -> None:
    promise = promised(at(submitted))
    assert (promise.day, promise.provisional) == (due, False)
    assert promise.ends_at == at(f"{due} 00:00") + timedelta(days=1)


def test_past_the_announced_years_the_promise_is_provisional() -> None:
    promise = promised(at("2051-01-02 12:00"))
    assert promise.provisional and promise.day == date(2051, 1, 3)


async def test_what_is_late_is_escalated_once_and_stays_in_the_queue(bench: Bench) -> None:
    place, queue = bench.place, bench.kind.queue
    [(holder, named)] = await bench.waiting(1)
    due, database = promised(place.now).ends_at, place.world.database
    assert await reviewing.escalate(database, queue, due - timedelta(seconds=1)) == 0
    assert await bench.page(desk(), late=True) == []
    counts = await asyncio.gather(*(reviewing.escalate(database, queue, due) for _ in range(3)))
    assert sum(counts) == 1
    assert [row["topic"] for row in await place.world.rows("outbox")].count(queue.escalated) == 1
    [entry] = await bench.entries(queue.escalated)
    assert (entry["actor_kind"], entry["subject"], entry["scope"]) == (
        "worker", named.uuid, holder.driver_id.uuid,
    )  # fmt: skip
    assert entry["detail"] == {"authority": AUTHORITY, "due_day": promised(place.now).day.isoformat()}
    figures = await bench.act(reviewing.figures, due)
    assert (figures.waiting, figures.taken, figures.late, figures.escalated) == (1, 0, 1, 1)
    assert figures.oldest_s == int((due - place.now).total_seconds())
    assert await bench.page(desk(), late=True) == [named]
    assert await bench.take(desk()) == named
    await place.drain()


async def test_that_the_late_were_looked_at_is_on_record(bench: Bench) -> None:
    queue, reader = bench.kind.queue, desk()
    [(_, named)] = await bench.waiting(1)
    due = promised(bench.place.now).ends_at
    assert await bench.act(reviewing.read_page, reader, None, 50, bench.place.now, late=True) == []
    await reviewing.escalate(bench.place.world.database, queue, due)
    [late] = await bench.act(reviewing.read_page, reader, None, 50, due, late=True)
    assert late.key[1] == named
    entries = await bench.entries(f"{queue.name}s.listed")
    assert [entry["detail"] for entry in entries] == [
        {"late": True, "count": 0, "first": None, "last": None},
        {"late": True, "count": 1, "first": str(named), "last": str(named)},
    ]
    assert {entry["actor"] for entry in entries} == {reader.reviewer.id}


async def test_who_took_a_review_and_put_it_back_is_on_record(bench: Bench) -> None:
    reader = desk()
    [(_, named)] = await bench.waiting(1)
    await bench.take(reader)
    await bench.put_back(reader, named)
    for done in ("taken", "put-back"):
        [entry] = await bench.entries(f"{bench.kind.queue.name}.{done}")
        assert (entry["actor"], entry["subject"]) == (reader.reviewer.id, named.uuid)


# --- the reviewers ------------------------------------------------------------------------------------


async def test_two_reviewers_never_have_the_same_one_in_hand(bench: Bench) -> None:
    names = [named for _, named in await bench.waiting(3)]
    desks = [desk() for _ in range(4)]
    taken = await asyncio.gather(*(bench.take(each) for each in desks))
    assert sorted(filter(None, taken)) == sorted(names)
    assert taken.count(None) == 1
    mine = desks[taken.index(names[0])]
    assert await bench.take(mine) == names[0], "the one in hand comes again"


async def test_only_what_is_in_the_own_hand_is_seen_decided_or_put_back(bench: Bench) -> None:
    [(_, named)] = await bench.waiting(1)
    one, two = desk(), desk()
    for act in (bench.look(one, named), bench.decide(one, named), bench.put_back(one, named)):
        with pytest.raises(Conflict, match="take it in hand"):
            await act
    assert await bench.take(one) == named
    assert await bench.take(two) is None
    for act in (
        bench.look(two, named), bench.decide(two, named), bench.take(two, named), bench.put_back(two, named),
    ):  # fmt: skip
        with pytest.raises(Conflict, match="another reviewer"):
            await act
    await bench.put_back(one, named)
    assert await bench.take(two) == named
    bench.place.clock.advance(15 * 60)
    with pytest.raises(Conflict, match="nobody has it now"):
        await bench.decide(two, named)
    assert await bench.take(one, named) == named
    with pytest.raises(Conflict, match="another reviewer"):
        await bench.decide(two, named)


async def test_of_two_deciding_at_once_one_hears_conflict(bench: Bench) -> None:
    [(_, named)] = await bench.waiting(1)
    operator = ReviewDesk(audit.Actor("operator"))  # three terminals of one operator
    await bench.take(operator, named)
    answers = await asyncio.gather(
        bench.decide(operator, named),
        bench.decide(operator, named, bench.kind.reasons[0]),
        bench.decide(operator, named),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers].count(Conflict) == 2
    assert await bench.outcomes() in (["approved"], ["refused"])
    topics = [row["topic"] for row in await bench.place.world.rows("outbox")]
    assert len(bench.kind.told & set(topics)) == 1, "one outcome is told"
    await clean(bench.place)
    with pytest.raises(Conflict, match="decided"):
        await bench.take(operator, named)


async def test_of_two_officers_deciding_at_once_the_one_with_it_in_hand_decides(bench: Bench) -> None:
    """The first one's time was over, the second took it, and both press their button in the same moment."""
    [(_, named)] = await bench.waiting(1)
    first, second = desk(), desk()
    await bench.take(first)
    bench.place.clock.advance(15 * 60)
    await bench.take(second)
    answers = await asyncio.gather(
        bench.decide(first, named), bench.decide(second, named, bench.kind.reasons[0]), return_exceptions=True
    )
    assert isinstance(answers[0], Conflict) and not isinstance(answers[1], BaseException)
    [review] = await bench.place.world.rows(bench.kind.queue.table)
    assert (review["outcome"], review["decided_by"]) == ("refused", second.reviewer.id)


async def test_a_region_sees_its_own_only(bench: Bench) -> None:
    [(_, here)] = await bench.waiting(1)
    [(_, there)] = await bench.waiting(1, issuing_authority="苏A")
    nanjing = desk("苏A")
    assert await bench.page(nanjing) == [there]
    assert await bench.take(nanjing) == there
    assert await bench.take(nanjing) == there
    for act in (bench.take(nanjing, here), bench.look(nanjing, here), bench.decide(nanjing, here)):
        with pytest.raises(NotFound, match="no such review"):
            await act
    assert await bench.page(desk()) == [here, there]


async def test_nobody_takes_sees_or_decides_their_own(bench: Bench) -> None:
    (holder, own), (_, other) = await bench.waiting(2)

    async def is_own(_tx: Connection, driver_id: DriverId) -> bool:
        return driver_id == holder.driver_id

    reviewer = desk(is_own=is_own)
    assert await bench.take(reviewer) == other, "the queue goes on past it"
    for act in (bench.take(reviewer, own), bench.look(reviewer, own), bench.decide(reviewer, own)):
        with pytest.raises(OwnReview) as refused:
            await act
        assert refused.value.rule == bench.kind.queue.own[1]


async def test_nobody_but_staff_and_operators_reviews(bench: Bench) -> None:
    [(_, named)] = await bench.waiting(1)
    person = ReviewDesk(audit.Actor("person", PersonId.new()))
    for act in (bench.page(person), bench.take(person, named), bench.act(reviewing.review_at, person, named)):
        with pytest.raises(Forbidden):
            await act


async def test_each_look_is_on_record_with_the_driver(bench: Bench) -> None:
    [(holder, named)] = await bench.waiting(1)
    reviewer = desk()
    await bench.take(reviewer)
    seen = await bench.look(reviewer, named)
    assert "xff" not in repr(seen)
    [entry] = [
        row for row in await bench.place.world.rows("audit_entry") if str(row["act"]).endswith(".viewed")
    ]
    assert (entry["actor"], entry["subject"], entry["scope"]) == (
        reviewer.reviewer.id, named.uuid, holder.driver_id.uuid,
    )  # fmt: skip


async def test_the_queue_is_by_deadline_comes_in_pages_and_the_own_hand_goes_first(bench: Bench) -> None:
    later = [named for _, named in await bench.waiting(2)]
    async with bench.place.world.database.transaction() as tx:
        await tx.execute(f"UPDATE {bench.kind.queue.table} SET due_at = due_at + interval '3 days'")
    [(_, sooner)] = await bench.waiting(1)
    first = await bench.page(desk(), limit=2)
    assert [*first, *await bench.page(desk(), first[-1], 2)] == [sooner, *later]
    mine = desk()
    assert await bench.take(mine, later[1]) == later[1]
    assert await bench.take(mine) == later[1], "what is in hand comes before what is due"
    assert await bench.take(desk()) == sooner
