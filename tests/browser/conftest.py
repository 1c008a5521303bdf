"""A platform and browsers for it: the demonstration of `./lz demo` on a port of its own, Debian's Chromium on its faces.

- `platform`: addresses and logins; one for each pytest process, its drivers handed out once (`platform.driver()`).
- `browser`: a Chromium whose camera films what `platform.camera` was last given.
- `open_page(face, …)`: a page in a context of its own, or in the one it is given; the test fails at its end if any page said
  an error on its console, asked another host, or broke its content security policy.
- `holder`: a driver with a licence on a phone, whom all tests share and none takes it from.
- `patrol`, `shop`: an officer and a company, logged in in the verifier's app, whom all tests share and none logs out.

LZ_TEST_STAGE=8765:var has the tests look at a `./lz demo --accounts 50` that runs already, whose drivers they use up.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from liangzheng.cli.browser import camera
from liangzheng.cli.browser.chromium import CHROMIUM, context, launched
from liangzheng.cli.browser.stage import Stage, demonstration
from tests.browser import looks
from tests.browser.holders import Holder, arrive
from tests.browser.verifiers import Verifying, at_a_shop, on_patrol

HERE = Path(__file__).parent


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


@pytest.fixture(scope="session")
def platform() -> Iterator[Stage]:
    running = os.environ.get("LZ_TEST_STAGE")
    if running:
        port, _, folder = running.partition(":")
        stage = Stage(int(port), Path(folder), Path(folder) / "camera.y4m")
        camera.film_noise(stage.camera)
        yield stage
        return
    with demonstration(accounts=32) as stage:
        yield stage


@pytest.fixture(scope="session")
def browser(platform: Stage) -> Iterator[Any]:
    with launched(platform.camera) as found:
        yield found


@dataclass
class Watched:
    """What pages said that no page should."""

    hosts: frozenset[str]
    faults: list[str] = field(default_factory=list)

    def follow(self, page: Any) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        page.on("console", self._said)
        page.on("request", self._asked)

    def hear(self, page: Any, *words: str) -> None:
        """The page says a fault with some of these words, now or in a moment; what it has said by then counts no more."""

        def is_said() -> bool:
            return any(each in fault for each in words for fault in self.faults)

        looks.until(page, is_said, f"no fault says any of {words}")
        looks.settle(page)
        self.faults.clear()

    def _said(self, message: Any) -> None:
        # A refusal the page itself handles is logged by the browser all the same.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme in {"http", "https", "ws", "wss"} and address.hostname not in self.hosts:
            self.faults.append(f"asked another host: {address.scheme}://{address.hostname}")


@pytest.fixture
def watched() -> Watched:
    return Watched(frozenset(f"{face}.localhost" for face in ("driver", "verify", "staff", "open")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """A failure says what was on the screens."""
    report = yield
    if report.when == "call" and report.failed:
        for page in getattr(item, "pages", ()):
            with suppress(Exception):
                said = page.locator("body").inner_text(timeout=1000)
                report.sections.append((f"screen of {page.url}", said[:1500]))
    return report


@pytest.fixture
def open_page(
    browser: Any, platform: Stage, watched: Watched, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Any]]:
    """`open_page("driver", width=390, height=844, dark=False, …)` → page at that face."""
    contexts: list[Any] = []
    pages: list[Any] = []
    request.node.pages = pages

    def made(
        face: str, path: str = "/", *, width: int = 390, height: int = 844, dark: bool = False, camera: bool = True,
        inside: Any = None, **more: Any,
    ) -> Any:  # fmt: skip
        if inside is None:
            inside = context(browser, (width, height), dark=dark, camera=camera, **more)
            contexts.append(inside)
        page = inside.new_page()
        pages.append(page)
        watched.follow(page)
        looks.follow(page)
        page.goto(platform.at(face) + path)
        return page

    yield made
    for page in pages:
        with suppress(Exception):  # a page a test closed or crashed
            page.close()
    for each in contexts:
        each.close()
    assert not watched.faults, "\n".join(watched.faults)


@pytest.fixture(scope="session")
def holder(browser: Any, platform: Stage) -> Iterator[Holder]:
    found = arrive(browser, platform)
    yield found
    found.context.close()


@pytest.fixture(scope="session")
def patrol(browser: Any, platform: Stage) -> Iterator[Verifying]:
    found = on_patrol(browser, platform)
    yield found
    found.context.close()


@pytest.fixture(scope="session")
def shop(browser: Any, platform: Stage) -> Iterator[Verifying]:
    found = at_a_shop(browser, platform)
    yield found
    found.context.close()


@pytest.fixture
def filmed(platform: Stage) -> Iterator[Callable[[bytes], None]]:
    """`filmed(screenshot)`: the camera sees that screen from now on; a wall again afterwards."""
    yield lambda screenshot: camera.film_code(platform.camera, screenshot)
    camera.film_noise(platform.camera)
