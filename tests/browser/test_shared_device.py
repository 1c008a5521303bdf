"""One device and several people: what somebody saw, typed or began on it is not there for the next."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from liangzheng.api.octets import from_base64url, to_base64url
from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage
from tests.browser import looks
from tests.browser.holders import Holder, kept_snapshot
from tests.browser.verifiers import RENTAL

Open = Callable[..., Any]

_KEPT = """(change) => new Promise((done, failed) => {
  const opened = indexedDB.open('liangzheng')
  opened.onerror = failed
  opened.onsuccess = () => {
    const held = opened.result.transaction('kept', 'readwrite')
    const kept = held.objectStore('kept')
    for (const [key, value] of Object.entries(change)) kept.put(value, key)
    const all = kept.getAllKeys()
    held.oncomplete = () => { opened.result.close(); done(all.result.filter((one) => !one.startsWith('trust '))) }
  }
})"""


def kept(page: Any, **change: Any) -> set[str]:
    """The names of what the app of this page keeps, after these were put there."""
    return set(page.evaluate(_KEPT, change))


def logged_in(page: Any) -> int:
    """What the server says of this browser's login, whatever the app believes."""
    status: int = page.evaluate("() => fetch('/api/holder/sessions/current').then((answer) => answer.status)")
    return status


DRAFTS = {"new photo": {"source": "album"}, "apply per_x": {"step": 1}, "face-check apply": {"id": "fch_x"}}


def test_a_log_out_without_a_network_ends_the_login_with_the_first_answer(
    open_page: Open, platform: Stage, holder: Holder
) -> None:
    first = platform.driver()
    page = open_page("driver")
    acts.log_in(page, first)
    kept(page, **DRAFTS)
    [cookie] = [each for each in page.context.cookies() if each["name"] == "__Host-lz"]
    page.goto(platform.at("driver") + "/#/me")
    page.get_by_text("退出登录").first.click()
    page.context.set_offline(True)
    page.get_by_role("alertdialog").get_by_role("button", name="退出登录").click()
    page.get_by_role("button", name="登录", exact=True).wait_for()
    # What was begun is gone at once; a check that waits at a counter is an id, good for that person alone.
    assert kept(page) & set(DRAFTS) == {"face-check apply"}
    assert page.evaluate("() => sessionStorage.length") == 0
    assert page.context.cookies(), "no script can take the cookie away"
    page.context.set_offline(False)
    page.wait_for_function("() => localStorage.getItem('log-out-due') === null")
    assert not [each for each in page.context.cookies() if each["name"] == "__Host-lz"]
    assert logged_in(page) == 401
    page.context.add_cookies([cookie])
    assert logged_in(page) == 401, "ended on the server, not only forgotten here"
    page.context.clear_cookies()

    # A login that ended by itself, and another person's log-in on the same phone.
    acts.log_in(page, first)
    kept(page, **DRAFTS)
    page.context.clear_cookies()
    acts.log_in(page, first)
    assert set(DRAFTS) <= kept(page), "one's own is still there"
    page.context.clear_cookies()
    acts.log_in(page, holder.actor)
    assert not kept(page) & set(DRAFTS)


def test_a_log_out_is_finished_before_anything_is_asked(
    open_page: Open, platform: Stage, holder: Holder
) -> None:
    """The app was closed before the network came back: the next person opens it."""
    before = open_page("driver")
    acts.log_in(before, holder.actor)
    context = before.context
    context.set_offline(True)
    before.evaluate(
        "() => { localStorage.clear(); localStorage.setItem('log-out-due', '/holder/sessions/current') }"
    )
    asked: list[str] = []
    # Of the whole context: a page that is being closed may still hear that the network is back, and end the login itself.
    context.on(
        "request",
        lambda one: (
            "/api/" in one.url
            and not one.service_worker
            and asked.append(f"{one.method} {one.url.partition('/api')[2]}")
        ),
    )
    before.close()
    context.set_offline(False)
    page = open_page("driver", inside=context)
    page.wait_for_function("() => localStorage.getItem('log-out-due') === null")
    assert asked[:2] == ["DELETE /holder/sessions/current", "DELETE /cookie"]
    assert logged_in(page) == 401


def test_the_number_is_hidden_when_the_phone_is_put_away(
    open_page: Open, platform: Stage, holder: Holder
) -> None:
    page = open_page("driver", inside=holder.context)
    acts.until_held(page)
    page.goto(platform.at("driver") + "/#/licence")
    number = page.get_by_text(holder.actor["identity_number"])
    page.get_by_role("button", name="显示完整证号").click()
    number.first.wait_for()
    page.evaluate(
        "() => { Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true }); "
        "document.dispatchEvent(new Event('visibilitychange')) }"
    )
    page.get_by_role("button", name="显示完整证号").wait_for()
    assert number.count() == 0


def test_the_standing_of_another_is_not_shown_on_this_licence(
    open_page: Open, platform: Stage, holder: Holder
) -> None:
    page = open_page("driver", inside=holder.context)
    acts.until_held(page)
    page.get_by_text("状态正常").first.wait_for()
    # Of another licence: a bit of the id of the one that is asked for.
    page.route("**/api/holder/licence/snapshot", _of_another)
    looks.settle(page)  # what was on its way before is kept
    before = kept_snapshot(page)
    page.goto(platform.at("driver") + "/#/licence")
    page.reload()
    page.get_by_text("已联网").wait_for()
    assert kept_snapshot(page) == before


def log_in_officer(page: Any, stage: Stage, who: dict[str, Any]) -> None:
    """In the verifier's app."""
    page.goto(stage.at("verify") + "/#/log-in")
    page.locator("input[name=number]").fill(who["number"])
    page.locator("input[name=password]").fill(who["password"])
    page.locator("input[name=totp]").fill(acts.one_time_code(stage, who))
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_text("演示车辆管理所").first.wait_for()


def log_out(page: Any, stage: Stage) -> None:
    page.goto(stage.at("verify") + "/#/me")
    page.get_by_role("button", name="退出登录").click()
    page.get_by_role("heading", name="公众版").wait_for()  # the app has gone there by itself


def test_what_an_officer_saw_and_what_waits_is_theirs_alone(
    open_page: Open, platform: Stage, holder: Holder, tmp_path: Path
) -> None:
    one, two = (acts.member(platform, f"V{secrets.randbelow(10**6):06d}", "patrol") for _ in range(2))
    page = open_page("verify")
    asked: list[str] = []
    page.on("request", lambda each: each.url.endswith("/verifications") and asked.append(each.post_data))
    log_in_officer(page, platform, one)
    page.get_by_text("名单版本").wait_for()
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    phone = open_page("driver", inside=holder.context)
    acts.until_held(phone)
    code = tmp_path / "code.png"
    acts.shown_code(phone)
    phone.locator("canvas[data-code]").screenshot(path=code)
    page.context.set_offline(True)
    page.locator("input[type=file]").set_input_files(code)
    page.locator("[data-outcome]").wait_for()
    page.goto(platform.at("verify") + "/#/history")
    page.get_by_text("离线，待补核").wait_for()

    log_out(page, platform)
    page.goto(platform.at("verify") + "/#/result")
    page.get_by_role("heading", name="核验结果").wait_for()
    assert page.locator("[data-outcome]").count() == 0, "who was seen is not shown to the next"
    page.context.set_offline(False)
    page.wait_for_function("() => localStorage.getItem('log-out-due') === null")

    log_in_officer(page, platform, two)
    looks.settle(page)
    assert not asked, "one's check is not asked in another's name"
    log_out(page, platform)
    log_in_officer(page, platform, one)
    looks.settle(page)
    page.goto(platform.at("verify") + "/#/history")
    page.get_by_text("离线，待补核").wait_for(state="detached")
    assert len(asked) == 1


def test_no_answer_takes_the_lists_away(open_page: Open, platform: Stage) -> None:
    page = open_page("verify", "/#/lists")
    page.get_by_text("最早一份制作于").wait_for()
    before = page.evaluate(_LISTS)
    assert before >= 1
    page.route("**/api/open/status-lists", lambda route: route.fulfill(json={"lists": []}))
    page.get_by_role("button", name="下载最新名单").click()
    page.get_by_text("没有下载完").wait_for()
    assert page.evaluate(_LISTS) == before


_LISTS = """() => new Promise((done) => {
  const opened = indexedDB.open('liangzheng')
  opened.onsuccess = () => {
    const held = opened.result.transaction('kept').objectStore('kept')
    const keys = held.getAllKeys()
    keys.onsuccess = () => {
      const asked = held.get(keys.result.find((one) => one.startsWith('status-lists ')))
      asked.onsuccess = () => { opened.result.close(); done(asked.result.length) }
    }
  }
})"""


def _of_another(route: Any) -> None:
    host = route.request.url.split("/")[2]  # resolved by browsers alone
    answer = route.fetch(
        url=route.request.url.replace("driver.localhost", "127.0.0.1"),
        headers=route.request.all_headers() | {"host": host},
    )
    body = answer.json()
    octets = bytearray(from_base64url(body["snapshot"], "snapshot"))
    at = octets.index(bytes.fromhex("3a000100018650")) + 7
    octets[at + 15] ^= 1
    route.fulfill(response=answer, json=body | {"snapshot": to_base64url(bytes(octets))})


def test_a_record_that_was_looked_up_is_not_there_for_a_colleague(open_page: Open, platform: Stage) -> None:
    one, two = (acts.member(platform, f"L{secrets.randbelow(10**6):06d}", "penalty") for _ in range(2))
    page = open_page("staff", width=1280, height=800)
    acts.log_in_staff(page, platform, one)
    seen = platform.kept["actors"][0]
    page.goto(platform.at("staff") + "/#/look-ups")
    page.get_by_label("案件编号").fill(acts.case_number("V", "320500"))
    page.locator("input[name=number]").fill(seen["identity_number"])
    page.get_by_role("button", name="查询").click()
    page.get_by_role("link", name="提出暂扣").click()
    page.get_by_role("heading", name="提出新事项").wait_for()
    page.get_by_text(seen["name"]).first.wait_for()
    address = page.url
    page.get_by_role("button", name="退出登录").click()
    page.locator("input[name=number]").wait_for()
    acts.log_in_staff(page, platform, two)
    page.goto(address)
    page.locator("input[name=driver]").wait_for()
    assert page.get_by_text(seen["name"]).count() == 0


def fill_log_in(page: Any, stage: Stage, who: dict[str, Any]) -> None:
    """Where the console asks for it, without going anywhere else first."""
    page.locator("input[name=number]").fill(who["number"])
    page.locator("input[name=password]").fill(who["password"])
    page.locator("input[name=totp]").fill(acts.one_time_code(stage, who))
    page.locator("button[type=submit]").click()
    page.get_by_role("navigation").first.wait_for()


def test_a_console_that_is_left_ends_in_every_tab_says_why_and_leads_back(
    open_page: Open, platform: Stage
) -> None:
    one, two = (acts.member(platform, f"I{secrets.randbelow(10**6):06d}", "penalty") for _ in range(2))
    page = open_page("staff", width=1280, height=800)
    page.clock.install()
    acts.log_in_staff(page, platform, one)
    seen = platform.kept["actors"][0]
    page.goto(platform.at("staff") + "/#/look-ups")
    page.get_by_label("案件编号").fill(acts.case_number("V", "320500"))
    page.locator("input[name=number]").fill(seen["identity_number"])
    page.get_by_role("button", name="查询").click()
    page.get_by_role("heading", name="登记信息").wait_for()
    # A place and an authority by their names, the code beside them.
    page.get_by_text("区划：苏州市（320500）。").wait_for()
    page.locator("dl.facts dd").filter(has_text=re.compile(r"^\S+（\S[A-Z]）$")).wait_for()
    page.locator("input[name=number]").fill("110101199003070000")
    other = open_page("staff", "/#/proposals", inside=page.context)
    other.get_by_role("heading", name="双人审批").wait_for()

    # Asking by itself is no use of it: both tabs drop what they show, and the server ends the login too.
    page.clock.fast_forward("15:20")
    page.get_by_text("15 分钟没有操作，登录已自动退出").wait_for()
    other.get_by_text("请重新登录").wait_for()
    assert page.get_by_text(seen["name"]).count() == 0
    page.wait_for_function("() => localStorage.getItem('log-out-due') === null")
    assert page.evaluate("() => fetch('/api/staff/sessions/current').then((answer) => answer.status)") == 401

    # The same person is back where they were, with what they typed.
    fill_log_in(page, platform, one)
    page.get_by_role("heading", name="驾驶人查询").wait_for()
    assert page.locator("input[name=number]").input_value() == "110101199003070000"

    # Typing is use, though nothing is asked for by it.
    for _ in range(3):
        page.clock.fast_forward("06:00")
        page.get_by_label("案件编号").press("End")
    page.get_by_role("heading", name="驾驶人查询").wait_for()

    # Ended elsewhere, and taken up by somebody else: they begin at the beginning, and find nothing.
    page.evaluate("() => fetch('/api/staff/sessions/current', {method: 'DELETE'})")
    page.get_by_role("link", name="双人审批").click()
    page.get_by_text("登录已经结束").wait_for()
    fill_log_in(page, platform, two)
    page.get_by_role("heading", name="工作台").wait_for()
    assert page.evaluate("() => Object.keys(sessionStorage)") == ["number"]
    page.get_by_role("link", name="驾驶人查询").first.click()
    assert page.locator("input[name=number]").input_value() == ""


def test_a_log_out_leaves_nothing_in_another_tab(open_page: Open, platform: Stage) -> None:
    who = acts.member(platform, f"I{secrets.randbelow(10**6):06d}", "penalty")
    page = open_page("staff", width=1280, height=800)
    acts.log_in_staff(page, platform, who)
    other = open_page("staff", "/#/look-ups", inside=page.context)
    other.locator("input[name=number]").fill("110101199003070000")
    page.get_by_role("button", name="退出登录").click()
    other.get_by_text("您在另一个标签页退出了登录").wait_for()
    assert other.evaluate("() => Object.keys(sessionStorage)") == ["number"]


def test_a_company_whose_login_ended_goes_on_where_it_was_and_nobody_else_does(
    open_page: Open, platform: Stage
) -> None:
    who = acts.company(platform, "演示租车公司", RENTAL)
    page = open_page("verify")
    acts.log_in_company(page, who)
    page.goto(platform.at("verify") + "/#/ask")
    page.get_by_label("本企业备注").fill("演示 7")
    for person in ("same", "another"):
        page.context.clear_cookies()
        page.get_by_role("button", name="生成请求码").click()
        page.get_by_text("登录已结束").wait_for()
        page.get_by_label("本企业备注").wait_for(state="detached")
        page.get_by_role("link", name="重新登录").click()
        page.get_by_text("登录已结束").wait_for()
        if person == "same":
            page.locator("input[name=secret]").fill(who["secret"])
            page.get_by_role("button", name="登录", exact=True).click()
            page.get_by_label("本企业备注").wait_for()
            assert page.get_by_label("本企业备注").input_value() == "演示 7"
    patrol = acts.member(platform, f"V{secrets.randbelow(10**6):06d}", "patrol")
    page.get_by_role("radio", name="交警").check()
    page.get_by_label("警号").fill(patrol["number"])
    page.get_by_label("密码").fill(patrol["password"])
    page.get_by_label("动态验证码").fill(acts.one_time_code(platform, patrol))
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_role("link", name="数字码").wait_for()
    assert page.url.endswith("#/")
    assert page.evaluate("() => 'ask' in sessionStorage") is False
    assert page.get_by_text("登录已结束").count() == 0


def test_no_answer_is_in_a_cache(open_page: Open, platform: Stage, holder: Holder) -> None:
    page = open_page("driver", inside=holder.context)
    acts.until_held(page)
    page.goto(platform.at("driver") + "/#/licence")
    page.get_by_text("已联网").wait_for()
    cached = page.evaluate(
        "async () => { const all = []; for (const name of await caches.keys()) "
        "for (const one of await (await caches.open(name)).keys()) all.push(new URL(one.url).pathname); return all }"
    )
    assert "/" in cached
    assert not [path for path in cached if path.startswith("/api") or "portrait" in path]
    kept_copy = page.evaluate(
        "() => fetch('/api/holder/account', { cache: 'only-if-cached', mode: 'same-origin' })"
        ".then((answer) => answer.ok, () => false)"
    )
    assert kept_copy is False
