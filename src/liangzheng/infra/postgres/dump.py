"""The whole database in files and back: every table by COPY, all of one snapshot, with a manifest of counts and hashes.

Works against any server, ours or the operator's, and across its major versions. A file is COPY's binary format,
gzip, sealed if a passphrase was given; its SHA-256 in the manifest is over the octets as they lie on disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from liangzheng.infra.keys_file import write_whole
from liangzheng.infra.postgres.connection import Connection
from liangzheng.infra.postgres.migrate import Migration, bring_up, ours
from liangzheng.infra.postgres.pool import Database
from liangzheng.infra.postgres.unbound import side_by_side, unbound
from liangzheng.infra.sealed_files import Sealer
from liangzheng.kernel.errors import Conflict, Invalid, Unavailable

FORMAT: Final = "LZ-BACKUP-1"
MANIFEST: Final = "manifest.json"
_READ: Final = 1 << 20
_DAY_S: Final = 86400.0
_OWN: Final = "schema_migration"
_BEING_RESTORED: Final = "liangzheng: being restored"


@dataclass(frozen=True, slots=True)
class TableFile:
    """One table: how many rows, and the file that holds them."""

    table: str
    rows: int
    columns: list[str]
    file: str
    octets: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of. Migrations by number and SHA-256: the schema it fits."""

    format: str
    id: str
    made_at: str
    migrations: dict[str, str]
    salt: str | None
    tables: list[TableFile] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    """Marks of the keys it belongs to (infra/keys_file.py::marks), never the keys."""

    @property
    def backup_id(self) -> UUID:
        return UUID(self.id)

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.made_at)


Progress = Callable[[int, int], None]
"""Told how many of how many tables are done."""


# -- out -------------------------------------------------------------------------------------------------


async def dump(
    database: Database, directory: Path, backup_id: UUID, now: datetime, sealer: Sealer | None, salt: bytes | None,
    progress: Progress = lambda done, of: None, keys: Mapping[str, str] | None = None,
) -> Manifest:  # fmt: skip
    """Every table is in `directory`, as of one moment. The manifest is written last: without it there is no backup.

    Raises Conflict when something is in the directory already.
    """
    _make_room(directory)
    files: list[TableFile] = []
    async with database.snapshot() as tx:
        await tx.execute("SET LOCAL statement_timeout = 0")
        await tx.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        applied = await tx.fetch("SELECT number, sha256 FROM schema_migration ORDER BY number")
        tables = await _tables(tx)
        for number, table in enumerate(tables):
            files.append(await _dump_table(tx, directory, table, sealer))
            progress(number + 1, len(tables))
    migrations = {str(row["number"]): bytes(row["sha256"]).hex() for row in applied}
    manifest = Manifest(
        FORMAT,
        str(backup_id),
        now.isoformat(),
        migrations,
        salt.hex() if salt else None,
        files,
        dict(keys or {}),
    )
    _write_manifest(directory, manifest, sealer)
    return manifest


def _make_room(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise Conflict(f"{directory} is not empty: a backup is never written over anything")


async def _dump_table(tx: Connection, directory: Path, table: str, sealer: Sealer | None) -> TableFile:
    columns = await _columns(tx, table)
    path = directory / f"{table}.copy.gz"
    listed = ", ".join(columns)
    digest, size = hashlib.sha256(), 0
    # COPY hands out pieces when it likes; the sealer asks for them when it likes: a plain file is between the two.
    plain = path.with_suffix(".plain") if sealer else path
    with _private(plain) as out:
        squeeze = zlib.compressobj(1, wbits=31)

        async def take(piece: bytes) -> None:
            out.write(squeeze.compress(piece))

        said = await tx.copy_from_query(
            f"SELECT {listed} FROM {table}", output=take, format="binary", timeout=_DAY_S
        )
        out.write(squeeze.flush())
    if sealer is not None:
        with _private(path) as out:
            for piece in sealer.seal(path.name, _pieces(plain)):
                out.write(piece)
        plain.unlink()
    for piece in _pieces(path):
        digest.update(piece)
        size += len(piece)
    return TableFile(table, int(said.split()[-1]), columns, path.name, size, digest.hexdigest())


def _private(path: Path) -> BinaryIO:
    """A new file for its owner alone: the directory was made by somebody else, if it was there before."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _write_manifest(directory: Path, manifest: Manifest, sealer: Sealer | None) -> None:
    said = json.dumps(asdict(manifest), sort_keys=True)
    mac = sealer.mac(said.encode()) if sealer else None
    write_whole(
        directory / MANIFEST, json.dumps({"manifest": json.loads(said), "mac": mac}, indent=1).encode()
    )


# -- in --------------------------------------------------------------------------------------------------


def read_manifest(directory: Path, unseal: Callable[[bytes], Sealer]) -> tuple[Manifest, Sealer | None]:
    """The manifest; `unseal` makes the sealer for its salt when the backup is sealed. Raises Invalid."""
    try:
        whole = json.loads((directory / MANIFEST).read_bytes())
        said, mac = whole["manifest"], whole["mac"]
        manifest = Manifest(**said | {"tables": [TableFile(**each) for each in said["tables"]]})
    except FileNotFoundError:
        raise Invalid(str(directory), f"this is no whole backup: there is no {MANIFEST} in it") from None
    except (ValueError, KeyError, TypeError):
        raise Invalid(str(directory / MANIFEST), "is a manifest") from None
    if manifest.format != FORMAT:
        raise Invalid(str(directory / MANIFEST), f"is of format {FORMAT}")
    if manifest.salt is None:
        return manifest, None
    sealer = unseal(bytes.fromhex(manifest.salt))
    if sealer.mac(json.dumps(said, sort_keys=True).encode()) != mac:
        raise Invalid(str(directory / MANIFEST), "is as it was sealed, and the passphrase is the right one")
    return manifest, sealer


def check_files(directory: Path, manifest: Manifest, progress: Progress = lambda done, of: None) -> None:
    """Raises Invalid naming the first file that is missing or not as it was written."""
    for number, each in enumerate(manifest.tables):
        path = directory / each.file
        if path.parent != directory or not path.is_file():
            raise Invalid(str(path), "is part of the backup: it is missing")
        digest = hashlib.sha256()
        for piece in _pieces(path):
            digest.update(piece)
        if path.stat().st_size != each.octets or digest.hexdigest() != each.sha256:
            raise Invalid(str(path), "has the size and SHA-256 of the manifest: it was damaged")
        progress(number + 1, len(manifest.tables))


def migrations_of(manifest: Manifest) -> list[Migration]:
    """Ours, as far as the backup has them. Raises Unavailable when it is newer than this code, or of another history."""
    known = {migration.number: migration for migration in ours()}
    found = []
    for number, sha256 in sorted((int(number), sha256) for number, sha256 in manifest.migrations.items()):
        migration = known.get(number)
        if migration is None:
            raise Unavailable(
                f"the backup has migration {number:04d}, which this code does not: use the newer version"
            )
        if migration.sha256.hex() != sha256:
            raise Unavailable(f"migration {number:04d} of the backup is another than this code's")
        found.append(migration)
    return found


async def load(
    database: Database,
    directory: Path,
    manifest: Manifest,
    sealer: Sealer | None,
    progress: Progress = lambda done, of: None,
) -> None:
    """The tables are as they were, and the schema is this code's. Raises Conflict unless the database is empty.

    Whatever goes wrong, the database is empty again; what a killed restore left is cleared by the next.
    """
    migrations = migrations_of(manifest)
    check_files(directory, manifest)
    await _demand_empty(database)
    try:
        await bring_up(database, migrations)
        await _fill(database, directory, manifest, sealer, progress)
        await bring_up(database)
    except BaseException:
        with suppress(Exception):
            await _clear(database)
        raise


async def finish(tx: Connection) -> None:
    """The restore is whole, with whatever else `tx` did."""
    await tx.execute("COMMENT ON SCHEMA public IS NULL")


async def _demand_empty(database: Database) -> None:
    async with database.read() as connection:
        comment = await connection.fetchval("SELECT obj_description('public'::regnamespace, 'pg_namespace')")
        count = await connection.fetchval(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        )
    if comment == _BEING_RESTORED:
        await _clear(database)
    elif count:
        raise Conflict(
            "the database is not empty: a backup is restored into an empty one, never over another"
        )
    async with database.transaction() as tx:
        await tx.execute(f"COMMENT ON SCHEMA public IS '{_BEING_RESTORED}'")


async def _clear(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute("DROP SCHEMA public CASCADE")
        await tx.execute("CREATE SCHEMA public")


async def _fill(
    database: Database, directory: Path, manifest: Manifest, sealer: Sealer | None, progress: Progress
) -> None:
    async with database.read() as connection:
        columns = {table: await _columns(connection, table) for table in await _tables(connection)}
    if set(columns) != {each.table for each in manifest.tables}:
        raise Invalid(MANIFEST, "names every table of its schema and no other")
    for each in manifest.tables:
        if each.columns != columns[each.table]:
            raise Invalid(MANIFEST, f"has the columns of {each.table}")
    done = 0

    async def fill(each: TableFile) -> None:
        nonlocal done
        async with database.transaction() as tx:
            await tx.execute("SET LOCAL statement_timeout = 0")
            # Some migrations put rows into what they make; and only what this transaction emptied is filled frozen.
            await tx.execute(f"TRUNCATE {each.table}")
            said = await tx.copy_to_table(
                each.table,
                source=_unpacked(directory / each.file, sealer),
                columns=each.columns,
                format="binary",
                freeze=True,
                timeout=_DAY_S,
            )
        rows = int(said.split()[-1])
        if rows != each.rows:
            raise Invalid(each.file, f"has {each.rows} rows, and not {rows}")
        done += 1
        progress(done, len(columns))

    async with unbound(database):
        # The large ones first: the last to end should be a small one.
        await side_by_side(fill, sorted(manifest.tables, key=lambda each: -each.octets))


async def _unpacked(path: Path, sealer: Sealer | None) -> AsyncIterator[bytes]:
    pieces: Iterable[bytes] = _pieces(path) if sealer is None else sealer.open(path.name, _pieces(path))
    unpack = zlib.decompressobj(wbits=31)
    for piece in pieces:
        octets = unpack.decompress(piece)
        if octets:
            yield octets
    rest = unpack.flush()
    if rest:
        yield rest


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_READ):
            yield piece


async def _tables(tx: Connection) -> list[str]:
    rows = await tx.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> $1 "
        "ORDER BY relname",
        _OWN,
    )
    return [row["relname"] for row in rows]


async def _columns(tx: Connection, table: str) -> list[str]:
    rows = await tx.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attgenerated = '' ORDER BY attnum",
        table,
    )
    return [row["attname"] for row in rows]
