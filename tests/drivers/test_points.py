"""The ledger of points: a fold of entries that are added and never changed; the 12-point line is crossed once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.conftest import Import, changed, written
from drivers.feeding import Feeding, line, points, status
from liangzheng import drivers
from liangzheng.audit import Actor
from liangzheng.drivers.columns import HEADERS
from liangzheng.drivers.points import (
    SAID_BY_SOURCES,
    EntryKind,
    Ledger,
    PointsFacts,
    PointsPolicy,
    PointsRefusal,
    PointsSaid,
    decide_crossing,
    decide_cycle_end,
    decide_points,
    opened,
    restated,
)
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Database
from liangzheng.kernel.classes import Classes
from liangzheng.kernel.points import PointsCycle, cycle
from liangzheng.kernel.status import Status
from liangzheng.kernel.time import FixedClock, start_of_day
from liangzheng.standards.keys import Alg, SoftwareSigner

Lines = Callable[..., list[list[str]]]

FIRST = date(2020, 3, 1)
TODAY = date(2026, 11, 20)
NORMAL = Status.parse("A")
FACTS = PointsFacts(TODAY, FIRST, NORMAL, probation=False)
POLICY = PointsPolicy()


def said(
    kind: str = "violation",
    points: int | None = 3,
    on: date = TODAY,
    reference: str = "e",
    corrects: str | None = None,
) -> PointsSaid:
    return PointsSaid(EntryKind(kind), reference, on, points, corrects)


def after(ledger: Ledger, *sayings: PointsSaid, facts: PointsFacts = FACTS) -> Ledger:
    for each in sayings:
        decided = decide_points(ledger, each, facts, POLICY)
        assert isinstance(decided, Ledger), decided
        ledger = decided
    return ledger


def refusal(ledger: Ledger, saying: PointsSaid, facts: PointsFacts = FACTS) -> PointsRefusal:
    decided = decide_points(ledger, saying, facts, POLICY)
    assert isinstance(decided, PointsRefusal), decided
    return decided


def fresh(points: int = 0) -> Ledger:
    return opened(points, FIRST, TODAY)


# ---- one entry -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", range(-12, 13))
@pytest.mark.parametrize(
    ("on", "allowed"), [(date(2022, 4, 1), {1, 3, 6, 9, 12}), (date(2022, 3, 31), {1, 2, 3, 6, 12})]
)
def test_what_a_violation_may_weigh_depends_on_its_day(on: date, allowed: set[int], value: int) -> None:
    decided = decide_points(fresh(), said(points=value, on=on), FACTS, POLICY)
    assert isinstance(decided, Ledger) == (value in allowed)


def test_an_authority_may_say_otherwise_for_the_days_before() -> None:
    old = said(points=9, on=date(2022, 3, 31))
    assert isinstance(decide_points(fresh(), old, FACTS, PointsPolicy(frozenset({9}))), Ledger)
    assert isinstance(
        decide_points(fresh(), said(points=2), FACTS, PointsPolicy(frozenset({2}))), PointsRefusal
    )


def test_a_correction_belongs_to_the_cycle_of_what_it_corrects() -> None:
    last = said(on=date(2026, 2, 28), reference="old", points=6)
    ledger = after(fresh(3), last, said("correction", -6, reference="c", corrects="old"))
    assert ledger.points == 3
    assert ledger.entries[-1].cycle_from == date(2025, 3, 1)


REFUSED = {
    PointsRefusal.ENTERED_ALREADY: said(reference="there"),
    PointsRefusal.NOT_YET: said(on=TODAY + timedelta(days=1)),
    PointsRefusal.BEFORE_FIRST_ISSUE: said(on=FIRST - timedelta(days=1)),
    PointsRefusal.VALUE: said(points=4),
    PointsRefusal.NO_SUCH_ENTRY: said("correction", -1, corrects="nobody"),
    PointsRefusal.CORRECTED_TOO_FAR: said("correction", -4, corrects="there"),
    PointsRefusal.NOT_OF_LAST_CYCLE: said("carried", None, corrects="there"),
    PointsRefusal.NOT_FULL: said("cleared", None),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_every_reason_against_an_entry(reason: PointsRefusal) -> None:
    ledger = after(fresh(), said(reference="there"))
    assert refusal(ledger, REFUSED[reason]) is reason
    assert reason.rule


def test_points_are_earned_back_below_twelve_by_one_or_two_up_to_six_a_cycle() -> None:
    ledger = after(fresh(11), *(said("earned-back", -2, reference=str(n)) for n in range(3)))
    assert ledger.points == 5
    assert refusal(ledger, said("earned-back", -1)) is PointsRefusal.EARNED_BACK_ENOUGH
    assert refusal(fresh(12), said("earned-back", -1)) is PointsRefusal.FULL
    assert refusal(fresh(5), said("earned-back", -3)) is PointsRefusal.VALUE
    assert refusal(fresh(5), said("earned-back", 1)) is PointsRefusal.VALUE
    assert refusal(fresh(1), said("earned-back", -2)) is PointsRefusal.BELOW_NOUGHT
    on_probation = PointsFacts(TODAY, FIRST, NORMAL, probation=True)
    assert refusal(fresh(5), said("earned-back", -1), on_probation) is PointsRefusal.STATUS_OR_PROBATION
    for letter in "SUD":
        facts = PointsFacts(TODAY, FIRST, Status.parse(letter), probation=False)
        assert refusal(fresh(5), said("earned-back", -1), facts) is PointsRefusal.STATUS_OR_PROBATION


def test_corrections_of_one_entry_add_up() -> None:
    ledger = after(
        fresh(), said(reference="v", points=6), said("correction", -5, reference="c1", corrects="v")
    )
    assert refusal(ledger, said("correction", -2, corrects="v")) is PointsRefusal.CORRECTED_TOO_FAR
    assert refusal(ledger, said("correction", 12, corrects="v")) is PointsRefusal.CORRECTED_TOO_FAR
    assert refusal(ledger, said("correction", -1, corrects="c1")) is PointsRefusal.NO_SUCH_ENTRY
    assert after(ledger, said("correction", -1, reference="c2", corrects="v")).points == 0


def test_what_study_cleared_cannot_be_taken_back_a_second_time() -> None:
    ledger = after(fresh(), said(reference="v", points=12), said("cleared", None, reference="done"))
    assert (ledger.points, refusal(ledger, said("correction", -12, corrects="v"))) == (
        0,
        PointsRefusal.BELOW_NOUGHT,
    )


def test_no_more_than_three_digits() -> None:
    assert refusal(fresh(990), said(points=12)) is PointsRefusal.TOO_MANY


# ---- the end of a cycle -----------------------------------------------------------------------------

BOUNDARIES = [
    (date(2020, 3, 1), date(2026, 3, 1)),
    (date(2020, 2, 29), date(2026, 3, 1)),  # no 29 February in 2026
    (date(2020, 2, 29), date(2024, 2, 29)),
    (date(2020, 12, 31), date(2026, 12, 31)),
]


@pytest.mark.parametrize(("first", "begins"), BOUNDARIES)
def test_a_cycle_ends_with_its_last_day_and_clears_fewer_than_twelve(first: date, begins: date) -> None:
    eve = begins - timedelta(days=1)
    ledger = opened(11, first, eve)
    assert decide_cycle_end(ledger, first, eve) is ledger
    ended = decide_cycle_end(ledger, first, begins)
    assert (ended.points, ended.cycle.start, ended.cycle) == (0, begins, cycle(first, begins))
    assert ended.entries[:-1] == ledger.entries
    assert (ended.entries[-1].kind, ended.entries[-1].points) == (EntryKind.CLEARED, -11)
    assert decide_cycle_end(ended, first, begins) is ended


def test_twelve_stay_until_study_and_test_and_what_comes_after_is_added_to_them() -> None:
    over = date(2027, 3, 2)
    facts = PointsFacts(over, FIRST, NORMAL, probation=False)
    ledger = after(fresh(), said(points=12, reference="v"))
    ledger = decide_cycle_end(ledger, FIRST, over)
    assert (ledger.points, ledger.cycle.start) == (12, date(2026, 3, 1))
    ledger = after(ledger, said(points=3, on=over, reference="w"), facts=facts)
    assert ledger.points == 15
    ledger = after(ledger, said("cleared", None, on=over, reference="done"), facts=facts)
    assert (ledger.points, ledger.cycle.start) == (0, date(2027, 3, 1))


def test_an_empty_cycle_ends_without_an_entry_also_after_years() -> None:
    ended = decide_cycle_end(fresh(), FIRST, date(2030, 5, 1))
    assert (ended.entries, ended.cycle) == ((), PointsCycle(date(2030, 3, 1), date(2031, 2, 28)))


def test_unpaid_fines_come_back_once_with_what_is_left_of_them() -> None:
    new_year = date(2027, 3, 1)
    facts = PointsFacts(new_year, FIRST, NORMAL, probation=False)
    ledger = after(
        fresh(),
        said(points=6, reference="v"),
        said("correction", -3, reference="c", corrects="v"),
        said(reference="paid"),
    )
    ledger = decide_cycle_end(ledger, FIRST, new_year)
    carried = said("carried", None, on=new_year, reference="v2", corrects="v")
    ledger = after(ledger, carried, facts=facts)
    assert ledger.points == 3
    again = said("carried", None, on=new_year, reference="v3", corrects="v")
    assert refusal(ledger, again, facts) is PointsRefusal.CARRIED_ALREADY
    # A carried entry is corrected like a violation, and carried on when it is still unpaid a year later.
    year_after = PointsFacts(date(2028, 3, 1), FIRST, NORMAL, probation=False)
    later = decide_cycle_end(ledger, FIRST, year_after.today)
    assert (
        refusal(later, said("carried", None, on=year_after.today, corrects="paid"), year_after)
        is PointsRefusal.NOT_OF_LAST_CYCLE
    )
    assert (
        after(later, said("carried", None, on=year_after.today, corrects="v2"), facts=year_after).points == 3
    )


def test_a_violation_of_a_cycle_that_is_over_is_kept_there() -> None:
    ledger = after(fresh(2), said(points=9, on=date(2025, 5, 5)))
    assert (ledger.points, ledger.entries[-1].cycle_from) == (2, date(2025, 3, 1))


# ---- known late ------------------------------------------------------------------------------------------

NEXT = date(2027, 3, 10)
LATER = PointsFacts(NEXT, FIRST, NORMAL, probation=False)
LATE = said(points=3, on=date(2027, 2, 27), reference="late")


def in_the_next_cycle(*weights: int) -> Ledger:
    """Nine points in the cycle that ended on 2027-02-28, and these in the one after it."""
    ledger = decide_cycle_end(after(fresh(), said(points=9, reference="first")), FIRST, NEXT)
    sayings = [said(points=each, on=NEXT, reference=f"new-{each}") for each in weights]
    return after(ledger, *sayings, facts=LATER)


def test_a_late_entry_that_fills_the_cycle_that_just_ended_opens_it_again() -> None:
    ledger = after(in_the_next_cycle(6, 1), LATE, facts=LATER)
    assert (ledger.points, ledger.cycle.start) == (9 + 3 + 6 + 1, date(2026, 3, 1))
    assert [(e.kind.value, e.points, e.cycle_from.year) for e in ledger.entries[1:]] == [
        ("cleared", -9, 2026), ("violation", 6, 2027), ("violation", 1, 2027), ("violation", 3, 2026),
        ("reckoned", 9, 2026), ("reckoned", -7, 2027), ("reckoned", 6, 2026), ("reckoned", 1, 2026),
    ]  # fmt: skip
    assert decide_cycle_end(ledger, FIRST, NEXT) is ledger
    done = after(ledger, said("cleared", None, on=NEXT, reference="done"), facts=LATER)
    assert (done.points, done.cycle.start) == (0, date(2027, 3, 1))


@pytest.mark.parametrize("policy", [POLICY, PointsPolicy(late_entries_reopen=False)])
@pytest.mark.parametrize(("weight", "day"), [(1, date(2027, 2, 27)), (12, date(2026, 2, 27))])
def test_a_late_entry_that_does_not_fill_it_or_is_of_an_older_cycle_changes_no_total(
    policy: PointsPolicy, weight: int, day: date
) -> None:
    late = decide_points(in_the_next_cycle(6), said(points=weight, on=day, reference="late"), LATER, policy)
    assert isinstance(late, Ledger)
    assert (late.points, late.cycle.start, late.entries[-1].points) == (6, date(2027, 3, 1), weight)


def test_an_authority_may_keep_ended_cycles_ended() -> None:
    kept = decide_points(in_the_next_cycle(6), LATE, LATER, PointsPolicy(late_entries_reopen=False))
    assert isinstance(kept, Ledger)
    assert (kept.points, kept.cycle.start) == (6, date(2027, 3, 1))


def test_a_late_entry_taken_back_leaves_the_present_cycle_with_its_own() -> None:
    ledger = after(in_the_next_cycle(6), LATE, facts=LATER)
    back = said("correction", -3, on=NEXT, reference="back", corrects="late")
    ledger = after(ledger, said("correction", -9, on=NEXT, reference="b1", corrects="first"), facts=LATER)
    ledger = decide_cycle_end(after(ledger, back, facts=LATER), FIRST, NEXT)
    assert (ledger.points, ledger.cycle.start) == (6, date(2027, 3, 1))
    # And an entry that was moved there and back is still corrected by its name.
    assert (
        after(ledger, said("correction", -6, on=NEXT, reference="b2", corrects="new-6"), facts=LATER).points
        == 0
    )


def test_an_unpaid_entry_carried_over_does_not_count_twice_in_the_cycle_it_came_from() -> None:
    ledger = after(
        in_the_next_cycle(), said("carried", None, on=NEXT, reference="c", corrects="first"), facts=LATER
    )
    assert ledger.points == 9
    assert after(ledger, LATE, facts=LATER).points == 12


def test_what_study_cleared_is_not_opened_again() -> None:
    full = after(fresh(), said(points=12, reference="v"), said("cleared", None, reference="done"))
    ledger = decide_cycle_end(full, FIRST, NEXT)
    assert after(ledger, said(points=9, on=date(2027, 2, 27), reference="late"), facts=LATER).points == 0


def test_points_taken_in_by_a_full_cycle_after_its_last_day_stay_when_it_is_full_no_longer() -> None:
    ledger = decide_cycle_end(after(fresh(), said(points=12, reference="v")), FIRST, NEXT)
    ledger = after(ledger, said(points=3, on=NEXT, reference="w"), facts=LATER)
    assert ledger.points == 15
    ledger = after(ledger, said("correction", -12, on=NEXT, reference="c", corrects="v"), facts=LATER)
    ledger = decide_cycle_end(ledger, FIRST, NEXT)
    assert (ledger.points, ledger.cycle.start) == (3, date(2027, 3, 1))


# ---- properties ------------------------------------------------------------------------------------------

SAYINGS = st.lists(
    st.tuples(
        st.integers(0, 120),
        st.sampled_from(SAID_BY_SOURCES),
        st.sampled_from([-12, -6, -2, -1, 1, 3, 6, 9, 12]),
        st.integers(0, 400),
        st.integers(0, 12),
    ),
    max_size=30,
)


def lived(
    first: date, start: int, sayings: list[tuple[int, EntryKind, int, int, int]]
) -> list[tuple[Ledger, Status]]:
    """Ledger and status after everything that happened, in order: days pass, and things are said."""
    today, ledger, state = date(2024, 1, 1), opened(start, first, date(2024, 1, 1)), NORMAL
    states = [(ledger, state)]
    for number, (days, kind, weight, ago, other) in enumerate(sayings):
        today += timedelta(days=days)
        before = ledger
        ledger = decide_cycle_end(ledger, first, today)
        facts = PointsFacts(today, first, state, probation=False)
        saying = PointsSaid(kind, f"e{number}", today - timedelta(days=ago), weight, f"e{other}")
        decided = decide_points(ledger, saying, facts, POLICY)
        ledger = decided if isinstance(decided, Ledger) else ledger
        crossing = decide_crossing(before.points, ledger.points, state)
        state = crossing.status if crossing else state
        states.append((ledger, state))
    return states


@given(
    st.dates(date(2016, 1, 1), date(2023, 12, 31)) | st.just(date(2020, 2, 29)), st.integers(0, 15), SAYINGS
)
def test_entries_are_only_added_and_the_total_is_their_sum(
    first: date, start: int, sayings: list[tuple[int, EntryKind, int, int, int]]
) -> None:
    states = lived(first, start, sayings)
    for (before, _), (later, _) in itertools.pairwise(states):
        assert later.entries[: len(before.entries)] == before.entries
        assert [entry.number for entry in later.entries] == list(range(1, len(later.entries) + 1))
        assert later.points == sum(e.points for e in later.entries if e.cycle_from == later.cycle.start)
        assert 0 <= later.points <= 999
        # Only a late entry that fills it goes back, and to the cycle before.
        assert later.cycle.start >= before.cycle.start or later.is_full
        assert later.earned_back() <= 6


@given(st.dates(date(2016, 1, 1), date(2023, 12, 31)), st.integers(0, 11), SAYINGS)
def test_letter_b_is_there_exactly_while_there_are_twelve(
    first: date, start: int, sayings: list[tuple[int, EntryKind, int, int, int]]
) -> None:
    for ledger, state in lived(first, start, sayings):
        assert ("B" in state) == ledger.is_full
        assert state in (NORMAL, Status.parse("B"))


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_line_is_crossed_only_from_one_side_to_the_other(before: int, later: int) -> None:
    crossing = decide_crossing(before, later, Status.parse("D"))
    assert (crossing is not None) == ((before < 12) != (later < 12))
    if crossing is not None:
        assert (crossing.reached, str(crossing.status)) == (later >= 12, "BD" if later >= 12 else "D")


# ---- in the register --------------------------------------------------------------------------------------


@pytest.fixture
async def feed(database: Database) -> Feeding:
    return await Feeding(database).begin(1, points=0)


async def test_twelve_points_fire_once_and_again_after_they_were_cleared(feed: Feeding) -> None:
    await feed.send(points(1, points=9), points(2, points=3), points(3, points=6))
    row = await feed.row()
    assert (row["points"], row["status"], row["points_exceeded_on"]) == (18, "B", date(2026, 11, 19))
    assert await crossings(feed) == ["reached"]
    await feed.send(points(4, "cleared"))
    row = await feed.row()
    assert (row["points"], row["status"], row["points_exceeded_on"]) == (0, "A", None)
    await feed.send(points(5, points=12))
    assert await crossings(feed) == ["reached", "left", "reached"]


async def test_a_correction_takes_the_points_and_their_letter_back_and_deletes_nothing(feed: Feeding) -> None:
    await feed.send(
        status(1, "H"), points(2, points=12), points(3, "correction", points=-6, corrects="entry-2")
    )
    row, ledger = await feed.row(), await feed.ledger()
    assert (row["points"], row["status"]) == (6, "H")
    assert [(entry.kind.value, entry.points) for entry in ledger.entries] == [
        ("violation", 12),
        ("correction", -6),
    ]
    assert await crossings(feed) == ["reached", "left"]


@pytest.mark.parametrize(
    ("said", "becomes"), [("A", "B"), ("D", "BD"), ("BD", "BD"), ("H", "BH"), ("B", "B"), ("JM", "BJM")]
)
async def test_letter_b_stays_while_there_are_twelve_points_and_the_rest_of_the_line_holds(
    feed: Feeding, said: str, becomes: str
) -> None:
    """Refused whole, a suspension that forgot B would suspend nobody."""
    answer = await feed.send(points(1, points=12), status(2, said))
    assert (answer.applied, answer.refused) == (2, ())
    assert (await feed.row())["status"] == becomes


async def test_below_twelve_points_a_line_without_b_is_what_it_says(feed: Feeding) -> None:
    await feed.send(points(1, points=9), status(2, "B"), status(3, "D"))
    assert (await feed.row())["status"] == "D"


async def test_the_register_s_total_is_the_opening_entry(database: Database) -> None:
    feed = await Feeding(database).begin(1, points=7)
    assert await feed.ledger() is None
    await feed.send(points(1, points=3))
    ledger = await feed.ledger()
    assert [(entry.kind.value, entry.points) for entry in ledger.entries] == [
        ("opening", 7),
        ("violation", 3),
    ]
    assert (await feed.row())["points"] == ledger.points == 10


async def test_an_office_s_other_total_is_an_entry_too(feed: Feeding) -> None:
    await feed.send(points(1, points=3))
    async with feed.database.transaction() as tx:
        await drivers.change_standing(tx, feed.made[0], drivers.StandingChange(points=5), "office", feed.now)
        # A change of something else leaves the ledger alone.
        await drivers.change_standing(
            tx, feed.made[0], drivers.StandingChange(classes=Classes.parse("C1D", TODAY)), "office", feed.now
        )
    assert [(entry.kind.value, entry.points) for entry in (await feed.ledger()).entries] == [
        ("violation", 3),
        ("restated", 2),
    ]
    await feed.send(points(2, points=9))
    assert (await feed.row())["points"] == (await feed.ledger()).points == 14


@pytest.mark.parametrize("how", ["corrected", "changed"])
async def test_an_office_s_other_total_begins_the_ledger_where_there_is_none(
    database: Database, how: str
) -> None:
    feed = await Feeding(database).begin(1, points=7)
    await say_total(feed, how, 5)
    ledger = await feed.ledger()
    assert [(e.kind.value, e.points) for e in ledger.entries] == [("opening", 7), ("restated", -2)]
    assert (await feed.row())["points"] == ledger.points == 5


@pytest.mark.parametrize("how", ["corrected", "changed"])
async def test_the_ledger_says_what_the_record_says_after_an_office_did(feed: Feeding, how: str) -> None:
    await feed.send(points(1, points=9))
    await say_total(feed, how, 6)
    await feed.send(points(2, points=3))
    assert (await feed.row())["points"] == (await feed.ledger()).points == 9


async def test_corrected_points_cross_the_twelve_with_their_letter(feed: Feeding) -> None:
    await feed.send(status(1, "H"), points(2, points=9))
    await say_total(feed, "corrected", 12)
    assert ((await feed.row())["points"], (await feed.row())["status"]) == (12, "BH")
    await say_total(feed, "corrected", 11)
    row = await feed.row()
    assert (row["points"], row["status"], row["points_exceeded_on"]) == (11, "H", None)


async def say_total(feed: Feeding, how: str, total: int) -> None:
    row, tables = await feed.row(), drivers.code_tables()
    async with feed.database.transaction() as tx:
        if how == "changed":
            change = drivers.StandingChange(points=total)
            await drivers.change_standing(tx, feed.made[0], change, "office", feed.now)
            return
        fields = {"accumulated_points": str(total)}
        await drivers.correct_record(
            tx, tables, feed.made[0], row["record_version"], fields, "office", feed.now, Actor("operator")
        )


async def test_an_entry_of_a_cycle_that_is_over_is_in_the_record_of_acts(feed: Feeding) -> None:
    await feed.send(points(1, points=3))
    answer = await feed.send(points(2, points=3, on="2024-05-05"))
    assert (answer.applied, (await feed.row())["record_version"]) == (1, 2)
    assert await feed.rows(
        "SELECT actor_kind, detail->>'entry' FROM audit_entry WHERE act = 'points.entered'"
    ) == [("source", "2")]


async def test_a_late_entry_that_fills_the_last_cycle_is_seen_in_the_record(feed: Feeding) -> None:
    await feed.send(points(1, points=9))
    feed.now = start_of_day(date(2027, 1, 2))
    assert await drivers.close_cycles(feed.database, feed.now) == 1
    await feed.send(points(3, points=6, on="2027-01-01"))
    answer = await feed.send(points(2, points=3, on="2026-12-31"))
    row, ledger = await feed.row(), await feed.ledger()
    assert (answer.applied, row["points"], row["status"]) == (2, 18, "B")
    assert ledger.points == 18 and row["points_reset_on"] == date(2027, 1, 1)
    assert await drivers.close_cycles(feed.database, feed.now) == 0
    await feed.send(points(4, "cleared", on="2027-01-02"))
    assert ((await feed.row())["points"], (await feed.row())["status"]) == (0, "A")


async def crossings(feed: Feeding) -> list[str]:
    return [
        mark for (mark,) in await feed.rows(
            "SELECT body->>'full_mark' FROM outbox WHERE topic = 'register.changed' AND body ? 'full_mark' ORDER BY id"
        )
    ]  # fmt: skip


async def test_the_daily_job_ends_cycles_by_the_civil_day_in_china(database: Database) -> None:
    feed = await Feeding(database).begin(
        3,
        points=0,
        first_issue_date=date(2020, 2, 29),
        class_history="C1@2020-02-29",
        valid_from=date(2020, 2, 29),
    )
    await feed.send(
        points(1, points=9), points(2, points=12, driver=2), line(3, "status", {"status": "D"}, driver=3)
    )
    begins = start_of_day(date(2027, 3, 1))
    assert await drivers.close_cycles(database, begins - timedelta(seconds=1)) == 0
    assert await drivers.close_cycles(database, begins) == 1
    first, second = await feed.row(), await feed.row(2)
    assert (first["points"], first["points_reset_on"], first["record_version"]) == (0, date(2028, 2, 29), 3)
    assert (second["points"], second["status"]) == (12, "B")
    assert await feed.rows(
        "SELECT source FROM driver_change WHERE driver_id = $1 AND version = 3", feed.made[0].uuid
    ) == [("points cycle",)]
    assert await drivers.close_cycles(database, begins) == 0


async def test_a_job_does_so_many_and_the_next_one_goes_on(database: Database) -> None:
    feed = await Feeding(database).begin(5, points=0)
    await feed.send(*(points(n, points=3, driver=n) for n in range(1, 6)))
    later = start_of_day(date(2027, 1, 1))
    assert await drivers.close_cycles(database, later, at_most=2) == 2
    assert await drivers.close_cycles(database, later, at_most=2) == 2
    assert await drivers.close_cycles(database, later) == 1
    assert [(await feed.row(n))["points"] for n in range(1, 6)] == [0] * 5


async def test_a_line_that_comes_before_the_job_finds_the_new_cycle(feed: Feeding) -> None:
    await feed.send(points(1, points=9))
    feed.now = start_of_day(date(2027, 1, 1))
    await feed.send(points(2, points=6, on="2027-01-01"))
    ledger = await feed.ledger()
    assert (ledger.points, (await feed.row())["points"]) == (6, 6)
    assert [entry.kind.value for entry in ledger.entries] == ["violation", "cleared", "violation"]


# ---- what others say of the total ---------------------------------------------------------------------


async def test_a_total_of_a_cycle_that_is_over_is_not_counted_in_this_one(database: Database) -> None:
    feed = await Feeding(database).begin(1, points=6, points_reset_on=date(2026, 1, 1))
    await feed.send(points(1, points=3))
    ledger = await feed.ledger()
    assert [(entry.kind.value, entry.points) for entry in ledger.entries] == [
        ("opening", 6), ("cleared", -6), ("violation", 3),
    ]  # fmt: skip
    row = await feed.row()
    assert (row["points"], row["points_reset_on"]) == (3, date(2027, 1, 1))


@pytest.mark.parametrize(("total", "cycle_from"), [(3, date(2027, 3, 1)), (15, date(2026, 3, 1))])
def test_a_total_said_after_a_full_cycle_is_over_is_of_the_present_one_unless_it_is_full_too(
    total: int, cycle_from: date
) -> None:
    full = after(fresh(), said(points=12, reference="v"))
    ledger = restated(full, total, FIRST, date(2027, 4, 1))
    assert (ledger.points, ledger.cycle.start) == (total, cycle_from)
    assert decide_cycle_end(ledger, FIRST, date(2027, 4, 1)) is ledger


def test_a_total_that_is_so_already_leaves_the_ledger_as_it_is() -> None:
    ledger = after(fresh(3), said())
    assert restated(ledger, 6, FIRST, TODAY) is ledger


async def test_a_newer_register_file_with_another_total_is_an_entry_too(
    database: Database, good_lines: Lines, bring_in: Import, keys: KeyIndex, tmp_path: Path, clock: FixedClock
) -> None:
    [fields] = [
        changed(each, accumulated_points="2", status="A", extended_until="") for each in good_lines(1)
    ]
    row = dict(zip(HEADERS, fields, strict=True))
    await bring_in(written(tmp_path / "first.csv", [fields]))
    tables, signer = drivers.code_tables(), SoftwareSigner.generate(Alg.ES256)
    province = tables.authorities.get(row["issuing_authority"]).province_prefix
    source = await drivers.add_source(database, "示例登记", [province], signer.public_key, clock.now())
    violation = {"kind": "violation", "reference": "v", "on": "2026-11-19", "points": 3}
    sent = line(1, "points", violation, {"file_number": row["file_number"]})
    answer = await drivers.take_feed(database, keys, tables, source.id, sent, clock.now())
    assert (answer.applied, answer.refused) == (1, ())
    file = written(tmp_path / "second.csv", [changed(fields, accumulated_points="4")])
    report = await bring_in(file, as_of=clock.now() + timedelta(seconds=1))
    assert report.changed == 1
    async with database.read() as tx:
        [driver_id] = [row["driver_id"] for row in await tx.fetch("SELECT driver_id FROM driver")]
        ledger = await drivers.ledger(tx, driver_id)
        assert ledger is not None
        assert ledger.points == await tx.fetchval("SELECT points FROM driver") == 4
    assert [entry.kind.value for entry in ledger.entries][-1] == "restated"
