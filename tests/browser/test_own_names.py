"""The faces as production has them: over HTTPS, behind a reverse proxy, under names of their own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from liangzheng.cli.browser import acts
from liangzheng.cli.browser.chromium import context, launch
from liangzheng.cli.browser.stage import Stage
from tests.browser import verifiers
from tests.browser.behind_tls import CODES_AN_HOUR, DOMAIN, HOSTS, Behind, behind_tls
from tests.browser.conftest import Watched

HSTS = "max-age=31536000; includeSubDomains"


@pytest.fixture(scope="module")
def behind(platform: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    with behind_tls(platform, tmp_path_factory.mktemp("tls")) as found:
        yield found


@pytest.fixture(scope="module")
def elsewhere(browser: Any, platform: Stage, behind: Behind) -> Iterator[Any]:
    """A browser that finds the names at the proxy."""
    found = launch(browser.browser_type, platform.camera, *behind.flags)
    yield found
    found.close()


def passkeys_of(page: Any) -> Any:
    """`ask(command)` to an authenticator of the page's own device, whose owner is always there."""
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    own = device.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    return lambda: device.send("WebAuthn.getCredentials", {"authenticatorId": own})["credentials"]


def test_a_licence_from_the_log_in_to_the_verdict(elsewhere: Any, platform: Stage, behind: Behind) -> None:
    watched, asked = Watched(frozenset(HOSTS.values())), []
    on_phone, on_shop = context(elsewhere), context(elsewhere)
    phone, shop = on_phone.new_page(), on_shop.new_page()
    for page in (phone, shop):
        watched.follow(page)
        page.on("request", lambda request: asked.append(request.url))

    # 1. Typed without https: the proxy sends on; from then on the browser does not ask without it.
    driver, plainly = HOSTS["driver"], f"http://{HOSTS['driver']}/"
    first = phone.goto(plainly)
    assert phone.url.startswith(f"https://{driver}/")
    assert first.headers["strict-transport-security"] == HSTS
    assert phone.evaluate("() => isSecureContext")
    assert behind.asked_plainly == [plainly]
    phone.goto(plainly + "?again")
    assert phone.url.startswith(f"https://{driver}/")
    assert behind.asked_plainly == [plainly], "the browser remembers"

    # 2. The login is a cookie of this very host, out of reach of scripts and of plain requests.
    actor = platform.driver()
    acts.log_in(phone, actor)
    [cookie] = on_phone.cookies()
    assert (cookie["name"], cookie["domain"], cookie["path"]) == ("__Host-lz", driver, "/")
    assert cookie["secure"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert phone.evaluate("() => document.cookie") == ""

    # 3. A passkey is this host's alone.
    credentials = passkeys_of(phone)
    phone.goto(behind.at("driver") + "/#/passkeys")
    phone.get_by_label("登录密码").fill(actor["password"])
    phone.get_by_label("名称").fill("自己的手机")
    phone.get_by_role("button", name="添加通行密钥").click()
    phone.get_by_text("自己的手机").wait_for()
    assert [each["rpId"] for each in credentials()] == [driver]
    on_phone.clear_cookies()
    phone.goto(behind.at("driver") + "/?passkey#/log-in")
    phone.get_by_role("button", name="用通行密钥登录").click()
    phone.get_by_role("link", name="谁看过我的证").wait_for()

    # 4. Applied for, and shown without a network: the app comes from its service worker.
    acts.apply(phone)
    acts.until_held(phone)
    shop.goto(behind.at("verify") + "/")
    shop.get_by_text("名单版本").wait_for()
    for page in (phone, shop):
        page.evaluate("() => navigator.serviceWorker.ready.then(() => undefined)")
    on_phone.set_offline(True)
    phone.reload()
    phone.get_by_role("button", name="亮证", exact=True).click()
    phone.get_by_text("未联网").wait_for()
    phone.get_by_text("状态更新于").first.wait_for()
    picture = verifiers.code_on(phone)

    # 5. Verified by another device that has no network either.
    on_shop.set_offline(True)
    shop.reload()
    banner = verifiers.read_picture(shop, picture)
    assert banner.get_attribute("data-colour") == "green", banner.inner_text()
    assert actor["name"][0] in shop.locator("main").inner_text()
    shop.get_by_text("本机离线核验").wait_for()

    # 6. Nothing went anywhere else, and nothing without TLS but what was typed so.
    unencrypted = [url for url in asked if not url.startswith(("https://", "blob:", "data:"))]
    assert set(unencrypted) == {plainly, plainly + "?again"}
    for each in (on_phone, on_shop):
        each.close()
    assert not watched.faults, "\n".join(watched.faults)


def test_a_passkey_and_a_login_of_one_face_are_none_of_another(elsewhere: Any, behind: Behind) -> None:
    """The browser itself keeps them apart by what the server said: neither is offered on a sibling's page."""
    there = context(elsewhere)
    page = there.new_page()
    page.goto(behind.at("open") + "/")
    refused = page.evaluate(
        """(host) => navigator.credentials.get({
          publicKey: { challenge: new Uint8Array(32), rpId: host, userVerification: 'required' }
        }).then(() => 'given', (why) => why.name)""",
        HOSTS["driver"],
    )
    assert refused == "SecurityError"
    planted = page.evaluate(
        f"() => {{ document.cookie = '__Host-lz=planted; Secure; Path=/; Domain={DOMAIN}'; return document.cookie }}"
    )
    assert planted == ""
    there.close()


@pytest.mark.parametrize("past_the_proxy", [False, True], ids=["through the proxy", "past it"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "elsewhere.test"},
        {"Host": f"{HOSTS['driver']}.elsewhere.test"},
        {"Host": f"phone.{DOMAIN}"},
        {"Host": "driver.localhost"},
        {"Host": "127.0.0.1"},
        {"Host": ""},
        # What a proxy may be made to add, and a stranger may write.
        {"Host": "elsewhere.test", "X-Forwarded-Host": HOSTS["driver"]},
        {"Host": "elsewhere.test", "Forwarded": f"for=127.0.0.1;host={HOSTS['driver']};proto=https"},
        {"Host": "elsewhere.test", "X-Original-Host": HOSTS["driver"], "X-Host": HOSTS["driver"]},
    ],
    ids=lambda headers: " ".join(headers.values()) or "none",
)
def test_a_name_that_is_no_face_is_refused(
    behind: Behind, headers: dict[str, str], past_the_proxy: bool
) -> None:
    for path in ("/", "/api/open/deployment", "/open/deployment", "/healthz"):
        status, told, body = behind.ask("GET", path, headers, past_the_proxy=past_the_proxy)
        assert (status, json.loads(body)["code"]) == (421, "wrong-host"), path
        assert told["strict-transport-security"] == HSTS
        assert "set-cookie" not in told


def test_its_names_are_answered_whatever_forwarded_headers_say(behind: Behind) -> None:
    lies = {"X-Forwarded-Host": "elsewhere.test", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/lie"}
    for host in (HOSTS["verify"], HOSTS["verify"].upper(), f"{HOSTS['verify']}:443"):
        status, _, page = behind.ask("GET", "/", {"Host": host} | lies)
        assert status == 200
        assert b'<div id="app">' in page
    status, _, page = behind.ask("GET", "/", {"Host": DOMAIN} | lies)
    assert status == 200
    assert f"curl https://{DOMAIN}/holder/sessions".encode() in page, "the API's own host, over TLS"
    assert f'href="//{HOSTS["staff"]}/"'.encode() in page
    assert b"elsewhere" not in page
    assert b"/lie" not in page


def test_only_the_proxy_says_who_asks(behind: Behind) -> None:
    """Rates are by network: whoever could name another one at each request would have none."""

    def codes(client: str, **more: Any) -> list[int]:
        found = []
        for number in range(CODES_AN_HOUR + 1):
            mobile = f"1990{secrets.randbelow(10**7):07d}"  # each has a rate of its own as well
            body = json.dumps({"mobile": mobile, "purpose": "log-in"}).encode()
            headers = {
                "Host": HOSTS["driver"], "Content-Type": "application/json", "Sec-Fetch-Site": "same-origin",
                "X-Forwarded-For": f"203.0.{number}.9", "X-Real-IP": f"203.0.{number}.9",
                "Forwarded": f"for=203.0.{number}.9",
            }  # fmt: skip
            found.append(behind.ask("POST", "/api/holder/codes", headers, body, client=client, **more)[0])
        return found

    counted = [202] * CODES_AN_HOUR + [429]
    assert codes("127.0.5.1") == counted, "what stands before the proxy's own word is not looked at"
    assert codes("127.0.6.1") == counted, "another network has its own rate: the proxy is believed"
    assert codes("127.0.7.1", past_the_proxy=True) == counted, "who is no proxy is not believed"
