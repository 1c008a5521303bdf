"""The verifier's app where the network is slow, falls silent or breaks: the device's own answer first, a word for every wait,
and what came is kept."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage, environment
from tests.browser import verifiers
from tests.browser.holders import Holder
from tests.browser.verifiers import Verifying

Open = Callable[..., Any]
LISTS = 12


def slow(page: Any, latency_ms: int = 2000, octets_a_second: int = 50_000) -> Any:
    """Everything this page asks takes so long; the session that makes it so."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    rate = {"downloadThroughput": octets_a_second, "uploadThroughput": octets_a_second}
    session.send("Network.emulateNetworkConditions", {"offline": False, "latency": latency_ms} | rate)
    return session


def test_the_device_answers_before_a_slow_server(open_page: Open, patrol: Verifying, holder: Holder) -> None:
    page, phone = open_page("verify", inside=patrol.context), open_page("driver", inside=holder.context)
    picture = verifiers.code_on(phone)
    page.get_by_text("名单版本").wait_for()
    slow(page)
    banner = verifiers.read_picture(page, picture)
    page.get_by_text("本机离线核验").wait_for()
    assert banner.get_attribute("data-colour") == "green", "the snapshot on the phone is fresh and signed"
    page.get_by_text("正在联网核验").wait_for()
    page.get_by_text("联网核验", exact=True).wait_for()
    page.get_by_text("照片正在取").wait_for()
    page.get_by_role("img", name="驾驶证照片").wait_for()


def test_a_server_that_never_answers_is_not_waited_for_without_end(
    open_page: Open, patrol: Verifying, shop: Verifying, holder: Holder
) -> None:
    for verifying, said in ((shop, "服务器没有回应"), (patrol, "已记为待补核")):
        page, phone = open_page("verify"), open_page("driver", inside=holder.context)
        page.close()
        page = open_page("verify", inside=verifying.context)
        page.clock.install()
        page.reload()
        page.get_by_text("名单版本").wait_for()
        page.route("**/api/*/verifications", lambda route: None)
        verifiers.read_picture(page, verifiers.code_on(phone))
        page.get_by_text("本机离线核验").wait_for()
        page.get_by_text("正在联网核验").wait_for()
        page.clock.fast_forward(21_000)
        page.get_by_text(said).wait_for()
        assert page.get_by_text("正在联网核验").count() == 0
        page.unroute("**/api/*/verifications")
        if verifying is patrol:
            page.goto(page.url.partition("#")[0] + "#/history")
            newest = page.get_by_role("listitem").first
            newest.filter(has_text="联网").wait_for()  # sent as soon as there was an answer
            assert "待补核" not in page.locator("main").inner_text()


def test_every_wait_has_a_word_and_an_end(open_page: Open, platform: Stage) -> None:
    page = open_page("verify")
    page.get_by_text("名单版本").wait_for()
    page.clock.install()
    page.goto(platform.at("verify") + "/#/log-in")
    page.get_by_label("警号").fill("P000001")
    page.get_by_label("密码").fill("typed-once")
    page.get_by_label("动态验证码").fill("123456")
    page.route("**/api/staff/sessions", lambda route: None)
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_text("正在等待服务器回应").wait_for()
    assert page.get_by_role("button", name="登录", exact=True).is_disabled(), "it is sent once"
    page.clock.fast_forward(21_000)
    page.get_by_text("没有等到答复").wait_for()
    assert page.get_by_label("密码").input_value() == "typed-once"
    assert page.get_by_role("button", name="登录", exact=True).is_enabled()


def test_a_first_visit_says_what_it_waits_for(open_page: Open, platform: Stage) -> None:
    page = open_page("verify", "/icon.svg")
    slow(page, latency_ms=1000)
    page.goto(platform.at("verify") + "/", wait_until="commit")
    page.get_by_text("正在载入信任名单").wait_for()
    page.get_by_text("名单版本").wait_for()
    assert page.get_by_text("正在载入信任名单").count() == 0


def test_all_lists_come_in_one_download_that_goes_on_where_it_broke(open_page: Open, platform: Stage) -> None:
    open_lists(platform)
    asked: list[str] = []
    page = open_page("verify")
    page.on("request", lambda request: asked.append(request.url.partition("/open/")[2]))
    page.get_by_text("名单版本").wait_for()
    forget_lists(page)
    asked.clear()

    # The connection breaks in the middle of the seventh list.
    whole = acts.Api(platform).octets("/open/status-lists/sequence")
    half = whole[: len(whole) * 13 // (2 * LISTS)]
    page.route("**/open/status-lists/sequence*", lambda route: route.fulfill(body=half))
    page.goto(platform.at("verify") + "/#/lists")
    page.reload()
    page.get_by_text("网络中断").wait_for()
    came = page.get_by_role("alert").inner_text().partition("已下载的 ")[2].split(" ")[0]
    assert 0 < int(came) < LISTS
    page.unroute("**/open/status-lists/sequence*")
    slow(page, latency_ms=100, octets_a_second=3000)
    page.get_by_role("button", name="接着下载").click()
    page.get_by_role("progressbar").wait_for()
    page.get_by_text(f"/ {LISTS - int(came)} 份").wait_for()
    page.get_by_text("名单已是最新").wait_for()
    page.get_by_text(f"{LISTS} 份").wait_for()
    sequences = [each for each in asked if "sequence" in each]
    assert sequences[0].endswith(f"lists=1-{LISTS}")
    assert sequences[-1].endswith(f"lists={int(came) + 1}-{LISTS}"), "what came is not fetched again"
    assert not [each for each in asked if each.startswith("status-lists/") and "sequence" not in each]

    # They are there without a network.
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    page.context.set_offline(True)
    page.reload()
    page.get_by_text(f"{LISTS} 份").wait_for()


def test_a_download_that_is_large_is_announced(open_page: Open, platform: Stage) -> None:
    page = open_page("verify")
    page.get_by_text("名单版本").wait_for()

    told = acts.Api(platform).ask("GET", "/open/status-lists")
    for each in told["lists"]:
        each |= {"version": each["version"] + 1, "octets": 7_700_000 // len(told["lists"])}
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/open/status-lists", lambda route: route.fulfill(json=told))
    page.goto(platform.at("verify") + "/#/lists")
    page.reload()
    page.get_by_role("button", name="下载最新名单（约 7.7 MB）").wait_for()
    assert not [each for each in asked if "sequence" in each], "the person says whether to pay for it"


def open_lists(stage: Stage) -> None:
    """There are LISTS status lists, as there are when so many millions of credentials were issued."""
    said = (
        "import asyncio, secrets\n"
        "from liangzheng.infra.postgres import attach\n"
        "from liangzheng.infra.settings import Settings\n"
        "from liangzheng.kernel.time import SystemClock\n"
        "from liangzheng.licences.store import lists\n"
        "async def act():\n"
        "    async with attach(Settings.from_env()) as database, database.transaction() as tx:\n"
        "        for after in range(await lists.newest(tx), LISTS):\n"
        "            await lists.open_list(tx, after, secrets.token_bytes(16), SystemClock().now())\n"
        "asyncio.run(act())\n"
    ).replace("LISTS", str(LISTS))
    subprocess.run(
        [sys.executable, "-c", said], env=environment(stage.folder, stage.port), check=True, timeout=60
    )


def forget_lists(page: Any) -> None:
    """The app has downloaded no list yet."""
    page.evaluate(
        """() => new Promise((done, failed) => {
          const opened = indexedDB.open('liangzheng')
          opened.onerror = failed
          opened.onsuccess = () => {
            const change = opened.result.transaction('kept', 'readwrite')
            change.objectStore('kept').delete(IDBKeyRange.bound('status-lists ', 'status-lists z'))
            change.oncomplete = () => { opened.result.close(); done() }
          }
        })"""
    )
