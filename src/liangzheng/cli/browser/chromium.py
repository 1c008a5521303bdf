"""Debian's Chromium, with a film for a camera."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from liangzheng.cli.browser.camera import NEVER_THE_SAME
from liangzheng.kernel.errors import Unavailable

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
PHONE: Final = (390, 844)
_PATIENCE_MS: Final = 20_000
DESK: Final = (1280, 800)


@contextmanager
def launched(camera: Path | None) -> Iterator[Any]:
    """A browser whose camera films what is in that file; without one it has no camera. Raises Unavailable."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise Unavailable(
            "a browser is driven with the package playwright, which ./lz web and ./lz test install"
        ) from None
    if not CHROMIUM.exists():
        raise Unavailable("there is no /usr/bin/chromium: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium, camera)
        try:
            yield browser
        finally:
            browser.close()


def launch(browser_type: Any, camera: Path | None, *more: str) -> Any:
    """A browser of that Playwright, with these flags besides."""
    film = [] if camera is None else [
        "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={camera}",
    ]  # fmt: skip
    return browser_type.launch(executable_path=str(CHROMIUM), args=[*FLAGS, *film, *more])


def context(
    browser: Any, size: tuple[int, int] = PHONE, *, dark: bool = False, camera: bool = True, **more: Any
) -> Any:
    """A profile of its own: cookies, storage, service workers; in Chinese, in China."""
    made = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="zh-CN", timezone_id="Asia/Shanghai",
        color_scheme="dark" if dark else "light", permissions=["camera"] if camera else [], **more,
    )  # fmt: skip
    made.set_default_timeout(_PATIENCE_MS)
    made.add_init_script(NEVER_THE_SAME)
    return made
