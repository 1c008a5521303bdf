"""A child process for octets from outside: little memory, little time, no files, no way out.

A question goes in, an answer comes out, each with its length before it. A child that dies of a question, or
thinks too long about it, is replaced before the next one; the question then has no answer.
"""

from __future__ import annotations

import math
import os
import resource
import select
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import BytesIO
from types import TracebackType
from typing import BinaryIO, Final, cast

_LENGTH: Final = struct.Struct(">I")
MEMORY: Final = 512 * 1024 * 1024
LIMITS: Final = {
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_NOFILE: 3,
    resource.RLIMIT_NPROC: 0,
    resource.RLIMIT_CORE: 0,
}
"""Of a child, beside memory and time: what it writes, opens (sockets too), starts and leaves behind."""
_QUESTIONS_A_LIFE: Final = 1_000
_CHUNK: Final = 1 << 16
CPU_SECONDS: Final = 4
"""Of the processor, for one question, where a child grants itself no less."""
WITHIN_S: Final = 20.0
"""Of the clock, for one question: starting the process on a busy machine is in it."""
LARGEST_ANSWER: Final = 4 * 1024 * 1024


class Guarded:
    """The process, started when first asked; threads take turns. A context manager: it is gone after the block."""

    def __init__(self, module: str, within_s: float = WITHIN_S, told: Sequence[str] = ()) -> None:
        """`told`: what `main` of the module finds in `sys.argv` after its name, such as files to load before the limits."""
        self._module, self._within_s, self._told = module, within_s, tuple(told)
        self._child: subprocess.Popen[bytes] | None = None
        self._asked = 0
        self._turn = threading.RLock()

    def __enter__(self) -> Guarded:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def ask(self, question: bytes) -> bytes | None:
        """The child's answer; None when it died of the question or took longer than it may."""
        with self._turn:
            answer = _exchange(self._running(), _LENGTH.pack(len(question)) + question, self._within_s)
            if answer is None:
                self.end()
            return answer

    def end(self) -> None:
        """No process is left. The next question starts one."""
        with self._turn:
            child, self._child, self._asked = self._child, None, 0
            if child is not None:
                child.kill()
                for pipe in (child.stdin, child.stdout):
                    if pipe is not None:
                        with suppress(BrokenPipeError):
                            pipe.close()
                child.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        gone = (
            self._child is not None and self._child.poll() is not None
        )  # between two questions: no fault of the next
        if gone or self._asked >= _QUESTIONS_A_LIFE:
            self.end()
        self._asked += 1
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-c", f"from {self._module} import main; main()", *self._told],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                start_new_session=True,
            )
        return self._child


def _exchange(child: subprocess.Popen[bytes], question: bytes, within_s: float) -> bytes | None:
    assert child.stdin is not None
    assert child.stdout is not None
    asked, answered = child.stdin.fileno(), child.stdout.fileno()
    os.set_blocking(asked, False)
    watch = select.poll()
    watch.register(asked, select.POLLOUT)
    watch.register(answered, select.POLLIN)
    rest, until = memoryview(question), time.monotonic() + within_s
    said = bytearray()
    while (left := until - time.monotonic()) > 0:
        ready = dict(watch.poll(math.ceil(left * 1000)))
        if answered in ready:
            heard = os.read(answered, _CHUNK)
            said += heard
            if not heard or _too_long(said):
                return None
            if _is_whole(said):
                return bytes(said[_LENGTH.size :])
        if rest and asked in ready:
            try:
                rest = rest[os.write(asked, rest) :]
            except BrokenPipeError:
                return None
            if not rest:
                watch.unregister(asked)
    return None


def _announced(said: bytearray) -> int:
    return int(_LENGTH.unpack_from(said)[0]) if len(said) >= _LENGTH.size else LARGEST_ANSWER


def _too_long(said: bytearray) -> bool:
    return len(said) > _LENGTH.size + min(_announced(said), LARGEST_ANSWER)


def _is_whole(said: bytearray) -> bool:
    return len(said) >= _LENGTH.size and len(said) == _LENGTH.size + _announced(said)


def small_jpeg(width: int, height: int) -> bytes:
    """White, with EXIF: decoding it loads what decoding any picture needs. For `warm`."""
    from PIL import Image

    page = BytesIO()
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x00\x00"
    Image.new("RGB", (width, height), "white").save(page, "JPEG", exif=exif)
    return page.getvalue()


def serve(
    answer: Callable[[bytes], bytes], warm: bytes, memory: int = MEMORY, cpu_seconds: int = CPU_SECONDS
) -> None:
    """The child's whole life: answers until its parent closes. `warm` is answered once before the limits, so that
    whatever has to be loaded is. `memory`: octets of address space. `cpu_seconds`: of the processor, for one question."""
    answer(warm)
    _limit(memory, cpu_seconds)
    asked, told = cast(BinaryIO, sys.stdin.buffer), cast(BinaryIO, sys.stdout.buffer)
    while len(head := asked.read(_LENGTH.size)) == _LENGTH.size:
        question = asked.read(_LENGTH.unpack(head)[0])
        _grant_time(cpu_seconds)
        said = answer(question)
        told.write(_LENGTH.pack(len(said)) + said)
        told.flush()


def _limit(memory: int, cpu_seconds: int) -> None:
    """Nothing can be opened, written or started from here on."""
    seconds = cpu_seconds * _QUESTIONS_A_LIFE
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    for limit, most in (LIMITS | {resource.RLIMIT_AS: memory}).items():
        resource.setrlimit(limit, (most, most))


def _grant_time(cpu_seconds: int) -> None:
    """This question may use so many seconds of the processor, whatever those before it used."""
    most = resource.getrlimit(resource.RLIMIT_CPU)[1]
    until = min(most, math.ceil(time.process_time()) + cpu_seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (until, most))
