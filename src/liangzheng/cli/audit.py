"""`./lz audit`: the outside verifier of the audit record, and the export for one without database access."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from liangzheng import audit
from liangzheng.cli.main import run
from liangzheng.cli.progress import counting
from liangzheng.infra.keys_file import write_whole
from liangzheng.infra.postgres import attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.time import SystemClock
from liangzheng.standards import x509
from liangzheng.standards.errors import BadTrust
from liangzheng.standards.keys import PublicKey
from liangzheng.standards.trust import TrustBundle
from liangzheng.wiring import key_dirs

app = typer.Typer(
    no_args_is_help=True, help="Verify the audit record against its signed checkpoints; export it."
)


@app.command("verify")
def verify_record(
    trust: Annotated[Path, typer.Option(help="The trust bundle, as published.", exists=True, dir_okay=False)],
    checkpoints: Annotated[
        Path | None, typer.Option(help="Checkpoints that were copied elsewhere.", file_okay=False)
    ] = None,
    export: Annotated[
        Path | None, typer.Option("--export", help="Read this export and not the database.", dir_okay=False)
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(
            help="SHA-256 of the root key, as its owner published it; default: this deployment's root."
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Copy checkpoints into --checkpoints when nothing is wrong.")
    ] = False,
) -> None:
    """Walks every chain and compares it with every signed checkpoint; only reads. Exit status 0: whole; 1: faults, each named.

    Names the first bad entry after an edit, deletion, swap, cut or fork, and tells an older database put in this one's
    place. Without --checkpoints a record rewritten together with its own checkpoints is not found.
    """
    settings = Settings.from_env()
    bundle = _trust(trust, root, settings)
    if checkpoints is not None and not checkpoints.is_dir() and not keep:
        raise Invalid("--checkpoints", "is a directory")
    kept = audit.read_files(checkpoints) if checkpoints is not None and checkpoints.is_dir() else {}
    found, recorded = run(_verify(settings, bundle, kept, export))
    console = Console(soft_wrap=True)
    for discovery in found.discoveries:
        console.print(f"[red]✗[/red] {discovery}", highlight=False)
    for notice in found.notices:
        console.print(f"[yellow]![/yellow] {notice}", highlight=False)
    looked = f"{found.entries} entries in {found.links} links, {found.checkpoints} checkpoints"
    said = f"[red]{len(found.discoveries)} faults[/red]" if found.discoveries else "[green]whole[/green]"
    console.print(f"{said}: {looked}")
    if found.discoveries:
        raise typer.Exit(1)
    if keep and checkpoints is not None:
        _keep(checkpoints, bundle, recorded)


async def _verify(
    settings: Settings, trust: TrustBundle, kept: dict[str, bytes], export: Path | None
) -> tuple[audit.Verdict, list[bytes]]:
    if export is not None:
        record = audit.Exported(export)
        return await audit.verify(record, trust, kept), list(await record.checkpoints())
    async with attach(settings, migrate=False) as database, audit.stored(database) as stored:
        return await audit.verify(stored, trust, kept), list(await stored.checkpoints())


@app.command("export")
def export_record(
    path: Annotated[
        Path,
        typer.Argument(help="File to write; it holds ids and purposes, no names or numbers.", dir_okay=False),
    ],
) -> None:
    """The sealed record with its checkpoints in one file, for `./lz audit verify --export` elsewhere."""
    count = run(_export(Settings.from_env(), path))
    typer.echo(f"{count} entries written to {path}")


async def _export(settings: Settings, path: Path) -> int:
    async with attach(settings, migrate=False) as database:
        with counting("chains", audit.BUCKETS) as advance:
            return await audit.export(database, path, SystemClock().now(), advance)


def _keep(directory: Path, trust: TrustBundle, recorded: list[bytes]) -> None:
    for octets in recorded:
        made = audit.opened(octets, trust).checkpoint
        path = directory / audit.path_of(made.epoch, made.number)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, octets, 0o644)


def _trust(path: Path, root: str | None, settings: Settings) -> TrustBundle:
    try:
        return TrustBundle.load(path.read_bytes(), _root(root, settings))
    except BadTrust as fault:
        raise Invalid("--trust", f"is a trust bundle of the pinned root: {fault}") from None


def _root(root: str | None, settings: Settings) -> PublicKey | bytes:
    if root is None:
        try:
            return x509.Certificate.load(key_dirs(settings).root_certificate.read_bytes()).key
        except FileNotFoundError:
            raise Invalid("--root", "the SHA-256 of the root key, as its owner published it") from None
    try:
        pinned = bytes.fromhex(root)
    except ValueError:
        pinned = b""
    if len(pinned) != 32:
        raise Invalid("--root", "64 hexadecimal digits")
    return pinned
