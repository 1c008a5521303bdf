"""A backup restored beside the running service, into a directory with a database server of its own: what it says of licences
from before, that it is not ready while its database is away, and that `./lz fsck` names what is wrong with it."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from liangzheng import audit
from liangzheng.cli.demo.client import Client
from liangzheng.cli.demo.held import StepFailed, hold
from liangzheng.cli.demo.kept import Actor
from liangzheng.cli.demo.stage import Stage, free_port
from liangzheng.cli.demo.story import Story
from liangzheng.cli.processes import Processes
from liangzheng.infra.postgres import Database
from liangzheng.infra.postgres.provider import served
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ids import AuditId, LicenceId
from liangzheng.kernel.time import SystemClock
from liangzheng.wiring import key_dirs

_WITHIN_S: Final = 60.0
_OF_THEIR_OWN: Final = {
    "LZ_DATABASE_URL": "",
    "LZ_CHECKPOINTS_DIR": "",
    "LZ_TRACES_DIR": "",
    "LZ_METRICS_PORT": "",
}
"""Settings the copy does not share."""

_PLANTED: Final = {
    "every kept signature verifies under a document signer of the trust bundle": (
        "UPDATE licence SET signature = set_byte(signature, 9, get_byte(signature, 9) # 1) WHERE state = 'live' AND driver_id = "
        "(SELECT driver_id FROM person JOIN account USING (person_id) WHERE mobile = $1) RETURNING id"
    ),
    "the audit chains are whole": (
        "UPDATE audit_entry SET purpose = purpose || '.' WHERE act = 'licence.issued' AND batch_seq IS NOT NULL "
        "AND detail ->> 'version' = '1' AND scope = "
        "(SELECT driver_id FROM person JOIN account USING (person_id) WHERE mobile = $1) RETURNING id"
    ),
}
"""The rule that is broken, and how a superuser broke it: the signature of the driver's licence, and the purpose in the
audit entry of its issue."""


class Restored(Story):
    """One more driver, whose licence is in the backup. Used as a context: what was started for the copy ends with it."""

    def __init__(self, stage: Stage, actor: Actor, verifier_token: str) -> None:
        super().__init__(stage, actor, verifier_token)
        self._place = stage.settings.data_dir / "copy"
        self._environment = (
            dict(stage.processes.environment) | _OF_THEIR_OWN | {"LZ_DATA_DIR": str(self._place)}
        )
        self._processes = Processes(
            self._environment, self._place / "logs", lambda text: stage.console.print(f"   copy: {text}")
        )
        self._copy = Client("127.0.0.1", free_port("127.0.0.1"), self._officer.token)
        self._server = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(shutil.rmtree, self._place, ignore_errors=True)  # of a start that was cut off
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._processes.stop)
        await self._server.aclose()
        await asyncio.to_thread(shutil.rmtree, self._place, ignore_errors=True)

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """Title and act of each."""
        if self._stage.settings.database_url is not None:
            return [("restore", self.not_tried)]
        return [
            ("restore", self.restored),
            ("licence of before", self.of_before),
            ("database away", self.away),
            ("fault planted", self.planted),
        ]

    async def not_tried(self) -> str:
        """Beside an operator's own database there is no second one that is ours to fill and to stop."""
        return (
            "not tried: the database is the operator's own, and an empty one for a copy is not ours to make"
        )

    async def restored(self) -> str:
        """A licence is issued, the database backed up and restored into a new place with its keys; checked, it is clean."""
        await self.account()
        await self.bind()
        await self.apply()
        await self.issued()
        settings, backup = self._stage.settings, self._place / "backup"
        await asyncio.to_thread(self._place.mkdir, mode=0o711)
        await audit.seal(self._stage.database, SystemClock().now())
        done = await self._lz("backup", str(backup))
        hold(done.returncode == 0, f"./lz backup: {done.stderr.strip()[-200:]}")
        early = await self._lz("restore", str(backup))
        hold(
            early.returncode == 1 and "never over another" in early.stderr,
            "nothing is restored over what is there",
        )
        await asyncio.to_thread(shutil.copytree, settings.data_dir / "keys", self._place / "keys")
        done = await self._of_copy("restore", str(backup))
        hold(done.returncode == 0, f"./lz restore: {(done.stderr or done.stdout).strip()[-300:]}")
        said = " ".join(done.stdout.split())
        hold(", 0 faults" in said, "fsck of what was restored finds nothing")
        hold("standings are not certain" in said, "and it says what it cannot know")
        await asyncio.to_thread(shutil.rmtree, backup)
        rows, _, rest = done.stdout.partition(" rows restored")
        checked = next(line for line in rest.splitlines() if line.startswith("fsck: "))
        return f"{rows} rows into a directory and a database server of their own; {checked}; standings are not certain"

    async def of_before(self) -> str:
        """The licence verifies here and there; the copy says that nobody's standing is certain, and ended every login."""
        await self._start()
        here = (await self._shown_to(self._officer)).expect(200)
        hold(here["outcome"] == "valid", f"the service goes on: valid, and not {here['outcome']}")
        there = (await self._shown_to(self._copy)).expect(200)
        hold(
            there["outcome"] == "status_not_checked",
            f"genuine, status not checked, and not {there['outcome']}",
        )
        ready = (await asyncio.to_thread(self._copy.get, "/readyz")).expect(200)
        hold(ready["standing_certain"] is False, "/readyz says that standings are not certain")
        copied = Client(self._copy.host, self._copy.port, self._holder.token)
        old = await asyncio.to_thread(copied.get, "/holder/account")
        hold(old.status == 401, f"a login of before opens nothing there ({old.status})")
        login = {"mobile": self._actor.mobile, "password": self._actor.password}
        session = (await self._post(copied, "/holder/sessions", login)).expect(201)
        refresh = await self._post(copied.as_caller(session["token"]), "/holder/licence/snapshot")
        hold(refresh.status == 503, f"no standing is signed there ({refresh.status})")
        words = there["words"]
        return f"{words['zh']} / {words['en']}; no standing is signed, every login ended; here: {here['words']['zh']}"

    async def away(self) -> str:
        """Its database stopped, the process lives and says that it is not ready, and which neighbour; back, it is ready again."""
        await self._server.aclose()
        said = await self._until_ready(503)
        hold(said["checks"]["database"] == "failed", "the database is what failed")
        hold(said["checks"]["keys"] == "ok", "the keys did not")
        alive = await asyncio.to_thread(self._copy.get, "/healthz")
        hold(alive.status == 200, "the process lives")
        refused = await self._shown_to(self._copy)
        hold(
            refused.status == 503 and refused.body["code"] == "unavailable",
            f"an act is 503, and not {refused.status}",
        )
        neighbour = await asyncio.to_thread(self._anybody.get, "/readyz")
        hold(neighbour.status == 200, "the other service has a database of its own")
        await self._server.enter_async_context(served(self._settings))
        again = await self._until_ready(200)
        hold(again["checks"]["database"] == "ok", "the database is back")
        return "503: database failed, the rest ok; alive, an act 503 unavailable; started again: ready"

    async def planted(self) -> str:
        """A signature and an audit entry changed by a superuser: fsck finds these two and nothing else, and names them; so does
        the outside verifier the entry."""
        clean = await self._faults()
        hold(clean == [], f"before it there is nothing to find: {clean}")
        params = await self._server.enter_async_context(served(self._settings))
        async with await Database.open(params, max=1) as database, database.statement() as connection:
            licence, entry = [
                await connection.fetchval(each, self._actor.mobile) for each in _PLANTED.values()
            ]
        bundle = str(key_dirs(self._settings).bundle)
        found, outside = await asyncio.gather(
            self._faults(), self._of_copy("audit", "verify", "--trust", bundle)
        )
        hold(
            [each["rule"] for each in found] == list(_PLANTED),
            f"these two rules are broken, and no other: {found}",
        )
        subjects = [each["subject"] for each in found]
        hold(subjects[0] == str(LicenceId(licence)), f"the licence is named, and not {subjects[0]}")
        hold(subjects[1].endswith(f", entry {AuditId(entry)}"), f"the entry is named, and not {subjects[1]}")
        first = outside.stdout.partition("\n")[0]
        hold(
            outside.returncode == 1 and str(AuditId(entry)) in first,
            "the outside verifier names it first, too",
        )
        return f"{found[0]['found']}: {subjects[0][:12]}…; {subjects[1][: subjects[1].index(', entry') + 20]}…; nothing else"

    async def _faults(self) -> list[dict[str, Any]]:
        done = await self._of_copy("fsck", "--json")
        report = json.loads(done.stdout)
        hold(
            done.returncode == (1 if report["faults"] else 0), "the exit status says whether there are faults"
        )
        return list(report["faults"])

    # -- the means ------------------------------------------------------------------------------------------

    @property
    def _settings(self) -> Settings:
        return Settings.from_env(self._environment)

    async def _start(self) -> None:
        await self._server.enter_async_context(served(self._settings))
        self._processes.start("api", "serve", "--host", self._copy.host, "--port", str(self._copy.port))
        await self._until_ready(200)

    async def _until_ready(self, status: int) -> Any:
        """What /readyz says once it answers with this status."""
        until = time.monotonic() + _WITHIN_S
        while time.monotonic() < until:
            try:
                said = await asyncio.to_thread(self._copy.get, "/readyz")
            except Unavailable:  # not listening yet
                said = None
            if said is not None and said.status == status:
                return said.body
            await asyncio.sleep(0.1)
        raise StepFailed(f"the copy's /readyz did not answer {status} within {_WITHIN_S:.0f} s")

    async def _shown_to(self, terminal: Client) -> Any:
        code = self._phone.show(datetime.now(UTC))
        body = {"code": code, "class": "C1", "request": f"{self._actor.story}-{time.monotonic_ns()}"[-32:]}
        return await self._post(terminal, "/verifier/verifications", body)

    async def _of_copy(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = self._environment | {"NO_COLOR": "1", "COLUMNS": "160"} | more
        command = [sys.executable, "-m", "liangzheng", *words]
        return await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, env=environment, timeout=600
        )
