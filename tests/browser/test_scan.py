"""QR codes the driver's app reads and shows: a company's request by camera, what is not ours from pictures, and its own for a
counter. Nothing that was read is ever opened."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage
from liangzheng.cli.qr import draw_qr
from tests.browser.companies import approved
from tests.browser.conftest import Watched
from tests.browser.holders import Holder

STRANGE = {
    "wxp://f2f0abcdefghijklmnopqrstuvwxyz": ("pay", "收付款码"),
    "https://qr.alipay.com/fkx0000000000": ("pay", "收付款码"),
    "https://example.com/menu#LZR1:ABCDEFGHJK": ("url", "网址"),
    "HC1:6BFOXN%TS3DH0YOJ58S S-W5HDC": ("other-system", "其他系统"),
    "LZR1:ABCDE": ("half", "不完整"),
    "LZR2:ABCDEFGHJK": ("half", "不完整"),
    "LZ1:Q%GPBSBP9GO0N*2:XU573BEJ8CK": ("live-code", "亮码"),
    f"LZC1:per_{'0' * 26}:fch_{'0' * 26}": ("counter-check", "人工审核"),
    "javascript:alert(document.cookie)": ("other", "不是本系统"),
    "<img src=x onerror=alert(1)>": ("other", "不是本系统"),
}


def drawn(folder: Path, text: str) -> Path:
    picture = folder / f"{secrets.token_hex(6)}.png"
    draw_qr(text, picture)
    return picture


def test_a_company_s_code_before_the_camera_leads_to_the_consent(
    open_page: Callable[..., Any],
    platform: Stage,
    holder: Holder,
    filmed: Callable[[bytes], None],
    tmp_path: Path,
) -> None:
    company = approved(platform, "employment:may_drive,valid_until")
    made = company.asks("employment", "may_drive", "valid_until")
    filmed(drawn(tmp_path, made["qr"]).read_bytes())
    page = open_page("driver", inside=holder.context)
    page.get_by_role("link", name="扫一扫").click()
    page.get_by_role("heading", name=f"{company.name} 请求核验").wait_for()
    page.get_by_role("button", name="同意并用本机签名").click()
    page.get_by_text("已同意").wait_for()
    assert set(company.answer(made["request"])["driver"]) == {"may_drive", "valid_until"}
    # The same code again: said to be over, with another way on the screen.
    page.goto(platform.at("driver") + "/#/scan")
    page.get_by_text("没有这个请求码，或已过期、已处理").wait_for()
    page.get_by_role("button", name="扫描单位的二维码").wait_for()


def test_what_is_no_code_of_ours_is_named_and_not_opened(
    open_page: Callable[..., Any], platform: Stage, holder: Holder, tmp_path: Path
) -> None:
    page = open_page("driver", "/#/scan", inside=holder.context)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for text, (strange, said) in STRANGE.items():
        page.locator("input[type=file]").set_input_files(drawn(tmp_path, text))
        card = page.locator("[data-strange]")
        card.wait_for()
        assert card.get_attribute("data-strange") == strange, text
        assert said in card.inner_text()
        assert "没有打开任何内容" in card.inner_text()
        assert len(page.context.pages) == 1
        assert page.url == platform.at("driver") + "/#/scan"
        page.get_by_role("button", name="再扫一次").click()
        card.wait_for(state="detached")
    assert not [url for url in asked if "/api/holder/consents" in url], (
        "nobody is asked about what is not whole"
    )


def test_a_picture_that_holds_no_code(open_page: Callable[..., Any], holder: Holder, tmp_path: Path) -> None:
    wall, nothing = tmp_path / "wall.png", tmp_path / "nothing.png"
    Image.new("RGB", (3000, 4000), "white").save(wall)
    nothing.write_text("none")
    page = open_page("driver", "/#/scan", inside=holder.context)
    for picture, said in ((wall, "图片中没有二维码"), (nothing, "不是可读的图片")):
        page.locator("input[type=file]").set_input_files(picture)
        page.get_by_text(said).wait_for()


def test_without_a_camera_the_code_is_typed(
    open_page: Callable[..., Any], platform: Stage, holder: Holder
) -> None:
    page = open_page("driver", camera=False)
    acts.log_in(page, holder.actor)
    page.goto(platform.at("driver") + "/#/scan")
    page.get_by_text("没有摄像头权限").wait_for()
    page.get_by_role("button", name="重新打开摄像头").wait_for()
    page.get_by_role("button", name="没有二维码？输入请求码").click()
    page.get_by_label("请求码").fill("abcde-fghj")
    assert page.get_by_role("button", name="查看请求").is_disabled()
    page.get_by_label("请求码").fill("abcde-fghjk")
    page.get_by_role("button", name="查看请求").click()
    page.get_by_text("没有这个请求码").wait_for()
    assert page.get_by_label("请求码").input_value() == "abcde-fghjk"


def test_what_reads_codes_cannot_be_fetched(
    open_page: Callable[..., Any], platform: Stage, holder: Holder, watched: Watched
) -> None:
    page = open_page("driver", service_workers="block")
    acts.log_in(page, holder.actor)
    page.route("**/*.wasm", lambda route: route.abort())
    page.goto(platform.at("driver") + "/#/scan")
    page.get_by_text("扫码组件没有加载成功").wait_for()
    watched.hear(page, "wasm")
    page.unroute("**/*.wasm")
    page.get_by_role("button", name="重新打开摄像头").click()
    page.get_by_text("请将二维码对准方框").wait_for()
    assert not watched.faults


@pytest.mark.usefixtures("browser")
def test_a_counter_reads_the_phone_and_the_phone_goes_on_by_itself(
    open_page: Callable[..., Any], platform: Stage, tmp_path: Path
) -> None:
    driver, phone = platform.driver(), open_page("driver")
    acts.log_in(phone, driver)
    phone.goto(platform.at("driver") + "/#/apply")
    phone.get_by_role("button", name="是我本人").click()
    phone.get_by_role("button", name="下一步").click()
    phone.get_by_role("button", name="换人工审核").click()
    symbol = phone.locator("[data-code]")
    symbol.wait_for()
    picture = tmp_path / "phone.png"
    picture.write_bytes(phone.screenshot())

    desk = open_page("staff", width=1280, height=800)
    acts.log_in_staff(desk, platform, acts.member(platform, f"W{secrets.randbelow(10**6):06d}", "counter"))
    desk.goto(platform.at("staff") + "/#/counter")
    desk.get_by_role("button", name="扫描亮码").click()
    desk.locator("input[type=file]").set_input_files(picture)
    person, check = symbol.get_attribute("data-code").split(":")[1:]
    for name, read in (("person", person), ("face_check", check)):
        desk.wait_for_function(
            "([name, read]) => document.querySelector(`input[name=${name}]`)?.value === read",
            arg=[name, read],
        )
    number = desk.get_by_label("案件编号")
    number.fill(number.input_value() + "0001")
    desk.locator("input[name=identity_number]").fill(driver["identity_number"])
    desk.get_by_role("button", name="证件与本人一致").click()
    desk.get_by_role("dialog").get_by_role("button").first.click()
    desk.get_by_text("已记录：通过").wait_for()
    # The first of the two checks was for the phone: it is bound, and the second comes.
    phone.get_by_text("第 2 次，共 2 次").wait_for()
