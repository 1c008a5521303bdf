"""Every screen of every app, as its router lists them: WCAG 2.2 AA in every theme, no sideways scroll on a phone 360 px wide
nor at 200 % zoom, targets a finger can hit. Each test finds what is planted."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.screens import THEMES, Screen, screens_of, wear
from liangzheng.cli.browser.shots import DUTIES
from liangzheng.cli.browser.stage import Stage
from tests.browser import looks
from tests.browser.holders import Holder

FACES = ("driver", "verify", "staff", "open")
NARROW = {"width": 360, "height": 700}
ZOOMED = {"width": 320, "height": 512}
"""What is left of 640 px at 200 %, and of 1280 px at 400 % (WCAG 1.4.10)."""
HALVED = {"width": 640, "height": 400}
"""A desk's 1280 px at 200 %."""
LEAST = {"light": 44.0, "elder": 60.0}


def faults_of(page: Any, screen: Screen) -> list[str]:
    """All that is wrong with the open screen, in every theme and at every width."""
    found = []
    size = page.viewport_size
    for theme in THEMES:
        wear(page, theme)
        looks.still(page)
        found += [f"{screen.name} {theme}: {fault}" for fault in looks.violations(page)]
        if theme in LEAST and screen.face in ("driver", "verify"):
            small = looks.too_small(page, LEAST[theme])
            found += [f"{screen.name} {theme}: {fault}" for fault in small]
        for width in (NARROW, ZOOMED) if "dark" not in theme else ():
            page.set_viewport_size(width)
            if wide := looks.too_wide(page):
                found.append(f"{screen.name} {theme} at {width['width']} px: {wide}")
        page.set_viewport_size(size)
    wear(page, "light")
    if screen.face == "staff":
        lost = looks.lost_at(page, HALVED, behind=".burger")
        found += [f"{screen.name} at 200 %: {each} is not there" for each in lost]
    return found


def visit(page: Any, base: str, screens: list[Screen]) -> None:
    found = []
    for screen in screens:
        page.goto(f"{base}/#{screen.path}")
        looks.settle(page)
        assert page.locator("main, #app").first.inner_text().strip(), f"{screen.name} is empty"
        found += faults_of(page, screen)
    assert not found, "\n".join(found)


def open_screens(face: str) -> list[Screen]:
    return [screen for screen in screens_of(face) if screen.path == "/" or screen.is_before_log_in]


@pytest.mark.parametrize("face", FACES)
def test_before_log_in(open_page: Callable[..., Any], platform: Stage, face: str) -> None:
    visit(open_page(face), platform.at(face), open_screens(face))


def test_the_verifiers(open_page: Callable[..., Any], platform: Stage) -> None:
    visit(open_page("verify"), platform.at("verify"), screens_of("verify"))


@pytest.mark.parametrize("duties", DUTIES, ids="-".join)
def test_the_console(open_page: Callable[..., Any], platform: Stage, duties: tuple[str, ...]) -> None:
    page = open_page("staff", width=1280, height=800)
    number = f"C{secrets.randbelow(10**6):06d}"
    acts.log_in_staff(page, platform, acts.member(platform, number, *duties))
    menu = page.get_by_role("navigation").first
    allowed = {
        str(each) for each in menu.locator("a").evaluate_all("(all) => all.map((one) => one.hash.slice(1))")
    }
    visit(page, platform.at("staff"), [each for each in screens_of("staff") if each.path in allowed])


def test_the_drivers(open_page: Callable[..., Any], platform: Stage, holder: Holder) -> None:
    page = open_page("driver", inside=holder.context)
    visit(page, platform.at("driver"), [each for each in screens_of("driver") if not each.is_before_log_in])


def test_the_drivers_before_there_is_a_licence(open_page: Callable[..., Any], platform: Stage) -> None:
    page = open_page("driver")
    acts.log_in(page, platform.driver())
    visit(
        page,
        platform.at("driver"),
        [Screen("driver", path) for path in ("/", "/licence", "/code", "/apply", "/bind")],
    )


def test_the_routers_are_read() -> None:
    assert {"/", "/code", "/apply", "/log-in"} <= {screen.path for screen in screens_of("driver")}
    assert all(":" not in screen.path for face in FACES for screen in screens_of(face))


def test_what_a_narrow_window_hides_is_noticed(open_page: Callable[..., Any]) -> None:
    page = open_page("staff", width=1280, height=800)
    page.get_by_role("button", name="登录").wait_for()
    assert looks.lost_at(page, HALVED) == []
    page.evaluate(
        """() => { const one = document.createElement('p'); one.textContent = '只在宽屏'
        one.className = 'wide-only'; document.body.append(one)
        const sheet = new CSSStyleSheet(); sheet.replaceSync('@media (max-width: 700px) { .wide-only { display: none } }')
        document.adoptedStyleSheets = [sheet] }"""
    )
    assert looks.lost_at(page, HALVED) == ["只在宽屏"]


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("<button></button>", "button-name"),
        ("<p style='color:#999;background:#fff'>读不清的字</p>", "color-contrast"),
        ("<img src='/icon.svg'>", "image-alt"),
        ("<div style='width:900px'>太宽</div>", "px of"),
        ("<button style='height:20px'>小</button>", "20 px"),
    ],
)
def test_what_is_planted_is_found(open_page: Callable[..., Any], planted: str, said: str) -> None:
    page = open_page("open")
    page.evaluate(
        "(html) => document.querySelector('main').append(document.createRange().createContextualFragment(html))",
        planted,
    )
    page.set_viewport_size(NARROW)
    found = [*looks.violations(page), looks.too_wide(page), *looks.too_small(page, 44)]
    assert any(said in fault for fault in found), found
