"""One data directory: made once, its major version pinned, its configuration written at every start."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from liangzheng.infra.postgres.binaries import Account, Binaries
from liangzheng.infra.postgres.params import ConnectParams, without_pg_variables
from liangzheng.infra.postgres.process import die_with_us
from liangzheng.kernel.errors import Invalid, Unavailable

ROLE: Final = "liangzheng"
DATABASE: Final = "liangzheng"
PORT: Final = 5432
_SOCKET_PATH_LIMIT: Final = 107
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data directory and what belongs to it. `durable` is False only for throw-away test servers."""

    directory: Path
    durable: bool = True

    @property
    def mark(self) -> str:
        """Twelve characters that tell this cluster's processes from any other's; part of their titles."""
        return hashlib.sha256(os.fsencode(self.directory.resolve())).hexdigest()[:12]

    @property
    def major(self) -> int | None:
        """The version that made the directory; None while there is none."""
        try:
            return int((self.directory / "PG_VERSION").read_text())
        except (FileNotFoundError, ValueError):
            return None

    @property
    def postmaster_pid(self) -> Path:
        return self.directory / "postmaster.pid"

    @property
    def log(self) -> Path:
        """The server's own words, beside the data directory. Statements and values are kept out of it."""
        return self.directory.with_name(self.directory.name + ".log")

    def socket_directory(self) -> Path:
        """A short directory for the socket: the whole path must stay within 107 bytes."""
        if os.geteuid() == 0:
            base = Path("/run") if os.access("/run", os.W_OK) else Path(tempfile.gettempdir())
        else:
            base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        for place in (base, Path("/tmp")):  # noqa: S108 -- owner and mode are checked before use
            directory = place / f"lz-{os.geteuid()}-{self.mark}"
            if place.is_dir() and len(os.fsencode(directory / f".s.PGSQL.{PORT}")) <= _SOCKET_PATH_LIMIT:
                return directory
        raise Unavailable(
            "neither the runtime nor the temporary directory has a path short enough for a socket"
        )

    def params(self, database: str = DATABASE) -> ConnectParams:
        return ConnectParams(host=str(self.socket_directory()), port=PORT, user=ROLE, database=database)

    def make_socket_directory(self, account: Account) -> Path:
        """The socket's directory, ours and closed to others. Refuses one that somebody else has put there."""
        directory = self.socket_directory()
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError:
            found = directory.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), account.uid}:
                raise Unavailable(f"{directory} belongs to someone else; remove it") from None
            directory.chmod(0o700)
        account.give(directory)
        return directory

    def make(self, binaries: Binaries, account: Account) -> None:
        """The data directory exists. A half-made one of an earlier try is not taken for it."""
        if self.major is not None:
            return
        if self.directory.exists() and any(self.directory.iterdir()):
            raise Invalid(str(self.directory), "is empty or a PostgreSQL data directory")
        parent = self.directory.parent
        parent.mkdir(mode=0o711 if account.drops else 0o700, parents=True, exist_ok=True)
        for left in parent.glob(f"{self.directory.name}.new-*"):
            shutil.rmtree(left)
        making = Path(tempfile.mkdtemp(prefix=f"{self.directory.name}.new-", dir=parent))
        account.give(making)
        self._initdb(binaries, account, making)
        if self.directory.exists():
            self.directory.rmdir()
        making.rename(self.directory)

    def _initdb(self, binaries: Binaries, account: Account, target: Path) -> None:
        locale = ["--locale=C.UTF-8"]
        if binaries.major >= 17:
            # Built in: the same order on every machine, whatever its C library.
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        answer = subprocess.run(
            [
                binaries / "initdb",
                f"--pgdata={target}",
                f"--username={ROLE}",
                "--encoding=UTF8",
                "--auth=peer",
                "--data-checksums",
                "--no-instructions",
                *locale,
                *([] if self.durable else ["--no-sync"]),
            ],
            cwd=target,
            env=without_pg_variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            preexec_fn=die_with_us(
                signal.SIGTERM
            ),  # or it goes on without us, in a directory the next try removes
            **account.popen(),
        )
        if answer.returncode != 0:
            shutil.rmtree(target, ignore_errors=True)
            raise Unavailable(f"initdb did not make {self.directory}: {_last_line(answer.stdout)}")

    def configure(self, account: Account) -> None:
        """Writes the three configuration files; `local.conf` beside them is the operator's, read last."""
        lines = [f"{name} = '{value}'" for name, value in self._settings().items()]
        text = "# Written at every start; put your own settings into local.conf.\n" + "\n".join(lines)
        self._write("postgresql.conf", text + "\ninclude_if_exists = 'local.conf'\n", account)
        # Who may connect is decided by the kernel (SO_PEERCRED): the platform's own user, and root.
        self._write("pg_hba.conf", "local all all peer map=liangzheng\n", account)
        names = {"root"} if account.drops else {"root", account.name}
        maps = "".join(f'liangzheng "{name}" {ROLE}\n' for name in sorted(names))
        self._write("pg_ident.conf", maps, account)

    def _settings(self) -> dict[str, str]:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MIB
        on = "on" if self.durable else "off"
        return {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self.socket_directory()),
            "unix_socket_permissions": "0777",  # its directory is closed; `peer` says who may in
            "cluster_name": f"lz-{self.mark}",
            "max_connections": "100",
            # Making and dropping a database looks through all of them: a test server does little else.
            "shared_buffers": f"{_between(64, memory // 8, 1024) if self.durable else 16}MB",
            "effective_cache_size": f"{_between(128, memory // 2, 16384)}MB",
            "work_mem": "8MB",
            "maintenance_work_mem": f"{_between(64, memory // 16, 512)}MB",
            "fsync": on,
            "synchronous_commit": on,
            "full_page_writes": on,
            "wal_level": "replica" if self.durable else "minimal",
            "max_wal_senders": "4" if self.durable else "0",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "checkpoint_completion_target": "0.9",
            "random_page_cost": "1.1",
            "jit": "off",
            "restart_after_crash": "on",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "lc_messages": "C",
            "logging_collector": "off",
            "log_line_prefix": "%m [%p] ",
            # A statement, its parameters and a DETAIL line hold identity numbers and names. None is logged.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            "log_checkpoints": "off",
        }

    def _write(self, name: str, text: str, account: Account) -> None:
        path = self.directory / name
        new = path.with_name(name + ".new")
        new.write_text(text, encoding="utf-8")
        new.chmod(0o600)
        account.give(new)
        new.replace(path)


def _between(low: int, wanted: int, high: int) -> int:
    return max(low, min(wanted, high))


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
