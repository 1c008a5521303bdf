"""`./lz rollout`: the calendar of this deployment. Nothing is open until a wave says so."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from liangzheng import audit, rollout
from liangzheng.cli.main import run
from liangzheng.infra.postgres import attach
from liangzheng.infra.reference import Reference, load_reference
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.region import Division, DivisionLevel
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.rollout import Measure, NotOpen, NotPublished, Open, Wave
from liangzheng.rollout.history import calendar_of_history

app = typer.Typer(no_args_is_help=True, help="Open the next cities, and see what is open.")

OPERATOR = audit.Actor("operator")
DayOption = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day in China; default: today.")
]
MeasureOption = Annotated[Measure, typer.Option(help="Each measure has waves of its own.")]


@app.command("open")
def open_wave(
    name: Annotated[str, typer.Argument(help="What the wave is called.", metavar="WAVE")],
    place: Annotated[
        list[str] | None,
        typer.Option(
            help="City or province, by name (苏州) or code (320500); may be given again.", metavar="PLACE"
        ),
    ] = None,
    nationwide: Annotated[bool, typer.Option("--nationwide", help="Everywhere.")] = False,
    day: DayOption = None,
    measure: MeasureOption = Measure.E_LICENCE,
) -> None:
    """Open a wave today, or plan it for a day ahead. A wave that was announced is not changed any more."""
    now = SystemClock().now()
    opens = day.date() if day else civil_day(now)
    reference = load_reference()
    if nationwide == bool(place):
        raise Invalid("open", "say --place (once or more) or --nationwide")
    places = {_division(reference, text).code: opens for text in place or ()}
    wave = Wave(measure, name, opens, opens, places, nationwide=nationwide, source="opened by the operator")

    async def act() -> bool:
        async with attach(Settings.from_env()) as database, database.transaction() as tx:
            return await rollout.open_wave(tx, wave, now, OPERATOR)

    typer.echo(f"{name}: {'in the calendar' if run(act()) else 'was in the calendar already'}, opens {opens}")


@app.command("load-history")
def load_history(measure: MeasureOption = Measure.E_LICENCE) -> None:
    """Put the real waves of a measure into the calendar, with their real days."""
    now = SystemClock().now()
    waves = list(calendar_of_history(load_reference().waves).of_measure(measure))

    async def act() -> int:
        async with attach(Settings.from_env()) as database, database.transaction() as tx:
            return sum([await rollout.open_wave(tx, wave, now, OPERATOR) for wave in waves])

    typer.echo(f"{run(act())} of {len(waves)} waves added; the others were there")


@app.command("list")
def list_waves() -> None:
    """Every wave of the calendar."""
    reference = load_reference()

    async def act() -> rollout.Calendar:
        async with attach(Settings.from_env()) as database, database.read() as connection:
            return await rollout.calendar(connection)

    calendar = run(act())
    if not calendar.waves:
        typer.echo("nothing is open: ./lz rollout open WAVE --place … opens the first cities")
        return
    table = Table()
    for heading in ("measure", "wave", "opens", "places", "source"):
        table.add_column(heading, overflow="fold")
    for wave in calendar.waves:
        table.add_row(wave.measure.value, wave.name, _days(wave), _places(wave, reference), wave.source)
    Console().print(table)


@app.command("show")
def show(
    authority: Annotated[str, typer.Argument(help="Issuing authority, such as 苏E.", metavar="AUTHORITY")],
    day: DayOption = None,
    measure: MeasureOption = Measure.E_LICENCE,
    history: Annotated[
        bool, typer.Option("--history", help="Ask the real waves, not this deployment.")
    ] = False,
) -> None:
    """Whether a measure is open on a day for licences of one issuing authority."""
    reference = load_reference()
    asked, on = reference.authorities.get(authority), day.date() if day else civil_day(SystemClock().now())

    async def act() -> rollout.Opening:
        async with attach(Settings.from_env()) as database, database.read() as connection:
            return await rollout.opening(connection, measure, asked, on)

    real = calendar_of_history(reference.waves)
    answer = rollout.decide_opening(real, measure, asked, on) if history else run(act())
    typer.echo(f"{asked.code} {asked.name}, {measure}, {on}: {_in_words(answer)}")


def _in_words(answer: rollout.Opening) -> str:
    match answer:
        case Open(since=since, wave=wave):
            return f"open since {since} (wave {wave})"
        case NotPublished(wave=wave, latest=latest):
            return f"not published (wave {wave}" + (f", at the latest {latest})" if latest else ")")
        case NotOpen(opens_on=None):
            return "not open"
        case NotOpen(opens_on=opens_on):
            return f"not open; opens {opens_on}"


def _days(wave: Wave) -> str:
    first: date | str = wave.opens_from or "?"
    return str(wave.opens_until) if first == wave.opens_until else f"{first} … {wave.opens_until}"


def _places(wave: Wave, reference: Reference) -> str:
    if wave.nationwide:
        return "everywhere"
    names = [reference.divisions.name_of(code) or code for code in wave.places]
    return " ".join(names) + ("" if wave.complete else " … (not all published)")


def _division(reference: Reference, text: str) -> Division:
    """The city or province called `text`, or with that code. Raises NotFound, Invalid when several are
    called so.
    """
    fitting = [
        division
        for division in reference.divisions
        if (division.level is not DivisionLevel.COUNTY or division.code[2:4] == "90")
        and (
            text == division.code
            or text in (division.name, division.name.rstrip("省市盟"), division.name[: len(text)])
        )
    ]
    exact = [
        division
        for division in fitting
        if text in (division.code, division.name, division.name.rstrip("省市盟"))
    ]
    found = exact or fitting
    if not found:
        raise NotFound(f"no city or province is called {text}", place="--place")
    if len(found) > 1:
        raise Invalid(
            "--place",
            "several are called so, use the code: " + ", ".join(f"{d.name} {d.code}" for d in found),
        )
    return found[0]
