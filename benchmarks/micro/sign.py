"""`sign`: claims of a licence made from its values, encoded, signed and sealed, on one core."""

from __future__ import annotations

from dataclasses import fields

from benchmarks.figure import Figure, rate_against
from benchmarks.micro import raw
from benchmarks.micro.codes import made
from liangzheng.standards.keys import Alg
from liangzheng.standards.livecode import CredentialClaims, sign_credential

GOALS = {Alg.ES256: 0.60, Alg.SM2: 0.90}
NAMES = {Alg.ES256: "sign", Alg.SM2: "sign-sm2"}


def run(quick: bool) -> list[Figure]:
    """Held against a bare signature over the same octets."""
    return [_figure(alg, 200 if quick else 1000) for alg in Alg]


def _figure(alg: Alg, count: int) -> Figure:
    material = made(alg, count)
    signer = material.deployment.jiangsu
    names = [field.name for field in fields(CredentialClaims)]
    values = [{name: getattr(claims, name) for name in names} for claims in material.claims]
    return rate_against(
        NAMES[alg],
        lambda i: sign_credential(CredentialClaims(**values[i]), signer),
        raw.sign(signer, [credential.to_be_signed for credential in material.credentials]),
        turns=count,
        goal=GOALS[alg],
        note=f"limit: bare {alg.name} signature; work: credential from its values to its sealed octets",
    )
