"""The public page: read without a script; with one, every measure over time, the provinces' tiles, the waves, and the same as a
file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_it_is_read_without_a_script(open_page: Callable[..., Any]) -> None:
    page = open_page("open", java_script_enabled=False)
    by_province, by_day = (page.get_by_role("table", name=name) for name in ("各省合计", "每日"))
    assert by_province.get_by_role("row").count() > 1
    heads = by_province.get_by_role("columnheader").all_inner_texts()
    assert len(heads) == 1 + len(measures(page))
    assert len(by_day.get_by_role("columnheader").all()) == len(heads), "every measure over time"
    page.get_by_text("已开通").first.wait_for()
    for name in ("CSV", "JSON"):
        assert page.get_by_role("link", name=name).get_attribute("href").startswith("/api/open/figures")


def measures(page: Any) -> list[dict[str, Any]]:
    told: dict[str, Any] = page.context.request.get(
        page.url.replace("open.localhost", "127.0.0.1").rstrip("/") + "/open/figures"
    ).json()
    found: list[dict[str, Any]] = told["totals"]
    return found


@pytest.mark.usefixtures("holder")
def test_every_measure_is_there_over_time_and_as_a_file(open_page: Callable[..., Any]) -> None:
    page = open_page("open", width=1280, height=800)
    choice = page.get_by_label("指标")
    choice.wait_for()
    offered = [each.get_attribute("value") for each in choice.locator("option").all()]
    assert offered == [each["measure"] for each in measures(page)]
    page.get_by_role("img", name="每日走势").locator("svg").wait_for()
    tiles = page.locator(".tiles svg")
    assert tiles.locator("g").count() == 34
    assert tiles.locator("g.outside").count() == 3
    page.locator(".waves li").filter(has_text="已开通").first.wait_for()

    for measure in ("licence.issued", "application.accepted"):
        choice.select_option(measure)
        name = choice.locator("option:checked").inner_text()
        page.get_by_role("heading", name=f"每日走势 · {name}").wait_for()
        table = page.get_by_role("region", name="各省分布")
        total = int(table.locator("tfoot td").inner_text().replace(",", ""))
        assert total > 0
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        text = Path(download.value.path()).read_text("utf-8-sig")
        rows = [row for row in csv.DictReader(io.StringIO(text)) if row["measure"] == measure]
        assert sum(int(row["value"]) for row in rows if row["table"] == "province") == total
        assert sum(int(row["value"]) for row in rows if row["table"] == "day") == total
    page.get_by_role("link", name="JSON").click()
    assert json.loads(page.locator("body").inner_text())["totals"]
