from __future__ import annotations

from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from liangzheng.api.auth import authenticates, authenticators, bearer_token, public, undeclared
from liangzheng.api.bodies import Body, resource
from liangzheng.api.hot import hot_get, hot_post
from liangzheng.api.openapi import describe
from liangzheng.kernel.errors import Conflict
from tests.api.phone import refused
from tests.api.small import client_of, small_app


class Question(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    again: bool = False


class Reply(msgspec.Struct):
    heard: str
    who: str


@authenticates
async def somebody(request: Request) -> str:
    return bearer_token(request)


async def reply(request: Request, who: str, body: Question) -> Reply:
    """Says it back."""
    if body.code == "moved":
        raise Conflict("it has moved on")
    return Reply(body.code, who)


async def look(request: Request, who: str) -> Response:
    return PlainTextResponse(request.path_params["name"])


HOT = [
    hot_post(
        "/hot/replies", reply, who=somebody, body=Question, answer=Reply, summary="Say it back", status=201
    ),
    hot_get("/hot/looks/{name}", look, who=somebody, answer=str, summary="Look"),
]
usual = resource("", "test")


class UsualQuestion(Body):
    code: str
    again: bool = False


@usual.post("/usual")
@public
async def ask(body: UsualQuestion) -> None: ...


ME = {"Authorization": "Bearer me"}


async def post(body: Any = None, headers: dict[str, str] = ME, **more: Any) -> Any:
    async with client_of(small_app(HOT)) as client:
        return await client.post("/hot/replies", json=body, headers=headers, **more)


async def test_a_hot_route_decodes_acts_and_encodes() -> None:
    answer = await post({"code": "x"})
    assert (answer.status_code, answer.json()) == (201, {"heard": "x", "who": "me"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_response_goes_out_as_it_is_and_the_path_is_read() -> None:
    async with client_of(small_app(HOT)) as client:
        answer = await client.get("/hot/looks/abc", headers=ME)
    assert (answer.status_code, answer.text) == (200, "abc")


async def test_who_calls_is_asked_before_the_body_is_looked_at() -> None:
    refused(await post({"nonsense": 1}, headers={}), 401, "not-authenticated")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "body.code"),
        ({"code": 1}, "body.code"),
        ({"code": "x", "person_id": "y"}, "body.person_id"),
        ([], "body"),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_by_place(body: Any, place: str) -> None:
    assert refused(await post(body), 422, "invalid")["place"] == place


@pytest.mark.parametrize(
    "octets",
    [
        b'{"code": "x", "code": "y"}',
        b'{"code": "x", "code": "x"}',
        b'{"code": "x", "again": true, "again": false}',
        b'{"code": "x", "c\\u006fde": "y"}',
    ],
    ids=["another value", "the same value", "an optional field", "written otherwise"],
)
async def test_a_key_that_stands_twice_is_refused_like_on_every_other_route(octets: bytes) -> None:
    headers = ME | {"Content-Type": "application/json"}
    async with client_of(small_app([*HOT, *usual.routes])) as client:
        hot = refused(await client.post("/hot/replies", content=octets, headers=headers), 422, "invalid")
        there = refused(await client.post("/usual", content=octets, headers=headers), 422, "invalid")
    assert hot["rule"] == there["rule"] == "well-formed JSON, each key once"
    assert hot["place"] == "body"


async def test_no_body_at_all_is_refused() -> None:
    async with client_of(small_app(HOT)) as client:
        refused(await client.post("/hot/replies", headers=ME), 422, "invalid")


async def test_a_failure_of_the_act_is_a_problem_like_everywhere() -> None:
    refused(await post({"code": "moved"}), 409, "conflict")


def test_a_hot_route_cannot_be_made_without_an_authenticator() -> None:
    async def nobody(request: Request) -> str:
        return "anybody"

    with pytest.raises(ValueError, match="authenticates"):
        hot_get("/x", look, who=nobody, answer=str, summary="")


def test_a_hot_body_that_would_swallow_unknown_fields_cannot_be_used() -> None:
    class Lax(msgspec.Struct):
        code: str

    async def act(request: Request, who: str, body: Lax) -> str:
        return ""

    with pytest.raises(ValueError, match="forbid_unknown_fields"):
        hot_post("/x", act, who=somebody, body=Lax, answer=str, summary="")


def test_a_hot_route_says_who_may_call_it() -> None:
    assert undeclared(HOT) == []
    assert [authenticators(route) for route in HOT] == [["somebody"], ["somebody"]]


def test_hot_routes_are_in_the_description_with_their_types() -> None:
    usual = resource("/usual", "test")

    @usual.get("")
    async def show(request: Request) -> None: ...

    app = small_app(HOT)
    described = describe(app)
    operation = described["paths"]["/hot/replies"]["post"]
    assert operation["security"] == [{"somebody": []}]
    ref = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    question = described["components"]["schemas"][ref.rsplit("/", 1)[1]]
    assert question["additionalProperties"] is False
    assert question["required"] == ["code"]
    assert described["paths"]["/hot/looks/{name}"]["get"]["parameters"][0]["name"] == "name"
    assert all(isinstance(route, Route) for route in HOT)
