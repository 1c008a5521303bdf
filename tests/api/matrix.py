"""Who may call which route, and whose things it may name: one row a route.

A new route adds a row to ROWS; test_matrix.py fails until it has one. A row says

- `route`: method and path as the application has it;
- `roles`: which callers of ROLES may call it at all; the others are turned away with 401 or 403;
- `nobodys`: of a route that is open and names nothing of anybody's, why: it is called in twenty ways, and must answer everybody
as it answers a stranger but for `anew`;
- `names`: where the request names somebody's thing, and of which kind: `path:application_id`, `query:of`,
`body:face_check`, `basic:client`. From these the calls across owners are made, at least twenty a route. Kinds are the fields
of `Things`;
- `body`, `query`: what a right request holds besides; `{application}` stands for the caller's own thing. A body
that must be made anew for each request is a function of whose it is and of the things it names; what is another's there is put
in afterwards, unless it is `woven` in;
- `together`: all of it somebody else's is a right request: only mine mixed with theirs must be refused;
- `refusal`: words of an answer that is a stored refusal: a decision, with the status of success;
- `refused`: statuses besides 401, 403 and 404 that keep somebody out here;
- `countrys`: why what is named is the whole country's: whoever holds the duty names any of them, and everybody else none;
- `echoes`: kinds of things an answer repeats because the request named them, whosever they are;
- `also_by`: callers besides `by` whose right call on the same things is a control: who may act on what is not
their own, such as a colleague on any driver of the region;
- `own`: the statuses a right call on one's own things may have. They are the control: a route that refuses
everybody keeps others out too, and proves nothing.

A new kind of caller is a name in ROLES, its authenticator in AUTHENTICATORS, and its headers in `Cast.tokens`; one who
owns things is in OWNERS too. A new kind of thing is a field of `Things` (things.py).

An officer acts on drivers and proposals of the officer's region, whoever made them: there the owner is the region. What
an officer may do only to what they verified or proposed themselves has its own row and its own thing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from liangzheng.infra.face_simulated import played_frames
from tests.api.matrix_behind import BEHIND
from tests.api.matrix_open import OPEN, OPEN_AT_LAST
from tests.api.phone import b64, unb64

if TYPE_CHECKING:
    from tests.api.cast import Somebody

HOLDER, POLICE, PUBLIC = "holder", "police", "public"
OFFICER, RELYING, SOURCE = "officer", "relying company", "register source"
ROLES: Final = (HOLDER, POLICE, PUBLIC, OFFICER, RELYING, SOURCE)
OWNERS: Final = frozenset({HOLDER, OFFICER, RELYING, SOURCE})
"""Those of whom the cast has two, each with things; of verifiers what is owned is what they verified."""
COLLEAGUE: Final = "colleague"
"""Another officer of the region."""
APPLICANT: Final = "applicant"
"""A holder who has no licence yet: what keeps others out of an application must not be that there is one."""
ADMINISTRATOR: Final = "administrator"
"""Of the system, in the officer's region."""
HEAD_OFFICE: Final = "head office"
"""Of the register and the system, for the whole country; and who keeps its keys."""
KEEPER: Final = "keeper of keys"
ANYBODY: Final = frozenset((*ROLES, "nobody"))
HOLDERS: Final = frozenset({HOLDER})
VERIFIERS: Final = frozenset({POLICE, PUBLIC, RELYING})
"""A registered company verifies with the token of its other calls."""
OFFICERS: Final = frozenset({OFFICER})
COMPANIES: Final = frozenset({RELYING})
SOURCES: Final = frozenset({SOURCE})
AUTHENTICATORS: Final = {
    "caller": HOLDERS,
    "verifier": VERIFIERS,
    "officer": OFFICERS,
    "reviewer": OFFICERS,
    "face_reviewer": OFFICERS,
    "company": COMPANIES,
    "source": SOURCES,
}
"""Name of the function that authenticates (api/auth.py, callers.py) → the roles it lets in."""

Making = Callable[["Somebody", Mapping[str, str]], Awaitable[Any]]
"""A body for a request of somebody that names these things: an object, or the octets of a body that is none."""


@dataclass(frozen=True)
class Row:
    """One route."""

    route: str
    roles: frozenset[str] = HOLDERS
    names: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | Making | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    form: bool = False
    """Whether the body is a form, not JSON."""
    own: frozenset[int] = frozenset({200})
    refusal: str | None = None
    refused: frozenset[int] = frozenset()
    woven: bool = False
    countrys: str = ""
    media: str = "application/x-ndjson"
    """Of a body that is octets."""
    together: bool = False
    nobodys: str = ""
    anew: frozenset[str] = frozenset()
    """Names in the answer whose values are others each time."""
    echoes: frozenset[str] = frozenset()
    by: str = HOLDER
    """Whose right call is the control."""
    also_by: tuple[str, ...] = ()

    @property
    def method(self) -> str:
        return self.route.split(" ", 1)[0]

    @property
    def path(self) -> str:
        return self.route.split(" ", 1)[1]


def statuses(*numbers: int) -> frozenset[int]:
    return frozenset(numbers)


_FRAMES = {
    "nonce": b64(bytes(32)),
    "frames": [{"step": f.step, "at_ms": f.at_ms, "jpeg": b64(f.jpeg)} for f in played_frames(3)],
}


async def binding(who: Somebody, _: Mapping[str, str]) -> dict[str, Any]:
    """A right body for binding a further phone."""
    return await who.holder.phone.binding()


async def applying(who: Somebody, _: Mapping[str, str]) -> dict[str, Any]:
    """A right body for applying with an own photo, with a fresh face check."""
    return await replacing(who, {}) | {"phone_key": who.holder.phone_key}


async def replacing(who: Somebody, _: Mapping[str, str]) -> dict[str, Any]:
    """A right body for another photo, with a fresh face check."""
    face_check = await who.holder.phone.pass_face_check("apply")
    return {"photo": "camera", "photo_id": who.things.photo, "face_check": face_check}


async def approving(who: Somebody, _: Mapping[str, str]) -> dict[str, Any]:
    """A right body for approving the request that waits for this holder, with the signature of the phone."""
    path = f"/holder/consents/requests/{who.things.request_code}"
    opened = await who.holder.phone.get(path)
    signed = unb64(opened.json()["to_be_signed"]) if opened.status_code == 200 else bytes(32)
    return {"phone_key": who.holder.phone_key, "signature": b64(who.holder.signer.sign(signed))}


async def proving(who: Somebody, _: Mapping[str, str]) -> dict[str, Any]:
    """The second factor: the code after the one the officer enrolled with."""
    return {"totp": who.officer.code(1)}


async def telling(who: Somebody, things: Mapping[str, str]) -> bytes:
    """The next line of the source: points of the driver with a file number."""
    line = {
        "sequence": await who.source.done_to() + 1,
        "occurred_at": "2026-11-19T09:30:00+08:00",
        "driver": {"file_number": things["file_number"]},
        "change": "points",
        "values": {"kind": "violation", "reference": secrets.token_hex(8), "on": "2026-11-18", "points": 1},
    }
    return json.dumps(line).encode() + b"\n"


ROWS: Final[tuple[Row, ...]] = (
    # -- for everybody ------------------------------------------------------------------------------------
    *(Row(roles=ANYBODY, **each) for each in OPEN),
    # -- the holder ---------------------------------------------------------------------------------------
    Row("GET /holder/account"),
    Row("POST /holder/real-name-checks"),
    Row("GET /holder/sessions/current"),
    Row(
        "POST /holder/sessions/current/proofs",
        names={"body:password": "password"},
        body={"password": "{password}"},
        own=statuses(204),
        refused=statuses(400),
    ),
    Row("POST /holder/face-checks", body={"purpose": "apply"}, own=statuses(201)),
    Row("GET /holder/face-checks/{face_check_id}", names={"path:face_check_id": "face_check"}),
    Row(
        "POST /holder/face-checks/{face_check_id}/frames",
        names={"path:face_check_id": "challenge"},
        body=_FRAMES,
        own=statuses(200, 409, 422),
    ),
    Row("GET /holder/phone-keys"),
    Row("POST /holder/phone-keys/challenges", own=statuses(201)),
    Row(
        "POST /holder/phone-keys",
        names={"body:face_check": "bind_check", "body:replaces": "phone_key"},
        body=binding,
        own=statuses(201),
    ),
    Row("GET /holder/applications"),
    Row("GET /holder/applications/{application_id}", names={"path:application_id": "application"}),
    Row(
        "POST /holder/applications",
        names={"body:photo_id": "photo", "body:face_check": "face_check", "body:phone_key": "phone_key"},
        body=applying,
        own=statuses(202),
        refusal='"state":"refused"',
        by=APPLICANT,
    ),
    Row(
        "DELETE /holder/applications/{application_id}",
        names={"path:application_id": "application"},
        own=statuses(200, 409),
    ),
    Row("GET /holder/licence"),
    Row(
        "POST /holder/licence/credentials",
        names={"body:phone_key": "phone_key"},
        body={"phone_key": "{phone_key}"},
        own=statuses(202, 409),
    ),
    Row("POST /holder/licence/snapshot"),
    # Pictures, right and wrong, are sent in tests/licences/test_own_photo.py.
    Row("POST /holder/photos", body={"source": "camera", "picture": "AA"}),
    Row("GET /holder/licence/photo"),
    Row(
        "POST /holder/licence/photo",
        names={"body:photo_id": "photo", "body:face_check": "face_check"},
        body=replacing,
        own=statuses(202),
        refusal='"state":"refused"',
    ),
    Row("GET /holder/showings"),
    Row("POST /holder/showings", names={"body:code": "code"}, body={"code": "{code}"}, own=statuses(201)),
    Row("GET /holder/messages"),
    Row("GET /holder/messages/choices"),
    Row("PUT /holder/messages/choices", body={"sms": {}}),
    Row(
        "PUT /holder/messages/{message_id}/read",
        names={"path:message_id": "message"},
        own=statuses(204),
    ),
    Row("GET /holder/sessions"),
    Row(
        "PUT /holder/second-factor",
        names={"body:password": "password"},
        body={"wanted": False, "password": "{password}"},
        own=statuses(204),
        refused=statuses(400),
    ),
    Row("GET /holder/passkeys"),
    Row(
        "POST /holder/passkeys/challenges",
        names={"body:password": "password"},
        body={"password": "{password}"},
        own=statuses(201),
        refused=statuses(400),
    ),
    # A ceremony cannot be played here: tests/accounts/test_passkeys.py does, with another person's credential too.
    Row("POST /holder/passkeys", body={"label": "x", "credential": {}}, own=statuses(422)),
    Row("POST /holder/passkeys/confirmations", own=statuses(201)),
    Row(
        "PUT /holder/passkeys/{passkey_id}",
        names={"path:passkey_id": "passkey"},
        body={"label": "钥匙"},
        own=statuses(204),
    ),
    Row("GET /holder/agreements"),
    Row("POST /holder/agreements", body={"kind": "terms", "version": 2}, own=statuses(204)),
    Row("POST /holder/agreements/withdrawals", body={"kind": "terms"}, own=statuses(204)),
    Row("POST /holder/data-exports"),
    Row("GET /holder/corrections"),
    Row("POST /holder/corrections", body={"wish": "住址有误"}, own=statuses(201)),
    Row(
        "DELETE /holder/corrections/{request_id}",
        names={"path:request_id": "correction"},
        own=statuses(204, 409),
    ),
    Row("GET /holder/held-acts"),
    Row(
        "POST /holder/held-acts/{held_act_id}/stop",
        names={"path:held_act_id": "held_act"},
        own=statuses(200, 409),
    ),
    Row("POST /holder/mobile-changes/codes", body={"mobile": "13711112222"}, own=statuses(202)),
    Row(
        "POST /holder/mobile-changes/codes/proofs",
        names={"body:mobile": "next_mobile", "body:code_request": "change_request"},
        body={"mobile": "{next_mobile}", "code_request": "{change_request}", "code": "{change_code}"},
        own=statuses(201),
        refused=statuses(400),
    ),
    Row(
        "POST /holder/mobile-changes",
        names={
            "body:mobile": "new_mobile",
            "body:mobile_proof": "change_proof",
            "body:face_check": "change_check",
            "body:password": "password",
        },
        body={
            "mobile": "{new_mobile}",
            "mobile_proof": "{change_proof}",
            "face_check": "{change_check}",
            "password": "{password}",
        },
        own=statuses(202),
        refused=statuses(400),
    ),
    Row("GET /holder/consents"),
    Row("GET /holder/consents/requests/{code}", names={"path:code": "request_code"}),
    Row(
        "POST /holder/consents/requests/{code}/approval",
        names={"path:code": "request_code", "body:phone_key": "phone_key"},
        body=approving,
        refused=statuses(400),  # the signature is not of a phone of the caller's
    ),
    Row("DELETE /holder/consents/requests/{code}/approval", names={"path:code": "approved_code"}),
    Row("POST /holder/consents/requests/{code}/refusal", names={"path:code": "refused_code"}),
    # -- verifiers ----------------------------------------------------------------------------------------
    Row("GET /verifier/me", VERIFIERS, by=POLICE),
    Row(
        "POST /verifier/verifications",
        VERIFIERS,
        # A code is shown to whoever verifies: it names nobody's thing.
        body={"request": "request-of-the-matrix", "code": "{code}"},
        by=POLICE,
        also_by=(RELYING,),
    ),
    Row(
        "GET /verifier/verifications/{verification}/portrait",
        VERIFIERS,
        names={"path:verification": "verification", "query:of": "driver"},
        query={"of": "{driver}"},
        by=POLICE,
    ),
    Row("DELETE /holder/passkeys/{passkey_id}", names={"path:passkey_id": "passkey"}, own=statuses(204)),
    # -- officers -----------------------------------------------------------------------------------------
    Row("GET /staff/sessions/current", OFFICERS, by=OFFICER),
    Row("POST /staff/sessions/current/proofs", OFFICERS, body=proving, own=statuses(204), by=OFFICER),
    Row("GET /staff/second-factors", OFFICERS, by=OFFICER),
    Row("POST /staff/second-factors/passkeys/challenges", OFFICERS, own=statuses(201), by=OFFICER),
    # The ceremony is played in tests/staff/test_second_factors.py, with another officer's credential too.
    Row(
        "POST /staff/second-factors/passkeys",
        OFFICERS,
        body={"label": "x", "credential": {}},
        own=statuses(422),
        by=OFFICER,
    ),
    Row(
        "DELETE /staff/second-factors/passkeys/{passkey_id}",
        OFFICERS,
        names={"path:passkey_id": "staff_passkey"},
        own=statuses(204),
        by=OFFICER,
    ),
    # Nothing else is left by now: the last one stays.
    Row("DELETE /staff/second-factors/one-time-codes", OFFICERS, own=statuses(409), by=OFFICER),
    Row(
        "POST /staff/counter-checks/decisions",
        OFFICERS,
        # Whoever stands at a counter, from wherever, is there with their check and their document.
        names={
            "body:person": "person",
            "body:face_check": "counter_check",
            "body:identity_number": "identity_number",
        },
        together=True,
        refused=statuses(400),
        body={
            "person": "{person}",
            "face_check": "{counter_check}",
            "identity_number": "{identity_number}",
            "decision": "approve",
            "case_number": "B-{region}00-20250101-0001",
        },
        by=OFFICER,
    ),
    Row(
        "GET /staff/counter-checks",
        OFFICERS,
        names={"query:verification": "officer_verification", "query:subject": "driver"},
        query={"verification": "{officer_verification}", "subject": "{driver}"},
        by=OFFICER,
    ),
    Row("GET /staff/look-ups/budgets", OFFICERS, by=OFFICER, also_by=(COLLEAGUE,)),
    Row(
        "POST /staff/look-ups",
        OFFICERS,
        # Whoever has the duty looks up any driver of the region, and no other.
        names={"body:identity_number": "identity_number"},
        body={
            "identity_number": "{identity_number}",
            "purpose": "violation-handling",
            "case_number": "V-{region}00-20250101-0001",
        },
        own=statuses(201),
        by=OFFICER,
        also_by=(COLLEAGUE,),
    ),
    Row(
        "POST /staff/verifications",
        OFFICERS,
        # As with a verifier: a code that is shown names nobody's thing.
        body={"request": "request-of-the-matrix", "code": "{code}"},
        by=OFFICER,
        also_by=(COLLEAGUE,),
    ),
    Row(
        "GET /staff/verifications/{verification}/portrait",
        OFFICERS,
        names={"path:verification": "officer_verification", "query:of": "driver"},
        query={"of": "{driver}"},
        by=OFFICER,
    ),
    Row("GET /staff/photo-reviews", OFFICERS, by=OFFICER, also_by=(COLLEAGUE,)),
    Row("GET /staff/photo-reviews/reasons", OFFICERS, by=OFFICER, also_by=(COLLEAGUE,)),
    Row(
        "POST /staff/photo-reviews/take",
        OFFICERS,
        names={"body:application_id": "review"},
        body={"application_id": "{review}"},
        by=OFFICER,
    ),
    *(
        # 409: it is in nobody's hand here.
        Row(
            f"{method} /staff/photo-reviews/{{application_id}}/{what}",
            OFFICERS,
            names={"path:application_id": "review"},
            own=statuses(200, 204, 409),
            by=OFFICER,
        )
        for method, what in (("GET", "new"), ("GET", "archived"), ("POST", "put-back"))
    ),
    Row(
        "POST /staff/photo-reviews/{application_id}/decision",
        OFFICERS,
        names={"path:application_id": "review"},
        body={"decision": "refuse", "reasons": ["glasses"]},
        own=statuses(200, 409),
        by=OFFICER,
    ),
    *(Row(roles=OFFICERS, **each) for each in BEHIND),
    # -- companies ----------------------------------------------------------------------------------------
    Row("GET /relying/registration", COMPANIES, by=RELYING),
    Row("PUT /relying/webhook", COMPANIES, body={"url": "https://webhook.example/other"}, by=RELYING),
    Row("DELETE /relying/webhook", COMPANIES, by=RELYING),
    Row("GET /relying/notices", COMPANIES, by=RELYING),
    Row(
        "POST /relying/notices/{notice_id}/attempts",
        COMPANIES,
        names={"path:notice_id": "notice"},
        own=statuses(202),
        by=RELYING,
    ),
    Row(
        "POST /relying/requests",
        COMPANIES,
        body={"purpose": "rental", "fields": ["may_drive"], "class": "C1"},
        own=statuses(201),
        by=RELYING,
    ),
    Row("GET /relying/requests/{request_id}", COMPANIES, names={"path:request_id": "request"}, by=RELYING),
    Row("DELETE /relying/requests/{request_id}", COMPANIES, names={"path:request_id": "request"}, by=RELYING),
    Row(
        "GET /relying/requests/{request_id}/portrait",
        COMPANIES,
        names={"path:request_id": "approved_request"},
        by=RELYING,
    ),
    Row(
        "POST /relying/requests/{request_id}/answer",
        COMPANIES,
        names={"path:request_id": "approved_request"},
        by=RELYING,
    ),
    Row(
        "POST /relying/checks",
        COMPANIES,
        names={"body:pseudonyms": "pseudonym"},
        body={"purpose": "employment", "fields": ["valid_until"], "pseudonyms": ["{pseudonym}"]},
        # One word for a pseudonym of another company's, for none at all and for a consent that is over.
        refusal='"outcome":"no_consent"',
        echoes=frozenset({"pseudonym"}),
        by=RELYING,
    ),
    # -- registers ----------------------------------------------------------------------------------------
    Row(
        "POST /source/register-changes",
        SOURCES,
        # Whose a driver is: the source's that speaks for the province of the record.
        names={"body:file_number": "file_number"},
        body=telling,
        refusal='"refused":[{',
        by=SOURCE,
    ),
    # -- what ends something, last ------------------------------------------------------------------------
    Row("DELETE /holder/phone-keys/{phone_key_id}", names={"path:phone_key_id": "phone_key"}),
    Row("DELETE /holder/consents/{consent_id}", names={"path:consent_id": "consent"}),
    Row(
        "POST /staff/retentions",
        OFFICERS,
        # Only who verified this very driver a moment ago, wherever the driver is registered.
        names={"body:verification": "officer_verification", "body:subject": "driver"},
        body={
            "verification": "{officer_verification}",
            "subject": "{driver}",
            "reason": "drink-driving",
            "case_number": "R-{region}00-20250101-0001",
        },
        own=statuses(201),
        by=OFFICER,
    ),
    Row("DELETE /staff/sessions/current", OFFICERS, own=statuses(204), by=OFFICER),
    Row("DELETE /holder/sessions/{session_id}", names={"path:session_id": "session"}, own=statuses(204)),
    Row("DELETE /holder/sessions"),
    Row(
        "POST /holder/account-closings",
        names={"body:password": "password"},
        body={"password": "{password}"},
        own=statuses(202, 409),
        refused=statuses(400),
    ),
    Row("DELETE /holder/sessions/current", own=statuses(204)),
    *(Row(roles=ANYBODY, **each) for each in OPEN_AT_LAST),
)
