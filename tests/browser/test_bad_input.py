"""What goes wrong on a real phone: a sentence that says what to do, and nothing typed is lost."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.chromium import CHROMIUM, FLAGS, context
from liangzheng.cli.browser.stage import Stage
from liangzheng.cli.qr import draw_qr
from liangzheng.drivers.draw import portrait
from tests.browser import verifiers
from tests.browser.conftest import Watched
from tests.browser.holders import Holder


def to_the_photo(page: Any, stage: Stage) -> None:
    page.goto(stage.at("driver") + "/#/apply")
    page.get_by_role("button", name="是我本人").or_(page.get_by_text("用哪张照片")).first.wait_for()
    if page.get_by_role("button", name="是我本人").count():
        page.get_by_role("button", name="是我本人").click()
    page.get_by_text("从相册选择").wait_for()


def test_pictures_of_the_album(open_page: Callable[..., Any], platform: Stage, tmp_path: Path) -> None:
    page = open_page("driver")
    acts.log_in(page, platform.driver())
    to_the_photo(page, platform)
    page.get_by_text("从相册选择").click()
    chooser, onward = page.locator("input[type=file]"), page.get_by_role("button", name="下一步")

    chooser.set_input_files([])
    chooser.dispatch_event("change")
    page.get_by_text("没有选择照片").wait_for()
    none = tmp_path / "none.jpg"
    none.write_text("no picture at all")
    chooser.set_input_files(none)
    page.get_by_text("不是可读的照片").wait_for()
    assert onward.is_disabled()

    large = tmp_path / "large.png"
    _forty_megabytes(large)
    chooser.set_input_files(large)
    page.get_by_role("img", name="照片预览").wait_for(timeout=60_000)
    page.get_by_role("list", name="照片检查").wait_for()
    assert page.get_by_text("文件太小或太大").count() == 0, "it is made smaller on the phone"

    good = tmp_path / "good.jpg"
    good.write_bytes(portrait(20261121, 11))
    chooser.set_input_files(good)
    page.get_by_text("白色背景").last.wait_for()

    # The draft outlives the page.
    page.reload()
    page.get_by_role("img", name="照片预览").wait_for()


def _forty_megabytes(path: Path) -> None:
    """A photo of a good camera, as a PNG: noise does not shrink."""
    chance = random.Random(40)
    with Image.open(BytesIO(portrait(20261121, 11))) as drawn:
        picture = drawn.convert("RGB").resize((3600, 3600 * drawn.height // drawn.width))
    noise = Image.frombytes("RGB", (3600, 3600), chance.randbytes(3600 * 3600 * 3))
    picture.paste(noise, (0, picture.height - 3600))
    picture.save(path, compress_level=1)
    assert path.stat().st_size > 38_000_000


@pytest.mark.parametrize("face", ["driver", "verify"])
def test_the_camera_is_refused(open_page: Callable[..., Any], platform: Stage, face: str) -> None:
    page = open_page(face, camera=False)
    if face == "driver":
        acts.log_in(page, platform.driver())
        to_the_photo(page, platform)
        page.get_by_role("button", name="下一步").click()
        acts.show_face(page)
        page.get_by_role("button", name="换人工审核").wait_for()
    else:
        page.get_by_role("button", name="开始扫码").click()
        page.get_by_text("数字码").first.wait_for()
    page.get_by_text("没有摄像头权限").wait_for()


def test_there_is_no_camera(browser: Any, platform: Stage, watched: Watched) -> None:
    without = browser.browser_type.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
    try:
        page = context(without).new_page()
        watched.follow(page)
        page.goto(platform.at("verify") + "/")
        page.get_by_text("没有找到摄像头").wait_for()
        page.get_by_text("读图片").first.wait_for()
    finally:
        without.close()
    assert not watched.faults


HALF = "LZ1:Q%GPBSBP9GO0N*2:XU573BEJ8CK"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wxp://f2f0abcdefghijklmnopqrstuvwxyz", "收付款码"),
        ("https://qr.alipay.com/fkx0000000000", "收付款码"),
        ("https://example.com/menu", "网址"),
        ("HC1:6BFOXN%TS3DH0YOJ58S S-W5HDC", "其他系统"),
        (HALF, "请驾驶人重新亮码"),
        ("LZR1:ABCDEFGHJK", "请求码"),
    ],
)
def test_another_code_is_named_and_not_opened(
    open_page: Callable[..., Any], tmp_path: Path, text: str, said: str
) -> None:
    picture = tmp_path / "code.png"
    draw_qr(text, picture)
    page = open_page("verify")
    page.get_by_text("名单版本").wait_for()
    page.locator("input[type=file]").set_input_files(picture)
    banner = page.locator("[data-outcome]")
    banner.wait_for()
    assert banner.get_attribute("data-colour") in {"amber", "red"}
    assert said in banner.inner_text()
    assert len(page.context.pages) == 1
    assert page.url.startswith("http://verify.localhost")


def test_a_picture_without_a_code(open_page: Callable[..., Any], tmp_path: Path) -> None:
    picture = tmp_path / "wall.png"
    Image.new("RGB", (300, 300), "white").save(picture)
    page = open_page("verify")
    page.get_by_text("名单版本").wait_for()
    page.locator("input[type=file]").set_input_files(picture)
    page.get_by_text("没有找到二维码").wait_for()
    nothing = tmp_path / "nothing.png"
    nothing.write_text("none")
    page.locator("input[type=file]").set_input_files(nothing)
    page.get_by_text("不是可读的图片").wait_for()


def test_a_session_that_ends_half_way_loses_nothing(open_page: Callable[..., Any], platform: Stage) -> None:
    driver, page = platform.driver(), open_page("driver")
    acts.log_in(page, driver)
    page.goto(platform.at("driver") + "/#/data")
    page.get_by_label("哪里不对").fill("住址写错了")
    page.context.clear_cookies()
    page.get_by_role("button", name="提交").click()
    page.get_by_role("link", name="重新登录").click()
    page.get_by_label("密码").fill(driver["password"])
    page.locator("button[type=submit]").click()
    wish = page.get_by_label("哪里不对")
    wish.wait_for()
    assert wish.input_value() == "住址写错了"

    # Nor does a network that goes and comes back.
    page.context.set_offline(True)
    page.get_by_role("button", name="提交").click()
    page.get_by_text("没有网络").first.wait_for()
    assert wish.input_value() == "住址写错了"
    page.context.set_offline(False)
    page.get_by_role("button", name="提交").click()
    page.get_by_text("已提交").first.wait_for()


@pytest.mark.parametrize("step", ["log-in", "confirm", "photo", "face"])
def test_a_network_lost_at_a_step(open_page: Callable[..., Any], platform: Stage, step: str) -> None:
    driver, page = lost_to.setdefault(id(platform), platform.driver()), open_page("driver")
    if step == "log-in":
        page.goto(platform.at("driver") + "/#/log-in")
        page.get_by_label("手机号").fill(driver["mobile"])
        page.get_by_label("密码").fill(driver["password"])
        act = page.locator("button[type=submit]")
        after = page.get_by_role("link", name="谁看过我的证")
    else:
        acts.log_in(page, driver)
        if step == "confirm":
            page.route("**/api/holder/account", lambda route: route.abort())
            page.goto(platform.at("driver") + "/#/apply")
            page.get_by_text("没有网络").first.wait_for()
            page.unroute("**/api/holder/account")
            page.get_by_role("button", name="重试").click()
            page.get_by_role("button", name="是我本人").or_(page.get_by_text("用哪张照片")).first.wait_for()
            return
        to_the_photo(page, platform)
        page.get_by_role("button", name="下一步").click()
        act, after = page.get_by_role("button", name="开始实人认证"), page.get_by_role("progressbar")
        act.wait_for()
        if step == "photo":
            page.reload()  # the step itself needs no network, and is kept
            act.wait_for()
            return
    page.context.set_offline(True)
    act.click()
    page.get_by_text("没有网络").first.wait_for()
    page.context.set_offline(False)
    act.click()
    after.wait_for()


lost_to: dict[int, dict[str, Any]] = {}


def test_a_clock_that_is_wrong_is_said_and_put_right(
    open_page: Callable[..., Any], holder: Holder, platform: Stage
) -> None:
    page = open_page("driver", inside=holder.context)
    wrong_clock(page, ahead_s=3600)
    page.get_by_role("button", name="亮证", exact=True).wait_for()
    page.goto(platform.at("driver") + "/#/code")
    page.get_by_text("已按服务器时间校正").wait_for()
    page.locator("canvas[data-code]").wait_for()


def wrong_clock(page: Any, *, ahead_s: int) -> None:
    """This page's device is so far ahead, from the next load on, which is now."""
    page.add_init_script(
        f"(() => {{ const own = Date.now; const ahead = {ahead_s}e3; const Real = Date; "
        "Date = class extends Real { constructor(...all) { all.length ? super(...all) : super(own() + ahead) } "
        "static now() { return own() + ahead } } })()"
    )
    page.reload()


@pytest.mark.parametrize(
    ("ahead_s", "outcome", "said"), [(-600, "too_old", "可能是截图"), (600, "clock_ahead", "校准手机时间")]
)
def test_a_phone_whose_wrong_clock_nobody_heard_of(
    open_page: Callable[..., Any], holder: Holder, ahead_s: int, outcome: str, said: str
) -> None:
    page, shop = open_page("driver", inside=holder.context), open_page("verify")
    acts.until_held(page)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    page.context.set_offline(True)
    try:
        wrong_clock(page, ahead_s=ahead_s)
        picture = verifiers.code_on(page)
    finally:
        page.context.set_offline(False)
    banner = verifiers.read_picture(shop, picture)
    assert banner.get_attribute("data-outcome") == outcome
    assert banner.get_attribute("data-colour") == "amber"
    words = banner.inner_text()
    assert said in words
    assert "比较对方亮码页上的时间" in words, "an honest driver is not taken for somebody with a screenshot"


def test_a_verifier_whose_clock_is_wrong(
    open_page: Callable[..., Any], platform: Stage, holder: Holder
) -> None:
    phone, shop = open_page("driver", inside=holder.context), open_page("verify")
    shop.get_by_text("名单版本").wait_for()
    shop.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    wrong_clock(shop, ahead_s=3600)
    shop.get_by_text("本机时间快 60分钟").wait_for()
    banner = verifiers.read_picture(shop, verifiers.code_on(phone))
    assert banner.get_attribute("data-colour") == "green", "put right by what the server said"

    # Behind its own trust list, and nobody to ask: no answer rather than a wrong one.
    wrong_clock(shop, ahead_s=-2 * 86_400)  # beside the hour of before
    shop.context.set_offline(True)
    shop.goto(platform.at("verify") + "/#/")
    shop.reload()
    behind = shop.get_by_text("本机时间早于信任名单的签发时间")
    behind.wait_for()
    shop.locator("input[type=file]").set_input_files(
        {"name": "code.png", "mimeType": "image/png", "buffer": verifiers.code_on(phone)}
    )
    shop.get_by_role("heading", name="核验结果").wait_for()
    behind.wait_for()
    assert shop.locator("[data-outcome]").count() == 0


def test_two_tabs_show_the_same(open_page: Callable[..., Any], holder: Holder) -> None:
    one, two = (open_page("driver", inside=holder.context) for _ in range(2))
    codes = {acts.shown_code(one), acts.shown_code(two)}
    assert len(codes) == 2, "each makes its own"
    for page in (one, two):
        page.get_by_text("状态正常").wait_for()


def test_a_code_of_a_demonstration_says_so_and_is_not_moved_by_it(
    open_page: Callable[..., Any], platform: Stage, holder: Holder
) -> None:
    page = open_page("driver", inside=holder.context)
    acts.shown_code(page)
    said, code = page.get_by_text("演示环境：人员虚构，此码不具效力。"), page.locator("canvas[data-code]")
    said.wait_for()
    before = code.bounding_box()
    assert before["width"] >= 0.9 * page.viewport_size["width"], "full width"
    assert said.bounding_box()["y"] > before["y"] + before["height"], "below it"
    said.evaluate("(one) => { one.style.display = 'none' }")
    assert code.bounding_box() == before, "it has its place without it"
    said.evaluate("(one) => { one.style.display = '' }")
    page.get_by_role("button", name="English").click()
    page.get_by_text("this code is of no effect").wait_for()
    page.get_by_role("button", name="中文").click()


def test_an_agreement_to_older_words_is_taken_back_without_agreeing_to_the_new(
    open_page: Callable[..., Any], platform: Stage, holder: Holder
) -> None:
    page, sent = open_page("driver", inside=holder.context), []
    kept = {"kind": "notices", "given": True, "current": False, "version": 1, "at": "2026-01-01T00:00:00Z"}

    def answer(route: Any) -> None:
        if route.request.method == "POST":
            sent.append((route.request.url.rpartition("/")[2], route.request.post_data_json))
            kept.update(given=False)
            route.fulfill(status=204)
        else:
            route.fulfill(json={"agreements": [kept]})

    page.route(re.compile("/api/holder/agreements(/withdrawals)?$"), answer)
    page.goto(platform.at("driver") + "/#/agreements")
    page.get_by_text("已有新版本").wait_for()
    page.get_by_text("阅读全文（第 2 版）").wait_for()
    page.get_by_role("button", name="同意", exact=True).wait_for()
    page.get_by_role("button", name="撤回同意").click()
    page.get_by_text("未同意").wait_for()
    assert sent == [("withdrawals", {"kind": "notices"})]
    assert page.get_by_role("button", name="撤回同意").count() == 0


def test_one_tab_logs_out_and_the_other_knows(
    open_page: Callable[..., Any], platform: Stage, holder: Holder
) -> None:
    one = open_page("driver")
    acts.log_in(one, holder.actor)
    two = open_page("driver", inside=one.context)
    two.get_by_role("link", name="谁看过我的证").wait_for()
    one.goto(platform.at("driver") + "/#/me")
    one.get_by_role("button", name="退出登录").click()
    one.get_by_role("alertdialog").get_by_role("button", name="退出登录").click()
    one.get_by_role("button", name="登录").wait_for()
    two.get_by_role("button", name="登录").wait_for()
    assert two.get_by_role("link", name="谁看过我的证").count() == 0


def test_storage_that_was_taken_back_is_said(
    open_page: Callable[..., Any], holder: Holder, platform: Stage
) -> None:
    page = open_page("driver")
    acts.log_in(page, holder.actor)
    page.get_by_text("不在这部手机上").wait_for()
    page.goto(platform.at("driver") + "/#/code")
    page.get_by_text("浏览器可能清除了数据").wait_for()
    page.get_by_role("button", name="重新绑定本机").click()
    page.get_by_role("button", name="下一步：实人认证").wait_for()


def test_a_verifier_whose_storage_was_taken_back(open_page: Callable[..., Any]) -> None:
    page = open_page("verify")
    page.get_by_text("名单版本").wait_for()
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    page.evaluate(
        "() => new Promise((done) => { const asked = indexedDB.deleteDatabase('liangzheng'); "
        "asked.onsuccess = asked.onblocked = () => done() })"
    )
    page.context.set_offline(True)
    page.reload()
    page.get_by_text("浏览器清除了本机保存的名单").wait_for()


def test_a_name_of_fifty_characters(open_page: Callable[..., Any], platform: Stage) -> None:
    page = open_page("driver", "/#/register")
    name = "阿卜杜拉·" * 10
    page.get_by_label("姓名").fill(name)
    assert page.get_by_label("姓名").input_value() == name
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
