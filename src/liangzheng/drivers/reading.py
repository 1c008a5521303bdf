"""The reader of a register file as a process of its own, so that checking rows and writing them go on side by
side.

The process gets its task over stdin and answers with pickled chunks on stdout. A full pipe makes it wait: a
few chunks are in memory, never the file. It has no database and no secret. When it dies, its parent notices
and stops where it stands.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, cast

from liangzheng.drivers.chunk import Chunk, ChunkReader
from liangzheng.drivers.columns import CodeTables
from liangzheng.drivers.lines import RegisterFile, Start
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.errors import Failure, Unavailable

_TIDY_EVERY: Final = 64


@dataclass(frozen=True, slots=True)
class Task:
    """What a reader is to read: the file from `start` on, as which import, and the time its rows carry."""

    path: Path
    encoding: str
    start: Start
    import_number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Stopped:
    """The reader cannot go on; `why` is fit to be shown."""

    why: str


def code_tables() -> CodeTables:
    """The code tables files are read against."""
    reference = load_reference()
    return CodeTables(reference.divisions, reference.authorities)


@asynccontextmanager
async def chunks(task: Task) -> AsyncIterator[AsyncIterator[Chunk]]:
    """The chunks of a file, read by another process for as long as the block lasts.

    The iterator raises Unavailable when the reader stopped before the end of the file.
    """
    reader = subprocess.Popen(  # noqa: ASYNC220 (starts at once; its output is read in a thread)
        [sys.executable, "-c", "from liangzheng.drivers.reading import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Names are read character by character: the phrases of pypinyin would only cost memory.
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYPINYIN_NO_PHRASES": "true"},
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    try:
        with suppress(BrokenPipeError):
            reader.stdin.write(pickle.dumps(task))
            reader.stdin.close()
        yield _received(cast(BinaryIO, reader.stdout))
    finally:
        reader.kill()
        reader.stdout.close()
        reader.wait()


async def _received(pipe: BinaryIO) -> AsyncIterator[Chunk]:
    coming = asyncio.ensure_future(asyncio.to_thread(_next, pipe))
    try:
        while True:
            message = await asyncio.shield(coming)
            if message is None:
                return
            if isinstance(message, Stopped):
                raise Unavailable(message.why)
            # The next chunk arrives while this one is written.
            coming = asyncio.ensure_future(asyncio.to_thread(_next, pipe))
            yield message
    finally:
        coming.cancel()


def _next(pipe: BinaryIO) -> Chunk | Stopped | None:
    try:
        return cast(Chunk | Stopped | None, pickle.load(pipe))  # noqa: S301 (written by our own child)
    except (EOFError, pickle.UnpicklingError, ValueError, OSError):
        return Stopped("the process that reads the file ended before the file did")


def _read(task: Task, answer: BinaryIO) -> None:
    with RegisterFile(task.path, task.encoding) as file:
        reader = ChunkReader(file.header(), code_tables(), import_number=task.import_number, at=task.at)
        if task.start.position:
            file.skip_to(task.start)
        # Cyclic garbage is all but absent here, and looking for it costs a third of the time.
        gc.freeze()
        gc.disable()
        for number, part in enumerate(file.slices(max(1, task.start.lines)), 1):
            pickle.dump(reader.chunk(part), answer, protocol=5)
            answer.flush()
            if number % _TIDY_EVERY == 0:
                gc.collect()


def main() -> None:
    """Entry of the reader process."""
    # Ctrl-C reaches the whole group; the parent decides where to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    task = pickle.load(sys.stdin.buffer)  # noqa: S301 (written by our own parent)
    assert isinstance(task, Task)
    answer = cast(BinaryIO, sys.stdout.buffer)
    with suppress(BrokenPipeError):
        try:
            _read(task, answer)
            pickle.dump(None, answer)
        except Failure as failure:
            pickle.dump(Stopped(str(failure)), answer)
        answer.flush()
