"""Deny by default: every route says who may call it, and does what it says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from liangzheng.api.app import create_app, routes_of
from liangzheng.api.auth import (
    Holder,
    authenticates,
    authenticators,
    bearer_token,
    is_authenticating,
    is_public,
    public,
    undeclared,
)
from liangzheng.api.bodies import resource
from liangzheng.api.table import RESOURCES
from liangzheng.kernel.errors import NotAuthenticated
from tests.api.conftest import SmallWiring
from tests.api.phone import Phone, refused
from tests.api.small import small_app

ROUTES = [route for route in routes_of(RESOURCES) if isinstance(route, Route)]


def name_of(route: Route) -> str:
    return f"{sorted(route.methods or ())[0]} {route.path}"


def test_every_route_says_who_may_call_it() -> None:
    assert undeclared(routes_of(RESOURCES)) == []
    assert len(ROUTES) >= 18


def test_what_is_public_is_this_list_and_nothing_else() -> None:
    """A new public route is a decision: it is written down here."""
    assert {name_of(route) for route in ROUTES if not authenticators(route)} == {
        "GET /",
        "GET /docs",
        "GET /openapi.json",
        "GET /healthz",
        "GET /readyz",
        "POST /holder/accounts",
        "POST /holder/sessions",
        "POST /staff/enrolments",
        "POST /staff/enrolments/confirmations",
        "POST /staff/sessions",
        "POST /staff/second-factors/passkey-challenges",
        "POST /relying/token",  # the client's id and secret are in the request itself (RFC 6749 §2.3.1)
        "POST /holder/codes",
        "POST /holder/codes/proofs",
        "POST /holder/password-resets",
        "POST /holder/mobile-change-stops",
        "POST /holder/passkeys/log-in-challenges",
        "POST /holder/passkeys/sessions",
        "GET /open/agreement-texts",
        "GET /open/deployment",
        "GET /open/figures",
        "GET /open/figures.csv",
        "GET /open/figures.html",
        "GET /open/rollout",
        "GET /open/rollout/waves",
        "GET /open/simulated-messages",
        "GET /open/status-lists",
        "GET /open/status-lists/sequence",
        "GET /open/status-lists/{list_id}",
        "GET /open/trust-bundle",
    }


def test_nothing_is_both_public_and_behind_a_login() -> None:
    assert [name_of(route) for route in ROUTES if is_public(route.endpoint) and authenticators(route)] == []


async def test_a_route_behind_a_login_turns_strangers_away(wiring: SmallWiring) -> None:
    """All of them in one place: what turns somebody away leaves nothing there that the next would meet."""
    app, closed, let_in = create_app(wiring), [route for route in ROUTES if authenticators(route)], []  # type: ignore[arg-type]
    assert len(closed) > 100
    async with Phone.over(app) as phone:
        for route in closed:
            path = route.path
            for name in route.param_convertors:
                path = path.replace("{" + name + "}", "x")
            method = sorted((route.methods or set()) - {"HEAD"})[0]
            for headers in ({}, {"Authorization": "Bearer " + "A" * 64}, {"Authorization": "Basic eDp4"}):
                app.state.rates.forget()
                answer = await phone.client.request(method, path, headers=headers)
                try:
                    refused(answer, 401, "not-authenticated")
                    assert answer.headers["www-authenticate"] == "Bearer"
                except (AssertionError, KeyError, ValueError) as failed:
                    let_in.append(f"{name_of(route)} with {headers}: {failed!r:.300}")
    assert not let_in, "\n".join(let_in)


# --- the guard itself -------------------------------------------------------------------------------

sound = resource("", "test")


@authenticates
async def somebody(request: Request) -> str:
    return bearer_token(request)


async def nested(who: str = Depends(somebody)) -> str:
    return who


@sound.get("/public")
@public
async def for_everybody() -> None: ...


@sound.get("/direct")
async def direct(who: str = Depends(somebody)) -> None: ...


@sound.get("/nested")
async def through_another(who: str = Depends(nested)) -> None: ...


@sound.get("/holder")
async def for_holders(who: Holder) -> None: ...


forgetful = resource("", "test")


@forgetful.get("/forgotten")
async def forgotten() -> None: ...


async def plain(request: Request) -> PlainTextResponse:
    return PlainTextResponse("")


def test_routes_that_say_it_in_any_of_the_ways_are_let_in() -> None:
    assert undeclared(sound.routes) == []


@pytest.mark.parametrize(
    "route",
    [*forgetful.routes, Route("/plain", plain), Mount("/files", StaticFiles(directory="/usr/share/doc"))],
    ids=["FastAPI", "Starlette", "a folder"],
)
def test_an_application_with_a_forgotten_route_does_not_start(route: BaseRoute) -> None:
    with pytest.raises(RuntimeError, match="who may call"):
        small_app([*sound.routes, route])


def test_a_folder_of_files_can_be_said_to_be_public() -> None:
    assert undeclared([Mount("/files", public(StaticFiles(directory="/usr/share/doc")))]) == []


@pytest.mark.parametrize(
    "headers",
    [
        [], [("authorization", "Bearer")], [("authorization", "Bearer ")], [("authorization", "Basic abc")],
        [("authorization", "abc")], [("authorization", "Bearer a"), ("authorization", "Bearer b")],
        [("authorization", "Bearer " + "a" * 513)], [("authorization", "Bearer é")],
    ],
    ids=["none", "no token", "blank", "other scheme", "no scheme", "two", "endless", "accented"],
)  # fmt: skip
def test_what_is_no_bearer_token_is_nobody(headers: list[tuple[str, str]]) -> None:
    scope: dict[str, Any] = {"type": "http", "headers": [(n.encode(), v.encode()) for n, v in headers]}
    with pytest.raises(NotAuthenticated):
        bearer_token(Request(scope))


def test_the_longest_token_is_one() -> None:
    header = b"Bearer " + b"a" * 512
    assert len(bearer_token(Request({"type": "http", "headers": [(b"authorization", header)]}))) == 512


def test_only_what_was_marked_authenticates() -> None:
    async def anybody(request: Request) -> None: ...

    assert not is_authenticating(anybody)
    assert is_authenticating(authenticates(anybody))


def test_a_forgotten_route_is_named_with_its_methods() -> None:
    routes = [
        Route("/plain", plain, methods=["POST"]),
        Mount("/files", StaticFiles(directory="/usr/share/doc")),
    ]
    assert undeclared(routes) == ["POST /plain", "ANY /files"]


def test_the_scheme_may_be_written_small() -> None:
    assert bearer_token(Request({"type": "http", "headers": [(b"authorization", b"bearer abc")]})) == "abc"


def test_the_application_is_made_of_every_file_in_the_table(wiring: Any) -> None:
    app: FastAPI = create_app(wiring)
    paths = {route.path for route in app.routes if isinstance(route, APIRoute | Route)}
    assert {route.path for route in ROUTES} == paths
    assert httpx.URL("/docs").path in paths
