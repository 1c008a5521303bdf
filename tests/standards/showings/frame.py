"""Codes shown to a verifier, good and forged, and what must come of each: one table for all who verify.

A case makes a code once, with the real modules; `come_of` shows it to whatever verifier is handed in. So
the same table judges the verifier as it is (test_livecode.py) and every verifier with one check taken out
(test_every_check_counts.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from liangzheng.standards import base45, cbor, cose
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.trust import TrustEntry
from liangzheng.standards.verdict import Outcome, Standing, Step
from tests.standards.making import AT, LICENCE_ID, NOW, Deployment, deployment

P256_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# The last and the first second of a day in China, in its last licence year.
LAST_SECOND = datetime(2027, 6, 9, 15, 59, 59, tzinfo=UTC)
MIDNIGHT = LAST_SECOND + timedelta(seconds=1)


@dataclass(frozen=True)
class Shown:
    """One look of a verifier: the code, the clock, and what the verifier asks."""

    code: str
    now: datetime = NOW
    asks: dict[str, Any] = field(default_factory=dict)
    bundle: bytes | None = None
    """Another trust bundle than the deployment's."""
    live: Standing | None = None
    before: tuple[Shown, ...] = ()
    """Looks of the same verifier before this one; they succeed."""
    memory: int | None = None
    """How many showings the verifier can remember."""
    known: dict[bytes, int] | None = None
    """Standing versions the verifier knows; it keeps its own copy through all its looks."""


Make = Callable[[Deployment], Shown]


@dataclass(frozen=True)
class Case:
    """What must come of a showing: an outcome, and the step that failed or None."""

    name: str
    make: Make
    step: Step | None
    outcome: Outcome

    def __str__(self) -> str:
        return self.name


CASES: list[Case] = []


def case(step: Step | None, outcome: Outcome) -> Callable[[Make], Make]:
    """Puts the function into the table under its own name as a sentence."""

    def put(make: Make) -> Make:
        CASES.append(Case(make.__name__.replace("_", " "), make, step, outcome))
        return make

    return put


def cases(step: Step | None, outcome: Outcome, name: str, variants: dict[str, Make]) -> None:
    """Several variants of one sentence."""
    for variant, make in variants.items():
        CASES.append(Case(f"{name}: {variant}", make, step, outcome))


def come_of(livecode: Any, trust_of: Callable[[bytes], Any], place: Deployment, shown: Shown) -> Any:
    """What a verifier of the module `livecode` says: (failed step or None, outcome, verdict or failure)."""
    bundle = shown.bundle or default_bundle(place.alg)
    seen = livecode.Seen() if shown.memory is None else livecode.Seen(shown.memory)
    verifier = livecode.Verifier(trust_of(bundle), seen=seen)
    known = None if shown.known is None else dict(shown.known)
    for earlier in shown.before:
        verifier.verify(earlier.code, earlier.now, known_status_versions=known, **earlier.asks)
    try:
        if shown.live is None:
            verified = verifier.verify(shown.code, shown.now, known_status_versions=known, **shown.asks)
        else:
            showing = verifier.open(shown.code, shown.now)
            verified = verifier.conclude(
                showing,
                shown.now,
                first_showing=True,
                live=shown.live,
                known_status_versions=known,
                **shown.asks,
            )
    except livecode.NotVerifiedStep as failure:
        return str(failure.step), str(failure.outcome), failure
    return None, str(verified.outcome), verified


@lru_cache
def default_bundle(alg: Alg) -> bytes:
    place = deployment(alg)
    return place.bundle(place.entries)


@cache
def made(alg: Alg, number: int) -> Shown:
    """Case `number` of one algorithm, made once."""
    return CASES[number].make(deployment(alg))


# helpers for taking codes apart and putting them together wrongly.


def code_of(octets: bytes) -> str:
    return "LZ1:" + base45.encode(octets)


def octets_of(code: str) -> bytes:
    return base45.decode(code.removeprefix("LZ1:"))


def parts_of(code: str) -> list[Any]:
    parts: list[Any] = cbor.decode(octets_of(code))
    return parts


def spliced(code: str, **parts: Any) -> str:
    """The code with parts exchanged and its device signature left as it was."""
    order = ["credential", "snapshot", "shown_at", "nonce", "signature"]
    whole = parts_of(code)
    for name, value in parts.items():
        whole[order.index(name)] = value
    return code_of(cbor.encode(whole))


def device_signed(place: Deployment, *parts: Any, prefix: str = "LZ1") -> str:
    """A code of any parts, properly signed by the phone."""
    signature = place.phone.sign(cbor.encode([prefix, *parts]))
    return code_of(cbor.encode([*parts, signature]))


def under_header(header: Any, signer: SoftwareSigner, payload: bytes, unprotected: Any = None) -> bytes:
    """A COSE_Sign1 with any header, signed rightly over that header."""
    protected = header if isinstance(header, bytes) else cbor.encode(header)
    signature = signer.sign(cbor.encode(["Signature1", protected, b"", payload]))
    return cbor.encode([protected, unprotected or {}, payload, signature])


def claiming(kid: bytes, signer: SoftwareSigner, claims: Any) -> bytes:
    """Claims signed by `signer` under somebody else's key id."""
    signed = cose.to_be_signed(signer.alg, kid, claims.encode())
    return cose.seal(signed, signer.sign(signed))


def twin(signature: bytes) -> bytes:
    """The other ECDSA signature: (r, n − s)."""
    return signature[:32] + (P256_N - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")


def with_snapshot(place: Deployment, snapshot: bytes | None = None, **asks: Any) -> Shown:
    return Shown(place.code(snapshot=snapshot or place.snapshot()), asks=asks)


def with_credential(place: Deployment, credential: bytes, **code: Any) -> Shown:
    return Shown(place.code(credential, place.snapshot(), **code))


def trusting(place: Deployment, *entries: TrustEntry) -> bytes:
    return place.bundle(entries)


def allows(held: str, asked: str) -> bool:
    return asked in held


@lru_cache
def stranger(alg: Alg) -> SoftwareSigner:
    return SoftwareSigner.generate(alg)


def other(place: Deployment) -> Deployment:
    return deployment(Alg.SM2 if place.alg is Alg.ES256 else Alg.ES256)


def changed_cose(change: Callable[[list[Any], Deployment], Any]) -> Make:
    """A credential taken apart, changed and shown; the phone signs whatever it is."""

    def make(place: Deployment) -> Shown:
        parts = cbor.decode(place.credential())
        changed = change(parts, place)
        octets = changed if isinstance(changed, bytes) else cbor.encode(parts)
        return with_credential(place, octets)

    return make


LIVE = Standing(
    licence_id=LICENCE_ID, version=1, status="A", points=0, may_drive=True, standing_version=9, as_of=AT
)
