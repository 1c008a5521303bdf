"""Status lists: the status of a million credentials in one signed file, the same for whoever asks."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from fastapi import Request, Response

from liangzheng.api.auth import public
from liangzheng.api.bodies import resource
from liangzheng.api.octets import OCTETS
from liangzheng.api.wired import wired
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import NotFound
from liangzheng.licences import StatusLists

router = resource("/open/status-lists", "open")

MEDIA_TYPE = "application/statuslist+cwt"
MAX_AGE_S = 60

_served: WeakKeyDictionary[Database, StatusLists] = WeakKeyDictionary()


@router.get(
    "/{list_id}",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": OCTETS}}}, 304: {"description": "Not changed"}},
)
@public
async def show_status_list(request: Request, list_id: str) -> Response:
    """One list as a Token Status List (CWT). Nobody learns from the request which credential was meant."""
    wiring = wired(request)
    now = wiring.clock.now()
    lists = _served.setdefault(wiring.database, StatusLists(wiring.database, wiring.lives))
    found = await lists.published(_number(list_id), wiring.status_signers.signing(None, now), now)
    etag = f'"{found.version}-{int(found.signed_at.timestamp())}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={MAX_AGE_S}"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(found.octets, media_type=MEDIA_TYPE, headers=headers)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9) or text.startswith("0"):
        raise NotFound("there is no such status list")
    return int(text)
