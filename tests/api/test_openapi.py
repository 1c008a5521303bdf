"""The description of every call is whole: what it does, who may call, what comes back. docs/openapi.json is the same text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from starlette.routing import Route

from liangzheng.api.app import described, routes_of
from liangzheng.api.auth import authenticators
from liangzheng.api.table import RESOURCES
from liangzheng.cli import papers
from tests.api.phone import Phone

DESCRIBED = described()
OPERATIONS = [
    (method.upper(), path, operation)
    for path, operations in DESCRIBED["paths"].items()
    for method, operation in operations.items()
]
ROUTES = {
    f"{method} {route.path}": route
    for route in routes_of(RESOURCES)
    if isinstance(route, Route)
    for method in (route.methods or set()) - {"HEAD"}
}
BEARERS = {"caller", "verifier", "officer", "reviewer", "face_reviewer", "company"}
WITHOUT_BODY = {"POST /relying/notices/{notice_id}/attempts"}
"""Accepted, and nothing to say; besides what answers 204."""
PAGES = {"GET /", "GET /docs", "GET /openapi.json", "GET /open/figures.html"}
every_operation = pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[f"{method} {path}" for method, path, _ in OPERATIONS]
)


def test_every_route_but_the_pages_is_described() -> None:
    assert {f"{method} {path}" for method, path, _ in OPERATIONS} == set(ROUTES) - PAGES


@every_operation
def test_an_operation_says_what_it_does_and_what_comes_back(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    assert len(operation["summary"]) > 3
    assert operation["operationId"]
    good = [status for status in operation["responses"] if status.startswith("2")]
    assert len(good) == 1
    for status, response in operation["responses"].items():
        assert response["description"], status
    problem = operation["responses"]["default"]["content"]
    assert problem == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    if good == ["204"] or f"{method} {path}" in WITHOUT_BODY:
        assert "content" not in operation["responses"][good[0]]
    else:
        assert operation["responses"][good[0]]["content"]
        for media_type, content in operation["responses"][good[0]]["content"].items():
            assert content.get("schema"), f"{media_type} without a schema"


@every_operation
def test_an_operation_says_who_may_call_it(method: str, path: str, operation: dict[str, Any]) -> None:
    who = authenticators(ROUTES[f"{method} {path}"])
    assert operation["security"] == [{name: []} for name in who]
    for name in who:
        scheme = DESCRIBED["components"]["securitySchemes"][name]
        assert scheme["description"]
        if name in BEARERS:
            assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
        else:  # a header of its own, which its description explains
            assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "Authorization")
            assert scheme["description"].startswith(f"`{name.title()} ")


@every_operation
def test_every_parameter_of_the_path_is_described(method: str, path: str, operation: dict[str, Any]) -> None:
    told = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
    assert told == set(re.findall(r"\{(\w+)\}", path))


def test_no_two_operations_have_one_name() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)


async def test_what_is_served_is_what_is_checked_in(phone: Phone) -> None:
    served = (await phone.get("/openapi.json")).json()
    assert served == json.loads((papers.ROOT / "docs" / "openapi.json").read_text("utf-8"))


def test_a_changed_route_makes_the_checked_in_description_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "openapi", lambda: "{}\n")
    assert papers.ROOT / "docs" / "openapi.json" in papers.stale()
