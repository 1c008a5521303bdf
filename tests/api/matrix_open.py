"""Rows of the matrix (see there) for what asks for no login: what is nobody's, and what lets somebody in by what they say."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from liangzheng.accounts import CodePurpose
from liangzheng.kernel.ids import PersonId
from liangzheng.kernel.people import Mobile
from liangzheng.standards import totp
from tests.accounts.people import PASSWORD, citizen

if TYPE_CHECKING:
    from tests.api.cast import Somebody


async def registering(who: Somebody, _: Mapping[str, str]) -> dict[str, Any]:
    """A right body for registering, with a mobile that is nobody's and a proof of it."""
    from tests.api.said import proved

    mobile = Mobile(f"1389{secrets.randbelow(10**7):07d}")
    return {
        "mobile": mobile.value,
        "identity_number": citizen(950),
        "name": "样本丙",
        "password": PASSWORD,
        "mobile_proof": await proved(who.holder.place, mobile, CodePurpose.REGISTER),
    }


async def resetting(who: Somebody, _: Mapping[str, str]) -> dict[str, Any]:
    """A right body for another password: the proof is used up by every try."""
    from tests.api.said import proved

    person = who.holder.person
    return {
        "mobile": person.mobile.value,
        "identity_number": person.identity.value,
        "name": person.name.value,
        "password": f"{PASSWORD} 2",
        "mobile_proof": await proved(who.holder.place, person.mobile, CodePurpose.RESET_PASSWORD),
    }


async def asserting(who: Somebody, things: Mapping[str, str]) -> dict[str, Any]:
    """What the passkey of `who` signs over a fresh challenge, for the person and under the credential that are named."""
    phone = who.holder.phone.another()
    begun = await phone.post("/holder/passkeys/log-in-challenges")
    try:
        handle = PersonId.parse(things["person"]).uuid.bytes
    except ValueError:
        handle = things["person"].encode()
    made = who.authenticator.get(begun.json()["options"], user_handle=handle)
    return {"credential": made | {"id": things["authenticator"], "rawId": things["authenticator"]}}


async def confirming(who: Somebody, things: Mapping[str, str]) -> dict[str, Any]:
    """The second step of enrolling, after a first one of one's own."""
    own = {"number": who.things.invited, "enrolment_code": who.things.enrolment_code}
    begun = await who.holder.phone.another().post("/staff/enrolments", own)
    secret = begun.json().get("secret", "A" * 32)  # once enrolled nothing is shown again
    code = totp.code_at(totp.from_base32(secret), totp.step_of(who.holder.place.now))
    return own | {"password": "stempelkissen-im-regen", "totp": code}


_SAME: Final = "the same for everybody"
_REFUSED: Final = frozenset({400, 401})
_CHALLENGE: Final = "a challenge names nobody: it is fresh for whoever asks, and nothing of it is kept"

OPEN: Final[tuple[dict[str, Any], ...]] = (
    {"route": "GET /", "nobodys": _SAME},
    {"route": "GET /docs", "nobodys": _SAME},
    {"route": "GET /openapi.json", "nobodys": _SAME},
    {"route": "GET /healthz", "nobodys": "of the process, " + _SAME},
    {
        "route": "GET /readyz",
        "nobodys": "of the process, " + _SAME,
        "own": frozenset({200, 503}),  # the tests' clock stands still, the database's does not
        "anew": frozenset({"checks", "reasons", "waiting"}),
    },
    {"route": "GET /open/deployment", "nobodys": "the deployment's root and times"},
    {"route": "GET /open/rollout", "query": {"authority": "苏E"}, "nobodys": "published notices"},
    {"route": "GET /open/rollout/waves", "nobodys": "published notices"},
    {"route": "GET /open/figures", "nobodys": "counts, " + _SAME},
    {"route": "GET /open/figures.csv", "nobodys": "counts, " + _SAME},
    {"route": "GET /open/figures.html", "nobodys": "counts, " + _SAME},
    {
        "route": "GET /open/simulated-messages",
        "query": {"mobile": "19900000000"},
        "nobodys": "messages that were sent to no mobile; none of them outside a demonstration",
        "own": frozenset({200, 404}),
    },
    {"route": "GET /open/status-lists", "nobodys": "how many lists there are, and how large"},
    {
        "route": "GET /open/status-lists/sequence",
        "nobodys": "the lists as they are published, one after the other",
    },
    {
        "route": "GET /open/status-lists/{list_id}",
        "nobodys": "published; an index in it says nothing by itself",
    },
    {"route": "GET /open/trust-bundle", "nobodys": "public keys"},
    {"route": "GET /open/agreement-texts", "nobodys": "published texts"},
    {
        "route": "POST /holder/accounts",
        "names": {"body:mobile": "mobile", "body:mobile_proof": "reset_proof"},
        "body": registering,
        "own": frozenset({201}),
        "refused": _REFUSED,
    },
    {
        "route": "POST /holder/sessions",
        "names": {"body:mobile": "mobile", "body:password": "password"},
        "body": {"mobile": "{mobile}", "password": "{password}"},
        "own": frozenset({201}),
    },
    {
        "route": "POST /holder/codes",
        "body": {
            "mobile": "{mobile}",
            "purpose": "stop-mobile-change",
        },  # the one for logging in is given back below
        "own": frozenset({202}),
        "nobodys": "the code goes to whoever reads the mobile; the answer, to whoever asked, says nothing of it",
        "anew": frozenset({"code_request"}),
    },
    {
        "route": "POST /holder/codes/proofs",
        "names": {"body:mobile": "mobile", "body:code_request": "code_request"},
        "body": {
            "mobile": "{mobile}",
            "purpose": "log-in",
            "code_request": "{code_request}",
            "code": "{sms_code}",
        },
        "own": frozenset({201}),
        "refused": _REFUSED,
    },
    {
        "route": "POST /holder/passkeys/log-in-challenges",
        "own": frozenset({201}),
        "nobodys": _CHALLENGE,
        "anew": frozenset({"options"}),
    },
    {
        "route": "POST /holder/passkeys/sessions",
        "names": {"body:credential.user_handle": "person", "body:credential.id": "authenticator"},
        "body": asserting,
        "woven": True,
        "own": frozenset({201}),
        "refused": _REFUSED,
    },
    {
        "route": "POST /staff/enrolments",
        "names": {"body:number": "invited", "body:enrolment_code": "enrolment_code"},
        "body": {"number": "{invited}", "enrolment_code": "{enrolment_code}"},
        "own": frozenset({201}),
        "refused": _REFUSED,
    },
    {
        "route": "POST /staff/enrolments/confirmations",
        "names": {"body:number": "invited", "body:enrolment_code": "enrolment_code"},
        "body": confirming,
        "own": frozenset({201}),
        "refused": _REFUSED,
    },
    {
        "route": "POST /staff/sessions",
        "names": {"body:number": "clerk", "body:totp": "clerk_code"},
        "body": {"number": "{clerk}", "password": "stempelkissen-im-regen", "totp": "{clerk_code}"},
        "own": frozenset({201}),
        "refused": _REFUSED,
    },
    {
        "route": "POST /staff/second-factors/passkey-challenges",
        "own": frozenset({201}),
        "nobodys": _CHALLENGE,
        "anew": frozenset({"options"}),
    },
    {
        "route": "POST /relying/token",
        "names": {"basic:client": "company", "basic:secret": "company_secret"},
        "body": {"grant_type": "client_credentials"},
        "form": True,
        "refused": _REFUSED,
    },
)

OPEN_AT_LAST: Final[tuple[dict[str, Any], ...]] = (
    {
        "route": "POST /holder/mobile-change-stops",
        "names": {"body:mobile": "mobile", "body:stop_word": "stop_word"},
        "body": {"mobile": "{mobile}", "stop_word": "{stop_word}"},
        "own": frozenset({204}),
        "refused": _REFUSED,
    },
    {
        "route": "POST /holder/password-resets",
        "names": {
            "body:mobile": "mobile",
            "body:mobile_proof": "reset_proof",
            "body:identity_number": "identity_number",
        },
        "body": resetting,
        "own": frozenset({200}),
        "refused": _REFUSED,
    },
)
"""What ends every login of theirs."""
