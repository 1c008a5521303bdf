"""Many changes of many records in one transaction: read once, changed in memory in their order, written once.

The feed and the end of points cycles come this way. Every change is a version of its record with its own line
in the history; others hear once of each record whose standing changed, and of each change of a standing or an address by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.drivers import store, store_feed, store_letters, store_points
from liangzheng.drivers.feed_lines import ChangeKind, Said
from liangzheng.drivers.feed_rules import Record, Step
from liangzheng.drivers.import_register import STANDING_CHANGED
from liangzheng.drivers.letters import PutHere
from liangzheng.drivers.points import Entry, Ledger
from liangzheng.drivers.store_feed import Version
from liangzheng.infra import outbox
from liangzheng.infra.postgres import Connection
from liangzheng.kernel.ids import DriverId

REGISTER_CHANGED: Final = "register.changed"
"""One event for each step that changed a standing or an address, codes and numbers only. Of an address the holder is told by
it; all else of it is told and followed as `standing.changed`."""


@dataclass(slots=True)
class _Change:
    """A record as it becomes, step by step."""

    columns: dict[str, Any]
    ledger: Ledger | None
    standing_before: int
    put_here: tuple[PutHere, ...] = ()
    last_said: Mapping[ChangeKind, datetime] = field(default_factory=dict)
    drawn_at: datetime | None = None
    newly_said: dict[ChangeKind, datetime] = field(default_factory=dict)
    moved: bool = False
    heard: bool = False
    entries: list[tuple[Entry, str]] = field(default_factory=list)
    standing_columns: set[str] = field(default_factory=set)


class Batch:
    """Records held by a transaction. `record` is how one stands after the steps taken so far."""

    def __init__(
        self,
        rows: Mapping[UUID, Any],
        ledgers: Mapping[UUID, Ledger],
        put_here: Mapping[UUID, tuple[PutHere, ...]],
        last_said: Mapping[UUID, Mapping[ChangeKind, datetime]],
        drawn_at: Mapping[int, datetime],
    ) -> None:
        self._changes = {
            i: _Change(
                dict(row),
                ledgers.get(i),
                row["standing_version"],
                put_here.get(i, ()),
                last_said.get(i, {}),
                drawn_at.get(row["import_number"]),
            )
            for i, row in rows.items()
        }
        self._older: list[tuple[UUID, Said]] = []
        self._versions: list[Version] = []
        self._entered: list[tuple[UUID, int]] = []
        self._events: list[tuple[DriverId, dict[str, Any]]] = []

    @classmethod
    async def held(
        cls,
        tx: Connection,
        driver_ids: Sequence[UUID],
        with_points: Sequence[UUID],
        with_letters: Sequence[UUID] = (),
        with_last_said: Sequence[UUID] = (),
    ) -> Batch:
        """The records, locked in the order of their ids, with the ledgers of those `with_points`, what staff put to
        the status of those `with_letters`, and when the last lines `with_last_said` are about happened and the files that
        wrote them were drawn."""
        rows = await store.columns_held(tx, sorted(set(driver_ids)))
        ledgers = await store_points.ledgers(tx, sorted(set(with_points)))
        put_here = await store_letters.put_here(tx, sorted(set(with_letters))) if with_letters else {}
        last_said = await store_feed.last_said(tx, sorted(set(with_last_said))) if with_last_said else {}
        files = {rows[i]["import_number"] for i in with_last_said if i in rows}
        drawn_at = await store.files_drawn_at(tx, sorted(files)) if files - {0} else {}
        return cls(rows, ledgers, put_here, last_said, drawn_at)

    def record(self, driver_id: UUID) -> Record | None:
        """The record as it stands now; None when there is none."""
        change = self._changes.get(driver_id)
        if change is None:
            return None
        return Record(
            change.columns,
            change.ledger,
            change.put_here,
            {**change.last_said, **change.newly_said},
            change.drawn_at,
        )

    def hear(self, driver_id: UUID, said: Said, step: Step, source: str) -> None:
        """The step a line makes is taken, and the line is the last of its kind."""
        if said.points is None:
            self._changes[driver_id].newly_said[said.change] = said.occurred_at
        self.take(driver_id, said.change, step, source)

    def pass_over(self, driver_id: UUID, said: Said) -> None:
        """The line has no effect because it is older than the last of its kind; the record of acts says so."""
        self._older.append((driver_id, said))

    def take(self, driver_id: UUID, kind: ChangeKind, step: Step, source: str) -> None:
        """The step is taken: a new version where a column changed, new entries where the ledger grew."""
        change = self._changes[driver_id]
        if step.ledger is not None and step.ledger is not change.ledger:
            known = 0 if change.ledger is None else len(change.ledger.entries)
            change.entries += [(entry, source) for entry in step.ledger.entries[known:]]
            change.ledger, change.moved = step.ledger, True
            if not step.columns:
                # An entry of a cycle that is over: no total says it, so the record of acts does.
                self._entered += [(driver_id, entry.number) for entry in step.ledger.entries[known:]]
        if step.put_here is not None and step.put_here != change.put_here:
            change.put_here, change.heard = step.put_here, True
        if not step.columns:
            return
        before = {column: change.columns[column] for column in step.columns}
        standing = store.STANDING_COLUMNS & step.columns.keys()
        change.columns.update(step.columns)
        change.columns["record_version"] += 1
        change.columns["standing_version"] += bool(standing)
        change.standing_columns |= standing
        self._versions.append(
            Version(
                driver_id, change.columns["record_version"], change.columns["standing_version"], source, before,
                dict(step.columns),
            )
        )  # fmt: skip
        if standing or kind is ChangeKind.ADDRESS:
            self._events.append((DriverId(driver_id), _event(kind, step, change.columns, before)))

    async def write(self, tx: Connection, actor: Actor, purpose: str, now: datetime) -> None:
        """Everything that was taken is written, with history, ledger, events and audit entries."""
        await store_letters.keep(tx, {i: c.put_here for i, c in self._changes.items() if c.heard})
        await store_feed.keep_last_said(
            tx, [(i, kind, at) for i, c in self._changes.items() for kind, at in c.newly_said.items()]
        )
        if self._older:
            older = [_passed_over(driver_id, said, actor, purpose, now) for driver_id, said in self._older]
            await audit.record_many(tx, older)
        if not self._versions and not any(change.moved for change in self._changes.values()):
            return
        rewritten = sorted({version.driver_id for version in self._versions})
        await store_feed.rewrite(tx, [self._changes[driver_id].columns for driver_id in rewritten], now)
        await store_feed.add_history(tx, self._versions, now)
        moved = {i: c.ledger for i, c in self._changes.items() if c.moved and c.ledger is not None}
        entries = [(i, entry, source) for i in moved for entry, source in self._changes[i].entries]
        await store_points.keep(tx, moved, entries, now)
        stood = [i for i in rewritten if self._changes[i].standing_columns]
        await outbox.put_many(tx, STANDING_CHANGED, [self._standing_event(i) for i in stood], now)
        await outbox.put_many(tx, REGISTER_CHANGED, self._events, now)
        told = [_entry(version, actor, purpose, now) for version in self._versions]
        told += [_entered(driver_id, number, actor, purpose, now) for driver_id, number in self._entered]
        await audit.record_many(tx, told)

    def _standing_event(self, driver_id: UUID) -> tuple[DriverId, dict[str, Any]]:
        change = self._changes[driver_id]
        body = {
            "standing_version": change.columns["standing_version"],
            "changed": sorted(change.standing_columns),
        }
        return DriverId(driver_id), body


def _event(
    kind: ChangeKind, step: Step, columns: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "kind": kind.value,
        "record_version": columns["record_version"],
        "standing_version": columns["standing_version"],
    }
    if kind is ChangeKind.POINTS:
        body |= {
            "points": columns["points"],
            "change": columns["points"] - before.get("points", columns["points"]),
        }
        if step.crossing is not None:
            body["full_mark"] = "reached" if step.crossing.reached else "left"
    elif kind is ChangeKind.STATUS:
        body["status"] = columns["status"]
    return body


def _entered(driver_id: UUID, number: int, actor: Actor, purpose: str, now: datetime) -> audit.Entry:
    whose = DriverId(driver_id)
    return audit.entry_of("points.entered", actor, whose, whose, purpose, {"entry": number}, now)


def _passed_over(driver_id: UUID, said: Said, actor: Actor, purpose: str, now: datetime) -> audit.Entry:
    whose = DriverId(driver_id)
    detail: audit.Detail = {"change": said.change.value, "sequence": said.sequence, "taken_as": "older"}
    return audit.entry_of("register-line.passed-over", actor, whose, whose, purpose, detail, now)


def _entry(version: Version, actor: Actor, purpose: str, now: datetime) -> audit.Entry:
    detail: audit.Detail = {
        "record_version": version.record_version,
        "standing_version": version.standing_version,
        "columns": sorted(version.after),
    }
    act = "record.changed" if store.STANDING_COLUMNS.isdisjoint(version.after) else "standing.changed"
    driver_id = DriverId(version.driver_id)
    return audit.entry_of(act, actor, driver_id, driver_id, purpose, detail, now)
