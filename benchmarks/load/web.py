"""The web apps on a slow phone: size of the start, 亮证 from the tap to the page without a network, a scan to its verdict, and
what moves when the code changes. In Debian's Chromium, slowed through its developer's protocol.

Limits are what people wait for, so the ratio is limit ÷ value: at 1 the limit is met, above it there is room. They are of
this machine: record them on an idle one.
"""

from __future__ import annotations

import gzip
import re
import statistics
from pathlib import Path
from typing import Any, Final

from benchmarks.figure import Figure
from liangzheng.api.faces import BUILT
from liangzheng.cli.browser import acts, camera
from liangzheng.cli.browser.chromium import context, launched
from liangzheng.cli.browser.stage import Stage, demonstration

START_KB: Final = 110.0
SHOWN_MS: Final = 1000.0
VERDICT_MS: Final = 500.0
SLOW_VERDICT_MS: Final = 1500.0
_LEAST_MOVED: Final = 0.001
"""Of the layout shift, which is 0 where nothing moves: a ratio needs something to divide by."""

_TAP: Final = """async () => {
  const tapped = performance.now()
  for (const one of document.querySelectorAll('button')) if (one.textContent.trim() === '亮证') one.click()
  const portrait = () => document.querySelector('img.portrait, .portrait img, img[alt="持证人照片"]')
  while (!(portrait()?.complete && portrait().naturalWidth > 0)) await new Promise(requestAnimationFrame)
  await new Promise(requestAnimationFrame)
  return performance.now() - tapped
}"""
_WATCH_VIDEO: Final = """(() => {
  const own = HTMLMediaElement.prototype.play
  HTMLMediaElement.prototype.play = function () {
    const playing = own.call(this)
    const seen = () => { window.firstFrame ??= performance.now() }
    if (this.readyState >= 2) seen()
    else this.addEventListener('loadeddata', seen, { once: true })
    return playing
  }
  new MutationObserver(() => {
    if (window.verdictAt === undefined && document.querySelector('[data-outcome]')) window.verdictAt = performance.now()
  }).observe(document, { childList: true, subtree: true })
})()"""
_WATCH_LAYOUT: Final = """() => {
  window.moved = 0
  new PerformanceObserver((list) => { for (const one of list.getEntries()) window.moved += one.value })
    .observe({ type: 'layout-shift' })
}"""


def run(quick: bool) -> list[Figure]:
    """Size and waiting of the driver's and the verifier's app."""
    runs = 2 if quick else 7
    size = start_kb(BUILT / "driver")
    with demonstration(accounts=3) as stage, launched(stage.camera) as browser:
        phone = context(browser).new_page()
        phone.goto(stage.at("driver") + "/")
        acts.log_in(phone, stage.driver())
        acts.apply(phone)
        moved = _moved(phone)
        quick_scan = _scans(browser, stage, phone, runs, slowed=1)
        slow_scan = _scans(browser, stage, phone, runs, slowed=6)
        shown = _shown(phone, runs)
    return [
        _figure("web-start", size, START_KB, "kB", "JavaScript, gzip, the driver's app loads before its first screen"),
        _figure("web-show", shown, SHOWN_MS, "ms", "亮证 from the tap to its painted page, no network, CPU slowed 4 times; median"),
        _figure("web-scan", quick_scan, VERDICT_MS, "ms", "the camera's first frame to the verdict; median"),
        _figure("web-scan-slow", slow_scan, SLOW_VERDICT_MS, "ms", "the same, CPU slowed 6 times; median"),
        _figure("web-still", max(moved, _LEAST_MOVED), _LEAST_MOVED, "shift", "layout shift while the code changes; none is 0.001"),
    ]  # fmt: skip


def _figure(name: str, value: float, limit: float, unit: str, note: str) -> Figure:
    return Figure(name, value, unit, limit, limit / value, 1.0, f"limit ÷ value: {note}")


def start_kb(folder: Path) -> float:
    """Kilobytes of the scripts index.html needs, and of those they import by themselves."""
    waiting = set(
        re.findall(r'(?:src|href)="/(assets/[^"]+\.js)"', (folder / "index.html").read_text("utf-8"))
    )
    found: dict[str, int] = {}
    while waiting:
        name = waiting.pop()
        octets = (folder / name).read_bytes()
        found[name] = len(gzip.compress(octets, 9))
        imported = re.findall(r"(?:from|import)\s*[\"']\./([^\"']+\.js)[\"']", octets.decode())
        waiting |= {f"assets/{each}" for each in imported} - found.keys()
    return sum(found.values()) / 1000


def _shown(page: Any, runs: int) -> float:
    base = page.url.partition("#")[0]
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    page.context.set_offline(True)
    protocol, waited = page.context.new_cdp_session(page), []
    for _ in range(runs + 1):  # the first one warms up
        page.goto(base + "#/")
        page.reload()
        page.get_by_role("button", name="亮证", exact=True).wait_for()
        protocol.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        waited.append(float(page.evaluate(_TAP)))
        protocol.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    page.context.set_offline(False)
    return statistics.median(waited[1:])


def _scans(browser: Any, stage: Stage, phone: Any, runs: int, *, slowed: int) -> float:
    """Each of a code of its own, all of whose steps hold: one shown twice, or too old, is refused before its status is read."""
    here, base = context(browser), stage.at("verify")
    here.add_init_script(_WATCH_VIDEO)
    page = here.new_page()
    page.goto(base + "/")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    protocol, waited = here.new_cdp_session(page), []
    for _ in range(runs + 1):
        protocol.send("Emulation.setCPUThrottlingRate", {"rate": slowed})
        acts.shown_code(phone)
        camera.film_code(stage.camera, phone.locator("canvas[data-code]").screenshot())
        page.goto(base + "/#/")
        page.reload()
        page.locator("[data-outcome=valid]").wait_for(timeout=60_000)
        waited.append(float(page.evaluate("() => window.verdictAt - window.firstFrame")))
    here.close()
    return statistics.median(waited[1:])


def _moved(page: Any) -> float:
    code = acts.shown_code(page)
    page.wait_for_load_state("networkidle")
    page.evaluate(_WATCH_LAYOUT)
    page.wait_for_function(
        "(before) => document.querySelector('canvas[data-code]').dataset.code !== before",
        arg=code,
        timeout=60_000,
    )
    page.evaluate("() => new Promise(requestAnimationFrame).then(() => undefined)")
    return float(page.evaluate("() => window.moved"))
