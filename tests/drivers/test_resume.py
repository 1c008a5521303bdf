"""Imports that are killed: whole chunks stay, the same command goes on, nothing is there twice or missing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from drivers.conftest import AS_OF, Import, one, register_of
from liangzheng import drivers
from liangzheng.drivers import reading, store
from liangzheng.drivers.chunk import Chunk
from liangzheng.drivers.columns import CodeTables
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import ConnectParams, Database
from liangzheng.infra.postgres.migrate import bring_up
from liangzheng.kernel.errors import Conflict, Unavailable
from liangzheng.kernel.time import FixedClock

DRIVERS = 4000

# One slice a transaction, five or six slices in the file.
CHILD = """
    import asyncio, os, signal, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from liangzheng import drivers
    from liangzheng.drivers import reading, store
    from liangzheng.infra.keyindex import KeyIndex
    from liangzheng.infra.postgres import ConnectParams, Database
    from liangzheng.kernel.time import FixedClock

    host, port, user, name, path, moment, chunk = sys.argv[1:]
    # The module, not the act of the same name.
    sys.modules["liangzheng.drivers.import_register"]._ROWS_A_TRANSACTION = range(1, 1)
    done = 0

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def after(progress):
        global done
        done += 1
        if moment == "after" and done == int(chunk):
            die()

    move = store.move

    async def before(tx, run, now):
        if moment == "before" and done == int(chunk):
            die()
        await move(tx, run, now)

    store.move = before

    async def main():
        params = ConnectParams(host=host, port=int(port), user=user, database=name)
        async with await Database.open(params, max=3) as database:
            clock = FixedClock(datetime(2026, 11, 20, 2, 0, tzinfo=UTC))
            keys = KeyIndex(b"a secret of thirty-two octets ..")
            report = await drivers.import_register(database, keys, Path(path), clock, on_progress=after)
            print(report.lines)

    asyncio.run(main())
"""


def child(params: ConnectParams, path: Path, moment: str, chunk: int) -> subprocess.Popen[bytes]:
    code = textwrap.dedent(CHILD)
    words = [
        str(params.host),
        str(params.port),
        str(params.user),
        str(params.database),
        str(path),
        moment,
        str(chunk),
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen([sys.executable, "-c", code, *words], env=environment, stdout=subprocess.PIPE)


@pytest.fixture
def register(tmp_path: Path, tables: CodeTables) -> Path:
    path = tmp_path / "register.csv"
    drivers.generate_register(
        path, tables, drivers.GenerateOptions(DRIVERS, 11, AS_OF, portraits=0, damaged=0.01)
    )
    return path


@pytest.mark.crash
@pytest.mark.parametrize(
    ("moment", "chunk"), [("after", 1), ("after", 3), ("before", 0), ("before", 2), ("before", 4)]
)
async def test_an_import_killed_at_any_chunk_goes_on_to_the_register_of_a_clean_one(
    moment: str, chunk: int, database: Database, empty_database: Database, keys: KeyIndex, clock: FixedClock,
    register: Path, bring_in: Import, tmp_path: Path,
) -> None:  # fmt: skip
    killed = child(database.params, register, moment, chunk)
    await asyncio.to_thread(killed.wait, 60)
    assert killed.returncode == -signal.SIGKILL
    kept = await one(database, "SELECT lines_done FROM register_import")
    assert await one(database, "SELECT state FROM register_import") == "running"
    assert (kept > 0) == (moment == "after" or chunk > 0)

    report = await bring_in(register)
    assert report.resumed_after_line == kept
    rejects = (tmp_path / "register.csv.rejects.csv").read_bytes()

    await bring_up(empty_database)
    clean = await drivers.import_register(empty_database, keys, register, clock)
    assert (report.lines, report.fresh, report.rejected) == (clean.lines, clean.fresh, clean.rejected)
    assert clean.rejected > 10
    assert await register_of(database) == await register_of(empty_database)
    assert (tmp_path / "register.csv.rejects.csv").read_bytes() == rejects


@pytest.mark.crash
async def test_when_the_reader_is_killed_the_import_stops_in_a_sentence_and_can_go_on(
    database: Database, register: Path, bring_in: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["liangzheng.drivers.import_register"], "_ROWS_A_TRANSACTION", range(1, 1))
    # Nothing read ahead, or all of so small a file is here before anything is written.
    monkeypatch.setattr(reading, "_AHEAD_OCTETS", 1)
    move = store.move
    moved = []

    async def kill_the_reader(tx: object, run: store.Run, now: object) -> None:
        moved.append(run)
        for process in psutil.Process().children():
            if process.status() != psutil.STATUS_ZOMBIE and "liangzheng.drivers.reading" in " ".join(
                process.cmdline()
            ):
                process.send_signal(signal.SIGKILL)
        await move(tx, run, now)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "move", kill_the_reader)
    with pytest.raises(Unavailable, match="process that reads"):
        await bring_in(register)
    monkeypatch.setattr(store, "move", move)
    report = await bring_in(register)
    assert moved
    assert report.resumed_after_line > 0
    assert report.fresh + report.rejected == DRIVERS


async def test_a_file_that_was_changed_since_begins_anew(
    database: Database, register: Path, bring_in: Import
) -> None:
    killed = child(database.params, register, "after", 2)
    await asyncio.to_thread(killed.wait, 60)
    octets = bytearray(register.read_bytes())
    place = octets.index("虚构路".encode()) + 9
    octets[place] = ord("8") if octets[place] != ord("8") else ord("7")
    register.write_bytes(bytes(octets))
    report = await bring_in(register)
    assert report.resumed_after_line == 0
    assert (report.changed, report.fresh + report.unchanged + report.rejected) == (1, DRIVERS - 1)


async def test_an_import_can_be_begun_anew_on_purpose(
    database: Database, register: Path, bring_in: Import
) -> None:
    killed = child(database.params, register, "after", 2)
    await asyncio.to_thread(killed.wait, 60)
    report = await bring_in(register, anew=True)
    assert report.resumed_after_line == 0
    assert report.unchanged > 0
    assert sorted([row["state"] for row in await _states(database)]) == ["abandoned", "finished"]


async def _states(database: Database) -> list[dict[str, str]]:
    async with database.read() as connection:
        return [dict(row) for row in await connection.fetch("SELECT state FROM register_import")]


async def test_a_rejects_file_that_was_taken_away_is_noticed(
    database: Database, register: Path, bring_in: Import, tmp_path: Path
) -> None:
    killed = child(database.params, register, "after", 3)
    await asyncio.to_thread(killed.wait, 60)
    (tmp_path / "register.csv.rejects.csv").unlink()
    with pytest.raises(Conflict, match="rejects file"):
        await bring_in(register)
    assert (await bring_in(register, anew=True)).rejected > 0


PEAK = """
    import asyncio, os, sys
    from datetime import UTC, datetime
    from pathlib import Path

    import psutil

    from liangzheng import drivers
    from liangzheng.infra.keyindex import KeyIndex
    from liangzheng.infra.postgres import ConnectParams, Database
    from liangzheng.kernel.time import FixedClock

    host, port, user, name, path = sys.argv[1:]
    peak = 0

    def held(pid):
        # Of the process since it began; getrusage would tell at least what its parent had.
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)

    def look(progress):
        global peak
        peak = max(peak, held(os.getpid()) + sum(held(child.pid) for child in psutil.Process().children()))

    async def main():
        params = ConnectParams(host=host, port=int(port), user=user, database=name)
        async with await Database.open(params, max=3) as database:
            clock = FixedClock(datetime(2026, 11, 20, 2, 0, tzinfo=UTC))
            keys = KeyIndex(b"a secret of thirty-two octets ..")
            await drivers.import_register(database, keys, Path(path), clock, on_progress=look)

    asyncio.run(main())
    print(peak)
"""


async def test_memory_does_not_grow_with_the_file(
    database: Database, tables: CodeTables, tmp_path: Path
) -> None:
    """Importer and reader together, at their peaks: the goal is 300 MB whatever the file's size."""
    path = tmp_path / "large.csv"
    drivers.generate_register(path, tables, drivers.GenerateOptions(120_000, 3, AS_OF, portraits=0))
    params = database.params
    words = [str(params.host), str(params.port), str(params.user), str(params.database), str(path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    code = textwrap.dedent(PEAK)
    answer = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code, *words], env=environment, capture_output=True, check=True
    )
    assert 30_000 < int(answer.stdout) < 300_000


def test_the_first_and_the_last_transaction_are_small_and_none_is_larger_than_memory_allows() -> None:
    rows_a_transaction = sys.modules["liangzheng.drivers.import_register"].rows_a_transaction

    def at(written: int, lines_done: int, of: int) -> int:
        last = Chunk(lines_done, 0, b"", lines_done * 250, [], [], [], [], [])
        return rows_a_transaction(written, last, of * 250)

    assert at(0, 5_000, 1_000_000) == 5_000
    assert at(20_000, 40_000, 1_000_000) == 20_000
    assert at(500_000, 500_000, 1_000_000) == 40_000
    assert at(950_000, 960_000, 1_000_000) == 20_000
    assert at(990_000, 999_999, 1_000_000) == 5_000
    assert at(0, 0, 0) == 5_000
