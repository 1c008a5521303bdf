"""What happened last holds, in whatever order lines arrive and whichever source says them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drivers.feeding import AT, KEYS, Feeding, body, line, points, status
from liangzheng import drivers
from liangzheng.drivers import store
from liangzheng.drivers.feed_lines import ChangeKind
from liangzheng.drivers.feed_rules import may_replace
from liangzheng.infra.postgres import Database

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
AT_INSTANT = datetime.fromisoformat(AT)
OCTOBER = "2026-10-20T09:30:00+08:00"

SAID: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "status": ({"status": "D"}, {"status": "A"}),
    "classes": ({"driving_privileges": "C1D"}, {"driving_privileges": "C1"}),
    "validity": (
        {"valid_from": "2026-11-20", "valid_until": None, "validity_term": "L"},
        {"valid_from": "2026-10-20", "valid_until": "2036-10-20", "validity_term": "10"},
    ),
    "authority": ({"issuing_authority": "苏A"}, {"issuing_authority": "苏B"}),
    "address": (
        {"resident_address": "虚构路2号", "address_division": "320506"},
        {"resident_address": "虚构路3号", "address_division": "320505"},
    ),
}
"""Every kind but points: what November says, and what October said."""


@pytest.fixture
async def feed(database: Database) -> Feeding:
    return await Feeding(database).begin(2, points=0)


async def another(feed: Feeding) -> drivers.RegisterSource:
    return await drivers.add_source(feed.database, "另一示例登记", ["32"], feed.signer.public_key, feed.now)


async def send(feed: Feeding, source: drivers.RegisterSource, *lines: bytes) -> drivers.FeedAnswer:
    tables = drivers.code_tables()
    return await drivers.take_feed(feed.database, KEYS, tables, source.id, body(*lines), feed.now)


@pytest.mark.parametrize(
    ("last", "may"),
    [
        (None, True), (NOON - timedelta(days=30), True), (NOON - timedelta(microseconds=1), True), (NOON, True),
        (NOON + timedelta(microseconds=1), False), (NOON + timedelta(days=30), False),
    ],
)  # fmt: skip
def test_a_line_replaces_the_last_one_unless_it_happened_before_it(last: datetime | None, may: bool) -> None:
    assert may_replace(NOON, last) is may


def test_every_kind_but_points_is_looked_at() -> None:
    assert {*SAID, "points"} == set(ChangeKind)


@pytest.mark.parametrize("kind", SAID)
@pytest.mark.parametrize("from_another", [False, True], ids=["same source", "another source"])
async def test_an_older_line_is_taken_recorded_and_without_effect(
    feed: Feeding, kind: str, from_another: bool
) -> None:
    november, october = SAID[kind]
    newer = line(1, kind, november)
    older = line(1 if from_another else 2, kind, october, occurred_at=OCTOBER)
    source = await another(feed) if from_another else feed.source
    # A source that is registered anew begins at 1, and is refused nothing.
    after = status(2 if from_another else 3, "H", driver=2)
    first = await feed.send(newer)
    row = await feed.row()
    answer = await send(feed, source, older, after)
    number = 1 if from_another else 2
    assert (first.applied, first.older) == (1, ())
    assert (answer.applied, answer.refused, answer.older) == (1, (), (number,))
    assert await feed.row() == row and (await feed.row(2))["status"] == "H"
    assert await feed.rows(
        "SELECT actor, subject, detail->>'change', detail->>'sequence', detail->>'taken_as' FROM audit_entry "
        "WHERE act = 'register-line.passed-over'"
    ) == [(source.id.uuid, feed.made[0].uuid, kind, str(number), "older")]
    assert await feed.rows("SELECT sequence FROM register_line WHERE older") == [(number,)]
    assert await drivers.refused_lines(feed.database, source.id) == []
    # Repeated, it is answered alike and writes nothing.
    before = await feed.everything()
    again = await send(feed, source, older, after)
    assert (again.known, again.applied, again.older) == (2, 0, (number,))
    assert await feed.everything() == before


async def test_both_in_one_body_and_in_one_transaction(feed: Feeding) -> None:
    answer = await feed.send(status(1, "D"), line(2, "status", {"status": "A"}, occurred_at=OCTOBER))
    assert (answer.applied, answer.older, (await feed.row())["status"]) == (1, (2,), "D")


@pytest.mark.parametrize("in_one_body", [False, True])
async def test_whatever_order_lines_arrive_in_the_standing_is_that_of_the_newest(
    database: Database, in_one_body: bool
) -> None:
    """Every order of four instants, each order for a driver of its own, each line of one of two sources."""
    orders = list(itertools.permutations(range(4)))
    feed = await Feeding(database).begin(len(orders))
    sources = (feed.source, await another(feed))
    days = [f"2026-11-{10 + n}" for n in range(4)]
    values = {
        "status": [{"status": letters} for letters in ("D", "A", "BD", "H")],
        "validity": [{"valid_from": day, "valid_until": None, "validity_term": "L"} for day in days],
        "address": [{"resident_address": f"虚构路{n}号", "address_division": "320505"} for n in range(4)],
    }
    sent: dict[int, list[bytes]] = {0: [], 1: []}
    applied = 0
    for place in range(4):
        for driver, order in enumerate(orders, 1):
            speaker = (driver + place) % 2
            happened = order[place]
            for kind, said in values.items():
                sequence = len(sent[speaker]) + 1
                at = f"{days[happened]}T08:00:00+08:00"
                sent[speaker].append(line(sequence, kind, said[happened], driver, occurred_at=at))
        if not in_one_body:
            for speaker, source in enumerate(sources):
                applied += (await send(feed, source, *sent[speaker])).applied
    if in_one_body:
        for speaker, source in enumerate(sources):
            applied += (await send(feed, source, *sent[speaker])).applied
    stands = [
        (row["status"], str(row["valid_from"]), row["resident_address"])
        for row in [await feed.row(driver) for driver in range(1, len(orders) + 1)]
    ]
    assert stands == [("H", days[3], "虚构路3号")] * len(orders)
    assert applied < len(orders) * 4 * len(values), "some were older, or this shows nothing"


async def test_of_equal_instants_the_later_arrival_holds(feed: Feeding) -> None:
    other = await another(feed)
    assert (await feed.send(status(1, "D"), status(2, "H"))).older == ()
    assert (await feed.row())["status"] == "H"
    assert (await send(feed, other, status(1, "BD"))).older == ()
    assert (await feed.row())["status"] == "BD"


async def test_one_instant_in_two_offsets_is_one_instant(feed: Feeding) -> None:
    same = datetime.fromisoformat(AT).astimezone(UTC).isoformat()
    answer = await feed.send(status(1, "D"), line(2, "status", {"status": "H"}, occurred_at=same))
    assert (answer.older, (await feed.row())["status"]) == ((), "H")


async def test_a_line_that_changed_nothing_was_the_last_all_the_same(feed: Feeding) -> None:
    answer = await feed.send(status(1, "A"), line(2, "status", {"status": "D"}, occurred_at=OCTOBER))
    assert (answer.applied, answer.older, (await feed.row())["status"]) == (1, (2,), "A")


async def test_a_refused_line_makes_none_older_and_an_older_one_does_not_go_back(feed: Feeding) -> None:
    no_day = line(1, "status", {"status": "D", "extended_until": "2027-01-01"})
    october = line(2, "status", {"status": "D"}, occurred_at=OCTOBER)
    september = line(3, "status", {"status": "H"}, occurred_at="2026-09-20T09:30:00+08:00")
    between = line(4, "status", {"status": "A"}, occurred_at="2026-10-01T09:30:00+08:00")
    answer = await feed.send(no_day, october, september, between)
    assert ([each.sequence for each in answer.refused], answer.applied, answer.older) == ([1], 1, (3, 4))
    assert (await feed.row())["status"] == "D"


async def test_each_kind_and_each_driver_have_their_own_last_line(feed: Feeding) -> None:
    old = {"occurred_at": OCTOBER}
    answer = await feed.send(
        status(1, "D"), line(2, "classes", {"driving_privileges": "C1D"}, **old), line(3, "status", {"status": "H"}, 2, **old)
    )  # fmt: skip
    assert (answer.applied, answer.older) == (3, ())


async def test_points_are_never_older(feed: Feeding) -> None:
    given = {"kind": "violation", "reference": "late", "on": "2026-10-20", "points": 3}
    answer = await feed.send(points(1, points=6), line(2, "points", given, occurred_at=OCTOBER))
    assert (answer.applied, answer.older, (await feed.row())["points"]) == (2, (), 9)


async def test_an_older_line_is_older_before_it_breaks_a_rule(feed: Feeding) -> None:
    """A full ledger keeps letter B; what has been overtaken does not come to that."""
    answer = await feed.send(
        status(1, "A"), points(2, points=12), line(3, "status", {"status": "A"}, occurred_at=OCTOBER)
    )
    assert (answer.refused, answer.older, (await feed.row())["status"]) == ((), (3,), "B")


async def test_a_line_that_waited_is_older_when_its_turn_comes(feed: Feeding) -> None:
    late = line(3, "status", {"status": "A"}, occurred_at=OCTOBER)
    assert (await feed.send(late)).waiting == 1
    answer = await feed.send(status(1, "H"), status(2, "D"))
    assert (answer.done_to, answer.applied, answer.older) == (3, 2, (3,))
    assert (await feed.row())["status"] == "D"


@pytest.mark.parametrize(
    ("drawn", "older"), [(AT_INSTANT, True), (AT_INSTANT - timedelta(days=40), False), (None, False)]
)
@pytest.mark.parametrize("kind", SAID)
async def test_a_line_of_before_the_file_was_drawn_is_older_than_the_file(
    feed: Feeding, kind: str, drawn: datetime | None, older: bool
) -> None:
    """The file knew of it. Of a file nobody said that of, nothing is known: then the line holds."""
    before = await feed.row()
    await imported(feed, drawn)
    answer = await feed.send(line(1, kind, SAID[kind][1], occurred_at=OCTOBER))
    assert (answer.older, answer.applied) == (((1,), 0) if older else ((), 1))
    if older:
        assert await feed.row() == before | {"import_number": 1}
        assert await feed.rows(
            "SELECT count(*) FROM audit_entry WHERE act = 'register-line.passed-over'"
        ) == [(1,)]
    answer = await feed.send(line(2, kind, SAID[kind][0]))
    assert (answer.older, answer.applied) == ((), 1), "a line of that very instant is not before it"


async def test_points_are_never_older_than_a_file(feed: Feeding) -> None:
    await imported(feed, AT_INSTANT)
    assert (await feed.send(points(1, points=3, on="2026-11-19"))).applied == 1


async def imported(feed: Feeding, drawn: datetime | None) -> None:
    """The records were last written by the import of a file that was drawn then."""
    async with feed.database.transaction() as tx:
        run = await store.begin(tx, "register.csv", 100, "utf-8", drawn, feed.now)
        await tx.execute("UPDATE driver SET import_number = $1", run.number)
