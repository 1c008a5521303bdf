"""Setting the stage: keys, a fictional register in the database, an open wave, the three processes, an officer's terminal.

Every part finds what an earlier start has made and goes on from there.
"""

from __future__ import annotations

import asyncio
import csv
import fcntl
import gzip
import hashlib
import os
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from liangzheng import audit, drivers, rollout, showing
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.kept import Actor, Kept, Newcomer
from liangzheng.cli.keys import DEMO_ORGANISATION
from liangzheng.cli.processes import Processes
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.keys_file import KeyDirs, init, load_bundle, read_index_secret
from liangzheng.infra.postgres import Database
from liangzheng.infra.reference import Reference, load_reference
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Conflict, NotFound, Unavailable
from liangzheng.kernel.ideographs import rare
from liangzheng.kernel.region import IssuingAuthority
from liangzheng.kernel.time import SystemClock, civil_day
from liangzheng.rollout.history import calendar_of_history
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.trust import TrustBundle
from liangzheng.wiring import key_dirs

SEED: Final = 20210901
DAMAGED: Final = 0.0002
REGISTER_AS_OF: Final = date(2026, 1, 1)
"""The generated people are consistent as of this day; a fixed day, so that the same file comes out tomorrow."""
FIRST_WAVE: Final = "first"
_READY_WITHIN_S: Final = 90.0
_RARELY_NAMED: Final = "rare name"
_PASSWORD_OCTETS: Final = 12


@dataclass(slots=True)
class Stage:
    """One demonstration in one data directory."""

    settings: Settings
    database: Database
    console: Console
    reference: Reference
    size: int
    kept: Kept
    processes: Processes
    client: Client
    watching: asyncio.Task[None]
    """Ends, with an error, when a process keeps dying."""
    metrics_port: int
    """Where the API tells operators its figures, on this machine alone."""

    @property
    def folder(self) -> Path:
        """Where the demonstration keeps its own files."""
        return self.settings.data_dir / "demo"

    @property
    def traces(self) -> Path:
        """Where the processes write their spans, of this start."""
        return self.settings.data_dir / "traces"

    @property
    def register(self) -> Path:
        """The generated register; one file for each size asked for."""
        return self.folder / f"register-{self.size}.csv.gz"

    def keep(self) -> None:
        """What is remembered is on disk."""
        self.kept.save(self.folder / "kept.json")

    # -- keys ---------------------------------------------------------------------------------------------

    def make_keys(self) -> tuple[TrustBundle, bool]:
        """The trust bundle of this directory, and whether it was made now."""
        dirs: KeyDirs = key_dirs(self.settings)
        try:
            return load_bundle(dirs), False
        except NotFound:
            return init(dirs, self.settings.alg, SystemClock().now(), DEMO_ORGANISATION), True

    # -- register -----------------------------------------------------------------------------------------

    async def generate_register(self) -> drivers.GenerateReport:
        """The register file and its portraits; the same size gives the same octets every time."""
        options = drivers.GenerateOptions(
            self.size, SEED, REGISTER_AS_OF, damaged=max(DAMAGED, 5 / self.size)
        )
        with self._bar("generating", self.size) as advance:
            return await asyncio.to_thread(
                drivers.generate_register, self.register, drivers.code_tables(), options, advance
            )

    async def import_register(self, generated: drivers.GenerateReport) -> drivers.ImportReport:
        """Every good row is in the register. A run that was stopped goes on after its last chunk."""
        keys = KeyIndex(read_index_secret(key_dirs(self.settings)))
        options = drivers.ImportOptions(portraits=generated.pack)
        with self._bar("importing", self.size) as advance:
            return await drivers.import_register(
                self.database,
                keys,
                self.register,
                SystemClock(),
                options,
                lambda progress: advance(progress.lines),
            )

    def is_imported(self) -> bool:
        """Whether an earlier start imported this very file to its end."""
        return self.register.exists() and self.kept.imported.get(self.register.name) == _digest(self.register)

    def note_imported(self) -> None:
        """The next start need not import this file again."""
        self.kept.imported[self.register.name] = _digest(self.register)
        self.keep()

    def rejected_with_reasons(self, report: drivers.ImportReport) -> bool:
        """Whether the rejects file names line and rule of every rejected row, and of nothing else; a whole line has no column."""
        if report.rejects_file is None:
            return report.rejected == 0
        with report.rejects_file.open(encoding="utf-8", newline="") as text:
            rows = list(csv.DictReader(text))
        named = ("reject_line", "reject_rule", "reject_reason")
        return len({row["reject_line"] for row in rows}) == report.rejected and all(
            row[name] for row in rows for name in named
        )

    # -- rollout ------------------------------------------------------------------------------------------

    async def open_first_wave(self) -> tuple[rollout.Wave, bool]:
        """The 28 cities of the first batch are open in this deployment; whether they were opened now."""
        now = SystemClock().now()
        async with self.database.transaction() as tx:
            for wave in (await rollout.calendar(tx)).of_measure(rollout.Measure.E_LICENCE):
                if wave.name == FIRST_WAVE:
                    return wave, False
            wave = self._first_wave(civil_day(now))
            return wave, await rollout.open_wave(tx, wave, now, audit.Actor("operator"))

    def _first_wave(self, today: date) -> rollout.Wave:
        real = calendar_of_history(self.reference.waves).of_measure(rollout.Measure.E_LICENCE)
        first = next(wave for wave in real if wave.name == FIRST_WAVE)
        return replace(
            first, opens_from=today, opens_until=today, places=dict.fromkeys(first.places, today),
            source="demonstration: the places of the first batch of 2021-09-01",
        )  # fmt: skip

    async def opening(self, authority: str) -> rollout.Opening:
        """Whether drivers of this authority may apply today."""
        asked, today = self.reference.authorities.get(authority), civil_day(SystemClock().now())
        async with self.database.read() as tx:
            return await rollout.opening(tx, rollout.Measure.E_LICENCE, asked, today)

    # -- people -------------------------------------------------------------------------------------------

    async def verifier_token(self) -> str:
        """The token of a fictional officer's terminal, made once."""
        if self.kept.verifier_token is None:
            _, self.kept.verifier_token = await showing.add_verifier(
                self.database,
                "演示警务终端 (demonstration)",
                showing.VerifierKind.POLICE,
                SystemClock().now(),
            )
            self.keep()
        return self.kept.verifier_token

    async def cast(self, wave: rollout.Wave, role: str) -> Actor:
        """The driver who plays this in the next story: the one whose story was not told to its end, or a new one. Roles are
        not exchanged: what a start that was cut off did to one is gone on with in the same."""
        for actor in self.kept.actors:
            if actor.once and not actor.told and actor.role == role:
                return actor
        return await self.new_actor(wave, once=True, role=role)

    async def rarely_named(self, wave: rollout.Wave) -> Actor:
        """The driver whose name has rare characters: the same at every start, who has the licence since the first."""
        known = next((actor for actor in self.kept.actors if actor.role == _RARELY_NAMED), None)
        return known or await self.new_actor(wave, once=True, role=_RARELY_NAMED, rarely_named=True)

    async def spare(self, wave: rollout.Wave) -> Actor:
        """A driver whose steps cannot be gone on with: a start that is cut off leaves them behind, the next takes another."""
        return await self.new_actor(wave, once=True, told=True)

    async def new_actor(
        self,
        wave: rollout.Wave,
        *,
        once: bool,
        told: bool = False,
        role: str = "",
        rarely_named: bool = False,
    ) -> Actor:
        """A driver of the generated register who may apply, has class C1 and no account yet; remembered from now on.
        `rarely_named`: one with rare characters in the name; the others are left to those who ask for them."""
        line, row = await asyncio.to_thread(self._eligible, wave, self._taken(), rarely_named)
        number = len(self.kept.actors)
        actor = Actor(
            line=line,
            # 199 and a running number: fictional, and apart from those of other starts by the database's own check.
            mobile=f"199{secrets.randbelow(10**8):08d}",
            password=secrets.token_urlsafe(_PASSWORD_OCTETS),
            identity_number=row["document_number"],
            name=row["name"],
            authority=row["issuing_authority"],
            classes=row["driving_privileges"],
            first_issue_date=row["first_issue_date"],
            phone_key=SoftwareSigner.generate(Alg.ES256).to_pkcs8(),
            story=f"demo-{number}-{secrets.token_hex(6)}",
            once=once,
            told=told,
            role=role,
        )
        self.kept.actors.append(actor)
        self.keep()
        return actor

    async def newcomers(self, wave: rollout.Wave, count: int = 2) -> list[Newcomer]:
        """Drivers who may apply and whom nobody plays: for people to register as; remembered from now on."""
        while len(self.kept.newcomers) < count:
            line, row = await asyncio.to_thread(self._eligible, wave, self._taken(), False)
            self.kept.newcomers.append(
                Newcomer(
                    line=line,
                    identity_number=row["document_number"],
                    name=row["name"],
                    authority=row["issuing_authority"],
                    classes=row["driving_privileges"],
                )
            )
            self.keep()
        return self.kept.newcomers

    def _taken(self) -> set[int]:
        return {each.line for each in self.kept.actors} | {each.line for each in self.kept.newcomers}

    def _eligible(
        self, wave: rollout.Wave, known: set[int], rarely_named: bool
    ) -> tuple[int, dict[str, str]]:
        day = civil_day(SystemClock().now())
        today, a_year_ago = day.isoformat(), (day - timedelta(days=366)).isoformat()
        for line, row in self._rows():
            if line in known or row["identity_kind"] != "A" or len(row["document_number"]) != 18:
                continue
            authority = self._authority(row["issuing_authority"])
            if (
                bool(rare(row["name"])) is rarely_named
                and row["status"] == "A"
                and row["portrait"]
                and "C1" in row["driving_privileges"]
                and row["first_issue_date"] <= a_year_ago  # a points cycle of theirs is over
                and row["valid_from"] <= today < (row["valid_until"] or "9999")
                and authority is not None
                and wave.day_of(authority.division_code or "") is not None
            ):
                return line, row
        raise Unavailable("no driver of the generated register is left who may apply; use a larger --drivers")

    def _rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        with gzip.open(self.register, "rt", encoding="utf-8", errors="replace", newline="") as text:
            for number, row in enumerate(csv.DictReader(text), 2):
                # The lines damaged on purpose miss fields or have too many.
                if None not in row and None not in row.values():
                    yield number, row

    def _authority(self, code: str) -> IssuingAuthority | None:
        with suppress(NotFound, ValueError):
            return self.reference.authorities.get(code)
        return None

    # -- processes ----------------------------------------------------------------------------------------

    async def start_processes(self) -> None:
        """API, queue worker and issuer run, and the API says it is ready."""
        port, operators = str(self.client.port), str(self.metrics_port)
        self.processes.start(
            "api", "serve", "--host", self.client.host, "--port", port, LZ_METRICS_PORT=operators
        )
        self.processes.start("queue", "work", "--role", "outbox")
        self.processes.start("issuer", "work", "--role", "issuer")
        await self.until_ready()

    def beside(self, name: str, **more: str) -> Client:
        """Another API process on the same database, with some settings of its own; it ends with the others, or before by
        `processes.end`. Not ready yet: `until_ready`."""
        client = Client(self.client.host, free_port(self.client.host))
        self.processes.start(name, "serve", "--host", client.host, "--port", str(client.port), **more)
        return client

    async def until_ready(self, client: Client | None = None) -> None:
        """Raises Unavailable when the API, or this one, is not ready after a minute and a half."""
        asked = client or self.client
        for _ in range(int(_READY_WITHIN_S / 0.1)):
            if self.watching.done():
                break
            with suppress(Unavailable):
                if (await asyncio.to_thread(asked.get, "/readyz")).status == 200:
                    return
            await asyncio.sleep(0.1)
        raise Unavailable(f"the API is not ready; see {self.processes.logs}")

    def _bar(self, what: str, total: int) -> _Bar:
        return _Bar(self.console, what, total)


class _Bar:
    """A progress bar on a terminal, nothing elsewhere; entering gives `advance(lines done)`."""

    def __init__(self, console: Console, what: str, total: int) -> None:
        self._progress = Progress(
            TextColumn(f"   {what}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self._task = self._progress.add_task(what, total=total)

    def __enter__(self) -> Callable[[int], None]:
        self._progress.start()
        return lambda done: self._progress.update(self._task, completed=done)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def free_port(host: str) -> int:
    """A port nobody listens on at this moment."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def demand_free(host: str, port: int) -> None:
    """Raises Unavailable when somebody listens there: another demonstration would answer in our place."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise Unavailable(
            f"port {port} of {host} cannot be used ({error.strerror}); choose another: LZ_PORT={port + 1} ./lz demo"
        ) from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """This is the only demonstration in its directory while the block lasts. Raises Conflict when another runs there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "running.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"a demonstration runs in {folder.parent} already; stop it, or set LZ_DATA_DIR"
            ) from None
        yield


@asynccontextmanager
async def set_stage(
    settings: Settings, database: Database, console: Console, size: int, port: int
) -> AsyncIterator[Stage]:
    """A stage whose processes are watched, and stopped when the block ends."""
    # A certificate is for the process that is started with it (own_names.py).
    ours = {name: value for name, value in os.environ.items() if name not in {"LZ_TLS_CERT", "LZ_TLS_KEY"}}
    environment = ours | {
        "LZ_MODE": settings.mode,
        "LZ_DATA_DIR": str(settings.data_dir),
        "LZ_FACE_ENGINE": settings.face_engine,
        "LZ_SMS": settings.sms,
        "LZ_LOG_FORMAT": "json",
        "LZ_TRACES_DIR": str(settings.data_dir / "traces"),
        "LZ_METRICS_HOST": "127.0.0.1",
        # A database of the operator's own is reached by its address; the embedded one through the data directory.
    }
    folder = settings.data_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    processes = Processes(environment, settings.data_dir / "logs", lambda text: console.print(f"   {text}"))
    kept = Kept.load(folder / "kept.json")
    client = Client(settings.host, port)
    watching = asyncio.create_task(processes.watch(), name="processes")
    stage = Stage(
        settings,
        database,
        console,
        load_reference(),
        size,
        kept,
        processes,
        client,
        watching,
        free_port("127.0.0.1"),
    )
    await asyncio.to_thread(shutil.rmtree, stage.traces, ignore_errors=True)
    try:
        yield stage
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError, RuntimeError):
            await watching
        await asyncio.to_thread(processes.stop)
