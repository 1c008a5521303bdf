"""What people do in the apps, by the words on the screen. Every act ends when the screen says that it is done."""

from __future__ import annotations

import base64
import http.client
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from liangzheng.cli.browser.stage import Stage
from liangzheng.kernel.errors import Unavailable
from liangzheng.standards import totp

_LONG_MS: Final = 60_000


def log_in(page: Any, driver: Mapping[str, Any]) -> None:
    """A driver, from whichever screen of the driver's app."""
    page.goto(_base(page) + "/#/log-in")
    page.get_by_label("手机号").fill(driver["mobile"])
    page.get_by_label("密码").fill(driver["password"])
    page.locator("button[type=submit]").click()
    page.get_by_role("heading", name="电子驾驶证", exact=True).wait_for()
    page.get_by_role("link", name="谁看过我的证").wait_for()


def show_face(page: Any) -> None:
    """One face check, agreement and all; it has passed when the button is gone, or there for the next one."""
    page.get_by_role("button", name="开始实人认证").wait_for()
    agreement = page.get_by_role("checkbox")
    if agreement.count():
        agreement.click()
    page.get_by_role("button", name="开始实人认证").click()


def apply(page: Any) -> None:
    """Applies with the archived photo and waits for the licence on this phone."""
    page.goto(_base(page) + "/#/apply")
    page.get_by_role("button", name="是我本人").click()
    page.get_by_role("button", name="下一步").click()
    both_faces(page)
    page.get_by_text("已受理").first.wait_for(timeout=_LONG_MS)
    until_held(page)


def both_faces(page: Any) -> None:
    """The check that binds the phone, and the one for the application."""
    show_face(page)
    page.get_by_text("第 2 次，共 2 次").wait_for(timeout=_LONG_MS)
    show_face(page)


def until_held(page: Any) -> None:
    """The licence is on this phone: home offers to show it."""
    page.goto(_base(page) + "/#/")
    page.get_by_role("button", name="亮证", exact=True).wait_for(timeout=_LONG_MS)


def shown_code(page: Any) -> str:
    """The 亮码 on the driver's screen, opened now."""
    page.goto(_base(page) + "/#/code")
    canvas = page.locator("canvas[data-code]")
    canvas.wait_for()
    code: str = canvas.get_attribute("data-code")
    return code


class Api:
    """The platform's own API, as somebody: what a test needs done without looking at a screen."""

    def __init__(self, stage: Stage, token: str | None = None) -> None:
        self._stage, self._token = stage, token

    def ask(self, method: str, path: str, body: Any = None, *, basic: str | None = None) -> Any:
        """The answer's JSON. Raises Unavailable with the problem for a refusal."""
        headers = {"Host": f"127.0.0.1:{self._stage.port}", "Idempotency-Key": secrets.token_hex(12)}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(basic.encode()).decode()
        if isinstance(body, str):
            sent, headers["Content-Type"] = body.encode(), "application/x-www-form-urlencoded"
        else:
            sent, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self._stage.port, timeout=30)
        try:
            connection.request(method, path, None if body is None else sent, headers)
            answer = connection.getresponse()
            octets = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise Unavailable(f"{method} {path}: {answer.status} {octets[:500].decode(errors='replace')}")
        return json.loads(octets) if octets else None


def one_time_code(officer: Mapping[str, Any]) -> str:
    """The officer's code of this half minute; one is taken once."""
    return totp.code_at(totp.from_base32(officer["totp_secret"]), totp.step_of(datetime.now(UTC)))


def officer(stage: Stage, number: int = 0) -> Api:
    """An officer of the demonstration, logged in."""
    who = stage.officers()[number]
    body = {"number": who["number"], "password": who["password"], "totp": one_time_code(who)}
    return Api(stage, Api(stage).ask("POST", "/staff/sessions", body)["token"])


def case_number(kind: str, division: str) -> str:
    """A case number of today, such as R-500000-20261122-123456."""
    from liangzheng.kernel.time import civil_day

    return f"{kind}-{division}-{civil_day(datetime.now(UTC)):%Y%m%d}-{secrets.randbelow(10**6):06d}"


def _base(page: Any) -> str:
    scheme, _, rest = str(page.url).partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
