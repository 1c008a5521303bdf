"""The second factor by passkeys. It is bound to the page's address, so what is typed into a copy of the page opens nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from liangzheng.accounts import sign_count_fault
from liangzheng.infra import webauthn_ceremonies
from liangzheng.infra.keyindex import KeyIndex
from liangzheng.infra.postgres import Connection
from liangzheng.infra.webauthn_ceremonies import OpenChallenges, PasskeySite
from liangzheng.kernel.errors import Invalid, NotVerified
from liangzheng.kernel.ids import StaffId
from liangzheng.staff import store_passkeys
from liangzheng.staff.model import StaffPolicy


class PasskeyFactor:
    """Proofs are credentials in the JSON form of WebAuthn, over a challenge of ours that serves once."""

    __slots__ = ("_challenges", "_lives", "_site")

    def __init__(self, keys: KeyIndex, site: PasskeySite, policy: StaffPolicy) -> None:
        self._challenges = OpenChallenges(keys, "staff second factor")
        self._site, self._lives = site, timedelta(seconds=policy.passkey_challenge_s)

    def options(self, now: datetime) -> dict[str, Any]:
        """`PublicKeyCredentialRequestOptions` for whoever asks: they name nobody, and nothing is kept of them."""
        return webauthn_ceremonies.request_options(self._site, self._challenges.make(now + self._lives), [])

    async def prove(self, tx: Connection, staff_id: StaffId, proof: str, now: datetime) -> bool:
        """Whether `proof` is by a passkey of this person's, over a challenge that was not used before."""
        try:
            sent = webauthn_ceremonies.read(proof)
        except Invalid:
            return False
        expires_at = self._challenges.expires_at(sent.challenge, now, self._lives)
        passkey = await store_passkeys.find_by_credential(tx, staff_id, sent.credential_id)
        if expires_at is None or passkey is None or sent.user_handle not in (None, staff_id.uuid.bytes):
            return False
        try:
            count = webauthn_ceremonies.asserted(sent, self._site, passkey.public_key)
        except NotVerified:
            return False
        if sign_count_fault(passkey.sign_count, count):
            return False
        if not await store_passkeys.spend_open_challenge(tx, sent.challenge, staff_id, expires_at, now):
            return False
        await store_passkeys.used(tx, passkey, count, now)
        return True
