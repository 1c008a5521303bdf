"""`./lz serve` as an operator runs it: it answers, survives its workers, and ends with everything it started."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

import liangzheng
from liangzheng.cli.demo.own_names import certificate
from liangzheng.infra.postgres import process
from liangzheng.infra.postgres.cluster import Cluster
from liangzheng.infra.postgres.process import ProcessIdentity
from liangzheng.infra.postgres.supervisor import Server
from tests.conftest import room_for_a_server

pytestmark = pytest.mark.crash
SOURCE = Path(liangzheng.__file__).parents[1]
ADDRESS = re.compile(r"LiangZheng answers at https?://127\.0\.0\.1:(\d+)")


@pytest.fixture(scope="module")
def environment(server: Server) -> Iterator[dict[str, str]]:
    """A deployment of its own, with keys."""
    with room_for_a_server() as place:
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(SOURCE),
            "LZ_MODE": "test",
            "LZ_DATA_DIR": str(place / "lz"),
            "LZ_PG_BIN": str(server.binaries.directory),
            "LZ_LOG_LEVEL": "error",
        }
        subprocess.run(
            [sys.executable, "-m", "liangzheng", "keys", "init"],
            env=variables,
            check=True,
            capture_output=True,
        )
        yield variables
        shutil.rmtree(Cluster(place / "lz" / "postgres").socket_directory(), ignore_errors=True)


@contextmanager
def serving(environment: dict[str, str], *words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    running = subprocess.Popen(
        [sys.executable, "-m", "liangzheng", "serve", "--port", "0", *words],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert running.stdout is not None
    try:
        found = ADDRESS.search(running.stdout.readline())
        assert found
        yield running, int(found.group(1))
    finally:
        running.kill()
        running.wait()
        running.stdout.close()


def status_of(port: int, path: str = "/") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def family(pid: int) -> list[ProcessIdentity]:
    """Every process that descends from `pid`."""
    parents = {one: process.parent(one) for one in process.everyone()}
    found, layer = [], {pid}
    while layer := {one for one, parent in parents.items() if parent in layer}:
        found += [identity for identity in map(ProcessIdentity.of, layer) if identity is not None]
    return found


@pytest.mark.parametrize(
    ("workers", "number"),
    [("1", signal.SIGTERM), ("1", signal.SIGKILL), ("2", signal.SIGINT), ("2", signal.SIGKILL)],
    ids=lambda value: getattr(value, "name", value),
)
def test_it_answers_and_whatever_ends_it_ends_all_it_started(
    environment: dict[str, str], workers: str, number: signal.Signals
) -> None:
    with serving(environment, "--workers", workers) as (running, port):
        assert status_of(port) == 200
        started = family(running.pid)
        assert len(started) >= 6, "the database server at least"
        running.send_signal(number)
        assert running.wait(30) == (-signal.SIGKILL if number is signal.SIGKILL else 0)
        assert all(one.gone_within(15) for one in started)


def test_a_worker_that_dies_is_replaced(environment: dict[str, str]) -> None:
    with serving(environment, "--workers", "2") as (running, port):
        assert status_of(port) == 200
        workers = [
            identity
            for identity in family(running.pid)
            if "--listener-fd" in process.command_line(identity.pid)
        ]
        assert len(workers) == 2
        for worker in workers:
            worker.send(signal.SIGKILL)
            assert worker.gone_within(5)
        assert status_of(port) == 200, "the connection waits for the next worker"


@pytest.mark.parametrize("workers", [1, 2])
def test_figures_are_on_a_port_of_each_process_and_never_on_the_public_one(
    environment: dict[str, str], workers: int
) -> None:
    first = free_ports(workers)
    with serving(environment | {"LZ_METRICS_PORT": str(first)}, "--workers", str(workers)) as (_, port):
        assert status_of(port) == 200
        assert status_of(port, "/metrics") == 404
        for own in range(first, first + workers):
            until = time.monotonic() + 30
            while not listens(own):
                assert time.monotonic() < until
                time.sleep(0.1)
            assert status_of(own, "/metrics") == 200
            assert status_of(own, "/readyz") == 200
            assert status_of(own, "/holder/licence") == 404


def free_ports(count: int) -> int:
    """The first of `count` ports in a row nobody listens on."""
    for first in range(20_000 + os.getpid() % 10_000, 60_000, count):
        if not any(listens(port) for port in range(first, first + count)):
            return first
    raise AssertionError("no port is free")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_answers_again_after_its_database_was_killed(environment: dict[str, str]) -> None:
    with serving(environment) as (_, port):
        assert status_of(port) == 200
        on_file = Path(environment["LZ_DATA_DIR"]) / "postgres" / "postmaster.pid"
        server = ProcessIdentity.of(int(on_file.read_text().split("\n")[0]))
        assert server is not None
        server.send(signal.SIGKILL)
        assert server.gone_within(5)
        until = time.monotonic() + 30
        while status_of(port, "/readyz") != 200:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_port_that_is_taken_is_said_in_one_sentence(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        answer = subprocess.run(
            [sys.executable, "-m", "liangzheng", "serve", "--port", port],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert answer.returncode == 1
    assert answer.stderr == f"lz: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


def test_headers_past_sixteen_kibioctets_are_refused(environment: dict[str, str]) -> None:
    with serving(environment) as (_, port):
        for octets, status in ((15_000, 200), (17_000, 431)):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/", headers={"X-Long": "x" * octets})
            assert connection.getresponse().status == status
            connection.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_production_without_host_names_does_not_start_and_names_the_setting(
    environment: dict[str, str], workers: str
) -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "liangzheng", "serve", "--port", "0", "--workers", workers],
        env=environment | {"LZ_MODE": "production", "LZ_ALLOW_SOFTWARE_KEYS": "yes"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode != 0
    assert "LZ_HOSTS" in answer.stderr
    assert answer.stdout == ""


def test_production_with_host_names_answers_to_them_alone(environment: dict[str, str]) -> None:
    production = {
        "LZ_MODE": "production", "LZ_ALLOW_SOFTWARE_KEYS": "yes", "LZ_HOSTS": "localhost",
        "LZ_FACES": "driver=driver.example",
    }  # fmt: skip
    with serving(environment | production) as (_, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for host, path, expected in (
            ("localhost", "/healthz", 200), ("driver.example", "/api/open/deployment", 200),
            ("driver.example", "/api/healthz", 404), ("elsewhere.example", "/healthz", 421),
            ("driver.localhost", "/", 421), ("elsewhere.driver.example", "/", 421),
        ):  # fmt: skip
            connection.request("GET", path, headers={"Host": host})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == expected
        connection.close()


def test_for_trying_it_speaks_tls_itself(environment: dict[str, str], tmp_path: Path) -> None:
    chain, key = certificate(tmp_path, "lz.test", datetime.now(UTC))
    said = environment | {
        "LZ_TLS_CERT": str(chain), "LZ_TLS_KEY": str(key), "LZ_HOSTS": "driver.lz.test",
        "LZ_FACES": "driver=driver.lz.test",
    }  # fmt: skip
    with serving(said) as (_, port):
        trusting = ssl.create_default_context(cafile=tmp_path / "lz.test-authority.crt")
        for host, path, expected in (
            ("driver.lz.test", "/api/open/deployment", 200), ("elsewhere.test", "/healthz", 421),
        ):  # fmt: skip
            plain = socket.create_connection(("127.0.0.1", port), 30)
            connection = http.client.HTTPConnection(host, port)
            connection.sock = trusting.wrap_socket(plain, server_hostname="driver.lz.test")
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == expected
            assert answer.headers["Strict-Transport-Security"]
            connection.close()
        with pytest.raises((http.client.HTTPException, OSError)):
            status_of(port)  # without TLS


def test_a_certificate_without_its_key_is_told_at_once(environment: dict[str, str], tmp_path: Path) -> None:
    chain, _ = certificate(tmp_path, "lz.test", datetime.now(UTC))
    _, other = certificate(tmp_path, "other.test", datetime.now(UTC))
    for key in (other, tmp_path / "none"):
        answer = subprocess.run(
            [sys.executable, "-m", "liangzheng", "serve", "--port", "0"],
            env=environment | {"LZ_TLS_CERT": str(chain), "LZ_TLS_KEY": str(key)},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert answer.returncode == 1
        assert "LZ_TLS_CERT" in answer.stderr
        assert answer.stdout == ""
