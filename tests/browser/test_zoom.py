"""What a screen of the driver's app becomes while it is used, at 200 % and on 320 px (WCAG 1.4.4, 1.4.10), in usual and in large
letters: nothing to scroll sideways for, no words cut off, nothing that breaks WCAG 2.2 AA."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.screens import wear
from liangzheng.cli.browser.stage import Stage
from liangzheng.cli.qr import draw_qr
from liangzheng.drivers.draw import portrait
from tests.browser import looks
from tests.browser.companies import approved
from tests.browser.holders import Holder

SIZES = ({"width": 320, "height": 512}, {"width": 640, "height": 400})
"""1280 × 1024 at 400 %, and 1280 × 800 at 200 %."""
LONG = ("阿卜杜拉·买买提艾力·" * 5)[:50]
LEAST = {"light": 44.0, "elder": 60.0}


def faults_of(page: Any, state: str) -> list[str]:
    """All that is wrong with what the page shows now."""
    looks.settle(page)
    found = []
    size = page.viewport_size
    for theme, least in LEAST.items():
        wear(page, theme)
        looks.still(page)
        found += [f"{state} {theme}: {fault}" for fault in looks.violations(page)]
        found += [f"{state} {theme}: {fault}" for fault in looks.too_small(page, least)]
        for zoomed in SIZES:
            page.set_viewport_size(zoomed)
            where = f"{state} {theme} at {zoomed['width']} px"
            if wide := looks.too_wide(page):
                found.append(f"{where}: {wide}")
            found += [f"{where}: cut off: {words}" for words in looks.cut_by_a_box(page)]
        page.set_viewport_size(size)
    wear(page, "light")
    return found


def told(page: Any, path: str, **changes: Any) -> None:
    """From now on the app is told other values than those the server sent."""
    page.evaluate(
        """([path, changes]) => {
          const own = window.fetch
          window.fetch = async (address, how) => {
            const answer = await own(address, how)
            return new RegExp('^/api' + path + '$').test(address) ? Response.json({ ...(await answer.json()), ...changes }) : answer
          }
        }""",
        [path, changes],
    )


def test_applying(open_page: Callable[..., Any], platform: Stage, tmp_path: Path) -> None:
    page, found = open_page("driver"), []
    acts.log_in(page, platform.driver())
    told(page, "/holder/account", name=LONG)
    page.goto(platform.at("driver") + "/#/apply")
    page.get_by_text("这些信息从哪里来").click()
    found += faults_of(page, "confirm")
    page.get_by_role("button", name="是我本人").click()
    page.get_by_text("现在拍摄").click()
    page.get_by_role("button", name="打开摄像头").click()
    page.get_by_role("button", name="拍摄", exact=True).wait_for()
    found += faults_of(page, "camera")
    page.get_by_text("从相册选择").click()
    picture = tmp_path / "photo.jpg"
    picture.write_bytes(portrait(20261121, 11))
    page.locator("input[type=file]").set_input_files(picture)
    page.get_by_role("list", name="照片检查").wait_for()
    found += faults_of(page, "album")
    page.get_by_text("留存照片", exact=True).click()
    page.get_by_role("button", name="下一步").click()
    page.get_by_text("阅读人工复核规则").click()
    found += faults_of(page, "face")
    page.get_by_role("button", name="换人工审核").click()
    page.locator("[data-code]").wait_for()
    found += faults_of(page, "counter")
    assert not found, "\n".join(found)


def test_showing_and_answering(
    open_page: Callable[..., Any], platform: Stage, holder: Holder, tmp_path: Path
) -> None:
    page, found = open_page("driver", inside=holder.context), []
    base = platform.at("driver")
    page.goto(base + "/#/licence")
    page.get_by_role("button", name="显示完整证号").click()
    found += faults_of(page, "licence")
    page.get_by_role("button", name="副页").click()
    found += faults_of(page, "licence, back")
    page.goto(base + "/#/code")
    page.locator("canvas[data-code]").wait_for()
    page.get_by_role("button", name="显示数字码").click()
    page.get_by_text("请念给核验人员").wait_for()
    found += faults_of(page, "digits")

    company = approved(platform, "rental:may_drive,valid_until,name,masked_number,portrait")
    made = company.asks("rental", "may_drive", "valid_until", "name", "masked_number", "portrait")
    told(page, "/holder/consents/requests/[^/]+", company_name="演示城市汽车租赁服务有限责任公司分公司" * 3)
    page.goto(base + f"/#/consent?code={made['code'].replace('-', '')}")
    page.get_by_role("button", name="同意并用本机签名").wait_for()
    found += faults_of(page, "consent")
    page.goto(base + "/#/scan")
    picture = tmp_path / "code.png"
    draw_qr("https://example.com/", picture)
    page.locator("input[type=file]").set_input_files(picture)
    page.locator("[data-strange]").wait_for()
    found += faults_of(page, "strange code")
    assert not found, "\n".join(found)


def test_one_s_own(open_page: Callable[..., Any], platform: Stage, holder: Holder) -> None:
    page, found = open_page("driver", inside=holder.context), []
    base = platform.at("driver")
    told(page, "/holder/account", name=LONG)
    keys = [
        {
            "phone_key_id": f"phk_{number}",
            "label": "名字很长的手机" * 5,
            "bound_at": "2026-11-01T00:00:00Z",
            "used_on": "2026-11-20",
        }
        for number in range(3)
    ]
    page.goto(base + "/#/me")
    page.get_by_text(LONG).wait_for()
    page.get_by_role("button", name="退出登录").click()
    found += faults_of(page, "logging out")
    page.goto(base + "/#/agreements")
    page.get_by_text("阅读全文").first.click()
    found += faults_of(page, "agreements")
    told(page, "/holder/phone-keys", phone_keys=keys)
    page.goto(base + "/#/devices")
    page.get_by_role("button", name="解除绑定").first.click()
    found += faults_of(page, "unbinding")
    page.route(
        "**/api/holder/phone-keys/*",
        lambda route: route.fulfill(status=403, json={"code": "forbidden", "place": "proof"}),
    )
    page.get_by_role("alertdialog").get_by_role("button", name="解除绑定").click()
    page.get_by_role("dialog", name="请再次输入密码").wait_for()
    found += faults_of(page, "asked for the password")
    assert not found, "\n".join(found)


def test_words_that_are_cut_off_are_found(open_page: Callable[..., Any]) -> None:
    page = open_page("driver")
    page.get_by_role("button", name="注册").wait_for()
    assert not looks.cut_by_a_box(page)
    page.evaluate(
        "() => { const one = document.createElement('p'); one.textContent = '一行放不下的字'.repeat(20)\n"
        "one.style.cssText = 'width:100px;white-space:nowrap;overflow:hidden'; document.querySelector('main').append(one) }"
    )
    assert len(looks.cut_by_a_box(page)) == 1
