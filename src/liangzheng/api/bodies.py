"""Bodies: strict JSON into strict models. Unknown fields, twice-named keys and NaN are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """What a client sends: strict types, no field we did not ask for. One method hands over kernel values."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Answer(BaseModel):
    """What we answer; only what is declared leaves."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise json.JSONDecodeError("a key stands twice", "", 0)
    return found


def _no_constants(_name: str) -> NoReturn:
    raise json.JSONDecodeError("NaN and Infinity are not JSON", "", 0)


def decode_json(octets: bytes) -> Any:
    """Strict JSON (RFC 8259, and each key once). Raises json.JSONDecodeError, which never quotes the text."""
    try:
        return json.loads(octets.decode(), object_pairs_hook=_each_key_once, parse_constant=_no_constants)
    except json.JSONDecodeError as error:
        raise json.JSONDecodeError("malformed", "", error.pos) from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise json.JSONDecodeError("malformed", "", 0) from None


class _StrictRequest(Request):
    async def json(self) -> Any:
        return decode_json(await self.body())


class StrictRoute(APIRoute):
    """A FastAPI route whose body is read by `decode_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_strictly(request: Request) -> Response:
            return await answer(_StrictRequest(request.scope, request.receive))

        return answer_strictly


def resource(prefix: str, tag: str) -> APIRouter:
    """The router of one file of routes: `router = resource("/holder/applications", "holder")`."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=StrictRoute, redirect_slashes=False)


_OPENING = b"[{"
_CLOSING = b"]}"


def is_deeper_than(octets: bytes, limit: int) -> bool:
    """Whether JSON text nests deeper than `limit`, without parsing it.

    Nearly every body has fewer brackets than `limit` and is waved through by two counts.
    """
    if octets.count(b"[") + octets.count(b"{") <= limit:
        return False
    depth = 0
    in_text = escaped = False
    for octet in octets:
        if in_text:
            if escaped:
                escaped = False
            elif octet == 0x5C:
                escaped = True
            elif octet == 0x22:
                in_text = False
        elif octet == 0x22:
            in_text = True
        elif octet in _OPENING:
            depth += 1
            if depth > limit:
                return True
        elif octet in _CLOSING:
            depth -= 1
    return False
