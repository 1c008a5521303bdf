"""Which member of staff calls, by the session of a log-in with two factors."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from liangzheng import staff
from liangzheng.api.auth import authenticates, bearer_token
from liangzheng.api.wired import wired
from liangzheng.infra.postgres import Connection
from liangzheng.infra.reference import Reference
from liangzheng.kernel.ids import DriverId
from liangzheng.reviewing import ReviewDesk
from liangzheng.staff import Act, Attempt, HeldDuty, Officer, Region


@authenticates
async def officer(request: Request) -> Officer:
    """The member of staff, with the duties of this moment. Raises NotAuthenticated."""
    token, wiring = bearer_token(request), wired(request)
    return await staff.officer_of(wiring.database, token, wiring.staff_policy, wiring.clock.now())


async def review_desk(request: Request, act: Act, attempt: str) -> ReviewDesk:
    """Where the caller reviews: the authorities of the region they hold the duty for. Raises Forbidden for who is not
    linked, where they must be; recorded as `attempt`."""
    who, wiring = await officer(request), wired(request)
    held = await permitted(request, who, act, attempt)
    async with recorded(request, who, Attempt(attempt)), wiring.database.read() as tx:
        await staff.demand_link(tx, who.staff_id, wiring.staff_policy)

    async def is_own(tx: Connection, driver_id: DriverId) -> bool:
        return await staff.is_driver(tx, wiring.key_index, who.staff_id, driver_id)

    lease = timedelta(seconds=wiring.settings.review_lease_s)
    of_region = authorities_in(wiring.reference, held.region)
    return ReviewDesk(staff.actor_of(who, held), of_region, lease, is_own)


def authorities_in(reference: Reference, region: Region) -> frozenset[str]:
    """The issuing authorities of a region."""
    known = reference.authorities
    return frozenset(each.code for each in known if region.covers(staff.division_of(known, each.code)))


OnDuty = Annotated[Officer, Depends(officer)]
"""`async def act(who: OnDuty, …)`: the logged-in member of staff."""


def recorded(request: Request, who: Officer, attempt: Attempt) -> AbstractAsyncContextManager[None]:
    """`async with recorded(…), database.transaction() as tx`: a refusal inside is in the audit record."""
    wiring = wired(request)
    return staff.refusals_recorded(wiring.database, who, attempt, wiring.clock.now())


async def permitted(
    request: Request, who: Officer, act: Act, attempt: str, *, fresh: bool = True
) -> HeldDuty:
    """The duty under which `act` is done. Raises Forbidden, which is recorded as `attempt`."""
    wiring = wired(request)
    async with recorded(request, who, Attempt(attempt)):
        return staff.permit(who, act, wiring.staff_policy, wiring.clock.now(), fresh=fresh)
