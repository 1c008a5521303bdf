"""What a driver asks to have put right: answered in the console, read by the driver; what was typed survives a reload."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage

pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Page, expect

ANSWER = "已按户籍更正"


def test_a_request_is_answered_once_and_read(platform: Stage, open_page: Callable[..., Page]) -> None:
    driver, wish = platform.driver(), f"演示：住址有误 {secrets.token_hex(4)}"
    login = {"mobile": driver["mobile"], "password": driver["password"]}
    holder = acts.Api(platform, acts.Api(platform).ask("POST", "/holder/sessions", login)["token"])
    holder.ask("POST", "/holder/corrections", {"wish": wish})
    page = open_page("staff", width=1280, height=800)
    acts.log_in_staff(page, platform, acts.member(platform, f"R{secrets.randbelow(10**8):08d}", "register"))
    page.get_by_role("navigation").get_by_role("link", name="更正申请").click()
    card = page.locator("article").filter(has_text=wish)
    card.get_by_role("button", name="已更正").click()
    expect(page.get_by_role("alert")).to_contain_text("请先填写答复")
    card.get_by_label("答复（本人可见）").fill(ANSWER)
    page.reload()
    expect(card.get_by_label("答复（本人可见）")).to_have_value(ANSWER)
    card.get_by_role("button", name="已更正").click()
    page.get_by_role("dialog").get_by_role("button").first.click()
    expect(page.get_by_text("已答复：已更正。")).to_be_visible()
    expect(card).to_have_count(0)
    read: dict[str, Any] = holder.ask("GET", "/holder/corrections")["corrections"][0]
    assert (read["state"], read["answer"]) == ("corrected", ANSWER)
