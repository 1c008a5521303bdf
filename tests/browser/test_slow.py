"""A network that is slow, stops, or loses an answer: something is said at once, nothing is sent twice by a second tap, nothing
is done twice by trying again, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage
from liangzheng.drivers.draw import portrait
from tests.browser import looks
from tests.browser.holders import Holder

PATIENCE_MS = 21_000
"""A little longer than the apps wait (web/shared/api.ts)."""


@contextmanager
def slow(page: Any) -> Iterator[None]:
    """Two seconds to every answer, 50 kB a second."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 2000, "downloadThroughput": 50_000, "uploadThroughput": 50_000},
    )
    try:
        yield
    finally:
        session.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
        )
        session.detach()


def answers_lost(page: Any, path: str) -> list[str]:
    """The first POST there is done by the server and its answer lost; the keys all were sent with."""
    page.evaluate(
        """(path) => {
          const own = window.fetch
          let lost = false
          window.fetch = async (address, how) => {
            const answer = await own(address, how)
            if (lost || how?.method !== 'POST' || address !== '/api' + path) return answer
            lost = true
            throw new TypeError('the network went away')
          }
        }""",
        path,
    )
    keys: list[str] = []

    def note(request: Any) -> None:
        if request.method == "POST" and request.url.endswith(f"/api{path}"):
            keys.append(request.headers["idempotency-key"])

    page.on("request", note)
    return keys


def count_of(page: Any, path: str, name: str) -> int:
    """How many of something the server has of this driver."""
    found: int = page.evaluate(
        "([path, name]) => fetch('/api' + path).then((answer) => answer.json()).then((found) => found[name].length)",
        [path, name],
    )
    return found


def test_every_step_says_that_it_waits_and_is_sent_once(
    open_page: Callable[..., Any], platform: Stage, holder: Holder
) -> None:
    page = open_page("driver", "/#/log-in", service_workers="block")
    page.get_by_label("手机号").fill(holder.actor["mobile"])
    page.get_by_label("密码").fill(holder.actor["password"])
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    with slow(page):
        submit = page.locator("button[type=submit]")
        submit.click()
        page.get_by_text("请稍候…").wait_for()  # gone with the answer
        submit.click(force=True)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="电子驾驶证", exact=True).wait_for()
        assert len([url for url in posts if url.endswith("/sessions")]) == 1
        # A screen that is on its way says so, before anything of it is there.
        page.goto(platform.at("driver") + "/#/looks")
        page.get_by_text("正在读取…").first.wait_for()
        page.get_by_text("任何人都不能删除").wait_for()
        page.get_by_text("正在读取…").first.wait_for()


@pytest.mark.parametrize("step", ["log-in", "correction", "consent"])
def test_a_request_that_never_ends(
    open_page: Callable[..., Any], platform: Stage, holder: Holder, step: str
) -> None:
    page = open_page("driver")
    if step != "log-in":
        acts.log_in(page, holder.actor)
    where, field, typed, button, pattern, after = {
        "log-in": ("/#/log-in", "密码", holder.actor["password"], "登录", "**/api/holder/sessions", "谁看过我的证"),
        "correction": ("/#/data", "哪里不对", "住址写错了", "提交", "**/api/holder/corrections", "已提交"),
        "consent": (
            "/#/consent", "请求码", "ABCDEFGHJK", "查看请求", "**/api/holder/consents/requests/*", "没有这个请求码",
        ),
    }[step]  # fmt: skip
    page.goto(platform.at("driver") + where)
    looks.settle(page)
    if step == "log-in":
        page.get_by_label("手机号").fill(holder.actor["mobile"])
    page.get_by_label(field).fill(typed)
    page.clock.install()
    sent: list[str] = []
    page.route(
        pattern,
        lambda route: (
            sent.append(route.request.url)
            if route.request.method != "GET" or step == "consent"
            else route.continue_()
        ),
    )
    act = page.get_by_role("button", name=button, exact=True)
    act.click()
    page.get_by_text("请稍候…").wait_for()
    page.keyboard.press("Enter")
    page.clock.fast_forward(PATIENCE_MS)
    page.get_by_text("网络太慢，没有等到答复").wait_for()
    assert len(sent) == 1
    assert page.get_by_label(field).input_value() == typed
    page.unroute(pattern)
    act.click()
    page.get_by_text(after).first.wait_for()


def test_an_answer_that_was_lost_does_nothing_twice(open_page: Callable[..., Any], platform: Stage) -> None:
    page = open_page("driver")
    acts.log_in(page, platform.driver())
    page.goto(platform.at("driver") + "/#/apply")
    binds = answers_lost(page, "/holder/phone-keys")
    applies = answers_lost(page, "/holder/applications")
    page.get_by_role("button", name="是我本人").click()
    page.get_by_role("button", name="下一步").click()

    # The phone was bound and did not hear it: sent again as it was, without another look into the camera.
    acts.show_face(page)
    page.get_by_role("button", name="重新提交").wait_for(timeout=60_000)
    page.get_by_text("认证已通过").wait_for()
    page.get_by_text("没有网络").first.wait_for()
    page.get_by_role("button", name="重新提交").click()
    page.get_by_text("第 2 次，共 2 次").wait_for()
    assert len(set(binds)) == 1
    assert len(binds) == 2
    assert count_of(page, "/holder/phone-keys", "phone_keys") == 1

    # So was the application; the page was closed in between.
    acts.show_face(page)
    page.get_by_role("button", name="重新提交").wait_for(timeout=60_000)
    page.reload()
    page.get_by_role("link", name="查看进度").click(timeout=60_000)
    page.get_by_text("已发证").first.wait_for(timeout=60_000)
    assert len(set(applies)) == 1
    assert len(applies) == 2
    assert count_of(page, "/holder/applications", "applications") == 1


def test_a_photo_that_is_slow_to_send_loses_no_face_check(
    open_page: Callable[..., Any], platform: Stage, tmp_path: Path
) -> None:
    page = open_page("driver")
    acts.log_in(page, platform.driver())
    page.goto(platform.at("driver") + "/#/apply")
    page.get_by_role("button", name="是我本人").click()
    page.get_by_text("从相册选择").click()
    picture = tmp_path / "photo.jpg"
    picture.write_bytes(portrait(20261121, 7))
    page.locator("input[type=file]").set_input_files(picture)
    page.get_by_role("list", name="照片检查").wait_for()
    page.get_by_label("拍摄日期").fill((date.today() - timedelta(days=20)).isoformat())
    page.get_by_role("button", name="下一步").click()
    held: list[Any] = []
    page.route("**/api/holder/photos", lambda route: held.append(route))
    acts.show_face(page)
    page.get_by_text("第 2 次，共 2 次").wait_for(timeout=60_000)
    acts.show_face(page)
    page.get_by_text("认证已通过").wait_for(timeout=60_000)
    (photo,) = held
    photo.continue_()
    page.get_by_text("照片审核中").wait_for(timeout=60_000)


def test_a_licence_shows_while_the_network_stands_still(
    open_page: Callable[..., Any], platform: Stage, holder: Holder
) -> None:
    page = open_page("driver", "/#/licence", inside=holder.context)
    page.get_by_text("已联网").wait_for()  # the status is on the phone
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    page.route("**/api/**", lambda route: None)
    page.goto(platform.at("driver") + "/#/")
    page.reload()
    page.get_by_role("button", name="亮证", exact=True).click()
    page.get_by_text("状态更新于").first.wait_for()
    page.get_by_text("未联网").wait_for()
    page.get_by_role("button", name="亮码（给交警扫）").click()
    page.locator("canvas[data-code]").wait_for()
