"""累积记分 as a ledger: entries are added and never changed, points are their sum. Pure.

A driver's points are counted in one cycle at a time. The end of a cycle clears fewer than 12; 12 or more stay
until study and test are passed, so a full cycle stays open past its last day. Where a late entry or a correction
shows that the calendar did what it should not have, points are reckoned again, by entries too (decisions/0011).

Source: docs/reference.md §3.3 (Order 163; Regulations on the Road Traffic Safety Law art. 23 to 28).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from liangzheng.kernel.points import PointsCycle, cycle, is_full
from liangzheng.kernel.status import Status, StatusLetter

VALUES_SINCE_ORDER_163: Final = frozenset({1, 3, 6, 9, 12})
"""What one violation may weigh from 2022-04-01 (Order 163 art. 7)."""
ORDER_163_DAY: Final = date(2022, 4, 1)
MOST_POINTS: Final = 999
"""The register has three digits."""
_MOST_EARNED_BACK: Final = 6
_MOST_AT_ONCE: Final = 2
_NO_EARNING_BACK: Final = frozenset(
    {StatusLetter.REVIEW_OVERDUE, StatusLetter.RETAINED, StatusLetter.SUSPENDED}
)


class EntryKind(StrEnum):
    """Why points were entered. OPENING and RESTATED are what a register file or an office said the total was;
    RECKONED moved between two cycles."""

    OPENING = "opening"
    RESTATED = "restated"
    VIOLATION = "violation"
    CORRECTION = "correction"
    EARNED_BACK = "earned-back"
    CLEARED = "cleared"
    CARRIED = "carried"
    RECKONED = "reckoned"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a ledger. `points` may be negative, never nought. `corrects`: the number of the entry that
    a correction corrects, or that was carried over or moved to another cycle."""

    number: int
    kind: EntryKind
    points: int
    on: date
    cycle_from: date
    reference: str | None = None
    corrects: int | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """A driver's entries, oldest first, and the cycle that counts."""

    cycle: PointsCycle
    entries: tuple[Entry, ...] = ()

    @property
    def points(self) -> int:
        """The sum of the entries of the cycle that counts."""
        return sum(entry.points for entry in self.entries if entry.cycle_from == self.cycle.start)

    @property
    def is_full(self) -> bool:
        """12 or more."""
        return is_full(self.points)

    def named(self, reference: str) -> Entry | None:
        """The entry the source calls so."""
        return next((entry for entry in self.entries if entry.reference == reference), None)

    def counting(self, entry: Entry) -> Entry:
        """The entry that counts for this one: itself, or what it became when it was moved to another cycle."""
        moved = [e for e in self.entries if e.kind is EntryKind.RECKONED and e.corrects == entry.number]
        return self.counting(moved[-1]) if moved else entry

    def net(self, entry: Entry) -> int:
        """What is left of an entry after its corrections."""
        corrections = (
            each.points
            for each in self.entries
            if each.kind is EntryKind.CORRECTION and each.corrects == entry.number
        )
        return entry.points + sum(corrections)

    def earned_back(self) -> int:
        """Points earned back in the cycle that counts."""
        return -sum(
            entry.points
            for entry in self.entries
            if entry.kind is EntryKind.EARNED_BACK and entry.cycle_from == self.cycle.start
        )

    def followed_by(
        self,
        kind: EntryKind,
        points: int,
        on: date,
        cycle_from: date,
        reference: str | None = None,
        corrects: int | None = None,
    ) -> Ledger:
        """The ledger with one more entry; with none when it would weigh nothing and has no name."""
        if points == 0:
            return self
        entry = Entry(len(self.entries) + 1, kind, points, on, cycle_from, reference, corrects)
        return replace(self, entries=(*self.entries, entry))


@dataclass(frozen=True, slots=True)
class PointsSaid:
    """What a source says of points. `points` is None where it follows: for CLEARED and CARRIED.

    `corrects`: the reference of the entry that is corrected or carried over.
    """

    kind: EntryKind
    reference: str
    on: date
    points: int | None = None
    corrects: str | None = None


@dataclass(frozen=True, slots=True)
class PointsFacts:
    """What is asked of the driver besides the ledger."""

    today: date
    first_issue_date: date
    status: Status
    probation: bool


@dataclass(frozen=True, slots=True)
class PointsPolicy:
    """What is not certain, so an authority may say otherwise: what one violation before 2022-04-01 may weigh, and
    whether a late entry that fills the cycle that just ended opens it again."""

    values_before: frozenset[int] = field(default_factory=lambda: frozenset({1, 2, 3, 6, 12}))
    late_entries_reopen: bool = True

    def values_on(self, day: date) -> frozenset[int]:
        """What one violation may weigh on a day."""
        return VALUES_SINCE_ORDER_163 if day >= ORDER_163_DAY else self.values_before


class PointsRefusal(StrEnum):
    """In order of precedence: when several hold, the source hears the first."""

    ENTERED_ALREADY = "entered_already"
    NOT_YET = "not_yet"
    BEFORE_FIRST_ISSUE = "before_first_issue"
    VALUE = "value"
    NO_SUCH_ENTRY = "no_such_entry"
    CORRECTED_TOO_FAR = "corrected_too_far"
    NOT_OF_LAST_CYCLE = "not_of_last_cycle"
    CARRIED_ALREADY = "carried_already"
    NOT_FULL = "not_full"
    FULL = "full"
    STATUS_OR_PROBATION = "status_or_probation"
    EARNED_BACK_ENOUGH = "earned_back_enough"
    BELOW_NOUGHT = "below_nought"
    TOO_MANY = "too_many"

    @property
    def rule(self) -> str:
        """The rule, as a source reads it."""
        return _RULES[self]


_RULES: Final = {
    PointsRefusal.ENTERED_ALREADY: "a reference that no entry of this driver has",
    PointsRefusal.NOT_YET: "a day that is not to come",
    PointsRefusal.BEFORE_FIRST_ISSUE: "a day on or after the first issue date",
    PointsRefusal.VALUE: "points that this kind of entry may weigh on its day",
    PointsRefusal.NO_SUCH_ENTRY: "the reference of a violation or carried entry of this driver",
    PointsRefusal.CORRECTED_TOO_FAR: "leaves the corrected entry with 0 to 12",
    PointsRefusal.NOT_OF_LAST_CYCLE: "an entry of the cycle before this one, not wholly taken back",
    PointsRefusal.CARRIED_ALREADY: "an entry is carried over once",
    PointsRefusal.NOT_FULL: "study and test clear 12 points or more",
    PointsRefusal.FULL: "points are earned back below 12 only",
    PointsRefusal.STATUS_OR_PROBATION: "no probation, and none of the status letters S, U, D",
    PointsRefusal.EARNED_BACK_ENOUGH: "at most 6 a cycle",
    PointsRefusal.BELOW_NOUGHT: "no more than the points there are",
    PointsRefusal.TOO_MANY: "at most 999 in all",
}


def opened(points: int, first_issue_date: date, today: date, resets_on: date | None = None) -> Ledger:
    """The ledger of a driver no feed has spoken of: the register's total is its opening entry.

    `resets_on`: when the register says that this total ends; past that day it is of a cycle that is over.
    """
    day = today if resets_on is None else min(today, resets_on - timedelta(days=1))
    then = cycle(first_issue_date, max(first_issue_date, day))
    ledger = Ledger(then).followed_by(EntryKind.OPENING, points, max(then.start, day), then.start)
    return decide_cycle_end(ledger, first_issue_date, today)


def restated(ledger: Ledger, total: int, first_issue_date: date, today: date) -> Ledger:
    """The ledger after an office or a register file said what the total is today.

    Fewer than 12 said of a full cycle that is over: it was cleared, and the total is of the present one.
    """
    ledger = decide_cycle_end(ledger, first_issue_date, today)
    if today >= ledger.cycle.resets_on and not is_full(total):
        cleared = ledger.followed_by(EntryKind.CLEARED, -ledger.points, today, ledger.cycle.start)
        ledger = replace(cleared, cycle=cycle(first_issue_date, today))
    return ledger.followed_by(EntryKind.RESTATED, total - ledger.points, today, ledger.cycle.start)


def decide_cycle_end(ledger: Ledger, first_issue_date: date, today: date) -> Ledger:
    """The ledger as the calendar leaves it on a day: fewer than 12 points are cleared at the end of a cycle.

    12 or more stay, and their cycle with them. The same ledger when nothing is due. Points of unpaid fines
    come back as carried entries, which the register sends. What a full cycle took in after its last day and
    belongs to the present one goes there when the cycle is full no longer.

    Source: docs/reference.md §3.3 (Order 163 art. 3 and 17, cycle end).
    """
    if today < ledger.cycle.resets_on or ledger.is_full:
        return ledger
    present = cycle(first_issue_date, max(first_issue_date, today))
    over = ledger.cycle.start
    taken_in = [
        entry
        for entry in ledger.entries
        if entry.cycle_from == over and entry.on >= present.start and entry.kind in _MOVED
    ]
    ended = ledger.followed_by(EntryKind.CLEARED, -ledger.points, ledger.cycle.resets_on, over)
    return replace(_moved(ended, taken_in, present.start), cycle=present)


_MOVED: Final = frozenset({EntryKind.VIOLATION, EntryKind.CARRIED, EntryKind.EARNED_BACK, EntryKind.RECKONED})


def _moved(ledger: Ledger, entries: Sequence[Entry], to: date) -> Ledger:
    """What is left of each entry is in another cycle, each as an entry of its own that names it."""
    left = [(entry, ledger.net(entry)) for entry in entries]
    if sum(net for _, net in left) < 0:
        left = [(entry, net) for entry, net in left if net > 0]  # earned back from points that are gone
    for entry, net in left:
        ledger = ledger.followed_by(EntryKind.RECKONED, net, entry.on, to, corrects=entry.number)
    return ledger


def decide_points(
    ledger: Ledger, said: PointsSaid, facts: PointsFacts, policy: PointsPolicy
) -> Ledger | PointsRefusal:
    """The ledger after what a source says, or why that cannot be.

    `ledger` is as `decide_cycle_end` left it today. An entry of a cycle that is over is kept there and
    changes no total, unless it fills the cycle that just ended: that one is then open again. A correction
    belongs to the cycle of what it corrects.

    Source: docs/reference.md §3.3 (values, earning back at most 6 a cycle, clearing after study and test).
    """
    if ledger.named(said.reference) is not None:
        return PointsRefusal.ENTERED_ALREADY
    if said.on > facts.today:
        return PointsRefusal.NOT_YET
    if said.on < facts.first_issue_date:
        return PointsRefusal.BEFORE_FIRST_ISSUE
    after = _DECIDE[said.kind](ledger, said, facts, policy)
    if isinstance(after, PointsRefusal):
        return after
    if policy.late_entries_reopen:
        after = _reopened(after, facts)
    if after.points < 0:
        return PointsRefusal.BELOW_NOUGHT
    if after.points > MOST_POINTS:
        return PointsRefusal.TOO_MANY
    return after


def _reopened(ledger: Ledger, facts: PointsFacts) -> Ledger:
    """The ledger, and if its last entry fills the cycle before the present one, with that cycle open again.

    The calendar clears fewer than 12; with what was known late there were 12, so the clearing had no ground. The
    present cycle's entries go with it, as those that come after the last day of a full cycle do.
    """
    late = ledger.entries[-1]
    before = late.cycle_from
    if late.points < 0 or before >= ledger.cycle.start or not _next_to(before, ledger, facts):
        return ledger
    of_before = [entry for entry in ledger.entries if entry.cycle_from == before]
    cleared = -sum(entry.points for entry in of_before if _is_by_calendar(entry))
    moved_on = sum(
        entry.points
        for entry in ledger.entries
        if entry.kind is EntryKind.RECKONED and entry.corrects in {each.number for each in of_before}
        if entry.cycle_from != before
    )
    undone = cleared - moved_on
    if not is_full(undone + sum(entry.points for entry in of_before)):
        return ledger
    present = [
        entry
        for entry in ledger.entries
        if entry.cycle_from == ledger.cycle.start and entry.kind is not EntryKind.CORRECTION
        if not (_is_by_calendar(entry) or _came_from(ledger, entry, before))
    ]
    opened_again = cycle(facts.first_issue_date, before)
    total = ledger.points
    ledger = ledger.followed_by(EntryKind.RECKONED, undone, opened_again.end, before)
    ledger = ledger.followed_by(EntryKind.RECKONED, -total, late.on, ledger.cycle.start)
    return replace(_moved(ledger, present, before) if total else ledger, cycle=opened_again)


def _is_by_calendar(entry: Entry) -> bool:
    """A clearing by the calendar, or what undid one. The calendar never clears 12; study and test do."""
    if entry.reference is not None or entry.corrects is not None:
        return False
    if entry.kind is EntryKind.CLEARED:
        return not is_full(-entry.points)
    return entry.kind is EntryKind.RECKONED and entry.points > 0


def _came_from(ledger: Ledger, entry: Entry, cycle_from: date) -> bool:
    """Whether an unpaid entry was carried over from that cycle, where it counts already."""
    return entry.kind is EntryKind.CARRIED and any(
        each.number == entry.corrects and each.cycle_from == cycle_from for each in ledger.entries
    )


def _violation(
    ledger: Ledger, said: PointsSaid, facts: PointsFacts, policy: PointsPolicy
) -> Ledger | PointsRefusal:
    if said.points not in policy.values_on(said.on):
        return PointsRefusal.VALUE
    assert said.points is not None
    return ledger.followed_by(
        said.kind, said.points, said.on, _cycle_of(ledger, said.on, facts), said.reference
    )


def _cycle_of(ledger: Ledger, on: date, facts: PointsFacts) -> date:
    """A full cycle goes on until it is cleared, so it takes what comes after its last day as well."""
    return ledger.cycle.start if on >= ledger.cycle.start else cycle(facts.first_issue_date, on).start


def _correction(
    ledger: Ledger, said: PointsSaid, facts: PointsFacts, policy: PointsPolicy
) -> Ledger | PointsRefusal:
    if not said.points:
        return PointsRefusal.VALUE
    entry = _violation_named(ledger, said.corrects)
    if entry is None:
        return PointsRefusal.NO_SUCH_ENTRY
    entry = ledger.counting(entry)
    if not 0 <= ledger.net(entry) + said.points <= 12:
        return PointsRefusal.CORRECTED_TOO_FAR
    return ledger.followed_by(said.kind, said.points, said.on, entry.cycle_from, said.reference, entry.number)


def _violation_named(ledger: Ledger, reference: str | None) -> Entry | None:
    entry = ledger.named(reference) if reference else None
    ours = entry is not None and entry.kind in (EntryKind.VIOLATION, EntryKind.CARRIED)
    return entry if ours else None


def _earned_back(
    ledger: Ledger, said: PointsSaid, facts: PointsFacts, policy: PointsPolicy
) -> Ledger | PointsRefusal:
    if said.points is None or not -_MOST_AT_ONCE <= said.points <= -1:
        return PointsRefusal.VALUE
    if ledger.is_full:
        return PointsRefusal.FULL
    if facts.probation or not _NO_EARNING_BACK.isdisjoint(facts.status):
        return PointsRefusal.STATUS_OR_PROBATION
    cycle_from = _cycle_of(ledger, said.on, facts)
    after = ledger.followed_by(said.kind, said.points, said.on, cycle_from, said.reference)
    return PointsRefusal.EARNED_BACK_ENOUGH if after.earned_back() > _MOST_EARNED_BACK else after


def _cleared(
    ledger: Ledger, said: PointsSaid, facts: PointsFacts, policy: PointsPolicy
) -> Ledger | PointsRefusal:
    if not ledger.is_full:
        return PointsRefusal.NOT_FULL
    done = ledger.followed_by(said.kind, -ledger.points, said.on, ledger.cycle.start, said.reference)
    return replace(done, cycle=cycle(facts.first_issue_date, facts.today))


def _carried(
    ledger: Ledger, said: PointsSaid, facts: PointsFacts, policy: PointsPolicy
) -> Ledger | PointsRefusal:
    entry = _violation_named(ledger, said.corrects)
    if entry is None:
        return PointsRefusal.NO_SUCH_ENTRY
    entry = ledger.counting(entry)
    last = ledger.cycle.start > entry.cycle_from and _next_to(entry.cycle_from, ledger, facts)
    if not last or ledger.net(entry) == 0:
        return PointsRefusal.NOT_OF_LAST_CYCLE
    if any(each.kind is EntryKind.CARRIED and each.corrects == entry.number for each in ledger.entries):
        return PointsRefusal.CARRIED_ALREADY
    return ledger.followed_by(
        said.kind, ledger.net(entry), said.on, ledger.cycle.start, said.reference, entry.number
    )


def _next_to(cycle_from: date, ledger: Ledger, facts: PointsFacts) -> bool:
    if cycle_from < facts.first_issue_date:  # the first issue date was corrected since
        return False
    return cycle(facts.first_issue_date, cycle_from).resets_on == ledger.cycle.start


_DECIDE: Final = {
    EntryKind.VIOLATION: _violation,
    EntryKind.CORRECTION: _correction,
    EntryKind.EARNED_BACK: _earned_back,
    EntryKind.CLEARED: _cleared,
    EntryKind.CARRIED: _carried,
}

SAID_BY_SOURCES: Final[Sequence[EntryKind]] = tuple(_DECIDE)
"""The kinds a feed may send."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """The 12 points, reached or left. `status` is the one that follows."""

    reached: bool
    status: Status


def decide_crossing(before: int, after: int, status: Status) -> Crossing | None:
    """Whether the 12-point line was crossed; None when it was not, however many points came on top.

    Reached: status B is added. Left, because points were cleared, corrected or restated: B goes again.

    Source: docs/reference.md §3.1 (B, shown as 记满12分) and §3.3 (12 or more: licence retained).
    """
    if is_full(before) == is_full(after):
        return None
    letter = StatusLetter.POINTS_EXCEEDED
    return Crossing(is_full(after), status.with_letter(letter) if is_full(after) else status.without(letter))
