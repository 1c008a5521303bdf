"""Drivers with a licence on a phone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.chromium import context
from liangzheng.cli.browser.stage import Stage


@dataclass(frozen=True, slots=True)
class Holder:
    """A driver who applied in a browser, and the phone it is on."""

    actor: dict[str, Any]
    context: Any


def arrive(browser: Any, platform: Stage) -> Holder:
    """A new driver, logged in, with a licence on the phone."""
    actor, phone = platform.driver(), context(browser)
    page = phone.new_page()
    page.goto(platform.at("driver") + "/")
    acts.log_in(page, actor)
    acts.apply(page)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    page.close()
    return Holder(actor, phone)


_SNAPSHOT = """() => new Promise((done) => {
  const opened = indexedDB.open('liangzheng')
  opened.onsuccess = () => {
    const asked = opened.result.transaction('kept').objectStore('kept').get('snapshot')
    asked.onsuccess = () => { opened.result.close(); done([...asked.result.octets].join()) }
  }
})"""


def kept_snapshot(page: Any) -> bytes:
    """What the status signer said last to this phone."""
    numbers: str = page.evaluate(_SNAPSHOT)
    return bytes(int(each) for each in numbers.split(","))
