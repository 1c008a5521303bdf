"""The reader of a register file as a process of its own, so that checking rows and writing them go on side by
side.

The process gets its task over stdin and answers on stdout: messages of a kind, a length and MessagePack. Its
parent takes them as they come, up to so many octets ahead of what is written; then the pipe fills and the
reader waits, so that a few chunks are in memory, never the file. It has no database and no secret. When it
dies, its parent notices and stops where it stands.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import msgspec

from liangzheng.drivers.chunk import Chunk, ChunkReader
from liangzheng.drivers.columns import CodeTables
from liangzheng.drivers.lines import RegisterFile, Start
from liangzheng.infra.reference import load_reference
from liangzheng.kernel.errors import Failure, Unavailable

_TIDY_EVERY: Final = 1_000
_AHEAD_OCTETS: Final = 16 * 1024 * 1024
_PIPE_OCTETS: Final = 1024 * 1024
_HEAD: Final = struct.Struct(">cI")
_CHUNK, _STOPPED, _END = b"c", b"s", b"e"


@dataclass(frozen=True, slots=True)
class Task:
    """What a reader is to read: the file from `start` on, as which import, and the time its rows carry."""

    path: Path
    encoding: str
    start: Start
    import_number: int
    at: datetime


class _Message(NamedTuple):
    """What the reader says: a chunk, that it cannot go on (a sentence fit to be shown), or that this was the end."""

    kind: bytes
    body: bytes


_BROKEN_OFF: Final = _Message(
    _STOPPED, msgspec.msgpack.encode("the process that reads the file ended before the file did")
)


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
    with suppress(
        OSError, AttributeError
    ):  # Linux; the usual 64 KiB make both sides wait for each other more
        fcntl.fcntl(reader.stdout, fcntl.F_SETPIPE_SZ, _PIPE_OCTETS)
    ahead = _Ahead(cast(BinaryIO, reader.stdout))
    try:
        with suppress(BrokenPipeError):
            reader.stdin.write(_PACK.encode(task))
            reader.stdin.close()
        yield _received(ahead)
    finally:
        reader.kill()
        ahead.close()
        reader.stdout.close()
        reader.wait()


async def _received(ahead: _Ahead) -> AsyncIterator[Chunk]:
    while True:
        for message in await asyncio.to_thread(ahead.take):
            if message.kind == _END:
                return
            if message.kind == _STOPPED:
                raise Unavailable(_WHY.decode(message.body))
            yield _UNPACK_CHUNK.decode(message.body)


class _Ahead:
    """The reader's messages, taken from the pipe by a thread, so that the reader does not wait while rows are written.

    Bounded by octets, whatever is in them: chunks are unpacked only when their turn comes.
    """

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe
        self._waiting: list[_Message] = []
        self._octets = 0
        self._closed = False
        self._moved = threading.Condition()
        self._thread = threading.Thread(target=self._fill, daemon=True)
        self._thread.start()

    def take(self) -> list[_Message]:
        """All that is there, at least one message, waited for."""
        with self._moved:
            self._moved.wait_for(lambda: self._waiting or self._closed)
            taken = self._waiting or [_BROKEN_OFF]
            self._waiting, self._octets = [], 0
            self._moved.notify_all()
            return taken

    def close(self) -> None:
        """No more is taken; who waits is let go. The reader has ended before."""
        with self._moved:
            self._closed = True
            self._moved.notify_all()
        self._thread.join()

    def _fill(self) -> None:
        while True:
            message = _next(self._pipe)
            with self._moved:
                self._moved.wait_for(lambda: self._octets < _AHEAD_OCTETS or self._closed)
                self._waiting.append(message)
                self._octets += len(message.body)
                self._moved.notify_all()
                if self._closed or message.kind != _CHUNK:
                    return


def _next(pipe: BinaryIO) -> _Message:
    try:
        head = pipe.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return _BROKEN_OFF
        kind, octets = _HEAD.unpack(head)
        body = pipe.read(octets)
    except (OSError, ValueError):
        return _BROKEN_OFF
    return _Message(kind, body) if len(body) == octets else _BROKEN_OFF


def _path_as_octets(value: Any) -> bytes:
    # A file's name need not be text.
    assert isinstance(value, Path)
    return os.fsencode(value)


def _octets_as_path(kind: type, value: Any) -> Path:
    assert kind is Path
    return Path(os.fsdecode(value))


_PACK: Final = msgspec.msgpack.Encoder(enc_hook=_path_as_octets)
_UNPACK_TASK: Final = msgspec.msgpack.Decoder(Task, dec_hook=_octets_as_path)
_UNPACK_CHUNK: Final = msgspec.msgpack.Decoder(Chunk)
_WHY: Final = msgspec.msgpack.Decoder(str)


def _say(answer: BinaryIO, kind: bytes, said: object) -> None:
    body = _PACK.encode(said)
    answer.write(_HEAD.pack(kind, len(body)))
    answer.write(body)
    answer.flush()


def _read(task: Task, answer: BinaryIO) -> None:
    with RegisterFile(task.path, task.encoding) as file:
        reader = ChunkReader(file.header(), code_tables(), import_number=task.import_number, at=task.at)
        if task.start.position:
            file.skip_to(task.start)
        # Cyclic garbage is all but absent here, and looking for it costs a third of the time.
        gc.freeze()
        gc.disable()
        for number, part in enumerate(file.slices(max(1, task.start.lines)), 1):
            _say(answer, _CHUNK, reader.chunk(part))
            if number % _TIDY_EVERY == 0:
                gc.collect()


def main() -> None:
    """Entry of the reader process."""
    # Ctrl-C reaches the whole group; the parent decides where to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    task = _UNPACK_TASK.decode(sys.stdin.buffer.read())
    answer = cast(BinaryIO, sys.stdout.buffer)
    with suppress(BrokenPipeError):
        try:
            _read(task, answer)
            _say(answer, _END, None)
        except Failure as failure:
            _say(answer, _STOPPED, str(failure))
