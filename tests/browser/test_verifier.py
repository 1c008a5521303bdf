"""The verifier's app with a log-in: an officer's check online with the live status and the signed portrait, by code and by digits,
with a one-time code and with a passkey; a company's question, the driver's answer on the phone, and nothing beyond it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage
from liangzheng.cli.qr import draw_qr
from liangzheng.drivers.draw import portrait
from tests.browser import looks, verifiers
from tests.browser.holders import Holder
from tests.browser.verifiers import Verifying

Open = Callable[..., Any]


def test_an_officer_checks_online(open_page: Open, platform: Stage, holder: Holder) -> None:
    who, page = verifiers.officer(platform), open_page("verify", "/#/log-in")
    page.get_by_label("警号").fill(who["number"])
    page.get_by_label("密码").fill(who["password"] + "x")
    page.get_by_label("动态验证码").fill("000000")
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_text("警号、密码或动态验证码不对").wait_for()
    assert page.get_by_label("警号").input_value() == who["number"], "nothing typed is lost"
    acts.log_in_officer(page, platform, who)
    page.get_by_role("heading", name="演示车辆管理所").wait_for()
    page.get_by_text("名单版本").wait_for()

    phone = open_page("driver", inside=holder.context)
    banner = verifiers.read_picture(page, verifiers.code_on(phone))
    page.get_by_text("联网核验", exact=True).wait_for()
    assert banner.get_attribute("data-colour") == "green", banner.inner_text()
    page.get_by_text("实时状态").wait_for()
    shown = page.get_by_role("img", name="驾驶证照片")
    page.wait_for_function("(one) => one.naturalWidth > 100", arg=shown.element_handle())
    assert holder.actor["name"] in page.locator("main").inner_text()

    # By the digits the driver reads out, with the class that is being driven.
    page.goto(platform.at("verify") + "/#/")
    page.get_by_label("所驾车辆").select_option("A1")
    phone.get_by_role("button", name="显示数字码").click()
    phone.get_by_text("请念给核验人员").wait_for()
    digits = "".join(each for each in phone.locator(".digits .number").inner_text() if each.isdigit())
    page.get_by_role("link", name="数字码").click()
    page.get_by_label("驾驶人读出的 8 位数字").fill(digits)
    page.get_by_role("button", name="核验").click()
    page.locator("[data-outcome=may_not_drive]").wait_for()
    page.get_by_text("A1：不可驾驶").wait_for()
    page.get_by_label("车辆号牌").fill("苏B12345")
    page.get_by_role("button", name="记录并结束").click()
    page.get_by_text("苏B1**45").wait_for()
    said = page.locator("main").inner_text()
    assert holder.actor["name"] not in said, "names in the history are masked"

    page.goto(platform.at("verify") + "/#/me")
    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("heading", name="公众版").wait_for()


LISTEN = """() => {
  window.heard = []
  const own = AudioContext.prototype.createOscillator
  AudioContext.prototype.createOscillator = function () {
    const made = own.call(this), start = made.start.bind(made)
    made.start = (at) => { window.heard.push(made.frequency.value); start(at) }
    return made
  }
  navigator.vibrate = (pattern) => { window.felt = pattern; return true }
}"""


def test_a_verdict_is_heard_and_felt(open_page: Open, holder: Holder, tmp_path: Path) -> None:
    phone, page = open_page("driver", inside=holder.context), open_page("verify", camera=False)
    page.evaluate(LISTEN)
    page.get_by_role("button", name="开始扫码").click()  # no sound before a touch
    acts.until_held(phone)
    code = acts.shown_code(phone)
    other = code[:-1] + ("0" if code[-1] != "0" else "1")
    for text, colour, tones, felt in (
        (code, "green", [660, 990], [80]),
        (other, "red", [180], [600]),
        ("wxp://f2f0abcdefghijklmnopqrstuvwxyz", "amber", [520] * 3, [60] * 5),
    ):
        picture = tmp_path / f"{colour}.png"
        draw_qr(text, picture)
        banner = verifiers.read_picture(page, picture.read_bytes())
        assert banner.get_attribute("data-colour") == colour, banner.inner_text()
        assert page.evaluate("() => [window.heard, window.felt]") == [tones, felt]
        page.evaluate("() => { window.heard = [] }")

    # Muted it is felt and seen.
    page.goto(page.url.partition("#")[0] + "#/me")
    page.get_by_role("checkbox", name="静音").check()
    verifiers.read_picture(page, verifiers.code_on(phone))
    assert page.evaluate("() => [window.heard, window.felt]") == [[], [80]]


def test_another_picture_than_the_signed_one_is_not_shown(
    open_page: Open, patrol: Verifying, holder: Holder
) -> None:
    page = open_page("verify", inside=patrol.context)
    page.route(
        "**/api/staff/verifications/*/portrait*",
        lambda route: route.fulfill(content_type="image/jpeg", body=portrait(20261121, 5)),
    )
    phone = open_page("driver", inside=holder.context)
    verifiers.read_picture(page, verifiers.code_on(phone))
    page.get_by_text("照片与签名不符").wait_for()
    assert page.get_by_role("img", name="驾驶证照片").count() == 0


def test_an_officer_logs_in_with_a_passkey(open_page: Open, platform: Stage) -> None:
    who, page = verifiers.officer(platform), open_page("verify")
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    added = device.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
    own = {"authenticatorId": added["authenticatorId"]}
    acts.log_in_officer(page, platform, who)
    page.get_by_role("link", name="我的").click()
    page.get_by_role("link", name="通行密钥").click()
    page.get_by_label("名称").fill("执勤终端 7")
    # Whoever holds the device must show that it is theirs.
    device.send("WebAuthn.setUserVerified", own | {"isUserVerified": False})
    page.get_by_role("button", name="添加通行密钥").click()
    page.get_by_text("没有添加成功").wait_for()
    device.send("WebAuthn.setUserVerified", own | {"isUserVerified": True})
    page.get_by_role("button", name="添加通行密钥").click()
    page.get_by_text("已添加").wait_for()
    page.get_by_role("listitem").filter(has_text="执勤终端 7").wait_for()

    def log_in(password: str) -> None:
        page.goto(platform.at("verify") + "/#/log-in")
        page.get_by_label("警号").fill(who["number"])
        page.get_by_label("密码").fill(password)
        page.get_by_role("button", name="用通行密钥登录").click()

    page.goto(platform.at("verify") + "/#/me")
    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("heading", name="公众版").wait_for()
    log_in(who["password"] + "x")
    page.get_by_text("警号、密码或动态验证码不对").wait_for()
    log_in(who["password"])
    page.get_by_role("heading", name="演示车辆管理所").wait_for()
    page.goto(platform.at("verify") + "/#/passkeys")
    page.get_by_text("上次使用").wait_for()

    # On a device that has none, the code of the other factor still opens.
    device.send("WebAuthn.clearCredentials", own)
    page.goto(platform.at("verify") + "/#/me")
    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("heading", name="公众版").wait_for()
    log_in(who["password"])
    page.get_by_text("没有用成通行密钥").wait_for()
    acts.log_in_officer(page, platform, who)


def test_a_company_hears_what_the_driver_agrees_to(
    open_page: Open, platform: Stage, shop: Verifying, holder: Holder
) -> None:
    who, page = shop.who, open_page("verify", "/#/log-in")
    page.get_by_role("radio", name="企业").check()
    page.get_by_label("客户端编号").fill(who["id"])
    page.get_by_label("客户端密钥").fill(who["secret"] + "x")
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_text("客户端编号或密钥不对").wait_for()
    acts.log_in_company(page, who)
    used = quota_used(page, platform)
    phone = open_page("driver", inside=holder.context)

    # For this once, without the name.
    ask(page, platform, ["今天能否驾驶所问车型", "驾驶证有效期止", "驾驶证照片"])
    decide(phone, page, platform, "同意并用本机签名")
    page.get_by_text("C1 可以驾驶").wait_for()
    page.get_by_role("img", name="驾驶证照片").wait_for()
    said = page.locator("main").inner_text()
    assert "有效期" in said
    for secret in (holder.actor["name"], holder.actor["identity_number"]):
        assert secret not in said, "what was not asked is not answered"
    page.get_by_role("button", name="再问一位").click()

    # The driver says no.
    ask(page, platform, ["姓名"])
    decide(phone, page, platform, "拒绝")
    page.get_by_text("驾驶人没有同意").wait_for()
    page.get_by_role("button", name="再问一位").click()

    # A consent that lasts, and a bulk check by it.
    ask(page, platform, ["今天能否驾驶所问车型"], until=date.today() + timedelta(days=30))
    decide(phone, page, platform, "同意并用本机签名")
    pseudonym = page.locator("dd.pseudonym").inner_text()
    page.goto(platform.at("verify") + "/#/bulk")
    page.get_by_label("粘贴代号").fill(f"代号\n{pseudonym}\npsn_{'0' * 26}\n")
    for field in ("驾驶证有效期止", "姓名"):
        page.get_by_role("checkbox", name=field).uncheck()
    page.get_by_role("button", name="核查", exact=True).click()
    page.get_by_text("1 个已回答，共 2 个").wait_for()
    rows = page.get_by_role("row").all_inner_texts()
    assert "C1 可以驾驶" in rows[1]
    assert "未同意或无此代号" in rows[2]
    assert quota_used(page, platform) >= used + 5

    # The driver reads who was told what.
    phone.goto(platform.at("driver") + "/#/looks")
    phone.get_by_text("演示租车公司").first.wait_for()


def test_a_question_beyond_the_registration_is_refused(
    open_page: Open, platform: Stage, shop: Verifying, holder: Holder
) -> None:
    page = open_page("verify", inside=shop.context)

    # As it was registered once: the page offers what the server no longer allows.
    id_and_secret, form = f"{shop.who['id']}:{shop.who['secret']}", "grant_type=client_credentials"
    token = acts.Api(platform).ask("POST", "/relying/token", form, basic=id_and_secret)["access_token"]
    told = acts.Api(platform, token).ask("GET", "/relying/registration")
    for each in told["purposes"]:
        each["fields"].append("masked_number")
    page.route("**/api/relying/registration", lambda route: route.fulfill(json=told))
    page.reload()  # the app asks who it is logged in as
    page.get_by_role("link", name="询问").click()
    page.get_by_role("checkbox", name="部分遮盖的证号").check()
    page.get_by_role("button", name="生成请求码").click()
    page.get_by_text("超出本企业的登记范围").wait_for()
    assert page.get_by_role("checkbox", name="部分遮盖的证号").is_checked(), "nothing typed is lost"
    page.get_by_role("checkbox", name="部分遮盖的证号").uncheck()
    page.get_by_role("button", name="生成请求码").click()
    page.get_by_text("等待驾驶人同意").wait_for()
    page.get_by_role("button", name="撤回询问").click()
    page.get_by_text("已撤回").wait_for()
    page.goto(platform.at("verify") + "/#/bulk")
    page.get_by_label("粘贴代号").fill(f"psn_{'0' * 26}")
    page.get_by_role("button", name="核查", exact=True).click()
    page.get_by_text("超出本企业的登记范围").wait_for()

    # A 亮码 held before the company's device: answered for its purpose, and no further.
    phone = open_page("driver", inside=holder.context)
    banner = verifiers.read_picture(page, verifiers.code_on(phone))
    page.get_by_text("联网核验", exact=True).wait_for()
    assert banner.get_attribute("data-colour") == "green", banner.inner_text()
    assert holder.actor["identity_number"] not in page.locator("main").inner_text()


def ask(page: Any, platform: Stage, fields: list[str], until: date | None = None) -> None:
    """The company asks for these and no other."""
    page.goto(platform.at("verify") + "/#/ask")
    page.get_by_role("button", name="生成请求码").wait_for()
    for box in page.get_by_role("checkbox").all():
        box.set_checked(box.evaluate("(one) => one.labels[0].innerText.trim()") in fields)
    if until:
        page.get_by_label("授权持续到").fill(until.isoformat())
    page.get_by_role("button", name="生成请求码").click()
    page.get_by_text("等待驾驶人同意").wait_for()
    symbol = page.get_by_role("img", name="请求码")
    symbol.wait_for()
    code = page.locator("p.code").inner_text().replace("-", "").replace(" ", "")
    assert looks.read_symbol(symbol) == f"LZR1:{code}"


def decide(phone: Any, page: Any, platform: Stage, button: str) -> None:
    """The driver types the code that the company shows, and decides."""
    code = page.locator("p.code").inner_text()
    phone.goto(platform.at("driver") + "/#/")
    phone.goto(platform.at("driver") + "/#/consent")
    phone.get_by_label("请求码").fill(code)
    phone.get_by_role("button", name="查看请求").click()
    phone.get_by_text("演示租车公司").first.wait_for()
    phone.get_by_role("button", name=button).click()
    phone.get_by_role("status").filter(has_text="已").first.wait_for()


def quota_used(page: Any, platform: Stage) -> int:
    """How many drivers the company asked about today, as its app says."""
    page.goto(platform.at("verify") + "/#/")
    page.goto(platform.at("verify") + "/#/me")
    line = page.get_by_text("今日额度")
    line.wait_for()
    return int(line.inner_text().partition("今日 ")[2].split(" /")[0].replace(",", ""))


@pytest.mark.usefixtures("browser")
def test_what_a_company_may_not_see_without_a_log_in(open_page: Open) -> None:
    for screen in ("ask", "bulk", "notices"):
        page = open_page("verify", f"/#/{screen}")
        page.get_by_text("请先以企业身份登录").wait_for()
