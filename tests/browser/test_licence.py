"""亮证 and 亮码 as their holder sees them: every field as it was signed, on its page; the number for half a minute; a bar code that
can be read; and a code that turns by itself, on a screen that stays awake and a page that stands still."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import zxingcpp
from PIL import Image

from liangzheng.api.octets import from_base64url
from liangzheng.cli.browser import acts
from liangzheng.cli.browser.screens import wear
from liangzheng.standards import cbor, cose
from liangzheng.standards.claims import SnapshotClaims
from liangzheng.standards.document import MAX_FILE_OCTETS, DocumentClaims
from tests.browser.holders import Holder, kept_snapshot

SEX = {"male": "男", "female": "女"}
REVEALED_S = 30
ROTATES_S = 15


def signed(page: Any) -> DocumentClaims:
    """What the issuer signed of the licence on this phone."""
    file: str = page.evaluate(
        "() => fetch('/api/holder/licence').then((answer) => answer.json()).then((found) => found.file)"
    )
    parts = cbor.decode(from_base64url(file, "file"), max_octets=MAX_FILE_OCTETS)
    return DocumentClaims.decode(cose.parse(parts[0]).payload)


def standing(page: Any) -> SnapshotClaims:
    """Points come and go without another licence."""
    return SnapshotClaims.decode(cose.parse(kept_snapshot(page)).payload)


def shown(page: Any, side: str) -> dict[str, str]:
    """Field → value on one page of the licence."""
    page.get_by_role("button", name=side, exact=True).click()
    rows: list[tuple[str, str]] = page.get_by_role("region", name=side).evaluate(
        "(one) => [...one.querySelectorAll('dl > div')].map((row) => [...row.children].map((each) => each.innerText.trim()))"
    )
    return dict(rows)


def test_every_field_is_on_its_page_as_it_was_signed(open_page: Callable[..., Any], holder: Holder) -> None:
    page = open_page("driver", inside=holder.context)
    acts.until_held(page)
    claims = signed(page)
    page.get_by_role("button", name="亮证", exact=True).click()
    page.get_by_text("已联网").wait_for()
    number = holder.actor["identity_number"]
    masked = number[:3] + "*" * 11 + number[-4:]
    assert claims.document_number == number

    front = shown(page, "正页")
    made = front.pop("生成时间")
    assert front == {
        "姓名": claims.name,
        "性别": SEX[claims.sex],
        "国籍": "中国",
        "证号": masked,
        "出生日期": claims.birth_date.isoformat(),
        "初次领证日期": claims.first_issue_date.isoformat(),
        "准驾车型": claims.classes,
        "有效期限": f"{claims.valid_from} 至 {claims.valid_until or '长期'}",
        "累积记分": f"{standing(page).points} 分",
        "状态": "正常",
        "档案编号": claims.file_number,
    }
    clock = page.locator(".clock .time")
    assert made.split()[0] == page.locator(".clock .date").inner_text()
    assert made.split()[1] <= clock.inner_text(), "generated when it was opened; the clock runs on"
    before = clock.inner_text()
    page.wait_for_function(
        "(before) => document.querySelector('.clock .time').textContent !== before", arg=before
    )
    status = page.locator("[data-mood=ok]")
    assert {"✔", "正常"} <= set(status.inner_text().split()), "in colour, icon and word"
    portrait = page.get_by_role("img", name="持证人照片")
    assert portrait.evaluate("(one) => [one.naturalWidth, one.naturalHeight]") == [260, 378]

    # The bar code of the card-core number, read off the screen: as wide as it gets, since this one has but a pixel a dot.
    size = page.viewport_size
    page.set_viewport_size({"width": 900, "height": 844})
    page.evaluate(
        "() => scrollTo(0, document.documentElement.scrollHeight)"
    )  # from under the bar at the bottom
    with Image.open(BytesIO(page.screenshot())) as picture:
        (read,) = zxingcpp.read_barcodes(picture.convert("L"), formats=zxingcpp.BarcodeFormat.Code39)
    assert read.text == claims.card_core_number
    page.set_viewport_size(size)
    page.get_by_text(claims.card_core_number, exact=True).wait_for()

    back = shown(page, "副页")
    assert back == {
        "姓名": claims.name,
        "证号": masked,
        "住址": claims.resident_address,
        "发证机关": f"{claims.authority_name}（{claims.authority}）",
        "记录": claims.record,
        "听力辅助条件": "须佩戴助听设备" if claims.hearing_aid else "无",
    }
    table = page.get_by_role("table", name="准驾车型对照表")
    assert table.get_by_role("row").count() == 18, "seventeen classes under their head"
    held = table.get_by_role("row").filter(has_text="准驾").filter(has_text="✔")
    assert held.get_by_role("rowheader").inner_text().split()[0] == claims.classes


def test_the_number_is_shown_whole_for_half_a_minute(open_page: Callable[..., Any], holder: Holder) -> None:
    page = open_page("driver", inside=holder.context)
    acts.until_held(page)
    page.clock.install()
    page.get_by_role("button", name="亮证", exact=True).click()
    page.get_by_role("button", name="显示完整证号").click()
    number = page.get_by_text(holder.actor["identity_number"])
    number.wait_for()
    page.clock.run_for(1000 * (REVEALED_S - 5))
    assert number.count() == 1
    page.clock.run_for(6000)
    page.get_by_role("button", name="显示完整证号").wait_for()
    assert number.count() == 0


WATCH = """() => {
  window.moved = 0
  window.awake = []
  new PerformanceObserver((list) => { for (const one of list.getEntries()) window.moved += one.value })
    .observe({ type: 'layout-shift' })
  navigator.wakeLock.request = async (what) => {
    window.awake.push(what)
    return Object.assign(new EventTarget(), { release: async () => window.awake.push('let go') })
  }
}"""
"""A browser that was told which permissions there are grants no other: this one keeps the screen awake when asked."""


def test_a_code_turns_by_itself_and_nothing_moves(open_page: Callable[..., Any], holder: Holder) -> None:
    page = open_page("driver", inside=holder.context)
    acts.until_held(page)
    page.evaluate(WATCH)
    page.clock.install()
    page.get_by_role("button", name="亮码", exact=True).click()
    canvas = page.locator("canvas[data-code]")
    canvas.wait_for()
    page.get_by_text("屏幕保持常亮").wait_for()
    assert page.evaluate("() => window.awake") == ["screen"]
    assert canvas.evaluate("(one) => one.getBoundingClientRect().width") > 0.9 * page.viewport_size["width"]

    # White under the code in every theme, and a strip that moves unless somebody asked for none.
    wear(page, "dark")
    assert (
        page.locator(".white").evaluate("(one) => getComputedStyle(one).backgroundColor")
        == "rgb(255, 255, 255)"
    )
    strip = page.locator(".strip")
    assert strip.locator("span").evaluate("(one) => getComputedStyle(one).animationName") != "none"
    page.emulate_media(reduced_motion="reduce")
    assert not strip.is_visible()
    page.emulate_media(reduced_motion="no-preference")
    wear(page, "light")

    page.evaluate("() => { window.moved = 0 }")
    for _ in range(2):
        before = canvas.get_attribute("data-code")
        page.clock.fast_forward(1000 * (ROTATES_S - 4))
        page.get_by_text("秒后自动换新码").wait_for()
        assert canvas.get_attribute("data-code") == before
        page.clock.fast_forward(4000)
        page.wait_for_function(
            "(before) => document.querySelector('canvas[data-code]').dataset.code !== before", arg=before
        )
    assert page.evaluate("() => window.moved") == 0
    page.go_back()
    page.get_by_role("button", name="亮证", exact=True).wait_for()
    assert page.evaluate("() => window.awake") == ["screen", "let go"]
