"""`./lz register`: the driver register from the outside: made-up files, imports, one record, one change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from liangzheng import audit, drivers, staff
from liangzheng.cli import zone
from liangzheng.cli.main import run
from liangzheng.cli.register_confirm import confirm
from liangzheng.cli.register_feed import feed, source_app
from liangzheng.infra.postgres import Connection, attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.classes import Classes
from liangzheng.kernel.errors import Forbidden, Invalid, NotFound
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.people import IdentityKind, IdentityNumber
from liangzheng.kernel.status import Status
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.wiring import index_keys

app = typer.Typer(no_args_is_help=True, help="Import, generate, show and change driver records.")

app.add_typer(source_app, name="source")
app.command("feed")(feed)
app.command("confirm")(confirm)

OPERATOR = audit.Actor("operator")
LONG_TERM: Final = "long-term"
_SHOWN_REJECTS: Final = 5
DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@app.command()
def generate(
    drivers_wanted: Annotated[int, typer.Option("--drivers", help="How many lines.", min=0)],
    out: Annotated[Path, typer.Option(help="The file to write; packed when its name ends in .gz.")],
    seed: Annotated[int, typer.Option(help="The same seed and day give the same file.")] = 1,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Ages, licences and points fit this day; default: today."),
    ] = None,
    portraits: Annotated[
        int, typer.Option(help="Drawn pictures, shared between drivers; 0: none.", min=0)
    ] = 200,
    damaged: Annotated[
        float, typer.Option(help="Share of lines made wrong on purpose, in known ways.", min=0, max=1)
    ] = 0.0,
    encoding: Annotated[str, typer.Option(help="utf-8 or gb18030")] = "utf-8",
) -> None:
    """Write a register of people who do not exist.

    They are consistent: valid check characters, ages that fit the classes, provinces in proportion, rare characters, every
    status. Nobody is meant: each Chinese name holds one of 虚拟例样幻寓构假仿设, each address lies in 虚构路, each portrait is a
    drawing that says so. The portraits are written beside the file, as NAME.portraits.tar; rows name them by SHA-256.
    """
    if encoding not in ("utf-8", "gb18030"):
        raise Invalid("--encoding", "utf-8 or gb18030")
    day = as_of.date() if as_of else civil_day(SystemClock().now())
    options = drivers.GenerateOptions(drivers_wanted, seed, day, portraits, damaged, encoding)
    with _bar("generating", drivers_wanted, lines=True) as advance:
        report = drivers.generate_register(out, drivers.code_tables(), options, advance)
    wrong = f", {report.damaged} of them made wrong on purpose" if report.damaged else ""
    beside = f"; portraits in {report.pack}" if report.pack else ""
    typer.echo(f"{report.path}: {report.drivers} drivers as of {day}{wrong}{beside}")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, or CSV packed with gzip.", show_default=False)],
    portraits: Annotated[
        Path | None,
        typer.Option(help="Pack of portraits; default: NAME.portraits.tar beside the file, if there."),
    ] = None,
    rejects: Annotated[
        Path | None, typer.Option(help="Where bad lines go; default: FILE.rejects.csv beside the file.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="utf-8 or gb18030; default: found out.")] = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Do not go on with an import of this file that was stopped.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when a line was rejected.")] = False,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            help="When the file was drawn (UTC); default: when it was last written. A standing changed here since stays."
        ),
    ] = None,
) -> None:
    """Bring a register file into the register, line by line.

    Good lines are imported; each bad one goes into the rejects file with its line, column and reason, to be corrected and
    imported as it is. A file without the right columns is refused whole. Stopped half-way, by Ctrl-C or a crash, the same
    command goes on where it stopped; run again, it changes nothing. Columns and rules: docs/how-to/import-a-register.md.
    """
    pack = portraits or drivers.pack_beside(file)
    options = drivers.ImportOptions(encoding, rejects, pack if portraits or pack.exists() else None, anew,
                                    as_of.replace(tzinfo=UTC) if as_of else None, _photo_rules())  # fmt: skip
    started = SystemClock().now()
    report = run(_import(file, options))
    _print_report(report, (SystemClock().now() - started).total_seconds())
    raise typer.Exit(1 if strict and report.rejected else 0)


def _photo_rules() -> drivers.PhotoRules:
    settings = Settings.from_env()
    return drivers.PhotoRules(
        least_octets=settings.photo_least_octets, most_octets=settings.photo_most_octets
    )


async def _import(file: Path, options: drivers.ImportOptions) -> drivers.ImportReport:
    settings = Settings.from_env()
    keys = index_keys(settings)
    size = (await asyncio.to_thread(file.stat)).st_size if file.is_file() else 0  # noqa: ASYNC240 (once, at the start)
    async with attach(settings) as database:
        with _bar("importing", size, lines=False) as advance:
            return await drivers.import_register(
                database, keys, file, SystemClock(), options, lambda progress: advance(progress.octets)
            )


def _print_report(report: drivers.ImportReport, seconds: float) -> None:
    console = Console()
    # Not the table's title, which would be broken to the table's width: ids are copied.
    console.print(f"{report.import_id} · {report.encoding}", soft_wrap=True, highlight=False)
    table = Table("", "rows")
    for what, rows in (
        ("new", report.fresh),
        ("changed", report.changed),
        ("unchanged", report.unchanged),
        ("rejected", report.rejected),
    ):
        table.add_row(what, f"{rows:,}")
    for rule, rows in sorted(report.warnings.items()):
        table.add_row(f"imported, but odd: {rule}", f"{rows:,}")
    if report.portraits_added or report.portraits_refused:
        table.add_row("portraits added", f"{report.portraits_added:,}")
        table.add_row("portraits refused", f"{len(report.portraits_refused):,}")
    console.print(table)
    for refused in report.portraits_refused[:_SHOWN_REJECTS]:
        console.print(str(refused), soft_wrap=True, markup=False)
    done = report.lines - report.resumed_after_line
    after = f", going on after line {report.resumed_after_line:,}" if report.resumed_after_line else ""
    console.print(f"{done:,} lines in {seconds:.1f} s ({done / max(seconds, 0.001):,.0f} a second){after}")
    if not report.fresh and not report.changed:
        console.print("The register was not changed.")
    if report.rejects_file:
        console.print(
            f"Rejected lines, each with its reason: {report.rejects_file}", soft_wrap=True, markup=False
        )


NumberOption = Annotated[
    str | None,
    typer.Option("--identity", help="Identity number; of another document than a resident card with --kind."),
]
KindOption = Annotated[str, typer.Option("--kind", help="Kind of identity document, A C D E F G M.")]
IdOption = Annotated[str | None, typer.Option("--driver", help="Driver id, drv_…")]


@app.command()
def show(
    identity: NumberOption = None,
    kind: KindOption = "A",
    driver: IdOption = None,
    purpose: Annotated[
        str | None,
        typer.Option(help="Why you look; kept in the audit record. In production always said."),
    ] = None,
    case: Annotated[
        str | None,
        typer.Option(
            help="In which case, such as P-320500-20261120-0001; kept with it. In production always said."
        ),
    ] = None,
) -> None:
    """Show one record, with its numbers masked, and its history. The look is audited, and in the driver's list of looks."""
    if Settings.from_env().mode == "production":
        if purpose is None:
            raise Invalid("--purpose", "why you look")
        if case is None:
            raise Invalid("--case", "in which case")
    number = None if case is None else staff.CaseNumber.parse(case)

    async def act() -> tuple[drivers.Driver, list[Any], bool]:
        settings = Settings.from_env()
        async with attach(settings) as database, database.transaction() as tx:
            driver_id = await _driver_id(tx, settings, identity, kind, driver)
            found = await drivers.find(tx, driver_id)
            why = purpose or "operator looked at a record"
            await staff.show_record(tx, driver_id, OPERATOR, why, SystemClock().now(), number)
            changes = [dict(row) for row in await drivers.history(tx, driver_id)]
            return found, changes, await drivers.portrait_on_file(tx, found.standing)

    found, changes, has_photo = run(act())
    _print_record(found, has_photo)
    for change in changes:
        columns = ", ".join(sorted(change["after"]))
        typer.echo(f"version {change['version']}  {zone.told(change['at'])}  {change['source']}: {columns}")


def _print_record(record: drivers.Driver, has_photo: bool) -> None:
    standing = record.standing
    today = civil_day(SystemClock().now())
    table = Table(show_header=False, title=str(record.driver_id))
    cycle = standing.points_cycle(today) if standing.first_issue_date <= today else None
    rows: list[tuple[str, object]] = [
        ("证号 document_number", record.identity.masked),
        ("姓名 name", record.name.masked),
        ("性别 sex", record.sex.chinese),
        ("国籍 nationality", record.nationality),
        ("初次领证日期 first_issue_date", standing.first_issue_date),
        ("准驾车型 driving_privileges", standing.classes),
        ("车型记录 class_history", standing.class_history),
        ("有效期限 validity", f"{standing.valid_from} – {standing.valid_until or '长期'}"),
        (
            "累积记分 accumulated_points",
            f"{standing.points}" + (f" ({cycle.start} – {cycle.end})" if cycle else ""),
        ),
        ("状态 status", f"{standing.status} {standing.status.shown_as}"),
        ("延期至 extended_until", standing.extended_until or "–"),
        ("证芯编号 card_core_number", record.card_core_number.masked if record.card_core_number else "–"),
        ("发证机关 issuing_authority", standing.authority),
        ("档案编号 file_number", record.file_number.masked),
        ("校车 school_bus_classes", record.school_bus_classes if record.has_school_bus_approval else "–"),
        ("听力辅助条件 hearing_aid_condition", "须佩戴 yes" if record.hearing_aid else "无 no"),
        (
            "照片 portrait",
            "有 on file"
            if has_photo
            else "应有未存 named, not on file"
            if standing.portrait_hash
            else "无 none",
        ),
        ("版本 standing version, record version", f"{standing.version}, {record.record_version}"),
    ]
    for name, value in rows:
        table.add_row(name, str(value))
    Console().print(table)


@app.command()
def change(
    reason: Annotated[str, typer.Option(help="Kept in the history and the audit record; no personal data.")],
    identity: NumberOption = None,
    kind: KindOption = "A",
    driver: IdOption = None,
    status: Annotated[str | None, typer.Option(help="Status letters, such as D or BDJ; A: normal.")] = None,
    points: Annotated[int | None, typer.Option(help="Accumulated points.", min=0, max=999)] = None,
    classes: Annotated[str | None, typer.Option(help="Classes run together, such as C1D.")] = None,
    valid_from: DayOption = None,
    valid_until: Annotated[str | None, typer.Option(help="YYYY-MM-DD, or long-term.")] = None,
    extended_until: DayOption = None,
    authority: Annotated[str | None, typer.Option(help="Issuing authority, such as 苏E.")] = None,
) -> None:
    """Change a driver's standing: suspend, give points, add a class, move to another authority.

    A licence held on a phone follows by itself: what it shows within seconds, and a new version where classes, validity or
    authority changed. For trying: in production a register says it (a file or its feed), or two members of staff decide it.
    """
    if Settings.from_env().mode == "production":
        raise Forbidden(
            "in production a standing changes by a register file, a register's feed, or what two members of staff decide "
            "(docs/how-to/run-a-duty.md)",
            rule="four-eyes",
        )
    if authority is not None and authority not in drivers.code_tables().authorities:
        raise Invalid("--authority", "a code of the list of issuing authorities, such as 苏E")
    now = SystemClock().now()
    wanted: dict[str, Any] = {
        "status": None if status is None else Status.parse(status),
        "points": points,
        "classes": None if classes is None else Classes.parse(classes, civil_day(now)),
        "valid_from": valid_from.date() if valid_from else None,
        "extended_until": extended_until.date() if extended_until else None,
        "authority": authority,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    if valid_until is not None:
        given["valid_until"] = None if valid_until == LONG_TERM else _day("--valid-until", valid_until)
    if not given:
        raise Invalid("change", "at least one of status, points, classes, validity, extension, authority")

    async def act() -> tuple[drivers.Standing, drivers.Standing]:
        settings = Settings.from_env()
        async with attach(settings) as database, database.transaction() as tx:
            driver_id = await _driver_id(tx, settings, identity, kind, driver)
            before = await drivers.standing(tx, driver_id)
            asked = drivers.StandingChange(**given)
            return before, await drivers.change_standing(tx, driver_id, asked, reason, now, OPERATOR)

    before, after = run(act())
    if after.version == before.version:
        typer.echo(f"{after.driver_id}: nothing to change, standing version {after.version}")
        return
    typer.echo(
        f"{after.driver_id}: status {after.status} ({after.status.shown_as}), {after.points} points, {after.classes}, "
        f"until {after.valid_until or '长期'}, {after.authority}; standing version {after.version}"
    )


async def _driver_id(
    tx: Connection, settings: Settings, identity: str | None, kind: str, driver: str | None
) -> DriverId:
    if (identity is None) == (driver is None):
        raise Invalid(
            "driver",
            "--identity NUMBER (with --kind, if it is no resident card) or --driver drv_…, one of the two",
        )
    if driver is not None:
        return DriverId.parse(driver)
    assert identity is not None
    try:
        of_kind = IdentityKind(kind)
    except ValueError:
        raise Invalid("--kind", "one of A C D E F G M") from None
    number = IdentityNumber.typed(of_kind, identity)
    found = await drivers.by_identity(tx, index_keys(settings), number)
    if found is None:
        raise NotFound("no driver has this identity document")
    return found


def _day(place: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(place, f"YYYY-MM-DD or {LONG_TERM}") from None


@contextmanager
def _bar(what: str, total: int, *, lines: bool) -> Iterator[Any]:
    """A progress bar on standard error; the value is a function that is told how much is done."""
    done = MofNCompleteColumn() if lines else DownloadColumn(binary_units=True)
    console = Console(stderr=True)
    with Progress(
        TextColumn(what), BarColumn(), done, TimeElapsedColumn(), TimeRemainingColumn(), console=console,
        transient=not console.is_terminal,
    ) as progress:  # fmt: skip
        task = progress.add_task(what, total=max(total, 1))
        yield lambda value: progress.update(task, completed=value)
        progress.update(task, completed=max(total, 1))
