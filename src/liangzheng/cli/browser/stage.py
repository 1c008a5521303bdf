"""`./lz demo` on a port of its own in a folder of its own, as long as somebody looks at it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from liangzheng.cli.browser.camera import film_noise
from liangzheng.kernel.errors import Unavailable
from liangzheng.kernel.ideographs import rare

_SOURCE: Final = Path(__file__).resolve().parents[3]
_READY_WITHIN_S: Final = 300.0
_READY: Final = "Ctrl-C stops everything"


@dataclass(slots=True)
class Stage:
    """A running demonstration."""

    port: int
    folder: Path
    camera: Path
    """What a browser started with `launched` films; written anew by `film`."""
    steps_used: dict[str, int] = field(default_factory=dict)
    """Number of a member of staff → step of the one-time code used last: one is taken once."""

    def at(self, face: str) -> str:
        """The address of a face."""
        return f"http://{face}.localhost:{self.port}"

    @property
    def kept(self) -> dict[str, Any]:
        """What the demonstration remembers: drivers and officers with their logins."""
        read: dict[str, Any] = json.loads((self.folder / "demo" / "kept.json").read_text("utf-8"))
        return read

    def driver(self) -> dict[str, Any]:
        """A driver with an account and no licence, whom nobody else is given. Raises IndexError when all are given."""
        actors = [actor for actor in self.kept["actors"] if not actor["once"] and not rare(actor["name"])]
        count = self.folder / "demo" / "given"
        given = int(count.read_text()) if count.exists() else 0
        count.write_text(str(given + 1))
        found: dict[str, Any] = actors[given]
        return found

    def rarely_named(self) -> dict[str, Any]:
        """The driver with rare characters in the name, who has an account and no licence unless one was applied for."""
        people = (actor for actor in self.kept["actors"] if not actor["once"])
        found: dict[str, Any] = next(actor for actor in people if rare(actor["name"]))
        return found

    def officers(self) -> list[dict[str, Any]]:
        """Members of staff, two for each duty but audit: number, password, totp_secret, division, duties."""
        found: list[dict[str, Any]] = self.kept["officers"]
        return found

    def lz(self, *words: str, said: str = "") -> str:
        """`./lz WORDS` beside the running platform, `said` on its standard input; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "liangzheng", *words], env=environment(self.folder, self.port), check=False,
            input=said, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        if done.returncode:
            raise Unavailable(f"lz {' '.join(words[:2])}: {done.stderr[-600:]}")
        return done.stdout


@contextmanager
def demonstration(drivers: int = 2_000, accounts: int = 12) -> Iterator[Stage]:
    """The platform, ready, with its web apps built; nothing of it is left afterwards.

    Raises Unavailable with its last words when it does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    room = Path(tempfile.mkdtemp(prefix="lz-browser-"))
    room.chmod(0o711)  # the database's account goes through it
    log = room / "demo.log"
    words = ["demo", "--drivers", str(drivers), "--accounts", str(accounts)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "liangzheng", *words], env=environment(room / "data", port),
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        _until_ready(process, log)
        stage = Stage(port, room / "data", room / "camera.y4m")
        film_noise(stage.camera)
        yield stage
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(room, ignore_errors=True)


def environment(folder: Path, port: int) -> dict[str, str]:
    """What `./lz` runs in beside the platform in that folder."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("LZ_")}
    return own | {
        "LZ_DATA_DIR": str(folder), "LZ_PORT": str(port), "PYTHONPATH": str(_SOURCE), "PYTHONUTF8": "1",
        "LZ_FACE_ENGINE": "simulated", "LZ_SMS": "simulated",
    }  # fmt: skip


def _until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until:
        if _READY in log.read_text("utf-8", errors="replace"):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    last = log.read_text("utf-8", errors="replace")[-3000:]
    raise Unavailable(f"the demonstration did not start:\n{last}")
