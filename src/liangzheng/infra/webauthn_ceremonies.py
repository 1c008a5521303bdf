"""The ceremonies of WebAuthn, for whoever keeps passkeys: options made, what came back checked. No database, no person.

The checks are the `webauthn` library's; user verification is always demanded. Whose credential it is, whether a challenge was
used before and what a counter says, is decided where passkeys are kept.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import webauthn
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from liangzheng.infra.keyindex import KeyIndex
from liangzheng.kernel.errors import Invalid, NotVerified

CHALLENGE_OCTETS: Final = 32
LARGEST_OCTETS: Final = 16 * 1024
STEP: Final = "passkey"
REFUSED: Final = "the passkey is not accepted"
"""Said alike for every reason: an unknown credential, another's, a challenge that was used."""
_ALGORITHMS: Final = [COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.EDDSA]
_RP_NAME: Final = "亮证 LiangZheng"
_FAULTS: Final = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, IndexError)


@dataclass(frozen=True, slots=True)
class PasskeySite:
    """Where passkeys are good: the relying-party id (a domain) and the origins of our pages under it."""

    rp_id: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What an authenticator sent, as far as it must be read before it is checked."""

    credential: dict[str, Any] = field(repr=False)
    challenge: bytes
    credential_id: bytes
    user_handle: bytes | None


@dataclass(frozen=True, slots=True)
class Created:
    """A new credential that holds. `public_key` is a COSE_Key."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool


def read(sent: str) -> Sent:
    """Raises Invalid for what is no credential in the JSON form of WebAuthn (Level 3 §5.1)."""
    try:
        if len(sent) > LARGEST_OCTETS:
            raise ValueError
        credential = json.loads(sent)
        response = credential["response"]
        client = json.loads(_unb64(response["clientDataJSON"]))
        handle = response.get("userHandle")
        return Sent(
            credential,
            _unb64(client["challenge"]),
            _unb64(credential["rawId"]),
            _unb64(handle) if handle else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Invalid("credential", "a credential in the JSON form of WebAuthn") from None


def creation_options(
    site: PasskeySite, challenge: bytes, user_handle: bytes, known: Collection[bytes]
) -> dict[str, Any]:
    """`PublicKeyCredentialCreationOptions`. `known`: credential ids that are there already. No name is in it."""
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name=_RP_NAME,
        user_id=user_handle,
        user_name="亮证",
        user_display_name="亮证",
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in known],
        supported_pub_key_algs=_ALGORITHMS,
    )
    return options_to_json_dict(options)


def request_options(site: PasskeySite, challenge: bytes, allowed: Collection[bytes]) -> dict[str, Any]:
    """`PublicKeyCredentialRequestOptions`. `allowed`: credential ids; none names nobody."""
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=credential_id) for credential_id in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def created(sent: Sent, site: PasskeySite) -> Created:
    """The credential of a creation that holds (WebAuthn §7.1). Raises NotVerified alike for every reason."""
    try:
        verified = webauthn.verify_registration_response(
            credential=sent.credential,
            expected_challenge=sent.challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except _FAULTS:
        raise NotVerified(STEP, REFUSED) from None
    return Created(
        verified.credential_id, verified.credential_public_key, verified.sign_count,
        verified.credential_backed_up,
    )  # fmt: skip


def asserted(sent: Sent, site: PasskeySite, public_key: bytes) -> int:
    """The counter of an assertion that holds under this key (WebAuthn §7.2). Raises NotVerified alike for every reason."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=sent.credential,
            expected_challenge=sent.challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            credential_public_key=public_key,
            credential_current_sign_count=0,  # judged by the rule of whoever keeps the passkey
            require_user_verification=True,
        )
    except _FAULTS:
        raise NotVerified(STEP, REFUSED) from None
    return verified.new_sign_count


# --- challenges for nobody in particular ------------------------------------------------------------------

_EXPIRY_OCTETS: Final = 6
_RANDOM_OCTETS: Final = 10
_MARK_OCTETS: Final = 16


class OpenChallenges:
    """Challenges that are ours by a mark and hold their own end, so that whoever asks without a login writes nothing.

    32 octets: milliseconds since 1970, ten random ones, a keyed hash of both. `use`: for whom; marks of one use are none of
    another. That one is used once is for whoever keeps what was used.
    """

    __slots__ = ("_secret",)

    def __init__(self, keys: KeyIndex, use: str) -> None:
        self._secret = keys.derive("lz-passkey-challenge", use.encode())

    def make(self, expires_at: datetime) -> bytes:
        """Good until then."""
        ends = int(expires_at.timestamp() * 1000).to_bytes(_EXPIRY_OCTETS, "big")
        said = ends + secrets.token_bytes(_RANDOM_OCTETS)
        return said + self._mark(said)

    def expires_at(self, challenge: bytes, now: datetime, lives: timedelta) -> datetime | None:
        """When one of ours ends that is good now; None for any other, and for one that would be good for longer than `lives`."""
        said = challenge[: _EXPIRY_OCTETS + _RANDOM_OCTETS]
        if len(challenge) != CHALLENGE_OCTETS or not hmac.compare_digest(
            challenge[len(said) :], self._mark(said)
        ):
            return None
        left = timedelta(milliseconds=int.from_bytes(said[:_EXPIRY_OCTETS], "big") - now.timestamp() * 1000)
        return now + left if timedelta(0) < left <= lives else None

    def _mark(self, said: bytes) -> bytes:
        return hmac.digest(self._secret, said, "sha256")[:_MARK_OCTETS]


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
