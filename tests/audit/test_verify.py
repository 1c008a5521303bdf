"""The outside verifier finds what a superuser did to the record, by the checkpoints that were signed before."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from liangzheng import audit
from liangzheng.audit import records, store
from liangzheng.audit.chain import START, link_after
from liangzheng.audit.checkpoint import NOTHING_BEFORE, sign
from liangzheng.audit.model import Entry, Head
from liangzheng.audit.verify import Verdict
from liangzheng.infra.postgres import Connection, Database
from liangzheng.kernel.errors import Conflict, Invalid, NotVerified
from liangzheng.kernel.ids import AuditId, DriverId
from liangzheng.standards import x509
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.trust import TrustBundle, TrustEntry, sign_trust_bundle
from liangzheng.standards.x509 import Role
from tests.conftest import NOW

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Keys:
    audit: SoftwareSigner
    status: SoftwareSigner
    trust: TrustBundle


@cache
def keys(alg: Alg = Alg.ES256, number: int = 0) -> Keys:
    start, end = NOW - DAY, NOW + 30 * DAY
    root, own, status = (SoftwareSigner.generate(alg) for _ in range(3))
    der = x509.make_root(root, organisation="Test", not_before=start, not_after=end)
    entries = []
    for key, role in ((own, Role.AUDIT), (status, Role.STATUS)):
        leaf = x509.make_signer(der, root, key.public_key, role, name="CN", not_before=start, not_after=end)
        entries.append(TrustEntry(role, None, leaf, int(start.timestamp()), int(end.timestamp())))
    octets = sign_trust_bundle(1, int(start.timestamp()), der, entries, root)
    return Keys(own, status, TrustBundle.load(octets, root.public_key))


@dataclass
class Recorded:
    """A record of several buckets, rounds and checkpoints; `kept` are the checkpoints that were copied elsewhere."""

    database: Database
    kept: dict[str, bytes]

    @asynccontextmanager
    async def tampered(self) -> AsyncIterator[Connection]:
        """A superuser's transaction; undone at the end, so that every tampering meets the same record."""
        async with self.database.statement() as connection:
            transaction = connection.transaction()  # type: ignore[var-annotated]
            await transaction.start()  # type: ignore[attr-defined]
            try:
                yield connection
            finally:
                await transaction.rollback()  # type: ignore[attr-defined]


async def write(
    database: Database, drivers: list[DriverId], count: int, now: datetime, random_: random.Random
) -> None:
    async with database.transaction() as tx:
        for number in range(count):
            await audit.record(
                tx, act="licence.viewed", actor=audit.Actor("staff", DriverId.new()), purpose=f"case {number}", now=now,
                driver_id=random_.choice(drivers), detail={"count": number, "codes": ["a", "b"], "name": None, "yes": True},
            )  # fmt: skip
    await audit.seal(database, now, link_size=3)


async def checkpoint(database: Database, now: datetime, epoch: int = 0) -> bytes:
    made = await audit.checkpoint(database, keys().audit, epoch, now)
    assert made is not None
    return made.octets


@pytest.fixture
async def recorded(database: Database) -> Recorded:
    random_ = random.Random(6)
    drivers = [DriverId.new() for _ in range(7)]
    kept = {}
    for number in range(4):
        now = NOW + timedelta(minutes=number)
        await write(database, drivers, 25, now, random_)
        kept[f"{number}"] = await checkpoint(database, now)
    return Recorded(database, kept)


async def judged(tx: Connection, kept: dict[str, bytes] | None) -> Verdict:
    return await audit.verify(records._Stored(tx), keys().trust, kept)


async def test_a_record_nobody_touched_is_whole(recorded: Recorded) -> None:
    for kept in (None, {}, recorded.kept, {"0": recorded.kept["0"]}):
        async with audit.stored(recorded.database) as record:
            verdict = await audit.verify(record, keys().trust, kept)
        assert verdict.discoveries == []
        assert (verdict.entries, verdict.checkpoints) == (100, 4)
        assert bool(verdict.notices) is (not kept)


async def test_what_was_not_sealed_yet_is_no_fault(recorded: Recorded) -> None:
    async with recorded.database.transaction() as tx:
        await audit.record(tx, act="a.b", actor=audit.Actor("system"), purpose="x", now=NOW)
    async with audit.stored(recorded.database) as record:
        assert (await audit.verify(record, keys().trust, recorded.kept)).discoveries == []


# --- tamperings ---------------------------------------------------------------------------------------

Tampering = Callable[[Connection, random.Random], Awaitable[UUID | None]]
"""What a superuser does; gives the entry that must be named, when it is one."""


async def _an_entry(tx: Connection, random_: random.Random) -> UUID:
    ids = [
        row["id"]
        for row in await tx.fetch("SELECT id FROM audit_entry WHERE batch_seq IS NOT NULL ORDER BY id")
    ]
    return random_.choice(ids)


async def edit(tx: Connection, random_: random.Random) -> UUID:
    entry = await _an_entry(tx, random_)
    change = random_.choice(
        [
            "purpose = purpose || '.'", "at = at + interval '1 microsecond'", "act = 'licence.seen'", "actor_kind = 'person'",
            "actor = NULL", "detail = detail || '{\"count\": -1}'", "subject_kind = 'lic', subject = id", "detail = '{}'",
        ]
    )  # fmt: skip
    await tx.execute(f"UPDATE audit_entry SET {change} WHERE id = $1", entry)
    return entry


async def delete(tx: Connection, random_: random.Random) -> UUID:
    entry = await _an_entry(tx, random_)
    await tx.execute("DELETE FROM audit_entry WHERE id = $1", entry)
    return entry


async def hide(tx: Connection, random_: random.Random) -> UUID:
    """Unsealed again: the sealer would put it into a later link."""
    entry = await _an_entry(tx, random_)
    await tx.execute("UPDATE audit_entry SET batch_seq = NULL WHERE id = $1", entry)
    return entry


async def swap(tx: Connection, random_: random.Random) -> UUID:
    one, other = await _an_entry(tx, random_), await _an_entry(tx, random_)
    while one == other:
        other = await _an_entry(tx, random_)
    await tx.execute(
        "UPDATE audit_entry AS a SET actor = b.actor, purpose = b.purpose || '' FROM audit_entry AS b "
        "WHERE (a.id, b.id) IN (($1, $2), ($2, $1))",
        one, other,
    )  # fmt: skip
    return one


async def slip_in(tx: Connection, random_: random.Random) -> UUID:
    entry, made = await _an_entry(tx, random_), AuditId.new().uuid
    await tx.execute(
        "INSERT INTO audit_entry SELECT scope, $2, bucket, at, act, actor_kind, actor, subject_kind, subject, purpose, detail, "
        "batch_seq + $3 FROM audit_entry WHERE id = $1",
        entry, made, random_.choice([0, 1000]),
    )  # fmt: skip
    return made


async def reorder(tx: Connection, random_: random.Random) -> None:
    rows = await tx.fetch(
        "SELECT bucket, seq, entries FROM audit_batch WHERE cardinality(entries) > 1 ORDER BY bucket, seq"
    )
    row = random_.choice(rows)
    await tx.execute(
        "UPDATE audit_batch SET entries = $3 WHERE bucket = $1 AND seq = $2",
        row["bucket"],
        row["seq"],
        row["entries"][::-1],
    )


async def drop_link(tx: Connection, random_: random.Random) -> None:
    rows = await tx.fetch("SELECT bucket, seq FROM audit_batch ORDER BY bucket, seq")
    row = random_.choice(rows)
    await tx.execute("DELETE FROM audit_batch WHERE bucket = $1 AND seq = $2", row["bucket"], row["seq"])
    if random_.random() < 0.5:
        await tx.execute(
            "DELETE FROM audit_entry WHERE bucket = $1 AND batch_seq = $2", row["bucket"], row["seq"]
        )


async def _cut(tx: Connection, bucket: int, seq: int) -> None:
    """The chain ends after `seq`, its head says so, nothing is left of what came later."""
    await tx.execute("DELETE FROM audit_entry WHERE bucket = $1 AND batch_seq > $2", bucket, seq)
    await tx.execute("DELETE FROM audit_batch WHERE bucket = $1 AND seq > $2", bucket, seq)
    hash_ = await tx.fetchval("SELECT hash FROM audit_batch WHERE bucket = $1 AND seq = $2", bucket, seq)
    await tx.execute(
        "UPDATE audit_head SET seq = $2, hash = $3 WHERE bucket = $1", bucket, seq, hash_ or START
    )


async def cut(tx: Connection, random_: random.Random) -> None:
    rows = await tx.fetch("SELECT bucket, seq FROM audit_head WHERE seq > 0 ORDER BY bucket")
    row = random_.choice(rows)
    await _cut(tx, row["bucket"], random_.randrange(row["seq"]))
    if random_.random() < 0.5:
        await tx.execute("DELETE FROM audit_checkpoint WHERE number > $1", random_.randrange(4))


async def drop_stream(tx: Connection, random_: random.Random) -> None:
    """One chain from its first entry on, with its head, as if nobody had ever done anything there."""
    rows = await tx.fetch("SELECT bucket FROM audit_head WHERE seq > 0 ORDER BY bucket")
    bucket = random_.choice(rows)["bucket"]
    await _cut(tx, bucket, 0)
    if random_.random() < 0.5:
        await tx.execute("DELETE FROM audit_head WHERE bucket = $1", bucket)


async def rewrite(tx: Connection, random_: random.Random) -> None:
    """One entry is changed and every hash from there to the head made again, as our own sealer would."""
    rows = await tx.fetch("SELECT bucket, seq FROM audit_batch ORDER BY bucket, seq")
    row = random_.choice(rows)
    bucket, seq = row["bucket"], row["seq"]
    links = await store.batches_after(tx, bucket, 0, 1000)
    found = await store.sealed_between(tx, bucket, 0, links[-1].seq)
    head = Head(bucket, seq - 1, links[seq - 2].hash if seq > 1 else START)
    for link in links[seq - 1 :]:
        entries: list[Entry] = [found[link.seq][each] for each in link.entries]
        if link.seq == seq:
            entries[0] = replace(entries[0], purpose="nothing to see")
            await tx.execute(
                "UPDATE audit_entry SET purpose = 'nothing to see' WHERE id = $1", entries[0].id.uuid
            )
        made = link_after(head, entries, link.sealed_at)
        await tx.execute(
            "UPDATE audit_batch SET leaves = $3, prev_hash = $4, hash = $5 WHERE bucket = $1 AND seq = $2",
            bucket, made.seq, made.leaves, made.prev_hash, made.hash,
        )  # fmt: skip
        head = Head(bucket, made.seq, made.hash)
    await tx.execute("UPDATE audit_head SET hash = $2 WHERE bucket = $1", bucket, head.hash)
    if random_.random() < 0.5:
        await tx.execute("DELETE FROM audit_checkpoint")


async def older_database(tx: Connection, random_: random.Random) -> None:
    """Everything is as it was at one of the earlier checkpoints: an old copy in the place of the database."""
    number = random_.randrange(4)
    (octets,) = [
        row["octets"]
        for row in await tx.fetch("SELECT octets FROM audit_checkpoint WHERE number = $1", max(number, 1))
    ]
    heads = audit.opened(octets, keys().trust).checkpoint.heads
    for head in heads:
        await _cut(tx, head.bucket, head.seq if number else 0)
    await tx.execute("DELETE FROM audit_checkpoint WHERE number > $1", number)


async def forge_checkpoint(tx: Connection, random_: random.Random) -> None:
    """Signed by a key that is no audit signer's: a stranger's, or the status signer's."""
    row = await tx.fetchrow("SELECT octets FROM audit_checkpoint ORDER BY number DESC LIMIT 1")
    assert row is not None
    said = audit.opened(row["octets"], keys().trust).checkpoint
    signer = random_.choice([keys().status, keys(Alg.ES256, 1).audit, keys(Alg.SM2).audit])
    forged = sign(replace(said, number=5, before=NOTHING_BEFORE), signer).octets
    await tx.execute("INSERT INTO audit_checkpoint VALUES (0, 5, now(), $2, $1)", forged, bytes(32))


async def damage_checkpoint(tx: Connection, random_: random.Random) -> None:
    await tx.execute(
        "UPDATE audit_checkpoint SET octets = set_byte(octets, $1, get_byte(octets, $1) # 1) WHERE number = $2",
        random_.randrange(2000), random_.randrange(1, 5),
    )  # fmt: skip


async def drop_checkpoint(tx: Connection, random_: random.Random) -> None:
    await tx.execute("DELETE FROM audit_checkpoint WHERE number = $1", random_.randrange(1, 5))


TAMPERINGS: list[Tampering] = [
    edit, delete, hide, swap, slip_in, reorder, drop_link, cut, drop_stream, rewrite, older_database, forge_checkpoint,
    damage_checkpoint, drop_checkpoint,
]  # fmt: skip
EACH = 6


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda each: each.__name__)
async def test_every_tampering_is_found_wherever_it_was_done(
    recorded: Recorded, tampering: Tampering
) -> None:
    for seed in range(EACH):
        random_ = random.Random(f"{tampering.__name__} {seed}")
        async with recorded.tampered() as tx:
            bad = await tampering(tx, random_)
            verdict = await judged(tx, recorded.kept)
        assert verdict.discoveries, f"seed {seed}"
        if bad is not None:
            assert bad in {each.entry.uuid for each in verdict.discoveries if each.entry}, (
                f"seed {seed}: {verdict.discoveries}"
            )


@pytest.mark.parametrize("tampering", [cut, rewrite, older_database], ids=lambda each: each.__name__)
async def test_without_checkpoints_kept_elsewhere_a_record_rewritten_with_its_own_is_not_found(
    recorded: Recorded, tampering: Tampering
) -> None:
    """The control: it is the kept checkpoints that find these."""
    async with recorded.tampered() as tx:
        await tampering(tx, random.Random(1))
        await tx.execute("DELETE FROM audit_checkpoint")
        verdict = await judged(tx, None)
        assert verdict.discoveries == []
        assert "is not found" in verdict.notices[0]
        assert (await judged(tx, recorded.kept)).discoveries


async def test_a_chain_made_anew_is_named_with_the_links_between_two_checkpoints(recorded: Recorded) -> None:
    async with recorded.tampered() as tx:
        await rewrite(tx, random.Random(3))
        verdict = await judged(tx, recorded.kept)
    assert {each.what for each in verdict.discoveries} == {"record rewritten"}
    assert "are not those checkpoint 0-" in verdict.discoveries[0].where


# --- checkpoints ----------------------------------------------------------------------------------------


async def test_nothing_new_makes_no_checkpoint(recorded: Recorded) -> None:
    assert await audit.checkpoint(recorded.database, keys().audit, 0, NOW) is None


async def test_checkpoints_follow_one_another(recorded: Recorded) -> None:
    opened = [audit.opened(octets, keys().trust) for octets in recorded.kept.values()]
    assert [each.checkpoint.number for each in opened] == [1, 2, 3, 4]
    assert [each.checkpoint.before for each in opened] == [
        NOTHING_BEFORE,
        *(each.digest for each in opened[:-1]),
    ]


async def test_two_workers_at_once_make_one(recorded: Recorded) -> None:
    await write(recorded.database, [DriverId.new()], 1, NOW, random.Random(1))
    async with recorded.database.transaction() as tx:
        last = await store.last_checkpoint(tx)
        assert last is not None
        await store.add_checkpoint(tx, 0, last.number + 1, NOW, b"another's", bytes(32))
    with pytest.raises(Conflict):
        async with recorded.database.transaction(store.CONSTRAINTS) as tx:
            await store.add_checkpoint(tx, 0, last.number + 1, NOW, b"mine", bytes(32))


@pytest.mark.parametrize("alg", list(Alg))
def test_a_checkpoint_is_taken_from_an_audit_signer_in_its_time_and_nobody_else(alg: Alg) -> None:
    said = audit.Checkpoint(0, 1, NOW, NOTHING_BEFORE, tuple(Head(n, 0, START) for n in range(64)))
    made = keys(alg)
    assert audit.opened(sign(said, made.audit).octets, made.trust).checkpoint == said
    for octets in (
        sign(said, made.status).octets,
        sign(replace(said, made_at=NOW - 2 * DAY), made.audit).octets,
        sign(replace(said, made_at=NOW + 40 * DAY), made.audit).octets,
        sign(replace(said, heads=said.heads[1:]), made.audit).octets,
        sign(replace(said, heads=said.heads[::-1]), made.audit).octets,
        sign(replace(said, number=0), made.audit).octets,
        sign(said, made.audit).octets + b"\0",
        b"",
    ):
        with pytest.raises(NotVerified):
            audit.opened(octets, made.trust)


async def test_what_files_lack_is_written_and_what_they_have_is_left(
    recorded: Recorded, tmp_path: Path
) -> None:
    assert await audit.write_files(recorded.database, tmp_path) == 4
    assert await audit.write_files(recorded.database, tmp_path) == 0
    assert sorted(audit.read_files(tmp_path).values()) == sorted(recorded.kept.values())
    newest = max(tmp_path.rglob("*.checkpoint"))
    newest.unlink()
    assert await audit.write_files(recorded.database, tmp_path) == 1


async def test_a_restore_told_by_its_epoch_is_a_notice_and_a_silent_one_a_fault(recorded: Recorded) -> None:
    async with recorded.database.transaction() as tx:
        for head in audit.opened(recorded.kept["1"], keys().trust).checkpoint.heads:
            await _cut(tx, head.bucket, head.seq)
        await tx.execute("DELETE FROM audit_checkpoint WHERE number > 2")
    async with audit.stored(recorded.database) as record:
        assert (await audit.verify(record, keys().trust, recorded.kept)).discoveries
    await write(recorded.database, [DriverId.new()], 2, NOW, random.Random(2))
    await checkpoint(recorded.database, NOW + timedelta(minutes=9), epoch=1)
    async with audit.stored(recorded.database) as record:
        verdict = await audit.verify(record, keys().trust, recorded.kept)
    assert verdict.discoveries == []
    assert any("epoch 1 was restored" in notice and "0-3 to 0-4" in notice for notice in verdict.notices)


# --- export -----------------------------------------------------------------------------------------------


async def test_an_export_is_judged_like_the_database(recorded: Recorded, tmp_path: Path) -> None:
    path = tmp_path / "record.gz"
    assert await audit.export(recorded.database, path, NOW) == 100
    verdict = await audit.verify(audit.Exported(path), keys().trust, recorded.kept)
    assert (verdict.discoveries, verdict.entries, verdict.checkpoints) == ([], 100, 4)


@pytest.mark.parametrize(
    "tampering", [edit, delete, slip_in, cut, rewrite, older_database], ids=lambda each: each.__name__
)
async def test_an_export_of_a_record_that_was_tampered_with_is_found_too(
    recorded: Recorded, tmp_path: Path, tampering: Tampering
) -> None:
    async with recorded.database.transaction() as tx:
        bad = await tampering(tx, random.Random(5))
    path = tmp_path / "record.gz"
    await audit.export(recorded.database, path, NOW)
    verdict = await audit.verify(audit.Exported(path), keys().trust, recorded.kept)
    assert verdict.discoveries
    if bad is not None:
        assert bad in {each.entry.uuid for each in verdict.discoveries if each.entry}


async def test_a_file_that_is_no_whole_export_is_refused(recorded: Recorded, tmp_path: Path) -> None:
    path = tmp_path / "record.gz"
    await audit.export(recorded.database, path, NOW)
    whole = path.read_bytes()
    for octets in (whole[:-20], whole[: len(whole) // 2], b"", b"nonsense", b'{"a": 1}'):
        path.write_bytes(octets)
        with pytest.raises(Invalid):
            await audit.verify(audit.Exported(path), keys().trust, recorded.kept)
    with pytest.raises(Invalid):
        await audit.verify(audit.Exported(tmp_path / "nowhere"), keys().trust, recorded.kept)


def _changed(path: Path, change: Callable[[list[list[Any]]], list[list[Any]]]) -> None:
    """An export whose lines somebody changed, still whole as a file."""
    with gzip.open(path, "rt", encoding="utf-8") as text:
        lines = [json.loads(line) for line in text]
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(line) + "\n" for line in change(lines))


def _without(bucket: int) -> Callable[[list[list[Any]]], list[list[Any]]]:
    def change(lines: list[list[Any]]) -> list[list[Any]]:
        kept, inside = [], False
        for line in lines:
            inside = line[1] == bucket if line[0] == "chain" else inside and line[0] != "end"
            if not inside:
                kept.append(line)
        return kept

    return change


@pytest.mark.parametrize("empty", [False, True], ids=["a chain with entries", "a chain with none"])
async def test_a_whole_chain_left_out_of_an_export_is_found(
    recorded: Recorded, tmp_path: Path, empty: bool
) -> None:
    path = tmp_path / "record.gz"
    await audit.export(recorded.database, path, NOW)
    async with recorded.database.read() as tx:
        found = await tx.fetchval("SELECT min(bucket) FROM audit_head WHERE (seq = 0) = $1", empty)
    _changed(path, _without(found))
    for kept in (recorded.kept, None):
        verdict = await audit.verify(audit.Exported(path), keys().trust, kept)
        [only] = verdict.discoveries
        assert only.what == "chain cut"
        assert only.where.startswith(f"bucket {found} is not in the record")
        assert ("were signed" in only.where) is not empty


async def test_a_chain_told_twice_is_found(recorded: Recorded, tmp_path: Path) -> None:
    path = tmp_path / "record.gz"
    await audit.export(recorded.database, path, NOW)
    _changed(
        path, lambda lines: [*lines[:-1], *[line for line in lines if line[:2] == ["chain", 63]], lines[-1]]
    )
    verdict = await audit.verify(audit.Exported(path), keys().trust, recorded.kept)
    assert any("bucket 63 is in the record twice" in each.where for each in verdict.discoveries)


@pytest.mark.parametrize(
    ("kind", "line"),
    [("checkpoint", ["checkpoint", "no base64"]), ("chain", ["chain", "one", 0, None]), ("chain", ["chain", 0]),
     ("batch", ["entry", 1]), ("batch", ["batch", 1]), ("entry", ["entry", "zz"])],
)  # fmt: skip
async def test_a_line_that_is_none_of_the_format_is_refused_and_nothing_breaks(
    recorded: Recorded, tmp_path: Path, kind: str, line: list[Any]
) -> None:
    path = tmp_path / "record.gz"
    await audit.export(recorded.database, path, NOW)
    _changed(path, lambda lines: [line if each[0] == kind else each for each in lines])
    with pytest.raises(Invalid):
        await audit.verify(audit.Exported(path), keys().trust, recorded.kept)


async def test_a_kept_checkpoint_cut_short_is_named_and_one_that_is_gone_is_missing(
    recorded: Recorded, tmp_path: Path
) -> None:
    kept = recorded.kept | {"2": recorded.kept["2"][:-7]}
    async with audit.stored(recorded.database) as record:
        found = (await audit.verify(record, keys().trust, kept)).discoveries
    assert [(each.what, each.where.partition(":")[0]) for each in found] == [("checkpoint forged", "2")]
    async with recorded.tampered() as tx:
        await tx.execute("DELETE FROM audit_checkpoint WHERE number = 2")
        found = (await judged(tx, {"0": recorded.kept["0"]})).discoveries
    assert [(each.what, each.where) for each in found] == [("checkpoint missing", "0-2")]


# --- fsck's part: the checkpoints without the walk -----------------------------------------------------------


async def test_fsck_compares_chains_with_checkpoints_without_walking_them(recorded: Recorded) -> None:
    assert await audit.check_checkpoints(recorded.database, keys().trust, recorded.kept) == []
    async with recorded.database.transaction() as tx:
        await rewrite(tx, random.Random(4))
    found = await audit.check_checkpoints(recorded.database, keys().trust, recorded.kept)
    assert "record rewritten" in {each.what for each in found}
