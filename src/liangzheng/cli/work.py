"""`./lz work`: one background process."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import Annotated

import typer

from liangzheng.cli.main import run
from liangzheng.infra import logs, outbox
from liangzheng.infra.metrics_server import serving
from liangzheng.infra.postgres import attach
from liangzheng.infra.readiness import readiness
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Forbidden
from liangzheng.kernel.time import SystemClock
from liangzheng.wiring import Part, wired_up
from liangzheng.worker.drain import queue_batch, sms_batch
from liangzheng.worker.imports import imports_batch
from liangzheng.worker.issuing import issuer_batch
from liangzheng.worker.loop import work as work_until
from liangzheng.worker.notices import notices_batch

app = typer.Typer()


class Worker(StrEnum):
    """Which process. `all` is for one machine: both in one process, so the queue could reach the document
    signers.
    """

    OUTBOX = "outbox"
    ISSUER = "issuer"
    ALL = "all"


@app.command()
def work(
    role: Annotated[
        Worker, typer.Option(help="outbox: events and the schedule · issuer: licences · all: both")
    ] = Worker.ALL,
    batch: Annotated[int, typer.Option(min=1, max=5000, help="Licences an issuer makes at a time.")] = 500,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="Leave when nothing is left to do.")
    ] = False,
    unpark: Annotated[
        bool,
        typer.Option("--unpark", help="First put events back that were given up on; `./lz fsck` names them."),
    ] = False,
) -> None:
    """Works until told to stop (Ctrl-C or SIGTERM); the batch in hand is finished. Any number may run, and
    be killed.
    """
    settings = Settings.from_env()
    logs.configure(settings.log_format, settings.log_level)
    if role is Worker.ALL and settings.mode == "production":
        raise Forbidden(
            "in production the issuer is a process of its own: --role outbox, and --role issuer elsewhere"
        )
    if unpark:
        typer.echo(f"{run(_unpark(settings))} parked events wait for their handlers again")
    run(_work(settings, role, batch, until_empty))


async def _unpark(settings: Settings) -> int:
    async with attach(settings) as database, database.transaction() as tx:
        return await outbox.unpark(tx, SystemClock().now())


async def _work(settings: Settings, role: Worker, size: int, until_empty: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stop.set)
    async with AsyncExitStack() as stack:
        batches: dict[str, Callable[[], Awaitable[bool]]] = {}
        if role in (Worker.ISSUER, Worker.ALL):
            wiring = await stack.enter_async_context(wired_up(settings, Part.ISSUER))
            batches["issuer"] = issuer_batch(wiring, size, _crash_point(settings))
        if role in (Worker.OUTBOX, Worker.ALL):
            wiring = await stack.enter_async_context(wired_up(settings, Part.QUEUE))
            batches["outbox"] = queue_batch(wiring)
            batches["sms"] = sms_batch(wiring)
            batches["notices"] = notices_batch(wiring)
            batches["imports"] = imports_batch(wiring)
        port = await stack.enter_async_context(serving(settings, lambda: readiness(wiring)))
        said = f"; metrics on {settings.metrics_host} port {port}" if port is not None else ""
        typer.echo(f"working: {', '.join(batches)}{said}", err=True)
        async with asyncio.TaskGroup() as tasks:
            for name, each in batches.items():
                tasks.create_task(work_until(name, each, stop, until_empty=until_empty), name=name)


def _crash_point(settings: Settings) -> Callable[[str], None] | None:
    """For rehearsals in test mode: the process is killed, as by kill -9, where LZ_TEST_CRASH_AT says."""
    point = os.environ.get("LZ_TEST_CRASH_AT")
    if settings.mode != "test" or not point:
        return None

    def reached(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return reached
