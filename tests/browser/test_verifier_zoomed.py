"""Every screen of the verifier's app with somebody logged in and something to show, at 200 % and 400 % zoom: no word is lost,
nobody scrolls sideways; and by keyboard alone from the log-in to the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.screens import screens_of, wear
from liangzheng.cli.browser.stage import Stage
from tests.browser import looks, verifiers
from tests.browser.holders import Holder
from tests.browser.test_keyboard import press
from tests.browser.verifiers import Verifying

Open = Callable[..., Any]
ZOOMED = ({"width": 640, "height": 400}, {"width": 320, "height": 512})
"""What 200 % leaves of 1280 × 800 pixels, and 400 % of their width (WCAG 1.4.4, 1.4.10)."""


def faults_of(page: Any, name: str) -> list[str]:
    """What is lost of the open screen when it is zoomed, and what axe says of it."""
    looks.settle(page)
    found = []
    size = page.viewport_size
    for theme in ("light", "elder"):
        wear(page, theme)
        looks.still(page)
        found += [f"{name} {theme}: {fault}" for fault in looks.violations(page)]
        for zoomed in ZOOMED:
            page.set_viewport_size(zoomed)
            faults = looks.cut_off(page)
            if wide := looks.too_wide(page):
                faults.append(wide)
            found += [f"{name} {theme} at {zoomed['width']} px: {fault}" for fault in faults]
        page.set_viewport_size(size)
    wear(page, "light")
    return found


@pytest.mark.parametrize("who", ["nobody", "patrol", "shop"])
def test_no_word_is_lost(
    open_page: Open, platform: Stage, request: pytest.FixtureRequest, who: str, holder: Holder
) -> None:
    inside = None if who == "nobody" else request.getfixturevalue(who).context
    page, phone = open_page("verify", inside=inside), open_page("driver", inside=holder.context)
    verifiers.read_picture(page, verifiers.code_on(phone))
    page.get_by_text("本机离线核验" if who == "nobody" else "联网核验", exact=True).wait_for()
    page.get_by_text("核验步骤").click()
    found = faults_of(page, f"{who}'s result")
    for screen in screens_of("verify"):
        if screen.path != "/result":
            page.goto(f"{platform.at('verify')}/#{screen.path}")
            found += faults_of(page, f"{who}'s {screen.name}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ("<div style='width:40px;overflow:hidden;white-space:nowrap'>这些字看不全这些字看不全</div>", "cut"),
        ("<p style='position:absolute;left:-80px'>窗外的字</p>", "beside the window"),
        ("<p style='position:fixed;bottom:0;background:#fff;height:200px;margin:0'>挡住</p>", "under a bar"),
        ("<p style='position:fixed;top:0;height:300px;margin:0'>很高</p>", "bars that stay"),
    ],
)
def test_a_lost_word_is_noticed(open_page: Open, planted: str, said: str) -> None:
    page = open_page("open")
    page.set_viewport_size(ZOOMED[1])
    assert not [fault for fault in looks.cut_off(page) if said in fault]
    page.evaluate(
        "(html) => document.querySelector('main').append(document.createRange().createContextualFragment(html))",
        planted,
    )
    assert [fault for fault in looks.cut_off(page) if said in fault]


def test_by_keyboard_from_the_log_in_to_the_history(open_page: Open, platform: Stage, holder: Holder) -> None:
    who, page = verifiers.officer(platform), open_page("verify")
    page.get_by_text("名单版本").wait_for()
    press(page, "我的")
    page.get_by_role("link", name="登录").wait_for()
    press(page, "登录")
    page.get_by_label("密码").wait_for()
    looks.tab_to(page, "警号")
    page.keyboard.type(who["number"])
    page.keyboard.press("Tab")
    page.keyboard.type(who["password"])
    page.keyboard.press("Tab")
    page.keyboard.type(acts.one_time_code(platform, who))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="演示车辆管理所").wait_for()

    phone = open_page("driver", inside=holder.context)
    acts.until_held(phone)
    acts.shown_code(phone)
    phone.get_by_role("button", name="显示数字码").click()
    phone.get_by_text("请念给核验人员").wait_for()
    digits = phone.locator(".digits .number").inner_text()
    press(page, "数字码")
    page.get_by_label("驾驶人读出的 8 位数字").wait_for()
    looks.tab_to(page, "驾驶人读出的 8 位数字")
    page.keyboard.type("1")
    press(page, "核验")
    page.get_by_text("请输入 8 位数字").wait_for()
    assert page.evaluate("() => document.activeElement.tagName") == "INPUT", "the focus is where to mend it"
    page.keyboard.press("Control+A")
    page.keyboard.type(digits)
    page.keyboard.press("Enter")
    page.locator("[data-outcome=valid]").wait_for()
    press(page, "记录并结束")
    page.get_by_role("heading", name="核验记录").wait_for()
    page.get_by_role("listitem").first.wait_for()
    press(page, "‹ 返回")
    page.get_by_role("heading", name="核验结果").wait_for()


def test_the_focus_follows_the_screen(open_page: Open, patrol: Verifying) -> None:
    """Whoever reads with a screen reader hears which screen came, and goes on from its beginning."""
    page = open_page("verify", inside=patrol.context)
    page.get_by_role("link", name="我的").click()
    page.get_by_role("heading", name="我的").wait_for()
    assert page.evaluate("() => document.activeElement.innerText") == "我的"
    assert page.title().startswith("我的")
