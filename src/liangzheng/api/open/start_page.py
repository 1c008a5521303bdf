"""GET /: what this is, what in it is simulated, where the web apps are, how to log in. Chinese first, English below."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse

from liangzheng.api.auth import public
from liangzheng.api.bodies import resource
from liangzheng.api.pages import page
from liangzheng.api.wired import wired

router = resource("", "open")

_TEXT: Final = Template((resources.files(__package__) / "start_page.html").read_text("utf-8"))
_SIMULATED_OUTSIDE_PRODUCTION: Final = (
    ("驾驶人库中的人均为虚构", "The people in the driver register are made up"),
    (
        "实名只与本机驾驶人库比对",
        "Real names are compared with this register only; no outside source is asked",
    ),
)
_APPS: Final = {
    "driver": ("驾驶人端：申领、亮证、亮码", "Driver's app: apply, show"),
    "verify": ("核验端：扫码核验", "Verifier's app: scan and verify"),
    "staff": ("业务控制台：民警与工作人员", "Staff console"),
    "open": ("公开数据", "Public figures"),
}


@router.get("/", include_in_schema=False)
@public
async def start_page(request: Request) -> HTMLResponse:
    """The start page; the same for everybody."""
    wiring = wired(request)
    simulated = simulated_neighbours(
        wiring.settings.mode,
        face=wiring.face_verifier.simulated,
        real_name=wiring.real_name.simulated,
        sms=wiring.sms.simulated,
    )
    base = str(request.base_url.replace(scheme=wiring.settings.scheme)).rstrip("/")
    port = re.search(r":\d{1,5}$", request.headers.get("host", ""))
    apps = _apps(wiring.settings.face_hosts, port[0] if port else "")
    return page("亮证 LiangZheng", _TEXT.substitute(notice=_notice(simulated), apps=apps, base=escape(base)))


def simulated_neighbours(mode: str, *, face: bool, real_name: bool, sms: bool) -> list[tuple[str, str]]:
    """What in this deployment stands in for a real neighbour, in Chinese and English. Empty in production."""
    if mode == "production":
        return []
    found = [*_SIMULATED_OUTSIDE_PRODUCTION]
    if face:
        found.append(("实人认证为模拟，不看人脸", "The face check is simulated: it looks at no face"))
    if real_name:
        found.append(("实名来源为模拟", "The source of real names is simulated"))
    if sms:
        found.append(
            (
                "短信为模拟，不发往任何手机，写入数据目录的 simulated-sms.ndjson，网页上也显示",
                "Text messages are simulated: none reaches a mobile, they are in simulated-sms.ndjson of the data directory, "
                "and shown in the app",
            )
        )
    return found


def _notice(simulated: Sequence[tuple[str, str]]) -> str:
    if not simulated:
        return ""
    items = "".join(f"<li>{escape(zh)} <span lang='en'>· {escape(en)}</span></li>" for zh, en in simulated)
    return (
        '<div class="notice" role="note"><p><strong>演示环境，以下为模拟：</strong> '
        f'<span lang="en">Not the real thing. Simulated here:</span></p><ul>{items}</ul></div>'
    )


def _apps(hosts: Mapping[str, str], port: str) -> str:
    """Where the web apps are, on hosts of their own; nothing where none is served."""
    items = "".join(
        f'<li><a href="//{escape(hosts[name] + port)}/">{zh} <span lang="en">· {escape(en)}</span></a></li>'
        for name, (zh, en) in _APPS.items()
        if name in hosts
    )
    return f'<h2>网页应用 <span lang="en">· Web apps</span></h2>\n<ul>{items}</ul>' if items else ""
