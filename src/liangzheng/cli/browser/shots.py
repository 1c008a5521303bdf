"""`./lz web shots DIR`: every screen of every app, in its themes, as pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from liangzheng.cli.browser import acts, camera
from liangzheng.cli.browser.chromium import DESK, PHONE, context, launched
from liangzheng.cli.browser.screens import Screen, screens_of, wear
from liangzheng.cli.browser.stage import Stage, demonstration

DUTIES: Final = (
    ("patrol", "penalty", "counter", "photo-review", "register", "rollout"), ("system",), ("keys",), ("audit",),
)  # fmt: skip
"""Who sees all of the console: the three administrations are three people's."""


@dataclass(slots=True)
class Shots:
    """Where the pictures go, and in which themes."""

    folder: Path
    themes: Sequence[str]
    tell: Callable[[str], None]
    taken: int = 0

    def take(self, page: Any, name: str) -> None:
        """The open page in every theme."""
        for theme in self.themes:
            wear(page, theme)
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(150)  # what fades in is there
            page.screenshot(path=str(self.folder / f"{name}-{theme}.png"))
            self.taken += 1
        wear(page, "light")

    def visit(self, page: Any, base: str, screens: Sequence[Screen], prefix: str = "") -> None:
        """One after the other, by their addresses."""
        for screen in screens:
            self.tell(f"{prefix}{screen.name}")
            page.goto(f"{base}/#{screen.path}")
            page.wait_for_load_state("networkidle")
            self.take(page, f"{prefix}{screen.name}")


def shoot(folder: Path, themes: Sequence[str], tell: Callable[[str], None]) -> int:
    """How many pictures there are now. Raises Unavailable where there is no browser or no demonstration."""
    folder.mkdir(parents=True, exist_ok=True)
    shots = Shots(folder, themes, tell)
    with demonstration(accounts=3) as stage, launched(stage.camera) as browser:
        tell("a driver applies")
        phone = _driver(browser, stage, shots)
        _verifier(browser, stage, shots, phone)
        _staff(browser, stage, shots)
        _public(browser, stage, shots)
    return shots.taken


def _driver(browser: Any, stage: Stage, shots: Shots) -> Any:
    base, page = stage.at("driver"), context(browser, device_scale_factor=2).new_page()
    page.goto(base + "/")
    screens = screens_of("driver")
    before = [screen for screen in screens if screen.is_before_log_in or screen.path == "/"]
    shots.visit(page, base, before, "before-")
    acts.log_in(page, stage.driver())
    acts.apply(page)
    shots.take(page, "driver-progress")
    shots.visit(page, base, [screen for screen in screens if not screen.is_before_log_in])
    return page


def _verifier(browser: Any, stage: Stage, shots: Shots, phone: Any) -> None:
    base, page = stage.at("verify"), context(browser, device_scale_factor=2).new_page()
    page.goto(base + "/")
    shots.visit(page, base, [screen for screen in screens_of("verify") if screen.path != "/result"])
    acts.shown_code(phone)
    camera.film_code(stage.camera, phone.locator("canvas[data-code]").screenshot())
    page.goto(base + "/#/")
    page.reload()
    page.locator("[data-outcome]").wait_for()
    shots.take(page, "verify-result")
    camera.film_noise(stage.camera)


def _staff(browser: Any, stage: Stage, shots: Shots) -> None:
    base, seen = stage.at("staff"), set()
    page = context(browser, DESK).new_page()
    page.goto(base + "/")
    shots.visit(page, base, [screen for screen in screens_of("staff") if screen.is_before_log_in])
    for number, duties in enumerate(DUTIES):
        page = context(browser, DESK).new_page()
        page.goto(base + "/")
        acts.log_in_staff(page, stage, acts.member(stage, f"S{number:06d}", *duties))
        for screen in screens_of("staff"):
            if screen in seen or screen.is_before_log_in:
                continue
            page.goto(f"{base}/#{screen.path}")
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(400)
            if page.url.endswith(
                f"#{screen.path}"
            ):  # else the duties do not allow it, and the console goes home
                seen.add(screen)
                shots.visit(page, base, [screen])


def _public(browser: Any, stage: Stage, shots: Shots) -> None:
    for size, name in ((PHONE, "open-phone"), (DESK, "open-desk")):
        page = context(browser, size).new_page()
        page.goto(stage.at("open") + "/")
        page.wait_for_load_state("networkidle")
        shots.tell(name)
        shots.take(page, name)
