from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request

from liangzheng.api import problems
from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.problems import FAILURES, PROTOCOL, breaches_of, of_failure, of_msgspec
from liangzheng.kernel import errors
from liangzheng.kernel.errors import Failure, Invalid, NotFound, NotVerified, TooMany
from tests.api.phone import refused
from tests.api.small import client_of, small_app

SECRET = "320200180001010013"


def test_the_table_and_the_class_list_are_the_same() -> None:
    assert set(FAILURES) == set(Failure.__subclasses__())
    assert {kind.code for kind in FAILURES.values()} == {failure.code for failure in Failure.__subclasses__()}


def test_no_code_is_used_for_two_statuses_but_for_the_malformed() -> None:
    kinds = {*FAILURES.values(), *PROTOCOL.values()}
    statuses: dict[str, set[int]] = {}
    for kind in kinds:
        statuses.setdefault(kind.code, set()).add(kind.status)
    assert {code for code, used in statuses.items() if len(used) > 1} == {"bad-request"}


def test_a_subclass_of_a_failure_is_answered_like_it() -> None:
    class NoSuchLicence(NotFound):
        pass

    assert of_failure(NoSuchLicence("there is no such licence")).status_code == 404


def test_a_failure_nobody_put_in_the_table_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="no status"):
        of_failure(Failure("unheard of"))


def test_a_verification_names_its_step_and_a_limit_its_wait() -> None:
    body = msgspec.json.decode(of_failure(NotVerified("fresh", "shown 95 s ago")).body)
    assert (body["place"], body["rule"], body["status"]) == ("fresh", "shown 95 s ago", 400)
    answer = of_failure(TooMany("slow down", retry_after_s=7))
    assert (answer.headers["retry-after"], msgspec.json.decode(answer.body)["retry_after_s"]) == ("7", 7)


def test_who_is_not_logged_in_is_told_how() -> None:
    answer = of_failure(errors.NotAuthenticated("log in"))
    assert answer.headers["www-authenticate"] == "Bearer"


# --- what the framework refuses ---------------------------------------------------------------------

router = resource("/things", "test")


class Inner(Body):
    count: int


class Thing(Body):
    name: str
    inner: Inner
    kind: str = "usual"


class Named(Answer):
    name: str


@router.post("")
@public
async def make(body: Thing) -> Named:
    return Named(name=body.name)


@router.get("/bug")
@public
async def bug() -> Named:
    try:
        int(SECRET + "x")
    except ValueError as error:
        raise RuntimeError(f"cannot count {SECRET}") from error
    return Named(name="")


@router.get("/failure")
@public
async def failure() -> Named:
    raise Invalid("citizen number", "18 characters")


@router.get("/teapot")
@public
async def teapot(request: Request) -> Named:
    raise HTTPException(418, f"short and stout {SECRET}")


@router.get("/{number}")
@public
async def one(number: int) -> Named:
    return Named(name=str(number))


@pytest.fixture
def app() -> FastAPI:
    return small_app(router.routes)


async def ask(app: FastAPI, method: str, path: str, **more: Any) -> httpx.Response:
    async with client_of(app) as client:
        return await client.request(method, path, **more)


async def test_an_unknown_path_is_not_found(app: FastAPI) -> None:
    refused(await ask(app, "GET", f"/{SECRET}"), 404, "not-found")


async def test_a_wrong_method_is_told_the_right_ones(app: FastAPI) -> None:
    answer = await ask(app, "DELETE", "/things")
    refused(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


async def test_a_path_that_does_not_parse_names_place_and_rule(app: FastAPI) -> None:
    body = refused(await ask(app, "GET", f"/things/{SECRET}x"), 422, "invalid")
    assert (body["place"], body["rule"]) == ("path.number", "an integer")


async def test_a_failure_of_ours_keeps_its_place_and_rule(app: FastAPI) -> None:
    body = refused(await ask(app, "GET", "/things/failure"), 422, "invalid")
    assert (body["place"], body["rule"]) == ("citizen number", "18 characters")


async def test_a_refusal_of_the_framework_loses_its_text(app: FastAPI) -> None:
    answer = await ask(app, "GET", "/things/teapot")
    assert answer.status_code == 418
    assert SECRET not in answer.text


GOOD: dict[str, Any] = {"name": "x", "inner": {"count": 1}}
BAD_BODIES: list[tuple[Any, str, str]] = [
    ({}, "body.name", "is required"),
    ({"name": "x"}, "body.inner", "is required"),
    ({**GOOD, "name": 7}, "body.name", "text"),
    ({**GOOD, "name": None}, "body.name", "text"),
    ({**GOOD, "inner": {"count": "1"}}, "body.inner.count", "an integer"),
    ({**GOOD, "inner": {"count": 1.5}}, "body.inner.count", "an integer"),
    ({**GOOD, "inner": {"count": True}}, "body.inner.count", "an integer"),
    ({**GOOD, "inner": []}, "body.inner", "an object"),
    ({**GOOD, "person_id": SECRET}, "body.person_id", "is not a field here"),
    ({**GOOD, SECRET: 1}, "body.(unknown)", "is not a field here"),
    ({**GOOD, f"number_{SECRET}": 1}, "body.(unknown)", "is not a field here"),
    ([GOOD], "body", "an object"),
    (SECRET, "body", "an object"),
    (None, "body", "is required"),
]


@pytest.mark.parametrize(("body", "place", "rule"), BAD_BODIES, ids=[f"{b[1]}: {b[2]}" for b in BAD_BODIES])
async def test_a_body_that_does_not_fit_names_place_and_rule_and_never_the_value(
    app: FastAPI, body: Any, place: str, rule: str
) -> None:
    answer = await ask(app, "POST", "/things", json=body)
    found = refused(answer, 422, "invalid")
    assert {"place": place, "rule": rule} in found["errors"]
    assert SECRET not in answer.text


async def test_the_body_the_bad_ones_were_made_from_is_good(app: FastAPI) -> None:
    assert (await ask(app, "POST", "/things", json=GOOD)).json() == {"name": "x"}


@pytest.mark.parametrize(
    "octets",
    [
        b"{", b"", b"nonsense " + SECRET.encode(), b'{"name": "x", "name": "y", "inner": {"count": 1}}',
        b'{"name": "x", "inner": {"count": NaN}}', b'{"name": "x", "inner": {"count": Infinity}}',
        b'{"name": "\xff", "inner": {"count": 1}}', b'{"name": "x", "inner": {"count": 1}} {}',
        b'{"name": "x", "inner": {"count": 1, "count": 2}}',
        b'{"name": "x", "inner": {"count": ' + b"9" * 5000 + b"}}",
    ],
    ids=[
        "cut off", "empty", "no JSON", "key twice", "NaN", "Infinity", "not UTF-8", "two values",
        "inner key twice", "endless number",
    ],
)  # fmt: skip
async def test_what_is_no_strict_json_is_refused_without_being_quoted(app: FastAPI, octets: bytes) -> None:
    answer = await ask(app, "POST", "/things", content=octets, headers={"Content-Type": "application/json"})
    refused(answer, 422, "invalid")
    assert SECRET not in answer.text


# --- bugs -------------------------------------------------------------------------------------------


class Log:
    """Writes down what was logged."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def error(self, event: str, **fields: Any) -> None:
        self.lines.append((event, fields))


async def test_a_bug_is_answered_with_an_id_and_logged_by_type_and_place_only(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    monkeypatch.setattr(problems, "_log", log)
    answer = await ask(app, "GET", "/things/bug")
    body = refused(answer, 500, "internal-error")
    ((event, fields),) = log.lines
    assert event == "unexpected error"
    assert fields["request"] == body["error_id"]
    assert fields["error"] == "RuntimeError from ValueError"
    assert "test_problems.py" in fields["at"]
    for text in (answer.text, repr(log.lines)):
        assert SECRET not in text
        assert "Traceback" not in text


# --- words ------------------------------------------------------------------------------------------


def test_pydantics_own_message_and_input_are_never_repeated() -> None:
    error = {
        "type": "brand_new",
        "loc": ("body", "x"),
        "msg": f"bad {SECRET}",
        "input": SECRET,
        "ctx": {"a": SECRET},
    }
    (breach,) = breaches_of([error])
    assert (breach.place, breach.rule) == ("body.x", "has the documented form")


def test_a_thousand_errors_are_answered_with_twenty() -> None:
    assert len(breaches_of([{"type": "missing", "loc": ("body", n)} for n in range(1000)])) == 20


class Hot(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    many: list[int] = []


@pytest.mark.parametrize(
    ("octets", "place", "rule"),
    [
        (b"{", "body", "well-formed JSON, each key once"),
        (b"{}", "body.code", "is required"),
        (b'{"code": 7}', "body.code", "is of type str"),
        (b'{"code": "x", "person_id": "y"}', "body.person_id", "is not a field here"),
        (b'{"code": "x", "' + SECRET.encode() + b'": "y"}', "body.(unknown)", "is not a field here"),
        (b'{"code": "x", "many": [1, "2"]}', "body.many[1]", "is of type int"),
        (b"[]", "body", "is of type object"),
    ],
)
def test_a_hot_route_names_place_and_rule_too(octets: bytes, place: str, rule: str) -> None:
    with pytest.raises(msgspec.DecodeError) as wrong:
        msgspec.json.decode(octets, type=Hot)
    body = msgspec.json.decode(of_msgspec(wrong.value).body)
    assert (body["place"], body["rule"]) == (place, rule)
    assert SECRET.encode() not in of_msgspec(wrong.value).body
