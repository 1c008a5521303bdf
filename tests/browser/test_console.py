"""The staff console by hand: a first log-in, a menu of one's duties, a look-up, and everything that needs a second person."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage
from tests.browser import looks
from tests.browser.desks import at_desk, go, say_yes, with_serial

pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Page, expect

PASSWORD = "console-of-the-tests-2026"
Open = Callable[..., Page]


def enrolled(platform: Stage, open_page: Open, *duties: str) -> tuple[Page, dict[str, str]]:
    """Somebody new, enrolled in the browser, at the start of their console; and what their one-time codes are made of."""
    number = f"T{secrets.randbelow(10**8):08d}"
    words = [word for duty in duties for word in ("--duty", duty)]
    said = platform.lz("staff", "add", number, "演示警员", "演示大队", "--region", "nationwide", *words)
    code = re.search(r"enrolment code: (\S+)", said)
    assert code is not None
    page = open_page("staff", "/#/enrol", width=1280, height=800)
    page.get_by_label("警号或工号").fill(number)
    page.get_by_label("登记码").fill(code[1])
    page.get_by_role("button", name="下一步").click()
    secret = page.locator("code").inner_text().replace(" ", "")
    symbol = page.get_by_role("img", name="动态验证码的二维码")
    assert secret in looks.read_symbol(symbol), "an authenticator reads it from the screen"
    who = {"number": number, "totp_secret": secret}
    page.get_by_label("新密码").fill(PASSWORD)
    page.get_by_label("再输一次密码").fill(PASSWORD)
    page.locator("input[name=totp]").fill(acts.one_time_code(platform, who))
    page.get_by_role("button", name="完成并登录").click()
    expect(page.get_by_role("heading", name="工作台")).to_be_visible()
    return page, who


def menu(page: Page) -> list[str]:
    links = page.get_by_role("navigation").get_by_role("link")
    expect(links.first).to_be_visible()
    return links.all_inner_texts()


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
    page, who = enrolled(platform, open_page, "counter")
    page.goto(f"{platform.at('staff')}/#/look-ups")
    with_serial(page)
    page.locator("input[name=number]").fill("110101199003070000")
    page.evaluate("() => fetch('/api/staff/sessions/current', {method: 'DELETE'})")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("status")).to_contain_text("登录已经结束：已在别处退出、被停用，或到了最长时间。")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("动态验证码").fill("000000")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("不对")
    page.get_by_label("动态验证码").fill(acts.one_time_code(platform, who))
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("heading", name="驾驶人查询")).to_be_visible()
    expect(page.locator("input[name=number]")).to_have_value("110101199003070000")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="民警与工作人员登录")).to_be_visible()
    left: list[Any] = page.evaluate("() => Object.keys(sessionStorage)")
    assert left == ["number"]


def proposed(platform: Stage) -> tuple[acts.Api, str]:
    """Somebody who has proposed a suspension, and its id."""
    number = f"T{secrets.randbelow(10**8):08d}"
    one = acts.officer(platform, acts.member(platform, number, "penalty"))
    case = acts.case_number("V", "320500")
    asked = {
        "identity_number": platform.driver()["identity_number"], "purpose": "violation-handling", "case_number": case,
    }  # fmt: skip
    driver = one.ask("POST", "/staff/look-ups", asked)["record"]["driver"]
    wish = {"kind": "suspend", "subject": driver, "reason": "court-order", "case_number": case, "what": {}}
    return one, one.ask("POST", "/staff/proposals", wish)["proposal"]


def test_the_audit_record_says_who_looked_and_why(platform: Stage, open_page: Open) -> None:
    one, driver = acts.member(platform, f"T{secrets.randbelow(10**8):08d}", "penalty"), platform.driver()
    case = acts.case_number("V", "320500")
    asked = {
        "identity_number": driver["identity_number"],
        "purpose": "violation-handling",
        "case_number": case,
    }
    record = acts.officer(platform, one).ask("POST", "/staff/look-ups", asked)["record"]

    page = at_desk(open_page, platform, "audit")
    go(page, "审计记录")
    with_serial(page)
    page.get_by_role("button", name="查阅", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("请至少填写")
    page.locator("input[name=subject]").fill(record["driver"])
    page.get_by_role("button", name="查阅", exact=True).click()
    table = page.get_by_role("region", name="审计记录")
    row = table.get_by_role("row").filter(has_text="按号码查询驾驶人").first
    for told in ("工作人员", case, "违法处理"):
        expect(row).to_contain_text(told)
    assert driver["identity_number"] not in table.inner_text(), "the record names nobody's number"
    # To read it is on record too, and the file holds what the screen shows.
    page.get_by_role("button", name="查阅", exact=True).click()
    expect(table.get_by_role("row").filter(has_text="查阅审计记录").first).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_role("button", name="下载 CSV").click()
    assert Path(kept.value.path()).read_text("utf-8-sig").count("\n") == table.get_by_role("row").count()


LOSE_ONE = """() => {
  const real = window.fetch
  window.lost = []
  window.fetch = async (...asked) => {
    const answer = await real(...asked)
    if (window.lost.length || !String(asked[0]).endsWith('/decisions')) return answer
    window.lost.push(answer.status)
    throw new TypeError('the line broke')
  }
}"""
"""The answer to the first decision comes to nobody."""


def test_a_decision_whose_answer_was_lost_is_made_once(platform: Stage, open_page: Open) -> None:
    one, proposal = proposed(platform)
    page = at_desk(open_page, platform, "penalty")
    page.goto(f"{platform.at('staff')}/#/proposals/{proposal}")
    page.evaluate(LOSE_ONE)
    page.get_by_role("button", name="同意并执行").click()
    say_yes(page)
    expect(page.get_by_role("alert")).to_contain_text("没有网络")
    page.get_by_role("button", name="同意并执行").click()
    say_yes(page)
    expect(page.get_by_text("已记录：已执行。")).to_be_visible()
    assert page.evaluate("() => window.lost") == [201], "the first one had arrived"
    events = [each["event"] for each in one.ask("GET", f"/staff/proposals/{proposal}")["events"]]
    assert events.count("agreed") == 1


def test_what_was_typed_stays_without_a_network_and_is_sent_once_it_is_back(
    platform: Stage, open_page: Open
) -> None:
    page = at_desk(open_page, platform, "rollout")
    go(page, "推广日历")
    page.get_by_label("批次名称").fill("演示断网批次")
    page.get_by_role("checkbox", name="全国").check()
    with_serial(page)
    case = page.get_by_label("案件编号").input_value()
    page.context.set_offline(True)
    page.get_by_role("button", name="试算").click()
    expect(page.get_by_role("alert")).to_contain_text("没有网络")
    page.context.set_offline(False)
    page.reload()
    expect(page.get_by_label("批次名称")).to_have_value("演示断网批次")
    expect(page.get_by_label("案件编号")).to_have_value(case)
    page.get_by_role("button", name="试算").click()
    expect(page.get_by_text("名驾驶人")).to_be_visible()


HOLD = """() => {
  const real = window.fetch
  let release
  window.held = new Promise((done) => { release = done })
  window.letGo = async () => {
    release()
    await window.answered
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame)
  }
  window.fetch = async (...asked) => {
    if (!String(asked[0]).includes('state=done')) return await real(...asked)
    const answer = window.held.then(() => real(...asked))
    window.answered = answer.then((one) => one.clone().json())
    return await answer
  }
}"""
"""The answer about what is done takes as long as the test wants."""


def test_a_slow_answer_to_an_earlier_choice_comes_too_late(platform: Stage, open_page: Open) -> None:
    proposed(platform)
    page = at_desk(open_page, platform, "penalty")
    go(page, "双人审批")
    rows = page.get_by_role("region", name="双人审批").get_by_role("row")
    expect(rows.filter(has_text="待我复核").first).to_be_visible()
    waiting = rows.all_inner_texts()
    page.evaluate(HOLD)
    page.get_by_label("状态").select_option("done")
    page.get_by_label("状态").select_option("proposed")
    expect(rows.filter(has_text="待我复核").first).to_be_visible()
    page.evaluate("() => window.letGo()")
    assert rows.all_inner_texts() == waiting
