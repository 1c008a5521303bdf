"""The restore drill: write, back up, go on writing, restore elsewhere; everything acknowledged before the backup is there."""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from liangzheng import audit, drivers, licences
from liangzheng.cli import backup
from liangzheng.cli.fsck import check_all
from liangzheng.cli.restore import open_backup, restore_into
from liangzheng.drivers import StandingChange
from liangzheng.drivers.store_restored import RESTORE_STEP as STEP
from liangzheng.infra import epochs
from liangzheng.infra.postgres import Connection, Database
from liangzheng.infra.postgres.dump import MANIFEST, Manifest, dump
from liangzheng.infra.postgres.migrate import level
from liangzheng.infra.readiness import readiness
from liangzheng.infra.sealed_files import CHUNK, Sealer
from liangzheng.kernel.errors import Conflict, Invalid, Unavailable
from liangzheng.kernel.ids import CompanyId, StaffId
from liangzheng.kernel.status import Status
from liangzheng.relying.ask import says_of_many
from liangzheng.wiring import Part, wire
from liangzheng.worker.schedule import Schedule
from tests.api.phone import done, refused
from tests.licences.holders import Deployment, Holder

PASSPHRASE = b"a passphrase that is long enough"
CHANGED_BY_RESTORE = {"driver", "driver_change", "status_list", "session", "audit_entry", "restored"}


@pytest.fixture
async def holder(place: Deployment) -> Holder:
    """A driver with a licence on a phone; the register's index complete, every chain sealed and signed."""
    found = await place.holder()
    await place.open_city()
    await found.apply()
    assert await place.issue() == 1
    async with place.world.database.transaction() as tx:
        row = await tx.fetchrow("SELECT driver_id, file_number FROM driver")
        assert row is not None
        await tx.execute(
            "INSERT INTO key_index VALUES ($1, 3, $2)",
            place.wiring.key_index.hash(3, row["file_number"]),
            row["driver_id"],
        )
    await place.drain()
    await work(place, place.world.database)
    return found


async def work(place: Deployment, database: Database) -> None:
    """What the queue worker does by the clock: seal, sign, write files."""
    await Schedule(wire(place.wiring.settings, Part.QUEUE, database, place.clock)).run_due(place.now)


async def backed_up(place: Deployment, directory: Path, passphrase: bytes | None = None) -> Manifest:
    salt = secrets.token_bytes(16) if passphrase else None
    sealer = Sealer(passphrase, salt) if passphrase and salt else None
    return await dump(place.world.database, directory, uuid4(), place.now, sealer, salt)


async def contents(database: Database) -> dict[str, list[str]]:
    async with database.read() as tx:
        tables = [
            row["t"]
            for row in await tx.fetch(
                "SELECT relname AS t FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            )
        ]
        return {
            table: [r["row"] for r in await tx.fetch(f"SELECT t::text AS row FROM {table} AS t ORDER BY 1")]
            for table in tables
        }


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["in the clear", "sealed"])
async def test_everything_acknowledged_before_the_backup_is_there_and_fsck_is_clean(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path, passphrase: bytes | None
) -> None:
    before = await contents(place.world.database)
    manifest = await backed_up(place, tmp_path / "backup", passphrase)
    assert {each.table: each.rows for each in manifest.tables} == {
        t: len(rows) for t, rows in before.items() if t != "schema_migration"
    }
    # Life goes on; none of it is in the backup.
    await place.holder()
    opened, sealer = open_backup(tmp_path / "backup", passphrase)
    restored = await restore_into(empty_database, tmp_path / "backup", opened, sealer, place.now)
    after = await contents(empty_database)
    assert {t: rows for t, rows in after.items() if t not in CHANGED_BY_RESTORE | {"schema_migration"}} == {
        t: rows for t, rows in before.items() if t not in CHANGED_BY_RESTORE | {"schema_migration"}
    }
    assert len(after["audit_entry"]) == len(before["audit_entry"]) + 1
    assert (restored.epoch, restored.drivers) == (1, 1)
    await work(place, empty_database)
    report = await check_all(place.wiring.settings, empty_database)
    assert [str(fault) for fault in report.faults] == []
    licence = await licences_of(empty_database, holder)
    assert licence == (await holder.licence())["licence_id"]


async def licences_of(database: Database, holder: Holder) -> str:
    async with database.read() as tx:
        return str((await licences.licence_for(tx, holder.driver_id)).number.licence_id)


async def test_nothing_made_before_the_restore_counts_for_newer_than_what_comes_after(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    await backed_up(place, tmp_path / "backup")
    # Lost with the old database: the standing moved on, and a snapshot of it is on the phone.
    async with place.world.database.transaction() as tx:
        for letters in ("D", "A"):
            await drivers.change_standing(
                tx, holder.driver_id, StandingChange(status=Status.parse(letters)), "test", place.now
            )
        lost = (await drivers.standing(tx, holder.driver_id)).version
    opened, sealer = open_backup(tmp_path / "backup", None)
    await restore_into(empty_database, tmp_path / "backup", opened, sealer, place.now)
    async with empty_database.transaction() as tx:
        await drivers.change_standing(
            tx, holder.driver_id, StandingChange(status=Status.parse("D")), "test", place.now
        )
        assert (await drivers.standing(tx, holder.driver_id)).version > lost
        assert (await drivers.standing(tx, holder.driver_id)).version > STEP
        assert await tx.fetchval("SELECT count(*) FROM session WHERE ended_at IS NULL") == 0
        assert await tx.fetchval("SELECT min(version) FROM status_list") > STEP


async def test_what_was_logged_in_or_asked_for_before_the_backup_opens_nothing_after_the_restore(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    """A member of staff stopped, a company suspended or a code used since must not come back with its open door."""
    later, whole = place.now + timedelta(hours=1), bytes(32)
    async with place.world.database.transaction() as tx:
        officer, company = StaffId.new(), CompanyId.new()
        await tx.execute(
            "INSERT INTO staff VALUES ($1, $2, $2, 1, 'active', '100001', '样本警员', '样本大队')",
            officer.uuid,
            place.now,
        )
        await tx.execute(
            "INSERT INTO company VALUES ($1, '样本租车', '91350100M000100Y43', 'approved', 1, 60, 1000, NULL, 0, $2, $2)",
            company.uuid,
            place.now,
        )
        person = await tx.fetchval("SELECT person_id FROM person LIMIT 1")
        await tx.execute(
            "INSERT INTO staff_session VALUES ($4, gen_random_uuid(), $1, $1, $1, $2, NULL, $3)",
            place.now, later, whole, officer.uuid,
        )  # fmt: skip
        await tx.execute(
            "INSERT INTO company_token VALUES ($4, $3, '{employment}', $1, $2)",
            place.now,
            later,
            whole,
            company.uuid,
        )
        await tx.execute(
            "INSERT INTO staff_passkey_challenge VALUES ($1, $3, 'add', $2, NULL)",
            whole,
            later,
            officer.uuid,
        )
        await tx.execute(
            "INSERT INTO passkey_challenge VALUES ($1, $4, 'add', $2, NULL), "
            "(sha256($1), NULL, 'log-in', $2, $3)",
            whole, later, place.now - timedelta(seconds=5), person,
        )  # fmt: skip
        await tx.execute("INSERT INTO phone_key_challenge VALUES ($3, $1, $2)", whole, later, person)
        await tx.execute(
            "INSERT INTO one_time_code VALUES ($1, 'log-in', $3, $4, 0, $2, $1)",
            bytes(16), whole, place.now, later,
        )  # fmt: skip
    await backed_up(place, tmp_path / "backup")
    opened, sealer = open_backup(tmp_path / "backup", None)
    restored = await restore_into(empty_database, tmp_path / "backup", opened, sealer, place.now)
    assert restored.tokens == 1
    async with empty_database.read() as tx:
        alive = {
            "staff_session": "ended_at IS NULL",
            "session": "ended_at IS NULL",
            "company_token": "true",
            "staff_passkey_challenge": "used_at IS NULL",
            "passkey_challenge": "used_at IS NULL",
            "phone_key_challenge": "used_at IS NULL",
            "one_time_code": "true",
        }
        for table, open_still in alive.items():
            assert await tx.fetchval(f"SELECT count(*) FROM {table} WHERE {open_still}") == 0, table
        assert await tx.fetchval("SELECT count(*) FROM passkey_challenge") == 2, "what was used stays used"
        holders = await tx.fetchval("SELECT count(*) FROM session")
    assert restored.logins == holders + 1


async def test_until_the_register_was_read_again_nothing_of_a_standing_is_signed_or_told(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    other = await place.holder()
    await other.apply()
    await backed_up(place, tmp_path / "backup")
    opened, sealer = open_backup(tmp_path / "backup", None)
    await restore_into(empty_database, tmp_path / "backup", opened, sealer, place.now)
    after = wire(place.wiring.settings, Part.API, empty_database, place.clock)
    signer = after.status_signers.signing(None, place.now)

    async def told(tx: Connection) -> None:
        await licences.snapshot(tx, holder.driver_id, signer, after.lives, place.now)

    async def published(tx: Connection) -> None:
        list_id = await tx.fetchval("SELECT min(list_id) FROM status_list")
        await licences.StatusLists(empty_database, after.lives).published(list_id, signer, place.now)

    async def issued(tx: Connection) -> None:
        place.world.database, before = empty_database, place.world.database
        try:
            assert (await place.issuer().batch(place.now)).issued == 1
        finally:
            place.world.database = before

    async def answered(tx: Connection) -> None:
        assert holder.driver_id in await says_of_many(tx, [holder.driver_id])

    acts = (told, published, answered, issued)
    for act in acts:
        with pytest.raises(Unavailable, match="after a restore"):
            async with empty_database.transaction() as tx:
                await act(tx)
    assert not (await readiness(after)).standing_certain
    async with empty_database.transaction() as tx:
        await epochs.confirm(tx, "register", place.now)
    for act in acts:
        async with empty_database.transaction() as tx:
            await act(tx)
    assert (await readiness(after)).standing_certain
    after.passwords.close()


async def test_an_outside_verifier_is_told_of_the_restore_and_finds_nothing_else(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    await backed_up(place, tmp_path / "backup")
    await place.holder()
    place.clock.advance(60)
    await work(place, place.world.database)  # a checkpoint of what is about to be lost
    kept = audit.read_files(place.wiring.settings.checkpoints)
    assert len(kept) == 2
    opened, sealer = open_backup(tmp_path / "backup", None)
    await restore_into(empty_database, tmp_path / "backup", opened, sealer, place.now)
    assert await epochs.current(empty_database) == 1
    place.clock.advance(60)
    await work(place, empty_database)
    async with audit.stored(empty_database) as record:
        verdict = await audit.verify(record, place.wiring.trust(), kept)
    assert verdict.discoveries == []
    assert any("epoch 1 was restored" in notice for notice in verdict.notices)


# --- what is wrong with a backup ------------------------------------------------------------------------


async def refused_and_empty(
    database: Database, directory: Path, failure: type[Exception], said: str, passphrase: bytes | None = None
) -> None:
    """It is refused in these words, and the database is as empty as before: a good backup still goes in."""
    with pytest.raises(failure, match=said):
        opened, sealer = open_backup(directory, passphrase)
        await restore_into(database, directory, opened, sealer, opened.at)
    assert [table for table, rows in (await contents(database)).items() if rows] == []


def changed(manifest: Path, **more: object) -> None:
    whole = json.loads(manifest.read_text())
    whole["manifest"] |= more
    manifest.write_text(json.dumps(whole))


async def test_whoever_seals_their_backups_is_given_no_other(
    place: Deployment, empty_database: Database, tmp_path: Path
) -> None:
    await backed_up(place, tmp_path / "backup")
    await refused_and_empty(empty_database, tmp_path / "backup", Invalid, "is not sealed", PASSPHRASE)


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE], ids=["in the clear", "sealed"])
async def test_the_files_are_their_owner_s_alone_whatever_directory_they_lie_in(
    place: Deployment, tmp_path: Path, passphrase: bytes | None
) -> None:
    directory = tmp_path / "open to all"
    directory.mkdir(mode=0o755)
    await backed_up(place, directory, passphrase)
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}


def test_an_empty_passphrase_is_refused_and_no_word_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LZ_DATA_DIR", str(tmp_path / "data"))
    empty = tmp_path / "empty"
    empty.write_text("\n")
    said = CliRunner().invoke(backup.app, [str(tmp_path / "backup"), "--passphrase-file", str(empty)])
    assert isinstance(said.exception, Invalid) and said.exception.place == "passphrase"
    assert not (tmp_path / "backup").exists()


async def test_a_damaged_or_missing_file_is_named_and_nothing_is_restored(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    await backed_up(place, directory)
    path = directory / "licence.copy.gz"
    good = path.read_bytes()
    for bad in (good[:-1], good + b"\0", good[:30] + bytes([good[30] ^ 1]) + good[31:], b""):
        path.write_bytes(bad)
        await refused_and_empty(empty_database, directory, Invalid, r"licence\.copy\.gz")
    path.unlink()
    await refused_and_empty(empty_database, directory, Invalid, r"licence\.copy\.gz.*missing")
    path.write_bytes(good)
    manifest = directory / MANIFEST
    text = manifest.read_text()
    for bad_text in (text[:-10], "{}", "[]", ""):
        manifest.write_text(bad_text)
        await refused_and_empty(empty_database, directory, Invalid, "manifest")
    manifest.unlink()
    await refused_and_empty(empty_database, directory, Invalid, "whole backup")
    manifest.write_text(text)
    opened, sealer = open_backup(directory, None)
    assert (await restore_into(empty_database, directory, opened, sealer, place.now)).epoch == 1


async def test_a_manifest_that_counts_otherwise_is_refused_and_the_database_stays_empty(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    made = await backed_up(place, directory)
    tables = [vars_of(replace(each, rows=each.rows + (each.table == "licence"))) for each in made.tables]
    changed(directory / MANIFEST, tables=tables)
    await refused_and_empty(empty_database, directory, Invalid, "rows, and not")
    assert await level(empty_database) == 0
    changed(directory / MANIFEST, tables=[vars_of(each) for each in made.tables if each.table != "blob"])
    await refused_and_empty(empty_database, directory, Invalid, "every table")
    outside = [vars_of(replace(each, file="../" + each.file)) for each in made.tables]
    changed(directory / MANIFEST, tables=outside)
    await refused_and_empty(empty_database, directory, Invalid, "missing")


def rewritten(directory: Path, made: Manifest, table: str, rows: int, body: Callable[[bytes], bytes]) -> None:
    """The table's file holds `body` of its rows (as COPY writes them: head of 19 octets, rows, end of 2), and the manifest
    says so."""
    path = directory / f"{table}.copy.gz"
    copied = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(copied[:19] + body(copied[19:-2]) + copied[-2:]))
    octets = path.read_bytes()
    new = {"rows": rows, "octets": len(octets), "sha256": hashlib.sha256(octets).hexdigest()}
    tables = [vars_of(replace(each, **new) if each.table == table else each) for each in made.tables]
    changed(directory / MANIFEST, tables=tables)


async def test_rows_that_break_what_binds_them_are_refused_by_the_constraint_s_name(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    def twice(rows: bytes) -> bytes:
        # A second live licence of the same driver: count of columns, then length and octets of driver_id, of id, …
        assert rows[2:6] == rows[22:26] == (16).to_bytes(4, "big")
        return rows + rows[:41] + bytes([rows[41] ^ 1]) + rows[42:]

    for name, table, rows, body in (
        ("none", "person", 0, lambda rows: b""),
        ("same", "licence", 2, lambda rows: rows + rows),
        ("two", "licence", 2, twice),
    ):
        directory = tmp_path / name
        rewritten(directory, await backed_up(place, directory), table, rows, body)
    await refused_and_empty(empty_database, tmp_path / "none", Invalid, "_fkey.*holds for every row")
    await refused_and_empty(empty_database, tmp_path / "same", Conflict, "licence_pkey")
    await refused_and_empty(empty_database, tmp_path / "two", Conflict, "licence_live")


def vars_of(each: object) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(each)  # type: ignore[call-overload,no-any-return]


async def test_a_newer_schema_or_another_history_is_refused(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    made = await backed_up(place, directory)
    changed(directory / MANIFEST, migrations=made.migrations | {"9999": "00" * 32})
    await refused_and_empty(empty_database, directory, Unavailable, "newer version")
    changed(directory / MANIFEST, migrations=made.migrations | {"1": "00" * 32})
    await refused_and_empty(empty_database, directory, Unavailable, "0001")
    changed(directory / MANIFEST, format="LZ-BACKUP-9")
    await refused_and_empty(empty_database, directory, Invalid, "format")


async def test_nothing_is_ever_written_over(
    place: Deployment, holder: Holder, database: Database, tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    await backed_up(place, directory)
    with pytest.raises(Conflict, match="not empty"):
        await backed_up(place, directory)
    before = await contents(database)
    opened, sealer = open_backup(directory, None)
    with pytest.raises(Conflict, match="not empty"):
        await restore_into(database, directory, opened, sealer, place.now)
    assert await contents(database) == before


async def test_what_a_killed_restore_left_is_cleared_by_the_next(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    await backed_up(place, directory)
    async with empty_database.transaction() as tx:
        await tx.execute("COMMENT ON SCHEMA public IS 'liangzheng: being restored'")
        await tx.execute("CREATE TABLE half (a int)")
    opened, sealer = open_backup(directory, None)
    await restore_into(empty_database, directory, opened, sealer, place.now)
    assert "half" not in await contents(empty_database)
    with pytest.raises(Conflict):
        await restore_into(empty_database, directory, opened, sealer, place.now)


async def test_a_sealed_backup_shows_nothing_and_opens_with_its_passphrase_only(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    directory = tmp_path / "backup"
    await backed_up(place, directory, PASSPHRASE)
    assert not list(directory.glob("*.plain"))
    for path in directory.glob("*.copy.gz"):
        assert path.read_bytes()[:2] != b"\x1f\x8b"
    await refused_and_empty(empty_database, directory, Invalid, "must be given")
    await refused_and_empty(empty_database, directory, Invalid, "right one", b"another long passphrase")
    changed(directory / MANIFEST, made_at="2026-11-20T02:00:01+00:00")
    await refused_and_empty(empty_database, directory, Invalid, "as it was sealed", PASSPHRASE)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5])
def test_chunks_open_again_and_no_cut_or_swap_does(size: int) -> None:
    sealer = Sealer(PASSPHRASE, bytes(16))
    octets = secrets.token_bytes(size)
    sealed = b"".join(sealer.seal("a", [octets[:7], octets[7:]]))
    assert b"".join(sealer.open("a", [sealed[:11], sealed[11:]])) == octets
    whole = CHUNK + 16
    wrong = [
        sealed[:-1],
        sealed + b"\0",
        sealed[whole:],
        sealed[: whole * 2],
        sealed[whole : 2 * whole] + sealed[:whole],
    ]
    for bad in wrong:
        if bad != sealed:
            with pytest.raises(Invalid):
                b"".join(sealer.open("a", [bad]))
    with pytest.raises(Invalid):
        b"".join(sealer.open("b", [sealed]))


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(Invalid):
        Sealer(b"short", bytes(16))


async def test_a_login_of_before_the_backup_is_over_after_the_restore(
    place: Deployment, holder: Holder, empty_database: Database, tmp_path: Path
) -> None:
    await backed_up(place, tmp_path / "backup")
    done(await holder.phone.get("/holder/account"), 200)
    opened, sealer = open_backup(tmp_path / "backup", None)
    await restore_into(empty_database, tmp_path / "backup", opened, sealer, place.now)
    app = holder.phone.client._transport.app  # type: ignore[attr-defined]
    app.state.wiring = replace(place.wiring, database=empty_database)
    place.clock.advance(timedelta(seconds=1).total_seconds())
    refused(await holder.phone.get("/holder/account"), 401, "not-authenticated")
