"""A phone whose key is gone: said, bound again in place of the old key, and what still holds the old one is worth nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.stage import Stage


def keys_of(page: Any) -> list[dict[str, Any]]:
    """The driver's phone keys, as the account has them."""
    found: list[dict[str, Any]] = page.evaluate(
        "() => fetch('/api/holder/phone-keys').then((answer) => answer.json()).then((found) => found.phone_keys)"
    )
    return found


def test_a_lost_key_is_bound_again_in_the_place_of_the_old_one(
    open_page: Callable[..., Any], platform: Stage
) -> None:
    driver, old = platform.driver(), open_page("driver")
    acts.log_in(old, driver)
    acts.apply(old)
    acts.until_held(old)
    (before,) = keys_of(old)
    officer = acts.officer(platform, acts.member(platform, f"K{secrets.randbelow(10**6):06d}", "patrol"))

    def outcome(code: str) -> str:
        body = {"code": code, "class": "C1", "request": secrets.token_hex(8)}
        return str(officer.ask("POST", "/staff/verifications", body)["outcome"])

    assert outcome(acts.shown_code(old)) == "valid"

    # 1. A browser that has thrown everything away, log-in and all: the sentence, and the way back.
    page = open_page("driver", "/#/code")
    page.get_by_text("浏览器可能清除了数据").wait_for()
    page.get_by_role("button", name="重新绑定本机").click()
    page.get_by_label("手机号").fill(driver["mobile"])
    page.get_by_label("密码").fill(driver["password"])
    page.locator("button[type=submit]").click()

    # 2. Bound in the place of the lost one, which is named.
    page.get_by_label("替换").check()
    page.get_by_label("给这部手机起个名字").fill("新手机")
    page.get_by_role("button", name="下一步：实人认证").click()
    acts.show_face(page)
    page.get_by_text("电子驾驶证已在本机").wait_for(timeout=60_000)
    (after,) = keys_of(page)
    assert after["phone_key_id"] != before["phone_key_id"]
    assert after["label"] == "新手机"

    # 3. The new phone shows; the old one, which has not heard of it, shows what is refused.
    page.get_by_role("button", name="亮证").click()
    page.get_by_role("button", name="亮码（给交警扫）").click()
    canvas = page.locator("canvas[data-code]")
    canvas.wait_for()
    assert outcome(canvas.get_attribute("data-code")) == "valid"
    old.context.set_offline(True)
    refused = outcome(acts.shown_code(old))
    assert refused not in {"valid", "status_not_checked"}, refused

    # 4. Once it hears of it, it says so, and keeps no licence.
    old.context.set_offline(False)
    old.goto(platform.at("driver") + "/#/")
    old.reload()
    old.get_by_text("不在这部手机上").wait_for()
    assert old.get_by_role("button", name="亮码", exact=True).count() == 0


def test_a_fourth_phone_takes_the_place_of_one(open_page: Callable[..., Any], platform: Stage) -> None:
    page = open_page("driver")
    acts.log_in(page, platform.driver())
    three = [
        {
            "phone_key_id": f"phk_{number}",
            "label": f"手机{number}",
            "bound_at": "2026-11-01T00:00:00Z",
            "used_on": None,
        }
        for number in range(3)
    ]
    page.route("**/api/holder/phone-keys", lambda route: route.fulfill(json={"phone_keys": three}))
    page.goto(platform.at("driver") + "/#/bind")
    page.get_by_text("已有三部手机").wait_for()
    assert page.get_by_label("作为新手机添加").count() == 0
    assert page.get_by_label("替换“手机0”").is_checked()
