"""Recording, sealing and checking on a real database; every tampering is done as the superuser, straight in
the tables."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from liangzheng import audit
from liangzheng.audit import Actor, Fault, FaultKind, store
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.ids import AuditId, DriverId, Id, LicenceId, VerifierId

ACTOR = Actor("verifier", VerifierId.new())


async def record(
    database: Database,
    now: datetime,
    driver: DriverId | None = None,
    subject: Id | None = None,
    number: int = 0,
) -> AuditId:
    async with database.transaction() as tx:
        return await audit.record(
            tx,
            act="code.verified",
            actor=ACTOR,
            subject=subject or LicenceId.new(),
            driver_id=driver,
            purpose="test",
            detail={"number": number, "zh": "路检", "list": [1, 2]},
            now=now,
        )


async def sealed(
    database: Database, now: datetime, batches: int = 3, each: int = 3
) -> tuple[DriverId, list[AuditId]]:
    """One driver's chain of `batches` links with `each` entries."""
    driver, ids = DriverId.new(), []
    for batch in range(batches):
        for number in range(each):
            ids.append(await record(database, now + timedelta(seconds=batch), driver, number=number))
        await audit.seal(database, now + timedelta(seconds=batch))
    assert await audit.check(database) == []
    return driver, ids


async def tamper(database: Database, statement: str, *values: object) -> None:
    async with database.transaction() as tx:
        changed = await tx.execute(statement, *values)
    assert not changed.endswith(" 0"), "the tampering itself did nothing"


async def test_what_was_recorded_and_sealed_has_no_fault(database: Database, now: datetime) -> None:
    drivers = [DriverId.new() for _ in range(20)]
    for driver in drivers * 3:
        await record(database, now, driver)
    assert await audit.seal(database, now) == 60
    assert await audit.seal(database, now) == 0
    assert await audit.check(database) == []


async def test_an_entry_is_part_of_the_act_s_transaction(database: Database, now: datetime) -> None:
    async def fail_afterwards() -> None:
        async with database.transaction() as tx:
            await audit.record(tx, act="a.b", actor=Actor("system"), purpose="test", now=now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail_afterwards()
    assert await audit.seal(database, now) == 0


async def test_entries_about_a_driver_are_found_by_the_driver_newest_first(
    database: Database, now: datetime
) -> None:
    driver, ids = await sealed(database, now)
    async with database.read() as tx:
        entries = await audit.about(tx, driver.uuid, "code.verified", limit=5)
    assert [entry.id for entry in entries] == ids[:-6:-1]
    assert entries[0].detail == {"number": 2, "zh": "路检", "list": [1, 2]}


async def test_a_link_is_at_most_as_long_as_asked(database: Database, now: datetime) -> None:
    driver = DriverId.new()
    for _ in range(5):
        await record(database, now, driver)
    assert await audit.seal(database, now, link_size=2) == 5
    async with database.read() as tx:
        assert [head.seq for head in await audit.heads(tx) if head.seq] == [3]
    assert await audit.check(database) == []


@pytest.mark.parametrize("entries_at_once", [1, 4, 6])
@pytest.mark.parametrize("links_at_once", [1, 2, 100])
async def test_a_long_chain_is_read_in_parts_and_no_link_is_left_out(
    database: Database,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    entries_at_once: int,
    links_at_once: int,
) -> None:
    driver, ids = await sealed(database, now, batches=5, each=3)
    monkeypatch.setattr(store, "_ENTRIES_AT_ONCE", entries_at_once)
    monkeypatch.setattr(store, "_LINKS_AT_ONCE", links_at_once)
    async with database.read() as tx:
        read = [(batch.seq, set(found)) async for batch, found in store.links(tx, driver.bucket)]
    assert read == [(seq, {each.uuid for each in ids[3 * seq - 3 : 3 * seq]}) for seq in range(1, 6)]


# --- tampering ----------------------------------------------------------------------------------------

EDITS = [
    "UPDATE audit_entry SET purpose = 'other' WHERE id = $1",
    "UPDATE audit_entry SET act = 'code.seen' WHERE id = $1",
    "UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE id = $1",
    "UPDATE audit_entry SET actor_kind = 'staff' WHERE id = $1",
    "UPDATE audit_entry SET actor = NULL WHERE id = $1",
    "UPDATE audit_entry SET subject = gen_random_uuid() WHERE id = $1",
    "UPDATE audit_entry SET subject_kind = 'drv' WHERE id = $1",
    "UPDATE audit_entry SET detail = detail || '{\"number\": 9}' WHERE id = $1",
    "UPDATE audit_entry SET detail = detail - 'zh' WHERE id = $1",
    "UPDATE audit_entry SET scope = gen_random_uuid() WHERE id = $1",
]


@pytest.mark.parametrize("statement", EDITS)
async def test_an_edited_entry_is_named(database: Database, now: datetime, statement: str) -> None:
    _, ids = await sealed(database, now)
    await tamper(database, statement, ids[4].uuid)
    faults = await audit.check(database)
    assert (faults[0].kind, faults[0].entry, faults[0].seq) == (FaultKind.ENTRY_CHANGED, ids[4], 2)
    assert len(faults) == 1


async def test_a_deleted_entry_is_named(database: Database, now: datetime) -> None:
    _, ids = await sealed(database, now)
    await tamper(database, "DELETE FROM audit_entry WHERE id = $1", ids[4].uuid)
    assert [(f.kind, f.entry) for f in await audit.check(database)] == [(FaultKind.ENTRY_MISSING, ids[4])]


async def test_two_swapped_entries_are_both_named_the_first_first(database: Database, now: datetime) -> None:
    _, ids = await sealed(database, now)
    await tamper(
        database,
        "UPDATE audit_entry AS e SET detail = o.detail, subject = o.subject FROM audit_entry AS o "
        "WHERE (e.id, o.id) IN (($1, $2), ($2, $1))",
        ids[3].uuid, ids[7].uuid,
    )  # fmt: skip
    assert [f.entry for f in await audit.check(database)] == [ids[3], ids[7]]


async def test_a_slipped_in_entry_is_named(database: Database, now: datetime) -> None:
    driver, _ = await sealed(database, now)
    extra = await record(database, now, driver)
    await tamper(database, "UPDATE audit_entry SET batch_seq = 2 WHERE id = $1", extra.uuid)
    assert [(f.kind, f.entry, f.seq) for f in await audit.check(database)] == [
        (FaultKind.ENTRY_ADDED, extra, 2)
    ]


async def test_an_entry_moved_to_another_link_is_missed_and_found(database: Database, now: datetime) -> None:
    _, ids = await sealed(database, now)
    await tamper(database, "UPDATE audit_entry SET batch_seq = 3 WHERE id = $1", ids[0].uuid)
    kinds = [(f.kind, f.entry) for f in await audit.check(database)]
    assert kinds == [(FaultKind.ENTRY_MISSING, ids[0]), (FaultKind.ENTRY_ADDED, ids[0])]


async def test_a_deleted_link_in_the_middle_is_named(database: Database, now: datetime) -> None:
    driver, _ = await sealed(database, now)
    await tamper(database, "DELETE FROM audit_entry WHERE batch_seq = 2")
    await tamper(database, "DELETE FROM audit_batch WHERE seq = 2")
    assert await audit.check(database) == [Fault(FaultKind.BATCH_MISSING, driver.bucket, 2)]


async def test_a_link_and_its_entries_cut_off_the_end_are_seen_by_the_head(
    database: Database, now: datetime
) -> None:
    driver, _ = await sealed(database, now)
    await tamper(database, "DELETE FROM audit_entry WHERE batch_seq = 3")
    await tamper(database, "DELETE FROM audit_batch WHERE seq = 3")
    assert await audit.check(database) == [Fault(FaultKind.CHAIN_CUT, driver.bucket, 3)]


async def test_a_cut_that_also_rewrites_the_head_is_seen_only_against_a_head_kept_elsewhere(
    database: Database, now: datetime
) -> None:
    driver, _ = await sealed(database, now)
    async with database.read() as tx:
        kept = await audit.heads(tx)
    await tamper(database, "DELETE FROM audit_entry WHERE batch_seq = 3")
    await tamper(database, "DELETE FROM audit_batch WHERE seq = 3")
    await tamper(
        database,
        "UPDATE audit_head AS h SET seq = 2, hash = b.hash FROM audit_batch AS b "
        "WHERE b.bucket = h.bucket AND b.seq = 2",
    )
    assert await audit.check(database) == []  # without signed checkpoints kept elsewhere this cannot be seen
    assert await audit.check(database, known=kept) == [Fault(FaultKind.CHAIN_CUT, driver.bucket, 3)]


async def test_entries_that_name_links_beyond_the_end_are_named(database: Database, now: datetime) -> None:
    _, ids = await sealed(database, now)
    await tamper(database, "DELETE FROM audit_batch WHERE seq = 3")
    faults = await audit.check(database)
    assert [(f.kind, f.entry) for f in faults[:3]] == [(FaultKind.ENTRY_ADDED, entry) for entry in ids[6:]]
    assert faults[3].kind is FaultKind.CHAIN_CUT


async def test_a_changed_link_is_named_once_and_not_again_at_each_that_follows(
    database: Database, now: datetime
) -> None:
    driver, _ = await sealed(database, now)
    await tamper(database, "UPDATE audit_batch SET sealed_at = sealed_at + interval '1 hour' WHERE seq = 2")
    assert await audit.check(database) == [Fault(FaultKind.BATCH_CHANGED, driver.bucket, 2)]


async def test_a_lost_head_is_named(database: Database, now: datetime) -> None:
    driver, _ = await sealed(database, now)
    await tamper(database, "DELETE FROM audit_head WHERE bucket = $1", driver.bucket)
    assert await audit.check(database) == [Fault(FaultKind.HEAD_CHANGED, driver.bucket, 3)]


async def test_tampering_before_sealing_is_beyond_the_chain_and_is_said_so(
    database: Database, now: datetime
) -> None:
    """The limit stated in decision 0005: until it is sealed, about a second, an entry is not protected."""
    await record(database, now)
    await tamper(database, "DELETE FROM audit_entry")
    await audit.seal(database, now)
    assert await audit.check(database) == []


# --- concurrency --------------------------------------------------------------------------------------


async def test_an_entry_committed_late_is_sealed_in_a_later_link(database: Database, now: datetime) -> None:
    driver = DriverId.new()
    async with database.transaction() as slow:
        early = await audit.record(
            slow, act="a.b", actor=Actor("system"), driver_id=driver, purpose="test", now=now
        )
        late = await record(database, now, driver)
        assert early < late
        assert await audit.seal(database, now) == 1
    assert await audit.seal(database, now) == 1
    assert await audit.check(database) == []
    async with database.read() as tx:
        rows = await tx.fetch("SELECT id, batch_seq FROM audit_entry ORDER BY id")
    assert [(row["id"], row["batch_seq"]) for row in rows] == [(early.uuid, 2), (late.uuid, 1)]


async def test_sealers_beside_writers_seal_every_entry_exactly_once(
    database: Database, now: datetime
) -> None:
    drivers = [DriverId.new() for _ in range(4)]
    done = asyncio.Event()

    async def write() -> None:
        for number in range(40):
            await record(database, now, drivers[number % 4])

    async def keep_sealing() -> int:
        count = 0
        while not done.is_set():
            count += await audit.seal(database, now, link_size=3)
        return count

    sealers = [asyncio.create_task(keep_sealing()) for _ in range(2)]
    await asyncio.gather(write(), write())
    done.set()
    counts = [await sealer for sealer in sealers]
    assert sum(counts) + await audit.seal(database, now) == 80
    assert await audit.check(database) == []


async def test_without_holding_the_head_two_sealers_would_collide(database: Database, now: datetime) -> None:
    """Negative control: the same link made twice is refused by the table, so a sealer that forgot the lock
    cannot fork a chain."""
    driver = DriverId.new()
    await record(database, now, driver)
    await audit.seal(database, now)

    async def copy_link(tx: Connection) -> None:
        await tx.execute("INSERT INTO audit_batch SELECT * FROM audit_batch WHERE bucket = $1", driver.bucket)

    with pytest.raises(Exception, match="already exists"):
        async with database.transaction() as tx:
            await copy_link(tx)


async def test_check_reads_one_snapshot_while_sealing_goes_on(database: Database, now: datetime) -> None:
    driver = DriverId.new()
    done = asyncio.Event()

    async def keep_writing() -> None:
        while not done.is_set():
            await record(database, now, driver)
            await audit.seal(database, now)

    writer = asyncio.create_task(keep_writing())
    for _ in range(10):
        assert await audit.check(database) == []
    done.set()
    await writer
