"""The words of a verification: its steps, its settings, what it is told about a standing, and what it
answers."""

from __future__ import annotations

import hashlib
from dataclasses import InitVar, dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, NoReturn, Protocol

from liangzheng.standards.claims import CredentialClaims
from liangzheng.standards.cose import Sign1


class Step(StrEnum):
    """The steps of verification in their order; the browser's verifier uses the same names."""

    DECODES = "decodes"
    TRUSTED_ISSUER = "trusted issuer"
    ISSUER_SIGNATURE = "issuer signature"
    IN_FORCE = "in force"
    DEVICE_SIGNATURE = "device signature"
    FRESH = "fresh"
    FIRST_SHOWING = "first showing"
    SNAPSHOT = "snapshot"
    CLASS = "class"
    PURPOSE = "purpose"


class Outcome(StrEnum):
    """What a person who looked should be told."""

    VALID = "valid"
    MAY_NOT_DRIVE = "may_not_drive"
    """Genuine, but the standing forbids driving, or the class asked for is not held."""
    STATUS_NOT_CHECKED = "status_not_checked"
    """Genuine, but it came without a snapshot, or with one that has run out, and no live standing was at
    hand."""
    NOT_IN_FORCE = "not_in_force"
    """Genuine, but the credential or the licence has run out or has not begun."""
    FORGED = "forged"
    TOO_OLD = "too_old"
    CLOCK_AHEAD = "clock_ahead"
    """Made, says the phone, at a time that has not come: its clock is off."""
    ALREADY_SHOWN = "already_shown"
    STATUS_SUPERSEDED = "status_superseded"
    """Its snapshot is older than a standing this verifier has seen already."""
    UNREADABLE = "unreadable"
    NOT_PERMITTED = "not_permitted"
    """The verifier may not ask for this purpose."""


class NotVerifiedStep(Exception):
    """A step that did not hold. `why` is for the log and the officer and holds nothing personal."""

    def __init__(self, step: Step, why: str, outcome: Outcome = Outcome.FORGED) -> None:
        super().__init__(f"{step}: {why}")
        self.step = step
        self.why = why
        self.outcome = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """How long things live; every one a setting, in seconds."""

    rotate: int = 15
    """The phone makes a new code this often."""
    accepted: int = 30
    """A code is taken this long after it was made,"""
    skew: int = 60
    """and this much more for clocks that differ, either way."""
    snapshot: int = 72 * 3600
    amber: int = 24 * 3600
    """A snapshot older than this is still taken, and marked."""
    credential: int = 365 * 86400


class StandingFacts(Protocol):
    """What the snapshot and a live standing both say."""

    @property
    def licence_id(self) -> bytes: ...
    @property
    def version(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def points(self) -> int: ...
    @property
    def may_drive(self) -> bool: ...
    @property
    def standing_version(self) -> int: ...
    @property
    def as_of(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The live standing, straight from the register, in place of a snapshot. Fields as in SnapshotClaims."""

    licence_id: bytes
    version: int
    status: str
    points: int
    may_drive: bool
    standing_version: int
    as_of: int


# Whoever holds this can make the two guarded values below; livecode.Verifier does, and nothing else may.
MINT: Final = object()


class Code(NamedTuple):
    """A code taken apart. It decodes; nothing else about it is known."""

    signed: Sign1
    claims: CredentialClaims
    snapshot: bytes | None
    shown_at: int
    nonce: bytes
    device_signs: bytes
    device_signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """A code that passed the steps up to `fresh`. Made by `Verifier.open` only; not yet a verdict."""

    mint: InitVar[object]
    code: Code = field(repr=False)
    age_s: float
    """By the verifier's clock; below nought when the phone's is ahead of it."""

    def __post_init__(self, mint: object) -> None:
        if mint is not MINT:
            raise TypeError("a Showing is made by Verifier.open")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Showing is neither copied nor stored")

    @property
    def credential(self) -> CredentialClaims:
        """What the issuer signed."""
        return self.code.claims

    @property
    def issuer_kid(self) -> bytes:
        """The document signer's key id."""
        return self.code.signed.kid

    @property
    def signed(self) -> bytes:
        """The octets the issuer signed, as they came: the issuing record holds the same."""
        return self.code.signed.to_be_signed

    @property
    def snapshot(self) -> bytes | None:
        """The snapshot's octets, unread."""
        return self.code.snapshot

    @property
    def shown_at(self) -> int:
        """Epoch seconds, by the phone's clock."""
        return self.code.shown_at

    @property
    def nonce(self) -> bytes:
        """Eight octets of the phone's choice."""
        return self.code.nonce

    @property
    def message(self) -> bytes:
        """What tells this showing from every other: phone key, time and nonce, never signatures, of which one
        message may have several."""
        _, claims, _, shown_at, nonce, _, _ = self.code
        return claims.phone_key + shown_at.to_bytes(8, "big") + nonce

    @property
    def id(self) -> bytes:
        """The first 16 octets of SHA-256 of `message`, for keeping."""
        return hashlib.sha256(self.message).digest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A code that passed every step. Made by `Verifier.conclude` only, so that whoever holds one may rely
    on it."""

    mint: InitVar[object]
    showing: Showing
    standing: StandingFacts | None
    """From the snapshot or live; None when the status was not checked."""
    live: bool
    """Whether `standing` came from the register and not from the phone."""
    snapshot_ran_out: bool
    want_class: str | None
    class_allowed: bool | None
    """Answer to `want_class`; None when none was asked."""
    at: float
    """When, in epoch seconds by the verifier's clock."""
    lives: Lives
    trust_version: int
    trust_issued_at: int

    def __post_init__(self, mint: object) -> None:
        if mint is not MINT:
            raise TypeError("a Verified is made by Verifier.conclude")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Verified is neither copied nor stored")

    @property
    def claims(self) -> CredentialClaims:
        """What the issuer signed."""
        return self.showing.credential

    @property
    def standing_age_s(self) -> float | None:
        """How old the standing is; None when there is none."""
        return None if self.standing is None else self.at - self.standing.as_of

    @property
    def amber(self) -> bool:
        """The snapshot is genuine and in time but older than `Lives.amber`."""
        age_s = self.standing_age_s
        return not self.live and age_s is not None and age_s > self.lives.amber

    @property
    def trust_age_s(self) -> float:
        """How old the trust bundle is."""
        return self.at - self.trust_issued_at

    @property
    def outcome(self) -> Outcome:
        """`valid` only when the standing is known and allows driving, and the class asked for is held."""
        if self.class_allowed is False:
            return Outcome.MAY_NOT_DRIVE
        if self.standing is None:
            return Outcome.STATUS_NOT_CHECKED
        return Outcome.VALID if self.standing.may_drive else Outcome.MAY_NOT_DRIVE
