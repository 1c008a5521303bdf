"""The whole story across two browsers: applied for with a photo of one's own, approved by a member of staff, shown on the
driver's screen and filmed by the verifier's camera; retained, restored and suspended by two people at the console, and red or
green at the next scan; then without a network."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage
from liangzheng.drivers.draw import portrait
from tests.browser import looks
from tests.browser.desks import agree, at_desk, go, look_up, propose, say_yes, with_serial
from tests.browser.holders import Holder


def scan(page: Any) -> Any:
    """Has the verifier's app read what its camera films now; the banner of the result."""
    again, before = page.get_by_role("button", name="再扫一个"), page.locator("[data-outcome]")
    if again.count():
        shown = before.element_handle()
        again.click()
        page.wait_for_function("(one) => !one.isConnected", arg=shown)
    else:
        page.reload()  # the camera, once open, goes on with the film it began
    # A camera that was allowed before starts by itself.
    banner = page.locator("[data-outcome]")
    banner.wait_for()
    return banner


def screen_of(phone: Any) -> bytes:
    """What a camera sees of the driver's phone: the code, opened now."""
    acts.shown_code(phone)
    picture: bytes = phone.locator("canvas[data-code]").screenshot()
    return picture


@pytest.mark.usefixtures("browser")
def test_from_the_application_to_a_red_code(
    open_page: Callable[..., Any], platform: Stage, filmed: Callable[[bytes], None], tmp_path: Path
) -> None:
    driver = platform.driver()
    phone = open_page("driver")
    acts.log_in(phone, driver)
    public = open_page("open", width=1280, height=800)
    before = figure(public, "签发电子驾驶证")

    # 1. Applied for with a picture out of the album.
    apply_with_own_photo(phone, tmp_path / "photo.jpg")

    # 2. A member of staff approves it, by keyboard.
    approve_by_keyboard(at_desk(open_page, platform, "photo-review"))
    acts.until_held(phone)

    # 3. Filmed by the public's app, which needs no account.
    shop = open_page("verify")
    filmed(screen_of(phone))
    result = scan(shop)
    assert result.get_attribute("data-colour") == "green", result.inner_text()
    assert driver["name"][0] in shop.locator("main").inner_text()
    assert driver["identity_number"] not in shop.locator("main").inner_text()

    # 4. Retained by an officer who typed the digits on the phone: red at the next scan, before anybody else has said a word.
    one, two = (at_desk(open_page, platform, "patrol", "penalty") for _ in range(2))
    retained = retain_on_the_spot(one, phone, driver["name"])
    red_is_read(phone, shop, filmed)
    agree(two, retained, button="确认扣留")

    # 5. Restored by two, and green again.
    look_up(one, driver["identity_number"])
    propose(one, "提出恢复", "U 扣留")
    agree(two, one.url)
    acts.shown_code(phone)
    phone.get_by_text("红码").wait_for(state="detached")
    filmed(screen_of(phone))
    result = scan(shop)
    assert result.get_attribute("data-colour") == "green", result.inner_text()

    # 6. Suspended by two; the phone that hears of it shows red, and so does whoever scans it.
    look_up(one, driver["identity_number"])
    propose(one, "提出暂扣")
    agree(two, one.url)
    red_is_read(phone, shop, filmed)

    # 7. And the public figures have moved.
    public.reload()
    assert figure(public, "签发电子驾驶证") > before


def figure(public: Any, name: str) -> int:
    """One of the large numbers of the public page."""
    line = public.get_by_role("listitem").filter(has_text=name)
    return int(line.locator("strong").inner_text().replace(",", ""))


def apply_with_own_photo(phone: Any, picture: Path) -> None:
    picture.write_bytes(portrait(20261121, 7))
    phone.goto(phone.url.partition("#")[0] + "#/apply")
    phone.get_by_role("button", name="是我本人").click()
    phone.get_by_text("从相册选择").click()
    phone.locator("input[type=file]").set_input_files(picture)
    phone.get_by_label("拍摄日期").fill((date.today() - timedelta(days=20)).isoformat())
    phone.get_by_role("button", name="下一步").click()
    acts.both_faces(phone)
    phone.get_by_text("照片审核中").wait_for(timeout=60_000)
    phone.get_by_role("link", name="查看进度").click()
    phone.get_by_text("承诺在").wait_for()


def approve_by_keyboard(desk: Any) -> None:
    """What was sent last; refused first, and thought better of."""
    go(desk, "照片审核")
    desk.get_by_role("button", name="开始审核").wait_for()
    looks.settle(desk)
    for _ in range(desk.locator(".queue li").count() - 1):
        desk.keyboard.press("j")  # what was sent last is due last
    desk.keyboard.press("k")
    if desk.locator(".queue li").count() > 1:
        desk.keyboard.press("j")
    desk.keyboard.press("Enter")
    desk.get_by_role("img", name="登记留存照片").wait_for()
    desk.keyboard.press("r")
    desk.keyboard.press("1")
    desk.locator("#refusal input:checked").wait_for()
    desk.keyboard.press("Escape")  # thought better of
    desk.locator("#refusal").wait_for(state="detached")
    desk.keyboard.press("a")
    desk.get_by_text("已通过。").wait_for()


def retain_on_the_spot(one: Any, phone: Any, name: str) -> str:
    """Verified by the digits on the driver's screen, and retained; the address of what waits for a second person."""
    acts.shown_code(phone)
    phone.get_by_role("button", name="显示数字码").click()
    digits = phone.locator(".digits .number").inner_text()
    go(one, "窗口办理")
    one.get_by_role("button", name="输入数字码").click()
    one.get_by_label("数字码（8 位）").fill(digits)
    one.get_by_role("button", name="核验", exact=True).click()
    one.get_by_role("region", name="核验结果").get_by_text(name).wait_for()
    one.get_by_role("button", name="现场扣留").click()
    with_serial(one)
    one.get_by_role("button", name="现场扣留").click()
    say_yes(one)
    one.get_by_text("这是您提出的，请由另一位同事复核。").wait_for()
    address: str = one.url
    return address


def red_is_read(phone: Any, shop: Any, filmed: Callable[[bytes], None]) -> None:
    """On the driver's own screen, and on the screen of who scans it."""
    acts.shown_code(phone)
    phone.get_by_text("红码").wait_for()
    filmed(screen_of(phone))
    result = scan(shop)
    assert result.get_attribute("data-colour") == "red", result.inner_text()
    assert "暂扣" in result.inner_text() or "扣留" in result.inner_text()


def test_without_a_network_both_still_work_and_say_so(
    open_page: Callable[..., Any], holder: Holder, filmed: Callable[[bytes], None]
) -> None:
    phone, shop = open_page("driver", inside=holder.context), open_page("verify")
    acts.until_held(phone)
    shop.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    shop.get_by_text("名单版本").wait_for()
    for page in (phone, shop):
        page.context.set_offline(True)
    try:
        phone.reload()
        phone.get_by_text("没有网络：亮证、亮码照常可用").wait_for()
        phone.get_by_role("button", name="亮证", exact=True).click()
        phone.get_by_text("未联网").wait_for()
        phone.get_by_text("状态更新于").first.wait_for()
        filmed(screen_of(phone))
        shop.reload()
        result = scan(shop)
        assert result.get_attribute("data-colour") == "green", "the snapshot on the phone is fresh and signed"
        assert "状态截至" in result.inner_text()
        shop.get_by_text("本机离线核验").wait_for()
    finally:
        for page in (phone, shop):
            page.context.set_offline(False)


def test_without_a_status_nothing_is_green(
    open_page: Callable[..., Any], holder: Holder, filmed: Callable[[bytes], None]
) -> None:
    phone, shop = open_page("driver", inside=holder.context), open_page("verify")
    shop.get_by_text("名单版本").wait_for()
    acts.until_held(phone)
    holder.context.set_offline(True)
    try:
        forget(phone, "snapshot")
        phone.reload()
        phone.get_by_role("button", name="亮证", exact=True).wait_for()
        filmed(screen_of(phone))
    finally:
        holder.context.set_offline(False)
    result = scan(shop)
    assert result.get_attribute("data-colour") == "grey", result.inner_text()
    assert "未核实" in result.inner_text()


def forget(page: Any, name: str) -> None:
    """One thing the driver's app has kept is gone."""
    page.evaluate(
        """(name) => new Promise((done, failed) => {
          const opened = indexedDB.open('liangzheng')
          opened.onerror = failed
          opened.onsuccess = () => {
            const change = opened.result.transaction('kept', 'readwrite')
            change.objectStore('kept').delete(name)
            change.oncomplete = () => { opened.result.close(); done() }
          }
        })""",
        name,
    )
