"""Servers of their own for tests that kill them, made from one cluster."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from liangzheng.infra.postgres.binaries import Account
from liangzheng.infra.postgres.cluster import Cluster
from liangzheng.infra.postgres.supervisor import Server
from liangzheng.infra.settings import Settings
from tests.conftest import room_for_a_server


@pytest.fixture
def room() -> Iterator[Path]:
    """A directory of this test's own that the server's account can enter."""
    with room_for_a_server() as place:
        yield place


@pytest.fixture(scope="session")
def made_cluster(server: Server, server_room: Path) -> Path:
    """A data directory fresh from initdb, to copy from: initdb takes most of a second."""
    cluster = Cluster(server_room / "made", durable=False)
    cluster.make(server.binaries, server.account)
    return cluster.directory


@pytest.fixture
def own_settings(room: Path, made_cluster: Path, server: Server) -> Iterator[Settings]:
    """Settings over a data directory of this test's own, whose cluster is there but not running."""
    settings = Settings.from_env(
        {"LZ_MODE": "test", "LZ_DATA_DIR": str(room / "lz"), "LZ_PG_BIN": str(server.binaries.directory)}
    )
    settings.make_data_dir()
    subprocess.run(["cp", "-a", str(made_cluster), str(settings.cluster_dir)], check=True)
    yield settings
    shutil.rmtree(Cluster(settings.cluster_dir).socket_directory(), ignore_errors=True)


@pytest.fixture
def own_server(own_settings: Settings, server: Server) -> Iterator[Server]:
    """A server of this test's own, not started; fsync off, which matters to the power and not to kill -9."""
    yield from _stopped_after(Cluster(own_settings.cluster_dir, durable=False), server)


@pytest.fixture
def durable_server(own_settings: Settings, server: Server) -> Iterator[Server]:
    """The same with the settings of real use."""
    yield from _stopped_after(Cluster(own_settings.cluster_dir), server)


def _stopped_after(cluster: Cluster, server: Server) -> Iterator[Server]:
    mine = Server(cluster, server.binaries, Account.choose(cluster.directory))
    yield mine
    mine.stop()
    # A server whose owner was killed is told by the kernel, and takes its moment to stop.
    assert [left for left in mine.backends() if not left.gone_within(10)] == []
