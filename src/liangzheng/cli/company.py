"""`./lz company`: which companies may ask about drivers, and what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from liangzheng import relying
from liangzheng.cli import zone
from liangzheng.cli.main import run
from liangzheng.infra.postgres import Connection, attach
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import CompanyId
from liangzheng.kernel.purposes import COMPANY_PURPOSES, AskedField, in_order
from liangzheng.kernel.time import SystemClock
from liangzheng.relying import Company, CompanyEvent, ConsentPolicy, CreditCode, Grant, Quota

app = typer.Typer(
    no_args_is_help=True, help="Companies that ask about drivers: register, approve, suspend, end, list."
)

CompanyArgument = Annotated[str, typer.Argument(help="Its id, com_…", metavar="ID")]
Reason = Annotated[str, typer.Option(help="Why, for the record; nobody's name or number.")]
PURPOSE_HELP = (
    "PURPOSE:FIELD,FIELD…, and +bulk or +notices behind it, e.g. employment:may_drive,valid_until+bulk+notices. "
    "`./lz company catalogue` lists purposes and fields."
)
Purposes = Annotated[list[str], typer.Option("--purpose", help=PURPOSE_HELP)]


def read_grant(text: str) -> Grant:
    """A grant as it is written on the command line. Raises Invalid."""
    purpose, _, rest = text.partition(":")
    names, *marks = rest.split("+")
    if not set(marks) <= {"bulk", "notices"}:
        raise Invalid("--purpose", "+bulk and +notices are all that can stand behind the fields")
    try:
        fields = frozenset(AskedField(name) for name in names.split(",") if name)
    except ValueError:
        raise Invalid("--purpose", "fields of: " + ", ".join(AskedField)) from None
    return Grant(purpose, fields, bulk="bulk" in marks, notices="notices" in marks)


@app.command("catalogue")
def catalogue() -> None:
    """Every purpose there is and the fields a registration for it can hold."""
    for purpose in COMPANY_PURPOSES.values():
        standing = "standing consent possible" if purpose.standing else "this once only"
        typer.echo(f"{purpose.name:<11} {purpose.words[0]} / {purpose.words[1]}; {standing}")
        for field in in_order(purpose.fields):
            typer.echo(f"            {field.value:<17} {field.words[0]} / {field.words[1]}")


@app.command("register")
def register(
    name: Annotated[str, typer.Argument(help="Shown to drivers on the consent screen.")],
    credit_code: Annotated[str, typer.Option(help="Unified social credit code, 18 characters.")],
    purpose: Purposes,
    per_minute: Annotated[
        int, typer.Option(help="Drivers it may ask about in a minute.")
    ] = Quota().per_minute,
    per_day: Annotated[int, typer.Option(help="Drivers it may ask about in a day.")] = Quota().per_day,
) -> None:
    """Register a company. It waits for approval; its secret is printed this once and opens nothing before."""

    async def act(tx: Connection) -> None:
        company, secret = await relying.register(
            tx, name, CreditCode(credit_code), [read_grant(text) for text in purpose], SystemClock().now(),
            quota=Quota(per_minute, per_day),
        )  # fmt: skip
        typer.echo(_line(company))
        typer.echo(f"secret: {secret}")

    _run(act)


@app.command("approve")
def approve(company: CompanyArgument, reason: Reason) -> None:
    """The company may ask what it registered. Also restores a suspended one, as it is registered then."""

    async def act(tx: Connection) -> None:
        held = await relying.company(tx, CompanyId.parse(company))
        suspended = held.state is relying.CompanyState.SUSPENDED
        event = CompanyEvent.RESTORED if suspended else CompanyEvent.APPROVED
        typer.echo(_line(await relying.move(tx, held.id, event, reason, SystemClock().now())))

    _run(act)


@app.command("suspend")
def suspend(company: CompanyArgument, reason: Reason) -> None:
    """Its tokens open nothing from now on, no consent answers it, no notice is sent."""
    _move(company, CompanyEvent.SUSPENDED, reason)


@app.command("end")
def end(company: CompanyArgument, reason: Reason) -> None:
    """The registration is over for good; what it was answered stays on record."""
    _move(company, CompanyEvent.ENDED, reason)


@app.command("purposes")
def purposes(
    company: CompanyArgument,
    purpose: Annotated[list[str] | None, typer.Option("--purpose", help="Set: " + PURPOSE_HELP)] = None,
    remove: Annotated[list[str] | None, typer.Option(help="Remove this purpose.")] = None,
) -> None:
    """What a company may ask; set and removed before an approval only, so of one registered or suspended."""

    async def act(tx: Connection) -> None:
        company_id, now = CompanyId.parse(company), SystemClock().now()
        for text in purpose or ():
            await relying.set_grant(tx, company_id, read_grant(text), now)
        for text in remove or ():
            await relying.remove_grant(tx, company_id, text, now)
        for grant in (await relying.grants_of(tx, company_id)).values():
            typer.echo(grant_line(grant))

    _run(act)


@app.command("quota")
def quota(
    company: CompanyArgument,
    per_minute: Annotated[int, typer.Option(help="Drivers it may ask about in a minute.")],
    per_day: Annotated[int, typer.Option(help="Drivers it may ask about in a day.")],
) -> None:
    """How much a company may ask, whichever way it asks; from the next question on."""

    async def act(tx: Connection) -> None:
        allowed = Quota(per_minute, per_day)
        typer.echo(_line(await relying.set_quota(tx, CompanyId.parse(company), allowed, SystemClock().now())))

    _run(act)


@app.command("rotate-secret")
def rotate_secret(company: CompanyArgument) -> None:
    """Make a new secret and print it this once; the one before it opens for a week more."""

    async def act(tx: Connection) -> None:
        secret, ends_at = await relying.rotate_secret(
            tx, CompanyId.parse(company), ConsentPolicy(), SystemClock().now()
        )
        typer.echo(f"secret: {secret}")
        typer.echo(f"the one before it ends {zone.told(ends_at)}")

    _run(act)


@app.command("list")
def list_all(
    after: Annotated[str | None, typer.Option(help="Go on after this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
) -> None:
    """Every company, in the order they were registered."""

    async def act(tx: Connection) -> None:
        for company in await relying.every_company(tx, CompanyId.parse(after) if after else None, limit):
            typer.echo(_line(company))

    _run(act)


@app.command("show")
def show(company: CompanyArgument) -> None:
    """One company: what it may ask, and who moved it, when and why."""

    async def act(tx: Connection) -> None:
        found = await relying.company(tx, CompanyId.parse(company))
        _, today = await relying.used(tx, found.id, SystemClock().now())
        typer.echo(_line(found))
        typer.echo(
            f"{found.quota.per_minute:,} a minute, {found.quota.per_day:,} a day, {today:,} used today; "
            f"webhook: {found.webhook_url or 'none'}"
        )
        for grant in (await relying.grants_of(tx, found.id)).values():
            typer.echo(grant_line(grant))
        for moved in await relying.moves_of(tx, found.id):
            typer.echo(f"{zone.told(moved.at)}  {moved.event}  {moved.by}: {moved.reason}")

    _run(act)


def _move(company: str, event: CompanyEvent, reason: str) -> None:
    async def act(tx: Connection) -> None:
        moved = await relying.move(tx, CompanyId.parse(company), event, reason, SystemClock().now())
        typer.echo(_line(moved))

    _run(act)


def _run(act: Callable[[Connection], Awaitable[None]]) -> None:
    async def attached() -> None:
        async with attach(Settings.from_env()) as database, database.transaction() as tx:
            await act(tx)

    run(attached())


def grant_line(grant: Grant) -> str:
    """Everything an approval approves: fields, and whether in bulk and with notices."""
    marks = "".join(f" +{name}" for name, on in (("bulk", grant.bulk), ("notices", grant.notices)) if on)
    return f"{grant.purpose:<11} {', '.join(in_order(grant.fields))}{marks}"


def _line(company: Company) -> str:
    return f"{company.id}  {company.state.value:<10}  {company.credit_code.value}  {company.name}"
