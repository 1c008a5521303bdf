"""Decoding pictures from outside, in a process with little memory, little time, no files and no way out.

A decoder that is led astray by a crafted picture dies here and takes nothing with it; the picture counts as
refused.
"""

from __future__ import annotations

import math
import os
import resource
import select
import struct
import subprocess
import sys
import time
from io import BytesIO
from types import TracebackType
from typing import BinaryIO, Final, cast

from liangzheng.kernel.errors import Invalid

_ASK: Final = struct.Struct(">IHH")
_MEMORY: Final = 512 * 1024 * 1024
_CPU_SECONDS_A_PICTURE: Final = 2
_PICTURES_A_LIFE: Final = 2_000
_REPLY_WITHIN_S: Final = 20.0
"""Of the clock: starting the process on a busy machine is in it."""
_CHILD: Final = "from liangzheng.drivers.picture_process import main; main()"
_ANSWERS: Final = {
    b"g": "",
    b"j": "a JPEG picture that can be decoded",
    b"s": "the size its header says",
    b"c": "24-bit colour",
    b"t": "nothing after the picture's end",
}


class PictureProcess:
    """The process, started when first asked and again after it died. A context manager: it is gone after the
    block."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._asked = 0

    def __enter__(self) -> PictureProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def check(self, picture: bytes, width: int, height: int) -> None:
        """The octets decode to a colour picture of that size. Raises Invalid, also when the decoder dies of
        it."""
        answer = _answer(self._running(), _ASK.pack(len(picture), width, height) + picture)
        if answer not in _ANSWERS:
            self._end()
            raise Invalid("photo", "a picture that can be decoded within the limits of time and memory")
        if _ANSWERS[answer]:
            raise Invalid("photo", _ANSWERS[answer])

    def _running(self) -> subprocess.Popen[bytes]:
        if self._asked >= _PICTURES_A_LIFE:
            self._end()
        self._asked += 1
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-c", _CHILD],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                start_new_session=True,
            )
        return self._child

    def _end(self) -> None:
        child, self._child, self._asked = self._child, None, 0
        if child is not None:
            child.kill()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    try:
                        pipe.close()
                    except BrokenPipeError:
                        continue
            child.wait()


def _answer(child: subprocess.Popen[bytes], question: bytes) -> bytes:
    """One octet; none when the process died or took longer than it may."""
    assert child.stdin is not None
    assert child.stdout is not None
    asked, answered = child.stdin.fileno(), child.stdout.fileno()
    os.set_blocking(asked, False)
    watch = select.poll()
    watch.register(asked, select.POLLOUT)
    watch.register(answered, select.POLLIN)
    rest, until = memoryview(question), time.monotonic() + _REPLY_WITHIN_S
    while (left := until - time.monotonic()) > 0:
        ready = dict(watch.poll(math.ceil(left * 1000)))
        if answered in ready:
            return os.read(answered, 1)
        if asked in ready:
            try:
                rest = rest[os.write(asked, rest) :]
            except BrokenPipeError:
                return b""
            if not rest:
                watch.unregister(asked)
    return b""


def _limit() -> None:
    """Nothing can be opened, written or started from here on. (Pillow's decoder is loaded before.)"""
    seconds = _CPU_SECONDS_A_PICTURE * _PICTURES_A_LIFE
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _grant_time() -> None:
    """This picture may use so many seconds of the processor, whatever those before it used."""
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    until = min(most, math.ceil(time.process_time()) + _CPU_SECONDS_A_PICTURE)
    resource.setrlimit(resource.RLIMIT_CPU, (until, most))


def _judge(picture: bytes, width: int, height: int) -> bytes:
    from PIL import Image, JpegImagePlugin

    try:
        with JpegImagePlugin.JpegImageFile(BytesIO(picture)) as image:
            if image.size != (width, height):
                return b"s"
            if image.mode != "RGB":
                return b"c"
            image.load()
    except (OSError, SyntaxError, ValueError, MemoryError, Image.DecompressionBombError):
        return b"j"
    # A second file behind the first is how one upload becomes two things.
    return b"g" if picture.find(b"\xff\xd9", _first_scan(picture)) == len(picture) - 2 else b"t"


def _first_scan(picture: bytes) -> int:
    """Where the first scan begins, past the headers, which may hold a thumbnail with an end marker of its
    own."""
    position = 2
    while picture[position : position + 2] != b"\xff\xda" and position < len(picture) - 4:
        position += 2 + int.from_bytes(picture[position + 2 : position + 4], "big")
    return position


def main() -> None:
    """Entry of the process: pictures come on stdin, one letter for each goes to stdout."""
    from PIL import Image, JpegImagePlugin

    Image.MAX_IMAGE_PIXELS = 4096 * 4096
    JpegImagePlugin._getmp  # noqa: B018 (loaded now, before nothing more can be)
    _limit()
    asked, answer = cast(BinaryIO, sys.stdin.buffer), cast(BinaryIO, sys.stdout.buffer)
    while len(head := asked.read(_ASK.size)) == _ASK.size:
        length, width, height = _ASK.unpack(head)
        picture = asked.read(length)
        _grant_time()
        answer.write(_judge(picture, width, height))
        answer.flush()
