"""`./lz requests`: what people ask to have put right in what is kept about them."""

from __future__ import annotations

from typing import Annotated

import typer

from liangzheng import accounts, audit
from liangzheng.cli.main import run
from liangzheng.infra.postgres import attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.ids import CorrectionRequestId, PersonId
from liangzheng.kernel.time import CHINA, SystemClock

app = typer.Typer(no_args_is_help=True, help="Requests of people to have their data put right.")


@app.command("list")
def list_open() -> None:
    """Open requests, oldest first: day, person, request, and the wish in the person's own words. The reading is audited."""

    async def act() -> list[accounts.CorrectionRequest]:
        async with attach(Settings.from_env()) as database, database.transaction() as tx:
            found = list(await accounts.open_corrections(tx))
            await audit.record(
                tx, act="correction-requests.listed", actor=audit.Actor("operator"), purpose="correction-requests",
                detail={"count": len(found)}, now=SystemClock().now(),
            )  # fmt: skip
            return found

    for asked in run(act()):
        day = f"{asked.asked_at.astimezone(CHINA):%Y-%m-%d}"
        typer.echo(f"{day}  {asked.person_id}  {asked.request_id}  {asked.wish!r}")


@app.command("answer")
def answer(
    person: Annotated[str, typer.Argument(help="The person's id, per_…")],
    request: Annotated[str, typer.Argument(help="The request's id, cor_…")],
    text: Annotated[str, typer.Argument(help="What the person reads.")],
    declined: Annotated[
        bool, typer.Option("--declined", help="Not put right; without this, it was.")
    ] = False,
) -> None:
    """Answer a request; the person is told that there is an answer."""

    async def act() -> None:
        async with attach(Settings.from_env()) as database, database.transaction() as tx:
            await accounts.answer_correction(
                tx, PersonId.parse(person), CorrectionRequestId.parse(request), not declined, text,
                audit.Actor("operator"), SystemClock().now(),
            )  # fmt: skip

    run(act())
