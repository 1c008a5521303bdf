"""A platform and browsers for it: the demonstration of `./lz demo` on a port of its own, Debian's Chromium on its faces.

- `platform`: addresses and logins; one for each pytest process, its drivers handed out once (`platform.driver()`).
- `browser`: a Chromium whose camera films what `platform.camera` was last given.
- `open_page(face, …)`: a page in a context of its own; the test fails at its end if any page said an error on its console,
  asked another host, or broke its content security policy.
"""

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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
_READY_WITHIN_S: Final = 240.0
_DRIVERS: Final = 2_000

HERE: Final = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Chromium these tests are skipped, which under CI=true is a failure."""
    for item in items:
        if HERE not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        if not CHROMIUM.exists() and os.environ.get("CI") != "true":
            item.add_marker(
                pytest.mark.skip(reason="needs Debian's chromium: apt-get install chromium fonts-noto-cjk")
            )


@dataclass(slots=True)
class Platform:
    """A running demonstration."""

    port: int
    folder: Path
    camera: Path
    _given: int = 0
    _actors: list[dict[str, Any]] = field(default_factory=list)

    def at(self, face: str) -> str:
        """The address of a face."""
        return f"http://{face}.localhost:{self.port}"

    @property
    def kept(self) -> dict[str, Any]:
        """What the demonstration remembers: drivers and officers with their logins."""
        read: dict[str, Any] = json.loads((self.folder / "demo" / "kept.json").read_text("utf-8"))
        return read

    def driver(self) -> dict[str, Any]:
        """A driver with an account and no licence, whom no other test is given."""
        if not self._actors:
            self._actors = [actor for actor in self.kept["actors"] if not actor["once"]]
        if self._given >= len(self._actors):
            pytest.fail(
                f"the demonstration has only {len(self._actors)} drivers with an account; raise --accounts"
            )
        self._given += 1
        return self._actors[self._given - 1]

    def officers(self) -> list[dict[str, Any]]:
        """Two members of staff with every duty of the demonstration."""
        found: list[dict[str, Any]] = self.kept["officers"]
        return found

    def lz(self, *words: str) -> str:
        """`./lz WORDS` beside the running platform; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "liangzheng", *words], env=_environment(self.folder, self.port), check=True,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return done.stdout


def _environment(folder: Path, port: int) -> dict[str, str]:
    source = Path(__file__).parents[2] / "src"
    return os.environ | {
        "LZ_DATA_DIR": str(folder), "LZ_PORT": str(port), "PYTHONPATH": str(source),
        "LZ_FACE_ENGINE": "simulated", "LZ_SMS": "simulated",
    }  # fmt: skip


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    room = Path(tempfile.mkdtemp(prefix="lz-browser-"))
    room.chmod(0o711)
    words = [sys.executable, "-m", "liangzheng", "demo", "--drivers", str(_DRIVERS), "--accounts", "12"]
    log = room / "demo.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, env=_environment(room / "data", port), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        _until_ready(process, log)
        yield Platform(port, room / "data", room / "camera.y4m")
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(room, ignore_errors=True)


def _until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < until:
        if "Ctrl-C stops everything" in log.read_text("utf-8", errors="replace"):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"the demonstration did not start:\n{log.read_text('utf-8', errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def browser(platform: Platform) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    if not CHROMIUM.exists():
        pytest.fail("under CI=true the browser tests run, and Debian's chromium is not installed")
    flags = [
        *FLAGS,
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={platform.camera}",
    ]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=flags)
        yield found
        found.close()


@dataclass(slots=True)
class Watched:
    """What pages said that no page should."""

    hosts: frozenset[str]
    faults: list[str] = field(default_factory=list)

    def follow(self, page: Any) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("console", self._said)
        page.on("request", self._asked)

    def _said(self, message: Any) -> None:
        # A refusal the page itself handles is logged by the browser all the same.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in self.hosts:
            self.faults.append(f"asked another host: {address.scheme}://{address.hostname}")


@pytest.fixture
def open_page(browser: Any, platform: Platform) -> Iterator[Callable[..., Any]]:
    """`open_page("driver", width=390, height=844, dark=False, …)` → page at that face."""
    hosts = frozenset(f"{face}.localhost" for face in ("driver", "verify", "staff", "open"))
    watched, contexts = Watched(hosts), []

    def made(
        face: str, path: str = "/", *, width: int = 390, height: int = 844, dark: bool = False, camera: bool = True,
        context: Any = None, **more: Any,
    ) -> Any:  # fmt: skip
        if context is None:
            context = browser.new_context(
                viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai",
                color_scheme="dark" if dark else "light", permissions=["camera"] if camera else [], **more,
            )  # fmt: skip
            contexts.append(context)
        page = context.new_page()
        watched.follow(page)
        page.goto(platform.at(face) + path)
        return page

    yield made
    for context in contexts:
        context.close()
    assert not watched.faults, "\n".join(watched.faults)
