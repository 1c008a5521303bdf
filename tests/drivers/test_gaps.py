"""A line that never comes: an operator closes the gap, with a reason, and the feed goes on."""

from __future__ import annotations

import pytest

from drivers.feeding import Feeding, body, points, status
from liangzheng import drivers
from liangzheng.drivers.lifecycle import SourceState
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Conflict, Invalid, NotFound
from liangzheng.kernel.ids import SourceId

WHY = "the source lost them"


@pytest.fixture
async def feed(database: Database) -> Feeding:
    return await Feeding(database).begin(1, points=0)


async def close(feed: Feeding, reason: str = WHY) -> tuple[int, int]:
    return await drivers.close_gap(feed.database, feed.source.id, reason, feed.now)


async def test_what_waited_is_applied_and_the_numbers_in_the_gap_are_done(feed: Feeding) -> None:
    answer = await feed.send(status(1, "D"), status(4, "H"), points(5, points=3), status(8, "D"))
    assert (answer.done_to, answer.waiting) == (1, 3)
    assert await close(feed) == (2, 3)
    answer = await feed.send()
    assert (answer.done_to, answer.applied, answer.refused) == (5, 2, ())
    row = await feed.row()
    assert (row["status"], row["points"]) == ("H", 3)
    assert await feed.rows("SELECT sequence FROM register_line_waiting") == [(8,)], (
        "the next gap is another one"
    )


async def test_a_line_that_comes_after_all_is_refused_and_no_alarm(feed: Feeding) -> None:
    await feed.send(status(2, "H"))
    await close(feed)
    await feed.send()
    for _ in range(2):  # and again
        answer = await feed.send(status(1, "D"), status(2, "H"))
        assert (answer.applied, answer.known, answer.done_to) == (0, 2, 2)
        (refused,) = answer.refused
        assert (refused.sequence, refused.place) == (1, "sequence")
        assert "closed by an operator" in refused.rule
    assert (await feed.row())["status"] == "H"
    ((source, _, _),) = await drivers.list_sources(feed.database)
    assert source.state is SourceState.ACTIVE
    (line,) = await drivers.refused_lines(feed.database, feed.source.id)
    assert line.sequence == 1


async def test_another_line_under_a_number_that_was_said_is_still_an_alarm(feed: Feeding) -> None:
    await feed.send(status(2, "H"))
    await close(feed)
    await feed.send()
    with pytest.raises(Conflict):
        await feed.send(status(1, "D"), status(2, "D"))


async def test_who_closed_what_and_why_is_on_record(feed: Feeding) -> None:
    await feed.send(status(3, "H"))
    await close(feed)
    ((actor, detail),) = await feed.rows(
        "SELECT actor_kind, detail FROM audit_entry WHERE act = 'register-source.gap-closed'"
    )
    assert (actor, detail) == ("operator", {"first": 1, "last": 2, "reason": WHY})


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "two\nlines"])
async def test_not_without_a_reason(feed: Feeding, reason: str) -> None:
    await feed.send(status(3, "H"))
    with pytest.raises(Invalid):
        await close(feed, reason)
    assert await feed.rows("SELECT count(*) FROM register_line") == [(0,)]


@pytest.mark.parametrize("sent", [(), (1,), (1, 2, 3)])
async def test_where_nothing_waits_there_is_no_gap(feed: Feeding, sent: tuple[int, ...]) -> None:
    await feed.send(*(status(number, "D") for number in sent))
    with pytest.raises(Conflict, match="nothing waits"):
        await close(feed)


async def test_what_waits_and_is_next_is_no_gap(feed: Feeding) -> None:
    await feed.send(status(2, "H"))
    await close(feed)
    with pytest.raises(Conflict, match="is there"):
        await close(feed)


@pytest.mark.parametrize("state", ["halted", "ended", "unknown"])
async def test_of_no_source_that_is_not_heard(feed: Feeding, state: str) -> None:
    await feed.send(status(3, "H"))
    source = feed.source.id
    if state == "halted":
        with pytest.raises(Conflict):
            await feed.send(status(3, "D"))
    if state == "ended":
        await drivers.end_source(feed.database, source, feed.now)
    with pytest.raises(Conflict if state == "halted" else NotFound):
        await drivers.close_gap(
            feed.database, SourceId.new() if state == "unknown" else source, WHY, feed.now
        )
    assert await feed.rows("SELECT count(*) FROM register_line") == [(0,)]


async def test_a_wide_gap_is_closed_whole(feed: Feeding) -> None:
    await feed.send(status(20_001, "H"))
    assert await close(feed) == (1, 20_000)
    assert (await feed.send()).done_to == 20_001
    assert (await feed.row())["status"] == "H"
    assert body() == b"", "what `send` of nothing sends"
