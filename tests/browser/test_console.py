"""The staff console by hand: a first log-in, a menu of one's duties, a look-up, and everything that needs a second person."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from liangzheng.cli.browser.stage import Stage
from liangzheng.standards import totp

pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Page, expect

PASSWORD = "console-of-the-tests-2026"
Open = Callable[..., Page]


class Codes:
    """One-time codes of one member: each serves once, so the next step is waited for."""

    def __init__(self, secret: str) -> None:
        self._secret, self._last = totp.from_base32(secret), -1

    def next(self) -> str:
        while (step := totp.step_of(datetime.now(UTC))) <= self._last:
            time.sleep(0.2)
        self._last = step
        return totp.code_at(self._secret, step)


def enrolled(platform: Stage, open_page: Open, *duties: str) -> tuple[Page, Codes]:
    """Somebody new, enrolled in the browser, at the start of their console."""
    number = f"T{secrets.randbelow(10**8):08d}"
    words = [word for duty in duties for word in ("--duty", duty)]
    said = platform.lz("staff", "add", number, "演示警员", "演示大队", "--region", "nationwide", *words)
    code = re.search(r"enrolment code: (\S+)", said)
    assert code is not None
    page = open_page("staff", "/#/enrol", width=1280, height=800)
    page.get_by_label("警号或工号").fill(number)
    page.get_by_label("登记码").fill(code[1])
    page.get_by_role("button", name="下一步").click()
    codes = Codes(page.locator("code").inner_text().replace(" ", ""))
    page.get_by_label("新密码").fill(PASSWORD)
    page.get_by_label("再输一次密码").fill(PASSWORD)
    page.locator("input[name=totp]").fill(codes.next())
    page.get_by_role("button", name="完成并登录").click()
    expect(page.get_by_role("heading", name="工作台")).to_be_visible()
    return page, codes


def menu(page: Page) -> list[str]:
    return page.get_by_role("navigation").get_by_role("link").all_inner_texts()


def with_serial(page: Page) -> None:
    """The case number as it was begun, and a serial."""
    field = page.get_by_label("案件编号")
    field.fill(re.sub(r"-\d*$", "-0001", field.input_value()))


def say_yes(page: Page) -> None:
    page.get_by_role("dialog").get_by_role("button").first.click()


def test_the_menu_shows_what_today_s_duties_allow(platform: Stage, open_page: Open) -> None:
    page, _ = enrolled(platform, open_page, "photo-review")
    assert menu(page)[:2] == ["工作台", "照片审核"]
    assert not {"审计记录", "驾驶人查询", "窗口办理", "人员与职责"} & set(menu(page))
    page.goto(f"{platform.at('staff')}/#/audit")
    expect(page.get_by_role("heading", name="工作台")).to_be_visible()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="民警与工作人员登录")).to_be_visible()


def test_a_look_up_counts_and_four_eyes_suspend(platform: Stage, open_page: Open) -> None:
    driver = platform.driver()
    one, _ = enrolled(platform, open_page, "penalty")
    two, _ = enrolled(platform, open_page, "penalty")
    one.get_by_role("navigation").get_by_role("link", name="驾驶人查询").click()
    expect(one.get_by_text("还可查询 100 次")).to_be_visible()
    with_serial(one)
    one.locator("input[name=number]").fill(driver["identity_number"])
    one.get_by_role("button", name="查询").click()
    expect(one.get_by_text(driver["name"])).to_be_visible()
    expect(one.get_by_text("还可查询 99 次")).to_be_visible()
    one.get_by_role("link", name="提出暂扣").click()
    expect(one.get_by_role("heading", name="提出新事项")).to_be_visible()
    with_serial(one)
    one.get_by_role("button", name="提出").click()
    say_yes(one)
    expect(one.get_by_text("请由另一位同事复核")).to_be_visible()
    expect(one.get_by_role("button", name="同意并执行")).to_have_count(0)
    two.goto(one.url)
    two.get_by_role("button", name="同意并执行").click()
    say_yes(two)
    expect(two.get_by_text("已记录：已执行。")).to_be_visible()
    # Whoever still has the old page before them hears that somebody was quicker, and sees what was done.
    one.get_by_role("button", name="撤回").click()
    say_yes(one)
    expect(one.get_by_role("alert")).to_contain_text("已有人先处理")
    expect(one.get_by_text("已执行")).to_be_visible()


def test_what_was_typed_is_there_after_an_ended_login_and_not_for_another(
    platform: Stage, open_page: Open
) -> None:
    page, codes = enrolled(platform, open_page, "counter")
    page.goto(f"{platform.at('staff')}/#/look-ups")
    with_serial(page)
    page.locator("input[name=number]").fill("110101199003070000")
    page.evaluate("() => fetch('/api/staff/sessions/current', {method: 'DELETE'})")
    page.get_by_role("button", name="查询").click()
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("动态验证码").fill("000000")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("不对")
    page.get_by_label("动态验证码").fill(codes.next())
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("heading", name="驾驶人查询")).to_be_visible()
    expect(page.locator("input[name=number]")).to_have_value("110101199003070000")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="民警与工作人员登录")).to_be_visible()
    left: list[Any] = page.evaluate("() => Object.keys(sessionStorage)")
    assert left == ["number"]
