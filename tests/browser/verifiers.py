"""An officer and a company with a log-in each in the verifier's app, and a code held before it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Final

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.chromium import context
from liangzheng.cli.browser.stage import Stage

RENTAL: Final = "rental:may_drive,valid_until,name,portrait+bulk"


@dataclass(frozen=True, slots=True)
class Verifying:
    """Who verifies, and the device they are logged in on."""

    who: dict[str, Any]
    context: Any


def officer(stage: Stage) -> dict[str, Any]:
    """Somebody on patrol: number, password, totp_secret. Two more one-time codes are there at once."""
    return acts.member(stage, f"V{secrets.randbelow(10**6):06d}", "patrol")


def on_patrol(browser: Any, stage: Stage) -> Verifying:
    """An officer, logged in."""
    found = Verifying(officer(stage), context(browser))
    page = found.context.new_page()
    page.goto(stage.at("verify") + "/")
    acts.log_in_officer(page, stage, found.who)
    page.get_by_text("名单版本").wait_for()
    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    page.close()
    return found


def at_a_shop(browser: Any, stage: Stage) -> Verifying:
    """A company that rents cars, logged in."""
    found = Verifying(acts.company(stage, "演示租车公司", RENTAL), context(browser))
    page = found.context.new_page()
    page.goto(stage.at("verify") + "/")
    acts.log_in_company(page, found.who)
    page.close()
    return found


def read_picture(page: Any, picture: bytes) -> Any:
    """The verifier reads that picture; the banner of the result."""
    page.goto(page.url.partition("#")[0] + "#/")
    page.get_by_text("名单版本").wait_for()
    page.locator("input[type=file]").set_input_files(
        {"name": "code.png", "mimeType": "image/png", "buffer": picture}
    )
    banner = page.locator("[data-outcome]")
    banner.wait_for()
    return banner


def code_on(page: Any) -> bytes:
    """A picture of the 亮码 on the driver's phone, made now."""
    acts.until_held(page)
    acts.shown_code(page)
    picture: bytes = page.locator("canvas[data-code]").screenshot()
    return picture
