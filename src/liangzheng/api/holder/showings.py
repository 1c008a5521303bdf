"""The holder's side of a showing: eight digits in place of a code, and who looked."""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import Annotated

from fastapi import Query, Request
from pydantic import StringConstraints

from liangzheng import showing, staff
from liangzheng.accounts import Caller
from liangzheng.api.auth import Holder
from liangzheng.api.bodies import Answer, Body, resource
from liangzheng.api.idempotent import IdempotencyKey, once
from liangzheng.api.newest_first import PageFrom
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import Forbidden
from liangzheng.kernel.ids import DriverId
from liangzheng.kernel.pages import Place

router = resource("/holder/showings", "holder")


class ShowBody(Body):
    """A fresh code the phone made."""

    code: Annotated[str, StringConstraints(max_length=2000)]


class ShortCodeAnswer(Answer):
    """What to read out. Good once, until `expires_at`."""

    short_code: str
    expires_at: datetime


class LookAnswer(Answer):
    """One verification of one of the holder's codes; or one answer to a company by consent, with the `fields` it was
    told; or one look-up by number: then `look_up` stands in place of `verification`, `verifier` is the unit of who
    looked, and `shown_at` is when; or, with `entry`, one look at the record or the pictures in casework, in a photo
    review or by the operator, or a reading of the audit entries about the driver."""

    verification: str | None = None
    look_up: str | None = None
    entry: str | None = None
    at: datetime
    shown_at: datetime
    verifier: str
    verifier_kind: str
    purpose: str
    class_asked: str | None
    fields: list[str] | None = None
    portrait_seen: bool = False


class LooksAnswer(Answer):
    """Newest first; `next` goes into `after` for the next page, null when there is none."""

    looks: list[LookAnswer]
    next: str | None


@router.post("", status_code=201)
async def show(request: Request, who: Holder, body: ShowBody, key: IdempotencyKey = None) -> ShortCodeAnswer:
    """Eight digits that stand for this code for a minute, for a verifier whose camera does not work."""
    wiring = wired(request)
    now = wiring.clock.now()
    driver_id = _driver(who)

    async with wiring.database.transaction() as tx:

        async def perform() -> ShortCodeAnswer:
            made = await showing.make_short_code(
                tx, wiring.trust(), wiring.lives, who.person_id, driver_id, body.code, now
            )
            return ShortCodeAnswer(short_code=made.digits, expires_at=made.expires_at)

        return await once(
            tx,
            key,
            owner=who.person_id,
            act="showing.short-code",
            body=body,
            answer=ShortCodeAnswer,
            now=now,
            perform=perform,
        )


@router.get("")
async def looks(
    request: Request,
    who: Holder,
    place: PageFrom,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LooksAnswer:
    """Who verified the caller's codes, looked the caller up by number or looked at the record, when and for what."""
    wiring = wired(request)
    driver_id = _driver(who)
    every = [
        *(
            (each.place, _verified(each))
            for each in await showing.looks_at(wiring.database, driver_id, place, limit)
        ),
        *(
            (Place(each.at, each.look_up_id.uuid), _looked_up(each))
            for each in await staff.look_ups_at(wiring.database, driver_id, place, limit)
        ),
        *(
            (Place(each.at, each.entry.uuid), _in_record(each))
            for each in await staff.record_looks_at(wiring.database, driver_id, place, limit)
        ),
    ]
    found = sorted(every, key=itemgetter(0), reverse=True)[:limit]
    following = str(found[-1][0]) if len(found) == limit else None
    return LooksAnswer(looks=[look for _, look in found], next=following)


def _verified(look: showing.Look) -> LookAnswer:
    return LookAnswer(
        verification=str(look.id),
        at=look.at,
        shown_at=look.shown_at,
        verifier=look.verifier_name,
        verifier_kind=look.verifier_kind.value,
        purpose=look.purpose,
        class_asked=look.class_asked,
        fields=list(look.fields) if look.fields is not None else None,
        portrait_seen=look.portrait_seen,
    )


def _looked_up(look: staff.LookUp) -> LookAnswer:
    return LookAnswer(
        look_up=str(look.look_up_id),
        at=look.at,
        shown_at=look.at,
        verifier=look.unit,
        verifier_kind="staff",
        purpose=look.purpose,
        class_asked=None,
    )


def _in_record(look: staff.RecordLook) -> LookAnswer:
    return LookAnswer(
        entry=str(look.entry),
        at=look.at,
        shown_at=look.at,
        verifier=look.unit or "operator",
        verifier_kind="staff" if look.unit else "operator",
        purpose=look.purpose,
        class_asked=None,
    )


def _driver(who: Caller) -> DriverId:
    if who.proven_driver_id is None:
        raise Forbidden(
            "only a driver whose face was verified shows a licence", place="level", rule="at least 2"
        )
    return who.proven_driver_id
