"""生僻字 on a phone that has no font for them: drawn from what the licence brought, with and without a network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.chromium import CHROMIUM, FLAGS, context
from liangzheng.cli.browser.stage import Stage
from liangzheng.cli.qr import draw_qr
from liangzheng.infra.fonts import Fonts
from liangzheng.kernel.ideographs import rare
from tests.browser.conftest import Watched
from tests.infra.fonts_made_up import font_file

IN_NO_LICENCE = "\U0002ebe0"

PICTURE = """([character, family]) => {
  const paper = document.createElement('canvas')
  paper.width = paper.height = 96
  const pen = paper.getContext('2d')
  pen.font = `72px ${family}`
  pen.fillText(character, 8, 76)
  return [...pen.getImageData(0, 0, 96, 96).data].join()
}"""


@pytest.fixture
def old_phone(browser: Any, platform: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser on a system with squares for Latin letters and no ideograph: what it draws of those, it was sent."""
    folder = tmp_path_factory.mktemp("fonts")
    font_file(folder / "latin.ttf", {chr(point): 600 for point in range(0x21, 0x7F)})
    settings = folder / "fonts.conf"
    settings.write_text(f"<fontconfig><dir>{folder}</dir><cachedir>{folder}</cachedir></fontconfig>")
    found = browser.browser_type.launch(
        executable_path=str(CHROMIUM), env={**os.environ, "FONTCONFIG_FILE": str(settings)},
        args=[*FLAGS, "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={platform.camera}"],
    )  # fmt: skip
    yield context(found)
    found.close()


def test_a_rare_name_is_drawn_on_a_phone_without_a_font_for_it(
    old_phone: Any, platform: Stage, watched: Watched, tmp_path: Path
) -> None:
    driver = platform.rarely_named()
    character = next(each for each in rare(driver["name"]) if Fonts.named(None).who_draws(each))
    page = old_phone.new_page()
    watched.follow(page)
    page.goto(platform.at("driver") + "/")
    missing = page.evaluate(PICTURE, [character, "holder"])
    assert missing == page.evaluate(PICTURE, [IN_NO_LICENCE, "holder"]), "this phone has neither"

    acts.log_in(page, driver)
    acts.apply(page)
    drawn = _drawn_everywhere(page, platform, driver["name"], character)
    assert drawn != missing
    assert page.evaluate(PICTURE, [character, "nothing"]) == missing, "by the font of the licence alone"
    assert page.evaluate(PICTURE, [IN_NO_LICENCE, "holder"]) == missing, "which has nothing else"

    page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    old_phone.set_offline(True)
    page.goto(platform.at("driver") + "/#/licence")
    page.reload()
    assert _drawn_everywhere(page, platform, driver["name"], character) == drawn

    # The code point, for whoever must type or compare it.
    page.goto(platform.at("driver") + "/#/licence")
    page.get_by_role("button", name="生僻字").click()
    page.get_by_text(f"U+{ord(character):04X}").wait_for()

    # An officer whose phone has no font for it either is sent the same one beside the name.
    picture = tmp_path / "code.png"
    draw_qr(acts.shown_code(page), picture)
    officer = context(old_phone.browser).new_page()
    watched.follow(officer)
    _log_in(officer, platform)
    assert officer.evaluate(PICTURE, [character, "holder"]) == missing
    officer.locator("input[type=file]").set_input_files(picture)
    officer.locator(".name.rare").filter(has_text=driver["name"]).wait_for()
    officer.wait_for_function("() => document.fonts.size > 0")
    assert officer.evaluate(PICTURE, [character, "holder"]) == drawn
    assert not watched.faults


def _log_in(page: Any, platform: Stage) -> None:
    """An officer, in the verifier's app."""
    who = platform.officers()[0]
    page.goto(platform.at("verify") + "/#/log-in")
    page.locator("input[name=number]").fill(who["number"])
    page.locator("input[name=password]").fill(who["password"])
    page.locator("input[name=totp]").fill(acts.one_time_code(platform, who))
    page.locator("button[type=submit]").click()
    page.get_by_text("名单版本").wait_for()


def _drawn_everywhere(page: Any, platform: Stage, name: str, character: str) -> str:
    """The picture of the character on the page; every screen has its name in the family of the licence's font."""
    for screen in ("/#/", "/#/code", "/#/licence"):
        page.goto(platform.at("driver") + screen)
        shown = page.locator(".rare").filter(has_text=name).first
        shown.wait_for()
        assert shown.evaluate("(one) => getComputedStyle(one).fontFamily").startswith("holder"), screen
        page.wait_for_function(
            "(one) => document.fonts.size > 0 && document.fonts.check('20px holder', one)", arg=character
        )
    picture: str = page.evaluate(PICTURE, [character, "holder"])
    return picture
