from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse

from liangzheng.api.app import LARGER_BODIES
from liangzheng.api.auth import caller, is_authenticating, public
from liangzheng.api.bodies import is_deeper_than, resource
from liangzheng.api.frame import KIB, SECURITY_HEADERS, LargerBody, Limits
from liangzheng.kernel.errors import NotAuthenticated
from liangzheng.kernel.time import FixedClock
from tests.api.phone import refused
from tests.api.small import client_of, small_app
from tests.conftest import NOW

router = resource("", "test")


@router.post("/echo")
@public
async def echo(request: Request) -> dict[str, int]:
    return {"octets": len(await request.body())}


@router.post("/large/{name}")
@public
async def large(request: Request, name: str) -> dict[str, int]:
    return {"octets": len(await request.body())}


@router.get("/own-headers")
@public
async def own_headers() -> JSONResponse:
    return JSONResponse({}, headers={"Cache-Control": "public, max-age=60", "Content-Security-Policy": "x"})


@router.get("/offset")
@public
async def offset(request: Request) -> dict[str, int | None]:
    return {"ms": request.state.phone_offset_ms}


async def anybody(request: Request) -> str:
    if request.headers.get("authorization") == "Bearer wrong":
        raise NotAuthenticated("log in")
    if request.headers.get("authorization") == "Bearer bug":
        raise RuntimeError("a bug")
    return "anybody"


LIMITS = Limits(
    body_octets=1000,
    larger=(LargerBody(re.compile("/large/[a-z]+"), 5000, anybody),),
    body_s=0.05,
    depth=4,
)
JSON = {"Content-Type": "application/json"}


def octets(size: int) -> bytes:
    return b'"' + b"x" * (size - 2) + b'"'


async def send(
    path: str = "/echo", *, limits: Limits = LIMITS, host: str = "test", **more: Any
) -> httpx.Response:
    async with client_of(small_app(router.routes, limits), host) as client:
        return await client.post(path, **more)


# --- in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "size", "fits"),
    [
        ("/echo", 1000, True), ("/echo", 1001, False), ("/large/x", 5000, True), ("/large/x", 5001, False),
        ("/large/x/y", 1001, False),
    ],
)  # fmt: skip
async def test_a_body_has_the_limit_of_its_path(path: str, size: int, fits: bool) -> None:
    answer = await send(path, content=octets(size), headers=JSON)
    if fits:
        assert answer.json() == {"octets": size}
    else:
        refused(answer, 413, "too-large")
        assert answer.headers["connection"] == "close"


async def test_a_body_that_does_not_announce_its_size_is_counted_as_it_comes() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 100
            yield b" " * 100

    refused(await send(content=endless(), headers=JSON), 413, "too-large")
    assert taken <= 1300


async def test_a_body_that_dribbles_in_is_cut_off() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)
        yield b"}"

    refused(await send(content=slow(), headers=JSON), 408, "too-slow")


@pytest.mark.parametrize("length", ["-1", "1e3", "99999999999999999999", "x", "1001"])
async def test_an_announced_length_that_is_too_large_or_none_is_refused_unread(length: str) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    refused(await send(content=never(), headers={**JSON, "Content-Length": length}), 413, "too-large")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "application/json; charset=gbk",
        "", "multipart/form-data",
    ],
)  # fmt: skip
async def test_only_json_in_utf8_is_read(content_type: str) -> None:
    answer = await send(content=b"{}", headers={"Content-Type": content_type})
    refused(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json;charset=utf-8", 'Application/JSON; charset="UTF-8"'],
)
async def test_json_may_say_that_it_is_utf8(content_type: str) -> None:
    assert (await send(content=b"{}", headers={"Content-Type": content_type})).status_code == 200


async def test_a_packed_body_is_not_unpacked() -> None:
    refused(
        await send(content=b"{}", headers={**JSON, "Content-Encoding": "gzip"}), 415, "unsupported-media-type"
    )


@pytest.mark.parametrize(("depth", "fits"), [(4, True), (5, False), (450, False)])
async def test_a_body_nests_only_so_deep(depth: int, fits: bool) -> None:
    answer = await send(content=b"[" * depth + b"]" * depth, headers=JSON)
    assert (answer.status_code == 200) is fits
    if not fits:
        assert refused(answer, 422, "invalid")["rule"] == "nested at most 4 deep"


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


values = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{}"\\ax', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(alphabet='[{"\\', max_size=3), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(values, st.integers(0, 8), st.booleans())
def test_the_depth_of_any_json_is_told_without_parsing_it(value: Any, limit: int, spaced: bool) -> None:
    text = json.dumps(value, separators=(" , ", " : ") if spaced else None).encode()
    assert is_deeper_than(text, limit) is (depth_of(value) > limit)


async def test_only_the_names_this_service_has_are_served() -> None:
    limits = Limits(hosts=frozenset({"licence.example", "::1"}))
    for host, served in [
        ("licence.example", True), ("licence.example:8765", True), ("LICENCE.example", True),
        ("[::1]:8765", True),
        ("evil.example", False), ("licence.example.evil.example", False), ("", False),
    ]:  # fmt: skip
        answer = await send(limits=limits, content=b"{}", headers={**JSON, "Host": host})
        if served:
            assert answer.status_code == 200
        else:
            refused(answer, 421, "wrong-host")


async def test_without_names_any_is_served() -> None:
    assert (await send(host="anything.example", content=b"{}", headers=JSON)).status_code == 200


def test_only_face_frames_may_be_larger_than_64_kib() -> None:
    limits = Limits(larger=LARGER_BODIES)
    larger = limits.larger_for("/holder/face-checks/fch_x/frames")
    assert larger is not None
    assert larger.octets == 2048 * KIB
    assert larger.who is caller
    assert is_authenticating(larger.who)
    for path in (
        "/holder/face-checks",
        "/holder/face-checks/a/b/frames",
        "/holder/face-checks/x/frames/",
        "/holder/accounts",
    ):
        assert limits.larger_for(path) is None
    assert limits.body_octets == 64 * KIB


@pytest.mark.parametrize(("token", "status"), [("wrong", 401), ("bug", 500)])
async def test_a_larger_body_of_whom_we_do_not_know_is_not_read(token: str, status: int) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("somebody read it")
        yield b""

    headers = JSON | {"Authorization": f"Bearer {token}", "Content-Length": "4000"}
    answer = await send("/large/a", content=never(), headers=headers)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"


# --- half a request ---------------------------------------------------------------------------------


async def test_half_a_request_is_no_request() -> None:
    """A body cut off by a vanished client must not reach a route as an empty one."""
    called = False
    inner = resource("", "test")

    @inner.post("/act")
    @public
    async def act() -> dict[str, str]:
        nonlocal called
        called = True
        return {}

    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def keep(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": "/act",
        "raw_path": b"/act", "root_path": "", "scheme": "http", "query_string": b"", "server": ("test", 80),
        "client": None, "headers": [(b"host", b"test"), (b"content-type", b"application/json")],
    }  # fmt: skip
    await small_app(inner.routes)(scope, receive, keep)
    assert (called, sent) == (False, [])


async def test_a_websocket_is_closed() -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def keep(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "websocket", "path": "/echo", "headers": []}
    await small_app(router.routes)(scope, receive, keep)
    assert sent == [{"type": "websocket.close", "code": 1008}]


# --- out --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/echo", "/nowhere", "/own-headers"])
async def test_every_answer_carries_the_security_headers(path: str) -> None:
    answer = await send(path, content=b"{}", headers=JSON)
    for name, value in SECURITY_HEADERS:
        assert answer.headers.get_list(name.decode()) == [value.decode()]


async def test_refusals_of_the_frame_itself_carry_them_too() -> None:
    answer = await send(content=octets(2000), headers=JSON)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


async def test_a_route_keeps_the_headers_it_set_itself() -> None:
    async with client_of(small_app(router.routes)) as client:
        answer = await client.get("/own-headers")
    assert answer.headers.get_list("cache-control") == ["public, max-age=60"]
    assert answer.headers.get_list("content-security-policy") == ["x"]


async def test_every_answer_carries_the_servers_time() -> None:
    clock = FixedClock(datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC))
    async with client_of(small_app(router.routes, clock=clock)) as client:
        assert (await client.get("/offset")).headers["date"] == "Sat, 28 Feb 2026 23:59:59 GMT"
        clock.advance(1)
        assert (await client.get("/nowhere")).headers["date"] == "Sun, 01 Mar 2026 00:00:00 GMT"


@pytest.mark.parametrize("ahead_ms", [0, 1, 90_000, -3_600_000])
async def test_a_phone_is_told_how_far_its_clock_is_off(ahead_ms: int) -> None:
    sent = int(NOW.timestamp() * 1000) + ahead_ms
    async with client_of(small_app(router.routes)) as client:
        answer = await client.get("/offset", headers={"X-Phone-Time": str(sent)})
    assert answer.headers["x-phone-clock-offset"] == str(ahead_ms)
    assert answer.json() == {"ms": ahead_ms}


@pytest.mark.parametrize("sent", ["", "now", "-5", "1.5", "9" * 16, "１７９５"])
async def test_a_phone_time_that_cannot_be_read_locks_nobody_out(sent: str) -> None:
    async with client_of(small_app(router.routes)) as client:
        answer = await client.get("/offset", headers={"X-Phone-Time": sent.encode()})
    assert answer.status_code == 200
    assert "x-phone-clock-offset" not in answer.headers
