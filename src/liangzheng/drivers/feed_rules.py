"""What a line of the change feed makes of a record, or why it may not. Facts in, decision out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from liangzheng.drivers.feed_lines import ChangeKind, Said
from liangzheng.drivers.letters import PutHere, decide_letters
from liangzheng.drivers.model import ClassHistory
from liangzheng.drivers.points import (
    Crossing,
    Ledger,
    PointsFacts,
    PointsPolicy,
    PointsRefusal,
    decide_crossing,
    decide_cycle_end,
    decide_points,
    opened,
)
from liangzheng.drivers.rules import Broken, Facts, Letters, Spells, broken_rules
from liangzheng.kernel.classes import ORDER_172_DAY, Classes
from liangzheng.kernel.region import Authorities
from liangzheng.kernel.status import Status, StatusLetter
from liangzheng.kernel.time import civil_day


@dataclass(frozen=True, slots=True)
class Record:
    """A record as a batch has it so far: columns of the table → values, the ledger if there is one, which letters
    of the status staff put, when the last applied line of each kind but points happened, and when the register file that
    wrote the record last was drawn, where its operator said so."""

    columns: Mapping[str, Any]
    ledger: Ledger | None = None
    put_here: tuple[PutHere, ...] = ()
    last_said: Mapping[ChangeKind, datetime] = field(default_factory=dict)
    drawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What a line changes: columns and their new values (only those that differ), the ledger after it, and what is left
    of the letters that staff put; None where the line says nothing of them."""

    columns: Mapping[str, Any]
    ledger: Ledger | None
    crossing: Crossing | None = None
    put_here: tuple[PutHere, ...] | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Where a line breaks a rule, and the rule. Neither holds a value."""

    place: str
    rule: str


@dataclass(frozen=True, slots=True)
class Older:
    """A line overtaken by one that happened after it, or by a register file drawn after it: taken, and without effect. No
    fault of its source."""


AHEAD: Final = timedelta(minutes=5)
"""How far a source's clock may be ahead of ours; a line refused for a second would need a new number."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a line is judged on besides the record."""

    provinces: frozenset[str]
    authorities: Authorities
    now: datetime
    points: PointsPolicy = field(default_factory=PointsPolicy)

    def day_of(self, said: Said) -> date:
        """The day a line is judged on: ours, or the source's where its clock, a little ahead, has midnight first."""
        latest, said_on = civil_day(self.now + AHEAD), civil_day(said.occurred_at)
        if said.points is not None:
            said_on = max(said_on, said.points.on)
        return max(civil_day(self.now), min(said_on, latest))


def may_speak_for(record: Record, said: Said, grounds: Grounds) -> bool:
    """Whether a source may change a record: the present issuing authority lies in one of its provinces.

    A record that was transferred out (status C) may be taken over by the province it goes to, and by nothing
    but a change of authority.

    Source: docs/reference.md §3.1 (C, 转出); that the receiving province speaks is a modelling choice.
    """
    if province_of(record.columns["issuing_authority"], grounds.authorities) in grounds.provinces:
        return True
    taken_over = StatusLetter.TRANSFERRED_OUT in Status.parse(record.columns["status"])
    if said.change is not ChangeKind.AUTHORITY or not taken_over:
        return False
    return province_of(str(said.values["issuing_authority"]), grounds.authorities) in grounds.provinces


def may_replace(said_at: datetime, last_at: datetime | None, drawn_at: datetime | None = None) -> bool:
    """Whether a line may replace the last one of its kind about the driver that was applied, and what the register file says:
    it happened neither before that line nor before the file was drawn.

    What happened first has been overtaken, whichever source says it and however late: an October restoration that
    arrives in December does not lift a suspension of November. Of equal instants the later arrival holds: in one
    source that is the higher sequence; between two sources nothing else could tell. A file says of every kind how it stood
    when it was drawn, so it knew what had happened before, and a line of then would undo what happened between the two.

    Source: docs/reference.md §3.1; that the newest word holds is a modelling choice (decisions/0011).
    """
    return all(known is None or said_at >= known for known in (last_at, drawn_at))


def province_of(authority: str, authorities: Authorities) -> str | None:
    """Whose source speaks for a driver of this issuing authority: two-digit prefix of GB/T 2260; None outside the list."""
    return authorities.get(authority).province_prefix if authority in authorities else None


def decide_said(record: Record, said: Said, grounds: Grounds) -> Step | Refused | Older:
    """What a line makes of a record: nothing half, and never a record an import would refuse.

    Reasons in order: the source may not speak for the driver · the day is not possible · points (their own
    order) · the line is older than the last of its kind or than the register file · a rule between fields that held before.
    A full ledger keeps status B whatever letters a line names: the rest of the line holds.

    Source: docs/reference.md §1.2, §3.1–3.3; the rules between fields are those of the import.
    """
    if not may_speak_for(record, said, grounds):
        return Refused("driver", "a driver of the provinces this source speaks for")
    if said.occurred_at > grounds.now + AHEAD:
        return Refused("occurred_at", "an instant that is not to come")
    if said.points is not None:
        today = grounds.day_of(said)
        return _points(record, _at_present(record, today), said, today, grounds.points)
    if not may_replace(said.occurred_at, record.last_said.get(said.change), record.drawn_at):
        return Older()
    wanted = _wanted(record, said, civil_day(said.occurred_at))
    put_here = None
    if said.change is ChangeKind.STATUS and record.put_here:
        status, put_here = decide_letters(Status.parse(wanted["status"]), record.put_here, said.occurred_at)
        wanted["status"] = str(status)
    differ = {column: value for column, value in wanted.items() if value != record.columns[column]}
    broken = _newly_broken(record.columns, differ) if differ else None
    if broken is not None:
        return Refused(f"values.{broken.column}", broken.why)
    return Step(differ, record.ledger, put_here=put_here)


def _at_present(record: Record, today: date) -> Ledger:
    first = record.columns["first_issue_date"]
    if record.ledger is None:
        return opened(record.columns["points"], first, today, record.columns["points_reset_on"])
    return decide_cycle_end(record.ledger, first, today)


def _points(record: Record, ledger: Ledger, said: Said, today: date, policy: PointsPolicy) -> Step | Refused:
    assert said.points is not None, "asked for lines about points only"
    columns = record.columns
    status = Status.parse(columns["status"])
    facts = PointsFacts(today, columns["first_issue_date"], status, columns["probation"])
    after = decide_points(ledger, said.points, facts, policy)
    if isinstance(after, PointsRefusal):
        return Refused(f"values.{_PLACES.get(after, 'points')}", after.rule)
    return ledger_step(record, after, said.points.on)


_PLACES: Final = {
    PointsRefusal.ENTERED_ALREADY: "reference",
    PointsRefusal.NOT_YET: "on",
    PointsRefusal.BEFORE_FIRST_ISSUE: "on",
    PointsRefusal.NO_SUCH_ENTRY: "corrects",
    PointsRefusal.NOT_OF_LAST_CYCLE: "carries",
    PointsRefusal.CARRIED_ALREADY: "carries",
    PointsRefusal.NOT_FULL: "kind",
    PointsRefusal.FULL: "kind",
    PointsRefusal.STATUS_OR_PROBATION: "kind",
}


def ledger_step(record: Record, ledger: Ledger, on: date) -> Step:
    """What a ledger makes of its record: the total, the next reset, and what crossing the 12 points brings."""
    columns = record.columns
    crossing = decide_crossing(columns["points"], ledger.points, Status.parse(columns["status"]))
    wanted: dict[str, Any] = {"points": ledger.points, "points_reset_on": ledger.cycle.resets_on}
    if crossing is not None:
        wanted["status"] = str(crossing.status)
        wanted["points_exceeded_on"] = on if crossing.reached else None
    return Step({c: value for c, value in wanted.items() if value != columns[c]}, ledger, crossing)


def _wanted(record: Record, said: Said, on: date) -> dict[str, Any]:
    """The columns a line sets, with those that follow from them."""
    columns = record.columns
    wanted: dict[str, Any] = dict(said.values)
    if said.change is ChangeKind.STATUS:
        if record.ledger is not None and record.ledger.is_full:
            # Refused whole, a suspension that forgot B would suspend nobody.
            wanted["status"] = str(Status.parse(wanted["status"]).with_letter(StatusLetter.POINTS_EXCEEDED))
    elif said.change is ChangeKind.CLASSES:
        history = ClassHistory.parse(columns["class_history"])
        wanted["class_history"] = str(history.become(_classes(wanted["classes"]), on))
        kept = [c for c in _classes(columns["school_bus_classes"]) if c in _classes(wanted["classes"])]
        # School-bus approval goes with its class; a new one comes with the register file.
        wanted["school_bus_classes"] = "".join(c.value for c in kept)
    elif said.change is ChangeKind.AUTHORITY and wanted["issuing_authority"] == columns["issuing_authority"]:
        wanted["department"] = wanted["department"] or columns["department"]
    return wanted


@lru_cache(maxsize=4096)
def _classes(text: str) -> Classes:
    return Classes.parse_outside(text, ORDER_172_DAY) if text else Classes(())


def _newly_broken(before: Mapping[str, Any], differ: Mapping[str, Any]) -> Broken | None:
    """The first rule between fields that does not hold any more; what was odd before does not count."""
    old = {(broken.column, broken.rule) for broken in broken_rules(_facts(before))}
    new = broken_rules(_facts({**before, **differ}))
    return next((broken for broken in new if (broken.column, broken.rule) not in old), None)


def _facts(columns: Mapping[str, Any]) -> Facts:
    values = {name: columns[name] for name in Facts._fields}
    return Facts(
        **{
            **values,
            "class_history": Spells.parse(columns["class_history"]),
            "status": Letters.parse(columns["status"]),
        }
    )
