"""Without a mouse: Tab, Space, Enter alone, and the focus can be seen. A driver from log-in to the 亮码; two members of staff
from log-in to a look-up, a proposal and its decision."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage
from tests.browser.looks import focus_ring, settle, tab_to

RING = """() => {
  const one = document.activeElement, style = getComputedStyle(one)
  const ring = (of) => of.outlineStyle !== 'none' && parseFloat(of.outlineWidth) > 0 || of.boxShadow !== 'none'
  return ring(style) || ring(getComputedStyle(one.closest('label, .van-field') ?? one))
}"""

RING_OF_FIELD = RING.replace("label, .van-field", ".el-input__wrapper, label")


def press(page: Any, words: str, key: str = "Enter") -> None:
    tab_to(page, words)
    assert page.evaluate(RING), f"nobody sees that {words!r} has the focus"
    page.keyboard.press(key)


def test_from_log_in_to_the_live_code(open_page: Callable[..., Any], platform: Stage) -> None:
    driver, page = platform.driver(), open_page("driver")
    press(page, "登录")
    page.get_by_label("手机号").wait_for()
    tab_to(page, "手机号")
    page.keyboard.type(driver["mobile"])
    page.keyboard.press("Tab")
    page.keyboard.type(driver["password"])
    page.keyboard.press("Enter")
    page.get_by_role("button", name="申领电子驾驶证").wait_for()
    press(page, "申领电子驾驶证")
    page.get_by_role("button", name="是我本人").wait_for()
    press(page, "是我本人，信息无误")
    page.get_by_role("button", name="下一步").wait_for()
    press(page, "下一步")
    page.get_by_role("checkbox").first.wait_for()
    agreement = page.get_by_role("checkbox").first
    press(page, agreement.evaluate("(box) => box.labels[0].innerText.trim()"), "Space")
    assert agreement.is_checked()
    press(page, "开始实人认证")
    page.get_by_text("第 2 次，共 2 次").wait_for(timeout=60_000)
    page.get_by_role("button", name="开始实人认证").wait_for()
    press(page, "开始实人认证")
    page.get_by_role("link", name="查看进度").wait_for(timeout=60_000)
    press(page, "查看进度")
    page.get_by_role("link", name="亮证").or_(page.get_by_role("button", name="亮证")).first.wait_for(
        timeout=60_000
    )
    press(page, "亮证")
    page.get_by_role("button", name="亮码（给交警扫）").wait_for()
    press(page, "亮码（给交警扫）")
    page.locator("canvas[data-code]").wait_for()


def decided(officer: acts.Api, driver: dict[str, Any], shown: str) -> None:
    """The counter has scanned `shown` and compared document and person."""
    _, person, check = shown.split(":")
    body = {
        "person": person, "face_check": check, "identity_kind": "A", "identity_number": driver["identity_number"],
        "decision": "approve", "case_number": acts.case_number("B", "320500"),
    }  # fmt: skip
    officer.ask("POST", "/staff/counter-checks/decisions", body)


def test_without_a_camera_a_counter_and_the_keyboard_alone(
    open_page: Callable[..., Any], platform: Stage
) -> None:
    driver, page = platform.driver(), open_page("driver", camera=False)
    officer = acts.officer(platform, acts.member(platform, f"N{secrets.randbelow(10**6):06d}", "counter"))
    acts.log_in(page, driver)
    press(page, "申领电子驾驶证")
    page.get_by_role("button", name="是我本人").wait_for()
    press(page, "是我本人，信息无误")
    page.get_by_role("button", name="下一步").wait_for()
    press(page, "下一步")
    symbol, before = page.locator("[data-code]"), ""
    for after in ("第 2 次，共 2 次", "查看进度"):  # for the phone, and for the application
        page.get_by_role("button", name="换人工审核").wait_for()
        settle(page)
        press(page, "换人工审核")
        symbol.wait_for()
        shown = symbol.get_attribute("data-code")
        assert shown != before
        decided(officer, driver, shown)
        before = shown
        page.get_by_text(after).wait_for()
    press(page, "查看进度")
    page.get_by_role("button", name="亮证").wait_for(timeout=60_000)
    press(page, "亮证")
    page.get_by_role("button", name="亮码（给交警扫）").wait_for()
    press(page, "亮码（给交警扫）")
    page.locator("canvas[data-code]").wait_for()


def test_who_has_a_passport_resets_the_password(open_page: Callable[..., Any], platform: Stage) -> None:
    """The kind is chosen from the keyboard, and goes with the number. The server is played: it sends one code a minute, and
    what it does with a passport is asked in tests/api."""
    page, sent = open_page("driver", "/#/reset"), []
    answers = {
        "codes": {"code_request": "x"},
        "proofs": {"mobile_proof": "x"},
        "password-resets": {"passkeys_removed": 0},
    }

    def answer(route: Any) -> None:
        sent.append(route.request.post_data_json)
        route.fulfill(json=answers[route.request.url.rpartition("/")[2]])

    page.route(re.compile("/api/holder/(codes|codes/proofs|password-resets)$"), answer)
    typed = {"mobile": "13912345678", "name": "FICTIONAL PERSON", "number": "xu 00000001", "code": "123456"}
    typed["password"] = secrets.token_urlsafe(12)
    page.locator("input[name=mobile]").wait_for()
    tab_into(page, "mobile", typed["mobile"])
    tab_into(page, "name", typed["name"])
    tab_to(page, "证件类型")
    assert page.evaluate(RING), "that the kinds have the focus can be seen"
    chosen = page.get_by_role("combobox", name="证件类型")
    assert chosen.locator("option").first.inner_text() == "居民身份证" and chosen.input_value() == "A"
    assert page.get_by_text("与驾驶证上的证号相同").count() == 0
    while chosen.input_value() != "F":
        page.keyboard.press("ArrowDown")
    page.get_by_text("号码与驾驶证上的证号相同").wait_for()
    tab_into(page, "number", typed["number"])
    tab_into(page, "code", typed["code"])
    press(page, "获取验证码")
    page.get_by_text("验证码已发送").wait_for()
    page.get_by_text("模拟短信", exact=True).wait_for()  # said also to who opens this screen first
    page.locator("input[name=code]").fill(typed["code"])  # a new code empties what was typed of the last one
    tab_into(page, "password", typed["password"])
    page.keyboard.press("Enter")
    page.get_by_text("密码已重设").wait_for()
    assert (sent[-1]["identity_kind"], sent[-1]["identity_number"]) == ("F", typed["number"])
    page.get_by_role("button", name="返回").click()
    page.goto(platform.at("driver") + "/#/reset")
    assert chosen.input_value() == "A", "the next person's kind is their own"


def tab_into(page: Any, name: str, typed: str, *, over: bool = False) -> None:
    """Presses Tab until the field of that name has the focus, and types behind what stands in it, or `over` it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.name") == name:
            break
    else:
        raise AssertionError(f"Tab never comes to the field {name}")
    assert page.evaluate(RING_OF_FIELD), f"nobody sees that {name} has the focus"
    page.keyboard.press("Control+A" if over else "End")
    page.keyboard.type(typed)


def test_a_proposal_and_its_decision(open_page: Callable[..., Any], platform: Stage) -> None:
    driver = platform.driver()
    first, second = (acts.member(platform, f"K{secrets.randbelow(10**8):08d}", "penalty") for _ in range(2))
    page = open_page("staff", width=1280, height=800)

    def log_in(who: dict[str, Any]) -> None:
        page.get_by_role("heading", name="民警与工作人员登录").wait_for()
        tab_into(page, "number", who["number"], over=True)  # who was there before is still written there
        tab_into(page, "password", who["password"])
        tab_into(page, "totp", acts.one_time_code(platform, who))
        page.keyboard.press("Enter")
        page.get_by_role("navigation").first.wait_for()

    log_in(first)
    press(page, "驾驶人查询")
    page.get_by_role("heading", name="驾驶人查询", level=1).wait_for()
    tab_into(page, "case_number", "0001")
    tab_into(page, "number", driver["identity_number"])
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="登记信息").wait_for()
    press(page, "提出暂扣 ›")
    page.get_by_role("heading", name="提出新事项").wait_for()
    tab_into(page, "case_number", "0001")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Enter")  # the dialog begins at its first button
    page.get_by_text("这是您提出的，请由另一位同事复核。").wait_for()
    proposal = page.url.rpartition("#")[2]
    press(page, "退出登录")

    log_in(second)
    page.goto(f"{platform.at('staff')}/#{proposal}")
    page.get_by_role("button", name="同意并执行").wait_for()
    press(page, "✔ 同意并执行")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")  # thought better of, and again
    page.get_by_role("dialog").wait_for(state="detached")
    assert focus_ring(page) == "✔ 同意并执行", "the focus is given back"
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Enter")
    page.get_by_text("已记录：已执行。").wait_for()


def test_what_the_keyboard_cannot_reach_is_noticed(open_page: Callable[..., Any]) -> None:
    page = open_page("driver")
    page.evaluate(
        "() => { const one = document.createElement('div'); one.textContent = '只能点'; document.body.append(one) }"
    )
    with pytest.raises(AssertionError, match="Tab never comes to"):
        tab_to(page, "只能点")
