"""The 亮码: its octets, and the numbered steps by which a stranger verifies it.

    code       = "LZ1:" base45( [credential, snapshot / null, shown_at, nonce, device_signature] )
    device signs  ["LZ1", credential, snapshot / null, shown_at, nonce]       ; P-256, always
    credential = COSE_Sign1 of a province's document signer over CredentialClaims
    snapshot   = COSE_Sign1 of the status signer over SnapshotClaims

All CBOR is deterministic. The phone makes the code by itself; nothing in it is an address to fetch anything
from. Steps, in order: decodes · trusted issuer · issuer signature · in force · device signature · fresh ·
first showing · snapshot · class · purpose. A step that does not hold raises NotVerifiedStep. What passed is
a `Verified`, and only `Verifier.conclude` makes one. The octets and the steps are written out for other
programmers in docs/live-code.md.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, MutableMapping
from datetime import datetime
from typing import Final

from liangzheng.standards import base45, cbor, cose
from liangzheng.standards.claims import CredentialClaims, SnapshotClaims, day_of
from liangzheng.standards.document import DocumentClaims, open_document, pack_document, sign_document
from liangzheng.standards.errors import BadKey, BadSignature, BadTrust, Malformed
from liangzheng.standards.keys import Alg, Signer, verify_compressed_es256
from liangzheng.standards.trust import TrustBundle, TrustEntry, sign_trust_bundle
from liangzheng.standards.verdict import (
    MINT,
    Code,
    Lives,
    NotVerifiedStep,
    Outcome,
    Showing,
    Standing,
    StandingFacts,
    Step,
    Verified,
)
from liangzheng.standards.x509 import Role

__all__ = [
    "BadTrust",
    "CredentialClaims",
    "DocumentClaims",
    "Lives",
    "NotVerifiedStep",
    "Outcome",
    "Seen",
    "Showing",
    "SnapshotClaims",
    "Standing",
    "StandingFacts",
    "Step",
    "TrustBundle",
    "TrustEntry",
    "Verified",
    "Verifier",
    "build_code",
    "credential_to_be_signed",
    "open_document",
    "pack_document",
    "seal",
    "sign_credential",
    "sign_document",
    "sign_snapshot",
    "sign_trust_bundle",
    "snapshot_to_be_signed",
]

PREFIX: Final = "LZ1:"
NONCE_OCTETS: Final = 8

# With names of fifty four-octet characters and a snapshot a code has under 1,000 characters.
MAX_CHARACTERS: Final = 1600

_CODE: Final = b"\x85"
_DEVICE_SIGNS: Final = b"\x85\x63LZ1"
_NO_SNAPSHOT: Final = b"\xf6"

# What follows the snapshot has one length: heads and values of shown_at, nonce and signature in turn.
_TAIL: Final = struct.Struct(">c I c 8s 2s 64s")
_TAIL_HEADS: Final = (b"\x1a", b"\x48", b"\x58\x40")
_FIRST_SECOND: Final = 1 << 16

# China has one time zone and no summer time: its civil day begins at 16:00 UTC.
_CHINA_AHEAD: Final = 8 * 3600
_DAY: Final = 86400

seal = cose.seal


def credential_to_be_signed(claims: CredentialClaims, signer_alg: Alg, kid: bytes) -> bytes:
    """The octets a document signer signs. Keep them first, sign them, then `seal` them with the signature."""
    return cose.to_be_signed(signer_alg, kid, claims.encode())


def snapshot_to_be_signed(claims: SnapshotClaims, signer_alg: Alg, kid: bytes) -> bytes:
    """The octets the status signer signs."""
    return cose.to_be_signed(signer_alg, kid, claims.encode())


def sign_credential(claims: CredentialClaims, signer: Signer) -> bytes:
    """The credential as a COSE_Sign1 of a document signer."""
    return cose.sign(claims.encode(), signer)


def sign_snapshot(claims: SnapshotClaims, signer: Signer) -> bytes:
    """The snapshot as a COSE_Sign1 of the status signer."""
    return cose.sign(claims.encode(), signer)


def build_code(credential: bytes, snapshot: bytes | None, shown_at: int, nonce: bytes, device: Signer) -> str:
    """What a phone does at each rotation: `shown_at` in epoch seconds, `nonce` eight random octets,
    `device` its P-256 key. Raises Malformed for a time, a nonce or a key of another kind."""
    if len(nonce) != NONCE_OCTETS or device.alg is not Alg.ES256:
        raise Malformed("live code: the nonce has eight octets, the phone's key is P-256")
    if not _FIRST_SECOND <= shown_at < 1 << 32:
        raise Malformed("live code: the time is not in epoch seconds")
    time_head, nonce_head, signature_head = _TAIL_HEADS
    parts = b"".join(
        (
            cbor.byte_string(credential),
            _NO_SNAPSHOT if snapshot is None else cbor.byte_string(snapshot),
            time_head,
            shown_at.to_bytes(4, "big"),
            nonce_head,
            nonce,
        )
    )
    signature = device.sign(_DEVICE_SIGNS + parts)
    return PREFIX + base45.encode(b"".join((_CODE, parts, signature_head, signature)))


class Seen:
    """Showings an offline verifier has taken, kept as long as their codes would pass `fresh`. Bounded.

    When it is full of showings that could still be repeated, no further one is taken: forgetting one would
    let it be shown again.
    """

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._request_of: dict[bytes, tuple[str | None, float]] = {}

    def note(self, showing: bytes, request_key: str | None, forget_at: float, now: float) -> bool:
        """Whether `showing` (its `message` or `id`) comes for the first time, or by the same request again.
        `request_key` None is never the same."""
        known = self._request_of.get(showing)
        if known is not None:
            return request_key is not None and known[0] == request_key
        if len(self._request_of) >= self._most:
            self._request_of = {key: kept for key, kept in self._request_of.items() if kept[1] >= now}
        if len(self._request_of) >= self._most:
            raise NotVerifiedStep(
                Step.FIRST_SHOWING, "too many showings at once to tell them apart", Outcome.ALREADY_SHOWN
            )
        self._request_of[showing] = (request_key, forget_at)
        return True


class Verifier:
    """Verifies 亮码 under one trust bundle. Safe to share between threads except for its memory of
    showings."""

    def __init__(self, trust: TrustBundle, lives: Lives | None = None, seen: Seen | None = None) -> None:
        self.trust = trust
        self.lives = lives or Lives()
        self.seen = seen or Seen()

    def verify(
        self,
        code: str,
        now: datetime,
        *,
        request_key: str | None = None,
        want_class: str | None = None,
        allows: Callable[[str, str], bool] | None = None,
        purpose: str | None = None,
        permits: Callable[[str, CredentialClaims], str | None] | None = None,
        known_status_versions: MutableMapping[bytes, int] | None = None,
    ) -> Verified:
        """Every step, offline. Raises NotVerifiedStep; the other arguments are those of `conclude`.

        `request_key`: the same code under the same key again is the same look (a retry), not a second
        showing.
        """
        at = _epoch(now)
        showing = self._open(code, at)
        forget_at = showing.shown_at + self.lives.accepted + self.lives.skew
        first = self.seen.note(showing.message, request_key, forget_at, at)
        return self._conclude(
            showing, at, first, None, want_class, allows, purpose, permits, known_status_versions
        )

    def check_credential(self, credential: bytes, now: datetime) -> CredentialClaims:
        """The steps that need no phone, `decodes` to `in force`: what an issuer asks of its own work before
        it gives it out. Raises NotVerifiedStep."""
        try:
            signed = cose.parse(credential)
            read = Code(signed, CredentialClaims.decode(signed.payload), None, 0, b"", b"", b"")
        except Malformed as fault:
            raise NotVerifiedStep(Step.DECODES, str(fault), Outcome.UNREADABLE) from None
        self._issuer_signature(read, self._trusted_issuer(read))
        self._in_force(read.claims, _epoch(now))
        return read.claims

    def open(self, code: str, now: datetime) -> Showing:
        """The steps that need nothing but the code: `decodes` to `fresh`. Raises NotVerifiedStep."""
        return self._open(code, _epoch(now))

    def _open(self, code: str, at: float) -> Showing:
        read = self._decode(code)
        entry = self._trusted_issuer(read)
        self._issuer_signature(read, entry)
        self._in_force(read.claims, at)
        self._device_signature(read)
        age_s = self._fresh(read.shown_at, at)
        return Showing(mint=MINT, code=read, age_s=age_s)

    def conclude(
        self,
        showing: Showing,
        now: datetime,
        *,
        first_showing: bool,
        live: Standing | None = None,
        want_class: str | None = None,
        allows: Callable[[str, str], bool] | None = None,
        purpose: str | None = None,
        permits: Callable[[str, CredentialClaims], str | None] | None = None,
        known_status_versions: MutableMapping[bytes, int] | None = None,
    ) -> Verified:
        """The steps from `first showing` on. Raises NotVerifiedStep.

        `first_showing`: what the memory of showings said. `live`: the standing from the register, used
        instead of the snapshot. `allows(classes held, class asked for)` answers `want_class` as of today.
        `permits(purpose, claims)` gives the reason of a refusal or None; a purpose without it is refused.
        `known_status_versions`: highest standing version seen by licence id; raised here when a higher one
        is met.
        """
        return self._conclude(
            showing,
            _epoch(now),
            first_showing,
            live,
            want_class,
            allows,
            purpose,
            permits,
            known_status_versions,
        )

    def _conclude(
        self,
        showing: Showing,
        at: float,
        first_showing: bool,
        live: Standing | None,
        want_class: str | None,
        allows: Callable[[str, str], bool] | None,
        purpose: str | None,
        permits: Callable[[str, CredentialClaims], str | None] | None,
        known_status_versions: MutableMapping[bytes, int] | None,
    ) -> Verified:
        if not first_showing:
            raise NotVerifiedStep(Step.FIRST_SHOWING, "this code was taken before", Outcome.ALREADY_SHOWN)
        claims = showing.credential
        standing: StandingFacts | None = live
        ran_out = False
        if live is None and showing.snapshot is not None:
            standing = self._snapshot(showing.snapshot, at)
            ran_out = at >= standing.exp
        if standing is not None:
            # Before its age: another licence's snapshot does not become harmless by lying about.
            _same_licence(standing, claims)
            standing = None if ran_out else standing
        if standing is not None:
            _newest(standing, known_status_versions)
        class_allowed = _class(claims, want_class, allows)
        _purpose(claims, purpose, permits)
        return Verified(
            mint=MINT,
            showing=showing,
            standing=standing,
            live=live is not None,
            snapshot_ran_out=ran_out,
            want_class=want_class,
            class_allowed=class_allowed,
            at=at,
            lives=self.lives,
            trust_version=self.trust.version,
            trust_issued_at=self.trust.issued_at,
        )

    def _decode(self, code: str) -> Code:
        """Step 1, decodes."""
        try:
            return _take_apart(code)
        except Malformed as fault:
            raise NotVerifiedStep(Step.DECODES, str(fault), Outcome.UNREADABLE) from None

    def _trusted_issuer(self, read: Code) -> TrustEntry:
        """Step 2, trusted issuer: a document signer of the credential's own province, at the time it
        signed."""
        entry = self.trust.find(read.signed.kid, Role.DOCUMENT)
        if entry is None:
            raise NotVerifiedStep(Step.TRUSTED_ISSUER, "not a document signer of the trust bundle")
        if read.claims.issuer != entry.province:
            raise NotVerifiedStep(Step.TRUSTED_ISSUER, "a key of another province")
        why = entry.why_not_at(read.claims.iat)
        if why is not None:
            raise NotVerifiedStep(Step.TRUSTED_ISSUER, why)
        return entry

    def _issuer_signature(self, read: Code, entry: TrustEntry) -> None:
        """Step 3, issuer signature."""
        try:
            entry.key.verify(read.signed.to_be_signed, read.signed.signature)
        except BadSignature as fault:
            raise NotVerifiedStep(Step.ISSUER_SIGNATURE, str(fault)) from None

    def _in_force(self, claims: CredentialClaims, at: float) -> None:
        """Step 4, in force: the credential in epoch time, the licence in civil days of China."""
        if claims.exp - claims.iat > self.lives.credential:
            raise NotVerifiedStep(Step.IN_FORCE, "the credential lives longer than any may")
        if claims.iat > at + self.lives.skew:
            raise NotVerifiedStep(Step.IN_FORCE, "the credential is from the future", Outcome.NOT_IN_FORCE)
        if claims.exp <= at:
            raise NotVerifiedStep(Step.IN_FORCE, "the credential has run out", Outcome.NOT_IN_FORCE)
        today = day_of(int(at + _CHINA_AHEAD) // _DAY)
        if today < claims.valid_from:
            raise NotVerifiedStep(Step.IN_FORCE, "the licence is not in force yet", Outcome.NOT_IN_FORCE)
        if claims.valid_until is not None and today > claims.valid_until:
            raise NotVerifiedStep(Step.IN_FORCE, "the licence has run out", Outcome.NOT_IN_FORCE)

    def _device_signature(self, read: Code) -> None:
        """Step 5, device signature: by the phone the credential was made for."""
        try:
            verify_compressed_es256(read.claims.phone_key, read.device_signs, read.device_signature)
        except (BadKey, BadSignature) as fault:
            raise NotVerifiedStep(Step.DEVICE_SIGNATURE, str(fault)) from None

    def _fresh(self, shown_at: int, at: float) -> float:
        """Step 6, fresh: both ends count as inside."""
        age_s = at - shown_at
        if age_s < -self.lives.skew:
            raise NotVerifiedStep(Step.FRESH, f"made {-age_s:.0f} s ahead of this clock", Outcome.CLOCK_AHEAD)
        if age_s > self.lives.accepted + self.lives.skew:
            raise NotVerifiedStep(Step.FRESH, f"made {age_s:.0f} s ago", Outcome.TOO_OLD)
        return age_s

    def _snapshot(self, octets: bytes, at: float) -> SnapshotClaims:
        """Step 8, snapshot: form, signer, signature and times. One that merely ran out is no forgery: it is
        read and then not relied on."""
        try:
            signed = cose.parse(octets)
            claims = SnapshotClaims.decode(signed.payload)
        except Malformed as fault:
            raise NotVerifiedStep(Step.SNAPSHOT, str(fault)) from None
        entry = self.trust.find(signed.kid, Role.STATUS)
        if entry is None:
            raise NotVerifiedStep(Step.SNAPSHOT, "not a status signer of the trust bundle")
        why = entry.why_not_at(claims.as_of)
        if why is not None:
            raise NotVerifiedStep(Step.SNAPSHOT, why)
        try:
            entry.key.verify(signed.to_be_signed, signed.signature)
        except BadSignature as fault:
            raise NotVerifiedStep(Step.SNAPSHOT, str(fault)) from None
        if claims.exp - claims.as_of > self.lives.snapshot:
            raise NotVerifiedStep(Step.SNAPSHOT, "it lives longer than any may")
        if claims.as_of > at + self.lives.skew:
            raise NotVerifiedStep(Step.SNAPSHOT, "it is from the future")
        return claims


def _same_licence(standing: StandingFacts, claims: CredentialClaims) -> None:
    if standing.licence_id != claims.licence_id:
        raise NotVerifiedStep(Step.SNAPSHOT, "the standing is another licence's")
    if standing.version != claims.version:
        raise NotVerifiedStep(
            Step.SNAPSHOT, "the standing is of another version of the licence", Outcome.STATUS_SUPERSEDED
        )


def _newest(standing: StandingFacts, known: MutableMapping[bytes, int] | None) -> None:
    if known is None:
        return
    if standing.standing_version < known.get(standing.licence_id, 0):
        raise NotVerifiedStep(Step.SNAPSHOT, "a newer standing was seen before", Outcome.STATUS_SUPERSEDED)
    known[standing.licence_id] = standing.standing_version


def _class(
    claims: CredentialClaims, want_class: str | None, allows: Callable[[str, str], bool] | None
) -> bool | None:
    """Step 9, class. A class that is not held is an answer, not a failure; not being able to answer is
    one."""
    if want_class is None:
        return None
    if allows is None:
        raise NotVerifiedStep(Step.CLASS, "no table of classes to answer by", Outcome.NOT_PERMITTED)
    return allows(claims.classes, want_class)


def _purpose(
    claims: CredentialClaims,
    purpose: str | None,
    permits: Callable[[str, CredentialClaims], str | None] | None,
) -> None:
    """Step 10, purpose. A purpose nobody can judge is refused."""
    if purpose is None:
        return
    why = "no rule for purposes at hand" if permits is None else permits(purpose, claims)
    if why is not None:
        raise NotVerifiedStep(Step.PURPOSE, why, Outcome.NOT_PERMITTED)


def _epoch(now: datetime) -> float:
    if now.tzinfo is None:
        raise ValueError("now has no time zone")
    return now.timestamp()


def _take_apart(code: str) -> Code:
    """The parts of a code, with the octets the phone signed as they came. Raises Malformed."""
    if len(code) > MAX_CHARACTERS:
        raise Malformed("live code: too long")
    if not code.startswith(PREFIX):
        raise Malformed("live code: does not begin with LZ1:")
    octets = base45.decode(code[len(PREFIX) :])
    tail = len(octets) - _TAIL.size
    if octets[:1] != _CODE or tail < 1:
        raise Malformed("live code: not an array of five")
    fixed = _TAIL.unpack_from(octets, tail)
    shown_at, nonce, device_signature = fixed[1::2]
    if fixed[::2] != _TAIL_HEADS or shown_at < _FIRST_SECOND:
        raise Malformed("live code: does not end in time, nonce of 8 octets and signature of 64")
    credential, at = cbor.read_byte_string(octets, 1)
    snapshot: bytes | None = None
    if octets[at : at + 1] == _NO_SNAPSHOT:
        at += 1
    else:
        snapshot, at = cbor.read_byte_string(octets, at)
    if at != tail:
        raise Malformed("live code: something more or less than a credential and a snapshot")
    signed = cose.parse(credential)
    claims = CredentialClaims.decode(signed.payload)
    # 66 octets of signature with its head are what the phone did not sign; the rest it signed as it stands.
    device_signs = _DEVICE_SIGNS + octets[1:-66]
    return Code(signed, claims, snapshot, shown_at, nonce, device_signs, device_signature)
