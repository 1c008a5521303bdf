"""An officer verifies a shown code, and sees the portrait of whom they verified: the verifier's acts, done by a person."""

from __future__ import annotations

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


def as_verifier(who: Officer) -> Verifier:
    """The verifier a member of staff is; holders read the unit."""
    return Verifier(staff.verifier_of(who.staff_id), who.unit, VerifierKind.POLICE)


async def verify_as_officer(request: Request, who: Officer, body: VerifyBody) -> VerdictAnswer:
    """Verify what a holder shows, under a duty that verifies: live status, points, first showing, and whether a class may be
    driven."""
    wiring = wired(request)
    now = wiring.clock.now()
    held = await permitted(request, who, Act.VERIFY, "verification.refused")
    me, door = as_verifier(who), doorkeeper(request)
    purpose = body.purpose or PURPOSES[VerifierKind.POLICE][0]
    wanted = wanted_class(body.driving_class)
    if body.code is not None and body.short_code is None:
        ask = Ask(body.code, body.request, purpose, wanted, duty=held.duty.value)
    elif body.short_code is not None and body.code is None:
        take(request, SHORT_CODES_TRIED, "short codes", me.id, now)
        ask = await showing.ask_by_short_code(
            wiring.database, me, body.short_code, body.request, purpose, wanted, now, held.duty.value
        )
    else:
        raise Invalid("code", "either code or short_code")
    trust, lives = door.grounds(wiring)
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
        body=VerifyBody,
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
