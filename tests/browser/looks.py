"""What axe-core, a ruler and a keyboard say of a page."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from weakref import WeakKeyDictionary

from liangzheng.cli.qr import read_qr
from liangzheng.cli.web import SOURCE

_PATIENCE_S = 20.0
_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@cache
def _axe() -> str:
    # Beside the apps' packages: whoever built the apps has it. Handed over as text: the pages' policy allows no other script.
    return (SOURCE / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def violations(page: Any, *, with_tags: tuple[str, ...] = tuple(_TAGS)) -> list[str]:
    """What breaks WCAG 2.2 AA, each with the first element that does."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe())
    found = page.evaluate(
        "(tags) => axe.run({ runOnly: tags, resultTypes: ['violations'] }).then((all) => all.violations.map((one) => "
        "`${one.id}: ${one.nodes[0].html.slice(0, 160)} (${one.nodes[0].failureSummary.slice(0, 200)})`))",
        list(with_tags),
    )
    return [str(each) for each in found]


def too_wide(page: Any) -> str:
    """What a person would have to scroll sideways for; empty when nothing is."""
    found: str = page.evaluate(
        """async () => {
          // What measures itself, a chart, has had its turn.
          for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame)
          const root = document.documentElement
          // A pixel is rounding.
          if (Math.max(root.scrollWidth, document.body.scrollWidth) <= root.clientWidth + 1) return ''
          const wide = [...document.querySelectorAll('body *')].find((one) => one.getBoundingClientRect().right > innerWidth + 1)
          return `${root.scrollWidth} px of ${innerWidth}: ${wide ? wide.outerHTML.slice(0, 160) : ''}`
        }"""
    )
    return found


def cut_off(page: Any) -> list[str]:
    """Words that cannot be read wherever one scrolls to: cut by a box, beside the window, or under a bar that stays (WCAG 1.4.4,
    1.4.10, 2.4.11)."""
    found: list[str] = page.evaluate(
        """() => {
          const stays = (one) => getComputedStyle(one).position === 'fixed' && one.checkVisibility()
          const bars = [...document.querySelectorAll('body *')].filter(stays)
          const height = bars.reduce((sum, bar) => sum + bar.getBoundingClientRect().height, 0)
          const faults = height > innerHeight / 2 ? [`bars that stay take ${height} of ${innerHeight} px`] : []
          scrollTo(0, document.documentElement.scrollHeight)
          const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
          for (let node = words.nextNode(); node; node = words.nextNode()) {
            const box = node.parentElement, range = document.createRange()
            const isSeen = box.checkVisibility({ visibilityProperty: true })
            const isNone = box.closest('.visually-hidden, .skip, [aria-hidden=true], select, textarea')
            if (!node.data.trim() || !isSeen || isNone) continue
            range.selectNodeContents(node)
            const { left, right, top, bottom } = range.getBoundingClientRect()
            const say = (why) => faults.push(`${why}: ${node.data.trim().slice(0, 60)}`)
            let scrolls = false
            for (let around = box; around; around = around.parentElement) {
              const { overflowX, overflowY } = getComputedStyle(around), edge = around.getBoundingClientRect()
              scrolls ||= /auto|scroll/.test(overflowX) && around !== document.documentElement
              const isCut = (how, out) => /hidden|clip/.test(how) && out > 1
              const across = isCut(overflowX, Math.max(edge.left - left, right - edge.right))
              if (!scrolls && (across || isCut(overflowY, Math.max(edge.top - top, bottom - edge.bottom)))) say('cut')
            }
            if (!scrolls && (left < -1 || right > innerWidth + 1)) say('beside the window')
            const isUnder = (bar, { top: from, bottom: to }) => !bar.contains(box) && bottom > from + 1 && top < to - 1 && from > 0
            if (!scrolls && bars.some((bar) => isUnder(bar, bar.getBoundingClientRect()))) say('under a bar')
          }
          scrollTo(0, 0)
          return faults
        }"""
    )
    return found


def cut_by_a_box(page: Any) -> list[str]:
    """Words a box around them hides a part of: lost to who enlarges the text (WCAG 1.4.4)."""
    found: list[str] = page.evaluate(
        """() => {
          const cut = []
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
          while (texts.nextNode()) {
            const [text, one] = [texts.currentNode, texts.currentNode.parentElement]
            if (!text.data.trim() || !one.checkVisibility() || one.closest('.visually-hidden, [aria-hidden=true]')) continue
            const range = document.createRange()
            range.selectNodeContents(text)
            const words = range.getBoundingClientRect()
            for (let box = one; box && box !== document.body; box = box.parentElement) {
              const { overflowX, overflowY } = getComputedStyle(box)
              if ([overflowX, overflowY].some((way) => way === 'auto' || way === 'scroll')) break
              if (overflowX === 'visible' && overflowY === 'visible') continue
              const edge = box.getBoundingClientRect()
              const over = [words.right - edge.right, edge.left - words.left, words.bottom - edge.bottom, edge.top - words.top]
              if (Math.max(...over) > 1) {
                cut.push(one.outerHTML.slice(0, 160))
                break
              }
            }
          }
          return cut
        }"""
    )
    return found


def too_small(page: Any, least: float) -> list[str]:
    """Buttons and links of their own that are lower than `least` pixels; links in a sentence are not meant (WCAG 2.5.8)."""
    found: list[str] = page.evaluate(
        """(least) => [...document.querySelectorAll('button, summary, select')]
          .filter((one) => one.checkVisibility() && !one.classList.contains('visually-hidden') && !one.closest('.van-field'))
          .filter((one) => one.getBoundingClientRect().height < least - 0.5)
          .map((one) => `${one.getBoundingClientRect().height} px: ${one.outerHTML.slice(0, 120)}`)""",
        least,
    )
    return found


_WORDS = """() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  // A chart's own labels go with its width: its numbers stand in a table.
  for (let one = texts.nextNode(); one; one = texts.nextNode())
    if (!one.parentElement.closest('svg, script, style') && one.parentElement.checkVisibility({ visibilityProperty: true }))
      found.push(...one.data.split(/\\s+/).filter(Boolean))
  const named = (one) => `[${one.getAttribute('aria-label') || one.labels?.[0]?.innerText || one.innerText || one.name}]`
  for (const one of document.querySelectorAll('button, a[href], input, select, textarea, summary'))
    if (one.checkVisibility({ visibilityProperty: true })) found.push(named(one))
  return found
}"""


def lost_at(page: Any, size: dict[str, int], *, behind: str = "") -> list[str]:
    """Words, buttons, links and fields of the open screen that are not there at another size, once the button `behind`, where it
    is there, has opened what that size folds away (WCAG 1.4.4)."""
    before, whole = page.viewport_size, Counter(page.evaluate(_WORDS))
    page.set_viewport_size(size)
    try:
        folds = page.locator(behind) if behind else None
        opened = folds is not None and folds.is_visible()
        if opened and folds is not None:
            folds.click()
        there = Counter(page.evaluate(_WORDS))
        if opened and folds is not None:
            folds.click()
    finally:
        page.set_viewport_size(before)
    return sorted((whole - there).elements())


_under_way: WeakKeyDictionary[Any, set[Any]] = WeakKeyDictionary()
"""Page → what it has asked and not heard of. The browser's own word for it comes once a document, and a screen is none."""


def follow(page: Any) -> None:
    """From now on it is known what the page waits for."""
    asked = _under_way.setdefault(page, set())

    def began(request: Any) -> None:
        if request.is_navigation_request() and request.frame == page.main_frame:
            asked.clear()  # of the document before nobody hears any more
        asked.add(request)

    page.on("request", began)
    for over in ("requestfinished", "requestfailed"):
        page.on(over, lambda request: asked.discard(request))


def until(page: Any, holds: Callable[[], object], what: str) -> None:
    """What the page is heard to do comes while it is listened to. Raises AssertionError when it does not come."""
    patient_to = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < patient_to, what
        page.evaluate(_FRAMES)


def settle(page: Any) -> None:
    """The screen of the address is there, what it asked has been answered or refused, and nothing fades any more."""
    page.wait_for_load_state()
    asked, calm = _under_way[page], 0

    def is_calm() -> bool:
        nonlocal calm
        calm = 0 if asked else calm + 1
        return calm > 2  # what an answer leads to has had its turn

    until(page, is_calm, "something it asked is never answered")
    still(page)


def still(page: Any) -> None:
    """Nothing fades any more."""
    page.evaluate(
        "() => Promise.all(document.getAnimations().filter((one) => one.effect?.getTiming().iterations !== Infinity)"
        ".map((one) => one.finished.catch(() => undefined))).then(() => undefined)"
    )


def focus_ring(page: Any) -> str:
    """The text of what has the focus."""
    said: str = page.evaluate(
        "() => { const one = document.activeElement; if (!one || one === document.body) return ''; "
        "return (one.getAttribute('aria-label') || one.labels?.[0]?.innerText || one.innerText || '').trim() }"
    )
    return said


def tab_to(page: Any, words: str, most: int = 60) -> None:
    """Presses Tab until what reads `words` has the focus. Raises AssertionError when it never has."""
    passed = []
    for _ in range(most):
        page.keyboard.press("Tab")
        passed.append(focus_ring(page))
        if passed[-1] == words:
            return
    raise AssertionError(f"Tab never comes to {words!r}; it passed {passed[:20]}")


def read_symbol(shown: Any) -> str:
    """What a camera reads of the QR symbol that is on the screen."""
    with NamedTemporaryFile(suffix=".png") as picture:
        picture.write(shown.screenshot())
        picture.flush()
        return read_qr(Path(picture.name))
