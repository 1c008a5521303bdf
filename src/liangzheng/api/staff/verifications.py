"""An officer verifies a shown code, and sees the portrait of whom they verified: the verifier's acts, done by a person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from liangzheng import showing, staff
from liangzheng.api.hot import hot_get, hot_post
from liangzheng.api.rates import SHORT_CODES_TRIED, take
from liangzheng.api.staff.callers import officer, permitted, recorded
from liangzheng.api.verifier.callers import doorkeeper
from liangzheng.api.verifier.verdict import VerdictAnswer, verdict
from liangzheng.api.verifier.verifications import VerifyBody, wanted_class
from liangzheng.api.wired import wired
from liangzheng.kernel.errors import Invalid
from liangzheng.kernel.ids import DriverId, VerificationId
from liangzheng.showing import PURPOSES, Ask, Verifier, VerifierKind
from liangzheng.staff import Act, Officer

OFFLINE_FOR: Final = timedelta(hours=24)
"""How long after an officer scanned without a network the server still answers: one shift, and the way back from it."""


class OfficerVerifyBody(VerifyBody, forbid_unknown_fields=True):
    """`scanned_at`: with a code that was scanned without a network, when; it was fresh then. The status is that of now."""

    scanned_at: datetime | None = None

    def handed_in_at(self, now: datetime, skew: timedelta) -> datetime | None:
        """The moment at which the code had to be fresh; None: now. Raises Invalid for a time to come, without a zone, or too
        long ago."""
        if self.scanned_at is None:
            return None
        if self.scanned_at.tzinfo is None or not now - OFFLINE_FOR <= self.scanned_at <= now + skew:
            raise Invalid("scanned_at", "an instant of the last 24 hours")
        return self.scanned_at


def as_verifier(who: Officer) -> Verifier:
    """The verifier a member of staff is; holders read the unit."""
    return Verifier(staff.verifier_of(who.staff_id), who.unit, VerifierKind.POLICE)


async def verify_as_officer(request: Request, who: Officer, body: OfficerVerifyBody) -> VerdictAnswer:
    """Verify what a holder shows, under a duty that verifies: live status, points, first showing, and whether a class may be
    driven."""
    wiring = wired(request)
    now = wiring.clock.now()
    held = await permitted(request, who, Act.VERIFY, "verification.refused")
    me, door = as_verifier(who), doorkeeper(request)
    purpose = body.purpose or PURPOSES[VerifierKind.POLICE][0]
    wanted = wanted_class(body.driving_class)
    trust, lives = door.grounds(wiring)
    handed_in_at = body.handed_in_at(now, timedelta(seconds=lives.skew))
    if body.code is not None and body.short_code is None:
        ask = Ask(body.code, body.request, purpose, wanted, handed_in_at, held.duty.value)
    elif body.short_code is not None and body.code is None and handed_in_at is None:
        take(request, SHORT_CODES_TRIED, "short codes", me.id, now)
        ask = await showing.ask_by_short_code(
            wiring.database, me, body.short_code, body.request, purpose, wanted, now, held.duty.value
        )
    else:
        raise Invalid("code", "either code or short_code; short codes have no scanned_at")
    policy = wiring.settings.status_policy
    answer = verdict(await showing.verify(wiring.database, trust, lives, me, ask, now, policy))
    if answer.portrait is not None:
        answer.portrait = "/staff" + answer.portrait.removeprefix("/verifier")
    return answer


async def portrait(request: Request, who: Officer) -> Response:
    """The picture the verified licence was issued with: for the officer who verified it, for five minutes."""
    wiring = wired(request)
    now = wiring.clock.now()
    verification = VerificationId.parse(request.path_params["verification"])
    driver_id = DriverId.parse(request.query_params.get("of", ""))
    attempt = staff.Attempt("portrait.refused", verification, driver_id)
    async with recorded(request, who, attempt):
        held = staff.permit(who, Act.VERIFY, wiring.staff_policy, now)
        picture = await showing.portrait(
            wiring.database, as_verifier(who), verification, driver_id, now, held.duty.value
        )
    return Response(picture, media_type="image/jpeg")


hot = [
    hot_post(
        "/staff/verifications",
        verify_as_officer,
        who=officer,
        body=OfficerVerifyBody,
        answer=VerdictAnswer,
        summary="Verify a shown code as an officer",
    ),
    hot_get(
        "/staff/verifications/{verification}/portrait",
        portrait,
        who=officer,
        answer=bytes,
        query=("of",),
        media_type="image/jpeg",
        summary="The portrait of the licence the officer has just verified",
    ),
]
