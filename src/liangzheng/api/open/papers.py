"""GET /openapi.json and GET /docs: the description of every call, for programs and for people."""

from __future__ import annotations

from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse

from liangzheng.api.auth import public
from liangzheng.api.bodies import resource
from liangzheng.api.pages import page

router = resource("", "open")


@router.get("/openapi.json", include_in_schema=False)
@public
async def openapi_json(request: Request) -> JSONResponse:
    """The OpenAPI 3.1 description, made from the routes that run."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", include_in_schema=False)
@public
async def docs(request: Request) -> HTMLResponse:
    """The same as a plain page: FastAPI's own pages load scripts from a CDN."""
    description = request.app.openapi()
    rows = "".join(
        _row(method, path, operation)
        for path, operations in sorted(description["paths"].items())
        for method, operation in operations.items()
    )
    body = (
        f"<h1>接口说明 <span lang='en'>API</span></h1><p><a href='/'>亮证</a> · "
        f"<a href='/openapi.json'>openapi.json</a> · 版本 {escape(description['info']['version'])}</p>"
        "<p>错误一律为 <code>application/problem+json</code>（RFC 9457）。<span lang='en'>"
        "Who the person is comes from the login, never from a body. Every POST that writes takes an "
        "<code>Idempotency-Key</code>, a log-in excepted.</span></p>"
        "<table><thead><tr><th scope='col'>调用 Call</th><th scope='col'>说明 What it does</th>"
        f"<th scope='col'>登录 Login</th></tr></thead><tbody lang='en'>{rows}</tbody></table>"
    )
    return page("接口说明 · 亮证 LiangZheng", body)


def _row(method: str, path: str, operation: dict[str, Any]) -> str:
    said = operation.get("description") or operation.get("summary") or ""
    login = ", ".join(name for need in operation.get("security", ()) for name in need) or "–"
    return (
        f"<tr><td><code>{escape(method.upper())} {escape(path)}</code></td>"
        f"<td>{escape(said)}</td><td>{escape(login)}</td></tr>"
    )
