"""What people do in the apps, by the words on the screen. Every act ends when the screen says that it is done."""

from __future__ import annotations

import base64
import http.client
import json
import re
import secrets
import time
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


def log_in_staff(page: Any, stage: Stage, who: Mapping[str, Any]) -> None:
    """A member of staff, with password and one-time code, in the console."""
    page.goto(_base(page) + "/#/log-in")
    page.locator("input[name=number]").fill(who["number"])
    page.locator("input[name=password]").fill(who["password"])
    page.locator("input[name=totp]").fill(one_time_code(stage, who))
    page.locator("button[type=submit]").click()
    page.get_by_role("navigation").first.wait_for()


def show_face(page: Any) -> None:
    """One face check, agreement and all; it has passed when the button is gone, or there for the next one."""
    page.get_by_role(
        "button", name="开始实人认证"
    ).wait_for()  # so it is called once the agreements have come
    agreement = page.get_by_role("checkbox").first
    if agreement.count() and not agreement.is_checked():
        agreement.click()
    page.get_by_role("button", name="开始实人认证").click()


def apply(page: Any) -> None:
    """Applies with the archived photo and waits on the progress screen for the licence on this phone."""
    page.goto(_base(page) + "/#/apply")
    page.get_by_role("button", name="是我本人").click()
    page.get_by_role("button", name="下一步").click()
    both_faces(page)
    page.get_by_role("link", name="查看进度").click(timeout=_LONG_MS)
    page.get_by_role("link", name="亮证", exact=True).or_(
        page.get_by_role("button", name="亮证", exact=True)
    ).first.wait_for(timeout=_LONG_MS)


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
    page.goto(_base(page) + "/#/")  # a code on the screen already may have been shown to somebody
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
        octets = self._exchange(method, path, None if body is None else sent, headers)
        return json.loads(octets) if octets else None

    def octets(self, path: str) -> bytes:
        """What a GET answers that is no JSON. Raises Unavailable."""
        return self._exchange("GET", path, None, {"Host": f"127.0.0.1:{self._stage.port}"})

    def _exchange(self, method: str, path: str, sent: bytes | None, headers: Mapping[str, str]) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._stage.port, timeout=30)
        try:
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            octets = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise Unavailable(f"{method} {path}: {answer.status} {octets[:500].decode(errors='replace')}")
        return octets


def one_time_code(stage: Stage, member: Mapping[str, Any]) -> str:
    """A code of this member's that was not used yet and is taken now; waits for its half minute when three in a row were."""
    secret, number = totp.from_base32(member["totp_secret"]), str(member["number"])
    step = max(stage.steps_used.get(number, 0) + 1, totp.step_of(datetime.now(UTC)) - totp.SKEW_STEPS)
    while step > totp.step_of(datetime.now(UTC)) + totp.SKEW_STEPS:
        time.sleep(0.2)
    stage.steps_used[number] = step
    return totp.code_at(secret, step)


def member(stage: Stage, number: str, *duties: str) -> dict[str, Any]:
    """A new member of staff with these duties nationwide, enrolled: number, password, totp_secret."""
    words = [word for duty in duties for word in ("--duty", duty)]
    printed = stage.lz(
        "staff", "add", number, "演示人员", "演示车辆管理所 (demonstration)", "--region", "nationwide", *words
    )
    api, password = Api(stage), secrets.token_urlsafe(12)
    body = {"number": number, "enrolment_code": _enrolment_code(printed)}
    made = {
        "number": number,
        "password": password,
        "totp_secret": api.ask("POST", "/staff/enrolments", body)["secret"],
    }
    body |= {"password": password, "totp": one_time_code(stage, made)}
    api.ask("POST", "/staff/enrolments/confirmations", body)
    return made


def officer(stage: Stage, who: Mapping[str, Any]) -> Api:
    """A member of staff, logged in at the API."""
    body = {"number": who["number"], "password": who["password"], "totp": one_time_code(stage, who)}
    return Api(stage, Api(stage).ask("POST", "/staff/sessions", body)["token"])


def _enrolment_code(printed: str) -> str:
    found = re.search(r"enrolment code: (\S+)", printed)
    if found is None:
        raise Unavailable("lz staff add printed no enrolment code")
    return found[1]


def company(stage: Stage, name: str, *purposes: str) -> dict[str, str]:
    """A fictional company, registered for these purposes (`rental:may_drive,name+bulk`) and approved: id, secret."""
    from liangzheng.relying.model import credit_check_character

    words = [word for purpose in purposes for word in ("--purpose", purpose)]
    code = f"91000000MA{secrets.randbelow(10**7):07d}"
    code += credit_check_character(code)
    printed = stage.lz("company", "register", f"{name} (demonstration)", "--credit-code", code, *words)
    made = {"id": printed.split()[0], "secret": printed.rpartition("secret: ")[2].strip()}
    stage.lz("company", "approve", made["id"], "--reason", "demonstration")
    return made


def log_in_officer(page: Any, stage: Stage, who: Mapping[str, Any]) -> None:
    """An officer, with password and one-time code, in the verifier's app."""
    page.goto(_base(page) + "/#/log-in")
    page.get_by_label("警号").fill(who["number"])
    page.get_by_label("密码").fill(who["password"])
    page.get_by_label("动态验证码").fill(one_time_code(stage, who))
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_role("link", name="数字码").wait_for()


def log_in_company(page: Any, who: Mapping[str, str]) -> None:
    """A company, with its id and secret, in the verifier's app."""
    page.goto(_base(page) + "/#/log-in")
    page.get_by_role("radio", name="企业").check()
    page.get_by_label("客户端编号").fill(who["id"])
    page.get_by_label("客户端密钥").fill(who["secret"])
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_role("link", name="询问").wait_for()


def case_number(kind: str, division: str) -> str:
    """A case number of today, such as R-500000-20261122-123456."""
    from liangzheng.kernel.time import civil_day

    return f"{kind}-{division}-{civil_day(datetime.now(UTC)):%Y%m%d}-{secrets.randbelow(10**6):06d}"


def _base(page: Any) -> str:
    scheme, _, rest = str(page.url).partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"
