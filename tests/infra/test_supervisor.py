"""The embedded server under every ending we can think of: it comes back, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from liangzheng.infra.postgres import Database, binaries, process
from liangzheng.infra.postgres.binaries import Account
from liangzheng.infra.postgres.cluster import PORT, Cluster
from liangzheng.infra.postgres.process import ProcessIdentity
from liangzheng.infra.postgres.supervisor import Server
from liangzheng.infra.settings import Settings
from liangzheng.kernel.errors import Conflict, Invalid, Unavailable

pytestmark = pytest.mark.crash


async def _answers(server: Server) -> int:
    async with await Database.open(server.params.on("postgres"), max=1) as database:
        async with database.read() as connection:
            return int(await connection.fetchval("SELECT 42"))


def _kill(pid: int | None, number: signal.Signals = signal.SIGKILL) -> None:
    assert pid is not None
    identity = ProcessIdentity.of(pid)
    assert identity is not None
    assert identity.send(number)


async def test_a_server_starts_answers_and_ends_without_a_trace(own_server: Server) -> None:
    await own_server.start()
    assert await _answers(own_server) == 42
    pid = own_server.pid
    assert pid is not None
    identity = ProcessIdentity.of(pid)
    assert identity is not None
    assert len(own_server.backends()) >= 3

    own_server.stop()

    assert not identity.alive()
    assert own_server.backends() == []
    assert own_server.postmaster_on_file() is None
    own_server.stop()  # again does no harm


async def test_a_server_is_our_child_off_the_network_and_keeps_its_promises(
    durable_server: Server,
) -> None:
    own_server = durable_server
    await own_server.start()
    assert own_server.pid is not None
    assert process.parent(own_server.pid) == os.getpid()
    async with await Database.open(own_server.params.on("postgres"), max=1) as database:
        async with database.read() as connection:
            shown = {
                row["name"]: row["setting"]
                for row in await connection.fetch("SELECT name, setting FROM pg_settings")
            }
            locale = await connection.fetchrow(
                "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate, datctype FROM pg_database LIMIT 1"
            )
    assert shown["listen_addresses"] == ""
    assert shown["data_checksums"] == "on"
    assert (shown["fsync"], shown["synchronous_commit"], shown["full_page_writes"]) == ("on", "on", "on")
    assert locale is not None
    assert locale["encoding"] == "UTF8"
    major = own_server.binaries.major
    assert locale["datctype"] == ("C.UTF-8" if major < 17 else "C")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to drop")
async def test_under_root_the_server_is_somebody_else_and_sees_no_group_of_ours(own_server: Server) -> None:
    await own_server.start()
    assert own_server.pid is not None
    status = Path(f"/proc/{own_server.pid}/status").read_text().splitlines()
    uids = next(line for line in status if line.startswith("Uid:")).split()[1:]
    groups = next(line for line in status if line.startswith("Groups:")).split()[1:]
    assert set(uids) == {str(own_server.account.uid)} != {"0"}
    assert "0" not in groups


async def test_a_killed_server_is_started_again_and_nothing_committed_is_lost(durable_server: Server) -> None:
    own_server = durable_server
    await own_server.start()
    params = own_server.params.on("postgres")
    async with await Database.open(params, max=1) as database:
        async with database.transaction() as tx:
            await tx.execute("CREATE TABLE kept (n int)")
            await tx.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
    first = own_server.pid
    _kill(first)

    while not await own_server.ensure():
        await asyncio.sleep(0.01)

    assert own_server.pid != first
    async with await Database.open(params, max=1) as database:
        async with database.read() as connection:
            assert await connection.fetchval("SELECT count(*) FROM kept") == 1000
    assert not await own_server.ensure(), "a living server is left alone"


async def test_a_pool_goes_on_over_a_restart_of_its_server(own_server: Server) -> None:
    await own_server.start()
    async with await Database.open(own_server.params.on("postgres"), max=2) as database:
        async with database.read() as connection:
            await connection.fetchval("SELECT 1")
        _kill(own_server.pid)
        await asyncio.sleep(0.2)
        with pytest.raises(Unavailable):
            async with database.transaction() as tx:
                await tx.execute("SELECT 1")
        await own_server.ensure()
        async with database.transaction() as tx:
            assert await tx.fetchval("SELECT 2") == 2


async def test_a_backend_that_hangs_on_after_its_server_is_ended_by_pid(own_server: Server) -> None:
    await own_server.start()
    database = await Database.open(own_server.params.on("postgres"), max=1)
    async with database.read() as connection:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
    orphan = ProcessIdentity.of(pid)
    assert orphan is not None
    orphan.send(signal.SIGSTOP)  # as if deep in a page fault: it notices nothing
    _kill(own_server.pid)
    await asyncio.sleep(0.1)
    assert orphan.alive()

    await own_server.ensure()

    assert not orphan.alive()
    assert await _answers(own_server) == 42
    await database.close()


_OWNER = """
import asyncio, sys
from pathlib import Path
from liangzheng.infra.postgres.binaries import Account, choose
from liangzheng.infra.postgres.cluster import Cluster
from liangzheng.infra.postgres.supervisor import Server

async def main():
    cluster = Cluster(Path(sys.argv[1]), durable=False)
    account = Account.choose(cluster.directory)
    server = Server(cluster, choose(account, pg_bin=Path(sys.argv[2]), major=None), account)
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def _owner(server: Server, **more: object) -> tuple[subprocess.Popen[bytes], int]:
    """Another process that supervises the cluster of `server`; returns it and the pid of its PostgreSQL."""
    import liangzheng

    source = str(Path(liangzheng.__file__).parents[1])
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(server.cluster.directory), str(server.binaries.directory)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": source, "PGPORT": "1", "PGDATA": "/nowhere"},
        **more,  # type: ignore[call-overload]
    )
    assert owner.stdout is not None
    return owner, int(owner.stdout.readline())


async def test_when_the_supervisor_is_killed_no_process_of_the_server_lives_on(own_server: Server) -> None:
    owner, pid = _owner(own_server)
    postmaster = ProcessIdentity.of(pid)
    assert postmaster is not None
    children = own_server.backends()
    assert len(children) >= 3

    owner.kill()
    owner.wait()

    assert postmaster.gone_within(10), "the server outlived its supervisor"
    assert all(child.gone_within(10) for child in children)
    await own_server.start()
    assert await _answers(own_server) == 42


async def test_a_server_still_stopping_for_a_dead_owner_is_waited_for(own_server: Server) -> None:
    owner, pid = _owner(own_server)
    postmaster = ProcessIdentity.of(pid)
    assert postmaster is not None
    postmaster.send(signal.SIGSTOP)  # told to stop, but not getting round to it
    owner.kill()
    owner.wait()
    threading.Timer(0.5, lambda: postmaster.send(signal.SIGCONT)).start()

    await own_server.start()

    assert not postmaster.alive()
    assert await _answers(own_server) == 42


async def test_a_stale_pid_file_naming_another_program_is_stepped_over_not_deleted(
    own_server: Server,
) -> None:
    await own_server.start()
    _kill(own_server.pid)
    while own_server.pid is not None:
        await asyncio.sleep(0.01)
    own_server.stop()
    # The number has been given to somebody else: a program of the very account the server runs as.
    stranger = subprocess.Popen(["sleep", "600"], **own_server.account.popen())
    on_file = own_server.cluster.postmaster_pid
    lines = on_file.read_text().split("\n")
    on_file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
    try:
        await own_server.start()
        assert await _answers(own_server) == 42
        assert stranger.poll() is None, "the stranger was not touched"
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_stale_pid_file_naming_a_zombie_is_stepped_over(own_server: Server) -> None:
    await own_server.start()
    _kill(own_server.pid)
    while own_server.pid is not None:
        await asyncio.sleep(0.01)
    own_server.stop()
    zombie = subprocess.Popen(["true"], **own_server.account.popen())
    while process.command_line(zombie.pid):
        time.sleep(0.01)
    on_file = own_server.cluster.postmaster_pid
    lines = on_file.read_text().split("\n")
    on_file.write_text("\n".join([str(zombie.pid), *lines[1:]]))
    try:
        await own_server.start()
        assert await _answers(own_server) == 42
    finally:
        zombie.wait()


async def test_without_the_step_a_stranger_with_the_pid_keeps_the_server_down(own_server: Server) -> None:
    # The negative control of the two tests above: PostgreSQL itself refuses; our rule is what lets it start.
    await own_server.start()
    own_server.stop()
    stranger = subprocess.Popen(["sleep", "600"], **own_server.account.popen())
    on_file = own_server.cluster.postmaster_pid
    on_file.write_text(f"{stranger.pid}\n{own_server.cluster.directory}\n0\n{PORT}\n\n\n\n")
    own_server.account.give(on_file)
    try:
        own_server._spawn(stale=None)
        child = own_server._child
        assert child is not None
        assert child.wait(20) != 0
        assert "lock file" in own_server.cluster.log.read_text()
    finally:
        stranger.kill()
        stranger.wait()


async def test_pg_variables_of_the_environment_decide_nothing(
    own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGHOST": "192.0.2.1",
        "PGPORT": "1",
        "PGUSER": "nobody",
        "PGDATA": "/nowhere",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGOPTIONS", "-c search_path=nowhere")
    monkeypatch.setenv("PGPASSWORD", "wrong")
    monkeypatch.setenv("LC_ALL", "C")
    await own_server.start()
    assert await _answers(own_server) == 42
    assert own_server.pid is not None
    environment = Path(f"/proc/{own_server.pid}/environ").read_bytes().split(b"\0")
    assert not [
        entry for entry in environment if entry.startswith(b"PG") and not entry.startswith(b"PGDATA=")
    ]


async def test_the_log_keeps_statements_and_values_to_itself(own_server: Server) -> None:
    await own_server.start()
    async with await Database.open(own_server.params.on("postgres"), max=1) as database:
        async with database.transaction() as tx:
            await tx.execute("CREATE TABLE person (number text PRIMARY KEY)")
            await tx.execute("INSERT INTO person VALUES ($1)", "320500199001011234")
        with pytest.raises(Conflict) as refused:
            async with database.transaction() as tx:
                await tx.execute("INSERT INTO person VALUES ($1)", "320500199001011234")
    assert "320500199001011234" not in str(refused.value)
    own_server.stop()
    said = own_server.cluster.log.read_text()
    assert "person_pkey" in said, "the mistake itself is logged"
    assert "320500199001011234" not in said


async def test_starting_from_another_thread_is_refused(own_server: Server) -> None:
    # The kernel's "tell me when my parent dies" is about the forking thread, which would soon end.
    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(lambda: asyncio.run(own_server.start()))


async def test_a_server_that_cannot_start_says_why_in_its_own_words(own_server: Server) -> None:
    (own_server.cluster.directory / "local.conf").write_text("shared_buffers = 'a lot'\n")
    with pytest.raises(Unavailable, match="shared_buffers"):
        await own_server.start()
    assert own_server.pid is None


def test_the_socket_path_stays_within_what_the_kernel_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("a" * 80) / ("b" * 80)
    deep.mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    socket = Cluster(deep / "postgres").socket_directory() / f".s.PGSQL.{PORT}"
    assert len(os.fsencode(socket)) <= 107


def test_a_socket_directory_of_somebody_else_is_refused(tmp_path: Path, server: Server) -> None:
    cluster = Cluster(tmp_path / "elsewhere")
    directory = cluster.socket_directory()
    directory.symlink_to(tmp_path)
    try:
        with pytest.raises(Unavailable, match="belongs to someone else"):
            cluster.make_socket_directory(server.account)
    finally:
        directory.unlink()


def test_a_half_made_cluster_is_not_taken_for_a_whole_one(room: Path, server: Server) -> None:
    half = room / "postgres.new-abandoned"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    cluster = Cluster(room / "postgres", durable=False)
    cluster.make(server.binaries, server.account)
    assert cluster.major == server.binaries.major
    assert not half.exists()


def test_a_directory_with_other_things_in_it_is_not_made_into_a_cluster(room: Path, server: Server) -> None:
    (room / "postgres").mkdir()
    (room / "postgres" / "letter.txt").write_text("dear operator")
    with pytest.raises(Invalid):
        Cluster(room / "postgres").make(server.binaries, server.account)
    assert (room / "postgres" / "letter.txt").read_text() == "dear operator"


def test_a_cluster_of_another_major_version_is_refused_with_what_to_do(server: Server) -> None:
    with pytest.raises(Unavailable, match="pg_dumpall") as refused:
        binaries.choose(server.account, pg_bin=server.binaries.directory, major=14)
    assert "made by PostgreSQL 14" in str(refused.value)


def test_a_cluster_gets_binaries_of_its_own_version_whatever_the_order(server: Server) -> None:
    found = {source.major for source in (*binaries._debian(), *binaries._wheel())}
    for major in found:
        assert binaries.choose(server.account, pg_bin=None, major=major).major == major
    with pytest.raises(Unavailable, match="only"):
        binaries.choose(server.account, pg_bin=None, major=14)


def test_a_directory_without_a_server_in_it_is_no_choice(tmp_path: Path, server: Server) -> None:
    with pytest.raises(Invalid, match="LZ_PG_BIN"):
        binaries.choose(server.account, pg_bin=tmp_path, major=None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lock another account out")
def test_binaries_the_account_cannot_reach_are_copied_and_the_originals_left_closed(
    room: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = room / "closed"
    closed.mkdir(mode=0o700)
    install = server.binaries.directory.parent
    inside = closed / "package" / install.name
    shutil.copytree(install, inside, symlinks=True, ignore=shutil.ignore_patterns("include", "doc"))
    libraries = install.parent.parent / f"{install.parent.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, closed / "package.libs")
    monkeypatch.setattr(binaries, "_SHARED_COPIES", room / "copies")

    assert binaries.version_of(inside / "bin", server.account) is None, "the account really is locked out"
    chosen = binaries.choose(server.account, pg_bin=inside / "bin", major=None)

    assert chosen.source.startswith("a copy")
    assert binaries.version_of(chosen.directory, server.account) == server.binaries.major
    assert closed.stat().st_mode & 0o777 == 0o700
    assert binaries.choose(server.account, pg_bin=inside / "bin", major=None) == chosen, "copied once"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_the_server_as_himself(room: Path, server: Server) -> None:
    nobody = Account._existing(65534, drops=True)
    own = room / "his"
    own.mkdir()
    nobody.give(own)
    mine = Server(Cluster(own / "postgres", durable=False), server.binaries, nobody)
    source = room / "src"
    import liangzheng

    shutil.copytree(
        Path(liangzheng.__file__).parent, source / "liangzheng", ignore=shutil.ignore_patterns("__py*")
    )
    python, packages = _reachable_python(room)
    owner = subprocess.Popen(
        [python, "-c", _OWNER, str(own / "postgres"), str(server.binaries.directory)],
        stdout=subprocess.PIPE,
        env={
            "PYTHONPATH": f"{source}:{packages}",
            "PATH": os.environ["PATH"],
            "TMPDIR": str(own),
            "HOME": str(own),
        },
        cwd=own,
        **nobody.popen(),
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline() or 0)
    try:
        assert process.owner(pid) == 65534
        assert process.parent(pid) == owner.pid
    finally:
        owner.terminate()
        owner.wait()
        identity = ProcessIdentity.of(pid)
        assert identity is None or identity.gone_within(10)
        assert mine.backends() == []


def _reachable_python(room: Path) -> tuple[str, str]:
    """A Python and its packages that any account can run; skips where this one is closed to others."""
    packages = str(Path(next(p for p in sys.path if p.endswith("site-packages"))).resolve())
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            found = subprocess.run(
                [python, "-c", "import sys; print(*sys.version_info[:2])"],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                user=65534,
                group=65534,
                extra_groups=[],
                env={},
            )
        except PermissionError:
            continue
        if found.stdout.split() == [str(part) for part in sys.version_info[:2]]:
            return python, packages
    pytest.skip("no Python of this version that an ordinary user may run")


def test_the_default_order_prefers_debian_and_the_newest(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (13, 15, 16, 19):
        directory = tmp_path / str(version) / "bin"
        directory.mkdir(parents=True)
        (directory / "initdb").touch()
        (directory / "postgres").write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}.1'\n")
        (directory / "postgres").chmod(0o755)
    tmp_path.chmod(0o755)
    monkeypatch.setattr(binaries, "_DEBIAN", tmp_path)
    monkeypatch.setattr(binaries, "_reachable", lambda chosen, account: chosen)
    assert binaries.choose(server.account, pg_bin=None, major=None).major == 16
    assert binaries.choose(server.account, pg_bin=None, major=15).major == 15


def test_settings_over_a_test_directory_name_their_cluster(own_settings: Settings) -> None:
    assert Cluster(own_settings.cluster_dir).major is not None
