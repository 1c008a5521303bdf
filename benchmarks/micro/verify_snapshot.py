"""`verify-snapshot`: as `verify`, with the status snapshot: three signatures."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.micro.codes import made
from benchmarks.micro.verify import figure
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import Outcome

GOALS = {Alg.ES256: 0.22, Alg.SM2: 0.38}
NAMES = {Alg.ES256: "verify-snapshot", Alg.SM2: "verify-snapshot-sm2"}


def run(quick: bool) -> list[Figure]:
    """Held against one bare check of the issuer's algorithm."""
    figures = []
    for alg in Alg:
        material = made(alg, 200 if quick else 1000)
        figures.append(
            figure(NAMES[alg], GOALS[alg], material, material.codes_with_snapshot, Outcome.VALID, "three")
        )
    return figures
