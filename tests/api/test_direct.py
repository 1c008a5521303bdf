"""The short way to hot routes answers as the long way does; only what it costs differs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import BaseRoute

from liangzheng.api.app import dress
from liangzheng.api.auth import authenticates
from liangzheng.api.direct import Application
from liangzheng.api.frame import Limits
from liangzheng.api.hot import hot_get, hot_post
from liangzheng.kernel.errors import Conflict, NotAuthenticated
from liangzheng.kernel.time import FixedClock


class AskBody(msgspec.Struct, forbid_unknown_fields=True):
    word: str


class Reply(msgspec.Struct):
    word: str


@authenticates
async def somebody(request: Request) -> str:
    if request.headers.get("authorization") != "Bearer right":
        raise NotAuthenticated("no")
    return "somebody"


async def say(request: Request, who: str, body: AskBody) -> Reply:
    if body.word == "conflict":
        raise Conflict("not again", place="word")
    if body.word == "bug":
        raise RuntimeError("a bug")
    assert request.app.state.wiring == "wired"
    return Reply(body.word)


async def hear(request: Request, who: str) -> Reply:
    return Reply(request.path_params.get("word", "fixed"))


def routes() -> list[BaseRoute]:
    return [
        hot_post("/hot/say", say, who=somebody, body=AskBody, answer=Reply, summary="say"),
        hot_get("/hot/fixed", hear, who=somebody, answer=Reply, summary="hear"),
        hot_get("/hot/{word}", hear, who=somebody, answer=Reply, summary="hear a word"),
    ]


def dressed(kind: type[FastAPI], clock: FixedClock) -> FastAPI:
    app = kind(openapi_url=None)
    app.state.wiring = "wired"
    return dress(app, routes(), clock, Limits(hosts=frozenset({"test"})))


@asynccontextmanager
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


@pytest.fixture
def both(clock: FixedClock) -> tuple[FastAPI, FastAPI]:
    """The same application, with the short way and without."""
    return dressed(Application, clock), dressed(FastAPI, clock)


RIGHT = {"Authorization": "Bearer right"}
REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/hot/say", {"json": {"word": "hello"}, "headers": RIGHT}),
    ("POST", "/hot/say", {"json": {"word": "hello"}}),
    ("POST", "/hot/say", {"json": {"word": "conflict"}, "headers": RIGHT}),
    ("POST", "/hot/say", {"json": {"word": "hello", "more": 1}, "headers": RIGHT}),
    ("POST", "/hot/say", {"content": b"{", "headers": RIGHT | {"Content-Type": "application/json"}}),
    ("POST", "/hot/say", {"content": b"word=hello", "headers": RIGHT}),
    (
        "POST",
        "/hot/say",
        {"content": b"x" * 100_000, "headers": RIGHT | {"Content-Type": "application/json"}},
    ),
    ("POST", "/hot/say", {"json": {"word": "hello"}, "headers": RIGHT | {"Host": "elsewhere"}}),
    ("POST", "/hot/say", {"json": {"word": "hello"}, "headers": RIGHT | {"X-Phone-Time": "1"}}),
    ("GET", "/hot/say", {"headers": RIGHT}),
    ("PUT", "/hot/say", {"headers": RIGHT}),
    ("GET", "/hot/fixed", {"headers": RIGHT}),
    ("GET", "/hot/other", {"headers": RIGHT}),
    ("GET", "/nothing", {"headers": RIGHT}),
]


@pytest.mark.parametrize(("method", "path", "more"), REQUESTS, ids=str)
async def test_both_ways_answer_the_same(
    both: tuple[FastAPI, FastAPI], method: str, path: str, more: dict[str, Any]
) -> None:
    answers = []
    for app in both:
        async with client(app) as caller:
            answers.append(await caller.request(method, path, **more))
    short, long = answers
    assert (short.status_code, short.content, short.headers) == (long.status_code, long.content, long.headers)


async def test_a_bug_is_a_plain_500_on_both_ways(both: tuple[FastAPI, FastAPI]) -> None:
    for app in both:
        async with client(app) as caller:
            answer = await caller.post("/hot/say", json={"word": "bug"}, headers=RIGHT)
        assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
        assert "a bug" not in answer.text


async def test_the_short_way_is_taken_and_only_for_fixed_paths(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: without the framework's layers fixed paths still answer, others do not."""
    app = dressed(Application, clock)

    async def closed(self: FastAPI, scope: Any, receive: Any, send: Any) -> None:
        raise ConnectionError("the long way is closed")

    monkeypatch.setattr(FastAPI, "__call__", closed)
    async with client(app) as caller:
        assert (await caller.get("/hot/fixed", headers=RIGHT)).status_code == 200
        assert (await caller.get("/hot/other", headers=RIGHT)).status_code == 500
