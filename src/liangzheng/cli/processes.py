"""The processes of a demonstration: started as the operator would start them, watched, started again, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from liangzheng.infra.postgres.process import die_with_us

_STOP_WITHIN_S: Final = 20.0
_RESTARTS_ALLOWED: Final = 20
_RESTARTS_WITHIN_S: Final = 60.0


@dataclass(slots=True)
class _Child:
    """One process of ours, and when it was started lately."""

    words: tuple[str, ...]
    log: Path
    more: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)
    due: float = 0.0


@dataclass(slots=True)
class Processes:
    """`./lz` commands as children of this process.

    A child that dies is started again, at most a second later, as `say` tells. When this process dies, however,
    the kernel ends the children with it (PR_SET_PDEATHSIG), so that nothing is left running. Make and start them in
    the main thread: the signal comes when the thread that forked ends.
    """

    environment: Mapping[str, str]
    logs: Path
    say: Callable[[str], None]
    _children: dict[str, _Child] = field(default_factory=dict)

    def start(self, name: str, *words: str, **more: str) -> None:
        """Starts `./lz WORDS`; what it prints goes to `<logs>/<name>.log`. `more`: of its environment alone."""
        self.logs.mkdir(parents=True, exist_ok=True)
        child = _Child(words, self.logs / f"{name}.log", more)
        self._children[name] = child
        self._spawn(child)

    def end(self, name: str) -> None:
        """Stops one of them; one that was not started, or ended before, does no harm."""
        child = self._children.pop(name, None)
        if child is not None and child.process is not None:
            child.process.terminate()
            self._wait_for(name, child.process, time.monotonic() + _STOP_WITHIN_S)

    def pids(self) -> dict[str, int]:
        """Name → process id of those that run."""
        return {
            name: child.process.pid
            for name, child in self._children.items()
            if child.process is not None and child.process.poll() is None
        }

    async def watch(self) -> None:
        """Starts dead children again until cancelled. Raises RuntimeError when one keeps dying."""
        while True:
            await asyncio.sleep(0.2)
            for name, child in list(self._children.items()):
                self._look_after(name, child)

    def stop(self) -> None:
        """Asks all to stop, together; ends by force what does not within 20 s."""
        for pid in self.pids().values():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + _STOP_WITHIN_S
        for name, child in self._children.items():
            if child.process is None:
                continue
            self._wait_for(name, child.process, until)
        self._children.clear()

    def _wait_for(self, name: str, process: subprocess.Popen[bytes], until: float) -> None:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.say(f"{name} did not stop when asked and was ended")
            process.kill()
            process.wait()

    def _look_after(self, name: str, child: _Child) -> None:
        if child.process is not None and child.process.poll() is not None:
            code = child.process.returncode
            how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
            now = time.monotonic()
            child.starts = [at for at in child.starts if now - at < _RESTARTS_WITHIN_S]
            if len(child.starts) > _RESTARTS_ALLOWED:
                raise RuntimeError(f"{name} keeps ending ({how}); see {child.log}")
            self.say(f"{name} ended ({how}); starting it again")
            child.process = None
            child.due = now + min(1.0, 0.1 * len(child.starts))
        if child.process is None and time.monotonic() >= child.due:
            self._spawn(child)

    def _spawn(self, child: _Child) -> None:
        with child.log.open("ab") as log:
            child.process = subprocess.Popen(
                [sys.executable, "-m", "liangzheng", *child.words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self.environment, **child.more},
                preexec_fn=die_with_us(signal.SIGTERM),
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the others in order
            )
        child.starts.append(time.monotonic())
