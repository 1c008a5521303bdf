"""The OpenAPI description, made from the routes that run: FastAPI's, the hot ones, who may call, problems."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.routing import Route

from liangzheng.api.auth import authenticators, is_public
from liangzheng.api.hot import Described
from liangzheng.api.octets import OCTETS
from liangzheng.api.problems import MEDIA_TYPE

_REF = "#/components/schemas/{name}"
_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same key with the same request is done once and answered alike.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 64, "pattern": r"^[\x21-\x7e]+$"},
}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "code"],
    "properties": {
        "type": {"type": "string", "description": "urn:liangzheng:problem:<code>"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "place": {"type": "string", "description": "where the broken rule stood"},
        "rule": {"type": "string", "description": "what it should have been; never the value"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["place", "rule"],
                "properties": {"place": {"type": "string"}, "rule": {"type": "string"}},
            },
        },
        "retry_after_s": {"type": "integer"},
        "error_id": {"type": "string"},
    },
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description; made once, then kept on the application."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    description = get_openapi(
        title=app.title,
        version=app.version,
        routes=app.routes,
        description="Electronic driving licences: apply, show, verify.",
    )
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                operation = description["paths"][route.path_format][method.lower()]
                _finish(operation, [] if is_public(route.endpoint) else authenticators(route))
        elif isinstance(route, Route) and hasattr(route.endpoint, "described"):
            _add_hot(description, route, route.endpoint.described)
    description["paths"] = dict(sorted(description["paths"].items()))
    names = {
        n for ops in description["paths"].values() for op in ops.values() for s in op["security"] for n in s
    }
    description["components"]["securitySchemes"] = {
        name: _SCHEMES.get(name, {"type": "http", "scheme": "bearer", "description": f"token of a {name}"})
        for name in sorted(names)
    }
    return description


_SCHEMES: dict[str, dict[str, Any]] = {
    "caller": {"type": "http", "scheme": "bearer", "description": "token of POST /holder/sessions"},
    "verifier": {
        "type": "http",
        "scheme": "bearer",
        "description": "token of a terminal that verifies, or a company's of POST /relying/token",
    },
    "officer": {"type": "http", "scheme": "bearer", "description": "token of POST /staff/sessions"},
    "reviewer": {
        "type": "http",
        "scheme": "bearer",
        "description": "token of POST /staff/sessions, of who reviews photos",
    },
    "face_reviewer": {
        "type": "http",
        "scheme": "bearer",
        "description": "token of POST /staff/sessions, of who reviews face checks an engine left open",
    },
    "company": {"type": "http", "scheme": "bearer", "description": "token of POST /relying/token"},
    # No scheme of the registry of RFC 9110 §16.4.1, so it is described as what it is: one header.
    "source": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Source <id>.<proof>`: the id of a register source and, base64url, its COSE_Sign1 over the body, "
        "detached: docs/how-to/feed-the-register.md",
    },
}
"""Name of the function that authenticates → how (OpenAPI 3.1 §4.8.27); others take a bearer token."""


def _finish(operation: dict[str, Any], who: list[str]) -> None:
    # FastAPI's summary is the function's name; the docstring's first sentence says more.
    said = " ".join(operation.get("description", "").split())
    operation["summary"] = said.partition(". ")[0].rstrip(".") or operation["summary"]
    operation["security"] = [{name: []} for name in who]
    operation.get("responses", {}).pop("422", None)
    operation["responses"]["default"] = {
        "description": "A problem (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name="Problem")}}},
    }


def _add_hot(description: dict[str, Any], route: Route, described: Described) -> None:
    types = [described.answer] if described.body is None else [described.answer, described.body]
    found, components = msgspec.json.schema_components(types, ref_template=_REF)
    answer = found[0] if described.media_type == "application/json" else OCTETS
    description["components"]["schemas"].update(components)
    operation: dict[str, Any] = {
        "summary": described.summary,
        "tags": [described.tag],
        "operationId": f"{described.tag}_{route.name}_{'_'.join(sorted(route.methods or ()))}".lower(),
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in route.param_convertors
        ]
        + [
            {"name": name, "in": "query", "required": True, "schema": {"type": "string"}}
            for name in described.query
        ]
        + ([_KEY] if described.needs_key else []),
        "responses": {
            str(described.status): {
                "description": "Done",
                "content": {described.media_type: {"schema": answer}},
            }
        },
    }
    if described.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": found[1]}}}
    _finish(operation, authenticators(route))
    for method in sorted((route.methods or set()) - {"HEAD"}):
        description["paths"].setdefault(route.path_format, {})[method.lower()] = operation
