"""What the people of the cast type, read out and prove: mobiles, passwords, codes, proofs, numbers of staff and companies.

Whoever has one of them is let in where a login is not asked for, so each is crossed with another person's where a request
holds it, and nowhere else (test_matrix.py).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields
from typing import Final

from liangzheng import accounts
from liangzheng.accounts import CodePurpose
from liangzheng.kernel.ids import HeldActId, PersonId, SessionId
from liangzheng.kernel.people import Mobile
from tests.accounts.authenticator import Authenticator, b64
from tests.accounts.people import PASSWORD
from tests.api.phone import done
from tests.licences.holders import Deployment, Holder
from tests.licences.photos import usable


@dataclass(kw_only=True)
class Said:
    """Of one holder, and of the staff and the company around them."""

    mobile: str
    password: str
    stop_word: str
    """Of the act that waits."""
    reset_proof: str
    """For another password."""
    code_request: str
    """For logging in; its code:"""
    sms_code: str
    new_mobile: str
    """Nobody's yet; the account is to be reached under it."""
    change_proof: str
    change_check: str
    """A face check for that."""
    next_mobile: str
    """Nobody's yet; a code was sent there."""
    change_request: str
    change_code: str
    photo: str
    """Sent, good, and not applied with."""
    authenticator: str
    """The credential of the passkey."""
    invited: str
    """The number of a member of staff who was not there yet, and their code:"""
    enrolment_code: str
    clerk: str
    """The number of one who was; and their one-time code:"""
    clerk_code: str
    company: str
    company_secret: str


SAID: Final = frozenset(field.name for field in fields(Said))


async def said_by(
    place: Deployment, holder: Holder, held_act: str, password: str, authenticator: Authenticator
) -> dict[str, str]:
    """The holder's part."""
    own = holder.person.mobile
    listed = done(await holder.phone.get("/holder/sessions"), 200)["sessions"]
    session = SessionId.parse(next(login["session_id"] for login in listed if login["current"]))
    new_mobile, next_mobile = (Mobile(f"1379{secrets.randbelow(10**7):07d}") for _ in range(2))
    code_request, sms_code = await asked(place, own, CodePurpose.LOG_IN)
    change_request, change_code = await asked(place, next_mobile, CodePurpose.CHANGE_MOBILE, session)
    return {
        "mobile": own.value,
        "password": password,
        "stop_word": accounts.stop_word(place.wiring.key_index, HeldActId.parse(held_act)),
        "reset_proof": await proved(place, own, CodePurpose.RESET_PASSWORD),
        "code_request": code_request,
        "sms_code": sms_code,
        "new_mobile": new_mobile.value,
        "change_proof": await proved(place, new_mobile, CodePurpose.CHANGE_MOBILE, session),
        "change_check": await holder.phone.pass_face_check("change-mobile"),
        "next_mobile": next_mobile.value,
        "change_request": change_request,
        "change_code": change_code,
        "photo": await usable(holder),
        "authenticator": b64(authenticator.credential_id),
    }


async def asked(
    place: Deployment, mobile: Mobile, purpose: CodePurpose, bound_to: SessionId | None = None
) -> tuple[str, str]:
    """The token of a request for a code, and the code."""
    async with place.world.database.transaction() as tx:
        made, sending = await accounts.begin_code(
            tx, mobile, purpose, place.wiring.key_index, place.wiring.account_policy, place.now, bound_to
        )
    return made.token, sending.code


async def proved(
    place: Deployment, mobile: Mobile, purpose: CodePurpose, bound_to: SessionId | None = None
) -> str:
    """A proof that the mobile's messages are read."""
    token, code = await asked(place, mobile, purpose, bound_to)
    wiring = place.wiring
    proof, _ = await accounts.prove_mobile(
        place.world.database, mobile, purpose, token, code, wiring.key_index, wiring.account_policy, place.now, bound_to
    )  # fmt: skip
    return proof


async def other_password(place: Deployment, holder: Holder, person_id: str) -> str:
    """The holder has a password that is nobody else's here."""
    password = f"{PASSWORD}-{secrets.token_hex(4)}"
    hashed = await place.wiring.passwords.hash(password)
    async with place.world.database.transaction() as tx:
        await tx.execute(
            "UPDATE account SET password_hash = $2 WHERE person_id = $1",
            PersonId.parse(person_id).uuid,
            hashed,
        )
    return password


async def with_passkey(place: Deployment, holder: Holder) -> tuple[Authenticator, str]:
    """A software authenticator with a passkey of the holder's, and the passkey's id."""
    authenticator = Authenticator(origin=f"http://localhost:{place.wiring.settings.port}", rp_id="localhost")
    begun = await holder.phone.post("/holder/passkeys/challenges", {"password": PASSWORD})
    credential = authenticator.create(done(begun, 201)["options"])
    added = await holder.phone.post("/holder/passkeys", {"label": "钥匙", "credential": credential})
    return authenticator, str(done(added, 201)["passkey_id"])
