"""The trust bundle: which keys may sign, signed by the root. Everybody may have it; nobody need trust this
server for it."""

from __future__ import annotations

from fastapi import Request, Response

from liangzheng.api.auth import public
from liangzheng.api.bodies import resource
from liangzheng.api.octets import OCTETS
from liangzheng.api.wired import wired

router = resource("/open/trust-bundle", "open")

MEDIA_TYPE = "application/cose; cose-type=cose-sign1"
MAX_AGE_S = 300


@router.get(
    "",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": OCTETS}}}, 304: {"description": "Not changed"}},
)
@public
async def show_trust_bundle(request: Request) -> Response:
    """The signed bundle, COSE_Sign1. Its version grows; a verifier takes none older than one it has seen."""
    bundle, octets = wired(request).trust.published()
    etag = f'"{bundle.version}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={MAX_AGE_S}"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(octets, media_type="application/cose; cose-type=cose-sign1", headers=headers)
