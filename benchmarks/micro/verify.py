"""`verify`: every step of an offline verification without a snapshot, from the text of the code to the verdict.

No result is kept from one code to the next: issuer keys are read once with the trust bundle, every phone's key is
worked out anew, and every code is another licence's.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figure import Figure, rate_against
from benchmarks.micro import raw
from benchmarks.micro.codes import Material, made
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import Outcome, Seen, Verifier
from tests.standards.making import NOW

GOALS = {Alg.ES256: 0.30, Alg.SM2: 0.65}
NAMES = {Alg.ES256: "verify", Alg.SM2: "verify-sm2"}


def run(quick: bool) -> list[Figure]:
    """Held against one bare check of the issuer's algorithm; the work holds two, one of them always P-256."""
    figures = []
    for alg in Alg:
        material = made(alg, 200 if quick else 1000)
        figures.append(
            figure(NAMES[alg], GOALS[alg], material, material.codes, Outcome.STATUS_NOT_CHECKED, "two")
        )
    return figures


def figure(
    name: str, goal: float, material: Material, codes: Sequence[str], expected: Outcome, signatures: str
) -> Figure:
    """Every code is verified once in each run, by a verifier that has seen none of them."""
    verifier = Verifier(material.deployment.trust)
    known: dict[bytes, int] = {}
    signed = material.credentials

    def work(i: int) -> None:
        if i == 0:
            verifier.seen = Seen()
        verified = verifier.verify(
            codes[i],
            NOW,
            want_class="C1",
            allows=str.__contains__,
            known_status_versions=known,
        )
        assert verified.outcome is expected

    return rate_against(
        name,
        work,
        raw.verify(
            material.deployment.jiangsu.public_key,
            [credential.to_be_signed for credential in signed],
            [credential.signature for credential in signed],
        ),
        turns=len(codes),
        goal=goal,
        note=f"limit: bare {material.deployment.alg.name} check; work: all steps, {signatures} signatures, "
        f"{len(codes)} different codes and phones",
    )
