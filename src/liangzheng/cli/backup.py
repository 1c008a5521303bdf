"""`./lz backup`: the whole database in files, as of one moment, beside a running service."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from liangzheng.cli.main import run
from liangzheng.cli.progress import counting
from liangzheng.infra.keys_file import marks
from liangzheng.infra.postgres import attach
from liangzheng.infra.postgres.dump import Manifest, dump
from liangzheng.infra.sealed_files import SALT_OCTETS, Sealer
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.time import SystemClock
from liangzheng.wiring import key_dirs

app = typer.Typer()


@app.command()
def backup(
    directory: Annotated[Path, typer.Argument(help="A new or empty directory.", file_okay=False)],
    passphrase_file: Annotated[
        Path | None, typer.Option(help="Seal the files with the passphrase in this file.", dir_okay=False)
    ] = None,
) -> None:
    """Every table by COPY, of one snapshot, with a manifest of counts and SHA-256; photographs included, keys not.

    Keys are kept apart: back up LZ_DATA_DIR/keys, or wherever they are, by other hands and to another place. The manifest
    holds marks of them, so that a restore beside other keys is refused.
    """
    passphrase = read_passphrase(passphrase_file)
    made = run(_backup(Settings.from_env(), directory, passphrase))
    rows = sum(each.rows for each in made.tables)
    sealed = ", sealed" if passphrase is not None else ", NOT sealed: it holds personal data in the clear"
    typer.echo(f"{rows} rows of {len(made.tables)} tables written to {directory}{sealed}; backup {made.id}")


async def _backup(settings: Settings, directory: Path, passphrase: bytes | None) -> Manifest:
    salt = secrets.token_bytes(SALT_OCTETS) if passphrase is not None else None
    sealer = Sealer(passphrase, salt) if passphrase is not None and salt is not None else None
    keys = marks(key_dirs(settings))
    async with attach(settings, migrate=False) as database:
        with counting("tables", 100) as advance:
            return await dump(
                database, directory, uuid4(), SystemClock().now(), sealer, salt,
                lambda done, of: advance(100 * done // of), keys,
            )  # fmt: skip


def read_passphrase(path: Path | None) -> bytes | None:
    """The file's content without the line's end; None without a file. Raises Invalid."""
    if path is None:
        return None
    try:
        return path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise Invalid("--passphrase-file", f"can be read ({error.strerror})") from None
