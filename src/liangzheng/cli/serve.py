"""`./lz serve`: the HTTP server, in one process or several over one listening socket.

With several, this process owns the database server and the socket, and answers nothing itself; a worker that
dies is replaced, and all end with it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import typer
import uvicorn

from liangzheng.api.app import SERVER_OPTIONS, create_app
from liangzheng.api.faces import Faces
from liangzheng.api.protocol import BoundedProtocol
from liangzheng.cli.main import run
from liangzheng.infra import logs
from liangzheng.infra.metrics_server import serving
from liangzheng.infra.postgres import attach
from liangzheng.infra.postgres.process import die_with_us
from liangzheng.infra.readiness import readiness
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Unavailable
from liangzheng.wiring import Part, Wiring, wired_up

app = typer.Typer()
_log = logging.getLogger(__name__)
_BACKLOG = 1024
_GRACE_S = 10.0
_REPLACED_AT_MOST = 20
_REPLACED_WITHIN_S = 60.0


@app.command()
def serve(
    host: str = typer.Option(None, help="Address to listen on; else LZ_HOST."),
    port: int = typer.Option(None, min=0, max=65535, help="Port to listen on, 0 for any; else LZ_PORT."),
    workers: int = typer.Option(None, min=1, max=64, help="Processes; else LZ_WORKERS."),
    listener_fd: int = typer.Option(None, hidden=True, help="A listening socket handed down by the owner."),
) -> None:
    """Answers HTTP until it is told to stop (Ctrl-C or SIGTERM); requests in hand are finished."""
    settings = Settings.from_env()
    settings = replace(
        settings,
        host=host or settings.host,
        port=settings.port if port is None else port,
        workers=workers or settings.workers,
    )
    settings.demand_hosts()
    _tls(settings)
    logs.configure(settings.log_format, settings.log_level)
    if listener_fd is not None:
        run(_one(settings, socket.socket(fileno=listener_fd)))
        return
    listener = listen(settings.host, settings.port)
    settings = replace(settings, port=listener.getsockname()[1])
    if settings.workers == 1:
        run(_one(settings, listener, lambda there: announce(there, settings)))
    else:
        run(_many(settings, listener))


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections. Raises Unavailable when the address is taken or not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise Unavailable(f"cannot listen on {host} port {port}: {error.strerror}") from None
    listener.setblocking(False)
    return listener


def address(listener: socket.socket, scheme: str = "http") -> str:
    """Where a browser finds `listener`."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def announce(listener: socket.socket, settings: Settings) -> None:
    """Says where the service is, once it answers; a caller that started us reads this line."""
    scheme = "http" if settings.tls_cert is None else "https"
    typer.echo(f"LiangZheng answers at {address(listener, scheme)}")
    sys.stdout.flush()


def _tls(settings: Settings) -> dict[str, Any]:
    """uvicorn's options for TLS. Raises Unavailable for files that are not there or no pair."""
    if settings.tls_cert is None:
        return {}
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
    except OSError as error:
        raise Unavailable(f"LZ_TLS_CERT and LZ_TLS_KEY: {error.strerror or error}") from None
    return {"ssl_certfile": settings.tls_cert, "ssl_keyfile": settings.tls_key}


class _Server(uvicorn.Server):
    """uvicorn's, ending with status 0 when told to end; its own would raise the signal again afterwards."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with _told(lambda number: self.handle_exit(number, None)):
            yield


@contextmanager
def _told(act: Callable[[signal.Signals], None]) -> Iterator[None]:
    """While the block lasts SIGINT and SIGTERM are handed to `act`; after it they end the process at once."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, act, number)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def answer(
    wiring: Wiring, listener: socket.socket, when_ready: Callable[[socket.socket], None] | None = None
) -> None:
    """Answers on `listener` until SIGINT or SIGTERM, then finishes what is in hand."""
    config = uvicorn.Config(
        Faces(create_app(wiring), wiring.settings.face_hosts, scheme=wiring.settings.scheme),
        loop="none",  # we run in the loop that is there
        lifespan="off",
        log_config=None,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=int(_GRACE_S),
        **(
            SERVER_OPTIONS | _tls(wiring.settings) | {"http": BoundedProtocol.behind(wiring.settings.proxies)}
        ),
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if when_ready is not None and server.started:
        when_ready(listener)
    await serving


async def _one(
    settings: Settings, listener: socket.socket, when_ready: Callable[[socket.socket], None] | None = None
) -> None:
    async with wired_up(settings, Part.API) as wiring:
        if wiring.simulated and when_ready is not None:
            typer.echo(f"Simulated: {', '.join(wiring.simulated)}.", err=True)
        async with serving(settings, lambda: readiness(wiring)) as port:
            if port is not None:
                _log.info("metrics are served", extra={"host": settings.metrics_host, "port": port})
            await answer(wiring, listener, when_ready)


async def _many(settings: Settings, listener: socket.socket) -> None:
    """Keeps `settings.workers` processes answering on one socket; the database server is this process's."""
    told = asyncio.Event()
    async with attach(settings, max=2):
        children = [_start_worker(listener, settings, place) for place in range(settings.workers)]
        announce(listener, settings)
        try:
            with _told(lambda _: told.set()):
                await _replacing_the_dead(children, listener, settings, told)
        finally:
            _end(children)


async def _replacing_the_dead(
    children: list[subprocess.Popen[bytes]], listener: socket.socket, settings: Settings, told: asyncio.Event
) -> None:
    replaced: list[float] = []
    while not told.is_set():
        await asyncio.sleep(0.2)
        for place, child in enumerate(children):
            if child.poll() is None:
                continue
            _log.error("worker died", extra={"pid": child.pid, "exit": child.returncode})
            now = time.monotonic()
            replaced = [at for at in replaced if now - at < _REPLACED_WITHIN_S] + [now]
            if len(replaced) > _REPLACED_AT_MOST:
                raise Unavailable("workers keep dying; see the log")
            children[place] = _start_worker(listener, settings, place)


def _start_worker(listener: socket.socket, settings: Settings, place: int) -> subprocess.Popen[bytes]:
    fd = listener.fileno()
    environment = os.environ | {"LZ_PORT": str(settings.port)}
    if settings.metrics_port:  # each process has figures of its own, and so a port of its own
        environment["LZ_METRICS_PORT"] = str(settings.metrics_port + place)
    return subprocess.Popen(
        [sys.executable, "-m", "liangzheng", "serve", "--listener-fd", str(fd)],
        pass_fds=[fd],
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for us; we then end them in order
        preexec_fn=die_with_us(signal.SIGTERM),
    )


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    for child in children:
        try:
            child.wait(_GRACE_S + 2)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
