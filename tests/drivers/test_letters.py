"""Letters that staff put to a status: an old word of the register lifts none, and an act that is over takes back its own only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from drivers.conftest import Import, changed, written
from drivers.feeding import AT, Feeding, line, status
from liangzheng import drivers
from liangzheng.drivers.letters import PutHere, decide_letters
from liangzheng.infra.postgres import Database
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.status import Status, StatusLetter
from liangzheng.kernel.time import FixedClock
from tests.licences.world import NOW

Lines = Callable[..., list[list[str]]]

U = StatusLetter.RETAINED


def put(letter: StatusLetter = U) -> PutHere:
    return PutHere(letter, UUID(int=1), NOW)


@pytest.mark.parametrize(
    ("said", "seconds", "becomes", "also_said"),
    [
        ("A", -1, "U", False), ("BD", -1, "BDU", False), ("A", 0, "A", None), ("BD", 1, "BD", None),
        ("U", -1, "U", True), ("DU", 1, "DU", True),
    ],
)  # fmt: skip
def test_what_the_register_says_of_letters_put_here(
    said: str, seconds: int, becomes: str, also_said: bool | None
) -> None:
    status, left = decide_letters(Status.parse(said), [put()], NOW + timedelta(seconds=seconds))
    assert (str(status), [each.also_said for each in left]) == (
        becomes,
        [] if also_said is None else [also_said],
    )


def test_an_instant_without_a_fraction_is_the_whole_second() -> None:
    fraction = PutHere(U, UUID(int=1), NOW + timedelta(microseconds=900_000))
    assert decide_letters(Status.parse("A"), [fraction], NOW) == (Status.parse("A"), ())


@pytest.fixture
async def feed(database: Database) -> Feeding:
    return await Feeding(database).begin(1, points=0)


async def retain(feed: Feeding, act: UUID) -> None:
    """As staff do, at `feed.now`, which is half an hour after the instant that lines bear."""
    async with feed.database.transaction() as tx:
        standing = await drivers.standing(tx, feed.made[0])
        change = drivers.StandingChange(status=standing.status.with_letter(U))
        await drivers.change_standing(tx, feed.made[0], change, "retain", feed.now)
        await drivers.put_letter(tx, feed.made[0], U, act, feed.now)


async def rests_on(feed: Feeding, act: UUID) -> bool:
    async with feed.database.transaction() as tx:
        return await drivers.let_go_of_letter(tx, feed.made[0], U, act)


def newer(sequence: int, letters: str) -> bytes:
    return line(sequence, "status", {"status": letters}, occurred_at="2026-11-20T10:00:00+08:00")


async def test_a_line_that_is_older_than_the_act_leaves_its_letter(feed: Feeding) -> None:
    assert AT < "2026-11-20T10:00:00+08:00"
    act = uuid4()
    await retain(feed, act)
    answer = await feed.send(status(1, "A"), status(2, "D"))
    assert (answer.applied, (await feed.row())["status"]) == (2, "DU")
    assert await rests_on(feed, act)


async def test_a_newer_line_without_the_letter_takes_it_and_the_act_has_no_say_any_more(
    feed: Feeding,
) -> None:
    first, second = uuid4(), uuid4()
    await retain(feed, first)
    await feed.send(newer(1, "A"))
    assert (await feed.row())["status"] == "A"
    await retain(feed, second)
    assert not await rests_on(feed, first), "the letter is another act's by now"
    assert await rests_on(feed, second)


@pytest.mark.parametrize("said", [status(1, "U"), newer(1, "DU")], ids=["older", "newer"])
async def test_a_letter_the_register_says_as_well_outlives_the_act(feed: Feeding, said: bytes) -> None:
    act = uuid4()
    await retain(feed, act)
    await feed.send(said)
    assert not await rests_on(feed, act)
    assert "U" in (await feed.row())["status"]


async def test_an_office_that_takes_the_letter_away_ends_the_act_s_say(feed: Feeding) -> None:
    act = uuid4()
    await retain(feed, act)
    async with feed.database.transaction() as tx:
        change = drivers.StandingChange(status=Status.parse("D"))
        await drivers.change_standing(tx, feed.made[0], change, "office", feed.now)
    assert await feed.rows("SELECT count(*) FROM status_letter") == [(0,)]
    assert not await rests_on(feed, act)


@pytest.mark.parametrize(
    ("hours", "says", "becomes", "by_the_act_alone"),
    [(1, "U", "U", False), (1, "A", "A", False), (-1, "A", "U", True), (-1, "DU", "U", True)],
)
async def test_a_register_file_is_heard_as_a_line_is(
    database: Database, good_lines: Lines, bring_in: Import, tmp_path: Path, clock: FixedClock,
    hours: int, says: str, becomes: str, by_the_act_alone: bool,
) -> None:  # fmt: skip
    [fields] = [changed(each, status="A", extended_until="") for each in good_lines(1)]
    await bring_in(written(tmp_path / "first.csv", [fields]))
    act = uuid4()
    async with database.transaction() as tx:
        driver_id = DriverId(await tx.fetchval("SELECT driver_id FROM driver"))
        change = drivers.StandingChange(status=Status.parse("U"))
        await drivers.change_standing(tx, driver_id, change, "retain", clock.now())
        await drivers.put_letter(tx, driver_id, U, act, clock.now())
    file = written(tmp_path / "second.csv", [changed(fields, status=says, resident_address="虚构路77号")])
    assert (await bring_in(file, as_of=clock.now() + timedelta(hours=hours))).changed == 1
    async with database.transaction() as tx:
        assert str((await drivers.standing(tx, driver_id)).status) == becomes
        assert await drivers.let_go_of_letter(tx, driver_id, U, act) is by_the_act_alone
