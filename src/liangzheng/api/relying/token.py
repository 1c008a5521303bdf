"""POST /relying/token: OAuth 2.0 client credentials (RFC 6749 §4.4), client_secret_basic (§2.3.1), a form in and
the JSON of §5.1 and §5.2 out. A token is kept nowhere, so the request takes no idempotency key."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from fastapi import Request, Response

from liangzheng import relying
from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.rates import REFUSALS_OF_A_CLIENT, TOKENS_OF_A_CLIENT, take, take_here
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import NotAuthenticated

router = resource("/relying", "relying")


_LONGEST: Final = 2000


class TokenAnswer(Answer):
    """RFC 6749 §5.1. `scope`: the purposes the token is good for."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str


class TokenRefused(Answer):
    """RFC 6749 §5.2."""

    error: str


class _Refused(Exception):
    """An error of RFC 6749 §5.2."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error, self.status = error, status


@router.post(
    "/token",
    response_model=TokenAnswer,
    responses={
        400: {"model": TokenRefused, "description": "Refused (RFC 6749 §5.2)"},
        401: {"model": TokenRefused, "description": "No such client, or not its secret"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["grant_type"],
                        "properties": {"grant_type": {"type": "string"}, "scope": {"type": "string"}},
                    }
                }
            },
        }
    },
)
@public
async def token(request: Request) -> Response:
    """An access token for some minutes. Client id and secret go into `Authorization: Basic`; `scope` names
    purposes, space-separated; without it the token has all that are registered."""
    try:
        return _answered(200, (await _granted(request)).model_dump())
    except _Refused as refused:
        return _answered(refused.status, TokenRefused(error=refused.error).model_dump())


async def _granted(request: Request) -> TokenAnswer:
    now = wired(request).clock.now()
    client_id, secret = _client(request)
    try:
        granted = await _decided(request, client_id, secret, now)
    except _Refused:
        # Only what is refused counts, after it was: of 256 bits none is guessed, and whoever sends wrong secrets from the
        # company's own network keeps the right one from nothing.
        take_here(request, REFUSALS_OF_A_CLIENT, "refused token requests", client_id, now)
        raise
    take(request, TOKENS_OF_A_CLIENT, "tokens of this client", client_id, now)
    return TokenAnswer(
        access_token=granted.token,
        token_type="Bearer",  # noqa: S106 (its type)
        expires_in=granted.expires_in_s,
        scope=" ".join(granted.purposes),
    )


async def _decided(request: Request, client_id: str, secret: str, now: datetime) -> relying.AccessToken:
    wiring = wired(request)
    form = _form(await request.body())
    if "client_secret" in form or form.get("client_id", client_id) != client_id:
        raise _Refused("invalid_request")  # one way of authenticating a request (§2.3)
    if "grant_type" not in form:
        raise _Refused("invalid_request")
    if form["grant_type"] != "client_credentials":
        raise _Refused("unsupported_grant_type")
    scope = form.get("scope")
    try:
        return await relying.grant_token(
            wiring.database,
            client_id,
            secret,
            scope.split(" ") if scope else None,
            wiring.consent_policy,
            now,
        )
    except NotAuthenticated:
        raise _Refused("invalid_client", 401) from None
    except relying.ScopeRefused:
        raise _Refused("invalid_scope") from None


def _client(request: Request) -> tuple[str, str]:
    """Client id and secret of the Basic header, each form-decoded (§2.3.1)."""
    values = request.headers.getlist("authorization")
    scheme, _, encoded = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    try:
        if scheme.lower() != "basic" or len(encoded) > _LONGEST:
            raise ValueError
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
        if not colon:
            raise ValueError
        return unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError:
        raise _Refused("invalid_client", 401) from None


def _form(octets: bytes) -> dict[str, str]:
    """The parameters; one without a value counts as left out, one that stands twice is refused (§3.2)."""
    try:
        pairs = parse_qsl(
            octets.decode("ascii"), strict_parsing=bool(octets), errors="strict", max_num_fields=20
        )
    except ValueError:
        raise _Refused("invalid_request") from None
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("invalid_request")
    return found


def _answered(status: int, body: Mapping[str, Any]) -> Response:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="liangzheng"'
    return Response(json.dumps(body), status_code=status, headers=headers, media_type="application/json")
