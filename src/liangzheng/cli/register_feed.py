"""`./lz register source …` and `./lz register feed`: who tells of changes, and telling of them."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Annotated, Final

import typer

from liangzheng import drivers
from liangzheng.cli import zone
from liangzheng.cli.main import run
from liangzheng.cli.progress import counting
from liangzheng.cli.tell_register import Told, apply, lines_in, send
from liangzheng.infra.postgres import attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.kernel.ids import SourceId
from liangzheng.kernel.time import SystemClock
from liangzheng.standards.errors import BadKey
from liangzheng.standards.keys import PublicKey, SoftwareSigner
from liangzheng.wiring import feed_policy, index_keys

source_app = typer.Typer(no_args_is_help=True, help="Registers that tell of their changes.")

_PEM: Final = re.compile(rb"-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----")

SourceArgument = Annotated[str, typer.Argument(help="Its id, src_…", metavar="ID")]
KeyOption = Annotated[
    Path, typer.Option("--key", help="Public key, PEM or DER (SubjectPublicKeyInfo), P-256 or SM2.")
]


# ---- sources ----


@source_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What the register is called.")],
    key: KeyOption,
    provinces: Annotated[
        list[str], typer.Option("--province", help="Two-digit prefix it speaks for, such as 32; repeatable.")
    ],
) -> None:
    """Hear a register from now on. It signs with the private key that belongs to KEY."""
    public = _public_key(key)

    async def act() -> drivers.RegisterSource:
        async with attach(Settings.from_env()) as database:
            return await drivers.add_source(database, name, provinces, public, SystemClock().now())

    source = run(act())
    typer.echo(f"{source.id}  {', '.join(sorted(source.provinces))}  {source.name}")
    typer.echo(f"key {public.kid.hex()} ({public.alg.name})")


@source_app.command("list")
def list_all() -> None:
    """Every source: where it stands, its keys, and whether it is halted."""

    async def act() -> list[tuple[drivers.RegisterSource, int, list[bytes]]]:
        async with attach(Settings.from_env()) as database:
            return await drivers.list_sources(database)

    for source, waiting, keys in run(act()):
        at = "" if source.halted_at_sequence is None else f" at {source.halted_at_sequence}"
        typer.echo(
            f"{source.id}  {source.state.value}{at}  done to {source.done_to}, {waiting} waiting  "
            f"{','.join(sorted(source.provinces))}  {source.name}  keys {' '.join(kid.hex() for kid in keys) or 'none'}"
        )


@source_app.command("refused")
def refused(
    source: SourceArgument,
    most: Annotated[
        int, typer.Option("--most", help="At most so many, the latest first.", min=1, max=10_000)
    ] = 100,
) -> None:
    """The lines of a source that were refused, each with place and rule."""

    async def act() -> list[drivers.DoneLine]:
        async with attach(Settings.from_env()) as database:
            return await drivers.refused_lines(database, SourceId.parse(source), most)

    for line in run(act()):
        at = zone.told(line.done_at) if line.done_at else ""
        typer.echo(f"{line.sequence}  {at}  {line.place}: {line.rule}")


@source_app.command("go-on")
def go_on(source: SourceArgument) -> None:
    """Hear a halted source again, once you know why it said two things. What it said first stays."""

    async def act() -> None:
        async with attach(Settings.from_env()) as database:
            await drivers.let_source_go_on(database, SourceId.parse(source), SystemClock().now())

    run(act())


@source_app.command("close-gap")
def close_gap(
    source: SourceArgument,
    reason: Annotated[
        str, typer.Option(help="Why no line will come, for the record; nobody's name or number.")
    ],
) -> None:
    """Go on without the lines that others wait for, when the source has lost them. What waited is applied at once.

    A closed number stays closed: its line, should it come after all, is refused and has to be sent under a new number.
    """

    async def act() -> tuple[int, int, drivers.FeedAnswer]:
        settings = Settings.from_env()
        async with attach(settings) as database:
            source_id, now = SourceId.parse(source), SystemClock().now()
            # Before anything is closed: without the keys nobody could be found.
            keys = index_keys(settings)
            first, last = await drivers.close_gap(database, source_id, reason, now)
            tables, policy = drivers.code_tables(), feed_policy(settings)
            return first, last, await drivers.take_feed(database, keys, tables, source_id, b"", now, policy)

    first, last, answer = run(act())
    typer.echo(
        f"closed {first} to {last}; {answer.applied} applied, {len(answer.refused)} refused, {len(answer.older)} older; "
        f"done to {answer.done_to}"
    )


@source_app.command("end")
def end(
    source: SourceArgument,
    kid: Annotated[str | None, typer.Option("--key-id", help="Only this key, as `list` shows it.")] = None,
) -> None:
    """Hear a source no more, or no more under one of its keys. What it said stays."""
    key_id = None if kid is None else _hex(kid)

    async def act() -> None:
        async with attach(Settings.from_env()) as database:
            now, source_id = SystemClock().now(), SourceId.parse(source)
            if key_id is None:
                await drivers.end_source(database, source_id, now)
            else:
                await drivers.end_source_key(database, source_id, key_id, now)

    run(act())


@source_app.command("key")
def key_of(source: SourceArgument, key: KeyOption) -> None:
    """Let a source sign with one more key."""
    public = _public_key(key)

    async def act() -> None:
        async with attach(Settings.from_env()) as database:
            await drivers.add_source_key(database, SourceId.parse(source), public, SystemClock().now())

    run(act())
    typer.echo(f"key {public.kid.hex()} ({public.alg.name})")


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Invalid("--key-id", "16 hexadecimal digits") from None


def _public_key(path: Path) -> PublicKey:
    try:
        return PublicKey.from_spki(_der(path))
    except BadKey as bad:
        raise Invalid("--key", f"a public key of P-256 or SM2 ({bad})") from None


def _der(path: Path) -> bytes:
    """The octets of a key file; PEM is unpacked."""
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}") from None
    found = _PEM.search(octets)
    return octets if found is None else base64.b64decode(found.group(2))


# ---- lines ----


def feed(
    file: Annotated[Path, typer.Argument(help="NDJSON, one change a line.", show_default=False)],
    source: Annotated[str, typer.Option("--source", help="Id of the source the lines are of, src_…")],
    url: Annotated[
        str | None,
        typer.Option(help="Send to this deployment, such as http://127.0.0.1:8765; default: apply here."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="Private key that signs, PEM or DER (PKCS#8); needed with --url."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when a line was refused.")] = False,
) -> None:
    """Tell of the changes in a file: send it to a deployment, or apply it to this one's database.

    Stopped half-way, the same command goes on where it stopped: lines that are done are passed over, and every number has its
    effect once. A deployment that does not answer is asked again for a minute. Form of a line: docs/how-to/feed-the-register.md.
    """
    source_id, told = SourceId.parse(source), Told()
    if url is not None and key is None:
        raise Invalid("--key", "the private key that signs what goes to --url")
    signer = None if key is None else _signer(key)
    try:
        with counting("lines told", lines_in(file)) as advance:
            if url is not None and signer is not None:
                send(file, source_id, url, signer, told, advance)
            else:
                run(apply(file, source_id, told, advance))
    finally:
        for each in told.shown:
            typer.echo(each, err=True)
    typer.echo(
        f"{told.sent} lines told, {told.applied} applied, {told.refused} refused, {told.older} older, "
        f"{told.passed_over} done before; done to {told.done_to}"
    )
    raise typer.Exit(1 if strict and told.refused else 0)


def _signer(path: Path) -> SoftwareSigner:
    try:
        return SoftwareSigner.from_pkcs8(_der(path))
    except BadKey as bad:
        raise Invalid("--key", f"a private key of P-256 or SM2 ({bad})") from None
