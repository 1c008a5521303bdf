"""The processes of a demonstration, played by a package that says what it was given and waits."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from liangzheng.cli.processes import Processes

PLAYED = """
import os, sys, time
print(*sys.argv[1:], os.environ["LZ_LOG_LEVEL"], os.environ.get("LZ_FACE_ENGINE"), flush=True)
time.sleep(600)
"""


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    package = tmp_path / "liangzheng"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PLAYED)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "LZ_LOG_LEVEL": "info"}
    made = Processes(environment, tmp_path / "logs", lambda text: None)
    yield made
    made.stop()


def said(processes: Processes, name: str) -> str:
    log, until = processes.logs / f"{name}.log", time.monotonic() + 30
    while not log.read_text() and time.monotonic() < until:
        time.sleep(0.02)
    return log.read_text().strip()


def test_one_has_some_settings_of_its_own_and_the_others_do_not(processes: Processes) -> None:
    processes.start("api", "serve")
    processes.start("beside", "serve", "--port", "1", LZ_FACE_ENGINE="manual")
    assert said(processes, "api") == "serve info None"
    assert said(processes, "beside") == "serve --port 1 info manual"


def test_one_is_ended_and_the_others_go_on(processes: Processes) -> None:
    processes.start("api", "serve")
    processes.start("beside", "serve")
    said(processes, "beside")
    pids = processes.pids()
    processes.end("beside")
    assert not psutil.pid_exists(pids["beside"])
    assert processes.pids() == {"api": pids["api"]}
    processes.end("beside")
    processes.end("never started")
    assert psutil.Process(pids["api"]).status() != psutil.STATUS_ZOMBIE
    os.kill(pids["api"], signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pids["api"])], timeout=10)
    processes.end("api")
    assert processes.pids() == {}
