"""`./lz staff`: who is on the staff, with which duties and where. For the operator who sets a deployment up."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from liangzheng import audit, staff
from liangzheng.cli.main import run
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.ids import StaffId
from liangzheng.kernel.people import CitizenNumber, IdentityNumber
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.staff import Duty, HeldDuty, Member, Region, StaffEvent
from liangzheng.wiring import index_keys, staff_policy

app = typer.Typer(no_args_is_help=True, help="Police and staff: who they are, with which duties, where.")

OPERATOR = audit.Actor("operator")
Number = Annotated[str, typer.Argument(help="警号 or 工号: digits and capitals.", metavar="NUMBER")]
RegionOption = Annotated[str, typer.Option(help="Digits of a division code (32, 3205), or nationwide.")]
DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day in China.")]


@app.command("add")
def add(
    number: Number,
    name: Annotated[str, typer.Argument(help="Never shown to holders.")],
    unit: Annotated[str, typer.Argument(help="What a holder reads in the list of who looked.")],
    region: RegionOption,
    duty: Annotated[list[Duty] | None, typer.Option(help="May be given again.")] = None,
    until: DayOption = None,
    link: Annotated[bool, typer.Option("--link", help="Link to the person at once, as `link` does.")] = False,
) -> None:
    """Add somebody and print the enrolment code, which is shown this once: with it they make a password and a second factor."""
    now = SystemClock().now()
    Region.parse(region)
    held = tuple(_held(each, region, None, until, now) for each in duty or ())
    settings = Settings.from_env()
    person = _person(settings) if link else None

    async def act() -> staff.Invited:
        async with attach(settings) as database:
            added = await staff.add_member(
                database, number, name, unit, held, staff_policy(settings), now, OPERATOR
            )
            if person is not None:
                async with database.transaction() as tx:
                    await staff.link_person(tx, added.staff_id, *person, now, OPERATOR)
            return added

    invited = run(act())
    typer.echo(f"{invited.staff_id}  {number}")
    typer.echo(f"enrolment code: {invited.code}")


@app.command("duties")
def change_duties(
    number: Number,
    region: RegionOption,
    give: Annotated[list[Duty] | None, typer.Option(help="May be given again.")] = None,
    take: Annotated[list[Duty] | None, typer.Option(help="May be given again.")] = None,
    since: DayOption = None,
    until: DayOption = None,
) -> None:
    """Give and take duties in one region. Of system, keys and audit a person holds at most one."""
    now, where = SystemClock().now(), Region.parse(region)
    if not give and not take:
        raise Invalid("duties", "say --give or --take")

    async def act() -> Member:
        async with (
            attach(Settings.from_env()) as database,
            database.transaction(staff.MEMBER_CONSTRAINTS) as tx,
        ):
            found = await staff.member_with_number(tx, number)
            for duty in take or ():
                await staff.take_duty(tx, found.staff_id, duty, where, now, OPERATOR)
            for duty in give or ():
                await staff.give_duty(
                    tx, found.staff_id, _held(duty, region, since, until, now), now, OPERATOR
                )
            return await staff.member_with_number(tx, number)

    typer.echo(f"{number}: {_duties(run(act())) or 'no duty'}")


@app.command("link")
def link(number: Number) -> None:
    """Say which person they are: asks for the identity number, or reads it from standard input. Nobody reviews their own photo."""
    settings, now = Settings.from_env(), SystemClock().now()
    person = _person(settings)

    async def act() -> None:
        async with attach(settings) as database, database.transaction() as tx:
            found = await staff.member_with_number(tx, number)
            await staff.link_person(tx, found.staff_id, *person, now, OPERATOR)

    run(act())
    typer.echo(f"{number}: linked")


def _person(settings: Settings) -> tuple[IdentityNumber, KeyIndex]:
    """Never an argument: those stand in the list of processes and in histories."""
    if sys.stdin.isatty():
        text: str = typer.prompt("identity number", hide_input=True)
    else:
        text = sys.stdin.readline(100)
    return IdentityNumber.of_citizen(CitizenNumber.typed(text.strip())), index_keys(settings)


@app.command("end")
def end(number: Number) -> None:
    """They have left: logged out now, and their number is never given again."""
    _move(number, StaffEvent.LEFT)


@app.command("suspend")
def suspend(number: Number) -> None:
    """Logged out now; nothing is allowed until `resume`."""
    _move(number, StaffEvent.STOPPED)


@app.command("resume")
def resume(number: Number) -> None:
    """Active again, with the duties they have."""
    _move(number, StaffEvent.RESUMED)


@app.command("reset")
def reset(number: Number) -> None:
    """Password and second factor are gone, all logins ended; prints a new enrolment code, this once."""
    settings, now = Settings.from_env(), SystemClock().now()

    async def act() -> str:
        async with attach(settings) as database, database.transaction() as tx:
            found = await staff.member_with_number(tx, number)
            return await staff.reset_factor(tx, found.staff_id, staff_policy(settings), now, OPERATOR)

    typer.echo(f"enrolment code: {run(act())}")


@app.command("code")
def code(number: Number) -> None:
    """The one-time code of this half minute of somebody of the demonstration, in place of an authenticator application."""
    from liangzheng.cli.demo.kept import Kept
    from liangzheng.cli.demo.officers import code_now

    kept = Kept.load(Settings.from_env().data_dir / "demo" / "kept.json")
    found = next((officer for officer in kept.officers if officer.number == number), None)
    if found is None:
        raise NotFound(
            f"nobody of the demonstration has the number {number}; everybody else's secret is in their own application"
        )
    typer.echo(code_now(found))


@app.command("list")
def list_all() -> None:
    """Everybody."""

    async def act() -> tuple[list[Member], frozenset[StaffId]]:
        async with attach(Settings.from_env()) as database, database.read() as tx:
            return await staff.members(tx), await staff.linked_members(tx)

    table = Table(box=None, pad_edge=False)
    for heading in ("number", "state", "enrolled", "linked", "name", "unit", "duties"):
        table.add_column(heading, overflow="fold")
    members, linked_ones = run(act())
    for member in members:
        enrolled = "yes" if member.enrolled else "no"
        linked = "yes" if member.staff_id in linked_ones else "no"
        table.add_row(
            member.number.value,
            member.state.value,
            enrolled,
            linked,
            member.name,
            member.unit,
            _duties(member),
        )
    Console().print(table)


def _move(number: str, event: StaffEvent) -> None:
    async def act() -> str:
        async with attach(Settings.from_env()) as database, database.transaction() as tx:
            found = await staff.member_with_number(tx, number)
            return await staff.move_member(tx, found.staff_id, event, SystemClock().now(), OPERATOR)

    typer.echo(f"{number}: {run(act())}")


def _held(duty: Duty, region: str, since: datetime | None, until: datetime | None, now: datetime) -> HeldDuty:
    first: date = since.date() if since else civil_day(now)
    return HeldDuty(duty, Region.parse(region), first, until.date() if until else None)


def _duties(member: Member) -> str:
    return ", ".join(
        f"{held.duty} {held.region}" + (f" until {held.until_day}" if held.until_day else "")
        for held in member.duties
    )
