"""The console's office by hand: a wave agreed to by the second person, a company that grows by two, a register file, and the
charts with their tables."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from liangzheng import drivers
from liangzheng.cli.browser.stage import Stage
from liangzheng.kernel.time import civil_day
from liangzheng.relying.model import credit_check_character
from tests.browser.desks import at_desk, go, say_yes, with_serial
from tests.browser.holders import Holder

pytest.importorskip("playwright.sync_api")

from playwright.sync_api import Page, expect

Open = Callable[..., Page]


def test_a_wave_is_agreed_to_by_the_second_person(platform: Stage, open_page: Open) -> None:
    one, two = (at_desk(open_page, platform, "rollout") for _ in range(2))
    name = f"演示批次{secrets.randbelow(10**6)}"
    go(one, "推广日历")
    one.get_by_label("批次名称").fill(name)
    closed = one.locator(".cities .tick").filter(has_not=one.locator(".tag"))
    one.locator(".cities summary").last.click()
    city = closed.last.inner_text().strip()
    closed.last.get_by_role("checkbox").check()
    with_serial(one)
    one.get_by_role("button", name="试算").click()
    told = one.get_by_text("将开放 1 城、").inner_text()
    assert told.endswith("名驾驶人"), told
    one.get_by_role("button", name="提交复核").click()
    expect(one.get_by_role("dialog")).to_contain_text(told)
    say_yes(one)
    expect(one.get_by_text("已提交，等待另一人复核。")).to_be_visible()
    expect(one.get_by_label("批次名称"), "what was sent is not left to be sent again").to_have_value("")

    go(two, "双人审批")
    two.get_by_role("link", name="查看").first.click()
    # The second person sees what it opens, counted anew, and where.
    expect(two.get_by_text(told)).to_be_visible()
    expect(two.get_by_text(city, exact=True)).to_be_visible()
    two.get_by_role("button", name="同意并执行").click()
    say_yes(two)
    expect(two.get_by_text("已记录：已执行。")).to_be_visible()
    go(two, "推广日历")
    row = two.get_by_role("region", name="全部批次").get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("已开放")


def test_a_company_grows_by_two_people(platform: Stage, open_page: Open) -> None:
    one, two = (at_desk(open_page, platform, "system") for _ in range(2))
    name, first_17 = f"虚构租车{secrets.randbelow(10**6)}", f"91350100M{secrets.randbelow(10**8):08d}"
    go(one, "企业管理")
    one.get_by_role("button", name="登记企业").click()
    one.locator("input[name=company]").fill(name)
    one.locator("input[name=credit_code]").fill(first_17 + credit_check_character(first_17))
    one.get_by_role("dialog").locator("summary").first.click()
    one.get_by_role("dialog").get_by_role("checkbox").first.check()
    one.get_by_role("button", name="登记", exact=True).click()
    expect(one.get_by_text("只显示这一次")).to_be_visible()
    one.get_by_role("button", name="关闭").click()

    def moved(page: Page, act: str) -> None:
        page.get_by_role("region", name=name).get_by_role("button", name=act, exact=True).click()
        page.get_by_label("理由").fill("演示")
        page.get_by_role("dialog").get_by_role("button", name=act, exact=True).click()

    go(two, "企业管理")
    two.get_by_role("button", name=f"查看 {name}").click()
    moved(two, "批准")
    card = two.get_by_role("region", name=name)
    expect(card.get_by_text("已批准").first).to_be_visible()
    expect(card.get_by_role("button", name="更换接入密钥")).to_have_count(0)
    # What is approved grows by nobody alone: less of it is all one person may say.
    card.get_by_role("button", name="降低配额").click()
    expect(two.get_by_role("dialog").get_by_role("checkbox").first).to_be_disabled()
    two.get_by_label("每分钟上限").fill("60")
    two.get_by_role("button", name="保存").click()
    expect(card.get_by_text("每分钟 60 人")).to_be_visible()

    one.get_by_role("button", name=f"查看 {name}").click()
    moved(one, "暂停")
    mine = one.get_by_role("region", name=name)
    mine.get_by_role("button", name="更改用途、字段与配额").click()
    one.get_by_label("每日上限").fill("30000")
    one.get_by_role("button", name="保存").click()
    expect(mine.get_by_text("配额改为每分钟 60 人、每日 30,000 人")).to_be_visible()
    mine.get_by_role("button", name="更换接入密钥").click()
    one.get_by_label("立即作废").check()
    one.get_by_role("dialog").get_by_role("button", name="更换接入密钥").click()
    expect(one.locator(".secret")).to_be_visible()
    one.get_by_role("button", name="关闭").click()
    moved(one, "恢复")
    expect(one.get_by_role("alert")).to_contain_text("由另一人复核")
    one.get_by_role("button", name="取消").click()

    two.get_by_role("button", name=f"查看 {name}").click()
    moved(two, "恢复")
    expect(card.get_by_text("每分钟 60 人，每日 30,000 人")).to_be_visible()
    expect(card.get_by_text("更换密钥")).to_be_visible()


def test_a_pack_and_a_register_file_are_sent_by_one_and_released_by_another(
    platform: Stage, open_page: Open, tmp_path: Path
) -> None:
    one, two = (at_desk(open_page, platform, "register") for _ in range(2))
    file = tmp_path / f"office{secrets.randbelow(10**6)}.csv"
    today = civil_day(datetime.now(UTC))
    options = drivers.GenerateOptions(40, secrets.randbelow(10**6), today, 2, 0.2, "utf-8")
    drivers.generate_register(file, drivers.code_tables(), options, lambda _: None)
    go(one, "登记数据导入")
    for each in (drivers.pack_beside(file), file):
        one.locator("input[name=file]").set_input_files(each)
        one.get_by_role("button", name="上传", exact=True).click()
        expect(one.get_by_text("已上传，等待另一人放行。")).to_be_visible()
        expect(one.get_by_role("row").filter(has_text=each.name)).to_contain_text("待放行")
    go(two, "登记数据导入")
    for each in (drivers.pack_beside(file), file):
        row = two.get_by_role("row").filter(has_text=each.name)
        row.get_by_role("button", name="放行导入").click()
        say_yes(two)
        expect(row).to_contain_text("已完成", timeout=60_000)
        expect(row).to_contain_text("已处理 2 张照片" if each.suffix == ".tar" else "已处理 4")
    with two.expect_download() as kept:
        row.get_by_role("button", name="下载不合格行").click()
    assert Path(kept.value.path()).read_text("utf-8-sig").startswith("reject_line")


def test_every_chart_has_its_table_and_its_file(platform: Stage, open_page: Open, holder: Holder) -> None:
    page = at_desk(open_page, platform, "rollout")
    go(page, "数据看板")
    figures = page.locator(".figure").filter(has=page.get_by_role("img"))
    expect(figures).not_to_have_count(0)
    titles = figures.get_by_role("heading").all_inner_texts()
    assert {"申领", "签发与撤回", "联网核验"} <= set(titles)
    assert {"各省数量", "城市排行（前 20）"} <= {title.split(" · ")[0] for title in titles}
    for each, title in zip(figures.all(), titles, strict=True):
        expect(each.get_by_role("img", name=title).locator("svg")).to_be_visible()
        each.get_by_text("查看数据表").click()
        rows = [row.split("\t") for row in each.get_by_role("row").all_inner_texts()]
        assert len(rows) > 1, title
        with page.expect_download() as kept:
            each.get_by_role("button", name="CSV").click()
        said = list(csv.reader(Path(kept.value.path()).read_text("utf-8-sig").splitlines()))
        assert said == [[cell.replace(",", "") for cell in row] for row in rows], title
    # How old the queues are, and that the grid of provinces says what the table beside it says.
    expect(page.get_by_role("heading", name="照片审核队列")).to_be_visible()
    provinces = page.locator(".figure").filter(has_text="各省数量").get_by_role("row").all_inner_texts()[1:]
    tiles = page.locator(".tiles g title").all_text_contents()
    assert sum(not tile.endswith((": 0", "范围")) for tile in tiles) == len(
        [row for row in provinces if not row.startswith("未分省")]
    )
