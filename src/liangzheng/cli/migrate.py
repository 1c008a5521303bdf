"""`./lz migrate`: the schema is brought to this code's, or only compared with it."""

from __future__ import annotations

from pathlib import Path

import typer

import liangzheng.migrations
from liangzheng.cli.main import run
from liangzheng.infra.postgres import Database, attach
from liangzheng.infra.postgres.catalog import schema_text
from liangzheng.infra.settings import Settings

app = typer.Typer()


SUM = Path(liangzheng.migrations.__path__[0]) / "schema.sql"


@app.command()
def migrate(
    check: bool = typer.Option(False, "--check", help="Change nothing; exit 1 when something would be."),
    sum_: bool = typer.Option(
        False, "--sum", help="Also write the sum of all migrations to schema.sql (in a checkout)."
    ),
) -> None:
    """Applies the migrations the database lacks, each in one transaction. Never goes back."""
    run(_check() if check else _bring_up(sum_))


async def _check() -> None:
    async with attach(Settings.from_env(), migrate=False) as database:
        typer.echo(f"the schema is up to date, at {await _level(database):04d}")


async def _bring_up(write_sum: bool) -> None:
    async with attach(Settings.from_env()) as database:
        if write_sum:
            async with database.read() as connection:
                SUM.write_text(await schema_text(connection), encoding="utf-8")
        typer.echo(f"the schema is at {await _level(database):04d}")


async def _level(database: Database) -> int:
    from liangzheng.infra.postgres.migrate import level

    return await level(database)
