"""The web apps' layer: files by host name, the face's part of the API, the login in a cookie no script can read."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from liangzheng.api.faces import COOKIE, FACES, OPENING, Faces, content_security_policy, token_in
from liangzheng.api.frame import SECURITY_HEADERS

HOSTS = {"driver": "driver.localhost", "staff": "staff.localhost"}


class Inner:
    """Stands for the API: notes what reached it and answers what it is told to."""

    def __init__(self) -> None:
        self.asked: list[Scope] = []
        self.status, self.body = 200, b'{"fine":true}'
        self.more_headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope)
        start: Message = {
            "type": "http.response.start", "status": self.status,
            "headers": [
                (b"content-type", b"application/json"), (b"content-length", str(len(self.body)).encode()),
                *self.more_headers,
            ],
        }  # fmt: skip
        await send(start)
        await send({"type": "http.response.body", "body": self.body})

    def authorization(self) -> str | None:
        return dict(self.asked[-1]["headers"]).get(b"authorization", b"").decode() or None


@pytest.fixture
def inner() -> Inner:
    return Inner()


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "driver"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>driver</title>", "utf-8")
    (folder / "assets" / "index-1.js").write_text("plain", "utf-8")
    (folder / "assets" / "index-1.js.gz").write_bytes(gzip.compress(b"small"))
    (folder / ".built-from").write_text("x", "utf-8")
    (tmp_path / "secret.txt").write_text("outside", "utf-8")
    return tmp_path


@pytest.fixture
async def browser(inner: Inner, built: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Faces(inner, HOSTS, built))
    async with httpx.AsyncClient(transport=transport, base_url="http://driver.localhost:8765") as client:
        yield client


HERE = {"sec-fetch-site": "same-origin"}


async def test_a_face_s_host_answers_its_files_under_its_policy(
    browser: httpx.AsyncClient, inner: Inner
) -> None:
    answer = await browser.get("/")
    assert answer.status_code == 200 and "driver" in answer.text and not inner.asked
    assert answer.headers["content-security-policy"] == content_security_policy(FACES["driver"])
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["permissions-policy"].startswith("camera=(self)")


async def test_names_with_a_hash_are_kept_for_ever_and_sent_compressed(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/assets/index-1.js", headers={"accept-encoding": "gzip"})
    assert answer.text == "small" and answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    plain = await browser.get("/assets/index-1.js", headers={"accept-encoding": "identity"})
    assert plain.text == "plain" and "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br, gzip", "gzip"), ("deflate, GZIP;q=0.1", "gzip"), ("gzip;q=0", None), ("gzip; q=0.000, br", None),
        ("x-gzip", None), ("gzippy", None), ("", None),
    ],
)  # fmt: skip
async def test_a_coding_is_sent_to_who_takes_it(
    browser: httpx.AsyncClient, accepted: str, coding: str | None
) -> None:
    answer = await browser.get("/assets/index-1.js", headers={"accept-encoding": accepted})
    assert answer.status_code == 200 and answer.headers.get("content-encoding") == coding


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "//secret.txt"]
)
async def test_nothing_outside_the_folder_is_served(browser: httpx.AsyncClient, path: str) -> None:
    assert "outside" not in (await browser.get(path)).text


async def test_an_app_that_is_not_built_says_how_to_build_it(inner: Inner, built: Path) -> None:
    transport = httpx.ASGITransport(Faces(inner, HOSTS, built))
    async with httpx.AsyncClient(transport=transport, base_url="http://staff.localhost") as client:
        answer = await client.get("/")
    assert answer.status_code == 503 and "./lz web build" in answer.text


async def test_another_host_goes_on_to_the_api_untouched(inner: Inner, built: Path) -> None:
    transport = httpx.ASGITransport(Faces(inner, HOSTS, built))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
        await client.get("/api/holder/account", headers={"authorization": "Bearer abc"})
    assert inner.asked[0]["path"] == "/api/holder/account" and inner.authorization() == "Bearer abc"


async def test_a_face_reaches_its_own_part_of_the_api_only(browser: httpx.AsyncClient, inner: Inner) -> None:
    assert (await browser.get("/api/holder/account")).status_code == 200
    assert inner.asked[-1]["path"] == "/holder/account"
    for path in ("/api/staff/members", "/api/relying/token", "/api/holders", "/api/", "/api"):
        assert (await browser.get(path)).status_code == 404
    assert len(inner.asked) == 1


async def test_the_token_of_a_login_goes_into_a_cookie_and_nowhere_else(
    browser: httpx.AsyncClient, inner: Inner
) -> None:
    inner.status, inner.body = 201, json.dumps({"token": "secret-token", "level": 1}).encode()
    answer = await browser.post("/api/holder/sessions", json={}, headers=HERE)
    assert answer.json() == {"level": 1} and "secret-token" not in answer.text
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=secret-token; Path=/; ")
    assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(cookie.split("; "))
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_every_route_that_answers_with_a_token_has_it_kept_in_the_cookie() -> None:
    paper = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text("utf-8"))
    schemas, opening = paper["components"]["schemas"], set()
    for path, methods in paper["paths"].items():
        for answer in methods.get("post", {}).get("responses", {}).values():
            schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
            named = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
            if {"token", "access_token"} & set(named.get("properties", {})):
                opening.add(path)
    assert {"/holder/sessions", "/staff/sessions", "/staff/enrolments/confirmations"} <= opening
    assert all(path.endswith(OPENING) for path in opening), opening


async def test_the_cookie_comes_back_as_a_bearer_token_and_a_script_s_own_is_dropped(
    browser: httpx.AsyncClient, inner: Inner
) -> None:
    await browser.get(
        "/api/holder/account", headers={"cookie": f"{COOKIE}=abc", "authorization": "Bearer planted"}
    )
    assert inner.authorization() == "Bearer abc"
    assert b"cookie" not in dict(inner.asked[-1]["headers"])
    await browser.get("/api/holder/account", headers={"authorization": "Bearer planted"})
    assert inner.authorization() is None


async def test_a_refused_login_sets_no_cookie(browser: httpx.AsyncClient, inner: Inner) -> None:
    inner.status, inner.body = 401, b'{"code":"not-authenticated"}'
    answer = await browser.post("/api/holder/sessions", json={}, headers=HERE)
    assert answer.status_code == 401 and "set-cookie" not in answer.headers


async def test_a_refused_login_has_no_browser_ask_for_a_password(
    browser: httpx.AsyncClient, inner: Inner
) -> None:
    inner.status, inner.body = 401, b'{"code":"not-authenticated"}'
    inner.more_headers = [(b"WWW-Authenticate", b'Basic realm="liangzheng"')]
    answer = await browser.post("/api/holder/sessions", json={}, headers=HERE)
    assert answer.status_code == 401 and "www-authenticate" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),  # another face is another site's page for us
        ({"origin": "http://driver.localhost:8765"}, True),
        ({"origin": "http://staff.localhost:8765"}, False),
        ({"origin": "null"}, False),
    ],
)
async def test_what_another_page_sends_is_refused(
    browser: httpx.AsyncClient, inner: Inner, headers: dict[str, str], passes: bool
) -> None:
    answer = await browser.post("/api/holder/sessions", json={}, headers=headers)
    assert (answer.status_code != 403) is passes and bool(inner.asked) is passes


@pytest.mark.parametrize(
    ("scheme", "origin", "passes"),
    [
        ("https", "https://driver.localhost:8765", True), ("https", "http://driver.localhost:8765", False),
        ("http", "http://driver.localhost:8765", True), ("http", "https://driver.localhost:8765", True),
        ("https", "https://driver.localhost", False), ("https", "https://staff.localhost:8765", False),
    ],
)  # fmt: skip
async def test_where_tls_is_spoken_a_page_without_it_is_another_s(
    inner: Inner, built: Path, scheme: str, origin: str, passes: bool
) -> None:
    transport = httpx.ASGITransport(Faces(inner, HOSTS, built, scheme=scheme))
    async with httpx.AsyncClient(transport=transport, base_url="http://driver.localhost:8765") as client:
        answer = await client.post("/api/holder/sessions", json={}, headers={"origin": origin})
    assert (answer.status_code != 403) is passes and bool(inner.asked) is passes


@pytest.mark.parametrize(
    ("site", "login"),
    [("same-origin", "Bearer abc"), ("none", "Bearer abc"), ("same-site", None), ("cross-site", None)],
)
async def test_what_another_page_loads_is_asked_by_nobody(
    browser: httpx.AsyncClient, inner: Inner, site: str, login: str | None
) -> None:
    """Cookies go with what a sibling host's page loads, and readings are recorded: an address in a picture reads nothing."""
    asked = {"cookie": f"{COOKIE}=abc", "sec-fetch-site": site}
    assert (await browser.get("/api/holder/account", headers=asked)).status_code == 200
    assert inner.authorization() == login
    await browser.get("/api/holder/account", headers=asked | {"authorization": "Basic eDp5"})
    assert inner.authorization() == ("Basic eDp5" if login else None)


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/<script>", {}, 404),
        ("POST", "/api/holder/sessions", {"sec-fetch-site": "cross-site"}, 403),
        ("DELETE", "/api/cookie", {}, 204),
        ("POST", "/", {}, 405),
        ("GET", "/%00", {}, 404),
        ("GET", "/none", {}, 404),
        ("GET", "/assets/index-1.js", {"range": "bytes=900-"}, 416),
        ("GET", "/assets/index-1.js", {"range": "bytes=3-1"}, 400),
        ("GET", "/assets/index-1.js", {"range": "bytes=1-2"}, 206),
        ("HEAD", "/assets/index-1.js", {}, 200),
    ],
)
async def test_every_answer_of_a_face_carries_the_headers(
    browser: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await browser.request(method, path, headers={"accept-encoding": "identity"} | headers)
    assert answer.status_code == status
    assert "<script" not in answer.text or answer.headers["content-type"] == "application/problem+json"
    for name, _ in SECURITY_HEADERS:
        assert len(answer.headers.get_list(name.decode())) == 1, name


async def test_the_cookie_is_forgotten_without_the_server_s_word(
    browser: httpx.AsyncClient, inner: Inner
) -> None:
    answer = await browser.delete("/api/cookie", headers=HERE)
    assert answer.status_code == 204 and "Max-Age=0" in answer.headers["set-cookie"] and not inner.asked


@pytest.mark.parametrize(
    "text",
    [
        "", "a=b", f"{COOKIE}=", "\x00;;==", f"x{COOKIE}=abc", f"{COOKIE.lower()}=abc",
        # What a sibling host may set with `Domain=`: no browser takes these for a cookie of that name.
        f"a=b {COOKIE}=planted", f"a=b\t{COOKIE}=planted", f"a=b, {COOKIE}=planted", f"a=b\xa0{COOKIE}=planted",
        f"{COOKIE} =planted", f"\x0b{COOKIE}=planted", f"$Version=1 {COOKIE}=planted",
        f"{COOKIE}=planted; {COOKIE}=abc", f'{COOKIE}="abc"', f"{COOKIE}=a b", f"{COOKIE}=abc\x0a",
        f"{COOKIE}=" + "x" * 513,
    ],
)  # fmt: skip
def test_no_token_is_read_from_other_cookies(text: str) -> None:
    assert token_in(text) is None


@pytest.mark.parametrize(
    "text",
    [
        f"{COOKIE}=abc", f"a=b; {COOKIE}=abc;c=d", f"a=b {COOKIE}=planted; {COOKIE}=abc",
        f"{COOKIE}=abc; z=y {COOKIE}=planted", f"path=/; {COOKIE}=abc", f"version=2; {COOKIE}=abc",
        f'a="; {COOKIE}=abc; b="', f"a=\\; ;;x; {COOKIE}=abc",
    ],
)  # fmt: skip
def test_cookies_of_others_neither_plant_nor_hide_the_token(text: str) -> None:
    assert token_in(text) == "abc"


def test_every_face_asks_only_for_paths_the_api_has() -> None:
    description: dict[str, Any] = json.loads(
        (Path(__file__).parents[2] / "docs" / "openapi.json").read_text("utf-8")
    )
    for face in FACES.values():
        for begin in face.api:
            assert any(path.startswith(begin) for path in description["paths"]), (face.name, begin)


def test_scripts_come_from_the_face_s_own_host_only() -> None:
    for face in FACES.values():
        policy = content_security_policy(face)
        assert (
            "unsafe-eval" not in policy.replace("wasm-unsafe-eval", "")
            and "http" not in policy
            and "*" not in policy
        )
