"""`./lz restore`: a backup into an empty data directory; checked before, migrated after, and of a new epoch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from liangzheng import accounts, audit, drivers, licences, relying, staff
from liangzheng.cli.backup import read_passphrase
from liangzheng.cli.fsck import Report, check_all
from liangzheng.cli.main import run
from liangzheng.cli.progress import counting
from liangzheng.infra import epochs
from liangzheng.infra.keys_file import marks
from liangzheng.infra.postgres import Database
from liangzheng.infra.postgres.dump import Manifest, check_files, finish, load, migrations_of, read_manifest
from liangzheng.infra.postgres.params import ConnectParams
from liangzheng.infra.postgres.provider import served
from liangzheng.infra.sealed_files import Sealer
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Conflict, Failure, Invalid
from liangzheng.kernel.time import SystemClock
from liangzheng.wiring import key_dirs

app = typer.Typer()


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore brought back, and what it changed on purpose."""

    manifest: Manifest
    epoch: int
    drivers: int
    logins: int
    tokens: int


@app.command()
def restore(
    directory: Annotated[Path, typer.Argument(help="What `./lz backup` wrote.", file_okay=False)],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="The passphrase it was sealed with.", dir_okay=False)
    ] = None,
    check_only: Annotated[
        bool, typer.Option("--check", help="Check the files against the manifest, restore nothing.")
    ] = False,
) -> None:
    """Into an empty database only. Raises standing and list versions, ends every login and token, begins a new epoch, runs fsck.

    What was acknowledged after the backup is not in it. Until the register was read again (./lz register confirm) every
    verification says that the status was not checked, and no standing is told or signed (docs/how-to/back-up.md).
    """
    settings = Settings.from_env()
    manifest, sealer = open_backup(directory, read_passphrase(passphrase_file))
    if check_only:
        migrations_of(manifest)
        with counting("tables", len(manifest.tables)) as advance:
            check_files(directory, manifest, lambda done, _: advance(done))
        typer.echo(f"backup {manifest.id} of {manifest.made_at} is whole: {len(manifest.tables)} tables")
        return
    if settings.database_url is None and settings.cluster_dir.exists():
        raise Conflict(
            f"{settings.cluster_dir} exists: a backup is restored into an empty data directory, never over another"
        )
    refuse_other_keys(settings, manifest)
    done, report = run(_restore(settings, directory, manifest, sealer))
    rows = sum(each.rows for each in done.manifest.tables)
    typer.echo(
        f"{rows} rows restored from backup {manifest.id} of {manifest.made_at}; epoch {done.epoch} begins"
    )
    typer.echo(
        f"{done.drivers} standings have higher versions, {done.logins} logins and {done.tokens} tokens of companies ended"
    )
    if isinstance(report, str):
        typer.echo(f"not checked: {report}; put the keys in their place and run ./lz fsck")
    else:
        typer.echo(f"fsck: {report.summary}, {report.seconds:.1f} s")
        for line in (*report.notes, *report.faults):
            typer.echo(f"  {line}")
        if report.faults:
            raise typer.Exit(1)
    typer.echo(
        "standings are not certain: read the register again (./lz register import, or its feed), then ./lz register confirm; "
        "end again what was ended since"
    )


def open_backup(directory: Path, passphrase: bytes | None) -> tuple[Manifest, Sealer | None]:
    """The manifest of a backup, and what opens its files. Raises Invalid, also for an unsealed one where a
    passphrase was given."""

    def unseal(salt: bytes) -> Sealer:
        if passphrase is None:
            raise Invalid("--passphrase-file", "must be given: this backup is sealed")
        return Sealer(passphrase, salt)

    manifest, sealer = read_manifest(directory, unseal)
    if passphrase is not None and sealer is None:
        # Whoever can write where backups lie could put one of their own making there.
        raise Invalid("--passphrase-file", "is given for a sealed backup: this one is not sealed")
    return manifest, sealer


def refuse_other_keys(settings: Settings, manifest: Manifest) -> None:
    """Raises Conflict when the keys in their place are others than those of the backup: numbers would not be found and
    signatures not verify. Keys that are not there yet are nobody's fault."""
    try:
        here = marks(key_dirs(settings))
    except Failure:
        return
    for name, mark in manifest.keys.items():
        if here.get(name, mark) != mark:
            raise Conflict(f"the {name} key in its place is not the one of the backup: put that one there")


async def _restore(
    settings: Settings, directory: Path, manifest: Manifest, sealer: Sealer | None
) -> tuple[Restored, Report | str]:
    async with _empty(settings) as database:
        done = await restore_into(database, directory, manifest, sealer, SystemClock().now())
        try:
            return done, await check_all(settings, database)
        except Failure as failure:
            return done, str(failure)


async def restore_into(
    database: Database, directory: Path, manifest: Manifest, sealer: Sealer | None, now: datetime
) -> Restored:
    """The empty database holds the backup, of this code's schema, in a new epoch."""
    # 1. Files checked, tables filled, schema brought up.
    with counting("tables", len(manifest.tables)) as advance:
        await load(database, directory, manifest, sealer, lambda done, _: advance(done))
    # 2. In one transaction: nothing signed or opened before the restore counts for newer than what comes after it.
    async with database.transaction() as tx:
        await tx.execute("SET LOCAL statement_timeout = 0")
        epoch = await epochs.begin(tx, now, manifest.backup_id, manifest.at)
        raised = await drivers.raise_versions(tx)
        await licences.raise_list_versions(tx)
        logins = await accounts.end_sessions(tx, now) + await staff.end_logins(tx, now)
        await accounts.end_challenges(tx, now)
        tokens = await relying.end_tokens(tx)
        detail: dict[str, str | int] = {
            "epoch": epoch,
            "backup": manifest.id,
            "rows": sum(each.rows for each in manifest.tables),
        }
        await audit.record(
            tx,
            act="database.restored",
            actor=audit.Actor("operator"),
            purpose="restore",
            now=now,
            detail=detail,
        )
        await finish(tx)
    return Restored(manifest, epoch, raised, logins, tokens)


@asynccontextmanager
async def _empty(settings: Settings) -> AsyncIterator[Database]:
    """The operator's database, or a new server of the data directory for the length of the block."""
    if settings.database_url is not None:
        async with await Database.open(ConnectParams.from_url(settings.database_url), max=4) as database:
            yield database
        return
    async with served(settings) as params:
        async with await Database.open(params, max=4) as database:
            yield database
