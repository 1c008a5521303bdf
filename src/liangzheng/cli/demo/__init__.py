"""`./lz demo`: the platform on this machine, with a fictional register and real signatures.

`--once` tells the story of one licence without a person and leaves nothing running.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from liangzheng.cli.demo import face_reviews, leaving, officers, photo, rare_name
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.own_names import OwnNames
from liangzheng.cli.demo.restored import Restored
from liangzheng.cli.demo.stage import Stage, alone, demand_free, free_port, set_stage
from liangzheng.cli.demo.story import Story, Teller, wave_step
from liangzheng.cli.demo.web import WebApps
from liangzheng.cli.main import run
from liangzheng.infra import logs
from liangzheng.infra.postgres import attach
from liangzheng.infra.postgres.migrate import level
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Forbidden, Invalid

app = typer.Typer()
_WIDTH = 110


@app.command()
def demo(
    once: Annotated[
        bool,
        typer.Option(
            "--once", help="Tell the story of one licence, check every step, leave nothing running."
        ),
    ] = False,
    drivers: Annotated[
        int, typer.Option(min=1000, max=5_000_000, help="Size of the fictional register.")
    ] = 100_000,
    accounts: Annotated[
        int, typer.Option(min=1, max=50, help="Drivers who have an account, where it stays running.")
    ] = 3,
    tls: Annotated[
        str | None,
        typer.Option(
            metavar="DOMAIN",
            help="The web apps also over TLS as driver.DOMAIN, verify.DOMAIN, …, for phones: docs/how-to/try-on-a-phone.md.",
        ),
    ] = None,
    tls_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of --tls, on every address.")] = 8443,
) -> None:
    """Start everything on this machine: database, fictional register, API, queue worker, issuer. Ctrl-C stops it all.

    A start that was cut off, by whatever, is gone on with by the next one.
    """
    settings = Settings.from_env()
    if settings.mode == "production":
        raise Forbidden("the demonstration does not run in production mode: its neighbours are simulated")
    settings = replace(settings, face_engine="simulated", sms="simulated")
    if once and tls:
        raise Invalid("--tls", "is for a demonstration that stays running, without --once")
    own = OwnNames(settings, tls, tls_port) if tls else None
    logs.configure(settings.log_format, "warning")
    console = Console(soft_wrap=True)
    settings.make_data_dir()
    with alone(settings.data_dir / "demo"):
        raise SystemExit(0 if run(_demo(settings, console, once, drivers, accounts, own)) else 1)


async def _demo(
    settings: Settings, console: Console, once: bool, drivers: int, accounts: int, own: OwnNames | None
) -> bool:
    console.print(f"[bold]亮证 LiangZheng[/bold] · demonstration in {settings.data_dir}", highlight=False)
    console.print(
        "   Everybody in it is fictional. SIMULATED: the face check, text messages.", highlight=False
    )
    teller = Teller(console)
    port = settings.port if settings.port and not once else free_port(settings.host)
    demand_free(settings.host, port)
    async with attach(settings) as database, set_stage(settings, database, console, drivers, port) as stage:
        web = WebApps(stage)
        try:
            await _prepare(stage, teller)
            await teller.step("web apps", web.answer)
            await (_tell(stage, teller) if once else _wait(stage, teller, accounts, own))
        except StepFailed:
            console.print(f"[red]not held[/red]: logs are in {stage.processes.logs}", highlight=False)
            return False
        finally:
            await web.stop()
        pids = stage.processes.pids()
    if once:
        await teller.step("stop", lambda: _stopped(settings, pids))
        console.print(f"[bold green]every one of {teller.steps} steps held[/bold green]")
    return True


async def _prepare(stage: Stage, teller: Teller) -> None:
    """Database, keys, register, processes, wave: each found as an earlier start left it, or made."""
    await teller.step("database", lambda: _database(stage))
    await teller.step("keys", lambda: _keys(stage))
    await teller.step("register", lambda: _register(stage))
    await teller.step("processes", lambda: _processes(stage))
    await teller.step("first wave", lambda: wave_step(stage))


async def _tell(stage: Stage, teller: Teller) -> None:
    wave, _ = await stage.open_first_wave()
    actor = await stage.cast(wave, "driver")
    token = await stage.verifier_token()
    story = Story(stage, actor, token)
    for title, act in story.steps():
        await teller.step(title, act)
    for title, act in await photo.steps(stage, wave, token):
        await teller.step(title, act)
    for title, act in await face_reviews.steps(stage, wave, token):
        await teller.step(title, act)
    for title, act in await leaving.steps(stage, wave, token):
        await teller.step(title, act)
    for title, act in await rare_name.steps(stage, wave, token):
        await teller.step(title, act)
    last = await stage.spare(wave)
    async with Restored(stage, last, token) as copy:
        for title, act in copy.steps():
            await teller.step(title, act)
    await teller.step("somebody looked", story.looked_at)
    await teller.step("fsck", lambda: _fsck(stage))
    for each in stage.kept.actors:
        each.told = each.told or each.once
    stage.keep()


async def _wait(stage: Stage, teller: Teller, accounts: int, own: OwnNames | None) -> None:
    """Accounts are there, addresses are printed, and nothing happens until Ctrl-C, or until a process keeps dying."""
    await teller.step("accounts", lambda: _accounts(stage, accounts))
    if own is not None:
        await teller.step("own names", lambda: own.answer(stage))
    token = await stage.verifier_token()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(told, stop.set)
    _print_ways_in(stage, token, own)
    told_to = asyncio.create_task(stop.wait())
    await asyncio.wait((told_to, stage.watching), return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        told_to.cancel()
        raise StepFailed("a process keeps dying")
    stage.console.print("stopping")


async def _accounts(stage: Stage, accounts: int) -> str:
    wave, _ = await stage.open_first_wave()
    while len(_people(stage)) < accounts:
        # The last of them has rare characters in the name, for whoever wants to see that drawn.
        is_last = len(_people(stage)) == accounts - 1 > 0
        await stage.new_actor(wave, once=False, rarely_named=is_last)
    token = await stage.verifier_token()
    for actor in _people(stage):
        await Story(stage, actor, token).account()
    made = await officers.accounts(stage)
    await stage.newcomers(wave)
    return (
        f"{len(_people(stage))} fictional drivers and {len(made)} of the staff have an account and can log in"
    )


def _people(stage: Stage) -> list[Actor]:
    return [actor for actor in stage.kept.actors if not actor.once]


def _print_ways_in(stage: Stage, token: str, own: OwnNames | None) -> None:
    base = f"http://{stage.client.host}:{stage.client.port}"
    table = Table(title="Drivers with an account (fictional)", title_justify="left")
    for heading in ("mobile", "password", "identity number", "name", "authority", "classes"):
        table.add_column(heading, no_wrap=True)
    for actor in _people(stage):
        table.add_row(
            actor.mobile, actor.password, actor.identity_number, actor.name, actor.authority, actor.classes
        )

    # Whole, however narrow the terminal is or the file it goes to: half a password opens nothing.
    stage.console.width = max(stage.console.width, _WIDTH)
    print_ = stage.console.print
    print_(table)
    free = Table(
        title="Drivers without an account: register as one of them, with any mobile", title_justify="left"
    )
    for heading in ("identity number", "name", "authority", "classes"):
        free.add_column(heading, no_wrap=True)
    for each in stage.kept.newcomers:
        free.add_row(each.identity_number, each.name, each.authority, each.classes)
    print_(free)
    staff = Table(title="Officers and administrations (fictional)", title_justify="left")
    for heading in ("number", "password", "one-time-code secret"):
        staff.add_column(heading, no_wrap=True)
    staff.add_column("holds")
    staff.add_column("may do (the other of two agrees to what one proposes)")
    for officer in stage.kept.officers:
        staff.add_row(
            officer.number,
            officer.password,
            officer.totp_secret,
            officer.division,
            officers.duties_told(officer),
        )
    print_(staff)
    print_(
        "Their one-time codes  ./lz staff code <number> (or an authenticator application; each serves once)",
        highlight=False,
    )
    for name, said in (
        ("driver", "Driver's app"), ("verify", "Verifier's app"), ("staff", "Staff console"), ("open", "Public figures"),
    ):  # fmt: skip
        if host := stage.settings.face_hosts.get(name):
            print_(f"{said:<21} http://{host}:{stage.client.port}/", highlight=False)
            if own is not None:
                print_(f"{'  from elsewhere':<21} {own.address(name)}", highlight=False)
    print_(f"Start page            {base}/", highlight=False)
    print_(f"API description       {base}/openapi.json", highlight=False)
    print_(
        "Log in as a driver    POST /holder/sessions {mobile, password}; then Authorization: Bearer <token>",
        highlight=False,
    )
    print_(
        "Log in as an officer  POST /staff/sessions {number, password, totp}: docs/how-to/run-a-duty.md",
        highlight=False,
    )
    print_(f"Officer's terminal    Authorization: Bearer {token}", highlight=False)
    print_("The whole way by hand docs/how-to/first-licence.md", highlight=False)
    print_("Ctrl-C stops everything.", highlight=False)


async def _database(stage: Stage) -> str:
    async with stage.database.read() as tx:
        version = str(await tx.fetchval("SHOW server_version"))
    return f"PostgreSQL {version.split(maxsplit=1)[0]}, schema {await level(stage.database)}"


async def _keys(stage: Stage) -> str:
    trust, made = stage.make_keys()
    signers = sum(1 for entry in trust.entries if entry.province is not None)
    return (
        f"{'made' if made else 'there'}: root, {signers} document signers, status signer "
        f"({trust.root.alg.name}); trust bundle version {trust.version}"
    )


async def _register(stage: Stage) -> str:
    if stage.is_imported():
        return f"{stage.register.name}: imported by an earlier start"
    generated = await stage.generate_register()
    report = await stage.import_register(generated)
    taken = report.fresh + report.changed + report.unchanged
    hold(taken + report.rejected == generated.drivers, "every line is imported or rejected")
    hold(report.rejected >= generated.damaged, "every line damaged on purpose is rejected")
    hold(
        stage.rejected_with_reasons(report),
        "the rejects file names line, column and rule of every rejected row",
    )
    stage.note_imported()
    return (
        f"{generated.drivers:,} fictional drivers: {report.fresh:,} new, {report.changed:,} changed, "
        f"{report.unchanged:,} unchanged, {report.rejected:,} damaged lines rejected with line, column and rule"
    )


async def _processes(stage: Stage) -> str:
    await stage.start_processes()
    return f"{', '.join(stage.processes.pids())}: run, and the API says it is ready"


async def _fsck(stage: Stage) -> str:
    """Clean, once the queue has folded the last change (it may take a moment)."""
    from liangzheng.cli.fsck import check_all

    faults: list[str] = []
    for _ in range(100):
        report = await check_all(stage.settings, stage.database)
        faults = [str(fault) for fault in report.faults]
        if not faults and not report.pending:
            return f"clean: {report.summary}"
        await asyncio.sleep(0.1)
    raise StepFailed(f"fsck is not clean: {faults[0] if faults else 'events are still waiting'}")


async def _stopped(settings: Settings, pids: dict[str, int]) -> str:
    alive = []
    for name, pid in pids.items():
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            alive.append(name)
    hold(not alive, f"{', '.join(alive)} still run")
    if settings.database_url is not None:
        return f"{', '.join(pids)} ended; the database is the operator's own"
    hold(not (settings.cluster_dir / "postmaster.pid").exists(), "the database server has ended")
    return f"{', '.join(pids)} and the database server ended"
