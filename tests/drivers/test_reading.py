"""The reader's process: what it says, how far ahead it is heard, and that it is noticed when it falls silent."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drivers.conftest import changed, written
from liangzheng.drivers import reading
from liangzheng.drivers.chunk import Chunk, ChunkReader, together
from liangzheng.drivers.columns import CodeTables
from liangzheng.drivers.lines import RegisterFile, Start
from liangzheng.drivers.reading import Task, chunks
from liangzheng.kernel.errors import Unavailable

Lines = Callable[..., list[list[str]]]
AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


async def test_what_the_process_says_is_what_a_reader_here_makes_of_the_file(
    good_lines: Lines, tables: CodeTables, tmp_path: Path
) -> None:
    lines = good_lines(700)
    lines[3] = changed(lines[3], sex="9")
    # A file's name need not be text.
    path = written(tmp_path / os.fsdecode(b"r\xff.csv"), [*lines, b"\xff", b'"not closed'])
    with RegisterFile(path, "utf-8") as file:
        reader = ChunkReader(file.header(), tables, import_number=7, at=AT)
        wanted = together([reader.chunk(part) for part in file.slices(1)])
    async with chunks(Task(path, "utf-8", Start(), 7, AT)) as coming:
        found = together([chunk async for chunk in coming])
    assert len(found.rows) == 699
    assert [reject.broken[0].rule for reject in found.rejects] == ["code", "encoding", "quotes"]
    for name in Chunk.__dataclass_fields__:
        if name != "rows":
            assert getattr(found, name) == getattr(wanted, name), name
    # All but the ids, which are new every time.
    assert [(row[:6], row[22:]) for row in found.rows] == [(row[:6], row[22:]) for row in wanted.rows]


async def test_what_the_reader_cannot_do_is_told_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"nowhere\.csv cannot be opened"):
        async with chunks(Task(tmp_path / "nowhere.csv", "utf-8", Start(), 1, AT)) as coming:
            async for _ in coming:
                pass


def said(*bodies: bytes) -> bytes:
    return b"".join(reading._HEAD.pack(b"c", len(body)) + body for body in bodies)


class Pipe(io.BytesIO):
    """Counts what was taken from it."""

    taken = 0

    def read(self, octets: int | None = -1, /) -> bytes:
        got = super().read(octets)
        self.taken += len(got)
        return got


def test_no_more_is_taken_than_may_wait_until_some_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_AHEAD_OCTETS", 1000)
    waiting = threading.Semaphore(0)

    class Told(threading.Condition):
        def wait_for(self, predicate: Callable[[], object], timeout: float | None = None) -> object:  # type: ignore[override]
            if not predicate():
                waiting.release()
            return super().wait_for(predicate, timeout)  # type: ignore[arg-type]

    monkeypatch.setattr(threading, "Condition", Told)
    pipe = Pipe(said(*[bytes(400)] * 50))
    ahead = reading._Ahead(pipe)  # type: ignore[arg-type]
    waiting.acquire()
    # Three fill it, one is in the hand of who wants to lay it down.
    assert pipe.taken == 4 * len(said(bytes(400)))
    assert len(ahead.take()) == 3
    ahead.close()
    assert pipe.taken < 50 * 400


@pytest.mark.parametrize("cut", [1, 4, 5, 6, 20])
def test_a_message_that_breaks_off_is_the_end_of_the_reader(cut: int) -> None:
    ahead = reading._Ahead(io.BytesIO(said(b"a whole one") + said(bytes(50))[:cut]))
    found: list[reading._Message] = []
    while not found or found[-1].kind == b"c":
        found += ahead.take()
    assert [message.kind for message in found] == [b"c", b"s"]
    assert found[-1] == reading._BROKEN_OFF
    ahead.close()
