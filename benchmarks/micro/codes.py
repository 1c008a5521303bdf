"""A few hundred different codes: every one another licence, another phone with its own key, another time."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from liangzheng.standards.base45 import decode
from liangzheng.standards.cbor import read_byte_string
from liangzheng.standards.cose import Sign1, parse
from liangzheng.standards.keys import Alg, SoftwareSigner
from liangzheng.standards.livecode import CredentialClaims, build_code, sign_credential, sign_snapshot
from tests.standards.making import AT, SNAPSHOT, Deployment, deployment


@dataclass(frozen=True, slots=True)
class Material:
    """What one algorithm's benchmarks work on."""

    deployment: Deployment
    claims: list[CredentialClaims]
    credentials: list[Sign1]
    codes: list[str]
    codes_with_snapshot: list[str]


def made(alg: Alg, count: int) -> Material:
    """`count` different licences, phones and codes under one deployment."""
    place = deployment(alg)
    claims: list[CredentialClaims] = []
    codes: list[tuple[str, str]] = []
    for number in range(count):
        phone = SoftwareSigner.generate(Alg.ES256)
        licence_id = os.urandom(16)
        claims.append(
            place.claims(
                licence_id=licence_id,
                phone_key=phone.public_key.compressed,
                name=f"示例{chr(0x4E00 + number)}",
                status_index=int.from_bytes(os.urandom(2), "big"),
                portrait_hash=os.urandom(16),
                iat=AT - 86400 - number,
            )
        )
        credential = sign_credential(claims[-1], place.jiangsu)
        snapshot = sign_snapshot(replace(SNAPSHOT, licence_id=licence_id, points=number % 12), place.status)
        shown_at, nonce = AT - number % 30, os.urandom(8)
        codes.append(
            (
                build_code(credential, None, shown_at, nonce, phone),
                build_code(credential, snapshot, shown_at, nonce, phone),
            )
        )
    plain, full = (list(column) for column in zip(*codes, strict=True))
    return Material(place, claims, [_credential(code) for code in plain], plain, full)


def _credential(code: str) -> Sign1:
    octets, _ = read_byte_string(decode(code.removeprefix("LZ1:")), 1)
    return parse(octets)
