"""POST a code, hear the verdict; then, for police and where a company's purpose has it, the portrait. Hot: the roadside waits
for it."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from liangzheng import relying, showing
from liangzheng.api.hot import hot_get, hot_post
from liangzheng.api.rates import SHORT_CODES_TRIED, take
from liangzheng.api.verifier.callers import doorkeeper, verifier
from liangzheng.api.verifier.verdict import VerdictAnswer, verdict
from liangzheng.api.wired import wired
from liangzheng.kernel.classes import DrivingClass
from liangzheng.kernel.errors import Forbidden, Invalid
from liangzheng.kernel.ids import CompanyId, DriverId, PseudonymId, VerificationId
from liangzheng.kernel.purposes import AskedField
from liangzheng.showing import PURPOSES, Ask, Verifier


class VerifyBody(msgspec.Struct, forbid_unknown_fields=True):
    """A code as it was scanned, or the eight digits the holder read out; one of the two.

    `request`: 8 to 64 printable characters, made anew for each showing and kept for a retry: the same code
    in the same request is the same look. `class`: may the holder drive it? `purpose`: what the verifier may
    verify for; the first of its kind when absent.
    """

    request: str
    code: str | None = None
    short_code: str | None = None
    driving_class: str | None = msgspec.field(default=None, name="class")
    purpose: str | None = None


async def verify(request: Request, who: Verifier, body: VerifyBody) -> VerdictAnswer:
    """Verify what a holder shows: live status, points, first showing, and whether a class may be driven."""
    wiring = wired(request)
    now = wiring.clock.now()
    door = doorkeeper(request)
    if who.grants is not None:
        await relying.count(wiring.database, CompanyId(who.id.uuid), 1, now)
    purpose = body.purpose or next(iter(_purposes(who)), "")
    wanted = wanted_class(body.driving_class)
    fields = None if who.grants is None else await _registered(request, who, purpose)
    if body.code is not None and body.short_code is None:
        ask = Ask(body.code, body.request, purpose, wanted)
    elif body.short_code is not None and body.code is None:
        take(request, SHORT_CODES_TRIED, "short codes", who.id, now)
        ask = await showing.ask_by_short_code(
            wiring.database, who, body.short_code, body.request, purpose, wanted, now
        )
    else:
        raise Invalid("code", "either code or short_code")
    trust, lives = door.grounds(wiring)
    policy = wiring.settings.status_policy
    answer = await showing.verify(wiring.database, trust, lives, who, ask, now, policy)
    known_as = None
    if who.grants is not None and answer.portrait_of is not None:
        company = CompanyId(who.id.uuid)
        async with wiring.database.transaction() as tx:
            known_as = await relying.known_as(tx, wiring.key_index, company, answer.portrait_of)
    return verdict(answer, fields, known_as)


async def _registered(request: Request, who: Verifier, purpose: str) -> frozenset[AskedField]:
    """What a registered company may hear for a purpose. Raises Forbidden for what is outside its registration,
    which is recorded."""
    assert who.grants is not None, "a registered company"
    fields = who.grants.get(purpose)
    # Every verdict says whether the holder may drive, whether a class was asked for or not.
    if fields is not None and AskedField.MAY_DRIVE in fields:
        return fields
    refusal = (
        relying.AskRefusal.PURPOSE_NOT_REGISTERED
        if fields is None
        else relying.AskRefusal.FIELD_NOT_REGISTERED
    )
    wiring = wired(request)
    asked = (AskedField.MAY_DRIVE.value,)
    now = wiring.clock.now()
    await relying.record_refusal(wiring.database, CompanyId(who.id.uuid), refusal, purpose, asked, now)
    raise Forbidden("outside what the company registered", place="purpose", rule=refusal.value)


async def portrait(request: Request, who: Verifier) -> Response:
    """The picture the verified licence was issued with: for the officer who verified it, or a company whose purpose has it, for
    five minutes."""
    wiring = wired(request)
    verification = VerificationId.parse(request.path_params["verification"])
    of, now = request.query_params.get("of", ""), wiring.clock.now()
    driver_id = DriverId.parse(of) if who.grants is None else await _driver_of(request, who, of)
    picture = await showing.portrait(wiring.database, who, verification, driver_id, now)
    return Response(picture, media_type="image/jpeg")


async def _driver_of(request: Request, who: Verifier, of: str) -> DriverId:
    """Whom a registered company means, which counts as a question of its quota. Raises Forbidden, which is recorded, where nothing
    it registered has a portrait; NotFound."""
    wiring, company, now = wired(request), CompanyId(who.id.uuid), wired(request).clock.now()
    name = PseudonymId.parse(of)
    await relying.count(wiring.database, company, 1, now)
    if not any(AskedField.PORTRAIT in fields for fields in (who.grants or {}).values()):
        refusal, asked = relying.AskRefusal.FIELD_NOT_REGISTERED, (AskedField.PORTRAIT.value,)
        await relying.record_refusal(wiring.database, company, refusal, "", asked, now)
        raise Forbidden("outside what the company registered", place="fields", rule=refusal.value)
    async with wiring.database.read() as tx:
        return await relying.driver_known_as(tx, company, name)


class MeAnswer(msgspec.Struct):
    """The caller, and what it may verify for."""

    verifier: str
    name: str
    kind: str
    purposes: list[str]


async def me(request: Request, who: Verifier) -> MeAnswer:
    """Who this token is."""
    return MeAnswer(str(who.id), who.name, who.kind.value, _purposes(who))


def _purposes(who: Verifier) -> list[str]:
    """What the caller may verify codes for; a registered company, where it may hear whether somebody may drive."""
    if who.grants is None:
        return list(PURPOSES[who.kind])
    return [purpose for purpose, fields in who.grants.items() if AskedField.MAY_DRIVE in fields]


def wanted_class(text: str | None) -> DrivingClass | None:
    """The class a verifier asked about. Raises Invalid."""
    try:
        return None if text is None else DrivingClass(text)
    except ValueError:
        raise Invalid("class", f"one of {' '.join(DrivingClass)}") from None


hot = [
    hot_post(
        "/verifier/verifications",
        verify,
        who=verifier,
        body=VerifyBody,
        answer=VerdictAnswer,
        summary="Verify a shown code",
    ),
    hot_get(
        "/verifier/verifications/{verification}/portrait",
        portrait,
        who=verifier,
        answer=bytes,
        query=("of",),
        media_type="image/jpeg",
        summary="The portrait of the licence just verified",
    ),
    hot_get("/verifier/me", me, who=verifier, answer=MeAnswer, summary="Who this token is"),
]
