"""Members of staff at the console: logged in, and what every screen of theirs asks of their hands."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage


def at_desk(open_page: Callable[..., Any], platform: Stage, *duties: str, **more: Any) -> Any:
    """Somebody new with these duties nationwide, at the start of their console."""
    number = f"D{secrets.randbelow(10**8):08d}"
    page = open_page("staff", width=1280, height=800, **more)
    acts.log_in_staff(page, platform, acts.member(platform, number, *duties))
    return page


def go(page: Any, entry: str) -> None:
    """By the menu; there when the screen's heading is."""
    page.get_by_role("navigation").get_by_role("link", name=entry).click()
    page.get_by_role("heading", name=entry, level=1).wait_for()


def with_serial(page: Any) -> None:
    """The case number as it was begun, and a serial."""
    field = page.get_by_label("案件编号")
    serial = f"-{secrets.randbelow(10**8):08d}"
    field.fill(re.sub(r"-\d*$", serial, field.input_value()))


def say_yes(page: Any) -> None:
    """To the one question that is open."""
    page.get_by_role("dialog").get_by_role("button").first.click()


def look_up(page: Any, identity_number: str) -> None:
    """By number, until the record is there."""
    go(page, "驾驶人查询")
    with_serial(page)
    page.locator("input[name=number]").fill(identity_number)
    page.get_by_role("button", name="查询").click()
    page.get_by_role("heading", name="登记信息").wait_for()


def propose(page: Any, what: str, letter: str | None = None) -> None:
    """From the record on the screen: 提出暂扣, 提出恢复 of a status; the proposal waits when its page is there."""
    page.get_by_role("link", name=what).click()
    page.get_by_role("heading", name="提出新事项").wait_for()
    with_serial(page)
    if letter is not None:
        page.get_by_role("checkbox", name=letter).check()
    page.get_by_role("button", name="提出", exact=True).click()
    say_yes(page)
    page.get_by_text("这是您提出的，请由另一位同事复核。").wait_for()


def agree(page: Any, address: str, *, button: str = "同意并执行") -> None:
    """To what another proposed, at its address; it was carried out when the screen says so."""
    page.goto(address)
    page.get_by_role("button", name=button).click()
    say_yes(page)
    page.get_by_text("已记录：已执行。").wait_for()
