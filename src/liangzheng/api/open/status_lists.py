"""Status lists: the status of a million credentials in one signed file, the same for whoever asks; and all of them at once,
for a verifier that is to do without a network."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Final
from weakref import WeakKeyDictionary

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from liangzheng.api.auth import public
from liangzheng.api.bodies import Answer, resource
from liangzheng.api.octets import OCTETS
from liangzheng.api.wired import wired
from liangzheng.infra.postgres import Database
from liangzheng.kernel.errors import Invalid, NotFound
from liangzheng.licences import StatusLists
from liangzheng.licences.status_lists import Published
from liangzheng.standards import cbor

if TYPE_CHECKING:
    from liangzheng.wiring import Wiring

router = resource("/open/status-lists", "open")

MEDIA_TYPE = "application/statuslist+cwt"
SEQUENCE_MEDIA_TYPE: Final = "application/cbor-seq"
MAX_AGE_S = 60

_RULE: Final = "numbers and ranges of lists in rising order, such as 1-12,15"
_RANGE: Final = re.compile(r"([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?", re.ASCII)
_served: WeakKeyDictionary[Database, StatusLists] = WeakKeyDictionary()


class StatusListEntry(Answer):
    """A list. `version` grows with every change of an entry; `octets`: of its signed form, about."""

    number: int
    version: int
    changed_at: datetime
    octets: int


class StatusListsAnswer(Answer):
    """Every list there is, by its number, and what all of them weigh."""

    octets: int
    lists: list[StatusListEntry]


@router.get("", response_model=StatusListsAnswer, responses={304: {"description": "Not changed"}})
@public
async def list_status_lists(request: Request, response: Response) -> StatusListsAnswer | Response:
    """Which lists there are. Nothing here is signed: it says what to ask for, not what to believe."""
    found = await _lists(wired(request)).catalogue()
    digest = blake2b(repr([(each.list_id, each.version) for each in found]).encode(), digest_size=12)
    headers = {"ETag": f'"{digest.hexdigest()}"', "Cache-Control": f"public, max-age={MAX_AGE_S}"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return StatusListsAnswer(
        octets=sum(each.octets for each in found),
        lists=[
            StatusListEntry(
                number=each.list_id, version=each.version, changed_at=each.changed_at, octets=each.octets
            )
            for each in found
        ],
    )


@router.get(
    "/sequence",
    response_class=Response,
    responses={200: {"content": {SEQUENCE_MEDIA_TYPE: {"schema": OCTETS}}}},
)
@public
async def stream_status_lists(
    request: Request,
    lists: Annotated[
        str | None, Query(max_length=4000, description=f"Which: {_RULE}. Default: every one")
    ] = None,
) -> Response:
    """Many lists in one answer, a CBOR sequence (RFC 8742) of `[number, version, list]` in their order. Each is signed by
    itself, so what came before a connection broke is good, and the rest can be asked for."""
    wiring = wired(request)
    kept = _lists(wiring)
    there = [each.list_id for each in await kept.catalogue()]
    wanted = there if lists is None else _numbers(lists, len(there))
    items = _items(kept, wanted, wiring)
    # The first is made before anything is sent: what keeps it from being made is then said as a problem.
    first = await anext(items, b"")

    async def all_of_them() -> AsyncIterator[bytes]:
        yield first
        async for item in items:
            yield item

    return StreamingResponse(
        all_of_them(),
        media_type=SEQUENCE_MEDIA_TYPE,
        headers={"Cache-Control": f"public, max-age={MAX_AGE_S}"},
    )


@router.get(
    "/{list_id}",
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {"schema": OCTETS}}}, 304: {"description": "Not changed"}},
)
@public
async def show_status_list(request: Request, list_id: str) -> Response:
    """One list as a Token Status List (CWT). Nobody learns from the request which credential was meant."""
    wiring = wired(request)
    found = await _published(_lists(wiring), _number(list_id), wiring)
    etag = f'"{found.version}-{int(found.signed_at.timestamp())}"'
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={MAX_AGE_S}"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(found.octets, media_type=MEDIA_TYPE, headers=headers)


def _lists(wiring: Wiring) -> StatusLists:
    return _served.setdefault(wiring.database, StatusLists(wiring.database, wiring.lives))


async def _published(lists: StatusLists, number: int, wiring: Wiring) -> Published:
    now = wiring.clock.now()
    return await lists.published(number, wiring.status_signers.signing(None, now), now)


async def _items(lists: StatusLists, wanted: Sequence[int], wiring: Wiring) -> AsyncIterator[bytes]:
    for number in wanted:
        found = await _published(lists, number, wiring)
        yield cbor.encode([number, found.version, found.octets])


def _numbers(text: str, most: int) -> list[int]:
    """`1-3,7` as 1, 2, 3, 7. Raises Invalid for another form, NotFound beyond the newest list: an answer is never longer
    than all there is."""
    found: list[int] = []
    for part in text.split(","):
        read = _RANGE.fullmatch(part)
        if read is None:
            raise Invalid("lists", _RULE)
        first, last = int(read[1]), int(read[2] or read[1])
        if last > most:
            raise NotFound("there is no such status list")
        if first > last or (found and first <= found[-1]):
            raise Invalid("lists", _RULE)
        found += range(first, last + 1)
    return found


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9) or text.startswith("0"):
        raise NotFound("there is no such status list")
    return int(text)
