"""The whole story as a newcomer starts it: `lz demo --once`, in processes of its own, killed where it hurts."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOMS

SIZE = "2000"
ENDS_WITHIN_S = 600
ENDS_BY_ITSELF_S = 20
"""A command a killed demonstration had started finishes what it does, and then finds its database gone."""


@pytest.fixture
def home() -> Iterator[Path]:
    """A data directory of a demonstration; whatever still runs in it at the end is a fault of its own, and ended.

    Not below tmp_path, which others may not pass through: as root the database server runs as another user.
    """
    with tempfile.TemporaryDirectory(prefix="lz-demo-", dir=ROOMS) as folder:
        os.chmod(folder, 0o755)
        directory = Path(folder) / "data"
        yield directory
        until = time.monotonic() + ENDS_BY_ITSELF_S
        while _running_in(directory) and time.monotonic() < until:
            time.sleep(0.1)
        left = {process: _words(process) for process in _running_in(directory)}
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=10)  # or they write into the directory that is being removed
        assert not left, f"left running: {list(left.values())}"


def test_as_root_a_data_directory_closed_to_others_is_refused_with_the_way_out(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root's database server runs as another user")
    tmp_path.chmod(0o700)
    status, output = _tell(tmp_path / "data")
    assert status == 1
    assert str(tmp_path) in output
    assert "chmod o+x" in output


def _environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LZ_")}
    return kept | {"LZ_DATA_DIR": str(home), "PYTHONPATH": os.pathsep.join(sys.path)} | more


def _start(home: Path, *words: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "liangzheng", *words],
        env=_environment(home, **more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def _tell(home: Path, **more: str) -> tuple[int, str]:
    """Exit status and output of `lz demo --once`."""
    process = _start(home, "demo", "--once", "--drivers", SIZE, **more)
    output, _ = process.communicate(timeout=ENDS_WITHIN_S)
    return process.returncode, output


def _words(process: psutil.Process) -> list[str]:
    """Its command line; empty when it has ended since it was seen."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _running_in(home: Path) -> list[psutil.Process]:
    """Processes that work on this data directory: by their environment, or by the directory on their command line."""
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            if any(str(home) in word for word in words) or process.environ().get("LZ_DATA_DIR") == str(home):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def _fsck(home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "liangzheng", "fsck"],
        env=_environment(home), capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def _tell_whole(home: Path, alg: str) -> None:
    """Every step of the story holds, nothing is left running, and the database is in order."""
    status, output = _tell(home, LZ_ALG=alg)
    assert status == 0, output
    assert "every one of" in output
    assert "SIMULATED" in output
    assert "not held" not in output
    assert _running_in(home) == []
    assert _fsck(home).returncode == 0


def test_every_step_of_the_story_holds_and_leaves_nothing_running(home: Path) -> None:
    _tell_whole(home, "ES256")


def test_it_refuses_to_run_in_production(home: Path) -> None:
    status, output = _tell(home, LZ_MODE="production")
    assert status == 1
    assert "production" in output


def _victim(home: Path, name: str) -> psutil.Process | None:
    wanted = {"api": "serve", "queue": "outbox", "issuer": "issuer"}.get(name)
    for process in _running_in(home):
        words = _words(process)
        if name == "postgres" and words[:1] and words[0].endswith("postgres") and "-D" in words:
            return process
        if wanted is not None and wanted in words:
            return process
    return None


def _gone_wrong(process: subprocess.Popen[str]) -> str:
    process.kill()
    return process.communicate()[0]


@pytest.mark.crash
def test_parts_that_are_killed_are_started_again_and_the_story_goes_on(home: Path) -> None:
    """One after the other in one story, as long as it lasts: a step that met a gap may say so and fail."""
    process = _start(home, "demo", "--once", "--drivers", SIZE)
    until = time.monotonic() + ENDS_WITHIN_S
    for name in ("api", "queue", "issuer", "postgres"):
        killed = None
        while killed is None:
            assert time.monotonic() < until, _gone_wrong(process)
            if process.poll() is not None:
                process.communicate()
                process = _start(home, "demo", "--once", "--drivers", SIZE)
            if (killed := _victim(home, name)) is None:
                time.sleep(0.05)
        killed.send_signal(signal.SIGKILL)
        while process.poll() is None and (_victim(home, name) or killed).pid == killed.pid:
            assert time.monotonic() < until, f"{name} stays away: {_gone_wrong(process)}"
            time.sleep(0.05)
    output, _ = process.communicate(timeout=ENDS_WITHIN_S)
    # What was acknowledged is there, and the next start goes on.
    if process.returncode != 0:
        status, output = _tell(home)
        assert status == 0, output
    assert _fsck(home).returncode == 0


@pytest.mark.crash
def test_the_demonstration_itself_killed_leaves_no_orphan_and_goes_on(home: Path) -> None:
    """Again and again, each start over what the one before left; then the whole story, with the other algorithm."""
    for after_s in (1.5, 4.0, 7.0):
        process = _start(home, "demo", "--once", "--drivers", SIZE, LZ_ALG="SM2")
        time.sleep(after_s)
        process.kill()
        process.communicate()
        until = time.monotonic() + 30
        while _running_in(home) and time.monotonic() < until:
            time.sleep(0.1)
        assert _running_in(home) == [], f"after {after_s} s"
    _tell_whole(home, "SM2")


DOCS = Path(__file__).parents[2] / "docs" / "how-to"


def _by_hand(said: str) -> subprocess.CompletedProcess[str]:
    """The command of first-licence.md, with what a demonstration printed in the places it leaves open."""
    page = (DOCS / "first-licence.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.startswith(".venv/bin/python"))
    base, token = (
        re.search(r"Start page +(\S+)/", said),
        re.search(r"terminal +Authorization: Bearer (\S+)", said),
    )
    mobile = re.search(r"│ (1\d{10}) +│ (\S+) +│", said)
    assert base and token and mobile, said
    filled = {
        ".venv/bin/python": sys.executable, "http://127.0.0.1:8765": base[1], "<mobile>": mobile[1],
        "<password>": mobile[2], "<officer's token>": token[1],
    }  # fmt: skip
    for place, value in filled.items():
        assert place in line
        line = line.replace(place, value)
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ["PATH"]}
    return subprocess.run(
        line.split(), cwd=DOCS.parents[1], env=environment, capture_output=True, text=True, timeout=60
    )


def test_a_first_licence_by_hand_from_a_waiting_demonstration_which_ctrl_c_stops_cleanly(home: Path) -> None:
    process = _start(home, "demo", "--drivers", SIZE, LZ_PORT="0")
    try:
        seen = ""
        assert process.stdout is not None
        while "Ctrl-C stops everything" not in seen:
            line = process.stdout.readline()
            assert line, seen
            seen += line
        for _ in range(2):  # a first licence; then the same on a further phone
            walked = _by_hand(seen)
            assert walked.returncode == 0, walked.stderr
            assert "LZ1:" in walked.stdout
            assert walked.stdout.endswith("verdict: valid\n")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    assert _running_in(home) == []


def test_a_port_somebody_listens_on_is_refused_before_anything_starts(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = _start(home, "demo", "--drivers", SIZE, LZ_PORT=str(port))
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert str(port) in output
    assert "LZ_PORT=" in output


def test_a_second_demonstration_in_one_directory_is_refused(home: Path) -> None:
    (home / "demo").mkdir(parents=True)
    with (home / "demo" / "running.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        status, output = _tell(home)
    assert status == 1
    assert "already" in output
