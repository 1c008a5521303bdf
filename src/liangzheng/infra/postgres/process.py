"""Who a process is: pid and start time together, because a pid alone may by now be someone else's.

Linux only. Reads /proc files that need no privilege (`stat`, `status`, `cmdline`): in a container root may
lack the right to follow another user's /proc/<pid>/exe.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_PROC = Path("/proc")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One run of one program. `started` is in clock ticks since boot."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process now behind `pid`; None when there is none or it is a zombie."""
        state_and_start = _stat(pid)
        if state_and_start is None or state_and_start[0] in "ZX":
            return None
        return cls(pid, state_and_start[1])

    def alive(self) -> bool:
        return ProcessIdentity.of(self.pid) == self

    def send(self, number: signal.Signals) -> bool:
        """Signals this run and no other: False when it has ended. A pid given away in between is not hit."""
        try:
            handle_fd = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.alive():
                return False
            signal.pidfd_send_signal(handle_fd, number)
            return True
        except ProcessLookupError:
            return False
        finally:
            os.close(handle_fd)

    def gone_within(self, seconds: float) -> bool:
        """Waits until this run has ended; False when it has not after `seconds`."""
        until = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        return True


def command_line(pid: int) -> tuple[str, ...]:
    """The arguments of `pid`; a server's backend has one, its title. Empty when it has ended or is a zombie."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ()
    words = raw.rstrip(b"\0 ")
    return tuple(word.decode(errors="replace") for word in words.split(b"\0")) if words else ()


def parent(pid: int) -> int | None:
    return _status_number(pid, "PPid:")


def owner(pid: int) -> int | None:
    """The effective uid `pid` runs as."""
    return _status_number(pid, "Uid:", column=2)


def everyone() -> Iterator[int]:
    """Every pid there is at the moment."""
    for entry in os.listdir(_PROC):
        if entry.isdigit():
            yield int(entry)


def exists(pid: int) -> bool:
    """Whether the kernel knows `pid` at all, zombies included."""
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True


def die_with_us(number: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends the child `number` when the thread that forked it ends.

    `preexec_fn` runs after privileges are dropped, as it must: the change of uid would clear the wish. What
    it calls is bound here, before the fork.
    """
    prctl, getppid, leave = ctypes.CDLL(None).prctl, os.getppid, os._exit
    parent_pid, wanted = os.getpid(), int(number)

    def tell_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, wanted, 0, 0, 0)
        if getppid() != parent_pid:  # we ended between fork and prctl
            leave(1)

    return tell_the_kernel


def _stat(pid: int) -> tuple[str, int] | None:
    try:
        line = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets and may hold spaces and brackets of its own.
    fields = line[line.rfind(")") + 2 :].split()
    return fields[0], int(fields[19])


def _status_number(pid: int, label: str, column: int = 1) -> int | None:
    try:
        lines = (_PROC / str(pid) / "status").read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith(label):
            return int(line.split()[column])
    return None
