"""Failure → HTTP status and text (RFC 9457), in one table. The code is stable; the title is for people.

Nothing of what the caller sent is ever repeated: a problem names the place and the rule.
"""

from __future__ import annotations

import re
import secrets
import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from liangzheng.infra.logs import logger
from liangzheng.kernel.errors import (
    AgreementNeeded,
    Conflict,
    Failure,
    Forbidden,
    Invalid,
    NotAuthenticated,
    NotFound,
    NotVerified,
    TooLarge,
    TooMany,
    Unavailable,
)

_log = logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:liangzheng:problem:"


@dataclass(frozen=True, slots=True)
class Kind:
    """How one code is answered."""

    code: str
    status: int
    title: str


FAILURES: Final[Mapping[type[Failure], Kind]] = {
    NotVerified: Kind(NotVerified.code, 400, "A verification step failed"),
    NotAuthenticated: Kind(NotAuthenticated.code, 401, "Log in first"),
    Forbidden: Kind(Forbidden.code, 403, "Not allowed"),
    AgreementNeeded: Kind(AgreementNeeded.code, 403, "Your agreement comes first"),
    NotFound: Kind(NotFound.code, 404, "Not found"),
    Conflict: Kind(Conflict.code, 409, "Conflict with what is already there"),
    TooLarge: Kind(TooLarge.code, 413, "Too large"),
    Invalid: Kind(Invalid.code, 422, "The request breaks a rule"),
    TooMany: Kind(TooMany.code, 429, "Too many requests"),
    Unavailable: Kind(Unavailable.code, 503, "Out of reach for the moment"),
}
"""Every direct subclass of Failure, once: a test compares this with the class list."""

PROTOCOL: Final[Mapping[int, Kind]] = {
    400: Kind("bad-request", 400, "The request is malformed"),
    404: FAILURES[NotFound],
    405: Kind("method-not-allowed", 405, "Method not allowed here"),
    408: Kind("too-slow", 408, "The request took too long"),
    411: Kind("bad-request", 411, "The request is malformed"),
    413: FAILURES[TooLarge],
    415: Kind("unsupported-media-type", 415, "Send application/json"),
    421: Kind("wrong-host", 421, "This host name is not served here"),
    431: Kind("headers-too-large", 431, "Request line and headers are too large"),
    500: Kind("internal-error", 500, "An error of ours"),
    503: FAILURES[Unavailable],
}
"""What the protocol itself refuses, before or instead of an act."""


@dataclass(frozen=True, slots=True)
class Breach:
    """One broken rule: where it stood and what it should have been."""

    place: str
    rule: str


def problem(
    kind: Kind,
    detail: str | None = None,
    *,
    place: str | None = None,
    rule: str | None = None,
    breaches: Sequence[Breach] = (),
    retry_after_s: int | None = None,
    error_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer of media type application/problem+json; members that say nothing are left out."""
    if breaches and place is None:
        place, rule = breaches[0].place, breaches[0].rule
    members: dict[str, Any] = {
        "type": TYPE_PREFIX + kind.code,
        "title": kind.title,
        "status": kind.status,
        "code": kind.code,
        "detail": detail,
        "place": place,
        "rule": rule,
        "errors": [{"place": breach.place, "rule": breach.rule} for breach in breaches] or None,
        "retry_after_s": retry_after_s,
        "error_id": error_id,
    }
    body = msgspec.json.encode({name: value for name, value in members.items() if value is not None})
    sent = dict(headers or {})
    if retry_after_s is not None:
        sent["Retry-After"] = str(retry_after_s)
    if kind.status == 401:
        sent["WWW-Authenticate"] = "Bearer"
    return Response(body, status_code=kind.status, headers=sent, media_type=MEDIA_TYPE)


def of_failure(failure: Failure) -> Response:
    """The answer to a failure; a subclass of one in the table is answered like it."""
    kind = next((FAILURES[base] for base in type(failure).__mro__ if base in FAILURES), None)
    assert kind is not None, f"{type(failure).__name__} has no status in api/problems.py"
    return problem(
        kind,
        failure.message,
        place=failure.place,
        rule=failure.rule,
        retry_after_s=getattr(failure, "retry_after_s", None),
    )


async def answer_failure(_request: Request, error: Exception) -> Response:
    """Exception handler for `Failure`."""
    assert isinstance(error, Failure)
    return of_failure(error)


async def answer_protocol(_request: Request, error: Exception) -> Response:
    """Exception handler for what the framework refuses: unknown path, wrong method, body it cannot read."""
    assert isinstance(error, HTTPException)
    kind = PROTOCOL.get(error.status_code)
    if kind is None:
        kind = Kind("bad-request", error.status_code, "The request is malformed")
    kept = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return problem(kind, headers=kept)


async def answer_validation(_request: Request, error: Exception) -> Response:
    """Exception handler for bodies, paths and queries that do not fit their model."""
    assert isinstance(error, RequestValidationError)
    breaches = breaches_of(error.errors())
    return problem(FAILURES[Invalid], f"{len(breaches)} rule(s) broken", breaches=breaches)


def unexpected(error: BaseException) -> Response:
    """The answer to a bug: an error id and nothing else. The log gets types and places, never messages.

    An exception's message may hold what a person sent (a driver quotes the value it could not encode).
    """
    error_id = secrets.token_hex(8)
    kinds, places = _without_messages(error)
    _log.error("unexpected error", request=error_id, error=kinds, at=places)
    return problem(PROTOCOL[500], "Tell the operator this error id.", error_id=error_id)


def _without_messages(error: BaseException) -> tuple[str, str]:
    """Types of the chain, and where the last of it came from: `store.py:41 add > connection.py:9 execute`."""
    kinds: list[str] = []
    link: BaseException | None = error
    root = error
    while link is not None and len(kinds) < 5:
        kinds.append(type(link).__name__)
        root, link = link, link.__cause__ or link.__context__
    frames = traceback.extract_tb(root.__traceback__)[-4:]
    places = [f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in frames]
    return " from ".join(kinds), " > ".join(places)


# --- what broke, in our words -----------------------------------------------------------------------

_MOST_BREACHES = 20
_FIELD = re.compile(r"(?!.*[0-9]{5})[A-Za-z_][A-Za-z0-9_-]{0,39}")
JSON_RULE: Final = "well-formed JSON, each key once"
_RULES: Final[Mapping[str, str]] = {
    "missing": "is required",
    "extra_forbidden": "is not a field here",
    "json_invalid": JSON_RULE,
    "string_type": "text",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": "text of the documented form",
    "int_type": "an integer",
    "int_parsing": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "too_short": "at least {min_length} items",
    "too_long": "at most {max_length} items",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "one of {expected}",
    "enum": "one of {expected}",
}


def breaches_of(errors: Iterable[Mapping[str, Any]]) -> list[Breach]:
    """pydantic's errors in our words: place and rule, never the input nor pydantic's message about it."""
    found = [Breach(_place(error.get("loc", ())), _rule(error)) for error in errors]
    return found[:_MOST_BREACHES]


def _place(loc: Sequence[str | int]) -> str:
    # A key the caller made up may itself be personal data: only what looks like a field name is repeated.
    parts = []
    for part in loc:
        if isinstance(part, int):
            parts.append(f"[{part}]" if part < 10_000 else "[…]")
        else:
            parts.append("." + (part if _FIELD.fullmatch(part) else "(unknown)"))
    return "".join(parts).lstrip(".") or "body"


def _rule(error: Mapping[str, Any]) -> str:
    context = error.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, Invalid):
        return cause.rule
    template = _RULES.get(str(error.get("type")), "has the documented form")
    limits = ("min_length", "max_length", "gt", "ge", "lt", "le", "expected")
    return template.format_map({name: context.get(name, "…") for name in limits})


_PLACE_IN_MESSAGE = re.compile(r" - at `\$\.?([^`]*)`$")
_STEP = re.compile(r"([^.\[\]]+)|\[([0-9]{1,9}|\.\.\.)\]")
_EXPECTED_IN_MESSAGE = re.compile(r"^Expected `([a-z |.\[\]]{1,60})`")
_REQUIRED_FIELD = re.compile(r"missing required field `([^`]+)`")
_UNKNOWN_FIELD = re.compile(r"unknown field `([^`]+)`")


def of_msgspec(error: msgspec.DecodeError) -> Response:
    """The answer to a body that a hot route could not decode (`msgspec` quotes no value but enum members)."""
    if not isinstance(error, msgspec.ValidationError):
        return problem(FAILURES[Invalid], breaches=[Breach("body", JSON_RULE)])
    text = str(error)
    at = _PLACE_IN_MESSAGE.search(text)
    parts: list[str | int] = ["body", *(_steps(at.group(1)) if at else ())]
    rule = "has the documented form"
    if missing := _REQUIRED_FIELD.search(text):
        parts.append(missing.group(1))
        rule = _RULES["missing"]
    elif unknown := _UNKNOWN_FIELD.search(text):
        parts.append(unknown.group(1))
        rule = _RULES["extra_forbidden"]
    elif expected := _EXPECTED_IN_MESSAGE.match(text):
        rule = f"is of type {expected.group(1)}"
    return problem(FAILURES[Invalid], "1 rule(s) broken", breaches=[Breach(_place(parts), rule)])


def _steps(path: str) -> Iterator[str | int]:
    """`frames[2].jpeg` → frames, 2, jpeg."""
    for name, index in _STEP.findall(path):
        yield int(index) if index.isdigit() else name or "(unknown)"
