"""`./lz fsck`: whether everything stored agrees with itself. Reads one snapshot, writes nothing, may run beside a live service.

What is looked at by itself (infra/checks.py) is looked at side by side, over connections that see one moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from liangzheng import accounts, audit, drivers, licences, relying, showing, staff
from liangzheng.cli.main import run
from liangzheng.cli.progress import counting
from liangzheng.infra import blobs, checks, epochs, outbox
from liangzheng.infra.checks import Finding
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.keys_file import load_bundle, read_index_secret, write_whole
from liangzheng.infra.pages import pages
from liangzheng.infra.postgres import Connection, Database, attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.standards.trust import TrustBundle
from liangzheng.wiring import key_dirs

app = typer.Typer()


@dataclass(slots=True)
class Report:
    """What a run found. `pending`: events that wait for their handler; they are no fault, their drivers are not compared yet."""

    faults: list[Finding] = field(default_factory=list)
    areas: list[tuple[str, int, float]] = field(default_factory=list)
    pending: int = 0
    chains_broken: bool = False
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    """What was not looked at, and the way out; no fault of what is stored."""

    @property
    def summary(self) -> str:
        """In one line."""
        waiting = f", {self.pending} events waiting" if self.pending else ""
        return f"{len(self.areas)} areas, {len(self.faults)} faults{waiting}"


@app.command()
def fsck(
    as_json: bool = typer.Option(False, "--json", help="One JSON object: areas, faults, events waiting."),
    heads: Path | None = typer.Option(
        None,
        "--heads",
        help="Ends of the audit chains kept outside: nothing up to them was cut off or rewritten.",
    ),
    write_heads: Path | None = typer.Option(
        None,
        "--write-heads",
        help="Where to write the ends of the audit chains when these are whole, to keep elsewhere.",
    ),
    parallel: Annotated[
        int, typer.Option(min=1, max=32, help="Connections that look side by side, at most.")
    ] = 4,
) -> None:
    """Check that everything stored agrees with itself. Exit status 0: clean; 1: faults, each named.

    Compares: the register with its look-up index and history; accounts with theirs; one live licence a driver, each with its
    application and events, its signature under the trust bundle, its status equal to the register's, its phones' keys alive;
    verifications and answers to companies with their audit entries; look-ups and proposals of staff with theirs; the audit
    chains link by link and with their signed checkpoints; kept files with their hashes; events nobody could handle; the
    pages of every table and index, where PostgreSQL's amcheck is there.

    What the database says of itself cannot show that the end of a chain was cut off: keep its ends elsewhere
    (--write-heads, every day, on another machine or on paper) and compare with them (--heads).
    """
    settings = Settings.from_env()
    report = run(_attached(settings, _kept(heads) if heads else (), write_heads, parallel))
    if as_json:
        typer.echo(msgspec.json.encode(report))
    else:
        _print(report)
    raise typer.Exit(1 if report.faults else 0)


def _kept(file: Path) -> list[audit.Head]:
    try:
        return audit.heads_from_text(file.read_text(encoding="ascii"))
    except OSError as error:
        raise Invalid("--heads", f"a file that can be read ({error.strerror})") from None
    except ValueError as error:
        raise Invalid("--heads", f"a file that `--write-heads` wrote ({error})") from None


async def _attached(
    settings: Settings, known: Collection[audit.Head], write_heads: Path | None, parallel: int
) -> Report:
    async with attach(settings, migrate=False, max=parallel + 2) as database:
        # Read before the check, so that every one of them was walked over.
        async with database.read() as tx:
            ends = await audit.heads(tx)
        with counting("checks", 100) as advance:
            report = await check_all(
                settings, database, known, parallel, lambda left, of: advance(100 * (of - left) // of)
            )
        if write_heads is not None and not report.chains_broken:
            write_whole(write_heads, audit.heads_to_text(ends).encode("ascii"), 0o644)
        return report


async def check_all(
    settings: Settings,
    database: Database,
    known: Collection[audit.Head] = (),
    parallel: int = 4,
    progress: Callable[[int, int], None] = lambda left, of: None,
) -> Report:
    """Every context's own check, over one snapshot of the database.

    `known`: ends of the audit chains kept outside the database. `progress` is told how many of how many checks are left.
    """
    report, began = Report(), time.monotonic()
    dirs = key_dirs(settings)
    trust, keys = load_bundle(dirs), KeyIndex(read_index_secret(dirs))
    async with database.snapshots(parallel) as connections:
        with licences.Verifying(trust, processes=min(parallel, os.cpu_count() or 1)) as verifying:
            probes = await _probes(connections[0], report, settings, keys, trust, known, verifying)
            probed = await checks.look_side_by_side(
                connections, probes, lambda _, left: progress(left, len(probes))
            )
    for area in dict.fromkeys(each.probe.area for each in probed):
        mine = [each for each in probed if each.probe.area == area]
        faults = [fault for each in mine for fault in each.found]
        report.faults += faults
        report.areas.append((area, len(faults), sum(each.seconds for each in mine)))
    report.chains_broken = any(fault.rule == audit.WHOLE for fault in report.faults)
    # Of the moment they are read in: what was signed since the snapshot began must be in the record as well.
    at = time.monotonic()
    unsigned = [
        Finding("the audit chains are those that were signed", str(discovery), "")
        for discovery in await audit.check_checkpoints(
            database, trust, audit.read_files(settings.checkpoints)
        )
    ]
    report.faults += unsigned
    report.areas.append(("checkpoints", len(unsigned), time.monotonic() - at))
    report.seconds = time.monotonic() - began
    return report


async def _probes(
    tx: Connection,
    report: Report,
    settings: Settings,
    keys: KeyIndex,
    trust: TrustBundle,
    known: Collection[audit.Head],
    verifying: licences.Verifying,
) -> list[checks.Probe]:
    """Everything that is looked at, the longest first; `report` hears what waits and what cannot be looked at."""
    report.pending = sum(count for topic, count in (await outbox.depth(tx)).items() if topic != "parked")
    lagging = {DriverId(subject) for subject in await outbox.subjects(tx, drivers.STANDING_CHANGED)}
    today = civil_day(SystemClock().now())
    there = await pages(tx)
    report.notes += there.notes
    if await epochs.unconfirmed(tx) is not None:
        report.notes.append(
            "restored, and the register was not read again: standings are not certain (./lz register confirm)"
        )
    return [
        *licences.probes(trust, today, lagging, settings.status_policy, verifying),
        *drivers.probes(keys),
        *accounts.probes(today),
        *showing.probes(),
        *staff.probes(),
        *relying.probes(),
        *audit.probes(known),
        *checks.probes_of("queue", outbox.CHECKS),
        *checks.probes_of("files", blobs.CHECKS),
        *there.probes,
    ]


def _print(report: Report) -> None:
    table = Table()
    for heading in ("area", "faults", "seconds"):
        table.add_column(heading, justify="left" if heading == "area" else "right")
    for area, faults, seconds in report.areas:
        table.add_row(area, f"[red]{faults}[/red]" if faults else "0", f"{seconds:.2f}")
    console = Console()
    console.print(table)
    for note in report.notes:
        console.print(f"[yellow]![/yellow] {note}", highlight=False, soft_wrap=True)
    for fault in report.faults:
        console.print(f"[red]✗[/red] {fault}", highlight=False, soft_wrap=True)
    if report.pending:
        console.print(
            f"{report.pending} events wait for their handler; their drivers were not compared",
            highlight=False,
        )
    console.print(f"{report.seconds:.1f} s in all", highlight=False)
    console.print("[green]clean[/green]" if not report.faults else f"[red]{len(report.faults)} faults[/red]")
