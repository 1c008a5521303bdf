"""`./lz reviews`: new photos waiting for a reviewer, for an operator without a console."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from liangzheng import audit, licences, reviewing
from liangzheng.cli import zone
from liangzheng.cli.main import run
from liangzheng.infra.keys_file import write_whole
from liangzheng.infra.postgres import Connection, attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.ids import ApplicationId
from liangzheng.kernel.time import SystemClock
from liangzheng.licences import DOUBT_TEXTS, PHOTO_QUEUE, REASON_TEXTS, PhotoReason, PhotoReview
from liangzheng.reviewing import QueueFigures, ReviewDesk

app = typer.Typer(
    no_args_is_help=True, help="New photos that wait for a reviewer: see, take, look, approve, refuse."
)

T = TypeVar("T")
Application = Annotated[str, typer.Argument(help="Its id, app_…", metavar="APPLICATION")]
Authority = Annotated[
    list[str] | None, typer.Option(help="Only of this issuing authority, such as 苏E; may be given again.")
]


def _desk(settings: Settings, authorities: list[str] | None = None) -> ReviewDesk:
    only = frozenset(authorities) if authorities else None
    return ReviewDesk(audit.Actor("operator"), only, timedelta(seconds=settings.review_lease_s))


def _act(act: Callable[[Connection, ReviewDesk, datetime], Awaitable[T]], only: list[str] | None = None) -> T:
    """`act` in a transaction of its own."""
    settings = Settings.from_env()

    async def attached() -> T:
        async with (
            attach(settings) as database,
            database.transaction(licences.REVIEW_CONSTRAINTS) as tx,
        ):
            return await act(tx, _desk(settings, only), SystemClock().now())

    return run(attached())


@app.command("list")
def list_open(
    authority: Authority = None,
    late: Annotated[bool, typer.Option("--late", help="Only those past their working day.")] = False,
) -> None:
    """Open reviews, the one due first in front, at most 100; and how old the queue is."""

    async def act(tx: Connection, desk: ReviewDesk, now: datetime) -> tuple[list[PhotoReview], QueueFigures]:
        found = await reviewing.read_page(tx, PHOTO_QUEUE, desk, None, 100, now, late=late)
        return found, await reviewing.figures(tx, PHOTO_QUEUE, now)

    found, figures = _act(act, authority)
    table = Table()
    for heading in ("application", "authority", "photo", "for", "promised by", "in hand until", "look at"):
        table.add_column(heading, overflow="fold")
    for review in found:
        table.add_row(
            str(review.application_id),
            review.authority,
            review.source.value,
            "replacement" if review.origin == "photo" else "application",
            f"{review.due_day}{' (provisional)' if review.provisional else ''}{' LATE' if review.escalated_at else ''}",
            zone.told(review.taken_until) if review.taken_until else "",
            ", ".join(DOUBT_TEXTS[doubt].en for doubt in review.doubts),
        )
    if found:
        Console().print(table)
    typer.echo(
        f"{figures.waiting} open, {figures.taken} in a hand, {figures.late} late, {figures.escalated} escalated; "
        f"the oldest waits for {timedelta(seconds=figures.oldest_s)}"
    )


@app.command("take")
def take(
    application: Annotated[
        str | None, typer.Argument(help="Its id; none: the one due first.", metavar="APPLICATION")
    ] = None,
    authority: Authority = None,
) -> None:
    """Take a photo in hand: nobody else works on it for a quarter of an hour."""
    named = ApplicationId.parse(application) if application else None

    async def act(tx: Connection, desk: ReviewDesk, now: datetime) -> PhotoReview | None:
        return await reviewing.take(tx, PHOTO_QUEUE, desk, now, named)

    review = _act(act, authority)
    if review is None:
        typer.echo("nothing waits")
        return
    assert review.taken_until is not None
    typer.echo(f"{review.application_id}  in hand until {zone.told(review.taken_until)}")


@app.command("put-back")
def put_back(application: Application) -> None:
    """Give a photo taken in hand back to the queue."""
    named = ApplicationId.parse(application)
    _act(lambda tx, desk, now: reviewing.put_back(tx, PHOTO_QUEUE, desk, named, now))


@app.command("look")
def look(
    application: Application,
    to: Annotated[Path, typer.Option(help="Directory the pictures are written into.", file_okay=False)],
) -> None:
    """Write the new photo and the archived one into a directory, for the eyes of its owner only. It is recorded."""
    named = ApplicationId.parse(application)
    pictures = _act(lambda tx, desk, now: licences.review_pictures(tx, desk, named, now))
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, octets in (("new.jpg", pictures.new), ("archived.jpg", pictures.archived)):
        if octets is not None:
            write_whole(to / name, octets)
            os.chmod(to / name, 0o600)
            typer.echo(to / name)


@app.command("approve")
def approve(application: Application) -> None:
    """The photo becomes the licence's. Takes it in hand first when nobody has it."""
    named = ApplicationId.parse(application)
    _act(lambda tx, desk, now: reviewing.take(tx, PHOTO_QUEUE, desk, now, named))
    _act(lambda tx, desk, now: licences.approve_photo(tx, desk, named, now))
    typer.echo(f"{named}  approved")


@app.command("refuse")
def refuse(
    application: Application,
    reason: Annotated[list[PhotoReason], typer.Option(help="Of the catalogue (./lz reviews reasons).")],
) -> None:
    """The application ends; the holder hears the reasons and may submit again. Takes it in hand first when nobody has it."""
    named = ApplicationId.parse(application)
    _act(lambda tx, desk, now: reviewing.take(tx, PHOTO_QUEUE, desk, now, named))
    policy = Settings.from_env().status_policy
    _act(lambda tx, desk, now: licences.refuse_photo(tx, desk, named, reason, now, policy))
    typer.echo(f"{named}  refused: {', '.join(each.value for each in reason)}")


@app.command("reasons")
def reasons() -> None:
    """The catalogue: code, and what the holder reads."""
    for reason, text in REASON_TEXTS.items():
        typer.echo(f"{reason.value:<22}{text.zh} / {text.en}")
