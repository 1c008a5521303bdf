"""The photo of a licence is replaced: sent in the app, refused at the console with a reason, sent again, approved, and the licence
made anew with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage
from liangzheng.drivers.draw import portrait
from tests.browser import looks
from tests.browser.desks import at_desk, go

_LONG_MS = 60_000


def test_a_photo_is_refused_with_a_reason_sent_again_and_the_licence_made_anew(
    open_page: Callable[..., Any], platform: Stage, tmp_path: Path
) -> None:
    phone = open_page("driver")
    acts.log_in(phone, platform.driver())
    acts.apply(phone)
    desk = at_desk(open_page, platform, "photo-review")
    before = shown_portrait(phone)

    # 1. One that shows somebody else, as far as the reviewer can see.
    phone.goto(phone.url.partition("#")[0] + "#/photo")
    send(phone, drawn(tmp_path, 8))
    take_the_last(desk)
    desk.get_by_role("button", name="驳回…").click()
    reason = desk.locator("#refusal label").first
    said = reason.inner_text().removeprefix("1").strip()
    reason.click()
    desk.locator(".actions").get_by_role("button").first.click()
    desk.get_by_text("已驳回，持证人会收到原因。").wait_for()
    phone.get_by_text(said).first.wait_for(timeout=_LONG_MS)

    # 2. Another, from where the refusal is read.
    phone.get_by_role("button", name="换照片重新申领").click()
    send(phone, drawn(tmp_path, 9))
    take_the_last(desk)
    desk.get_by_role("button", name="通过", exact=False).first.click()
    desk.get_by_text("已通过。").wait_for()
    phone.get_by_role("button", name="亮证").wait_for(timeout=_LONG_MS)

    # 3. A licence of today has it.
    phone.reload()
    assert shown_portrait(phone) != before


def drawn(folder: Path, number: int) -> Path:
    picture = folder / f"{number}.jpg"
    picture.write_bytes(portrait(20261122, number))
    return picture


def send(phone: Any, picture: Path) -> None:
    """From the screen of a new photo to the progress of its review."""
    phone.get_by_text("从相册选择").click()
    phone.locator("input[type=file]").set_input_files(picture)
    phone.get_by_label("拍摄日期").fill((date.today() - timedelta(days=20)).isoformat())
    phone.get_by_role("button", name="下一步").click()
    phone.get_by_text("更换照片需要实人认证。").wait_for()
    acts.show_face(phone)
    phone.get_by_text("承诺在").wait_for(timeout=_LONG_MS)


def take_the_last(desk: Any) -> None:
    """What was sent last is due last."""
    go(desk, "工作台")
    go(desk, "照片审核")
    desk.get_by_role("button", name="开始审核").wait_for()
    looks.settle(desk)
    desk.locator(".queue li button").last.click()
    desk.get_by_role("button", name="开始审核").click()
    desk.get_by_role("img", name="登记留存照片").wait_for()


def shown_portrait(phone: Any) -> bytes:
    """The picture on 亮证 as it is seen."""
    acts.until_held(phone)
    phone.get_by_role("button", name="亮证", exact=True).click()
    image = phone.get_by_role("img", name="照片")
    image.wait_for()
    looks.settle(phone)
    seen: bytes = image.screenshot()
    return seen
