"""`./lz register confirm`: after a restore, the operator's word that the register was read again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from liangzheng import drivers
from liangzheng.cli.main import run
from liangzheng.infra.postgres import attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import SourceId
from liangzheng.kernel.time import SystemClock


def confirm(
    feed: Annotated[
        list[str] | None,
        typer.Option("--feed", help="SOURCE=NUMBER, the last number of a source as it says; repeatable."),
    ] = None,
    in_part: Annotated[
        bool,
        typer.Option("--in-part", help="The files read, with what sources told, are all there is."),
    ] = False,
) -> None:
    """After a restore: say that the register was read again. Until then no standing is told, shown as sure or signed.

    It holds when a file of the whole register drawn after the restore was imported; or when each source told everything
    again, up to the last number it says it has (--feed), and the sources speak for every province with drivers; or when
    they did and do not, or there is none, and a file drawn after the backup was imported, of the whole register or
    (--in-part) several. A source added after the restore counts for nothing. What staff decided since the backup is in
    none of them and is decided again.
    """
    said = _said(feed or ())

    async def act() -> drivers.Certain:
        async with attach(Settings.from_env()) as database:
            return await drivers.confirm_register(database, said, in_part, SystemClock().now())

    typer.echo(f"the register was read again ({run(act()).value}): standings are certain")


def _said(words: Sequence[str]) -> dict[SourceId, int]:
    found: dict[SourceId, int] = {}
    for word in words:
        source, _, number = word.partition("=")
        if not number.isascii() or not number.isdigit():
            raise Invalid("--feed", "SOURCE=NUMBER, such as src_…=1200")
        found[SourceId.parse(source)] = int(number)
    return found
