"""The act of importing a register file: every good row is in the register, every bad one in the rejects file.

Each chunk is one transaction: its rows, their numbers in the key index, events, and how far the run has come.
So a crash at any point leaves whole chunks, and the same command goes on after the last of them. Running a
file again changes nothing.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from liangzheng import audit
from liangzheng.audit import Actor
from liangzheng.drivers import store, store_letters
from liangzheng.drivers.chunk import Chunk, together, values_of
from liangzheng.drivers.columns import SQL_COLUMNS
from liangzheng.drivers.lines import RegisterFile, Start
from liangzheng.drivers.merge import Register, decide_rows
from liangzheng.drivers.portraits import PhotoRules, import_pack
from liangzheng.drivers.reading import Task, chunks
from liangzheng.drivers.rejects import RejectsFile, rejects_beside
from liangzheng.drivers.restate import restate
from liangzheng.drivers.split import split_header
from liangzheng.drivers.store import Change, Run, Taken
from liangzheng.infra import keyindex, outbox
from liangzheng.infra.keyindex import KeyIndex, Kind
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Invalid, Unavailable
from liangzheng.kernel.ids import DriverId, ImportId
from liangzheng.kernel.time import Clock

STANDING_CHANGED: Final = "standing.changed"
"""Topic of the event a new standing version leaves: subject DriverId, body {standing_version, changed:
[column]}."""

_ROWS_A_TRANSACTION: Final = range(5_000, 40_000)
"""At least and at most. Larger ones meet the pages of the index less often, but while the first is read nothing is
written, and while the last is written nothing is read: those are small."""

_PORTRAITS_REMEMBERED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `octets` of `octets_total` are of the file on disk (packed, when it is)."""

    octets: int
    octets_total: int
    lines: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a run did, over all its parts when it was resumed. `warnings`: rule → rows."""

    import_id: ImportId
    encoding: str
    resumed_after_line: int
    lines: int
    fresh: int
    changed: int
    unchanged: int
    rejected: int
    warnings: Mapping[str, int]
    rejects_file: Path | None
    portraits_added: int = 0
    portraits_refused: tuple[Invalid, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """`rejects_file`: by default beside the file. `anew`: forget an unfinished run over the same file.
    `portraits`: a pack."""

    encoding: str | None = None
    rejects_file: Path | None = None
    portraits: Path | None = None
    anew: bool = False
    as_of: datetime | None = None
    """When the file was drawn; by default when it was last written. A standing changed here since then stays. Where it is said,
    a line of a feed that happened before it is older than the file: when a file was written says little of what it knows."""
    photos: PhotoRules = field(default_factory=PhotoRules)
    """What a picture of the pack must be."""
    actor: Actor = Actor("operator")  # noqa: RUF009 (frozen)
    """Who is on record for it."""


async def import_register(
    database: Database,
    keys: KeyIndex,
    path: Path,
    clock: Clock,
    options: ImportOptions = ImportOptions(),
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> ImportReport:
    """The file is in the register. Raises Invalid for a file that is no register, before anything is
    imported; Conflict when another import runs; Unavailable when file or database cannot be read on: the same
    call then goes on where it stopped.
    """
    # 1. The file is a register, in an encoding that is read.
    rejects_path = options.rejects_file or rejects_beside(path)
    size, encoding = await asyncio.to_thread(_looked_at, path, rejects_path, options.encoding)
    async with database.read() as lock:
        # 2. One import at a time.
        if not await store.hold_import_lock(lock):
            raise Conflict("another import is running on this database")
        # 3. Pictures first, so that rows find theirs.
        pack = await import_pack(database, options.portraits, options.photos) if options.portraits else None
        # 4. From the beginning, or after the last chunk of a run that was stopped.
        begun = await _run(database, path, encoding, size, options, clock.now())
        rejects = RejectsFile(rejects_path, begun.rejects_bytes)
        importer = _Importer(database, keys, begun, rejects, clock, options.as_of or _written_at(path))
        # 5. Chunk by chunk.
        try:
            async with chunks(Task(path, encoding, begun.start, begun.number, clock.now())) as coming:
                async for chunk in _batches(coming, begun.start.lines, size):
                    await importer.write(chunk)
                    on_progress(Progress(chunk.packed_position, size, chunk.lines_done, importer.run.counts))
        finally:
            rejects.close()
        # 6. Finished.
        run = importer.run
        await _finish(database, run, importer.as_of, options.actor, clock.now())
    if not run.counts["rejected"]:
        rejects_path.unlink(missing_ok=True)
    return ImportReport(
        run.import_id, encoding, begun.start.lines, run.start.lines, **run.counts, warnings=run.warnings,
        rejects_file=rejects_path if run.counts["rejected"] else None,
        portraits_added=pack.added if pack else 0, portraits_refused=pack.refused if pack else (),
    )  # fmt: skip


def _written_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _looked_at(path: Path, rejects_path: Path, encoding: str | None) -> tuple[int, str]:
    if rejects_path.resolve() == path.resolve():
        raise Invalid("rejects file", "another file than the one that is imported")
    with RegisterFile(path, encoding) as file:
        split_header(file.header())
        return file.size, file.encoding


async def _run(
    database: Database, path: Path, encoding: str, size: int, options: ImportOptions, now: datetime
) -> Run:
    async with database.read() as connection:
        stopped = await store.unfinished(connection, size)
    for run in stopped:
        if run.encoding != encoding or not await asyncio.to_thread(_continues, path, encoding, run.start):
            continue
        if not options.anew:
            return run
        async with database.transaction() as tx:
            await store.end(tx, run.import_id, "abandoned", now)
    async with database.transaction() as tx:
        # A file's name need not be text.
        name = os.fsencode(path.name).decode("utf-8", "replace")
        return await store.begin(tx, name, size, encoding, options.as_of, now)


def _continues(path: Path, encoding: str, start: Start) -> bool:
    with RegisterFile(path, encoding) as file:
        try:
            file.skip_to(start)
        except Conflict:
            return False
    return True


async def _batches(coming: AsyncIterator[Chunk], lines_before: int, size: int) -> AsyncIterator[Chunk]:
    """Chunks put together to what one transaction writes.

    What was read before the file could not be read on is passed on first.
    """
    waiting: list[Chunk] = []
    trouble: Unavailable | None = None
    lines_written = lines_before
    try:
        async for chunk in coming:
            waiting.append(chunk)
            # Rejects count as well, or a file of nothing else would be kept until its end.
            rows = sum(len(chunk.lines) + len(chunk.rejects) for chunk in waiting)
            if rows >= rows_a_transaction(lines_written - lines_before, chunk, size):
                yield together(waiting)
                lines_written = chunk.lines_done
                waiting.clear()
    except Unavailable as unavailable:
        trouble = unavailable
    if waiting:
        yield together(waiting)
    if trouble is not None:
        raise trouble


def rows_a_transaction(written: int, last: Chunk, size: int) -> int:
    """As many as this run has `written`, and half of what seems to be left of a file of `size` octets, within limits."""
    left = last.lines_done * max(0, size - last.packed_position) // max(1, last.packed_position)
    return max(_ROWS_A_TRANSACTION.start, min(_ROWS_A_TRANSACTION.stop, written, left // 2))


async def _finish(database: Database, run: Run, as_of: datetime, actor: Actor, now: datetime) -> None:
    async with database.transaction() as tx:
        await store.end(tx, run.import_id, "finished", now, as_of)
        await audit.record(
            tx, act="register.imported", actor=actor, subject=run.import_id, purpose="register import",
            detail=dict(run.counts), now=now,
        )  # fmt: skip


@dataclass(slots=True)
class _Importer:
    """Writes the chunks of one run. `hopeful`: the chunk before met nobody known, so the next is tried
    without asking."""

    database: Database
    keys: KeyIndex
    run: Run
    rejects: RejectsFile
    clock: Clock
    as_of: datetime
    hopeful: bool = True
    portraits_met: set[bytes] = field(default_factory=set)

    async def write(self, chunk: Chunk) -> None:
        """The chunk is in the register and the run stands after it; or nothing has changed and it raises."""
        before, length = self.run, self.rejects.length
        counts, warnings = Counter(before.counts), Counter(before.warnings)
        warnings.update(chunk.doubts)
        identities, files = self._hashes(chunk)
        now = self.clock.now()
        try:
            async with self.database.transaction() as tx:
                warnings["portrait-missing"] += await self._missing_portraits(tx, chunk)
                if self.hopeful and await self._added_at_once(tx, chunk, identities, files):
                    counts["fresh"] += len(chunk.rows)
                else:
                    await self._merged(tx, chunk, identities, files, counts, warnings, now)
                rejected = sorted(chunk.rejects, key=lambda reject: reject.line)
                self.rejects.add(rejected)
                counts["rejected"] += len(rejected)
                self.run = Run(
                    before.import_id, before.number, before.file_name, before.file_bytes, before.encoding,
                    Start(chunk.lines_done, chunk.position, chunk.prefix_hash), self.rejects.length,
                    dict(counts), {rule: rows for rule, rows in warnings.items() if rows},
                )  # fmt: skip
                await store.move(tx, self.run, now)
        except BaseException:
            self.run = before
            self.rejects.back_to(length)
            raise

    def _hashes(self, chunk: Chunk) -> tuple[list[bytes], list[bytes]]:
        identity, file = self.keys.hasher(Kind.IDENTITY_NUMBER), self.keys.hasher(Kind.FILE_NUMBER)
        return list(map(identity, chunk.identities)), list(map(file, chunk.files))

    async def _added_at_once(
        self, tx: Connection, chunk: Chunk, identities: list[bytes], files: list[bytes]
    ) -> bool:
        """Whether all rows are new and written now. A number met twice in the chunk stops the copy as one met
        before does."""
        try:
            await store.add_all(tx, chunk.rows, identities, files)
        except Taken:
            return False
        return True

    async def _merged(
        self,
        tx: Connection,
        chunk: Chunk,
        identities: list[bytes],
        files: list[bytes],
        counts: Counter[str],
        warnings: Counter[str],
        now: datetime,
    ) -> None:
        """Row by row: new ones added, changed ones changed, the others counted or refused."""
        # 1. What the register has.
        owners = await keyindex.find_many(tx, Kind.IDENTITY_NUMBER, identities)
        file_owners = await keyindex.find_many(tx, Kind.FILE_NUMBER, files)
        records = await store.known(tx, list(owners.values()))
        seen = await store.seen(tx, self.run.import_id, list(owners))
        register = Register(owners, file_owners, records, seen)
        merge = decide_rows(chunk, identities, files, register, self.run.number)
        # 2. New ones.
        columns = (chunk.rows, identities, files)
        await store.add_all(tx, *([column[place] for place in merge.fresh] for column in columns))
        # 3. Changed ones.
        same = await self._changed(tx, chunk, merge.changed, warnings, now)
        unchanged = merge.unchanged + same
        # 4. What is the same leaves no trace in the record, only for as long as this run needs it.
        await store.note_seen(
            tx, self.run.import_id, {identities[place]: chunk.lines[place] for place in unchanged}
        )
        counts.update(
            fresh=len(merge.fresh), changed=len(merge.changed) - len(same), unchanged=len(unchanged)
        )
        chunk.rejects.extend(merge.rejects)
        self.hopeful = not owners and not file_owners

    async def _changed(
        self, tx: Connection, chunk: Chunk, changed: Mapping[int, Any], warnings: Counter[str], now: datetime
    ) -> list[int]:
        """Those records become what the file says; returns the places where that is what they were already.

        A standing that was changed here after the file was drawn stays: an older file never lifts a suspension.
        """
        held = await store.columns_held(tx, list(changed.values()))
        newer_here = await store.standing_made_here_since(tx, list(held), self.as_of)
        changes: list[tuple[Change, Mapping[str, Any]]] = []
        same: list[int] = []
        said: dict[UUID, str] = {}
        for place, driver_id in changed.items():
            row, values = held[driver_id], values_of(chunk.rows[place])
            if driver_id not in newer_here:
                said[driver_id] = str(values["status"])
            differ = [column for column in SQL_COLUMNS if row[column] != values[column]]
            stays = store.STANDING_COLUMNS.intersection(differ) if driver_id in newer_here else frozenset()
            if stays:
                warnings["standing-newer-here"] += 1
                # Not what the file says, so no later file is taken for unchanged.
                values |= {column: row[column] for column in stays} | {"row_hash": bytes(16)}
                differ = [column for column in differ if column not in stays]
            if not differ:
                same.append(place)
                continue
            change = Change(
                driver_id, row["record_version"], row["standing_version"],
                {column: row[column] for column in differ}, {column: values[column] for column in differ},
            )  # fmt: skip
            stamp = {"import_number": self.run.number, "import_line": chunk.lines[place]}
            changes.append((change, {**values, **stamp}))
        await self._renumbered(tx, [change for change, _ in changes])
        source = f"{store.IMPORT_SOURCE}{self.run.import_id}"
        await store.rewrite_all(tx, changes, source, now)
        totals = {
            change.driver_id: change.after["points"] for change, _ in changes if "points" in change.after
        }
        await restate(tx, totals, source, now)
        await store_letters.hear(tx, said)
        await outbox.put_many(
            tx,
            STANDING_CHANGED,
            [standing_event(change) for change, _ in changes if change.changes_standing],
            now,
        )
        return same

    async def _renumbered(self, tx: Connection, changes: list[Change]) -> None:
        """File numbers that changed have their new owner in the index. (Identity numbers are how a record is
        found.)"""
        for change in changes:
            if "file_number" not in change.after:
                continue
            old, new = (
                self.keys.hash(Kind.FILE_NUMBER, side["file_number"])
                for side in (change.before, change.after)
            )
            await keyindex.release(tx, Kind.FILE_NUMBER, old, change.driver_id)
            await keyindex.claim(tx, Kind.FILE_NUMBER, new, change.driver_id)

    async def _missing_portraits(self, tx: Connection, chunk: Chunk) -> int:
        """How many pictures the chunk names that are not kept; each is counted once a run."""
        asked = {bytes.fromhex(name.decode()) for name in chunk.portraits - self.portraits_met}
        if not asked:
            return 0
        if len(self.portraits_met) > _PORTRAITS_REMEMBERED:
            self.portraits_met.clear()
        self.portraits_met |= chunk.portraits
        return len(await store.missing_portraits(tx, list(asked)))


def standing_event(change: Change, told_by: str | None = None) -> tuple[DriverId, dict[str, Any]]:
    """What others are told of a new standing: which version, and which columns made it; and the topic of the event by which
    the driver hears of it, where that is another."""
    changed = sorted(store.STANDING_COLUMNS & change.after.keys())
    body = {"standing_version": change.new_standing_version, "changed": changed}
    return DriverId(change.driver_id), body | ({"told_by": told_by} if told_by else {})
