"""Requests made from the description, right and wrong ones, to every operation, as nobody and as callers of every kind but
one: a register source signs each body, so whoever makes bodies up is nobody to it.

No answer is a 5xx, and every answer is as described: status, media type, schema. Six right and six wrong requests an
operation and caller, the same each time; LZ_TEST_FUZZ=500 makes more, and others each time.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from liangzheng.api.app import described, routes_of
from liangzheng.api.table import RESOURCES
from liangzheng.infra.keys_file import KeyDirs, init
from liangzheng.infra.postgres import Database
from liangzheng.kernel.time import FixedClock, SystemClock
from liangzheng.standards.keys import Alg
from tests.api.cast import Cast, assemble
from tests.api.matrix import AUTHENTICATORS, HOLDER, OFFICER, POLICE, RELYING
from tests.licences.holders import Deployment

FUZZ = os.environ.get("LZ_TEST_FUZZ")
EACH = int(FUZZ) if FUZZ else 6
CALLERS = ("nobody", HOLDER, POLICE, OFFICER, RELYING)
CHECKS: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ENDS_A_SESSION = ("DELETE /holder/sessions/current", "DELETE /staff/sessions/current")
PROVES = "POST /staff/sessions/current/proofs"
"""Answers a wrong second factor as a log-in does."""


@schemathesis.serializer("application/x-ndjson")
def _lines(_: Any, value: Any) -> dict[str, Any]:
    """Lines go as the text they are."""
    return {"data": value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")}


@cache
def cases() -> dict[str, list[Any]]:
    """Operation → requests, in the order of the description, what ends the session last."""
    schema = schemathesis.openapi.from_dict(described())
    made = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        name = f"{operation.method.upper()} {operation.path}"
        found = made[name] = []
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            found += _drawn(operation, mode)
    for name in ENDS_A_SESSION:
        made[name] = made.pop(name)[:2]
    return made


def _drawn(operation: Any, mode: GenerationMode) -> list[Any]:
    found: list[Any] = []

    @given(operation.as_strategy(generation_mode=mode))
    @hypothesis_settings(
        max_examples=EACH,
        derandomize=FUZZ is None,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def keep(case: Any) -> None:
        found.append(case)

    try:
        keep()
    except Exception as error:  # an operation without parameters has no wrong request
        if "negative" not in str(error).lower() and type(error).__name__ not in (
            "Unsatisfiable",
            "SkipTest",
            "Skipped",
        ):
            raise
    return found[:EACH]


@pytest.fixture
async def cast(database: Database, tmp_path: Path) -> AsyncIterator[Cast]:
    clock = FixedClock(SystemClock().now())  # readiness compares it with the database's
    init(KeyDirs.under(tmp_path / "keys"), Alg.ES256, clock.now(), "Fictional Authority")
    async with Deployment.over(database, clock, tmp_path, LZ_CODE_WITHIN_MS="0") as place:
        yield await assemble(place)
    shutil.rmtree(tmp_path / "keys")


def test_every_operation_has_its_requests() -> None:
    names = {
        f"{method.upper()} {path}" for path, methods in described()["paths"].items() for method in methods
    }
    assert set(cases()) == names
    assert [name for name, made in cases().items() if not made] == []
    assert sum(map(len, cases().values())) > 3 * len(names)
    # The description leaves out nothing but pages: a route that is not in it would not be asked.
    routes = {
        f"{method} {route.path}"
        for route in routes_of(RESOURCES)
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert routes - names == {"GET /", "GET /docs", "GET /openapi.json", "GET /open/figures.html"}


@pytest.mark.parametrize("caller", CALLERS)
async def test_no_request_breaks_an_operation_and_every_answer_is_as_described(
    cast: Cast, caller: str
) -> None:
    wrong, statuses, done, away, answered = [], set(), set(), set(), set()
    for name, made in cases().items():
        for case in made:
            cast.forget_limits()
            answer = await sent(cast, case, cast.headers_of(caller))
            if answer is None:
                continue
            answered.add(name)
            statuses.add(answer.status_code)
            done |= {name} if answer.status_code < 300 else set()
            away |= {name} if answer.status_code == 401 else set()
            if name == "GET /readyz" and answer.status_code == 503:
                continue  # a slow machine: the clock stands still meanwhile
            try:
                case.validate_response(answer, checks=CHECKS)
            except BaseExceptionGroup as found:
                wrong.append(
                    f"{name} {case.body!r:.200}: {answer.status_code} {answer.text[:200]}: {found.exceptions[0]!r:.300}"
                )
            except AssertionError as found:
                wrong.append(
                    f"{name} {case.body!r:.200}: {answer.status_code} {answer.text[:200]}: {found!r:.300}"
                )
    assert wrong == [], "\n".join(wrong)
    assert answered == set(cases()), "an operation none of whose requests could be sent"
    assert 200 in statuses
    assert 401 in statuses
    # The caller is the one it should be: heard wherever one of its kind is, and something was done.
    mine = operations_of(caller)
    assert (away & mine) - {*ENDS_A_SESSION, PROVES} == set()
    assert caller == "nobody" or done & mine


def operations_of(caller: str) -> set[str]:
    """Operations behind a login that lets this caller in."""
    return {
        f"{method.upper()} {path}"
        for path, methods in described()["paths"].items()
        for method, operation in methods.items()
        for scheme in operation["security"]
        if caller in AUTHENTICATORS[next(iter(scheme))]
    }


async def sent(cast: Cast, case: Any, headers: dict[str, str]) -> httpx.Response | None:
    """The answer; None for a request that no client could send."""
    said = case.as_transport_kwargs(base_url="http://test")
    mine = {
        name: value for name, value in (said.get("headers") or {}).items() if name.lower() != "authorization"
    }
    body: dict[str, Any] = {}
    if said.get("json") is not None:
        body["json"] = said["json"]
    elif said.get("data") is not None:  # a form, by name; or octets
        body["data" if isinstance(said["data"], dict) else "content"] = said["data"]
    try:
        return await cast.place.phone.client.request(
            said["method"], said["url"], params=said.get("params"), headers=mine | headers, **body
        )
    except (UnicodeEncodeError, httpx.InvalidURL, TypeError, httpx.LocalProtocolError):
        return None


async def test_an_answer_that_is_not_as_described_is_noticed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the checks see a field too many and a status that is no promise."""
    case = cases()["GET /holder/account"][0]
    honest = await sent(cast, case, cast.headers_of(HOLDER))
    assert honest is not None
    case.validate_response(honest, checks=CHECKS)
    said = honest.json()
    for status, body in ((200, said | {"level": "one"}), (200, {}), (500, said), (200, [said])):
        other = httpx.Response(status, json=body, request=honest.request)
        other.elapsed = honest.elapsed
        with pytest.raises((AssertionError, BaseExceptionGroup)):
            case.validate_response(other, checks=CHECKS)
    assert asdict(cast.mine.things)["driver"] == said["driver_id"]
