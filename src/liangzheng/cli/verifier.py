"""`./lz verifier`: who may verify online."""

from __future__ import annotations

from typing import Annotated

import typer

from liangzheng.cli.main import run
from liangzheng.infra.postgres import attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.ids import VerifierId
from liangzheng.kernel.time import CHINA, SystemClock
from liangzheng.showing import VerifierKind, add_verifier, end_verifier, list_verifiers

app = typer.Typer(
    no_args_is_help=True,
    help="Who may verify online: officers' terminals and the public page; companies register with ./lz company.",
)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Shown to the holder in the list of who looked.")],
    kind: Annotated[
        VerifierKind, typer.Option(help="police or public; what it may see and ask follows from it.")
    ],
) -> None:
    """Make a verifier and print its token, which is kept as a hash only: it is shown this once."""

    async def act() -> None:
        async with attach(Settings.from_env()) as database:
            verifier, token = await add_verifier(database, name, kind, SystemClock().now())
        typer.echo(f"{verifier.id}  {verifier.kind.value}  {verifier.name}")
        typer.echo(f"token: {token}")

    run(act())


@app.command("end")
def end(verifier: Annotated[str, typer.Argument(help="Its id, ver_…", metavar="ID")]) -> None:
    """Its token opens nothing from now on; its looks stay on record."""

    async def act() -> None:
        async with attach(Settings.from_env()) as database:
            await end_verifier(database, VerifierId.parse(verifier), SystemClock().now())

    run(act())


@app.command("list")
def list_all() -> None:
    """Every verifier."""

    async def act() -> None:
        async with attach(Settings.from_env()) as database:
            for verifier, state, made_at in await list_verifiers(database):
                day = f"{made_at.astimezone(CHINA):%Y-%m-%d}"
                typer.echo(f"{verifier.id}  {state:<6}  {verifier.kind.value:<7}  {day}  {verifier.name}")

    run(act())
